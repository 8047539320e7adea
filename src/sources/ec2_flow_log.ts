/** Flow logs as `aws ec2 describe-flow-logs` lists them: what is logged, to where, and in which order of fields. */
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  integer,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
} from './_json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'flow logs',
  marks: ['"FlowLogId"'],
  wrappers: ['FlowLogs'],
  timed: false,
  is: (record) => typeof record['FlowLogId'] === 'string' && 'ResourceId' in record,
  keys: [],
  time: (record) => anyTime(record['CreationTime']),
  timeName: 'CreationTime',
  identity: (record) => joined(record, 'FlowLogId'),
  fields: [
    text('flow_log_id', 'FlowLogId', 'FlowLogId: in the names of the files that S3 gets.'),
    text('resource_id', 'ResourceId', 'ResourceId: VPC, subnet, network interface or gateway.'),
    text('traffic_type', 'TrafficType', 'TrafficType: ACCEPT, REJECT or ALL.'),
    text('flow_log_status', 'FlowLogStatus', 'FlowLogStatus: ACTIVE.'),
    text('deliver_logs_status', 'DeliverLogsStatus', 'DeliverLogsStatus: SUCCESS or FAILED.'),
    text(
      'deliver_logs_error_message',
      'DeliverLogsErrorMessage',
      'DeliverLogsErrorMessage: why nothing was delivered.',
    ),
    text(
      'log_destination_type',
      'LogDestinationType',
      'LogDestinationType: cloud-watch-logs, s3 or kinesis-data-firehose.',
    ),
    text('log_destination', 'LogDestination', 'LogDestination: ARN of bucket, group or stream.'),
    derived('log_group', 'LogGroupName, else the log group in LogDestination.', (record) => {
      const name = record['LogGroupName'];
      if (typeof name === 'string') return name;
      const arn = record['LogDestination'];
      return typeof arn === 'string' ? (/:log-group:([^:]+)/.exec(arn)?.[1] ?? null) : null;
    }),
    text(
      'log_format',
      'LogFormat',
      'LogFormat: the fields of a row in their order; what `import --vpc-format` takes.',
    ),
    integer(
      'max_aggregation_interval',
      's',
      'MaxAggregationInterval',
      'MaxAggregationInterval: longest window of a row.',
    ),
    text('file_format', 'DestinationOptions.FileFormat', 'DestinationOptions.FileFormat.'),
    flag(
      'hive_compatible_partitions',
      'DestinationOptions.HiveCompatiblePartitions',
      'DestinationOptions.HiveCompatiblePartitions.',
    ),
    json('tags', 'Tags', 'Tags as JSON.'),
  ],
};

const FLOW_LOG = {
  CreationTime: '2025-11-08T09:00:05.123000+00:00',
  DeliverLogsStatus: 'SUCCESS',
  FlowLogId: 'fl-0a1b2c3d4e5f60718',
  FlowLogStatus: 'ACTIVE',
  LogGroupName: '/vpc/flows',
  ResourceId: 'vpc-0a1b2c3d4e5f60718',
  TrafficType: 'ALL',
  LogDestinationType: 'cloud-watch-logs',
  LogDestination: 'arn:aws:logs:eu-central-1:111122223333:log-group:/vpc/flows:*',
  LogFormat: '${srcaddr} ${dstaddr} ${dstport} ${start} ${action} ${vpc-id}',
  Tags: [],
  MaxAggregationInterval: 60,
};

export const ec2_flow_log: Source = {
  id: 'ec2_flow_log',
  title: 'Flow logs, as they are set up',
  version: 1,
  clock: 'EC2’s clock, UTC, to the millisecond: when the flow log was created.',
  about: [
    'The output of `aws ec2 describe-flow-logs`: which networks are logged, what of their traffic, to where, whether it arrives, and the order of the fields of a row (LogFormat). Files in S3 name their fields themselves; rows that came through CloudWatch Logs or Firehose do not: `exhibit status` names the formats that are found here, and `import --vpc-format` reads by one ([how](../import.md#flow-logs-without-a-header)).',
    'It is a state, not an event, so it is no part of the timeline: flow logs that were deleted are not in it (DeleteFlowLogs in CloudTrail says when), and one that was made anew since may have another format. The output names neither its account nor its time.',
  ].join('\n\n'),
  references: ['Amazon EC2 API Reference, "FlowLog"'],
  columns: columnsOf('CreationTime.', FORMAT.fields),
  common: {
    region:
      "CASE WHEN log_destination GLOB 'arn:*:logs:*' THEN substr(substr(log_destination, instr(log_destination, ':logs:') + 6), 1, instr(substr(log_destination, instr(log_destination, ':logs:') + 6), ':') - 1) END",
    target: 'resource_id',
  },
  indexes: [['resource_id']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'to CloudWatch Logs in an order of its own; to S3, hourly Parquet',
      path: 'x',
      text: JSON.stringify(
        {
          FlowLogs: [
            FLOW_LOG,
            {
              ...FLOW_LOG,
              FlowLogId: 'fl-b',
              LogGroupName: undefined,
              LogDestinationType: 's3',
              LogDestination: 'arn:aws:s3:::flows/x',
              DestinationOptions: { FileFormat: 'parquet', HiveCompatiblePartitions: true },
            },
          ],
        },
        null,
        4,
      ),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          flow_log_id: 'fl-0a1b2c3d4e5f60718',
          log_group: '/vpc/flows',
          region: 'eu-central-1',
          target: 'vpc-0a1b2c3d4e5f60718',
          log_format: FLOW_LOG.LogFormat,
          max_aggregation_interval: 60,
        },
        { log_group: null, region: null, file_format: 'parquet', hive_compatible_partitions: 1 },
      ],
    },
    {
      name: 'as --query leaves them: a list; a group in the ARN alone, something else, times and formats that are none, a cut record',
      path: 'x',
      text: JSON.stringify([
        { ...FLOW_LOG, LogGroupName: undefined },
        { a: 1 },
        { ...FLOW_LOG, FlowLogId: 'fl-c', CreationTime: 'x' },
        { ...FLOW_LOG, FlowLogId: 'fl-d', LogFormat: {} },
        FLOW_LOG,
      ]).slice(0, -40),
      rows: [{ log_group: '/vpc/flows' }, { time_us: null }, { log_format: null }],
      rejects: ['not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which networks are logged, and does it arrive?',
    sql: 'SELECT resource_id, flow_log_id, traffic_type, flow_log_status, deliver_logs_status, coalesce(log_group, log_destination) AS goes_to FROM ec2_flow_log ORDER BY resource_id, flow_log_id LIMIT 20',
  },
};
