/** Session Manager: what was typed and shown in a session, as it streams to CloudWatch Logs or lies in S3. */
import { isObject, type JsonValue } from '../core/json.ts';
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow } from './_blocks.ts';
import {
  anyTime,
  arnParts,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  type JsonFormat,
  jsonReader,
  text,
} from './_json.ts';
import type { Detection, Head, RecordReader, RowOut, Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'Session Manager records',
  marks: ['"sessionData"'],
  wrappers: [],
  is: (record) =>
    'sessionData' in record && 'sessionId' in record && isObject(record['target'] ?? null),
  keys: [['sessionId', 'sessionData', 'target']],
  time: (record) => anyTime(record['eventTime']),
  timeName: 'eventTime',
  identity: (record) => joined(record, 'sessionId', 'eventTime', 'sessionData'),
  fields: [
    derived('account_id', 'Account in the ARN of the user.', (record) => {
      const user = record['userIdentity'];
      return isObject(user) ? arnParts(user['arn']).account : null;
    }),
    text('region', 'awsRegion', 'awsRegion.'),
    text(
      'session_id',
      'sessionId',
      'sessionId: that of StartSession in CloudTrail; begins with the name of the user or of the role’s session.',
    ),
    text('target_id', 'target.id', 'target.id: instance or managed node of the session.'),
    text('user_arn', 'userIdentity.arn', 'userIdentity.arn: who opened the session.'),
    text(
      'run_as_user',
      'runAsUser',
      'runAsUser: user of the operating system that the session ran as.',
    ),
    text('event_version', 'eventVersion', 'eventVersion of the record.'),
    derived(
      'session_data',
      'sessionData: what the terminal showed and what was typed, one line after another, with the terminal’s control characters.',
      (record, out) => {
        const data = record['sessionData'] ?? null;
        if (data === null || typeof data === 'string') return data;
        if (Array.isArray(data)) {
          const lines = data as readonly JsonValue[];
          if (lines.every((line) => typeof line === 'string')) return lines.join('\n');
        }
        out.anomaly('bad_value', 'sessionData is not a list of lines');
        return null;
      },
    ),
  ],
};

/** How `script` begins a transcript: `Script started on 2025-11-08 09:00:05+00:00 [TERM="xterm"]`. */
const STARTED = /^Script started on (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d[+-]\d\d:?\d\d)/;
/** A session id as the name of a file or log stream: who, then 17 characters. */
const SESSION_ID = /([^/]+-[0-9a-z]{17,20})(?:\.log)?(?:\.gz)?$/;

/** A transcript is one record: no line of it has a time of its own. */
function transcriptReader(head: Head): RecordReader {
  const sessionId = SESSION_ID.exec(head.path)?.[1] ?? null;
  return blockReader(
    (line) => line.startsWith('Script started on '),
    (record: string, out: RowOut): BlockRow | undefined => {
      const newline = record.indexOf('\n');
      const started = STARTED.exec(record);
      if (!record.startsWith('Script started on ')) {
        out.reject('bad_fields', 'the transcript does not say when it was started');
        return undefined;
      }
      const timeUs =
        started === null ? undefined : logTime(`${String(started[1])}T${String(started[2])}`);
      if (timeUs === undefined) {
        out.reject('bad_time', 'the time of the transcript is not a time');
        return undefined;
      }
      const fields = { sessionId, sessionData: newline < 0 ? '' : record.slice(newline + 1) };
      const values = [timeUs, ...FORMAT.fields.map((field) => field.value(fields, out))];
      return { values, identity: `${String(sessionId)} ${record}` };
    },
  );
}

function detect(head: Head): Detection | undefined {
  const json = detectJson(head, FORMAT);
  if (json !== undefined) return json;
  return STARTED.test(head.text)
    ? { confidence: 60, reason: 'the transcript of a terminal', shape: 'transcript' }
    : undefined;
}

const SHOWN = {
  eventVersion: '1.0',
  eventTime: '2025-11-08T09:00:05Z',
  awsRegion: 'eu-central-1',
  target: { id: 'i-0a1b2c3d4e5f60718' },
  userIdentity: { arn: 'arn:aws:sts::111122223333:assumed-role/ops/ann' },
  runAsUser: 'ssm-user',
  sessionId: 'ann-0a1b2c3d4e5f60718',
  sessionData: ['sh-4.2$ sudo cat /etc/shadow', '\u001b[?1034hroot:*:18000:0:99999:7:::'],
};

export const ssm_session: Source = {
  id: 'ssm_session',
  title: 'Session Manager session logs',
  version: 2,
  clock:
    'Session Manager’s clock, UTC, to the second; of a transcript the machine’s own, with its zone, when the session was started.',
  about: [
    'What Session Manager streams to CloudWatch Logs while a session runs: records with the lines of the terminal, who opened the session and on which machine. Read are the records as JSON lines, arrays and one after another, and the transcripts of Linux machines in S3 (sessionId.log), each one row.',
    'A record holds what the terminal echoed: what is typed without echo, such as passwords, is not in it, and lines of one command may lie in two records. Sessions through SSH and port forwarding, and their content, are not logged. Streaming must be switched on. No line of a transcript has a time: the row has that at which it was started, and who and where only by its name; StartSession in CloudTrail says the rest. Transcripts that do not say when they were started, as those of Windows, are not read. session_data holds control characters as they came; the command line shows them escaped.',
  ].join('\n\n'),
  references: [
    'AWS Systems Manager User Guide, "Streaming session data using Amazon CloudWatch Logs (console)"',
    'AWS Systems Manager User Guide, "Enabling and disabling session logging"',
  ],
  columns: columnsOf('eventTime: when the record was written.', FORMAT.fields),
  common: {
    actor: 'user_arn',
    action: "'session data'",
    target: 'target_id',
  },
  indexes: [['session_id'], ['target_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect,
  reader: (head, shape) =>
    shape === 'transcript' ? transcriptReader(head) : jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a transcript, one without a readable time',
      path: 'sessions/ann-0a1b2c3d4e5f60718.log',
      text: 'Script started on 2025-11-08 10:00:05+01:00 [TERM="xterm"]\nsh-4.2$ sudo id\r\nuid=0(root)\r\nScript done on 2025-11-08 10:01:00+01:00\nScript started on Sat 08 Nov 2025\nx\n',
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          session_id: 'ann-0a1b2c3d4e5f60718',
          user_arn: null,
          session_data:
            'sh-4.2$ sudo id\r\nuid=0(root)\r\nScript done on 2025-11-08 10:01:00+01:00',
        },
      ],
      rejects: ['bad_time'],
    },
    {
      name: 'two records of a session',
      path: 'ann-0a1b2c3d4e5f60718',
      text: `${JSON.stringify(SHOWN)}\n${JSON.stringify({ ...SHOWN, eventTime: '2025-11-08T09:00:06Z', sessionData: ['exit'], runAsUser: null })}\n`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          actor: 'arn:aws:sts::111122223333:assumed-role/ops/ann',
          target: 'i-0a1b2c3d4e5f60718',
          session_id: 'ann-0a1b2c3d4e5f60718',
          run_as_user: 'ssm-user',
          session_data: 'sh-4.2$ sudo cat /etc/shadow\n\u001b[?1034hroot:*:18000:0:99999:7:::',
        },
        { session_data: 'exit', run_as_user: null },
      ],
    },
    {
      name: 'no time, lines that are none, NUL, half a character, something else, a cut record',
      path: 'x',
      text: [
        JSON.stringify(SHOWN),
        JSON.stringify({ ...SHOWN, eventTime: 'noon' }),
        JSON.stringify({ ...SHOWN, sessionData: ['a', { b: 1 }] }),
        JSON.stringify({ ...SHOWN, sessionData: ['a\0b'] }),
        JSON.stringify({ ...SHOWN, sessionData: ['@'] }).replace('@', '\\ud800'),
        '{"sessionId":"x"}',
        JSON.stringify(SHOWN).slice(0, 150),
      ].join('\n'),
      rows: [{}, { session_data: null }, { session_data: 'a\0b' }, { session_data: '\ufffd' }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value', 'nul_character'],
    },
  ],
  example: {
    question: 'In which sessions did somebody become root or fetch something?',
    sql: "SELECT session_id, user_arn, target_id, min(time_us) AS first_us FROM ssm_session WHERE session_data LIKE '%sudo %' OR session_data LIKE '%curl %' OR session_data LIKE '%wget %' GROUP BY session_id, user_arn, target_id ORDER BY first_us, session_id LIMIT 20",
  },
};
