/** The night of 17 to 18 September 2026. README.md tells it in prose. */
import {
  ADDRESS,
  AGENT,
  ANALYTICS,
  BUCKET,
  FAR,
  FLOW_LOG,
  GLOBAL,
  HOME,
  HOST,
  KEY,
  PROD,
  ROLE,
  TRAIL,
  USER,
} from './cast.ts';
import type { ExportObject } from './background.ts';
import { guid, randomStream } from './random.ts';
import { s3Request } from './s3.ts';
import {
  PLACE,
  assumeRole,
  consoleLogin,
  proseTime,
  trailEvent,
  type Call,
  type Caller,
  type Json,
  type Session,
} from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('intrusion');
const CLI = { ip: ADDRESS.attacker, agent: AGENT.attackerCli } as const;
const WEB = { ip: ADDRESS.attackerBrowser, agent: AGENT.attackerBrowser } as const;
const ME = `arn:aws:iam::${PROD}:user/ci-deploy`;

/** `at('17 22:41:07')`: day of September 2026 and time, UTC. */
function at(text: string): number {
  return Date.UTC(
    2026,
    8,
    Number(text.slice(0, 2)),
    Number(text.slice(3, 5)),
    Number(text.slice(6, 8)),
    Number(text.slice(9, 11)),
  );
}

/** Moments that other generators and the tests need. */
export const MOMENT = {
  firstUse: at('17 22:41:07'),
  instanceUp: at('18 00:24:40'),
  copyStart: at('18 00:31:05'),
  copyEnd: at('18 01:16:30'),
  stopLogging: at('18 01:26:44'),
  startLogging: at('18 07:04:19'),
  end: at('18 09:30:00'),
} as const;

/** How many objects go straight to the attacker before the instance takes over. */
export const DIRECT_OBJECTS = 24;

type Step = Partial<Call> & {
  readonly at: number;
  readonly service: string;
  readonly name: string;
  readonly caller: Caller;
};

/** A call in the production account at home, by command line, unless the step says otherwise. */
function call(world: World, step: Step): void {
  world.event(trailEvent({ account: PROD, region: HOME, ...CLI, ...step }));
}

function denied(
  service: string,
  action: string,
  resource = '*',
  who = ME,
): readonly [string, string] {
  return service === 'ec2'
    ? [
        'Client.UnauthorizedOperation',
        `You are not authorized to perform this operation. User: ${who} is not authorized to perform: ec2:${action} because no identity-based policy allows the ec2:${action} action`,
      ]
    : [
        'AccessDenied',
        `User: ${who} is not authorized to perform: ${service}:${action} on resource: ${resource} because no identity-based policy allows the ${service}:${action} action`,
      ];
}

/** Who am I, and what may I do? Four regions, most answers are no. */
function reconnaissance(world: World): void {
  let now = MOMENT.firstUse;
  const next = (): number => (now += random.int(1, 14) * 1000);
  const ci = USER.ci;
  call(world, {
    at: now,
    region: GLOBAL,
    service: 'sts',
    name: 'GetCallerIdentity',
    caller: ci,
    response: { userId: ci.id, account: PROD, arn: ME },
  });
  const iam: readonly (readonly [string, Json, boolean])[] = [
    ['ListUsers', null, true],
    ['GetUser', null, true],
    ['ListAttachedUserPolicies', { userName: 'ci-deploy' }, true],
    ['ListUserPolicies', { userName: 'ci-deploy' }, true],
    ['ListGroupsForUser', { userName: 'ci-deploy' }, true],
    ['ListRoles', null, false],
    ['GetAccountAuthorizationDetails', null, true],
    ['GetAccountSummary', null, true],
    ['ListAccessKeys', { userName: 'svc-backup' }, false],
    ['GetLoginProfile', { userName: 'svc-backup' }, true],
    ['ListMFADevices', { userName: 'svc-backup' }, true],
    [
      'SimulatePrincipalPolicy',
      { policySourceArn: ME, actionNames: ['iam:CreateUser', 's3:GetObject'] },
      true,
    ],
  ];
  for (const [name, params, no] of iam) {
    call(world, {
      at: next(),
      region: GLOBAL,
      service: 'iam',
      name,
      caller: ci,
      params,
      ...(no ? { error: denied('iam', name, `arn:aws:iam::${PROD}:user/ci-deploy`) } : {}),
    });
  }
  call(world, {
    at: next(),
    region: GLOBAL,
    service: 's3',
    name: 'ListBuckets',
    caller: ci,
    params: { Host: 's3.amazonaws.com' },
  });
  for (const bucket of [BUCKET.site, BUCKET.trail, BUCKET.flow, BUCKET.access]) {
    for (const [name, query] of [
      ['GetBucketPolicy', 'policy'],
      ['GetBucketAcl', 'acl'],
      ['ListObjects', 'prefix'],
    ] as const) {
      call(world, {
        at: next(),
        service: 's3',
        name,
        caller: ci,
        params: { bucketName: bucket, Host: `${bucket}.s3.eu-west-1.amazonaws.com`, [query]: '' },
        error: ['AccessDenied', 'Access Denied'],
      });
    }
  }
  const regional: readonly (readonly [string, string])[] = [
    ['ec2', 'DescribeRegions'],
    ['ec2', 'DescribeInstances'],
    ['ec2', 'DescribeVpcs'],
    ['ec2', 'DescribeSecurityGroups'],
    ['ec2', 'DescribeSnapshots'],
    ['ec2', 'DescribeKeyPairs'],
    ['rds', 'DescribeDBInstances'],
    ['rds', 'DescribeDBSnapshots'],
    ['lambda', 'ListFunctions20150331'],
    ['secretsmanager', 'ListSecrets'],
    ['ssm', 'DescribeParameters'],
    ['dynamodb', 'ListTables'],
    ['cloudtrail', 'DescribeTrails'],
    ['guardduty', 'ListDetectors'],
    ['kms', 'ListAliases'],
    ['ecr', 'DescribeRepositories'],
  ];
  for (const region of [HOME, GLOBAL, FAR]) {
    for (const [service, name] of regional) {
      const allowed =
        region === HOME &&
        [
          'DescribeInstances',
          'DescribeVpcs',
          'DescribeRepositories',
          'ListFunctions20150331',
          'DescribeTrails',
          'ListSecrets',
        ].includes(name);
      call(world, {
        at: next(),
        region,
        service,
        name,
        caller: ci,
        ...(allowed ? {} : { error: denied(service, name.replace('20150331', '')) }),
      });
    }
  }
}

/** A key and a password for a user that nobody watches. */
function persistence(world: World): void {
  const ci = USER.ci;
  const user = USER.backup.name;
  call(world, {
    at: at('17 23:05:31'),
    region: GLOBAL,
    service: 'iam',
    name: 'CreateUser',
    caller: ci,
    write: true,
    params: { userName: 'svc-metrics' },
    error: denied('iam', 'CreateUser', `arn:aws:iam::${PROD}:user/svc-metrics`),
  });
  call(world, {
    at: at('17 23:07:12'),
    region: GLOBAL,
    service: 'iam',
    name: 'CreateAccessKey',
    caller: ci,
    write: true,
    params: { userName: user },
    response: {
      accessKey: {
        userName: user,
        accessKeyId: KEY.backup,
        status: 'Active',
        createDate: proseTime(at('17 23:07:12')),
      },
    },
  });
  call(world, {
    at: at('17 23:09:40'),
    region: GLOBAL,
    service: 'iam',
    name: 'CreateLoginProfile',
    caller: ci,
    write: true,
    params: { userName: user, passwordResetRequired: false },
    response: {
      loginProfile: {
        userName: user,
        createDate: proseTime(at('17 23:09:40')),
        passwordResetRequired: false,
      },
    },
  });
  call(world, {
    at: at('17 23:10:22'),
    region: GLOBAL,
    service: 'iam',
    name: 'AttachUserPolicy',
    caller: ci,
    write: true,
    params: { userName: user, policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
    error: denied('iam', 'AttachUserPolicy', `arn:aws:iam::${PROD}:user/${user}`),
  });
  call(world, {
    at: at('17 23:12:03'),
    region: GLOBAL,
    service: 'sts',
    name: 'GetCallerIdentity',
    caller: USER.backup,
    key: KEY.backup,
    response: { userId: USER.backup.id, account: PROD, arn: `arn:aws:iam::${PROD}:user/${user}` },
  });
  world.event(consoleLogin(at('17 23:14:18'), USER.backup, WEB.ip, WEB.agent, false, true).event);
  const login = consoleLogin(at('17 23:15:02'), USER.backup, WEB.ip, WEB.agent, false);
  world.event(login.event);
  const looks: readonly (readonly [string, string, string])[] = [
    ['health', 'DescribeEventAggregates', GLOBAL],
    ['ce', 'GetCostAndUsage', GLOBAL],
    ['ec2', 'DescribeInstances', HOME],
    ['s3', 'ListBuckets', HOME],
    ['iam', 'ListUsers', GLOBAL],
    ['organizations', 'DescribeOrganization', GLOBAL],
  ];
  looks.forEach(([service, name, region], i) => {
    call(world, {
      at: at('17 23:15:40') + i * 21_000,
      region,
      service,
      name,
      caller: login.session,
      ...WEB,
      error: denied(service, name, '*', `arn:aws:iam::${PROD}:user/${user}`),
    });
  });
}

/** From the user key to the deploy role, the secrets, and on to the analytics account. Returns the last session. */
function roleChain(world: World): Session {
  const first = assumeRole({
    at: at('17 23:31:09'),
    caller: USER.ci,
    role: ROLE.deploy,
    name: 'gh-actions-9001',
    region: HOME,
    sourceIdentity: 'ci-deploy',
    ...CLI,
  });
  world.event(...first.events);
  const deploy = first.session;
  call(world, {
    at: at('17 23:31:40'),
    service: 'sts',
    name: 'GetCallerIdentity',
    caller: deploy,
    response: {
      userId: `${ROLE.deploy.id}:gh-actions-9001`,
      account: PROD,
      arn: `arn:aws:sts::${PROD}:assumed-role/deploy-pipeline/gh-actions-9001`,
    },
  });
  call(world, {
    at: at('17 23:32:15'),
    region: GLOBAL,
    service: 'iam',
    name: 'AttachUserPolicy',
    caller: deploy,
    write: true,
    params: {
      userName: USER.backup.name,
      policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    },
  });
  call(world, {
    at: at('17 23:34:02'),
    service: 'secretsmanager',
    name: 'ListSecrets',
    caller: deploy,
    params: { maxResults: 100 },
  });
  ['orders/db', 'tracking/webhook', 'analytics/export', 'payments/provider'].forEach(
    (secretId, i) => {
      const when = at('17 23:34:30') + i * 9000;
      call(world, {
        at: when,
        service: 'secretsmanager',
        name: 'GetSecretValue',
        caller: deploy,
        params: { secretId },
      });
      call(world, {
        at: when,
        service: 'kms',
        name: 'Decrypt',
        caller: deploy,
        ip: 'secretsmanager.amazonaws.com',
        agent: 'secretsmanager.amazonaws.com',
        invokedBy: 'secretsmanager.amazonaws.com',
        params: {
          encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
          encryptionContext: {
            SecretARN: `arn:aws:secretsmanager:${HOME}:${PROD}:secret:${secretId}-a1B2c3`,
          },
        },
      });
    },
  );
  call(world, {
    at: at('17 23:36:11'),
    service: 'ssm',
    name: 'GetParametersByPath',
    caller: deploy,
    params: { path: '/harborline', recursive: true, withDecryption: true },
  });
  call(world, {
    at: at('17 23:41:50'),
    service: 'sts',
    name: 'AssumeRole',
    caller: deploy,
    write: false,
    params: {
      roleArn: `arn:aws:iam::${ANALYTICS}:role/OrganizationAccountAccessRole`,
      roleSessionName: 'gh-actions-9001',
    },
    error: denied(
      'sts',
      'AssumeRole',
      `arn:aws:iam::${ANALYTICS}:role/OrganizationAccountAccessRole`,
      `arn:aws:sts::${PROD}:assumed-role/deploy-pipeline/gh-actions-9001`,
    ),
  });
  const second = assumeRole({
    at: at('17 23:48:27'),
    caller: deploy,
    role: ROLE.exportMaintenance,
    name: 'gh-actions-9001',
    region: HOME,
    ...CLI,
  });
  world.event(...second.events);
  return second.session;
}

/** The customer exports: first to the attacker's own address, then through an instance far away. */
function exfiltration(world: World, session: Session, exports: readonly ExportObject[]): void {
  const requester = `arn:aws:sts::${ANALYTICS}:assumed-role/export-maintenance/gh-actions-9001`;
  const trail = (event: string): { account: string; caller: Caller; event: string } => ({
    account: ANALYTICS,
    caller: session,
    event,
  });
  world.s3(
    s3Request({
      at: at('17 23:51:44'),
      bucket: BUCKET.exports,
      key: undefined,
      operation: 'GET.BUCKET',
      query: 'list-type=2&prefix=',
      bytes: 1022,
      requester,
      ...CLI,
      trail: trail('ListObjects'),
    }),
  );
  ['14', '15', '16', '17'].forEach((day, i) => {
    world.s3(
      s3Request({
        at: at('17 23:52:10') + i * 4000,
        bucket: BUCKET.exports,
        key: undefined,
        operation: 'GET.BUCKET',
        query: `list-type=2&prefix=exports/2026/09/${day}/`,
        bytes: 9411 + i,
        requester,
        ...CLI,
        trail: trail('ListObjects'),
      }),
    );
  });
  world.s3(
    s3Request({
      at: at('17 23:55:02'),
      bucket: BUCKET.exports,
      key: 'config/retention.json',
      operation: 'GET.OBJECT',
      bytes: 243,
      status: 403,
      error: 'AccessDenied',
      requester,
      ...CLI,
      trail: trail('GetObject'),
    }),
  );
  const take = (object: ExportObject, when: number, ip: string, agent: string): void => {
    world.s3(
      s3Request({
        at: when,
        bucket: BUCKET.exports,
        key: object.key,
        operation: 'GET.OBJECT',
        bytes: object.size,
        size: object.size,
        requester,
        ip,
        agent,
        trail: trail('GetObject'),
      }),
    );
  };
  exports.slice(0, DIRECT_OBJECTS).forEach((object, i) => {
    take(object, at('18 00:02:20') + i * 17_000 + random.int(0, 9000), CLI.ip, CLI.agent);
  });
  const rest = exports.slice(DIRECT_OBJECTS);
  const span = MOMENT.copyEnd - MOMENT.copyStart - 120_000;
  rest.forEach((object, i) => {
    take(
      object,
      MOMENT.copyStart + Math.floor((span * i) / rest.length / 1000) * 1000,
      ADDRESS.farPublic,
      AGENT.attackerBoto,
    );
  });
}

/** An instance in a region that the company never used. */
function farInstance(world: World): void {
  const admin = { caller: USER.backup, key: KEY.backup, region: FAR, service: 'ec2' } as const;
  const { instance, eni, vpc, subnet, group, image } = HOST.far;
  call(world, {
    ...admin,
    at: at('18 00:18:09'),
    name: 'DescribeInstanceTypeOfferings',
    params: { filterSet: {}, maxResults: 100 },
  });
  call(world, {
    ...admin,
    at: at('18 00:19:31'),
    name: 'DescribeVpcs',
    params: { vpcSet: {}, filterSet: {} },
  });
  call(world, {
    ...admin,
    at: at('18 00:20:02'),
    name: 'ImportKeyPair',
    write: true,
    params: { keyName: 'sp-1', publicKeyMaterial: 'c3NoLXJzYSBFWEFNUExF' },
    response: { requestId: guid(random), keyName: 'sp-1', keyPairId: 'key-0e5a11ce5a11ce5a1' },
  });
  call(world, {
    ...admin,
    at: at('18 00:21:17'),
    name: 'CreateSecurityGroup',
    write: true,
    params: { groupName: 'sp-1', groupDescription: 'sp', vpcId: vpc },
    response: { _return: true, groupId: group },
  });
  call(world, {
    ...admin,
    at: at('18 00:21:40'),
    name: 'AuthorizeSecurityGroupIngress',
    write: true,
    params: {
      groupId: group,
      ipPermissions: {
        items: [
          {
            ipProtocol: 'tcp',
            fromPort: 22,
            toPort: 22,
            groups: {},
            ipRanges: { items: [{ cidrIp: `${ADDRESS.attacker}/32` }] },
            ipv6Ranges: {},
            prefixListIds: {},
          },
        ],
      },
    },
    response: { _return: true },
  });
  call(world, {
    ...admin,
    at: at('18 00:23:05'),
    name: 'RunInstances',
    write: true,
    params: {
      instancesSet: { items: [{ imageId: image, minCount: 1, maxCount: 1, keyName: 'sp-1' }] },
      instanceType: 'p4d.24xlarge',
      monitoring: { enabled: false },
    },
    error: [
      'Client.VcpuLimitExceeded',
      'You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to.',
    ],
  });
  call(world, {
    ...admin,
    at: at('18 00:23:52'),
    name: 'RunInstances',
    write: true,
    params: {
      instancesSet: { items: [{ imageId: image, minCount: 1, maxCount: 1, keyName: 'sp-1' }] },
      groupSet: { items: [{ groupId: group }] },
      instanceType: 'c6i.xlarge',
      monitoring: { enabled: false },
    },
    response: {
      reservationId: 'r-0a1b2c3d4e5f60718',
      ownerId: PROD,
      groupSet: {},
      instancesSet: {
        items: [
          {
            instanceId: instance,
            imageId: image,
            instanceState: { code: 0, name: 'pending' },
            instanceType: 'c6i.xlarge',
            launchTime: at('18 00:23:52'),
            placement: { availabilityZone: 'sa-east-1a', tenancy: 'default' },
            privateIpAddress: ADDRESS.farPrivate,
            subnetId: subnet,
            vpcId: vpc,
            networkInterfaceSet: {
              items: [
                {
                  networkInterfaceId: eni,
                  subnetId: subnet,
                  vpcId: vpc,
                  ownerId: PROD,
                  status: 'in-use',
                  privateIpAddress: ADDRESS.farPrivate,
                },
              ],
            },
          },
        ],
      },
    },
  });
  for (const when of ['18 00:24:11', '18 00:25:02', '18 00:26:30']) {
    call(world, {
      ...admin,
      at: at(when),
      name: 'DescribeInstances',
      params: { instancesSet: { items: [{ instanceId: instance }] }, filterSet: {} },
    });
  }
}

/** Logging is narrowed, then switched off. */
function blinding(world: World): void {
  const admin = { caller: USER.backup, key: KEY.backup, write: true } as const;
  const trailArn = `arn:aws:cloudtrail:${HOME}:${PROD}:trail/${TRAIL.prod}`;
  call(world, {
    ...admin,
    at: at('18 01:19:50'),
    write: false,
    service: 'cloudtrail',
    name: 'GetTrailStatus',
    params: { name: trailArn },
  });
  call(world, {
    ...admin,
    at: at('18 01:22:13'),
    service: 'cloudtrail',
    name: 'PutEventSelectors',
    params: {
      trailName: TRAIL.prod,
      eventSelectors: [
        {
          readWriteType: 'All',
          includeManagementEvents: true,
          dataResources: [],
          excludeManagementEventSources: [],
        },
      ],
    },
    response: { trailARN: trailArn },
  });
  call(world, {
    ...admin,
    at: at('18 01:24:01'),
    region: FAR,
    service: 'ec2',
    name: 'DeleteFlowLogs',
    params: { DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: FLOW_LOG.far } } },
    response: { DeleteFlowLogsResponse: { unsuccessful: '', requestId: guid(random) } },
  });
  call(world, {
    ...admin,
    at: at('18 01:24:38'),
    service: 'ec2',
    name: 'DeleteFlowLogs',
    params: { DeleteFlowLogsRequest: { FlowLogId: { tag: 1, content: FLOW_LOG.home } } },
    response: { DeleteFlowLogsResponse: { unsuccessful: '', requestId: guid(random) } },
  });
  call(world, {
    ...admin,
    at: at('18 01:25:30'),
    service: 'cloudtrail',
    name: 'DeleteTrail',
    params: { name: trailArn },
    error: [
      'AccessDenied',
      `User: arn:aws:iam::${PROD}:user/svc-backup is not authorized to perform: cloudtrail:DeleteTrail on resource: ${trailArn} with an explicit deny in a service control policy`,
    ],
  });
  call(world, {
    ...admin,
    at: MOMENT.stopLogging,
    service: 'cloudtrail',
    name: 'StopLogging',
    params: { name: trailArn },
  });
}

/** What the trail did not record, and only CloudTrail's event history kept: cleaning up, and a second way back in. */
function inTheDark(world: World): void {
  const admin = { caller: USER.backup, key: KEY.backup, write: true } as const;
  const iam = { ...admin, region: GLOBAL, service: 'iam' } as const;
  const far = { ...admin, region: FAR, service: 'ec2' } as const;
  const name = USER.lens.name;
  call(world, {
    ...far,
    at: at('18 01:31:20'),
    name: 'TerminateInstances',
    params: { instancesSet: { items: [{ instanceId: HOST.far.instance }] } },
    response: {
      instancesSet: {
        items: [
          {
            instanceId: HOST.far.instance,
            currentState: { code: 32, name: 'shutting-down' },
            previousState: { code: 16, name: 'running' },
          },
        ],
      },
    },
  });
  call(world, {
    ...far,
    at: at('18 01:33:02'),
    name: 'DeleteKeyPair',
    params: { keyName: 'sp-1' },
    response: { _return: true },
  });
  call(world, {
    ...far,
    at: at('18 01:35:45'),
    name: 'DeleteSecurityGroup',
    params: { groupId: HOST.far.group },
    response: { _return: true },
  });
  call(world, {
    ...iam,
    at: at('18 01:38:10'),
    name: 'CreateUser',
    params: { userName: name },
    response: {
      user: {
        path: '/',
        userName: name,
        userId: USER.lens.id,
        arn: `arn:aws:iam::${PROD}:user/${name}`,
        createDate: proseTime(at('18 01:38:10')),
      },
    },
  });
  call(world, {
    ...iam,
    at: at('18 01:38:41'),
    name: 'AttachUserPolicy',
    params: { userName: name, policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
  });
  call(world, {
    ...iam,
    at: at('18 01:39:12'),
    name: 'CreateAccessKey',
    params: { userName: name },
    response: {
      accessKey: {
        userName: name,
        accessKeyId: KEY.lens,
        status: 'Active',
        createDate: proseTime(at('18 01:39:12')),
      },
    },
  });
  call(world, {
    ...iam,
    at: at('18 01:41:55'),
    name: 'DeleteLoginProfile',
    params: { userName: USER.backup.name },
  });
  call(world, {
    ...iam,
    at: at('18 01:43:20'),
    name: 'DetachUserPolicy',
    params: {
      userName: USER.backup.name,
      policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    },
  });
  call(world, {
    ...iam,
    at: at('18 01:44:08'),
    name: 'DeleteAccessKey',
    params: { userName: USER.backup.name, accessKeyId: KEY.backup },
  });
}

/** Morning: the alarm, the keys, and one more visit. */
function response(world: World): void {
  const login = consoleLogin(
    at('18 06:52:30'),
    USER.amara,
    PLACE.amara.ip,
    PLACE.amara.agent,
    true,
  );
  world.event(login.event);
  const amara = { caller: login.session, ...PLACE.amara } as const;
  const trailArn = `arn:aws:cloudtrail:${HOME}:${PROD}:trail/${TRAIL.prod}`;
  call(world, {
    ...amara,
    at: at('18 06:55:10'),
    service: 'cloudtrail',
    name: 'DescribeTrails',
    params: { includeShadowTrails: false },
  });
  call(world, {
    ...amara,
    at: at('18 06:56:44'),
    service: 'cloudtrail',
    name: 'GetTrailStatus',
    params: { name: trailArn },
  });
  call(world, {
    ...amara,
    at: MOMENT.startLogging,
    service: 'cloudtrail',
    name: 'StartLogging',
    write: true,
    params: { name: trailArn },
  });
  call(world, {
    ...amara,
    at: at('18 07:11:52'),
    region: GLOBAL,
    service: 'iam',
    name: 'UpdateAccessKey',
    write: true,
    params: { userName: 'ci-deploy', accessKeyId: USER.ci.key, status: 'Inactive' },
  });
  const lens = { caller: USER.lens, key: KEY.lens } as const;
  call(world, {
    ...lens,
    at: at('18 08:20:15'),
    region: GLOBAL,
    service: 'sts',
    name: 'GetCallerIdentity',
    response: {
      userId: USER.lens.id,
      account: PROD,
      arn: `arn:aws:iam::${PROD}:user/${USER.lens.name}`,
    },
  });
  call(world, {
    ...lens,
    at: at('18 08:20:51'),
    service: 's3',
    name: 'ListBuckets',
    params: { Host: 's3.eu-west-1.amazonaws.com' },
  });
  call(world, {
    ...lens,
    at: at('18 08:22:09'),
    service: 'cloudtrail',
    name: 'GetTrailStatus',
    params: { name: trailArn },
  });
  call(world, {
    ...amara,
    at: at('18 08:40:33'),
    region: GLOBAL,
    service: 'iam',
    name: 'ListUsers',
  });
  call(world, {
    ...amara,
    at: at('18 08:41:27'),
    region: GLOBAL,
    service: 'iam',
    name: 'UpdateAccessKey',
    write: true,
    params: { userName: USER.lens.name, accessKeyId: KEY.lens, status: 'Inactive' },
  });
  call(world, {
    ...lens,
    at: at('18 08:52:04'),
    service: 's3',
    name: 'ListBuckets',
    params: { Host: 's3.eu-west-1.amazonaws.com' },
    error: [
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    ],
  });
}

/** Adds the intrusion to the world. */
export function intrusion(world: World, exports: readonly ExportObject[]): void {
  reconnaissance(world);
  persistence(world);
  const session = roleChain(world);
  farInstance(world);
  exfiltration(world, session, exports);
  blinding(world);
  inTheDark(world);
  response(world);
}
