/** AWS Config compliance results: whether a resource complied with a rule. */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  time,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

/** Members of the API, which begin with a capital, in the spelling of notifications; three levels hold all. */
function lowerFirst(value: JsonValue | undefined, levels: number): JsonValue {
  if (!isObject(value) || levels === 0) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      lowerFirst(member, levels - 1),
    ]),
  );
}

/** A notification as it is; an API result as the new result of one. */
function normal(record: JsonObject): JsonObject {
  return 'EvaluationResultIdentifier' in record
    ? {
        newEvaluationResult: lowerFirst(record, 3),
        awsAccountId: record['AccountId'],
        awsRegion: record['AwsRegion'],
      }
    : record;
}

const RESULT = 'newEvaluationResult';
const QUALIFIER = `${RESULT}.evaluationResultIdentifier.evaluationResultQualifier`;

/** A member of the result’s qualifier, or of the notification where there is no new result. */
function ofQualifier(name: string, member: string, about: string): JsonField {
  const path = [...QUALIFIER.split('.'), member];
  return derived(name, about, (record, out) =>
    textOf(valueAt(record, path) ?? record[member], member, out),
  );
}

const FORMAT: JsonFormat = {
  what: 'Config compliance results',
  marks: ['evaluationResultQualifier', 'EvaluationResultQualifier'],
  wrappers: [
    'EvaluationResults',
    'evaluationResults',
    'AggregateEvaluationResults',
    'ConformancePackRuleEvaluationResults',
    'Records',
    'Messages',
  ],
  ways: [
    ['Message'],
    ['Sns', 'Message'],
    ['body', 'Message'],
    ['body'],
    ['Body', 'Message'],
    ['Body'],
  ],
  is: (record) =>
    isObject(record['EvaluationResultIdentifier']) ||
    ('configRuleName' in record && (RESULT in record || 'oldEvaluationResult' in record)),
  keys: [['EvaluationResultIdentifier'], ['configRuleName', RESULT]],
  time: (record) =>
    anyTime(valueAt(record, [RESULT, 'resultRecordedTime']) ?? record['notificationCreationTime']),
  timeName: 'resultRecordedTime',
  identity: (record) =>
    joined(
      record,
      'awsAccountId',
      'awsRegion',
      QUALIFIER,
      'configRuleName',
      'resourceId',
      `${RESULT}.resultRecordedTime`,
      `${RESULT}.complianceType`,
    ),
  normal,
  fields: [
    text(
      'account_id',
      'awsAccountId',
      'awsAccountId of a notification, AccountId of an aggregator; other API output names none.',
    ),
    text(
      'region',
      'awsRegion',
      'awsRegion of a notification, AwsRegion of an aggregator; other API output names none.',
    ),
    ofQualifier('config_rule_name', 'configRuleName', 'Rule.'),
    ofQualifier('evaluation_mode', 'evaluationMode', 'DETECTIVE or PROACTIVE.'),
    text('config_rule_arn', 'configRuleARN', 'configRuleARN of a notification.'),
    ofQualifier('resource_type', 'resourceType', 'Type of the resource.'),
    ofQualifier('resource_id', 'resourceId', 'Resource.'),
    text(
      'compliance_type',
      `${RESULT}.complianceType`,
      'COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA.',
    ),
    text('old_compliance_type', 'oldEvaluationResult.complianceType', 'What it was before.'),
    text('annotation', `${RESULT}.annotation`, 'What the rule says about it.'),
    time('config_rule_invoked_time_us', `${RESULT}.configRuleInvokedTime`, 'When the rule ran.'),
    time(
      'ordering_timestamp_us',
      `${RESULT}.evaluationResultIdentifier.orderingTimestamp`,
      'Time of the change that was evaluated.',
    ),
  ],
};

const API = {
  EvaluationResultIdentifier: {
    EvaluationResultQualifier: {
      ConfigRuleName: 's3-public-read',
      ResourceType: 'AWS::S3::Bucket',
      ResourceId: 'example-invoices',
    },
    OrderingTimestamp: 1762592400.5,
  },
  ComplianceType: 'NON_COMPLIANT',
  ResultRecordedTime: '2025-11-08T09:00:05.123Z',
  ConfigRuleInvokedTime: '2025-11-08T09:00:04Z',
  Annotation: 'public',
};

const NOTIFICATION = {
  awsAccountId: '111122223333',
  awsRegion: 'eu-central-1',
  configRuleName: 's3-public-read',
  resourceType: 'AWS::S3::Bucket',
  resourceId: 'example-invoices',
  newEvaluationResult: {
    evaluationResultIdentifier: {
      evaluationResultQualifier: {
        configRuleName: 's3-public-read',
        resourceType: 'AWS::S3::Bucket',
        resourceId: 'example-invoices',
      },
      orderingTimestamp: '2025-11-08T09:00:00.000Z',
    },
    complianceType: 'COMPLIANT',
    resultRecordedTime: '2025-11-08T10:00:05.000Z',
  },
  oldEvaluationResult: { complianceType: 'NON_COMPLIANT' },
  notificationCreationTime: '2025-11-08T10:00:10.000Z',
  messageType: 'ComplianceChangeNotification',
  recordVersion: '1.0',
};

export const config_compliance: Source = {
  id: 'config_compliance',
  title: 'AWS Config compliance results',
  version: 3,
  clock: 'AWS Config’s clock, UTC, to the millisecond: when the result was recorded.',
  about: [
    'Whether resources complied with rules of AWS Config: change notifications (as they are, in SNS messages, EventBridge events, and what Lambda and SQS get of them), and the output of `aws configservice get-compliance-details-by-config-rule` and `-by-resource`, of an aggregator, and of a conformance pack. What describe-compliance answers has no times: config_compliance_state.',
    'A notification is sent when the result changes, so the state between two of them is that of the first. The API answers with the current results only, and names neither account nor region unless an aggregator is asked.',
  ].join('\n\n'),
  references: [
    'AWS Config Developer Guide, "Example compliance change notification"',
    'AWS Config API Reference, "EvaluationResult"',
  ],
  columns: columnsOf('resultRecordedTime: when the result was recorded.', FORMAT.fields),
  common: {
    actor: 'config_rule_name',
    action: 'compliance_type',
    target: 'resource_id',
    outcome:
      "CASE compliance_type WHEN 'COMPLIANT' THEN 'success' WHEN 'NON_COMPLIANT' THEN 'failure' END",
  },
  indexes: [['resource_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'API output, no time, something else',
      path: 'x.json',
      text: JSON.stringify({
        EvaluationResults: [
          API,
          { ...API, ResultRecordedTime: 'x' },
          { a: 1 },
          { ...API, Annotation: {} },
        ],
      }),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          actor: 's3-public-read',
          target: 'example-invoices',
          outcome: 'failure',
          ordering_timestamp_us: 1_762_592_400_500_000,
          annotation: 'public',
        },
        { annotation: null },
      ],
      rejects: ['bad_time', 'not_this_source'],
      anomalies: ['bad_value'],
    },
    {
      name: 'notifications: bare, in SNS, cut',
      path: 'x',
      text: [NOTIFICATION, { Type: 'Notification', Message: JSON.stringify(NOTIFICATION) }]
        .map((one) => JSON.stringify(one))
        .concat(JSON.stringify(NOTIFICATION).slice(0, 99))
        .join('\n'),
      rows: [
        { account_id: '111122223333', outcome: 'success', old_compliance_type: 'NON_COMPLIANT' },
        { account_id: '111122223333' },
      ],
      rejects: ['truncated'],
    },
    {
      name: 'output of an aggregator and of a conformance pack; as Lambda and SQS get it',
      path: 'x.json',
      text: [
        {
          AggregateEvaluationResults: [
            { ...API, AccountId: '111122223333', AwsRegion: 'eu-central-1' },
          ],
        },
        { ConformancePackName: 'p', ConformancePackRuleEvaluationResults: [API] },
        { Records: [{ Sns: { Message: JSON.stringify(NOTIFICATION) } }] },
        { Records: [{ body: JSON.stringify({ Message: JSON.stringify(NOTIFICATION) }) }] },
        { Messages: [{ Body: JSON.stringify(NOTIFICATION) }] },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        { account_id: '111122223333', region: 'eu-central-1', outcome: 'failure' },
        { account_id: null, config_rule_name: 's3-public-read' },
        { outcome: 'success' },
        { outcome: 'success' },
        { outcome: 'success' },
      ],
    },
  ],
  example: {
    question: 'Which resources break which rules?',
    sql: "SELECT config_rule_name, resource_type, resource_id, max(time_us) AS recorded_us FROM config_compliance WHERE compliance_type = 'NON_COMPLIANT' GROUP BY config_rule_name, resource_type, resource_id ORDER BY config_rule_name, resource_id LIMIT 20",
  },
};
