/** Second act: an instance in a region nobody uses, and the customer exports copied out. */
import { ADDRESS, AGENT, ANALYTICS, BUCKET, FAR, HOST, KEY, PROD, USER } from './cast.ts';
import { guid } from './random.ts';
import { s3Request } from './s3.ts';
import { type Caller, type Session } from './trail.ts';
import { type World } from './world.ts';
import { CLI, DIRECT_OBJECTS, MOMENT, at, call, random } from './night.ts';
import { type ExportObject } from './days.ts';

/** The customer exports: first to the attacker's own address, then through an instance far away. */
export function exfiltration(
  world: World,
  [first, second]: readonly [Session, Session],
  exports: readonly ExportObject[],
): void {
  const requester = `arn:aws:sts::${ANALYTICS}:assumed-role/export-maintenance/gh-actions-9001`;
  const trail = (
    event: string,
    caller = first,
  ): { account: string; caller: Caller; event: string } => ({ account: ANALYTICS, caller, event });
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
        trail: trail('GetObject', ip === ADDRESS.farPublic ? second : first),
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
export function farInstance(world: World): void {
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
