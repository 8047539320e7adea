/** Deployments and people at work. */
import {
  ADDRESS,
  AGENT,
  ANALYTICS,
  BUCKET,
  GLOBAL,
  HOME,
  PROD,
  ROLE,
  USER,
  type User,
} from './cast.ts';
import { type Random } from './random.ts';
import { s3Request } from './s3.ts';
import { PLACE, assumeRole, consoleLogin, trailEvent, type Caller, type Json } from './trail.ts';
import { type World } from './world.ts';
import { HOUR, MINUTE, type ExportObject } from './days.ts';

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

export function deployment(world: World, random: Random, at: number, run: number): void {
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

export function person(
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

export function developer(world: World, random: Random, day: number): void {
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
export function support(
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
