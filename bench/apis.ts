/** The API calls and user agents that the benchmark's records are made of. */
import { ALNUM, BASE32, type Chance } from './chance.ts';

/** A JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const ACCOUNTS = [
  '111122223333',
  '222233334444',
  '333344445555',
  '444455556666',
  '555566667777',
];
export const REGIONS = ['us-east-1', 'eu-west-1', 'eu-central-1', 'us-west-2', 'ap-southeast-2'];

/** An API call of the set: service, name, read or write, parameters, response, data event or not. */
export interface Api {
  readonly service: string;
  readonly name: string;
  readonly write?: boolean;
  readonly data?: boolean;
  readonly params: (c: Chance) => Json;
  readonly response?: (c: Chance, account: string) => Json;
}

export const arn = (service: string, c: Chance, resource: string): string =>
  `arn:aws:${service}:${c.pick(REGIONS)}:${c.pick(ACCOUNTS)}:${resource}`;
export const bucket = (c: Chance): string =>
  `data-${c.pick(['orders', 'logs', 'images', 'exports', 'models'])}-${String(c.below(40))}`;
export const objectKey = (c: Chance): string =>
  `year=2026/month=01/day=${String(c.below(28) + 1)}/part-${c.hex(8)}.parquet`;
const instance = (c: Chance): Json => ({
  instancesSet: {
    items: Array.from({ length: 1 + c.below(3) }, () => ({ instanceId: `i-0${c.hex(16)}` })),
  },
});

export const APIS: readonly Api[] = [
  {
    service: 's3',
    name: 'GetObject',
    data: true,
    params: (c) => ({
      bucketName: bucket(c),
      Host: `${bucket(c)}.s3.eu-west-1.amazonaws.com`,
      key: objectKey(c),
    }),
  },
  {
    service: 's3',
    name: 'PutObject',
    data: true,
    write: true,
    params: (c) => ({
      bucketName: bucket(c),
      Host: `${bucket(c)}.s3.eu-west-1.amazonaws.com`,
      key: objectKey(c),
      'x-amz-server-side-encryption': 'aws:kms',
    }),
    response: (c) => ({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': arn('kms', c, `key/${c.guid()}`),
      'x-amz-version-id': c.text(ALNUM, 32),
    }),
  },
  {
    service: 's3',
    name: 'ListObjects',
    data: true,
    params: (c) => ({
      'list-type': '2',
      bucketName: bucket(c),
      prefix: `year=2026/month=01/day=${String(c.below(28) + 1)}/`,
      'max-keys': '1000',
      delimiter: '/',
    }),
  },
  {
    service: 'sts',
    name: 'AssumeRole',
    params: (c) => ({
      roleArn: arn('iam', c, `role/service-${String(c.below(60))}`),
      roleSessionName: c.text(ALNUM, 20),
      durationSeconds: 3600,
      externalId: c.guid(),
    }),
    response: (c, account) => ({
      credentials: {
        accessKeyId: `ASIA${c.text(BASE32, 16)}`,
        sessionToken: c.text(ALNUM, 356),
        expiration: 'Jan 9, 2026, 11:15:00 PM',
      },
      assumedRoleUser: {
        assumedRoleId: `AROA${c.text(BASE32, 17)}:job`,
        arn: `arn:aws:sts::${account}:assumed-role/service/job`,
      },
    }),
  },
  {
    service: 'sts',
    name: 'GetCallerIdentity',
    params: () => null,
    response: (c, account) => ({
      userId: `AIDA${c.text(BASE32, 17)}`,
      account,
      arn: `arn:aws:iam::${account}:user/u${String(c.below(120))}`,
    }),
  },
  {
    service: 'kms',
    name: 'Decrypt',
    params: (c) => ({
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${bucket(c)}/${objectKey(c)}` },
    }),
  },
  {
    service: 'kms',
    name: 'GenerateDataKey',
    params: (c) => ({
      keyId: arn('kms', c, `key/${c.guid()}`),
      keySpec: 'AES_256',
      encryptionContext: { tableName: `t${String(c.below(90))}`, subscriberId: c.hex(12) },
    }),
  },
  {
    service: 'ec2',
    name: 'DescribeInstances',
    params: (c) => ({
      ...(instance(c) as object),
      filterSet: {
        items: [{ name: 'tag:Name', valueSet: { items: [{ value: `web-${c.hex(4)}` }] } }],
      },
      maxResults: 100,
    }),
  },
  {
    service: 'ec2',
    name: 'DescribeNetworkInterfaces',
    params: (c) => ({
      networkInterfaceIdSet: { items: [{ networkInterfaceId: `eni-0${c.hex(16)}` }] },
      filterSet: {},
    }),
  },
  {
    service: 'ec2',
    name: 'DescribeSecurityGroups',
    params: (c) => ({
      securityGroupSet: {},
      securityGroupIdSet: { items: [{ groupId: `sg-0${c.hex(16)}` }] },
      filterSet: {},
    }),
  },
  {
    service: 'ec2',
    name: 'CreateTags',
    write: true,
    params: (c) => ({
      resourcesSet: { items: [{ resourceId: `vol-0${c.hex(16)}` }] },
      tagSet: {
        items: [
          { key: 'owner', value: `team-${String(c.below(30))}` },
          { key: 'run', value: c.guid() },
        ],
      },
    }),
    response: (c) => ({ requestId: c.guid(), _return: true }),
  },
  {
    service: 'ec2',
    name: 'RunInstances',
    write: true,
    params: (c) => ({
      instancesSet: { items: [{ imageId: `ami-0${c.hex(16)}`, minCount: 1, maxCount: 1 }] },
      instanceType: c.pick(['t3.large', 'm6i.xlarge', 'c7g.2xlarge']),
      userData: '<sensitiveDataRemoved>',
    }),
    response: (c, account) => ({
      requestId: c.guid(),
      reservationId: `r-0${c.hex(16)}`,
      ownerId: account,
      instancesSet: {
        items: [
          {
            instanceId: `i-0${c.hex(16)}`,
            privateDnsName: `ip-10-0-${String(c.below(255))}-${String(c.below(255))}.ec2.internal`,
            subnetId: `subnet-0${c.hex(16)}`,
            vpcId: `vpc-0${c.hex(16)}`,
            instanceState: { code: 0, name: 'pending' },
          },
        ],
      },
    }),
  },
  {
    service: 'lambda',
    name: 'Invoke',
    data: true,
    params: (c) => ({
      functionName: arn('lambda', c, `function:fn-${String(c.below(200))}`),
      invocationType: 'Event',
    }),
  },
  {
    service: 'lambda',
    name: 'UpdateFunctionCode20150331v2',
    write: true,
    params: (c) => ({
      functionName: `fn-${String(c.below(200))}`,
      s3Bucket: bucket(c),
      s3Key: objectKey(c),
      publish: true,
    }),
    response: (c) => ({
      functionArn: arn('lambda', c, `function:fn-${String(c.below(200))}`),
      codeSha256: c.text(ALNUM, 43),
      revisionId: c.guid(),
      memorySize: 512,
      timeout: 30,
      lastModified: '2026-01-09T10:11:12.000+0000',
    }),
  },
  {
    service: 'secretsmanager',
    name: 'GetSecretValue',
    params: (c) => ({
      secretId: arn('secretsmanager', c, `secret:app/${String(c.below(80))}-${c.text(ALNUM, 6)}`),
      versionStage: 'AWSCURRENT',
    }),
  },
  {
    service: 'ssm',
    name: 'GetParameters',
    params: (c) => ({
      names: Array.from(
        { length: 1 + c.below(5) },
        () => `/app/${String(c.below(80))}/${c.pick(['db-url', 'token', 'flags', 'version'])}`,
      ),
      withDecryption: true,
    }),
  },
  {
    service: 'ssm',
    name: 'UpdateInstanceInformation',
    write: true,
    params: (c) => ({
      instanceId: `i-0${c.hex(16)}`,
      agentVersion: '3.3.484.0',
      agentStatus: 'Active',
      platformType: 'Linux',
      platformName: 'Amazon Linux',
      platformVersion: '2023',
      iPAddress: `10.0.${String(c.below(255))}.${String(c.below(255))}`,
      computerName: `ip-10-0-${c.hex(4)}.ec2.internal`,
    }),
  },
  {
    service: 'dynamodb',
    name: 'DescribeTable',
    params: (c) => ({ tableName: `table-${String(c.below(90))}` }),
  },
  {
    service: 'dynamodb',
    name: 'GetItem',
    data: true,
    params: (c) => ({
      tableName: `table-${String(c.below(90))}`,
      key: { id: { S: c.guid() }, sort: { N: String(c.next()) } },
      consistentRead: c.below(2) === 0,
    }),
  },
  {
    service: 'iam',
    name: 'GetRole',
    params: (c) => ({ roleName: `service-${String(c.below(60))}` }),
  },
  {
    service: 'iam',
    name: 'ListAttachedRolePolicies',
    params: (c) => ({ roleName: `service-${String(c.below(60))}`, maxItems: 100 }),
  },
  {
    service: 'logs',
    name: 'CreateLogStream',
    write: true,
    params: (c) => ({
      logGroupName: `/aws/lambda/fn-${String(c.below(200))}`,
      logStreamName: `2026/01/09/[$LATEST]${c.hex(32)}`,
    }),
  },
  {
    service: 'monitoring',
    name: 'GetMetricData',
    params: (c) => ({
      startTime: 'Jan 9, 2026, 10:00:00 AM',
      endTime: 'Jan 9, 2026, 11:00:00 AM',
      metricDataQueries: Array.from({ length: 1 + c.below(3) }, () => ({
        id: `m${c.hex(6)}`,
        metricStat: {
          metric: {
            namespace: 'AWS/ApplicationELB',
            metricName: 'RequestCount',
            dimensions: [{ name: 'LoadBalancer', value: `app/web/${c.hex(16)}` }],
          },
          period: 60,
          stat: 'Sum',
        },
      })),
    }),
  },
  {
    service: 'ecs',
    name: 'DescribeTasks',
    params: (c) => ({
      cluster: `c${String(c.below(12))}`,
      tasks: Array.from({ length: 1 + c.below(4) }, () => arn('ecs', c, `task/c/${c.hex(32)}`)),
    }),
  },
  {
    service: 'ecs',
    name: 'SubmitTaskStateChange',
    write: true,
    params: (c) => ({
      cluster: `c${String(c.below(12))}`,
      task: arn('ecs', c, `task/c/${c.hex(32)}`),
      status: 'RUNNING',
      attachments: [],
    }),
    response: () => ({ acknowledgment: 'arn:aws:ecs' }),
  },
  {
    service: 'elasticloadbalancing',
    name: 'DescribeTargetHealth',
    params: (c) => ({
      targetGroupArn: arn('elasticloadbalancing', c, `targetgroup/web/${c.hex(16)}`),
    }),
  },
  {
    service: 'cloudformation',
    name: 'DescribeStacks',
    params: (c) => ({
      stackName: arn('cloudformation', c, `stack/app-${String(c.below(50))}/${c.guid()}`),
    }),
  },
  {
    service: 'rds',
    name: 'DescribeDBInstances',
    params: (c) => ({ dBInstanceIdentifier: `db-${String(c.below(30))}`, maxRecords: 100 }),
  },
  {
    service: 'sqs',
    name: 'GetQueueAttributes',
    params: (c) => ({
      queueUrl: `https://sqs.eu-west-1.amazonaws.com/${c.pick(ACCOUNTS)}/q-${String(c.below(60))}`,
      attributeNames: ['All'],
    }),
  },
  {
    service: 'ecr',
    name: 'BatchGetImage',
    params: (c) => ({
      repositoryName: `app-${String(c.below(50))}`,
      imageIds: [{ imageDigest: `sha256:${c.hex(64)}` }],
      acceptedMediaTypes: ['application/vnd.docker.distribution.manifest.v2+json'],
    }),
  },
];

export const AGENTS = [
  ...Array.from(
    { length: 24 },
    (_, i) =>
      `aws-cli/2.${String(13 + (i % 12))}.${String(i)} md/awscrt#0.19.${String(i)} ua/2.0 os/linux#6.1.${String(70 + i)}-generic md/arch#x86_64 lang/python#3.11.${String(i % 9)} md/pyimpl#CPython cfg/retry-mode#standard`,
  ),
  ...Array.from(
    { length: 24 },
    (_, i) =>
      `APN/1.0 HashiCorp/1.0 Terraform/1.${String(i % 9)}.5 (+https://www.terraform.io) terraform-provider-aws/5.${String(20 + i)}.1 aws-sdk-go-v2/1.${String(20 + i)}.2 os/linux lang/go#1.22.${String(i % 6)} md/GOOS#linux md/GOARCH#amd64`,
  ),
  ...Array.from(
    { length: 24 },
    (_, i) =>
      `aws-sdk-java/2.${String(20 + (i % 7))}.${String(i)} Linux/5.10.${String(200 + i)}-${String(180 + i)}.855.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.${String(i % 11)}+7-LTS Java/17.0.${String(i % 11)} vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy`,
  ),
  ...Array.from(
    { length: 12 },
    (_, i) =>
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${String(110 + i)}.0.0.0 Safari/537.36`,
  ),
  ...Array.from(
    { length: 12 },
    (_, i) =>
      `Boto3/1.34.${String(i)} md/Botocore#1.34.${String(i)} ua/2.0 os/linux#5.10.216 md/arch#x86_64 lang/python#3.12.3 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy`,
  ),
];
