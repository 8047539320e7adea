/** Machines and AWS services at work, day and night. */
import { AGENT, ANALYTICS, BUCKET, HOME, HOST, KMS_KEY, PROD, ROLE } from './cast.ts';
import { accessKeyId, guid, hexText, type Random } from './random.ts';
import { s3Request } from './s3.ts';
import { PLACE, assumeRole, trailEvent, type Session } from './trail.ts';
import { type World } from './world.ts';
import { EXPORTS_PER_NIGHT, HOUR, MINUTE, type ExportObject } from './days.ts';

/** The nightly export writes 40 objects; returns them. */
export function nightlyExport(world: World, random: Random, day: number): ExportObject[] {
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
export function instances(world: World, random: Random, from: number, to: number): void {
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
          seconds: 6 * 3600,
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
export function services(world: World, random: Random, from: number, to: number): void {
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
export function visitors(world: World, random: Random, from: number, to: number): void {
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
