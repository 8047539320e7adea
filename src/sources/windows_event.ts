/** Windows events, as the CloudWatch agent sends them (XML or text), and as tools list them in JSON. */
import { isObject, type JsonObject, type JsonValue, sortedJson } from '../core/json.ts';
import { logTime } from '../core/time.ts';
import { blockReader, type BlockRow, detectBlocks } from './_blocks.ts';
import {
  anyTime,
  columnsOf,
  derived,
  detectJson,
  integerOf,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
} from './_json.ts';
import { decoded, type Element, elementsOf } from './_xml.ts';
import type { Detection, Head, RecordReader, RowOut, Source } from './source.ts';

/** Every shape is brought into this one. */
interface WindowsEvent {
  readonly time?: JsonValue | undefined;
  readonly channel?: JsonValue | undefined;
  readonly level?: JsonValue | undefined;
  readonly eventId?: JsonValue | undefined;
  readonly provider?: JsonValue | undefined;
  readonly computer?: JsonValue | undefined;
  readonly recordId?: JsonValue | undefined;
  readonly processId?: JsonValue | undefined;
  readonly threadId?: JsonValue | undefined;
  readonly userSid?: JsonValue | undefined;
  readonly keywords?: JsonValue | undefined;
  readonly task?: JsonValue | undefined;
  readonly message?: JsonValue | undefined;
  readonly data?: JsonObject | undefined;
}

function asRecord(event: WindowsEvent): JsonObject {
  return Object.fromEntries(
    Object.entries(event).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

/** A member of the event’s data, under the first of some names that has a value; dashes stand for none. */
function fromData(name: string, names: readonly string[], about: string): JsonField {
  return derived(name, about, (record) => {
    const data = record['data'];
    if (!isObject(data)) return null;
    for (const member of names) {
      const value = data[member];
      if (typeof value === 'string' && value !== '' && value !== '-') return value;
      if (typeof value === 'number') return String(value);
    }
    return null;
  });
}

function integer(name: string, unit: string, member: string, about: string): JsonField {
  return {
    column: { name, type: 'INTEGER', unit, about },
    value: (record, out) => integerOf(record[member], name, out),
  };
}

/** Levels of the schema; the CloudWatch agent writes the same words in capitals. */
const LEVELS: Readonly<Record<string, string>> = {
  '0': 'Information',
  '1': 'Critical',
  '2': 'Error',
  '3': 'Warning',
  '4': 'Information',
  '5': 'Verbose',
};

const FIELDS: readonly JsonField[] = [
  text('channel', 'channel', 'Log: Security, System, Application, ...'),
  derived('event_level', 'Level, in words.', ({ level }) => {
    if (typeof level === 'number') return LEVELS[String(level)] ?? String(level);
    if (typeof level !== 'string' || level === '') return null;
    const word = LEVELS[level] ?? level;
    return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
  }),
  integer('windows_event_id', 'number', 'eventId', 'Event id: 4624 for a logon, ...'),
  text('provider', 'provider', 'What logged.'),
  text('computer', 'computer', 'Machine that logged.'),
  integer(
    'event_record_id',
    'number',
    'recordId',
    'Number in the log: gaps show what was removed.',
  ),
  integer('pid', 'number', 'processId', 'Process that logged.'),
  integer('thread_id', 'number', 'threadId', 'Its thread.'),
  text('user_sid', 'userSid', 'Security id of the user that logged.'),
  text('keywords', 'keywords', 'Keywords: 0x8020… audit success, 0x8010… audit failure.'),
  text('task', 'task', 'Task, as a number or name.'),
  text('message', 'message', 'Rendered message, where the form has it.'),
  fromData('subject_user_name', ['SubjectUserName'], 'Account that acted.'),
  fromData('subject_domain_name', ['SubjectDomainName'], 'Its domain.'),
  fromData('subject_logon_id', ['SubjectLogonId'], 'Logon of the account that acted.'),
  fromData('target_user_name', ['TargetUserName', 'MemberName'], 'Account that was acted on.'),
  fromData('target_domain_name', ['TargetDomainName'], 'Its domain.'),
  fromData('logon_type', ['LogonType'], '2 at the console, 3 network, 10 remote desktop, ...'),
  fromData('source_ip', ['IpAddress', 'SourceAddress', 'ClientAddress'], 'Address it came from.'),
  fromData('source_port', ['IpPort', 'SourcePort'], 'Port it came from.'),
  fromData('workstation_name', ['WorkstationName', 'Workstation'], 'Machine that it came from.'),
  fromData('process_name', ['NewProcessName', 'ProcessName', 'Image'], 'Process that was run.'),
  fromData('command_line', ['CommandLine', 'ScriptBlockText'], 'Command or script.'),
  fromData('service_name', ['ServiceName'], 'Service that was installed or started.'),
  fromData('logon_status', ['Status', 'FailureReason'], 'Why a logon failed, as Windows codes it.'),
  derived('event_data', 'EventData or UserData as JSON.', ({ data }) =>
    isObject(data) ? sortedJson(data) : null,
  ),
];

function memberOf(record: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(record) && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Text or number of an element that converters write as itself, or as an object with its attributes. */
function contentOf(value: JsonValue | undefined): JsonValue | undefined {
  return memberOf(value, '#text') ?? memberOf(value, '_') ?? (isObject(value) ? undefined : value);
}

function attribute(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return (
    memberOf(memberOf(value, '#attributes'), name) ??
    memberOf(value, `@${name}`) ??
    memberOf(value, name)
  );
}

/** The `Event` of a converter from EVTX or XML. */
function fromConverted(event: JsonObject): WindowsEvent {
  const system = memberOf(event, 'System');
  const data = memberOf(event, 'EventData') ?? memberOf(event, 'UserData');
  return {
    time: attribute(memberOf(system, 'TimeCreated'), 'SystemTime'),
    channel: contentOf(memberOf(system, 'Channel')),
    level: contentOf(memberOf(system, 'Level')),
    eventId: contentOf(memberOf(system, 'EventID')),
    provider: attribute(memberOf(system, 'Provider'), 'Name'),
    computer: contentOf(memberOf(system, 'Computer')),
    recordId: contentOf(memberOf(system, 'EventRecordID')),
    processId: attribute(memberOf(system, 'Execution'), 'ProcessID'),
    threadId: attribute(memberOf(system, 'Execution'), 'ThreadID'),
    userSid: attribute(memberOf(system, 'Security'), 'UserID'),
    keywords: contentOf(memberOf(system, 'Keywords')),
    task: contentOf(memberOf(system, 'Task')),
    message: memberOf(memberOf(event, 'RenderingInfo'), 'Message'),
    data: isObject(data) ? data : undefined,
  };
}

/** What Get-WinEvent gives ConvertTo-Json, and the Kinesis Agent for Windows. */
function fromListed(record: JsonObject): WindowsEvent {
  const first = (...names: readonly string[]): JsonValue | undefined =>
    names.map((name) => record[name]).find((value) => value !== undefined && value !== null);
  const time = first('TimeCreated');
  // Windows PowerShell 5 writes dates so (MSDN, "DataContractJsonSerializer", "Dates and times and JSON").
  const match = typeof time === 'string' ? /^\/Date\((\d{1,14})/.exec(time)?.[1] : undefined;
  const data = record['EventData'];
  const user = first('UserId', 'UserName');
  return {
    time: match ?? time,
    channel: first('LogName'),
    level: first('LevelDisplayName', 'Level'),
    eventId: first('Id', 'EventId'),
    provider: first('ProviderName'),
    computer: first('MachineName'),
    recordId: first('RecordId', 'Index'),
    processId: first('ProcessId'),
    threadId: first('ThreadId'),
    userSid: memberOf(user, 'Value') ?? user,
    keywords: textual(first('KeywordsDisplayNames', 'Keywords')),
    task: textual(first('TaskDisplayName', 'Task')),
    message: first('Message', 'Description'),
    data: isObject(data) ? data : undefined,
  };
}

function textual(value: JsonValue | undefined): JsonValue | undefined {
  return value === undefined || typeof value === 'string' ? value : sortedJson(value);
}

function isConverted(record: JsonObject): boolean {
  const system = memberOf(record['Event'], 'System');
  return isObject(system) && 'EventID' in system && 'Channel' in system;
}

function isListed(record: JsonObject): boolean {
  return (
    'ProviderName' in record &&
    'LogName' in record &&
    'MachineName' in record &&
    'TimeCreated' in record
  );
}

function normal(record: JsonObject): JsonObject {
  const event = record['Event'];
  return asRecord(isObject(event) ? fromConverted(event) : fromListed(record));
}

function timeOf(record: JsonObject): number | undefined {
  const time = record['time'];
  return typeof time === 'string' ? (logTime(time) ?? anyTime(time)) : anyTime(time);
}

const FORMAT: JsonFormat = {
  what: 'Windows events',
  marks: ['"ProviderName"', '"EventID"'],
  wrappers: [],
  is: (record) => isConverted(record) || isListed(record),
  keys: [['ProviderName', 'LogName', 'MachineName'], ['Event']],
  time: timeOf,
  timeName: 'TimeCreated',
  identity: (record) => sortedJson(record),
  fields: FIELDS,
  normal,
};

const XML = /^(?:<\?xml[^>]*\?>\s*)?<Event(?: xmlns=['"][^'"]*['"])?>/;
const XMLNS = 'http://schemas.microsoft.com/win/2004/08/events/event';
/** `[Security] [INFORMATION] [4624] [Microsoft-Windows-Security-Auditing] [EC2AMAZ-0A1B] [message]` */
const TEXT = /^\[([^\]]+)\] \[([A-Z]+)\] \[(\d{1,6})\] \[([^\]]+)\] \[([^\]]+)\] \[/;

/** Named data by name, the rest by its place. */
function dataOf(xml: string): JsonObject {
  const data: Record<string, string> = {};
  for (const [index, element] of (elementsOf(xml) ?? []).entries()) {
    const name = element.attributes['Name'];
    const label = element.name === 'Data' ? String(index) : element.name;
    data[typeof name === 'string' ? name : label] = decoded(element.inside);
  }
  return data;
}

function fromXml(record: string): WindowsEvent | undefined {
  const start = XML.exec(record)?.[0];
  const end = record.lastIndexOf('</Event>');
  if (start === undefined || end < 0) return undefined;
  const parts = elementsOf(record.slice(start.length, end));
  const part = (name: string): string | undefined =>
    parts?.find((element) => element.name === name)?.inside;
  const system = elementsOf(part('System') ?? '<');
  if (system === undefined) return undefined;
  const element = (name: string): Element | undefined => system.find((one) => one.name === name);
  const content = (name: string): string | undefined => {
    const inside = element(name)?.inside;
    return inside === undefined || inside === '' ? undefined : decoded(inside);
  };
  const rendering = elementsOf(part('RenderingInfo') ?? '') ?? [];
  const message = rendering.find(({ name }) => name === 'Message')?.inside;
  // UserData has one element around its members.
  const user = elementsOf(part('UserData') ?? '')?.[0]?.inside;
  const data = part('EventData') ?? user;
  return {
    time: element('TimeCreated')?.attributes['SystemTime'],
    channel: content('Channel'),
    level: content('Level'),
    eventId: content('EventID'),
    provider: element('Provider')?.attributes['Name'],
    computer: content('Computer'),
    recordId: content('EventRecordID'),
    processId: element('Execution')?.attributes['ProcessID'],
    threadId: element('Execution')?.attributes['ThreadID'],
    userSid: element('Security')?.attributes['UserID'],
    keywords: content('Keywords'),
    task: content('Task'),
    message: message === undefined ? undefined : decoded(message),
    data: data === undefined ? undefined : dataOf(data),
  };
}

/** The agent's text form has no time, and the data only inside its message: `Name:\t\tvalue` on lines of its own. */
function fromText(record: string): WindowsEvent | undefined {
  const match = TEXT.exec(record);
  if (match === null || !record.endsWith(']')) return undefined;
  const [start, channel, level, eventId, provider, computer] = match;
  const message = record.slice(start.length, -1);
  return { channel, level, eventId, provider, computer, message };
}

function textReader(head: Head): RecordReader {
  return blockReader(
    (line) => XML.test(line) || TEXT.test(line),
    (record: string, out: RowOut): BlockRow | undefined => {
      const isText = record.startsWith('[');
      const event = isText ? fromText(record) : fromXml(record);
      if (event === undefined) {
        out.reject('bad_fields', 'the record is neither an event’s XML nor the agent’s text');
        return undefined;
      }
      const values = asRecord(event);
      const timeUs = isText ? head.carrierUs : timeOf(values);
      if (timeUs === undefined) {
        const none = 'the text form has no time, and nothing around it names one';
        out.reject('bad_time', isText ? none : 'TimeCreated is missing or not a time');
        return undefined;
      }
      return {
        values: [timeUs, ...FIELDS.map((field) => field.value(values, out))],
        identity: `${String(timeUs)} ${record}`,
      };
    },
  );
}

function isOwn(line: string): boolean {
  return (XML.test(line) && line.includes(XMLNS)) || TEXT.test(line);
}

function detect(head: Head): Detection | undefined {
  return detectJson(head, FORMAT) ?? detectBlocks(head, 'Windows events', isOwn);
}

function xml(id: number, data: string, more = ''): string {
  return `<Event xmlns='${XMLNS}'><System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>${String(id)}</EventID><Version>2</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2025-11-08T09:00:05.123456700Z'/><EventRecordID>193</EventRecordID><Correlation/><Execution ProcessID='452' ThreadID='484'/><Channel>Security</Channel><Computer>EC2AMAZ-0A1B2C3</Computer><Security/></System><EventData>${data}</EventData>${more}</Event>`;
}

const LOGON = xml(
  4624,
  "<Data Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>Administrator</Data><Data Name='LogonType'>10</Data><Data Name='IpAddress'>198.51.100.7</Data><Data Name='IpPort'>51514</Data>",
  "<RenderingInfo Culture='en-US'><Message>An account was\n\tlogged on.</Message></RenderingInfo>",
);
const TEXT_EVENT =
  '[Security] [INFORMATION] [4688] [Microsoft-Windows-Security-Auditing] [EC2AMAZ-0A1B2C3] [A new process has been created.\n\nNew Process Name:\tC:\\x.exe]';
const LISTED = {
  Id: 7045,
  LevelDisplayName: 'Information',
  LogName: 'System',
  MachineName: 'EC2AMAZ-0A1B2C3',
  ProviderName: 'Service Control Manager',
  RecordId: 7,
  ProcessId: 612,
  TimeCreated: '/Date(1762592405123)/',
  Message: 'A service was installed in the system.',
  UserId: { Value: 'S-1-5-18' },
};
const CONVERTED = {
  Event: {
    System: {
      Provider: { '#attributes': { Name: 'Microsoft-Windows-Security-Auditing' } },
      EventID: 4625,
      Level: 0,
      Channel: 'Security',
      Computer: 'EC2AMAZ-0A1B2C3',
      TimeCreated: { '#attributes': { SystemTime: '2025-11-08T09:00:06.5Z' } },
      EventRecordID: 194,
    },
    EventData: { TargetUserName: 'root', IpAddress: '198.51.100.7', Status: '0xc000006d' },
  },
};

export const windows_event: Source = {
  id: 'windows_event',
  title: 'Windows events',
  version: 1,
  clock:
    'The machine’s own clock, UTC, finer than a microsecond; the agent’s text form takes the time of the log event.',
  about: [
    'Events of Windows as they reach CloudWatch Logs and S3: the CloudWatch agent’s two forms (event XML, and text in six pairs of brackets), what the Kinesis Agent for Windows and Get-WinEvent with ConvertTo-Json list, and JSON in which converters write EVTX files. Who logged on from where, which process or service was started: the members of EventData that say so have columns, event_data has all.',
    'The agent’s text form holds neither time nor data: it takes the time of the CloudWatch log event around it, and is a reject without one. EVTX files themselves are not read. Times are UTC. Of event 1102 or 104 a log was cleared; gaps in event_record_id of one computer and channel show what is missing.',
  ].join('\n\n'),
  references: [
    'Amazon CloudWatch User Guide, "Manually create or edit the CloudWatch agent configuration file", section "Logs", windows_events',
    'amazon-cloudwatch-agent, source, "windows_event_log"',
    'Microsoft Learn, "Event Schema", "SystemPropertiesType Complex Type"',
    'Amazon Kinesis Agent for Microsoft Windows User Guide, "Source Declarations", section "WindowsEventLogSource Configuration"',
    'Microsoft Learn, "Get-WinEvent", "ConvertTo-Json"',
  ],
  columns: columnsOf(
    'TimeCreated, to the microsecond; of the agent’s text form the time of the log event.',
    FIELDS,
  ),
  common: {
    actor: 'coalesce(subject_user_name, target_user_name, user_sid)',
    action: "channel || ' ' || windows_event_id",
    target: 'computer',
    src_ip:
      "CASE WHEN source_ip GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' OR source_ip GLOB '*:*:*' THEN source_ip END",
    outcome:
      "CASE WHEN windows_event_id IN (4625, 4771, 4776) AND coalesce(logon_status, '') <> '0x0' AND channel = 'Security' THEN 'failure' WHEN windows_event_id = 4624 AND channel = 'Security' THEN 'success' END",
  },
  indexes: [['windows_event_id'], ['source_ip']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect,
  reader: (head, shape) => (shape === 'text' ? textReader(head) : jsonReader(head, FORMAT)),
  samples: [
    {
      name: 'XML, with a message of two lines, and with what XML escapes',
      path: 'x',
      text: `${LOGON}\n${xml(4688, '<Data Name=\'NewProcessName\'>C:\\cmd.exe</Data><Data Name="CommandLine">a &amp;&amp; b &lt; c &#65;</Data><Data>first</Data>')}\r\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_456,
          actor: 'Administrator',
          action: 'Security 4624',
          target: 'EC2AMAZ-0A1B2C3',
          src_ip: '198.51.100.7',
          source_port: '51514',
          logon_type: '10',
          event_record_id: 193,
          pid: 452,
          event_level: 'Information',
          message: 'An account was\n\tlogged on.',
          outcome: 'success',
        },
        {
          windows_event_id: 4688,
          command_line: 'a && b < c A',
          event_data: '{"2":"first","CommandLine":"a && b < c A","NewProcessName":"C:\\\\cmd.exe"}',
        },
      ],
    },
    {
      name: 'the text form, which has no time of its own',
      path: 'x',
      text: `${TEXT_EVENT}\n`,
      rows: [],
      rejects: ['bad_time'],
    },
    {
      name: 'the text form in a log event',
      path: 'x',
      text: TEXT_EVENT,
      facts: { carrierUs: 1_762_592_405_000_000 },
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          action: 'Security 4688',
          event_level: 'Information',
          message: 'A new process has been created.\n\nNew Process Name:\tC:\\x.exe',
        },
      ],
    },
    {
      name: 'JSON: as PowerShell lists, and as converters write',
      path: 'x',
      text: JSON.stringify([LISTED, CONVERTED]),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          action: 'System 7045',
          actor: 'S-1-5-18',
          provider: 'Service Control Manager',
        },
        { time_us: 1_762_592_406_500_000, source_ip: '198.51.100.7', outcome: 'failure' },
      ],
    },
    {
      name: 'no time, something else, an id that is none, a cut record',
      path: 'x',
      text: [
        JSON.stringify(LISTED),
        JSON.stringify({ ...LISTED, TimeCreated: 'x' }),
        '{"ProviderName":"x"}',
        JSON.stringify({ ...LISTED, Id: 'x' }),
        JSON.stringify(CONVERTED).slice(0, 90),
      ].join('\n'),
      rows: [{}, { windows_event_id: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'broken XML',
      path: 'x',
      text: [
        LOGON,
        LOGON.slice(0, 300),
        LOGON.replace('2025-11-08', '2025-11-31'),
        LOGON.replace('</System>', '</Sistem>'),
        LOGON.replace('<EventID>4624', '<EventID>many'),
        '',
      ].join('\n'),
      rows: [{}, { windows_event_id: null }],
      rejects: ['bad_fields', 'bad_time', 'bad_fields'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Who logged on from which addresses, and who failed to?',
    sql: "SELECT computer, target_user_name, source_ip, sum(windows_event_id = 4624) AS accepted, sum(windows_event_id = 4625) AS refused, min(time_us) AS first_us FROM windows_event WHERE channel = 'Security' AND windows_event_id IN (4624, 4625) GROUP BY computer, target_user_name, source_ip ORDER BY refused DESC, accepted DESC, computer, target_user_name, source_ip LIMIT 20",
  },
};
