/**
 * Messages of SNS topics and SQS queues, as subscribers, functions and the command line get them: what they carry goes on
 * to its own source.
 */
import { Buffer } from 'node:buffer';
import { hash53 } from '../core/hash53.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  sortedJson,
  type Span,
} from '../core/json.ts';
import { followSteps, type Step } from '../core/steps.ts';
import {
  anyTime,
  arnParts,
  cleanTexts,
  detectJson,
  innerJson,
  type JsonFormat,
  noteOddities,
  readObject,
  textOf,
  valueAt,
} from './_json.ts';
import {
  type Column,
  FORM,
  type Head,
  type Place,
  type RecordReader,
  type RowOut,
  type Source,
  type Value,
} from './source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'Timestamp of a notification, SentTimestamp of a message in a queue; see time_from.',
  },
  text(
    'time_from',
    'timestamp, sent_timestamp, or message: the time in the message, for queues whose output does not say when it was sent.',
  ),
  text('account_id', 'Account in the ARN of the topic or queue.'),
  text('region', 'Region in the ARN of the topic or queue.'),
  text('service', 'sns or sqs.'),
  text('message_type', 'Type: Notification, SubscriptionConfirmation, UnsubscribeConfirmation.'),
  text('message_id', 'MessageId: the same in every delivery.'),
  text('source_arn', 'TopicArn, or ARN of the queue; NULL in the output of receive-message.'),
  text('sender_id', 'SenderId of a message in a queue: who sent it.'),
  text('subject', 'Subject.'),
  text('message', 'Message or body, as text.'),
  text('message_attributes', 'MessageAttributes as JSON.'),
];

/** A message apart from how it came. */
interface Message {
  readonly service: 'sns' | 'sqs';
  /** Members of the message. */
  readonly members: JsonObject;
  /** Names on the way from the record to the text. */
  readonly way: readonly string[];
  readonly text: string;
}

function isNotification(
  value: JsonValue | undefined,
): value is JsonObject & { readonly Message: string } {
  return (
    isObject(value) &&
    typeof value['TopicArn'] === 'string' &&
    typeof value['MessageId'] === 'string' &&
    typeof value['Message'] === 'string'
  );
}

function messageOf(record: JsonObject): Message | undefined {
  const inFunction = record['Sns'];
  for (const [members, way] of [
    [record, ['Message']],
    [inFunction, ['Sns', 'Message']],
  ] as const) {
    if (isNotification(members)) return { service: 'sns', members, way, text: members.Message };
  }
  for (const [body, id, proofs] of [
    ['body', 'messageId', ['md5OfBody', 'receiptHandle']],
    ['Body', 'MessageId', ['MD5OfBody', 'ReceiptHandle']],
  ] as const) {
    const inQueue = record[body];
    if (typeof inQueue !== 'string' || typeof record[id] !== 'string') continue;
    if (proofs.some((name) => name in record))
      return { service: 'sqs', members: record, way: [body], text: inQueue };
  }
  return undefined;
}

/** What AWS Config sends through topics is read from them by its own sources, unless EventBridge is between. */
const OF_CONFIG =
  /configurationItemCaptureTime|configurationItemSummary|notificationCreationTime|newEvaluationResult/;

function isOurs(record: JsonObject): boolean {
  const message = messageOf(record);
  if (message === undefined) return false;
  return !OF_CONFIG.test(message.text) || message.text.includes('detail-type');
}

const FORMAT: JsonFormat = {
  what: 'messages of SNS or SQS',
  marks: ['"TopicArn"', '"md5OfBody"', '"receiptHandle"', '"MD5OfBody"', '"ReceiptHandle"'],
  wrappers: ['Records', 'Messages'],
  is: isOurs,
  keys: [['Type', 'MessageId', 'TopicArn']],
  time: () => undefined,
  timeName: 'Timestamp',
  identity: () => '',
  fields: [],
};

/** When it was sent, and what says so. */
function sentAt({ service, members, text: body }: Message): readonly [number | undefined, string] {
  if (service === 'sns') return [anyTime(members['Timestamp']), 'timestamp'];
  const attributes = members['attributes'] ?? members['Attributes'];
  const sent = isObject(attributes) ? (attributes['SentTimestamp'] ?? undefined) : undefined;
  if (sent !== undefined) return [anyTime(sent, 'ms'), 'sent_timestamp'];
  const inside = innerJson(body);
  const said = isObject(inside) ? (inside['Timestamp'] ?? inside['time']) : undefined;
  return [anyTime(said), 'message'];
}

const PACKED: readonly Step[] = ['string', 'base64', 'gzip'];

/** Place of the text of a message in its record. */
function spanOf(bytes: Buffer, whole: Span, way: readonly string[]): Span | undefined {
  let span: Span | undefined = whole;
  for (const name of way)
    span = span === undefined ? undefined : memberSpan(bytes, span.start, span.end, name);
  return span;
}

function emit(record: JsonObject, raw: string, escaped: boolean, out: RowOut): number | undefined {
  const message = messageOf(record);
  if (message === undefined || !isOurs(record)) {
    out.reject('not_this_source', 'the record is not a message of SNS or SQS');
    return undefined;
  }
  const { service, members } = message;
  const [timeUs, timeFrom] = sentAt(message);
  if (timeUs === undefined) {
    const name = service === 'sns' ? 'Timestamp' : 'SentTimestamp';
    out.reject('bad_time', `${name} is missing or not a time, and the message names none`);
    return undefined;
  }
  noteOddities(record, raw, escaped, out);
  const arn = members['TopicArn'] ?? members['eventSourceARN'] ?? null;
  const { region, account } = arnParts(arn);
  const attributes = members['attributes'] ?? members['Attributes'];
  const own = members['MessageAttributes'] ?? members['messageAttributes'] ?? null;
  const id = textOf(members['MessageId'] ?? members['messageId'], 'MessageId', out);
  const values: Value[] = [
    timeUs,
    timeFrom,
    account,
    region ?? textOf(record['awsRegion'], 'awsRegion', out),
    service,
    textOf(members['Type'], 'Type', out),
    id,
    textOf(arn, 'ARN', out),
    isObject(attributes) ? textOf(attributes['SenderId'], 'SenderId', out) : null,
    textOf(members['Subject'], 'Subject', out),
    message.text,
    own === null ? null : sortedJson(own),
  ];
  if (escaped) cleanTexts(values, raw, out);
  out.row(values, hash53(`${service} ${id ?? ''}`));
  return timeUs;
}

function reader(): RecordReader {
  const openers = ['Type', 'EventSource', 'EventVersion', 'messageId', 'MessageId'];
  return {
    framing: { kind: 'json', wrappers: FORMAT.wrappers, openers },
    read: (bytes, start, end, offset, hints, out) => {
      const object = readObject(bytes, start, end, hints, out);
      if (object === undefined) return;
      const { value, text: raw } = object;
      const timeUs = emit(value, raw, hints.escaped, out);
      const message = messageOf(value);
      // What a message without a time carries may have a time of its own.
      if (message === undefined || !isOurs(value)) return;
      const span = spanOf(bytes, { start, end }, message.way);
      if (span === undefined) return;
      const place: Place = {
        offset: offset + span.start - start,
        length: span.end - span.start,
        form: FORM.jsonString,
      };
      const unpacked = message.text.startsWith('H4sI')
        ? followSteps(bytes.subarray(span.start, span.end), PACKED)
        : undefined;
      const told = { path: '', timeUs };
      if (unpacked === undefined) out.inner(Buffer.from(message.text), { ...told, place });
      else out.inner(unpacked, { ...told, place: { ...place, form: FORM.steps, steps: PACKED } });
    },
  };
}

/** What two deliveries of a message share: not how often and by which handle it was received. */
function sameText(record: string): string {
  const value = innerJson(record);
  const message = isObject(value) ? messageOf(value) : undefined;
  if (message === undefined) return record;
  const { members } = message;
  return sortedJson([
    members['MessageId'] ?? members['messageId'] ?? null,
    valueAt(members, ['Subject']) ?? null,
    message.text,
  ]);
}

const EVENT = {
  version: '0',
  id: '0a1b2c3d-0001-4000-8000-000000000001',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2025-11-08T09:00:05Z',
  region: 'eu-central-1',
  resources: [],
  detail: { 'instance-id': 'i-0a1b2c3d4e5f60718', state: 'terminated' },
};

const NOTIFICATION = {
  Type: 'Notification',
  MessageId: '0a1b2c3d-0002-4000-8000-000000000001',
  TopicArn: 'arn:aws:sns:eu-central-1:111122223333:alarms',
  Subject: 'state',
  Message: JSON.stringify(EVENT),
  Timestamp: '2025-11-08T09:00:06.123Z',
  SignatureVersion: '1',
};

const QUEUED = {
  messageId: '0a1b2c3d-0003-4000-8000-000000000001',
  receiptHandle: 'AQEB',
  body: JSON.stringify(NOTIFICATION),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1762592407123',
    SenderId: 'AIDAEXAMPLE',
  },
  messageAttributes: {},
  md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:111122223333:alarms',
  awsRegion: 'eu-central-1',
};

const RECEIVED = {
  MessageId: '0a1b2c3d-0004-4000-8000-000000000001',
  ReceiptHandle: 'AQEB',
  MD5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
  Body: JSON.stringify(EVENT),
};

export const sns_sqs_message: Source = {
  id: 'sns_sqs_message',
  title: 'SNS and SQS messages',
  version: 2,
  clock:
    'SNS’s or SQS’s clock, UTC, to the millisecond: when the message was sent; of queues whose output does not say it, the time in the message.',
  about: [
    'Messages of Amazon SNS topics and SQS queues: notifications as subscribers and Firehose get them, the batches that functions get (`Records`, with `Sns` or `body`), and the output of `aws sqs receive-message`. A message that another source knows (an EventBridge event, a GuardDuty finding, a CloudTrail record, a notification of another topic, a payload of CloudWatch Logs in base64 of gzip) is also a record of that source, in its table, and table `inner_record` leads from there to the message.',
    'Both services deliver at least once: a message that was received twice is kept once, the other is a duplicate. Messages that nobody knows, such as those of your own applications, alarms and S3 event notifications, are rows here alone. What AWS Config sends through topics is read by its own sources, with the way to it. receive-message does not say when a message was sent unless it is asked for (`--attribute-names SentTimestamp`): then the time in the message is taken, and without one it is a reject, while what it carries is read. Signatures of notifications are not checked.',
  ].join('\n\n'),
  references: [
    'Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON format"',
    'AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", "Invoking Lambda functions with Amazon SNS notifications"',
    'Amazon SQS API Reference, "Message"',
  ],
  columns: COLUMNS,
  common: {
    actor: 'sender_id',
    action:
      "CASE service WHEN 'sns' THEN coalesce(message_type, 'Notification') ELSE 'message' END",
    target: 'source_arn',
  },
  indexes: [['source_arn']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head: Head) => detectJson(head, FORMAT),
  reader,
  sameText,
  samples: [
    {
      name: 'a notification, and the confirmation of a subscription',
      path: 'x',
      text: [
        NOTIFICATION,
        {
          ...NOTIFICATION,
          Type: 'SubscriptionConfirmation',
          Message: 'You have chosen',
          Token: '2',
        },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_406_123_000,
          time_from: 'timestamp',
          account_id: '111122223333',
          region: 'eu-central-1',
          service: 'sns',
          target: NOTIFICATION.TopicArn,
          action: 'Notification',
          message: NOTIFICATION.Message,
        },
        { action: 'SubscriptionConfirmation' },
      ],
    },
    {
      name: 'as functions get them: of a topic, of a queue',
      path: 'x',
      text: [
        { Records: [{ EventVersion: '1.0', EventSource: 'aws:sns', Sns: NOTIFICATION }] },
        { Records: [QUEUED] },
      ]
        .map((one) => JSON.stringify(one, null, 1))
        .join('\n'),
      rows: [
        { service: 'sns', subject: 'state' },
        {
          time_us: 1_762_592_407_123_000,
          time_from: 'sent_timestamp',
          service: 'sqs',
          actor: 'AIDAEXAMPLE',
          target: QUEUED.eventSourceARN,
          account_id: '111122223333',
          message_id: QUEUED.messageId,
        },
      ],
    },
    {
      name: 'the output of receive-message; no time, something else, a subject that is no text, a cut record',
      path: 'x',
      text: JSON.stringify({
        Messages: [
          RECEIVED,
          { ...RECEIVED, Body: 'hello' },
          { a: 1 },
          { ...NOTIFICATION, Subject: {} },
          { ...NOTIFICATION, Timestamp: 'x' },
          RECEIVED,
        ],
      }).slice(0, -60),
      rows: [
        { time_us: 1_762_592_405_000_000, time_from: 'message', source_arn: null, region: null },
        { subject: null },
      ],
      rejects: ['bad_time', 'not_this_source', 'bad_time', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'What came through which topic or queue?',
    sql: 'SELECT source_arn, subject, count(*) AS messages, min(time_us) AS first_us, max(time_us) AS last_us FROM sns_sqs_message GROUP BY source_arn, subject ORDER BY messages DESC, source_arn, subject LIMIT 20',
  },
};
