/** Samples of CloudWatch Logs, in every shape. */
import type { Sample } from '../source.ts';

const PAYLOAD = {
  messageType: 'DATA_MESSAGE',
  owner: '111122223333',
  logGroup: '/var/log/secure',
  logStream: 'i-0a1b2c3d4e5f60718',
  subscriptionFilters: ['all'],
  logEvents: [
    {
      id: '1',
      timestamp: 1_762_592_405_123,
      message: 'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user',
    },
    {
      id: '2',
      timestamp: 1_762_592_406_000,
      message: 'a "quoted" [message]',
      extractedFields: { a: 'b' },
    },
  ],
};

const EVENT = {
  logStreamName: 'i-0a1b2c3d4e5f60718',
  timestamp: 1_762_592_405_123,
  message: 'm',
  ingestionTime: 1_762_592_407_000,
  eventId: '36',
};

/** base64 of gzip of {"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1762592405123,"message":"m"}]} */
const PACKED_DATA =
  'H4sIAAAAAAACA6tWyk0tLk5MTw2pLEhVslJycQxxjPd1DQ52dHdV0lHKL89LLQIKGwKBERAYAwFQOCc/3b0ov7QAKJMO4QaXFKUm5gL5xRC+a1lqXkmxklV0tVJmCsgAoHBJJtCuksRcoDZDczMjU0sjEwNTQyNjHZgbgOpylWpjawHVpTnUlQAAAA==';

/** The same in zlib. */
const ZLIB_DATA =
  'eNqrVspNLS5OTE8NqSxIVbJScnEMcYz3dQ0OdnR3VdJRyi/PSy0CChsCgREQGAMBUDgnP929KL+0ACiTDuEGlxSlJuYC+cUQvmtZal5JsZJVdLVSZgrIAKBwSSbQrpLEXKA2Q3MzI1NLIxMDU0MjYx2YG4DqcpVqY2sBAXAsEg==';

/** One for each shape, and what goes wrong in them. */
export const CLOUDWATCH_SAMPLES: readonly Sample[] = [
  {
    name: 'packed payloads alone on lines, two on one of them, one broken',
    path: 'x',
    text: `${PACKED_DATA}\n${PACKED_DATA}\t${PACKED_DATA}\r\n\n${PACKED_DATA.slice(0, 90)}\n`,
    rows: [{ log_group: 'g', log_stream: 's', event_id: '1', message: 'm' }, {}, {}],
    rejects: ['not_json'],
  },
  {
    name: 'payloads of a subscription, plain and packed, one of them a check',
    path: 'x',
    text: [
      PAYLOAD,
      {
        messageType: 'CONTROL_MESSAGE',
        owner: 'CloudwatchLogs',
        logEvents: [{ id: '', timestamp: 1, message: 'CWL CONTROL MESSAGE' }],
      },
      { awslogs: { data: PACKED_DATA } },
      { awslogs: { data: 'H4sIAAAA' } },
      { awslogs: { data: ZLIB_DATA } },
      { awslogs: { data: ZLIB_DATA.slice(0, 40) } },
    ]
      .map((one) => JSON.stringify(one))
      .join(''),
    rows: [
      {
        time_us: 1_762_592_405_123_000,
        account_id: '111122223333',
        target: '/var/log/secure',
        actor: 'i-0a1b2c3d4e5f60718',
        event_id: '1',
        message: 'Nov  8 09:00:05 web sshd[7]: Accepted publickey for ec2-user',
      },
      { message: 'a "quoted" [message]', extracted_fields: '{"a":"b"}' },
      { time_us: 1_762_592_405_123_000, log_group: 'g', message: 'm' },
      { time_us: 1_762_592_405_123_000, log_group: 'g', message: 'm' },
    ],
    rejects: ['not_json', 'not_json'],
    anomalies: ['no_events'],
  },
  {
    name: 'records of Kinesis',
    path: 'x',
    text: JSON.stringify({ Records: [{ kinesis: { sequenceNumber: '7', data: PACKED_DATA } }] }),
    rows: [{ log_group: 'g' }],
  },
  {
    name: 'the output of get-records of Kinesis',
    path: 'x',
    text: JSON.stringify({
      Records: [{ SequenceNumber: '7', Data: PACKED_DATA, PartitionKey: 'p' }],
      NextShardIterator: 'A',
      MillisBehindLatest: 0,
    }),
    rows: [{ log_group: 'g' }],
  },
  {
    name: 'what Firehose hands to a function; something else between',
    path: 'x',
    text: JSON.stringify({
      invocationId: 'i',
      deliveryStreamArn: 'arn:aws:firehose:eu-central-1:111122223333:deliverystream/d',
      records: [
        { recordId: '1', approximateArrivalTimestamp: 1_762_592_405_000, data: PACKED_DATA },
        { recordId: '2', data: 'eHg=' },
      ],
    }),
    rows: [{ log_group: 'g' }],
    rejects: ['not_this_source'],
  },
  {
    name: 'filter-log-events; no time, no message, a time of ingestion that is none, a cut record',
    path: 'x',
    text: JSON.stringify({
      events: [
        EVENT,
        { ...EVENT, timestamp: 'x' },
        { ...EVENT, message: 7 },
        { ...EVENT, eventId: '37', ingestionTime: 'x' },
        EVENT,
      ],
    }).slice(0, -20),
    rows: [
      { log_stream: 'i-0a1b2c3d4e5f60718', ingestion_time_us: 1_762_592_407_000_000 },
      { ingestion_time_us: null },
    ],
    rejects: ['bad_time', 'not_this_source', 'truncated'],
    anomalies: ['bad_value'],
  },
  {
    name: 'Logs Insights, from the console',
    path: 'x',
    text: JSON.stringify([
      {
        '@timestamp': '2025-11-08 09:00:05.123',
        '@message': 'm\n',
        '@logStream': 's',
        '@log': '111122223333:/aws/lambda/shop',
        '@ptr': 'Cl0',
      },
    ]),
    rows: [
      {
        time_us: 1_762_592_405_123_000,
        account_id: '111122223333',
        log_group: '/aws/lambda/shop',
        event_id: 'Cl0',
      },
    ],
  },
  {
    name: 'an export, with a message of two lines; times that are none',
    path: 'exports/0a1b2c3d-0001-4000-8000-000000000001/i-0a1b/000000.gz',
    text: 'no time\n2025-11-08T09:00:05.123Z START RequestId: 1\n2025-11-08T09:00:06.000Z Traceback:\n  line 2\n2025-11-08T09:00:07.000Z END\n2025-11-08T09:00:0x.000Z a\n2025-11-31T09:00:08.000Z b\n225-11-08T09:00:08.000Z c\n2025-11-08T09:00:08Z\n2025-11-08T09:00:09.000Z d\n2025-11-08T09:00:10.000Z e\n',
    rows: [
      { log_stream: 'i-0a1b', message: 'START RequestId: 1' },
      { time_us: 1_762_592_406_000_000, message: 'Traceback:\n  line 2' },
      { message: 'END' },
      { message: 'd' },
      { message: 'e' },
    ],
    rejects: ['bad_time', 'bad_time', 'bad_time', 'bad_time', 'bad_time'],
  },
  {
    name: 'what `aws logs tail` prints: a message of two lines, one of none, a time that is none',
    path: 'x',
    text: '2025-11-08T09:00:05.123000+00:00 i-0a1b START RequestId: 1\n2025-11-08T09:00:06.000000+00:00 2025/11/08/[$LATEST]0a Traceback\n  line 2\n2025-11-08T09:00:07.000000+00:00 s \n2025-11-31T09:00:07.000000+00:00 s x\n2025-11-08T09:00:0\n',
    rows: [
      { time_us: 1_762_592_405_123_000, log_stream: 'i-0a1b', message: 'START RequestId: 1' },
      { log_stream: '2025/11/08/[$LATEST]0a', message: 'Traceback\n  line 2' },
      { log_stream: 's', message: '' },
    ],
    rejects: ['bad_time', 'bad_time'],
  },
  {
    name: 'Logs Insights, from the API: rows of fields, one without a message, one cut',
    path: 'x',
    text: JSON.stringify({
      results: [
        [
          { field: '@timestamp', value: '2025-11-08 09:00:05.123' },
          { field: '@message', value: 'a "quoted" [message]\n' },
          { field: '@logStream', value: 's' },
          { field: '@log', value: '111122223333:/aws/lambda/shop' },
          { field: '@ptr', value: 'Cl0' },
        ],
        [
          { field: 'bin(1h)', value: '2025-11-08 09:00:00.000' },
          { field: 'count(*)', value: '7' },
        ],
        [
          { field: '@timestamp', value: 'x' },
          { field: '@message', value: 'm' },
          { field: '@ptr', value: 'Cl1' },
        ],
        [
          { field: '@message', value: 'm' },
          { field: '@timestamp', value: '2025-11-08 09:00:06.000' },
          { field: '@ptr', value: 'Cl2' },
        ],
      ],
    }).slice(0, -9),
    rows: [
      {
        time_us: 1_762_592_405_123_000,
        account_id: '111122223333',
        log_group: '/aws/lambda/shop',
        message: 'a "quoted" [message]\n',
        event_id: 'Cl0',
      },
    ],
    rejects: ['not_this_source', 'bad_time', 'truncated'],
  },
  {
    name: 'Logs Insights, a table from the console; a row of other width, one without a time',
    path: 'x.csv',
    text: [
      '@timestamp,@message,@log,@logStream',
      '2025-11-08 09:00:05.123,"a ""quoted"" message,',
      'of two lines",111122223333:/aws/lambda/shop,s',
      '2025-11-08 09:00:06.000,plain,111122223333:/aws/lambda/shop,s',
      '2025-11-08 09:00:07.000,plain',
      ',m,111122223333:g,s',
      '',
    ].join('\n'),
    rows: [
      {
        time_us: 1_762_592_405_123_000,
        log_group: '/aws/lambda/shop',
        message: 'a "quoted" message,\nof two lines',
      },
      { message: 'plain', log_stream: 's' },
    ],
    rejects: ['bad_fields', 'bad_time'],
  },
];
