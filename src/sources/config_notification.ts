/** AWS Config's notifications of its own work: deliveries of snapshots and histories, evaluations, their failures. */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
} from './_json.ts';
import type { Source } from './source.ts';

/** Members of notifications that are sources of their own: items and results of rules. */
const OTHERS = [
  'configurationItem',
  'configurationItemSummary',
  'newEvaluationResult',
  'oldEvaluationResult',
];

function isNotification(record: JsonObject): boolean {
  return (
    typeof record['messageType'] === 'string' &&
    'recordVersion' in record &&
    'notificationCreationTime' in record &&
    !OTHERS.some((name) => isObject(record[name]))
  );
}

/** Account (1) and region (2) in the key of a delivered file. */
const KEY = /(?:^|\/)AWSLogs\/(?:o-[a-z0-9]+\/)?(\d{12})\/Config\/([a-z0-9-]+)\//;

function ofKey(record: JsonObject, group: 1 | 2): string | null {
  const key: JsonValue | undefined = record['s3ObjectKey'];
  return typeof key === 'string' ? (KEY.exec(key)?.[group] ?? null) : null;
}

const FORMAT: JsonFormat = {
  what: 'Config notifications',
  marks: ['notificationCreationTime'],
  wrappers: ['Records', 'Messages'],
  ways: [
    ['Message'],
    ['invokingEvent'],
    ['Sns', 'Message'],
    ['body', 'Message'],
    ['body'],
    ['Body', 'Message'],
    ['Body'],
  ],
  is: isNotification,
  keys: [['messageType', 'notificationCreationTime']],
  time: (record) => anyTime(record['notificationCreationTime']),
  timeName: 'notificationCreationTime',
  identity: (record) =>
    joined(record, 'messageType', 'notificationCreationTime', 's3ObjectKey', 'configSnapshotId'),
  fields: [
    derived(
      'account_id',
      'awsAccountId, else the account in the key of the delivered file.',
      (record, out) => textOf(record['awsAccountId'], 'awsAccountId', out) ?? ofKey(record, 1),
    ),
    derived(
      'region',
      'awsRegion, else the region in the key of the delivered file.',
      (record, out) => textOf(record['awsRegion'], 'awsRegion', out) ?? ofKey(record, 2),
    ),
    text(
      'message_type',
      'messageType',
      'ConfigurationHistoryDeliveryCompleted, ConfigurationSnapshotDeliveryStarted, ConfigurationSnapshotDeliveryCompleted, ...Failed, ConfigRulesEvaluationStarted, ScheduledNotification.',
    ),
    text('config_snapshot_id', 'configSnapshotId', 'configSnapshotId: joins the snapshot.'),
    text('s3_bucket', 's3Bucket', 's3Bucket: where a file was delivered.'),
    text('s3_object_key', 's3ObjectKey', 's3ObjectKey of the delivered file.'),
    json('config_rule_names', 'configRuleNames', 'configRuleNames as JSON: rules that began.'),
    text('error_code', 'errorCode', 'errorCode of a delivery that failed.'),
    text('error_message', 'errorMessage', 'errorMessage of a delivery that failed.'),
  ],
};

const DELIVERED = {
  configSnapshotId: '0a1b2c3d-0001-4000-8000-000000000001',
  s3ObjectKey:
    'AWSLogs/111122223333/Config/eu-central-1/2025/11/8/ConfigSnapshot/111122223333_Config_eu-central-1_ConfigSnapshot_20251108T090010Z_0a1b.json.gz',
  s3Bucket: 'config-bucket',
  notificationCreationTime: '2025-11-08T09:00:10.123Z',
  messageType: 'ConfigurationSnapshotDeliveryCompleted',
  recordVersion: '1.1',
};

const EVALUATION = {
  awsAccountId: '111122223333',
  awsRegion: 'eu-central-1',
  configRuleNames: ['restricted-ssh'],
  notificationCreationTime: '2025-11-08T09:01:00.000Z',
  messageType: 'ConfigRulesEvaluationStarted',
  recordVersion: '1.0',
};

export const config_notification: Source = {
  id: 'config_notification',
  title: 'AWS Config notifications of its own work',
  version: 1,
  clock: 'AWS Config’s clock, UTC, to the millisecond: when the notification was made.',
  about: [
    'What AWS Config tells of its own work: that a history file or snapshot was begun, delivered or failed, that rules were evaluated, that a periodic rule ran. Read as it is, in SNS messages, in EventBridge events, in what Lambda and SQS get of them, and in the events of rule functions. Notifications of changed items are in config_item, of changed results in config_compliance.',
    'A delivery that was told and whose file is not in the evidence is a file to ask for; a delivery that failed, or six hours without one, is a gap in what is known. Notifications are sent only where a topic or a rule of EventBridge is set up.',
  ].join('\n\n'),
  references: [
    'AWS Config Developer Guide, "Example configuration snapshot delivery notification"',
    'AWS Config Developer Guide, "Example configuration history delivery notification"',
    'AWS Config Developer Guide, "Notifications that AWS Config sends to an Amazon SNS topic"',
    'AWS Config Developer Guide, "Example events for AWS Config rules"',
  ],
  columns: columnsOf('notificationCreationTime: when it was sent.', FORMAT.fields),
  common: {
    action: 'message_type',
    target: "coalesce('s3://' || s3_bucket || '/' || s3_object_key, config_snapshot_id)",
    outcome:
      "CASE WHEN message_type GLOB '*Failed' THEN 'failure' WHEN message_type GLOB '*Completed' THEN 'success' END",
  },
  indexes: [['config_snapshot_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a delivery in SNS, one that failed, for Lambda and SQS; evaluations; a rule that runs by the clock',
      path: 'x',
      text: [
        { Type: 'Notification', Message: JSON.stringify(DELIVERED) },
        { ...DELIVERED, messageType: 'ConfigurationSnapshotDeliveryFailed', errorCode: 'x' },
        { Records: [{ Sns: { Message: JSON.stringify(DELIVERED) } }] },
        { Messages: [{ Body: JSON.stringify({ Message: JSON.stringify(DELIVERED) }) }] },
        EVALUATION,
        {
          configRuleName: 'x',
          invokingEvent: JSON.stringify({ ...EVALUATION, messageType: 'ScheduledNotification' }),
        },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_410_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          action: 'ConfigurationSnapshotDeliveryCompleted',
          target: `s3://config-bucket/${DELIVERED.s3ObjectKey}`,
          outcome: 'success',
        },
        { outcome: 'failure', error_code: 'x' },
        { outcome: 'success' },
        { outcome: 'success' },
        { config_rule_names: '["restricted-ssh"]', outcome: null, account_id: '111122223333' },
        { message_type: 'ScheduledNotification' },
      ],
    },
    {
      name: 'something else, no time, a snapshot id that is none, a cut record',
      path: 'x',
      text: [
        DELIVERED,
        { a: 1 },
        { ...DELIVERED, notificationCreationTime: 'x' },
        { ...DELIVERED, configSnapshotId: {} },
      ]
        .map((one) => JSON.stringify(one))
        .concat(JSON.stringify(DELIVERED).slice(0, 200))
        .join('\n'),
      rows: [{ s3_bucket: 'config-bucket' }, { config_snapshot_id: null }],
      rejects: ['not_this_source', 'bad_time', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which deliveries were told of, and is their file in the evidence?',
    sql: 'SELECT time_us, message_type, s3_object_key FROM config_notification WHERE s3_object_key IS NOT NULL ORDER BY time_us, s3_object_key LIMIT 20',
  },
};
