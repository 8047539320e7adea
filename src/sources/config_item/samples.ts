/** Cases of the conformance test, written after the examples of the AWS Config Developer Guide; no real data. */
import type { Sample } from '../source.ts';

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

export const CONFIG_ITEM_SAMPLES: readonly Sample[] = [
  {
    name: 'the notification of 2014, with its item in a list',
    path: 'x',
    text: JSON.stringify({
      Type: 'Notification',
      MessageId: 'a',
      TopicArn: 'arn:aws:sns:eu-central-1:111122223333:config',
      Message: JSON.stringify({
        MessageVersion: '1.0',
        NotificationCreateTime: '2014-03-18T10:11:00Z',
        messageType: 'ConfigurationItemChangeNotification',
        configurationItem: [ITEM],
        configurationItemDiff: { changeType: 'UPDATE', changedProperties: {} },
      }),
    }),
    rows: [{ resource_id: ITEM.resourceId }],
  },
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
        private_ip_address: '10.0.1.20',
        public_ip: '203.0.113.9',
        configuration_state_id: '1762592405123',
        configuration: '{"association":{"publicIp":"203.0.113.9"},"privateIpAddress":"10.0.1.20"}',
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
];
