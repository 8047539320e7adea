/** More of what happened while the trail was off, and what only event history and other logs tell of. */
import { BUCKET, HOME, KEY, PROD, USER } from './cast.ts';
import { SHELL, STRANGER } from './estate.ts';
import { at, call } from './night.ts';
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
}
