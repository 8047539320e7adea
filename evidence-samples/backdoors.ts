/** More of what happened while the trail was off, and what only event history and other logs tell of. */
import { ADDRESS, AGENT, BUCKET, GLOBAL, HOME, KEY, KMS_KEY, PROD, ROLE, USER } from './cast.ts';
import { COPY, DETECTOR, NET, SHELL, STRANGER } from './estate.ts';
import { ME as USER_ARN, at, call } from './night.ts';
import { s3Request } from './s3.ts';
import { type World } from './world.ts';

/** What the web site's bucket allows before and after 01:37. */
export const SITE_POLICY = {
  before: {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Read',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${BUCKET.site}/*`,
      },
    ],
  },
  after: {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Read',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${BUCKET.site}/*`,
      },
      {
        Sid: 'Cdn',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${STRANGER}:root` },
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${BUCKET.site}/*`,
      },
    ],
  },
} as const;

/** A shell on an order server, and a door into the web site's bucket. */
export function backdoors(world: World): void {
  const admin = { caller: USER.backup, key: KEY.backup, write: true, region: HOME } as const;
  call(world, {
    ...admin,
    at: at('18 01:28:30'),
    service: 'ssm',
    name: 'StartSession',
    params: { target: SHELL.instance },
    response: {
      sessionId: SHELL.id,
      tokenValue: 'Value hidden due to security reasons.',
      streamUrl: `wss://ssmmessages.${HOME}.amazonaws.com/v1/data-channel/${SHELL.id}?role=publish_subscribe`,
    },
  });
  call(world, {
    ...admin,
    at: at('18 01:36:02'),
    service: 'ssm',
    name: 'TerminateSession',
    params: { sessionId: SHELL.id },
    response: { sessionId: SHELL.id },
  });
  call(world, {
    ...admin,
    at: at('18 01:37:15'),
    service: 's3',
    name: 'PutBucketPolicy',
    params: {
      bucketName: BUCKET.site,
      Host: `${BUCKET.site}.s3.${HOME}.amazonaws.com`,
      policy: '',
      bucketPolicy: SITE_POLICY.after,
    },
    resources: [{ accountId: PROD, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${BUCKET.site}` }],
  });
  const denied = (what: string, resource: string): readonly [string, string] => [
    'AccessDenied',
    `User: arn:aws:iam::${PROD}:user/${USER.backup.name} is not authorized to perform: ${what} on resource: ${resource} with an explicit deny in a service control policy`,
  ];
  const detector = DETECTOR[`${PROD} ${HOME}`] ?? '';
  call(world, {
    ...admin,
    at: at('18 01:29:20'),
    service: 'guardduty',
    name: 'UpdateDetector',
    params: { detectorId: detector, enable: false },
    error: denied(
      'guardduty:UpdateDetector',
      `arn:aws:guardduty:${HOME}:${PROD}:detector/${detector}`,
    ),
  });
  call(world, {
    ...admin,
    at: at('18 01:32:40'),
    service: 'ec2',
    name: 'CreateSnapshot',
    params: { volumeId: COPY.volume, description: 'sp' },
    response: { snapshotId: COPY.snapshot, volumeId: COPY.volume, status: 'pending' },
  });
  call(world, {
    ...admin,
    at: at('18 01:33:50'),
    service: 'ec2',
    name: 'ModifySnapshotAttribute',
    params: {
      snapshotId: COPY.snapshot,
      createVolumePermission: { add: { items: [{ userId: STRANGER }] } },
      attributeType: 'CREATE_VOLUME_PERMISSION',
    },
    response: { _return: true },
  });
  call(world, {
    ...admin,
    write: false,
    at: at('18 01:34:30'),
    service: 'ec2',
    name: 'GetPasswordData',
    params: { instanceId: NET.windowsInstance },
    response: { instanceId: NET.windowsInstance, timestamp: '2026-09-18T01:34:30.000Z' },
  });
  call(world, {
    ...admin,
    region: GLOBAL,
    at: at('18 01:40:20'),
    service: 'iam',
    name: 'UpdateAssumeRolePolicy',
    params: {
      roleName: ROLE.deploy.name,
      policyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: [USER_ARN, `arn:aws:iam::${STRANGER}:root`] },
            Action: 'sts:AssumeRole',
          },
        ],
      }),
    },
  });
  call(world, {
    ...admin,
    region: GLOBAL,
    at: at('18 01:42:30'),
    service: 'iam',
    name: 'DeactivateMFADevice',
    params: { userName: USER.amara.name, serialNumber: `arn:aws:iam::${PROD}:mfa/amara.osei` },
    error: denied('iam:DeactivateMFADevice', `arn:aws:iam::${PROD}:user/amara.osei`),
  });
  call(world, {
    ...admin,
    at: at('18 01:43:50'),
    service: 'kms',
    name: 'ScheduleKeyDeletion',
    params: { keyId: KMS_KEY, pendingWindowInDays: 7 },
    error: denied('kms:ScheduleKeyDeletion', KMS_KEY),
  });
  // The door into the bucket is used the same night: the page where customers pay gets another script.
  world.s3(
    s3Request({
      at: at('18 02:14:37'),
      bucket: BUCKET.site,
      key: 'js/checkout.js',
      operation: 'PUT.OBJECT',
      bytes: 48_211,
      size: 48_211,
      requester: `arn:aws:iam::${STRANGER}:user/cdn`,
      ip: ADDRESS.drop,
      agent: AGENT.attackerBoto,
    }),
  );
}
