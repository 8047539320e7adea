/** Transcripts of PowerShell: what was typed in a session on a Windows machine, and what it answered. */
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow } from './_blocks.ts';
import { integerField, orNull } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Source } from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'When the command or the session began or ended; see time_from.',
  },
  text(
    'time_from',
    'line: the record has a time of its own; start: it has none, and the session began then.',
  ),
  text('event', 'start, command or end.'),
  text('user_name', 'Username of the session.'),
  text('run_as_user', 'RunAs User of the session.'),
  text('host', 'Machine: its name.'),
  text('operating_system', 'What Machine says in brackets.'),
  text('host_application', 'Host Application: the command line of PowerShell itself.'),
  { name: 'pid', type: 'INTEGER', unit: 'number', about: 'Process ID of the session.' },
  text('powershell_version', 'PSVersion.'),
  text('working_directory', 'Place in the prompt.'),
  text('command', 'What was typed behind the prompt; the first line of it.'),
  text('output', 'The lines behind: the rest of a command, and what it answered.'),
];

const RULE = /^\*{5,}$/;
const BEGIN =
  /^(?:(?:Windows )?PowerShell transcript (start|end)|Command start time: (\d{14}))\s*$/;
/** A prompt as it is unless somebody changed it; of a remote session the machine stands before it. */
const PROMPT = /^(?:\[[^\]]*\]: )?PS ([^>]*)> ?(.*)$/;

/** `20251108090005`, without a zone. */
function timeOf(digits: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts.map(String);
  return logTime(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
}

/** `Name: value` of the lines of a header. */
function members(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const colon = line.indexOf(': ');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2).trim()] as const];
    }),
  );
}

interface Session {
  readonly startUs: number | undefined;
  readonly told: ReadonlyMap<string, string>;
}

function reader(): RecordReader {
  let session: Session = { startUs: undefined, told: new Map() };
  let assumed = false;
  /** The record that is open has a time and waits for its command. */
  let waiting = false;

  const joins = (line: string): boolean => {
    const begin = BEGIN.exec(line);
    if (begin !== null) {
      waiting = begin[2] !== undefined;
      return false;
    }
    if (!PROMPT.test(line)) return true;
    const own = waiting;
    waiting = false;
    return own;
  };

  function row(
    event: string,
    timeUs: number | undefined,
    own: boolean,
    typed: string | undefined,
    output: string,
    record: string,
    out: RowOut,
  ): BlockRow | undefined {
    if (timeUs === undefined) {
      out.reject('bad_time', 'neither the record nor the session has a readable time');
      return undefined;
    }
    if (!assumed) {
      assumed = true;
      out.anomaly('assumed_time', 'a transcript names no zone: UTC');
    }
    const prompt = typed === undefined ? null : PROMPT.exec(typed);
    const machine = /^(.*?)(?: \((.*)\))?$/.exec(session.told.get('Machine') ?? '');
    const said = (name: string): string | null => orNull(session.told.get(name));
    const values = [
      timeUs,
      own ? 'line' : 'start',
      event,
      said('Username'),
      said('RunAs User'),
      orNull(machine?.[1]),
      orNull(machine?.[2]),
      said('Host Application'),
      integerField(session.told.get('Process ID'), 'Process ID', out),
      said('PSVersion'),
      orNull(prompt?.[1]),
      orNull(prompt?.[2]),
      output === '' ? null : output,
    ];
    return { values, identity: `${said('Machine') ?? ''} ${String(timeUs)} ${record}` };
  }

  function map(record: string, out: RowOut): BlockRow | undefined {
    const all = record.split('\n').map((line) => line.trimEnd());
    // The rule above the next record, and the one that closes a header.
    const lines = all.filter((line) => !RULE.test(line));
    const [first] = lines;
    if (first === undefined) {
      out.notARecord();
      return undefined;
    }
    const rest = lines.slice(1).join('\n').trimEnd();
    const begin = BEGIN.exec(first);
    if (begin?.[2] !== undefined) {
      const at = lines.findIndex((line) => PROMPT.test(line));
      const output =
        at < 0
          ? rest
          : lines
              .slice(at + 1)
              .join('\n')
              .trimEnd();
      return row('command', timeOf(begin[2]), true, lines[at], output, record, out);
    }
    if (begin?.[1] === 'start') {
      const end = all.findIndex((line, index) => index > 0 && RULE.test(line));
      const told = members(all.slice(1, end < 0 ? undefined : end));
      const startUs = timeOf(told.get('Start time') ?? '');
      session = { startUs, told };
      const output =
        end < 0
          ? ''
          : all
              .slice(end + 1)
              .filter((line) => !RULE.test(line))
              .join('\n');
      return row('start', startUs, true, undefined, output.trimEnd(), record, out);
    }
    if (begin?.[1] === 'end') {
      const ended = timeOf(members(lines).get('End time') ?? '');
      return row('end', ended, true, undefined, '', record, out);
    }
    if (!PROMPT.test(first)) {
      out.reject('bad_fields', 'the lines belong to no session and no command');
      return undefined;
    }
    return row('command', session.startUs, false, first, rest, record, out);
  }

  const blocks = blockReader((line) => !joins(line.trimEnd()), map);
  return blocks;
}

function detect(head: Head): Detection | undefined {
  const lines = head.text.split('\n', 4).map((line) => line.trimEnd());
  const at = lines.findIndex((line) => /^(?:Windows )?PowerShell transcript start$/.test(line));
  return at >= 0 && RULE.test(lines[at - 1] ?? '')
    ? { confidence: 90, reason: 'a transcript of PowerShell', shape: 'transcript' }
    : undefined;
}

const RULED = '**********************';
const START = [
  RULED,
  'Windows PowerShell transcript start',
  'Start time: 20251108090005',
  'Username: WEB\\Administrator',
  'RunAs User: WEB\\Administrator',
  'Configuration Name: ',
  'Machine: WEB (Microsoft Windows NT 10.0.20348.0)',
  'Host Application: C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -NoProfile',
  'Process ID: 4242',
  'PSVersion: 5.1.20348.2227',
  RULED,
  'Transcript started, output file is C:\\logs\\x.txt',
];

export const powershell_transcript: Source = {
  id: 'powershell_transcript',
  title: 'PowerShell transcripts',
  version: 1,
  clock:
    'The machine’s own clock, to the second, without a zone: UTC is assumed, which is how Windows machines of EC2 run unless told otherwise; commands without a time have that of their session’s start.',
  about: [
    'Transcripts that PowerShell writes on Windows machines (Start-Transcript, or the policy that turns transcription on): who, where and by which command line a session began, what was typed, and what it answered. Each prompt is a row, with the lines behind it as output; the start and the end of a session are rows too.',
    'A command has a time of its own only with invocation headers (`Command start time`); else it has that of the start of its session, and time_from says so. Whoever sits at the prompt decides what is shown: output may hold lines that look like prompts. A transcript is a file that its user can change, and it ends where PowerShell was killed. Only prompts of the usual form and headers in English are known. Transcripts in UTF-16 are read as others.',
  ].join('\n\n'),
  references: [
    'PowerShell documentation, "Start-Transcript"',
    'PowerShell documentation, "about_Group_Policy_Settings", section "Turn on PowerShell Transcription"',
  ],
  columns: COLUMNS,
  common: { actor: 'user_name', action: 'event', target: 'coalesce(command, host_application)' },
  indexes: [['host']],
  timeline: true,
  repeatsInFile: 'distinct',
  detect,
  reader,
  samples: [
    {
      name: 'a session without headers for its commands',
      path: 'PowerShell_transcript.WEB.abc.20251108090005.txt',
      text: [
        ...START,
        'PS C:\\Users\\Administrator> whoami',
        'web\\administrator',
        '',
        'PS C:\\> Get-Content x `',
        '>> -Raw',
        'secret',
        RULED,
        'Windows PowerShell transcript end',
        'End time: 20251108091500',
        RULED,
        '',
      ].join('\r\n'),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          time_from: 'line',
          action: 'start',
          actor: 'WEB\\Administrator',
          host: 'WEB',
          operating_system: 'Microsoft Windows NT 10.0.20348.0',
          pid: 4242,
          powershell_version: '5.1.20348.2227',
          output: 'Transcript started, output file is C:\\logs\\x.txt',
        },
        {
          time_us: 1_762_592_405_000_000,
          time_from: 'start',
          target: 'whoami',
          working_directory: 'C:\\Users\\Administrator',
          output: 'web\\administrator',
        },
        { command: 'Get-Content x `', output: '>> -Raw\nsecret' },
        {
          time_us: 1_762_593_300_000_000,
          event: 'end',
          host: 'WEB',
        },
      ],
      anomalies: ['assumed_time'],
    },
    {
      name: 'PowerShell 7, times for commands, a remote prompt',
      path: 'x',
      text: [
        ...START.map((line) => line.replace('Windows ', '')),
        RULED,
        'Command start time: 20251108090010',
        RULED,
        '[db]: PS C:\\> hostname',
        'db',
        RULED,
        'Command start time: 20251108090011',
        RULED,
        'PS C:\\> exit',
        '',
      ].join('\n'),
      rows: [
        { event: 'start' },
        { time_us: 1_762_592_410_000_000, time_from: 'line', command: 'hostname', output: 'db' },
        { time_us: 1_762_592_411_000_000, command: 'exit', output: null },
      ],
      anomalies: ['assumed_time'],
    },
    {
      name: 'times and a process that are none, a command of no session',
      path: 'x',
      text: [
        ...START.map((line) => line.replace('4242', 'x')),
        RULED,
        'Command start time: 20251108096010',
        RULED,
        'PS C:\\> hostname',
        ...START.map((line) => line.replace('20251108090005', '20250230090005')),
        'PS C:\\> whoami',
        '',
      ].join('\n'),
      rows: [{ event: 'start', pid: null }],
      rejects: ['bad_time', 'bad_time', 'bad_time'],
      anomalies: ['assumed_time', 'bad_value'],
    },
  ],
  example: {
    question: 'What was typed on which machine, by whom?',
    sql: "SELECT time_us, host, user_name, command FROM powershell_transcript WHERE event = 'command' ORDER BY time_us, id LIMIT 20",
  },
};
