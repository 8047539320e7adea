/** AWS Config's recorders: whether they recorded, since when, and what. */
import {
  anyTime,
  arnParts,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  time,
} from './_json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'Config recorders',
  marks: ['"ConfigurationRecorders"', '"ConfigurationRecordersStatus"'],
  wrappers: ['ConfigurationRecorders', 'ConfigurationRecordersStatus'],
  is: (record) =>
    typeof record['name'] === 'string' && ('recording' in record || 'roleARN' in record),
  keys: [],
  time: (record) => anyTime(record['lastStatusChangeTime']),
  timeName: 'lastStatusChangeTime',
  timed: false,
  identity: (record) => joined(record, 'arn', 'name', 'lastStatusChangeTime', 'recording'),
  fields: [
    derived(
      'account_id',
      'Account in the ARN of the recorder, where there is one.',
      (record) => arnParts(record['arn']).account,
    ),
    derived(
      'region',
      'Region in the ARN of the recorder, where there is one.',
      (record) => arnParts(record['arn']).region,
    ),
    text('recorder_name', 'name', 'Name of the recorder, mostly default.'),
    text('arn', 'arn', 'ARN of the recorder; absent in older output.'),
    flag('recording', 'recording', 'Whether it recorded when somebody asked.'),
    time('last_start_time_us', 'lastStartTime', 'lastStartTime.'),
    time('last_stop_time_us', 'lastStopTime', 'lastStopTime.'),
    text('last_status', 'lastStatus', 'PENDING, SUCCESS, FAILURE or NOT_APPLICABLE.'),
    text('last_error_code', 'lastErrorCode', 'lastErrorCode.'),
    text('last_error_message', 'lastErrorMessage', 'lastErrorMessage.'),
    text('role_arn', 'roleARN', 'roleARN: the role it records with.'),
    json(
      'recording_group',
      'recordingGroup',
      'recordingGroup as JSON: which types are recorded, or left out.',
    ),
    json(
      'recording_mode',
      'recordingMode',
      'recordingMode as JSON: continuously or daily, and types for which it differs.',
    ),
  ],
};

const STATUS = {
  arn: 'arn:aws:config:eu-central-1:111122223333:configuration-recorder/default/0a1b',
  name: 'default',
  lastStartTime: 1_762_592_400.123,
  lastStopTime: '2025-11-08T10:00:00+00:00',
  recording: false,
  lastStatus: 'SUCCESS',
  lastStatusChangeTime: '2025-11-08T10:00:01+00:00',
};

const RECORDER = {
  name: 'default',
  roleARN: 'arn:aws:iam::111122223333:role/config',
  recordingGroup: {
    allSupported: false,
    includeGlobalResourceTypes: false,
    exclusionByResourceTypes: { resourceTypes: ['AWS::EC2::Instance'] },
    recordingStrategy: { useOnly: 'EXCLUSION_BY_RESOURCE_TYPES' },
  },
  recordingMode: { recordingFrequency: 'DAILY' },
};

export const config_recorder: Source = {
  id: 'config_recorder',
  title: 'AWS Config recorders',
  version: 2,
  clock:
    'AWS Config’s clock, UTC, to the millisecond: when the status last changed, not when somebody asked.',
  about: [
    'The output of `aws configservice describe-configuration-recorder-status` and `describe-configuration-recorders`: whether Config recorded, when it was last started and stopped, and which types it records.',
    'It is a state when somebody asked, so it is no part of the timeline. Only the last start and stop are told; earlier ones are calls in CloudTrail. Older output names neither account nor region. `exhibit config asof` reads it as a reason for doubt.',
  ].join('\n\n'),
  references: [
    'AWS Config API Reference, "DescribeConfigurationRecorderStatus", "ConfigurationRecorderStatus"',
    'AWS Config API Reference, "DescribeConfigurationRecorders", "ConfigurationRecorder", "RecordingGroup"',
  ],
  columns: columnsOf('lastStatusChangeTime, where the status is told.', FORMAT.fields),
  common: {
    target: 'coalesce(arn, recorder_name)',
    outcome: "CASE last_status WHEN 'SUCCESS' THEN 'success' WHEN 'FAILURE' THEN 'failure' END",
  },
  indexes: [],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'the status, with something else and a time that is none',
      path: 'x.json',
      text: JSON.stringify({
        ConfigurationRecordersStatus: [STATUS, { a: 1 }, { ...STATUS, lastStopTime: 'x' }],
      }),
      rows: [
        {
          time_us: 1_762_596_001_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          recording: 0,
          last_start_time_us: 1_762_592_400_123_000,
          last_stop_time_us: 1_762_596_000_000_000,
          outcome: 'success',
        },
        { last_stop_time_us: null },
      ],
      rejects: ['not_this_source'],
      anomalies: ['bad_value'],
    },
    {
      name: 'what is recorded, without an ARN; cut',
      path: 'x.json',
      text: JSON.stringify({ ConfigurationRecorders: [RECORDER, RECORDER] }, null, 4).slice(0, -40),
      rows: [
        {
          time_us: null,
          account_id: null,
          target: 'default',
          recording: null,
          recording_mode: '{"recordingFrequency":"DAILY"}',
        },
      ],
      rejects: ['truncated'],
    },
  ],
  example: {
    question: 'Which recorders did not record?',
    sql: 'SELECT account_id, region, recorder_name, last_stop_time_us, last_error_code FROM config_recorder WHERE recording = 0 ORDER BY account_id, region, recorder_name LIMIT 20',
  },
};
