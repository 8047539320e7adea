/** CloudWatch Logs in the shapes in which log events leave it: whatever was logged, as text with its group and stream. */
import { peekJson } from '../../core/peek.ts';
import { detectJson, type JsonFormat } from '../_json.ts';
import { detectLines } from '../_lines.ts';
import type { Column, Detection, Head, RecordReader, Source } from '../source.ts';
import { isEvent, isInsights, isPayload, packedWay, readEvents } from './events.ts';
import { EXPORT_LINE, exportReader, tailReader } from './export.ts';
import { detectResults, detectTable, resultsReader, tableReader } from './insights.ts';
import { detectPacked, packedReader } from './packed.ts';
import { CLOUDWATCH_SAMPLES } from './samples.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'timestamp of the log event, by the millisecond.',
  },
  text('account_id', 'owner of the log group; NULL where the shape does not name it.'),
  text('log_group', 'Log group; NULL where the shape does not name it.'),
  text('log_stream', 'Log stream; of an export, the folder of the file.'),
  text('event_id', 'id or eventId of the log event, unique; NULL where the shape has none.'),
  text('message', 'What was logged.'),
  {
    name: 'ingestion_time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'ingestionTime: when CloudWatch Logs got it.',
  },
  text('extracted_fields', 'extractedFields of a subscription as JSON.'),
];

const FORMAT: JsonFormat = {
  what: 'CloudWatch Logs events',
  marks: [
    '"logEvents"',
    '"awslogs"',
    '"kinesis"',
    '"data"',
    '"Data"',
    '"ingestionTime"',
    '"logStreamName"',
    '"@message"',
  ],
  wrappers: ['events', 'Records', 'records'],
  is: (record) =>
    isPayload(record) || packedWay(record) !== undefined || isEvent(record) || isInsights(record),
  keys: [['messageType', 'logEvents']],
  time: () => undefined,
  timeName: 'timestamp',
  identity: () => '',
  fields: [],
};

/** A line of `aws logs tail`: time to the microsecond, stream, message; where a program follows it is a line of syslog. */
const TAIL_LINE =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 \S+(?: |$)(?![^\s:[]+(?:\[\d+\])?:)/;

function detect(head: Head): Detection | undefined {
  const json = detectJson(head, FORMAT);
  const results = json ?? detectResults(head) ?? detectPacked(head);
  if (results !== undefined || head.inside === true) return results;
  const table = detectTable(head);
  if (table !== undefined) return table;
  const lines = detectLines(head, 'log events as an export task writes them', (line) =>
    EXPORT_LINE.test(line),
  );
  if (lines !== undefined) return { ...lines, confidence: 30, shape: 'export' };
  const tail = detectLines(head, 'log events as `aws logs tail` prints them', (line) =>
    TAIL_LINE.test(line),
  );
  return tail === undefined ? undefined : { ...tail, confidence: 30, shape: 'tail' };
}

function reader(head: Head, shape: string): RecordReader {
  if (shape === 'export') return exportReader(head);
  if (shape === 'tail') return tailReader();
  if (shape === 'packed-lines') return packedReader();
  if (shape === 'insights-csv') return tableReader(head);
  if (shape === 'insights-results') return resultsReader();
  const firsts =
    peekJson(head.text, FORMAT.wrappers)?.records.flatMap(({ keys }) => keys.slice(0, 1)) ?? [];
  const openers = [...new Set(['messageType', 'timestamp', ...firsts])];
  return { framing: { kind: 'json', wrappers: FORMAT.wrappers, openers }, read: readEvents };
}

export const cloudwatch_logs: Source = {
  id: 'cloudwatch_logs',
  title: 'CloudWatch Logs',
  version: 5,
  clock:
    'Time that the sender gave each log event, UTC, to the millisecond: the machine’s own clock where an agent sent it; Logs Insights names no zone, UTC is assumed.',
  about: [
    'Log events of Amazon CloudWatch Logs in the shapes in which they leave it: payloads of subscriptions (as Firehose and Kinesis write them, and packed in base64 of gzip as functions, `aws kinesis get-records` and transformations of Firehose get them, or alone on lines), the output of `aws logs get-log-events` and `filter-log-events`, results of Logs Insights (from the API as lists of fields, and as the console saves them: JSON and CSV), the text files of export tasks, and what `aws logs tail` prints. The message is kept as text. A message that another source knows (CloudTrail, VPC flow logs, Lambda, syslog and others) is also a record of that source, in its table, and table `inner_record` leads from there to the log event.',
    'A line of an export that has no time of its own goes on the message before it; one that begins with what would be a time and is none is a reject. Exports name neither account nor group; the folder names the stream. Control messages of subscriptions, and payloads without events, are no records; each has an anomaly no_events. Identical lines of one stream are separate events, unless they share an id. Rows of Logs Insights that are no log events, such as counts, are rejects.',
  ].join('\n\n'),
  references: [
    'Amazon CloudWatch Logs User Guide, "Real-time processing of log data with subscriptions"',
    'Amazon CloudWatch Logs User Guide, "Exporting log data to Amazon S3"',
    'Amazon CloudWatch Logs API Reference, "GetLogEvents", "FilterLogEvents"',
  ],
  columns: COLUMNS,
  common: { actor: 'log_stream', target: 'log_group' },
  indexes: [['log_group'], ['event_id']],
  timeline: true,
  repeatsInFile: 'distinct',
  inside: true,
  detect,
  reader,
  samples: CLOUDWATCH_SAMPLES,
  example: {
    question: 'Who logged in over SSH, by the logs of the machines?',
    sql: "SELECT time_us, log_stream, message FROM cloudwatch_logs WHERE message GLOB '*sshd*Accepted*' ORDER BY time_us, id LIMIT 20",
  },
};
