/** Instances as `aws ec2 describe-instances` lists them. */
import {
  address,
  anyTime,
  arnParts,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  regionOfZone,
  textOf,
  valueAt,
} from './_json.ts';
import { isObject, type JsonValue } from '../core/json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'EC2 instances',
  marks: ['"InstanceId"'],
  wrappers: ['Reservations'],
  inside: 'Instances',
  is: (record) =>
    typeof record['InstanceId'] === 'string' && 'LaunchTime' in record && 'InstanceType' in record,
  keys: [['Instances', 'ReservationId']],
  time: (record) => anyTime(record['LaunchTime']),
  timeName: 'LaunchTime',
  identity: (record) => joined(record, 'InstanceId', 'LaunchTime'),
  fields: [
    derived(
      'account_id',
      'OwnerId of its network interfaces, else the account in the ARN of the instance profile.',
      (record, out) => {
        const list = record['NetworkInterfaces'];
        const [first] = Array.isArray(list) ? (list as readonly JsonValue[]) : [];
        const owner = isObject(first) ? textOf(first['OwnerId'], 'OwnerId', out) : null;
        return owner ?? arnParts(valueAt(record, ['IamInstanceProfile', 'Arn'])).account;
      },
    ),
    derived('region', 'Region of the availability zone.', (record) => {
      const zone = valueAt(record, ['Placement', 'AvailabilityZone']);
      return regionOfZone(zone);
    }),
    text('instance_id', 'InstanceId', 'InstanceId.'),
    text('instance_type', 'InstanceType', 'InstanceType.'),
    text('image_id', 'ImageId', 'ImageId.'),
    text('state', 'State.Name', 'State.Name.'),
    text(
      'state_transition_reason',
      'StateTransitionReason',
      'StateTransitionReason: why and when it stopped.',
    ),
    text('availability_zone', 'Placement.AvailabilityZone', 'Placement.AvailabilityZone.'),
    address(text('private_ip_address', 'PrivateIpAddress', 'PrivateIpAddress.')),
    address(text('public_ip', 'PublicIpAddress', 'PublicIpAddress.')),
    text('vpc_id', 'VpcId', 'VpcId.'),
    text('subnet_id', 'SubnetId', 'SubnetId.'),
    text('key_name', 'KeyName', 'KeyName: SSH key pair; in s3_access the key of an object.'),
    text('instance_profile_arn', 'IamInstanceProfile.Arn', 'IamInstanceProfile.Arn.'),
    text('http_tokens', 'MetadataOptions.HttpTokens', 'optional (IMDSv1 works) or required.'),
    json('network_interfaces', 'NetworkInterfaces', 'NetworkInterfaces as JSON.'),
    json('security_groups', 'SecurityGroups', 'SecurityGroups as JSON.'),
    json('tags', 'Tags', 'Tags as JSON.'),
  ],
};

const INSTANCE = {
  InstanceId: 'i-0a1b2c3d4e5f60718',
  InstanceType: 't3.small',
  ImageId: 'ami-0a1b',
  LaunchTime: '2025-11-08T09:00:05+00:00',
  State: { Name: 'running' },
  PrivateIpAddress: '10.0.1.20',
  Placement: { AvailabilityZone: 'eu-central-1a' },
  IamInstanceProfile: { Arn: 'arn:aws:iam::111122223333:instance-profile/web' },
  MetadataOptions: { HttpTokens: 'optional' },
};

export const ec2_instance: Source = {
  id: 'ec2_instance',
  title: 'EC2 instances',
  version: 3,
  clock: 'EC2’s clock, UTC, to the second: when the instance was launched last.',
  about: [
    'The output of `aws ec2 describe-instances`: each instance with its addresses, role, image and metadata options, as they were when somebody asked. It ties addresses and instance ids in the logs to machines and their roles.',
    'It is a state, not an event, so it is no part of the timeline; time_us is the latest start of the instance. Terminated instances disappear after about an hour. The output does not name its time.',
  ].join('\n\n'),
  references: ['Amazon EC2 API Reference, "DescribeInstances", "Instance"'],
  columns: columnsOf('LaunchTime: when the instance was last started.', FORMAT.fields),
  common: { target: 'instance_id', src_ip: 'private_ip_address', dst_ip: 'public_ip' },
  indexes: [['instance_id'], ['private_ip_address']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'as --query leaves them: lists in a list, one reservation, instances alone',
      path: 'x',
      text: [
        [[INSTANCE], [{ ...INSTANCE, InstanceId: 'i-b' }]],
        { ReservationId: 'r-a', Instances: [{ ...INSTANCE, InstanceId: 'i-c' }] },
        [
          {
            ...INSTANCE,
            InstanceId: 'i-d',
            Placement: { AvailabilityZone: 'us-west-2-lax-1a' },
            NetworkInterfaces: [{ OwnerId: '444455556666' }],
          },
        ],
        { ...INSTANCE, InstanceId: 'i-e' },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n'),
      rows: [
        { instance_id: 'i-0a1b2c3d4e5f60718' },
        { instance_id: 'i-b' },
        { instance_id: 'i-c' },
        { instance_id: 'i-d', account_id: '444455556666', region: 'us-west-2' },
        { instance_id: 'i-e' },
      ],
    },
    {
      name: 'two reservations',
      path: 'x',
      text: JSON.stringify(
        {
          Reservations: [
            { Instances: [INSTANCE, { ...INSTANCE, InstanceId: 'i-b' }], ReservationId: 'r-a' },
            { Instances: [INSTANCE], ReservationId: 'r-b' },
          ],
        },
        null,
        4,
      ),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          instance_id: 'i-0a1b2c3d4e5f60718',
          http_tokens: 'optional',
          private_ip_address: '10.0.1.20',
        },
        { instance_id: 'i-b' },
        {},
      ],
    },
    {
      name: 'no time, something else, an address that is no text, a reservation without instances, a cut record',
      path: 'x',
      text: JSON.stringify({
        Reservations: [
          {
            Instances: [
              INSTANCE,
              { ...INSTANCE, LaunchTime: 'x' },
              { a: 1 },
              { ...INSTANCE, PrivateIpAddress: [] },
            ],
          },
          { Instances: [] },
          { Instances: [INSTANCE] },
        ],
      }).slice(0, -9),
      rows: [{}, { private_ip_address: null }],
      rejects: ['bad_time', 'not_this_source', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which running instances answer to the old metadata service?',
    sql: "SELECT instance_id, private_ip_address, instance_profile_arn FROM ec2_instance WHERE http_tokens = 'optional' AND state = 'running' ORDER BY instance_id LIMIT 20",
  },
};
