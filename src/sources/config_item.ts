/** AWS Config configuration items: what a resource looked like at a moment, in files, notifications and API output. */
import { isObject, type JsonObject, type JsonValue, sortedJson } from '../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  innerJson,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  time,
} from './_json.ts';
import type { Source } from './source.ts';

/** A member that files and the API spell differently. */
function either(name: string, members: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    for (const member of members) {
      const value = record[member];
      if (value !== undefined && value !== null) return textOf(value, member, out);
    }
    return null;
  });
}

function captureTime(record: JsonObject): number | undefined {
  return anyTime(record['configurationItemCaptureTime']);
}

function isItem(record: JsonValue | undefined): record is JsonObject {
  return (
    isObject(record) &&
    'configurationItemCaptureTime' in record &&
    'resourceType' in record &&
    'resourceId' in record
  );
}

/** What carries a notification besides EventBridge: SNS, a rule function’s event, SNS to Lambda, and both to SQS. */
const CARRIERS: readonly (readonly string[])[] = [
  ['Message'],
  ['invokingEvent'],
  ['Sns', 'Message'],
  ['body', 'Message'],
  ['body'],
  ['Body', 'Message'],
  ['Body'],
];

function summaryOf(record: JsonObject): JsonValue | undefined {
  return record['configurationItemSummary'];
}

/** The item; of an oversized one its summary, with where AWS put the whole of it. */
function normal(record: JsonObject): JsonObject {
  const summary = summaryOf(record);
  return isObject(summary) ? { ...record, ...summary } : record;
}

/** Relations in one spelling: the API calls their name relationshipName. */
function relationsOf(value: JsonValue | undefined): JsonValue {
  if (!Array.isArray(value)) return value ?? null;
  return (value as readonly JsonValue[]).map((one): JsonValue => {
    if (!isObject(one) || one['name'] !== undefined) return one;
    const { relationshipName: name, ...rest } = one;
    return name === undefined ? one : { ...rest, name };
  });
}

/** JSON in a string, as the API writes it; else the value itself. */
function opened(value: JsonValue | undefined): JsonValue {
  return (typeof value === 'string' ? innerJson(value) : undefined) ?? value ?? null;
}

/** Members by the names that files give them. */
const SPELLED: Readonly<Record<string, string>> = {
  accountId: 'awsAccountId',
  arn: 'ARN',
  availibilityZone: 'availabilityZone',
  configurationItemMD5Hash: 'configurationStateMd5Hash',
  configurationStateID: 'configurationStateId',
  version: 'configurationItemVersion',
};

/** Members in one form, by their names in files; others are what they are. */
const IN_ONE_FORM: Readonly<Record<string, (value: JsonValue) => JsonValue>> = {
  configuration: opened,
  configurationItemCaptureTime: (value) => anyTime(value) ?? value,
  configurationItemDeliveryTime: (value) => anyTime(value) ?? value,
  configurationStateId: (value) => (typeof value === 'string' ? value : sortedJson(value)),
  relationships: (value) => {
    const list = relationsOf(value);
    if (!Array.isArray(list)) return list;
    return (list as readonly JsonValue[]).map((one) => sortedJson(withoutEmpty(one))).sort();
  },
  resourceCreationTime: (value) => anyTime(value) ?? value,
  supplementaryConfiguration: (value) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, opened(one)]))
      : value,
};

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** An object without the members that say nothing: AWS writes null, '' and [] in one spelling and nothing in another. */
function withoutEmpty(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => !isEmpty(one)));
}

/** Text in which an item in a file, in a notification and in the API's answer is the same. */
function sameItem(text: string): string {
  const value = innerJson(text);
  if (!isObject(value)) return canonicalRecord(text);
  const members = Object.entries(value).map(([member, one]): [string, JsonValue] => {
    const name = Object.hasOwn(SPELLED, member) ? (SPELLED[member] ?? member) : member;
    return [name, IN_ONE_FORM[name]?.(one ?? null) ?? one ?? null];
  });
  return sortedJson(withoutEmpty(Object.fromEntries(members)));
}

const FORMAT: JsonFormat = {
  what: 'Config configuration items',
  marks: ['configurationItemCaptureTime'],
  wrappers: [
    'configurationItems',
    'baseConfigurationItems',
    'BaseConfigurationItems',
    'Records',
    'Messages',
  ],
  // A summary is read with the notification around it, which says where the item is.
  ways: [
    ['configurationItem'],
    ['ConfigurationItem'],
    ...CARRIERS.flatMap((way) => [[...way, 'configurationItem'], way]),
  ],
  is: (record) => isItem(record) || isItem(summaryOf(record)),
  keys: [['resourceType', 'configurationItemCaptureTime'], ['configurationItemSummary']],
  normal,
  strings: true,
  time: captureTime,
  timeName: 'configurationItemCaptureTime',
  identity: (record) =>
    [
      record['awsAccountId'] ?? record['accountId'] ?? null,
      record['awsRegion'] ?? null,
      record['resourceType'] ?? null,
      record['resourceId'] ?? null,
      captureTime(record) ?? null,
      // The summary of an item is not a copy of it.
      isObject(summaryOf(record)),
    ]
      .map(sortedJson)
      .join(' '),
  fields: [
    either('account_id', ['awsAccountId', 'accountId'], 'Account of the resource.'),
    text('region', 'awsRegion', 'awsRegion; "global" for global resources.'),
    text('resource_type', 'resourceType', 'resourceType, such as AWS::EC2::Instance.'),
    text('resource_id', 'resourceId', 'resourceId.'),
    text('resource_name', 'resourceName', 'resourceName.'),
    either('arn', ['ARN', 'arn'], 'ARN of the resource.'),
    text(
      'configuration_item_status',
      'configurationItemStatus',
      'OK, ResourceDiscovered, ResourceNotRecorded, ResourceDeleted, ResourceDeletedNotRecorded.',
    ),
    either(
      'configuration_state_id',
      ['configurationStateId', 'configurationStateID'],
      'configurationStateId: order of the items of one resource.',
    ),
    either(
      'configuration_item_version',
      ['configurationItemVersion', 'version'],
      'Version of the format.',
    ),
    either('availability_zone', ['availabilityZone', 'availibilityZone'], 'Availability zone.'),
    time('resource_creation_time_us', 'resourceCreationTime', 'resourceCreationTime.'),
    time(
      'configuration_item_delivery_time_us',
      'configurationItemDeliveryTime',
      'configurationItemDeliveryTime.',
    ),
    text('recording_frequency', 'recordingFrequency', 'CONTINUOUS or DAILY.'),
    json('tags', 'tags', 'tags as JSON.'),
    json(
      'related_events',
      'relatedEvents',
      'eventIDs of CloudTrail as JSON; empty since version 1.3.',
    ),
    derived(
      'relationships',
      'relationships as JSON: resourceType, resourceId and name (relationshipName in the API) of each.',
      (record) => {
        const value = relationsOf(record['relationships']);
        return value === null ? null : sortedJson(value);
      },
    ),
    derived(
      'configuration',
      'configuration as JSON, which the API writes as a string; NULL for a deleted resource and a summary.',
      (record) => {
        const value = record['configuration'];
        if (value === undefined || value === null) return null;
        if (typeof value !== 'string') return sortedJson(value);
        const inner = innerJson(value);
        return inner === undefined ? value : sortedJson(inner);
      },
    ),
    json(
      'supplementary_configuration',
      'supplementaryConfiguration',
      'supplementaryConfiguration as JSON; policies in it are strings.',
    ),
    text('change_type', 'changeType', 'CREATE, UPDATE or DELETE, of a summary.'),
    text(
      's3_bucket_location',
      's3DeliverySummary.s3BucketLocation',
      's3DeliverySummary.s3BucketLocation of a summary: where the whole item was put.',
    ),
    text(
      's3_delivery_error',
      's3DeliverySummary.errorCode',
      's3DeliverySummary.errorCode of a summary: why it was not put there.',
    ),
  ],
};

const ITEM = {
  configurationItemVersion: '1.3',
  configurationItemCaptureTime: '2025-11-08T09:00:05.123Z',
  configurationStateId: 1762592405123,
  awsAccountId: '111122223333',
  configurationItemStatus: 'OK',
  resourceType: 'AWS::EC2::NetworkInterface',
  resourceId: 'eni-0a1b2c3d4e5f60718',
  ARN: 'arn:aws:ec2:eu-central-1:111122223333:network-interface/eni-0a1b2c3d4e5f60718',
  awsRegion: 'eu-central-1',
  availabilityZone: 'eu-central-1a',
  resourceCreationTime: null,
  tags: { Name: 'web' },
  relatedEvents: [],
  relationships: [
    {
      resourceType: 'AWS::EC2::Instance',
      resourceId: 'i-0a1b2c3d4e5f60718',
      name: 'Is attached to Instance',
    },
  ],
  configuration: { privateIpAddress: '10.0.1.20', association: { publicIp: '203.0.113.9' } },
  supplementaryConfiguration: {},
};

const API = {
  version: '1.3',
  accountId: '111122223333',
  configurationItemCaptureTime: 1762592405.123,
  configurationItemStatus: 'OK',
  configurationStateId: '1762592405123',
  arn: ITEM.ARN,
  resourceType: ITEM.resourceType,
  resourceId: ITEM.resourceId,
  awsRegion: 'eu-central-1',
  configuration: '{"b":1,"a":2}',
};

/** In the spelling of the API, and something else. */
const RELATIONSHIPS = [{ relationshipName: 'Is attached to Instance', resourceId: 'i-0a' }, 1];

const NOTIFICATION = {
  configurationItemDiff: null,
  configurationItem: ITEM,
  notificationCreationTime: '2025-11-08T09:00:10.000Z',
  messageType: 'ConfigurationItemChangeNotification',
  recordVersion: '1.3',
};

const SUMMARY = {
  s3DeliverySummary: {
    s3BucketLocation: 'config-bucket/AWSLogs/x_ChangeNotification_y_0.json.gz',
    errorCode: null,
    errorMessage: null,
  },
  configurationItemSummary: {
    changeType: 'UPDATE',
    configurationItemCaptureTime: '2025-11-08T09:00:06.000Z',
    awsAccountId: '111122223333',
    resourceType: 'AWS::S3::Bucket',
    resourceId: 'example-invoices',
    awsRegion: 'eu-central-1',
  },
  messageType: 'OversizedConfigurationItemChangeNotification',
};

export const config_item: Source = {
  id: 'config_item',
  title: 'AWS Config configuration items',
  version: 2,
  clock:
    'AWS Config’s clock, UTC, to the millisecond: when the state was captured, after the change itself.',
  about: [
    'What AWS Config recorded of a resource at a moment: its configuration, tags and relations to other resources. Read are snapshots and history files in S3, change notifications (as they are, in SNS messages, in EventBridge events, in the events of rule functions, in what Lambda and SQS get of them), summaries of oversized ones, and the output of `aws configservice get-resource-config-history`, `batch-get-resource-config` and the aggregator’s two commands of that kind, which spells members differently and holds the configuration in a string.',
    'Items say how a resource was, not who changed it: CloudTrail does. An item comes some minutes after the change, or with daily recording once a day; only recorded types are there. A snapshot repeats items of the history, and so do notifications and the API in its own spelling: ones that say the same are kept once. A summary and the item it is about are two records, at the same time. configurationItemDiff of a notification stays in the file: `exhibit config diff` compares items themselves ([how](../config.md)).',
  ].join('\n\n'),
  references: [
    'AWS Config Developer Guide, "Components of a configuration item"',
    'AWS Config Developer Guide, "Example configuration snapshot from AWS Config"',
    'AWS Config Developer Guide, "Example configuration item change notifications"',
    'AWS Config API Reference, "ConfigurationItem", "BaseConfigurationItem"',
  ],
  columns: columnsOf('configurationItemCaptureTime: when the state was recorded.', FORMAT.fields),
  common: {
    action: 'configuration_item_status',
    target: 'coalesce(arn, resource_id)',
  },
  indexes: [['resource_id'], ['resource_name'], ['arn']],
  children: [
    {
      id: 'config_item_relation',
      list: 'relationships',
      items: 'array',
      about: 'The resources that an item names as related to its own.',
      columns: [
        {
          name: 'name',
          type: 'TEXT',
          from: '$.name',
          about: 'Name of the relation, such as Is attached to Instance.',
        },
        {
          name: 'resource_type',
          type: 'TEXT',
          from: '$.resourceType',
          about: 'Type of the related resource.',
        },
        {
          name: 'resource_id',
          type: 'TEXT',
          from: '$.resourceId',
          about: 'Its id; NULL where only its name is told.',
        },
        { name: 'resource_name', type: 'TEXT', from: '$.resourceName', about: 'Its name.' },
      ],
      indexes: [['resource_id'], ['resource_name']],
    },
    {
      id: 'config_item_tag',
      list: 'tags',
      items: 'object',
      about: 'The tags of the resource.',
      columns: [
        { name: 'key', type: 'TEXT', from: 'key', about: 'Key of the tag.' },
        { name: 'value', type: 'TEXT', from: '$', about: 'Its value.' },
      ],
      indexes: [['key']],
    },
  ],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: sameItem,
  samples: [
    {
      name: 'a snapshot',
      path: 'AWSLogs/111122223333/Config/eu-central-1/2025/11/8/ConfigSnapshot/111122223333_Config_eu-central-1_ConfigSnapshot_20251108T090010Z_0a1b.json.gz',
      text: JSON.stringify({
        fileVersion: '1.0',
        configSnapshotId: 'x',
        configurationItems: [ITEM, ITEM],
      }),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          action: 'OK',
          target: ITEM.ARN,
          tags: '{"Name":"web"}',
          configuration_state_id: '1762592405123',
          configuration:
            '{"association":{"publicIp":"203.0.113.9"},"privateIpAddress":"10.0.1.20"}',
        },
        {},
      ],
      items: {
        config_item_relation: [
          {
            parent_id: 1,
            position: 0,
            name: 'Is attached to Instance',
            resource_type: 'AWS::EC2::Instance',
            resource_id: 'i-0a1b2c3d4e5f60718',
            resource_name: null,
          },
          { parent_id: 2, position: 0, resource_id: 'i-0a1b2c3d4e5f60718' },
        ],
        config_item_tag: [
          { parent_id: 1, position: 0, key: 'Name', value: 'web' },
          { parent_id: 2, position: 0, key: 'Name', value: 'web' },
        ],
      },
    },
    {
      name: 'notifications: bare, in SNS, for a rule; a summary of an oversized one',
      path: 'x',
      text: [
        NOTIFICATION,
        { Type: 'Notification', Message: JSON.stringify(NOTIFICATION) },
        { version: '1.0', invokingEvent: JSON.stringify(NOTIFICATION), ruleParameters: '{}' },
        SUMMARY,
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        { resource_id: ITEM.resourceId },
        { resource_id: ITEM.resourceId },
        { resource_id: ITEM.resourceId },
        {
          target: 'example-invoices',
          configuration: null,
          change_type: 'UPDATE',
          s3_bucket_location: 'config-bucket/AWSLogs/x_ChangeNotification_y_0.json.gz',
        },
      ],
    },
    {
      name: 'notifications as Lambda and SQS get them, a summary in SNS and for a rule',
      path: 'x',
      text: [
        { Records: [{ Sns: { Message: JSON.stringify(NOTIFICATION) } }, { a: 1 }] },
        {
          Records: [
            { body: JSON.stringify({ Message: JSON.stringify(NOTIFICATION) }) },
            { body: JSON.stringify(NOTIFICATION) },
          ],
        },
        {
          Messages: [
            { Body: JSON.stringify({ Message: JSON.stringify(NOTIFICATION) }) },
            { Body: JSON.stringify(NOTIFICATION) },
          ],
        },
        { Type: 'Notification', Message: JSON.stringify(SUMMARY) },
        { version: '1.0', invokingEvent: JSON.stringify(SUMMARY) },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        ...Array.from({ length: 5 }, () => ({ resource_id: ITEM.resourceId })),
        ...Array.from({ length: 2 }, () => ({ change_type: 'UPDATE' })),
      ],
      rejects: ['not_this_source'],
    },
    {
      name: 'output of batch-get and of an aggregator; items selected by a query, as strings',
      path: 'x.json',
      text: [
        { BaseConfigurationItems: [API], UnprocessedResourceIdentifiers: [] },
        { ConfigurationItem: { ...API, relationships: RELATIONSHIPS } },
        [JSON.stringify(API)],
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        { account_id: '111122223333' },
        { relationships: '[{"name":"Is attached to Instance","resourceId":"i-0a"},1]' },
        { configuration: '{"a":2,"b":1}' },
      ],
      items: {
        config_item_relation: [
          { parent_id: 2, position: 0, name: 'Is attached to Instance', resource_id: 'i-0a' },
          { parent_id: 2, position: 1, name: null, resource_id: null },
        ],
      },
    },
    {
      name: 'API output; no time; something else; a name that is no text; a cut record',
      path: 'x.json',
      text: JSON.stringify({
        configurationItems: [
          API,
          { ...API, configurationItemCaptureTime: 'x' },
          { a: 1 },
          { ...API, resourceName: [1], configuration: '{' },
          { ...API, resourceId: 'z' },
        ],
      }).slice(0, -20),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          configuration: '{"a":2,"b":1}',
        },
        { resource_name: null, configuration: '{' },
      ],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which resources are related to which, by the latest item of each?',
    sql: 'SELECT i.resource_id, r.name, r.resource_type, r.resource_id AS related_id, max(i.time_us) AS seen_us FROM config_item AS i JOIN config_item_relation AS r ON r.parent_id = i.id GROUP BY i.resource_id, r.name, r.resource_type, r.resource_id ORDER BY i.resource_id, r.name, r.resource_type, r.resource_id LIMIT 20',
  },
};
