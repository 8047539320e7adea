/** What records of AWS carry beside themselves, packed as it comes: each lands in its own table and leads back. */
import { Buffer } from 'node:buffer';
import { beforeAll, expect, test } from 'vitest';
import { exhibitJson } from '../helpers/exhibit.ts';
import { importCase, type Imported, sealedCase, withDatabase } from './world.ts';

const json = (value: unknown): string => JSON.stringify(value);
const ITEM = {
  configurationItemVersion: '1.3',
  configurationItemCaptureTime: '2025-11-08T09:00:05.123Z',
  configurationItemStatus: 'OK',
  awsAccountId: '111122223333',
  awsRegion: 'eu-central-1',
  resourceType: 'AWS::EC2::SecurityGroup',
  resourceId: 'sg-0a1b',
  configuration: { description: 'Tür "b"' },
};
const DIFF = {
  changedProperties: {
    'Configuration.Description': {
      previousValue: 'a',
      updatedValue: 'Tür "b"',
      changeType: 'UPDATE',
    },
  },
  changeType: 'UPDATE',
};
const notification = json({
  configurationItem: ITEM,
  configurationItemDiff: DIFF,
  messageType: 'ConfigurationItemChangeNotification',
});
const event = (id: string, type: string, source: string, detail: unknown): object => ({
  version: '0',
  id,
  'detail-type': type,
  source,
  account: '111122223333',
  time: '2025-11-08T09:00:06Z',
  region: 'eu-central-1',
  resources: [],
  detail,
});
const ocsf = {
  metadata: { product: { name: 'Security Hub' }, version: '1.5.0' },
  time: 1_762_592_400_000,
  class_uid: 2003,
  category_uid: 2,
  activity_name: 'Create',
  finding_info: { uid: 'f-1', title: 'Public bucket' },
};

const FILES = {
  'sns.json': json({
    Type: 'Notification',
    MessageId: 'n',
    TopicArn: 'arn:aws:sns:eu-central-1:111122223333:config',
    Message: notification,
    Timestamp: '2025-11-08T09:00:30Z',
  }),
  // The same notification by EventBridge: the item and its change are there already.
  'events.jsonl': [
    event('e1', 'Config Configuration Item Change', 'aws.config', JSON.parse(notification)),
    event('e2', 'Findings Imported V2', 'aws.securityhub', { findings: [ocsf] }),
    event('e3', 'EC2 Instance State-change Notification', 'aws.ec2', {
      'instance-id': 'i-0a1b',
      state: 'stopped',
    }),
    event('e4', 'EC2 Instance State-change Notification', 'aws.ec2', {
      'instance-id': 'i-0a1b',
      state: 'running',
    }),
  ]
    .map(json)
    .join('\n'),
  'lake.json': json([
    {
      eventVersion: '1.08',
      eventCategory: 'ConfigurationItem',
      eventType: 'AwsConfigurationItem',
      eventID: '0a1b2c3d-0000-4000-8000-000000000001',
      eventTime: '2025-11-08T10:00:05Z',
      awsRegion: 'eu-central-1',
      recipientAccountId: '111122223333',
      eventData: { ...ITEM, configurationItemCaptureTime: '2025-11-08T10:00:05.000Z' },
    },
  ]),
};

let dir = '';
let result: Imported;

beforeAll(async () => {
  dir = await sealedCase(FILES);
  result = await importCase(dir);
}, 600_000);

test('each lands in its own table, and no record is lost', () => {
  expect(result).toMatchObject({ rejected: 0 });
  expect(result.records).toBe(result.imported + result.duplicates);
  const all = (sql: string): unknown[] => withDatabase(dir, (db) => db.prepare<[]>(sql).all());
  expect(
    all(`SELECT account_id, region, resource_id, property, previous_value, updated_value
         FROM config_change c JOIN config_change_property p ON p.parent_id = c.id`),
  ).toEqual([
    {
      account_id: '111122223333',
      region: 'eu-central-1',
      resource_id: 'sg-0a1b',
      property: 'Configuration.Description',
      previous_value: 'a',
      updated_value: 'Tür "b"',
    },
  ]);
  // The item of the notification, and the one that Lake keeps with its event.
  expect(all('SELECT count(*) AS n FROM config_item')).toEqual([{ n: 2 }]);
  expect(
    all(`SELECT i.carrier, c.target FROM inner_record i JOIN config_item x ON x.id = i.id
         JOIN cloudtrail c ON c.id = i.carrier_id`),
  ).toEqual([{ carrier: 'cloudtrail', target: 'sg-0a1b' }]);
  expect(
    all(`SELECT e.event_id, s.account_id, s.region, s.instance_id, s.state FROM ec2_state_change s
         JOIN inner_record i ON i.id = s.id JOIN eventbridge e ON e.id = i.carrier_id ORDER BY s.state`),
  ).toEqual(
    [
      ['e4', 'running'],
      ['e3', 'stopped'],
    ].map(([event_id, state]) => ({
      event_id,
      account_id: '111122223333',
      region: 'eu-central-1',
      instance_id: 'i-0a1b',
      state,
    })),
  );
  expect(
    all(`SELECT e.detail_type, s.finding_uid FROM security_lake s
         JOIN inner_record i ON i.id = s.id JOIN eventbridge e ON e.id = i.carrier_id`),
  ).toEqual([{ detail_type: 'Findings Imported V2', finding_uid: 'f-1' }]);
});

test('the change is shown from the sealed bytes, out of the string that holds it', async () => {
  const [row] = withDatabase(dir, (db) =>
    db.prepare<[], { id: number; raw: string }>('SELECT id, raw FROM config_change').all(),
  );
  expect(row?.raw).toBe(json(DIFF));
  const { status, json: shown } = await exhibitJson(['show', String(row?.id), '--case', dir]);
  expect(status).toBe(0);
  expect(Buffer.from(json(shown)).includes('Configuration.Description')).toBe(true);
});
