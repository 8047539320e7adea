/** A small story in AWS Config's files, with CloudTrail beside it, for the tests of `config`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const ACCOUNT = '111122223333';
export const GROUP = 'sg-0a1b2c3d4e5f60718';
export const GROUP_ARN = `arn:aws:ec2:eu-central-1:${ACCOUNT}:security-group/${GROUP}`;

const common = {
  configurationItemVersion: '1.3',
  awsAccountId: ACCOUNT,
  awsRegion: 'eu-central-1',
  availabilityZone: 'Not Applicable',
  relatedEvents: [],
  supplementaryConfiguration: {},
};

/** A security group with rules, at a time. */
function group(time: string, rules: readonly unknown[], more: object = {}): object {
  return {
    ...common,
    configurationItemCaptureTime: time,
    configurationStateId: Date.parse(time),
    configurationItemStatus: 'OK',
    resourceType: 'AWS::EC2::SecurityGroup',
    resourceId: GROUP,
    resourceName: 'web',
    ARN: GROUP_ARN,
    tags: { team: 'web', env: 'prod' },
    relationships: [
      { resourceType: 'AWS::EC2::VPC', resourceId: 'vpc-0a', name: 'Is contained in Vpc' },
      {
        resourceType: 'AWS::EC2::Instance',
        resourceId: 'i-0a',
        name: 'Is associated with Instance',
      },
    ],
    configuration: { groupId: GROUP, big: 2 ** 53, ipPermissions: rules },
    ...more,
  };
}

const HTTPS = { fromPort: 443, ipProtocol: 'tcp', ipRanges: ['10.0.0.0/8'] };
const SSH = { fromPort: 22, ipProtocol: 'tcp', ipRanges: ['0.0.0.0/0'] };

const BUCKET = {
  ...common,
  configurationItemStatus: 'OK',
  resourceType: 'AWS::S3::Bucket',
  resourceId: 'example-invoices',
  resourceName: 'example-invoices',
  ARN: 'arn:aws:s3:::example-invoices',
  tags: {},
  relationships: [],
  configuration: { name: 'example-invoices' },
};

/** A policy as Config writes it: JSON in a string. */
function policy(principal: string): object {
  const text = JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: principal }] });
  return { BucketPolicy: JSON.stringify({ policyText: text }) };
}

function role(id: string, name: string, path: string): object {
  return {
    ...common,
    configurationItemCaptureTime: '2025-11-08T08:00:00.000Z',
    configurationStateId: 1,
    configurationItemStatus: 'ResourceDiscovered',
    awsRegion: 'global',
    resourceType: path === 'role' ? 'AWS::IAM::Role' : 'AWS::IAM::User',
    resourceId: id,
    resourceName: name,
    ARN: `arn:aws:iam::${ACCOUNT}:${path}/${name}`,
    configuration: { path: '/' },
  };
}

const DELETED = {
  ...group('2025-11-08T12:00:00.000Z', []),
  configurationItemStatus: 'ResourceDeleted',
  ARN: undefined,
  resourceName: undefined,
  tags: {},
  relationships: [],
  configuration: null,
};

function trail(time: string, name: string, source: string, request: object): object {
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'IAMUser',
      arn: `arn:aws:iam::${ACCOUNT}:user/mallory`,
      accountId: ACCOUNT,
    },
    eventTime: time,
    eventSource: source,
    eventName: name,
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.66',
    requestParameters: request,
    responseElements: null,
    eventID: `0d9fb7a2-0001-4000-8000-${String(Date.parse(time)).padStart(12, '0').slice(-12)}`,
    readOnly: false,
    recipientAccountId: ACCOUNT,
  };
}

const COMPLIANCE = {
  awsAccountId: ACCOUNT,
  awsRegion: 'eu-central-1',
  configRuleName: 'restricted-ssh',
  resourceType: 'AWS::EC2::SecurityGroup',
  resourceId: GROUP,
  messageType: 'ComplianceChangeNotification',
};

function result(type: string, time: string): object {
  return {
    evaluationResultIdentifier: {
      evaluationResultQualifier: {
        configRuleName: 'restricted-ssh',
        resourceType: 'AWS::EC2::SecurityGroup',
        resourceId: GROUP,
      },
      orderingTimestamp: time,
    },
    complianceType: type,
    resultRecordedTime: time,
  };
}

const TAMPERED = {
  ...common,
  configurationItemCaptureTime: '2025-11-08T08:00:00.000Z',
  configurationStateId: '1',
  configurationItemStatus: 'ResourceDiscovered',
  awsRegion: 'global',
  resourceType: 'AWS::IAM::Role',
  resourceId: 'AROAEXAMPLE',
  resourceName: 'admin',
  ARN: `arn:aws:iam::${ACCOUNT}:role/admin`,
  configuration: { path: '/hidden/' },
};

function sns(message: object): object {
  return { Type: 'Notification', Message: JSON.stringify(message) };
}

/** Files by path. */
const FILES: Readonly<Record<string, unknown>> = {
  [`AWSLogs/${ACCOUNT}/Config/eu-central-1/2025/11/8/ConfigSnapshot/${ACCOUNT}_Config_eu-central-1_ConfigSnapshot_20251108T090000Z_a.json.gz`]:
    {
      fileVersion: '1.0',
      configSnapshotId: 'a',
      configurationItems: [
        group('2025-11-08T08:00:00.000Z', [HTTPS], {
          configurationItemStatus: 'ResourceDiscovered',
        }),
        {
          ...BUCKET,
          configurationItemCaptureTime: '2025-11-08T08:00:00.000Z',
          supplementaryConfiguration: policy('a'),
        },
        role('AROAEXAMPLE', 'admin', 'role'),
        role('AIDAEXAMPLE', 'admin', 'user'),
        {
          ...common,
          configurationItemCaptureTime: '2025-11-08T08:00:00.000Z',
          configurationItemStatus: 'OK',
          resourceType: 'AWS::EC2::Instance',
          resourceId: 'i-0a',
          configuration: { instanceType: 't3.small' },
          tags: {},
          relationships: [
            {
              resourceType: 'AWS::EC2::SecurityGroup',
              resourceId: GROUP,
              name: 'Is associated with SecurityGroup',
            },
          ],
        },
      ],
    },
  [`AWSLogs/${ACCOUNT}/Config/eu-central-1/2025/11/8/ConfigHistory/${ACCOUNT}_Config_eu-central-1_ConfigHistory_AWS::EC2::SecurityGroup_x_1.json.gz`]:
    {
      fileVersion: '1.0',
      configurationItems: [
        group('2025-11-08T08:00:00.000Z', [HTTPS], {
          configurationItemStatus: 'ResourceDiscovered',
        }),
        group('2025-11-08T10:00:00.000Z', [SSH, HTTPS], {
          tags: { env: 'prod', owner: 'mallory' },
          relationships: [
            {
              resourceType: 'AWS::EC2::Instance',
              resourceId: 'i-0b',
              name: 'Is associated with Instance',
            },
            { resourceType: 'AWS::EC2::VPC', resourceId: 'vpc-0a', name: 'Is contained in Vpc' },
          ],
        }),
        group('2025-11-08T10:30:00.000Z', [SSH, HTTPS], {
          tags: { env: 'prod', owner: 'mallory' },
          relationships: [
            { resourceType: 'AWS::EC2::VPC', resourceId: 'vpc-0a', name: 'Is contained in Vpc' },
            {
              resourceType: 'AWS::EC2::Instance',
              resourceId: 'i-0b',
              name: 'Is associated with Instance',
            },
          ],
        }),
        DELETED,
      ],
    },
  'bucket.json': {
    version: '0',
    'detail-type': 'Config Configuration Item Change',
    source: 'aws.config',
    id: '0a1b2c3d-0001-4000-8000-000000000001',
    account: ACCOUNT,
    region: 'eu-central-1',
    time: '2025-11-08T10:00:10Z',
    resources: [],
    detail: {
      messageType: 'ConfigurationItemChangeNotification',
      configurationItem: {
        ...BUCKET,
        configurationItemCaptureTime: '2025-11-08T10:00:00.000Z',
        supplementaryConfiguration: policy('*'),
      },
    },
  },
  'oversized.json': {
    configurationItemSummary: {
      changeType: 'UPDATE',
      configurationItemVersion: '1.3',
      configurationItemCaptureTime: '2025-11-08T11:00:00.000Z',
      awsAccountId: ACCOUNT,
      configurationItemStatus: 'OK',
      resourceType: 'AWS::S3::Bucket',
      resourceId: 'example-invoices',
      ARN: 'arn:aws:s3:::example-invoices',
      awsRegion: 'eu-central-1',
    },
    s3DeliverySummary: {
      s3BucketLocation: 'config-bucket/AWSLogs/x_ChangeNotification_y_0.json.gz',
      errorCode: null,
      errorMessage: null,
    },
    notificationCreationTime: '2025-11-08T11:00:10.000Z',
    messageType: 'OversizedConfigurationItemChangeNotification',
    recordVersion: '1.0',
  },
  'compliance.jsonl': [
    {
      ...COMPLIANCE,
      newEvaluationResult: result('COMPLIANT', '2025-11-08T08:01:00.000Z'),
      oldEvaluationResult: null,
    },
    {
      ...COMPLIANCE,
      newEvaluationResult: {
        ...result('NON_COMPLIANT', '2025-11-08T10:01:00.000Z'),
        annotation: '=open',
      },
      oldEvaluationResult: result('COMPLIANT', '2025-11-08T08:01:00.000Z'),
    },
  ],
  // All that a topic gets, one after another: an item, a result, a delivery; and an item that was tampered with.
  'topic.jsonl': [
    sns({ messageType: 'x', configurationItem: TAMPERED }),
    sns({ ...COMPLIANCE, newEvaluationResult: result('COMPLIANT', '2025-11-08T12:01:00.000Z') }),
    sns({
      configSnapshotId: 'a',
      s3ObjectKey: `AWSLogs/${ACCOUNT}/Config/eu-central-1/x.json.gz`,
      s3Bucket: 'config-bucket',
      notificationCreationTime: '2025-11-08T09:00:10.000Z',
      messageType: 'ConfigurationSnapshotDeliveryCompleted',
      recordVersion: '1.1',
    }),
  ],
  'recorder.json': {
    ConfigurationRecordersStatus: [
      {
        arn: `arn:aws:config:eu-central-1:${ACCOUNT}:configuration-recorder/default/0a1b`,
        name: 'default',
        lastStartTime: '2025-11-08T09:00:00+00:00',
        lastStopTime: '2025-11-08T13:00:00+00:00',
        recording: false,
        lastStatus: 'SUCCESS',
        lastStatusChangeTime: '2025-11-08T13:00:01+00:00',
      },
    ],
  },
  'failed.json': {
    configSnapshotId: 'b',
    s3ObjectKey: `AWSLogs/${ACCOUNT}/Config/eu-central-1/y.json.gz`,
    errorCode: 'AccessDenied',
    notificationCreationTime: '2025-11-08T14:00:10.000Z',
    messageType: 'ConfigurationSnapshotDeliveryFailed',
    recordVersion: '1.1',
  },
  'by-rule.json': {
    ComplianceByConfigRules: [
      { ConfigRuleName: 'restricted-ssh', Compliance: { ComplianceType: 'NON_COMPLIANT' } },
    ],
  },
  'history.json': {
    configurationItems: [
      {
        version: '1.3',
        accountId: ACCOUNT,
        configurationItemCaptureTime: 1762599700.5,
        configurationItemStatus: 'OK',
        configurationStateId: '3',
        resourceType: 'AWS::Config::ResourceCompliance',
        resourceId: `AWS::EC2::SecurityGroup/${GROUP}`,
        awsRegion: 'eu-central-1',
        tags: {},
        relationships: [],
        configuration: JSON.stringify({
          complianceType: 'NON_COMPLIANT',
          targetResourceId: GROUP,
          targetResourceType: 'AWS::EC2::SecurityGroup',
          configRuleList: [
            { configRuleName: 'vpc-sg-open', complianceType: 'NON_COMPLIANT' },
            'no rule',
            1,
            null,
          ],
        }),
      },
    ],
  },
  // Compliance that is none.
  'broken.json': {
    configurationItems: ['{', '[]', '{"configRuleList":"x"}', '{"configRuleList":{"a":1}}'].map(
      (configuration, index) => ({
        ...common,
        configurationItemCaptureTime: '2025-11-08T11:00:00Z',
        configurationItemStatus: 'OK',
        resourceType: 'AWS::Config::ResourceCompliance',
        resourceId: `broken-${String(index)}`,
        tags: 'x',
        relationships: 'x',
        configuration,
      }),
    ),
  },
  [`AWSLogs/${ACCOUNT}/CloudTrail/eu-central-1/2025/11/08/${ACCOUNT}_CloudTrail_eu-central-1_20251108T1000Z_a.json.gz`]:
    {
      Records: [
        trail('2025-11-08T08:30:00Z', 'StopConfigurationRecorder', 'config.amazonaws.com', {
          configurationRecorderName: 'default',
        }),
        trail('2025-11-08T08:45:00Z', 'PutBucketPolicy', 's3.amazonaws.com', {
          bucketName: 'example-invoices',
        }),
        trail('2025-11-08T09:00:00Z', 'StartConfigurationRecorder', 'config.amazonaws.com', {
          configurationRecorderName: 'default',
        }),
      ],
    },
};

/** Writes the files below a folder. */
export function writeConfigLogs(folder: string): void {
  for (const [path, content] of Object.entries(FILES)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    const text = Array.isArray(content)
      ? content.map((one) => JSON.stringify(one)).join('\n')
      : // 2^53 + 1 stands in it, which a number of JavaScript cannot hold.
        JSON.stringify(content).replaceAll('9007199254740992', '9007199254740993');
    writeFileSync(file, path.endsWith('.gz') ? gzipSync(text) : text);
  }
}
