/** Third act: logging is switched off, traces are removed, and the company wakes up. */
import { FAR, FLOW_LOG, GLOBAL, HOME, HOST, KEY, PROD, TRAIL, USER } from './cast.ts';
import { guid } from './random.ts';
import { PLACE, consoleLogin, proseTime } from './trail.ts';
import { type World } from './world.ts';
import { MOMENT, at, call, random } from './night.ts';

/** Logging is narrowed, then switched off. */
export function blinding(world: World): void {
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
export function inTheDark(world: World): void {
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
export function response(world: World): void {
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
