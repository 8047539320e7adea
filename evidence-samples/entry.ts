/** First act: the leaked key looks around, makes itself at home, and walks through two roles. */
import { ANALYTICS, BUCKET, FAR, GLOBAL, HOME, KEY, PROD, ROLE, USER } from './cast.ts';
import { assumeRole, consoleLogin, proseTime, type Json, type Session } from './trail.ts';
import { type World } from './world.ts';
import { CLI, ME, MOMENT, WEB, at, call, denied, random } from './night.ts';

/** Who am I, and what may I do? Three regions, most answers are no. */
export function reconnaissance(world: World): void {
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
export function persistence(world: World): void {
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

/** From the user key to the deploy role, the secrets, and on to the analytics account. Returns the sessions there. */
export function roleChain(world: World): readonly [first: Session, second: Session] {
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
  // A chained session lives one hour at most, so the copying needs a second one.
  const assume = (when: number): Session => {
    const { session, events } = assumeRole({
      at: when,
      caller: deploy,
      role: ROLE.exportMaintenance,
      name: 'gh-actions-9001',
      region: HOME,
      ...CLI,
    });
    world.event(...events);
    return session;
  };
  return [assume(at('17 23:48:27')), assume(at('18 00:29:55'))];
}
