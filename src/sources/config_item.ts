/** AWS Config configuration items: what a resource looked like at a moment, in files, notifications and API output. */
import { type JsonObject, sortedJson } from '../core/json.ts';
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

const FORMAT: JsonFormat = {
  what: 'Config configuration items',
  marks: ['configurationItemCaptureTime'],
  wrappers: ['configurationItems', 'baseConfigurationItems'],
  ways: [
    ['configurationItem'],
    ['configurationItemSummary'],
    ...['detail', 'Message', 'invokingEvent'].flatMap((carrier) => [
      [carrier, 'configurationItem'],
      [carrier, 'configurationItemSummary'],
    ]),
  ],
  is: (record) =>
    'configurationItemCaptureTime' in record && 'resourceType' in record && 'resourceId' in record,
  keys: [['resourceType', 'configurationItemCaptureTime']],
  time: captureTime,
  timeName: 'configurationItemCaptureTime',
  identity: (record) =>
    [
      record['awsAccountId'] ?? record['accountId'] ?? null,
      record['awsRegion'] ?? null,
      record['resourceType'] ?? null,
      record['resourceId'] ?? null,
      captureTime(record) ?? null,
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
    json(
      'relationships',
      'relationships',
      'relationships as JSON: resourceType, resourceId and name of each.',
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

const NOTIFICATION = {
  configurationItemDiff: null,
  configurationItem: ITEM,
  notificationCreationTime: '2025-11-08T09:00:10.000Z',
  messageType: 'ConfigurationItemChangeNotification',
  recordVersion: '1.3',
};

const SUMMARY = {
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
  version: 1,
  about: [
    'What AWS Config recorded of a resource at a moment: its configuration, tags and relations to other resources. Read are snapshots and history files in S3, change notifications (as they are, in SNS messages, in EventBridge events, in the events of rule functions), summaries of oversized ones, and the output of `aws configservice get-resource-config-history` and `batch-get-resource-config`, which spells members differently and holds the configuration in a string.',
    'Items say how a resource was, not who changed it: CloudTrail does. An item comes some minutes after the change, or with daily recording once a day; only recorded types are there. A snapshot repeats items of the history: equal ones are kept once. Relationships and tags are JSON: `json_each` makes rows of them. configurationItemDiff of a notification stays in the file.',
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
  indexes: [['resource_id'], ['arn']],
  timeline: true,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
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
    },
    {
      name: 'notifications: bare, in EventBridge, in SNS, for a rule; a summary of an oversized one',
      path: 'x',
      text: [
        NOTIFICATION,
        {
          'detail-type': 'Config Configuration Item Change',
          source: 'aws.config',
          detail: NOTIFICATION,
        },
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
        { resource_id: ITEM.resourceId },
        { target: 'example-invoices', configuration: null },
      ],
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
    sql: "SELECT resource_id, json_extract(r.value, '$.name') AS relation, json_extract(r.value, '$.resourceId') AS related_id, max(time_us) AS seen_us FROM config_item, json_each(relationships) AS r GROUP BY resource_id, relation, related_id ORDER BY resource_id, relation, related_id LIMIT 20",
  },
};
