/** How things stood: inventories of the night, and the credential report of the morning. */
import { ADDRESS, BUCKET, FAR, FLOW_LOG, HOME, HOST, PROD } from './cast.ts';
import { FLOW_FIELDS, NET } from './estate.ts';
import { at } from './night.ts';
import { hexText, randomStream } from './random.ts';
import { cliJson, isoMillis, lines, plain, type SampleFile } from './sample-file.ts';
import { isoSeconds, type JsonObject } from './trail.ts';

const random = randomStream('states');

/** The hourly inventory: which address belonged to which machine. */
function inventories(): SampleFile[] {
  const launch = at('01 05:40:12');
  const interfaceOf = (
    host: { address: string; instance: string; eni: string },
    publicIp: string | undefined,
    vpc: string,
    subnet: string,
    security: string,
    attached: number,
  ): JsonObject => ({
    OwnerId: PROD,
    AvailabilityZone: vpc === NET.vpc ? 'eu-west-1a' : 'sa-east-1a',
    NetworkInterfaceId: host.eni,
    InterfaceType: 'interface',
    Status: 'in-use',
    Description: '',
    MacAddress: `0a:${host.eni.slice(-10).replace(/(..)(?=.)/g, '$1:')}`,
    PrivateIpAddress: host.address,
    ...(publicIp === undefined ? {} : { Association: { PublicIp: publicIp } }),
    Attachment: {
      InstanceId: host.instance,
      InstanceOwnerId: PROD,
      AttachTime: isoSeconds(attached).replace('Z', '+00:00'),
    },
    VpcId: vpc,
    SubnetId: subnet,
    Groups: [{ GroupId: security, GroupName: vpc === NET.vpc ? 'orders' : 'sp-1' }],
  });
  const machine = (
    host: { address: string; instance: string; eni: string },
    name: string,
    publicIp: string | undefined,
    vpc: string,
    subnet: string,
    security: string,
    launched: number,
  ): JsonObject => ({
    InstanceId: host.instance,
    InstanceType: name === '' ? 'c6i.xlarge' : 't3.medium',
    ImageId: name === '' ? HOST.far.image : 'ami-0e0a5de0e0a5de0e0',
    LaunchTime: isoSeconds(launched).replace('Z', '+00:00'),
    State: { Code: 16, Name: 'running' },
    Placement: { AvailabilityZone: vpc === NET.vpc ? 'eu-west-1a' : 'sa-east-1a' },
    PrivateIpAddress: host.address,
    ...(publicIp === undefined ? {} : { PublicIpAddress: publicIp }),
    VpcId: vpc,
    SubnetId: subnet,
    ...(name === '' ? { KeyName: 'sp-1' } : {}),
    ...(name === 'orders'
      ? { IamInstanceProfile: { Arn: `arn:aws:iam::${PROD}:instance-profile/app-orders-role` } }
      : {}),
    MetadataOptions: { HttpTokens: name === 'bastion' ? 'optional' : 'required' },
    NetworkInterfaces: [{ NetworkInterfaceId: host.eni, PrivateIpAddress: host.address }],
    SecurityGroups: [{ GroupId: security, GroupName: vpc === NET.vpc ? 'orders' : 'sp-1' }],
    Tags: name === '' ? [] : [{ Key: 'Name', Value: name }],
  });
  const far = { ...HOST.far, address: ADDRESS.farPrivate };
  const home = [...HOST.orders, HOST.bastion];
  const file = (region: string, kind: string, value: unknown): SampleFile =>
    plain(`harborline-inventory/2026/09/18/0100Z/${PROD}_${region}_${kind}.json`, cliJson(value));
  const reservation = (Instances: readonly JsonObject[]): JsonObject => ({
    ReservationId: `r-0${hexText(random, 16)}`,
    OwnerId: PROD,
    Groups: [],
    Instances,
  });
  return [
    file(HOME, 'describe-instances', {
      Reservations: home.map((host) =>
        reservation([
          machine(
            host,
            host === HOST.bastion ? 'bastion' : 'orders',
            host === HOST.bastion ? '198.51.100.40' : undefined,
            NET.vpc,
            NET.subnet,
            NET.group,
            launch,
          ),
        ]),
      ),
    }),
    file(HOME, 'describe-network-interfaces', {
      NetworkInterfaces: home.map((host) =>
        interfaceOf(
          host,
          host === HOST.bastion ? '198.51.100.40' : undefined,
          NET.vpc,
          NET.subnet,
          NET.group,
          launch,
        ),
      ),
    }),
    file(FAR, 'describe-instances', {
      Reservations: [
        reservation([
          machine(
            far,
            '',
            ADDRESS.farPublic,
            HOST.far.vpc,
            HOST.far.subnet,
            HOST.far.group,
            at('18 00:23:52'),
          ),
        ]),
      ],
    }),
    file(FAR, 'describe-network-interfaces', {
      NetworkInterfaces: [
        interfaceOf(
          far,
          ADDRESS.farPublic,
          HOST.far.vpc,
          HOST.far.subnet,
          HOST.far.group,
          at('18 00:23:52'),
        ),
      ],
    }),
    file(HOME, 'describe-flow-logs', {
      FlowLogs: [flowLog(FLOW_LOG.home, NET.vpc, FLOW_FIELDS.home, at('01 05:12:09'))],
    }),
    file(FAR, 'describe-flow-logs', {
      FlowLogs: [flowLog(FLOW_LOG.far, HOST.far.vpc, FLOW_FIELDS.far, at('01 05:12:31'))],
    }),
  ];
}

/** What was logged of the network at 01:00: both flow logs were deleted before half past. */
function flowLog(id: string, vpc: string, fields: string, made: number): JsonObject {
  return {
    CreationTime: isoMillis(made).replace('Z', '000+00:00'),
    DeliverLogsStatus: 'SUCCESS',
    FlowLogId: id,
    FlowLogStatus: 'ACTIVE',
    ResourceId: vpc,
    TrafficType: 'ALL',
    LogDestinationType: 's3',
    LogDestination: `arn:aws:s3:::${BUCKET.flow}`,
    LogFormat: fields
      .split(' ')
      .map((name) => `\${${name}}`)
      .join(' '),
    Tags: [],
    MaxAggregationInterval: 60,
    DestinationOptions: {
      FileFormat: 'plain-text',
      HiveCompatiblePartitions: false,
      PerHourPartition: false,
    },
  };
}

/** `aws iam get-credential-report` of the morning: who has what, and when it was last used. */
function credentialReport(): SampleFile {
  const time = (when: number): string => isoSeconds(when).replace('Z', '+00:00');
  const none = 'N/A';
  const user = (
    name: string,
    made: number,
    password: readonly [string, string],
    mfa: boolean,
    key: readonly string[],
  ): string =>
    [
      name,
      name === '<root_account>' ? `arn:aws:iam::${PROD}:root` : `arn:aws:iam::${PROD}:user/${name}`,
      time(made),
      password[0],
      password[1],
      password[0] === 'true' ? time(made) : none,
      none,
      String(mfa),
      ...(key.length === 0 ? ['false', none, none, none, none] : key),
      'false',
      none,
      none,
      none,
      none,
      'false',
      none,
      'false',
      none,
    ].join(',');
  const made = Date.UTC(2023, 4, 2, 9, 12, 40);
  return plain(
    'harborline-ir-workspace/iam/credential-report.csv',
    lines([
      'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated',
      user(
        '<root_account>',
        made - 86_400_000,
        ['not_supported', time(at('14 09:41:00'))],
        true,
        [],
      ),
      user('amara.osei', made, ['true', time(at('18 06:52:30'))], true, [
        'true',
        time(made),
        time(at('17 09:02:00')),
        HOME,
        's3',
      ]),
      user('ci-deploy', made + 7_200_000, ['false', none], false, [
        'false',
        time(made),
        time(at('18 00:29:00')),
        HOME,
        'sts',
      ]),
      user('lena.vogt', made + 86_400_000, ['true', 'no_information'], true, [
        'true',
        time(made),
        time(at('17 15:48:00')),
        HOME,
        'ec2',
      ]),
      user('support-lens', at('18 01:38:10'), ['false', none], false, [
        'false',
        time(at('18 01:39:12')),
        time(at('18 08:22:00')),
        HOME,
        'cloudtrail',
      ]),
      user('svc-backup', made + 10_800_000, ['false', none], false, []),
      user('tomas.reyes', made + 172_800_000, ['true', time(at('17 08:30:00'))], true, []),
    ]),
  );
}

/** Files about states. */
export function stateFiles(): SampleFile[] {
  return [...inventories(), credentialReport()];
}
