/** Four and a half ordinary days: deployments, people, machines and AWS services at work. */
import {
  ADDRESS,
  AGENT,
  ANALYTICS,
  BUCKET,
  GLOBAL,
  HOME,
  HOST,
  KMS_KEY,
  PROD,
  ROLE,
  USER,
  type User,
} from './cast.ts';
import { accessKeyId, guid, hexText, randomStream, type Random } from './random.ts';
import { s3Request } from './s3.ts';
import {
  PLACE,
  assumeRole,
  consoleLogin,
  trailEvent,
  type Caller,
  type Json,
  type Session,
} from './trail.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Monday 2026-09-14, 00:00 UTC. */
export const START = Date.UTC(2026, 8, 14);
const DAY = 24 * HOUR;
/** Objects that the nightly export writes. */
export const EXPORTS_PER_NIGHT = 40;

/** One object of the customer exports. */
export interface ExportObject {
  readonly key: string;
  readonly size: number;
}

type Habit = readonly [service: string, event: string, params: Json, region?: string];

const READ_HABITS: readonly Habit[] = [
  ['ec2', 'DescribeInstances', { maxResults: 50, instancesSet: {}, filterSet: {} }],
  [
    'ec2',
    'DescribeSecurityGroups',
    { securityGroupSet: {}, securityGroupIdSet: {}, filterSet: {} },
  ],
  ['ec2', 'DescribeVpcs', { vpcSet: {}, filterSet: {} }],
  ['ec2', 'DescribeVolumes', { volumeSet: {}, filterSet: {} }],
  ['cloudwatch', 'DescribeAlarms', { alarmTypes: ['MetricAlarm'], maxRecords: 100 }],
  ['monitoring', 'GetMetricData', { startTime: 'Sep 14, 2026, 6:00:00 AM', maxDatapoints: 5000 }],
  ['logs', 'DescribeLogGroups', { limit: 50 }],
  [
    'logs',
    'StartQuery',
    {
      logGroupNames: ['/harborline/orders'],
      limit: 1000,
      queryString: 'fields @timestamp, @message | filter level = "ERROR" | sort @timestamp desc',
    },
  ],
  ['rds', 'DescribeDBInstances', { dBInstanceIdentifier: 'orders-db' }],
  ['lambda', 'ListFunctions20150331', { maxItems: 50 }],
  [
    'elasticloadbalancing',
    'DescribeTargetHealth',
    {
      targetGroupArn: `arn:aws:elasticloadbalancing:${HOME}:${PROD}:targetgroup/orders/6d0ecf831eec9f09`,
    },
  ],
  ['ecs', 'DescribeServices', { cluster: 'harborline', services: ['orders', 'tracking'] }],
  ['s3', 'ListBuckets', { Host: 's3.eu-west-1.amazonaws.com' }],
  [
    's3',
    'GetBucketPolicyStatus',
    {
      bucketName: BUCKET.site,
      Host: `${BUCKET.site}.s3.eu-west-1.amazonaws.com`,
      policyStatus: '',
    },
  ],
  ['iam', 'ListRoles', { maxItems: 100 }, GLOBAL],
  ['iam', 'GetAccountSummary', null, GLOBAL],
  [
    'health',
    'DescribeEventAggregates',
    { aggregateField: 'eventTypeCategory', filter: { eventStatusCodes: ['open', 'upcoming'] } },
    GLOBAL,
  ],
  ['cost-optimization-hub', 'ListEnrollmentStatuses', { includeOrganizationInfo: false }, GLOBAL],
];

const DEPLOY_STEPS: readonly (readonly [
  service: string,
  event: string,
  params: Json,
  write: boolean,
])[] = [
  ['cloudformation', 'DescribeStacks', { stackName: 'harborline-orders' }, false],
  ['ecr', 'BatchCheckLayerAvailability', { repositoryName: 'orders', registryId: PROD }, false],
  ['ecr', 'PutImage', { repositoryName: 'orders', imageTag: 'main' }, true],
  [
    'ecs',
    'RegisterTaskDefinition',
    { family: 'orders', networkMode: 'awsvpc', cpu: '512', memory: '1024' },
    true,
  ],
  [
    'ecs',
    'UpdateService',
    { cluster: 'harborline', service: 'orders', forceNewDeployment: true },
    true,
  ],
  ['ecs', 'DescribeServices', { cluster: 'harborline', services: ['orders'] }, false],
  ['ecs', 'DescribeServices', { cluster: 'harborline', services: ['orders'] }, false],
  ['lambda', 'GetFunction20150331v2', { functionName: 'tracking-webhook' }, false],
  [
    'lambda',
    'UpdateFunctionCode20150331v2',
    { functionName: 'tracking-webhook', publish: true, dryRun: false },
    true,
  ],
  [
    'ssm',
    'PutParameter',
    {
      name: '/harborline/orders/version',
      type: 'String',
      overwrite: true,
      value: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    },
    true,
  ],
  ['secretsmanager', 'DescribeSecret', { secretId: 'orders/db' }, false],
  ['cloudformation', 'DescribeStackEvents', { stackName: 'harborline-orders' }, false],
];

/** A call made by somebody at their usual place. */
function habit(
  world: World,
  random: Random,
  at: number,
  caller: Caller,
  place: { ip: string; agent: string },
): void {
  const [service, name, params, region = HOME] = random.pick(READ_HABITS);
  world.event(trailEvent({ at, account: PROD, region, service, name, caller, params, ...place }));
}

function deployment(world: World, random: Random, at: number, run: number): void {
  let now = at;
  const step = (low: number, high: number): number => (now += random.int(low, high) * 1000);
  world.event(
    trailEvent({
      at: now,
      account: PROD,
      region: HOME,
      service: 'sts',
      name: 'GetCallerIdentity',
      caller: USER.ci,
      response: { userId: USER.ci.id, account: PROD, arn: `arn:aws:iam::${PROD}:user/ci-deploy` },
      ...PLACE.ci,
    }),
  );
  const { session, events } = assumeRole({
    at: step(1, 4),
    caller: USER.ci,
    role: ROLE.deploy,
    name: `gh-actions-${String(run)}`,
    region: HOME,
    sourceIdentity: 'gh-actions',
    ...PLACE.ci,
  });
  world.event(...events);
  for (const [service, name, params, write] of DEPLOY_STEPS) {
    world.event(
      trailEvent({
        at: step(2, 40),
        account: PROD,
        region: HOME,
        service,
        name,
        caller: session,
        params,
        write,
        ...PLACE.ci,
      }),
    );
  }
}

function person(
  world: World,
  random: Random,
  day: number,
  user: User,
  place: { ip: string; agent: string },
  calls: number,
): void {
  const morning = day + 7 * HOUR + random.int(0, 70) * MINUTE + random.int(0, 59) * 1000;
  const { session, event } = consoleLogin(morning, user, place.ip, place.agent, true);
  world.event(event);
  for (let i = 0; i < calls; i += 1) {
    habit(
      world,
      random,
      morning + random.int(1, 560) * MINUTE + random.int(0, 59_000),
      session,
      place,
    );
  }
}

function developer(world: World, random: Random, day: number): void {
  for (let i = 0; i < 26; i += 1) {
    habit(
      world,
      random,
      day + 8 * HOUR + random.int(0, 570) * MINUTE + random.int(0, 59_000),
      USER.lena,
      PLACE.lena,
    );
  }
  // An ordinary day has a few refusals too: an AccessDenied alone proves nothing.
  for (let i = 0; i < 2; i += 1) {
    world.event(
      trailEvent({
        at: day + 9 * HOUR + random.int(0, 400) * MINUTE,
        account: PROD,
        region: HOME,
        service: 'secretsmanager',
        name: 'GetSecretValue',
        caller: USER.lena,
        params: { secretId: 'orders/db' },
        error: [
          'AccessDenied',
          `User: arn:aws:iam::${PROD}:user/lena.vogt is not authorized to perform: secretsmanager:GetSecretValue on resource: orders/db because no identity-based policy allows the secretsmanager:GetSecretValue action`,
        ],
        ...PLACE.lena,
      }),
    );
  }
}

/** Tomas answers customers: a role in the analytics account, one to three exports read a day. */
function support(
  world: World,
  random: Random,
  day: number,
  exports: readonly ExportObject[],
): void {
  const at = day + 10 * HOUR + random.int(0, 300) * MINUTE;
  const login = consoleLogin(at, USER.tomas, ADDRESS.officeTomas, AGENT.chrome, true);
  world.event(login.event);
  const { session, events } = assumeRole({
    at: at + 2 * MINUTE,
    caller: login.session,
    role: ROLE.supportRead,
    name: 'tomas.reyes',
    region: HOME,
    ...PLACE.tomas,
  });
  world.event(...events);
  for (let i = random.int(1, 3); i > 0; i -= 1) {
    const object = random.pick(exports);
    world.s3(
      s3Request({
        at: at + (4 + i) * MINUTE + random.int(0, 50_000),
        bucket: BUCKET.exports,
        key: object.key,
        operation: 'GET.OBJECT',
        bytes: object.size,
        size: object.size,
        requester: `arn:aws:sts::${ANALYTICS}:assumed-role/support-readonly/tomas.reyes`,
        ...PLACE.tomas,
        trail: { account: ANALYTICS, caller: session, event: 'GetObject' },
      }),
    );
  }
}

/** The nightly export writes 40 objects; returns them. */
function nightlyExport(world: World, random: Random, day: number): ExportObject[] {
  const at = day + 90 * MINUTE + random.int(0, 50) * 1000;
  const service = { kind: 'service', name: 'lambda' } as const;
  const { session, events } = assumeRole({
    at,
    caller: service,
    role: ROLE.nightly,
    name: 'export-nightly',
    region: HOME,
    ip: 'lambda.amazonaws.com',
    agent: 'lambda.amazonaws.com',
  });
  world.event(...events);
  const date = new Date(day).toISOString().slice(0, 10).replaceAll('-', '/');
  return Array.from({ length: EXPORTS_PER_NIGHT }, (_, i) => {
    const key = `exports/${date}/customers-part-${String(i).padStart(4, '0')}.csv.gz`;
    const size = random.int(2_400_000, 6_900_000);
    world.s3(
      s3Request({
        at: at + (3 + i * 4) * 1000 + random.int(0, 900),
        bucket: BUCKET.exports,
        key,
        operation: 'PUT.OBJECT',
        bytes: size,
        size,
        requester: `arn:aws:sts::${ANALYTICS}:assumed-role/export-nightly-role/export-nightly`,
        ...PLACE.nightly,
        trail: { account: ANALYTICS, caller: session, event: 'PutObject' },
      }),
    );
    return { key, size };
  });
}

/** Instances renew their credentials every six hours and fetch what they need. */
function instances(world: World, random: Random, from: number, to: number): void {
  for (const host of HOST.orders) {
    let session: Session | undefined;
    let renew = from;
    for (let at = from + random.int(0, 40) * MINUTE; at < to; at += random.int(55, 70) * MINUTE) {
      if (session === undefined || at >= renew) {
        const assumed = assumeRole({
          at,
          caller: { kind: 'service', name: 'ec2' },
          role: ROLE.orders,
          name: host.instance,
          region: HOME,
          delivery: '2.0',
          ip: 'ec2.amazonaws.com',
          agent: 'ec2.amazonaws.com',
        });
        session = assumed.session;
        renew = at + 6 * HOUR;
        world.event(...assumed.events);
        const caller = session;
        world.event(
          trailEvent({
            at: at + 8000,
            account: PROD,
            region: HOME,
            service: 'secretsmanager',
            name: 'GetSecretValue',
            caller,
            params: { secretId: 'orders/db' },
            ...PLACE.orders,
          }),
        );
        world.event(
          trailEvent({
            at: at + 8000,
            account: PROD,
            region: HOME,
            service: 'kms',
            name: 'Decrypt',
            caller,
            ip: 'secretsmanager.amazonaws.com',
            agent: 'secretsmanager.amazonaws.com',
            invokedBy: 'secretsmanager.amazonaws.com',
            params: {
              encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
              encryptionContext: {
                SecretARN: `arn:aws:secretsmanager:${HOME}:${PROD}:secret:orders/db-a1B2c3`,
              },
            },
            resources: [{ accountId: PROD, type: 'AWS::KMS::Key', ARN: KMS_KEY }],
          }),
        );
      }
      world.event(
        trailEvent({
          at: at + 20_000,
          account: PROD,
          region: HOME,
          service: 'ssm',
          name: 'UpdateInstanceInformation',
          caller: session,
          write: true,
          ...PLACE.orders,
          params: {
            instanceId: host.instance,
            agentVersion: '3.3.484.0',
            agentStatus: 'Active',
            platformType: 'Linux',
            platformName: 'Amazon Linux',
            platformVersion: '2023',
            iPAddress: host.address,
            computerName: `ip-${host.address.replaceAll('.', '-')}.eu-west-1.compute.internal`,
            agentName: 'amazon-ssm-agent',
          },
        }),
      );
    }
  }
}

/** AWS services at work in the account: the trail checks its bucket, Config its role, keys are used for storage. */
function services(world: World, random: Random, from: number, to: number): void {
  for (let at = from + 11 * MINUTE; at < to; at += 2 * HOUR) {
    const exact = at + random.int(0, 500) * 1000;
    world.event(
      trailEvent({
        at: exact,
        account: PROD,
        region: HOME,
        service: 's3',
        name: 'GetBucketAcl',
        caller: { kind: 'service', name: 'cloudtrail' },
        ip: 'cloudtrail.amazonaws.com',
        agent: 'cloudtrail.amazonaws.com',
        params: {
          bucketName: BUCKET.trail,
          Host: `${BUCKET.trail}.s3.eu-west-1.amazonaws.com`,
          acl: '',
        },
        resources: [
          { accountId: PROD, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${BUCKET.trail}` },
        ],
      }),
    );
    world.event(
      trailEvent({
        at: exact + 37_000,
        account: PROD,
        region: HOME,
        service: 'kms',
        name: 'GenerateDataKey',
        ip: 'AWS Internal',
        agent: 'AWS Internal',
        caller: { kind: 'literal', identity: { type: 'AWSService', invokedBy: 'AWS Internal' } },
        params: {
          keyId: KMS_KEY,
          keySpec: 'AES_256',
          encryptionContext: { 'aws:ebs:id': `vol-0${hexText(random, 16)}` },
        },
        resources: [{ accountId: PROD, type: 'AWS::KMS::Key', ARN: KMS_KEY }],
      }),
    );
    world.event(
      trailEvent({
        at: exact + 95_000,
        account: PROD,
        region: HOME,
        service: 'sts',
        name: 'AssumeRole',
        caller: { kind: 'service', name: 'config' },
        ip: 'config.amazonaws.com',
        agent: 'config.amazonaws.com',
        params: {
          roleArn: `arn:aws:iam::${PROD}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig`,
          roleSessionName: 'AWSConfig-Describe',
          durationSeconds: 900,
        },
        response: {
          credentials: {
            accessKeyId: accessKeyId(random, 'ASIA'),
            sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE',
            expiration: 'Sep 18, 2026, 1:00:00 AM',
          },
        },
        sharedEventId: guid(random),
      }),
    );
  }
}

/** Visitors and robots of the public web site: anonymous lines in the server access log. */
function visitors(world: World, random: Random, from: number, to: number): void {
  const pages = ['index.html', 'track.html', 'img/logo.svg', 'css/site.css', 'contact.html'];
  const agents = [
    AGENT.chrome,
    AGENT.attackerBrowser,
    'Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example.com/)',
    'curl/8.5.0',
    'Mozilla/5.0 "quoted" probe',
  ];
  for (let at = from; at < to; at += random.int(20, 75) * MINUTE) {
    const missing = random.chance(0.2);
    const size = random.int(900, 48_000);
    world.s3(
      s3Request({
        at: at + random.int(0, 59_000),
        bucket: BUCKET.site,
        key: missing ? random.pick(['wp-login.php', '.env', 'admin/']) : random.pick(pages),
        operation: 'GET.OBJECT',
        requester: '-',
        anonymous: true,
        ip: random.pick([
          `198.51.100.${String(random.int(120, 180))}`,
          `192.0.2.${String(random.int(100, 180))}`,
          `2001:db8:77::${String(random.int(1, 99))}`,
        ]),
        agent: random.pick(agents),
        bytes: missing ? 243 : size,
        ...(missing ? { status: 403, error: 'AccessDenied' } : { size }),
      }),
    );
  }
}

/** Fills the world with ordinary work until `end`; returns the exports written before the night of the intrusion. */
export function background(world: World, end: number): readonly ExportObject[] {
  const random = randomStream('background');
  const exports: ExportObject[] = [];
  let run = 5301;
  for (let day = START; day < end; day += DAY) {
    const night = nightlyExport(world, random, day);
    if (day === START + 4 * DAY) break;
    exports.push(...night);
    for (let i = 0; i < 5; i += 1) {
      deployment(world, random, day + (8 + 2 * i) * HOUR + random.int(0, 80) * MINUTE, run);
      run += random.int(3, 17);
    }
    person(world, random, day, USER.amara, PLACE.amara, 24);
    developer(world, random, day);
    support(world, random, day, exports);
  }
  // The owner's yearly look at the bill: a root sign-in that is what it seems.
  const root = START + 9 * HOUR + 41 * MINUTE;
  world.event(
    trailEvent({
      at: root,
      account: PROD,
      region: GLOBAL,
      service: 'signin',
      name: 'ConsoleLogin',
      ip: ADDRESS.officeAmara6,
      agent: AGENT.chrome,
      write: true,
      type: 'AwsConsoleSignIn',
      caller: {
        kind: 'literal',
        identity: {
          type: 'Root',
          principalId: PROD,
          arn: `arn:aws:iam::${PROD}:root`,
          accountId: PROD,
        },
      },
      response: { ConsoleLogin: 'Success' },
      more: {
        LoginTo: 'https://console.aws.amazon.com/billing/home',
        MobileVersion: 'No',
        MFAIdentifier: `arn:aws:iam::${PROD}:mfa/root-account-mfa-device`,
        MFAUsed: 'Yes',
      },
    }),
  );
  // The day before: log file validation is switched on for both trails.
  const validation = START + 3 * DAY + 11 * HOUR + 47 * MINUTE;
  const admin = consoleLogin(
    validation - 20 * MINUTE,
    USER.amara,
    ADDRESS.officeAmara6,
    AGENT.chrome,
    true,
  );
  world.event(admin.event);
  world.event(
    trailEvent({
      at: validation,
      account: PROD,
      region: HOME,
      service: 'cloudtrail',
      name: 'UpdateTrail',
      caller: admin.session,
      ip: ADDRESS.officeAmara6,
      agent: AGENT.chrome,
      write: true,
      params: {
        name: `arn:aws:cloudtrail:${HOME}:${PROD}:trail/main`,
        enableLogFileValidation: true,
      },
      response: {
        name: 'main',
        s3BucketName: BUCKET.trail,
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        trailARN: `arn:aws:cloudtrail:${HOME}:${PROD}:trail/main`,
        logFileValidationEnabled: true,
        isOrganizationTrail: false,
      },
    }),
  );
  instances(world, random, START, end);
  services(world, random, START, end);
  visitors(world, random, START, end);
  return exports;
}
