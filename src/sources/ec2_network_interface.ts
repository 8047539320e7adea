/** Network interfaces as `aws ec2 describe-network-interfaces` lists them: which address belongs to which machine. */
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  regionOfZone,
  text,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'network interfaces',
  marks: ['"NetworkInterfaceId"'],
  wrappers: ['NetworkInterfaces'],
  timed: false,
  is: (record) =>
    typeof record['NetworkInterfaceId'] === 'string' && 'VpcId' in record && 'OwnerId' in record,
  keys: [],
  time: (record) => anyTime(valueAt(record, ['Attachment', 'AttachTime'])),
  timeName: 'Attachment.AttachTime',
  identity: (record) => joined(record, 'OwnerId', 'NetworkInterfaceId'),
  fields: [
    text('account_id', 'OwnerId', 'OwnerId.'),
    derived('region', 'Region of the availability zone.', (record) =>
      regionOfZone(record['AvailabilityZone']),
    ),
    text('availability_zone', 'AvailabilityZone', 'AvailabilityZone.'),
    text('interface_id', 'NetworkInterfaceId', 'NetworkInterfaceId.'),
    text('interface_type', 'InterfaceType', 'InterfaceType: interface, nat_gateway, lambda, ...'),
    text('interface_status', 'Status', 'Status: in-use or available.'),
    text('description', 'Description', 'Description: services write what it is for.'),
    text('mac_address', 'MacAddress', 'MacAddress.'),
    address(text('private_ip_address', 'PrivateIpAddress', 'PrivateIpAddress: the primary one.')),
    address(text('public_ip', 'Association.PublicIp', 'Association.PublicIp.')),
    json(
      'private_ip_addresses',
      'PrivateIpAddresses',
      'PrivateIpAddresses as JSON, with public ones.',
    ),
    json('ipv6_addresses', 'Ipv6Addresses', 'Ipv6Addresses as JSON.'),
    text('instance_id', 'Attachment.InstanceId', 'Attachment.InstanceId.'),
    text(
      'instance_owner_id',
      'Attachment.InstanceOwnerId',
      'Attachment.InstanceOwnerId: account or service.',
    ),
    text('vpc_id', 'VpcId', 'VpcId.'),
    text('subnet_id', 'SubnetId', 'SubnetId.'),
    text('requester_id', 'RequesterId', 'RequesterId: who created it for the account.'),
    json('security_groups', 'Groups', 'Groups as JSON.'),
    json('tags', 'TagSet', 'TagSet as JSON.'),
  ],
};

const ENI = {
  OwnerId: '111122223333',
  AvailabilityZone: 'eu-central-1a',
  NetworkInterfaceId: 'eni-0a1b2c3d4e5f60718',
  InterfaceType: 'interface',
  Status: 'in-use',
  PrivateIpAddress: '10.0.1.20',
  Association: { PublicIp: '203.0.113.9' },
  Attachment: { InstanceId: 'i-0a1b2c3d4e5f60718', AttachTime: '2025-11-08T09:00:05+00:00' },
  VpcId: 'vpc-0a1b2c3d4e5f60718',
  SubnetId: 'subnet-0a1b2c3d4e5f60718',
  Groups: [{ GroupId: 'sg-0a1b', GroupName: 'web' }],
};

export const ec2_network_interface: Source = {
  id: 'ec2_network_interface',
  title: 'Network interfaces',
  version: 4,
  clock: 'EC2’s clock, UTC, to the second: when the interface was attached.',
  about: [
    'The output of `aws ec2 describe-network-interfaces`: each network interface with its addresses, its machine, VPC and security groups, as they were when somebody asked. It ties the addresses and interfaces in flow logs to machines.',
    'It is a state, not an event, so it is no part of the timeline; time_us is when the interface was attached, NULL if it is not. An address may have belonged to another machine earlier: items of AWS Config tell. The output does not name its time.',
  ].join('\n\n'),
  references: ['Amazon EC2 API Reference, "NetworkInterface"'],
  columns: columnsOf('Attachment.AttachTime; NULL where it is not attached.', FORMAT.fields),
  common: { target: 'interface_id', src_ip: 'private_ip_address', dst_ip: 'public_ip' },
  indexes: [['interface_id'], ['private_ip_address'], ['public_ip']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'as --query leaves them: a list, and interfaces alone',
      path: 'x',
      text: `${JSON.stringify([ENI])}\n${JSON.stringify({ ...ENI, NetworkInterfaceId: 'eni-b' })}`,
      rows: [{}, { interface_id: 'eni-b' }],
    },
    {
      name: 'attached, and not',
      path: 'x',
      text: JSON.stringify(
        {
          NetworkInterfaces: [ENI, { ...ENI, NetworkInterfaceId: 'eni-b', Attachment: undefined }],
        },
        null,
        4,
      ),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          interface_id: 'eni-0a1b2c3d4e5f60718',
          instance_id: 'i-0a1b2c3d4e5f60718',
          public_ip: '203.0.113.9',
        },
        { time_us: null, instance_id: null },
      ],
    },
    {
      name: 'something else, an address that is no text, a cut record',
      path: 'x',
      text: JSON.stringify({
        NetworkInterfaces: [ENI, { a: 1 }, { ...ENI, PrivateIpAddress: {} }, ENI],
      }).slice(0, -40),
      rows: [{}, { private_ip_address: null }],
      rejects: ['not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which machine has which address?',
    sql: 'SELECT private_ip_address, public_ip, interface_id, instance_id, description FROM ec2_network_interface ORDER BY private_ip_address, interface_id LIMIT 20',
  },
};
