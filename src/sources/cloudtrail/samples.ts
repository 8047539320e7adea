/** Cases of the conformance test, written after the record contents of the CloudTrail User Guide; no real data. */
import type { Sample } from '../source.ts';

/** One management event; members override or add. */
function event(members: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLEROLEID0001:job-7',
      arn: 'arn:aws:sts::111122223333:assumed-role/backup/job-7',
      accountId: '111122223333',
      accessKeyId: 'ASIAEXAMPLEKEY000001',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLEROLEID0001',
          arn: 'arn:aws:iam::111122223333:role/service/backup',
          accountId: '111122223333',
          userName: 'backup',
        },
        attributes: { creationDate: '2025-11-08T08:30:00Z', mfaAuthenticated: 'false' },
        sourceIdentity: 'ann',
      },
    },
    eventTime: '2025-11-08T09:00:05Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'DescribeInstances',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-cli/2.31.0',
    requestParameters: null,
    responseElements: null,
    requestID: 'b3f0c1de-0001-4000-8000-000000000001',
    eventID: '0d9fb7a2-0001-4000-8000-000000000001',
    readOnly: true,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
    ...members,
  };
}

function id(number: number): string {
  return `0d9fb7a2-0001-4000-8000-${String(number).padStart(12, '0')}`;
}

const CALL = event();
const CALL_ROW = {
  time_us: 1_762_592_405_000_000,
  event_version: '1.11',
  event_source: 'ec2.amazonaws.com',
  event_name: 'DescribeInstances',
  aws_region: 'eu-central-1',
  source_ip_address: '198.51.100.7',
  request_id: 'b3f0c1de-0001-4000-8000-000000000001',
  event_id: id(1),
  read_only: 1,
  management_event: 1,
  user_identity_type: 'AssumedRole',
  user_identity_principal_id: 'AROAEXAMPLEROLEID0001:job-7',
  user_identity_access_key_id: 'ASIAEXAMPLEKEY000001',
  session_issuer_arn: 'arn:aws:iam::111122223333:role/service/backup',
  mfa_authenticated: 0,
  session_creation_time_us: 1_762_590_600_000_000,
  source_identity: 'ann',
  account_id: '111122223333',
  region: 'eu-central-1',
  actor: 'arn:aws:sts::111122223333:assumed-role/backup/job-7',
  action: 'DescribeInstances',
  target: null,
  src_ip: '198.51.100.7',
  outcome: 'success',
};

const GET_OBJECT = event({
  eventSource: 's3.amazonaws.com',
  eventName: 'GetObject',
  eventCategory: 'Data',
  managementEvent: false,
  eventID: id(2),
  requestParameters: {
    bucketName: 'example-invoices',
    key: '2025/plan.pdf',
    Host: 'example-invoices.s3.eu-central-1.amazonaws.com',
  },
  additionalEventData: { bytesTransferredIn: 0, bytesTransferredOut: 83211 },
  resources: [
    { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::example-invoices/2025/plan.pdf' },
    { accountId: '111122223333', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::example-invoices' },
  ],
});

const ASSUME_ROLE = event({
  userIdentity: { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' },
  sourceIPAddress: 'ec2.amazonaws.com',
  eventSource: 'sts.amazonaws.com',
  eventName: 'AssumeRole',
  eventID: id(3),
  requestParameters: {
    roleArn: 'arn:aws:iam::111122223333:role/web',
    roleSessionName: 'i-0123456789abcdef0',
  },
  responseElements: {
    credentials: { accessKeyId: 'ASIAEXAMPLEKEY000002', expiration: 'Nov 8, 2025 3:00:05 PM' },
  },
});

const SIGN_IN = event({
  userIdentity: { type: 'IAMUser', accountId: '111122223333', accessKeyId: '', userName: 'ann' },
  eventSource: 'signin.amazonaws.com',
  eventName: 'ConsoleLogin',
  eventType: 'AwsConsoleSignIn',
  eventID: id(4),
  sourceIPAddress: '2001:db8::7',
  errorMessage: 'Failed authentication',
  responseElements: { ConsoleLogin: 'Failure' },
  additionalEventData: {
    LoginTo: 'https://console.aws.amazon.com/',
    MobileVersion: 'No',
    MFAUsed: 'No',
  },
});

const CREATE_KEY = event({
  eventSource: 'iam.amazonaws.com',
  eventName: 'CreateAccessKey',
  eventID: id(5),
  readOnly: false,
  requestParameters: { userName: 'ann' },
  responseElements: {
    accessKey: { userName: 'ann', accessKeyId: 'AKIAEXAMPLEKEY000003', status: 'Active' },
  },
});

const DENIED = event({
  eventName: 'TerminateInstances',
  eventID: id(6),
  sourceIPAddress: 'AWS Internal',
  errorCode: 'Client.UnauthorizedOperation',
  errorMessage: 'You are not authorized to perform this operation.',
  requestParameters: { instancesSet: { items: [{ instanceId: 'i-0123456789abcdef0' }] } },
});

/** Version 1.0 has no eventID, eventType or recipientAccountId. */
const OLDEST = {
  eventVersion: '1.0',
  userIdentity: {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLE0000000001',
    arn: 'arn:aws:iam::111122223333:user/ann',
    accountId: '111122223333',
    accessKeyId: 'AKIAEXAMPLEKEY000001',
    userName: 'ann',
  },
  eventTime: '2014-03-06T21:22:54Z',
  eventSource: 'ec2.amazonaws.com',
  eventName: 'StartInstances',
  awsRegion: 'us-east-2',
  sourceIPAddress: '203.0.113.9',
  userAgent: 'ec2-api-tools 1.6.12.2',
  requestParameters: { instancesSet: { items: [{ instanceId: 'i-ebeaf9e2' }] } },
  responseElements: null,
};

const INSIGHT = {
  eventVersion: '1.09',
  eventTime: '2025-11-08T09:10:00Z',
  awsRegion: 'eu-central-1',
  eventID: id(7),
  eventType: 'AwsCloudTrailInsight',
  recipientAccountId: '111122223333',
  sharedEventID: id(8),
  insightDetails: {
    state: 'Start',
    eventSource: 'iam.amazonaws.com',
    eventName: 'ListUsers',
    insightType: 'ApiCallRateInsight',
    insightContext: { statistics: { baseline: { average: 0.0001 }, insight: { average: 62 } } },
  },
  eventCategory: 'Insight',
};

const NETWORK = event({
  eventType: 'AwsVpceEvent',
  eventCategory: 'NetworkActivity',
  eventID: id(9),
  errorCode: 'VpceAccessDenied',
  userIdentity: {
    type: 'AWSAccount',
    principalId: 'AIDAEXAMPLE0000000009',
    accountId: '444455556666',
  },
  vpcEndpointId: 'vpce-0123456789abcdef0',
  vpcEndpointAccountId: '111122223333',
});

const AGGREGATED = {
  eventVersion: '1.11',
  eventId: id(10),
  accountId: '111122223333',
  awsRegion: 'eu-central-1',
  eventSource: 's3.amazonaws.com',
  eventCategory: 'Aggregated',
  eventType: 'AwsAggregatedEvent',
  timeWindow: {
    windowStart: '2025-11-08T09:00:00Z',
    windowEnd: '2025-11-08T09:05:00Z',
    windowSize: 'PT5M',
  },
  summary: {
    primaryDimension: { dimension: 'eventName', statistics: [{ name: 'GetObject', value: 12 }] },
    details: [],
  },
};

const S3_NOTIFICATION = {
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventTime: '2025-11-08T09:00:05.000Z',
  eventName: 'ObjectCreated:Put',
  awsRegion: 'eu-central-1',
  s3: { bucket: { name: 'b' }, object: { key: 'k' } },
};

const RECORDS = [GET_OBJECT, ASSUME_ROLE, SIGN_IN, CREATE_KEY, DENIED, OLDEST];

function lookup(record: Record<string, unknown>): unknown {
  return {
    EventId: record['eventID'],
    EventName: record['eventName'],
    ReadOnly: 'true',
    AccessKeyId: 'ASIAEXAMPLEKEY000001',
    EventTime: '2025-11-08T10:00:05+01:00',
    EventSource: record['eventSource'],
    Resources: [],
    CloudTrailEvent: JSON.stringify(record),
  };
}

const json = JSON.stringify;
const CALL_TEXT = json(CALL);

/** Samples of CloudTrail, in every carrier. */
export const CLOUDTRAIL_SAMPLES: readonly Sample[] = [
  {
    name: 'S3 delivery',
    path: 'AWSLogs/111122223333/CloudTrail/eu-central-1/2025/11/08/111122223333_CloudTrail_eu-central-1_20251108T0905Z_AbCdEfGhIjKlMnOp.json.gz',
    text: json({ Records: [CALL, ...RECORDS] }),
    rows: [
      CALL_ROW,
      {
        bucket_name: 'example-invoices',
        object_key: '2025/plan.pdf',
        bytes_transferred_out: 83211,
        bytes_transferred_in: 0,
        target: 's3://example-invoices/2025/plan.pdf',
        target_other: null,
      },
      {
        actor: 'ec2.amazonaws.com',
        src_ip: null,
        source_ip_address: 'ec2.amazonaws.com',
        role_arn: 'arn:aws:iam::111122223333:role/web',
        target: 'arn:aws:iam::111122223333:role/web',
        response_access_key_id: 'ASIAEXAMPLEKEY000002',
      },
      {
        outcome: 'failure',
        console_result: 'Failure',
        error_code: null,
        mfa_used: 0,
        user_identity_access_key_id: null,
        src_ip: '2001:db8::7',
        actor: 'ann',
      },
      { response_access_key_id: 'AKIAEXAMPLEKEY000003', target: 'ann', read_only: 0 },
      {
        outcome: 'failure',
        error_code: 'Client.UnauthorizedOperation',
        target: 'i-0123456789abcdef0',
        src_ip: null,
      },
      {
        event_id: null,
        account_id: '111122223333',
        event_category: null,
        target: 'i-ebeaf9e2',
        outcome: 'success',
      },
    ],
  },
  {
    name: 'Insights, network activity, aggregated events',
    path: 'insights.json',
    text: json({ Records: [INSIGHT, NETWORK, AGGREGATED] }),
    rows: [
      {
        event_name: 'ListUsers',
        event_source: 'iam.amazonaws.com',
        insight_type: 'ApiCallRateInsight',
        insight_state: 'Start',
        outcome: null,
        shared_event_id: id(8),
        actor: null,
      },
      {
        event_category: 'NetworkActivity',
        vpc_endpoint_id: 'vpce-0123456789abcdef0',
        actor: 'AIDAEXAMPLE0000000009',
        outcome: 'failure',
        account_id: '111122223333',
      },
      {
        event_category: 'Aggregated',
        event_id: id(10),
        account_id: '111122223333',
        time_us: 1_762_592_400_000_000,
        event_name: null,
        outcome: null,
      },
    ],
  },
  {
    name: 'JSON array, pretty-printed, with S3 event notifications and other things between',
    path: 'export.json',
    text: json([CALL, S3_NOTIFICATION, 5, 'text', DENIED], null, 2),
    rows: [CALL_ROW, { event_id: id(6) }],
    rejects: ['not_this_source', 'not_an_object', 'not_json'],
  },
  {
    name: 'JSON lines, one of them broken, one cut',
    path: 'events.jsonl',
    text: [
      CALL_TEXT,
      json(GET_OBJECT).replace('"eventName":"', '"eventName":'),
      json(CREATE_KEY),
      '',
      json(DENIED).slice(0, 300),
    ].join('\r\n'),
    rows: [CALL_ROW, { event_id: id(5) }],
    rejects: ['not_json', 'truncated'],
  },
  {
    name: 'one after another, without anything between; a document of its own at the end',
    path: 'firehose',
    text: `${CALL_TEXT}${json(CREATE_KEY)}${json({ Records: [DENIED] })}`,
    rows: [CALL_ROW, { event_id: id(5) }, { event_id: id(6) }],
  },
  {
    name: 'lookup-events of the command line',
    path: 'lookup.json',
    text: json(
      {
        Events: [lookup(CALL), lookup(SIGN_IN), { EventId: id(60), CloudTrailEvent: '{' }],
        NextToken: 'x',
      },
      null,
      4,
    ),
    rows: [CALL_ROW, { event_id: id(4) }],
    rejects: ['not_json'],
  },
  {
    name: 'entries of lookup-events that lost the event, as --query leaves them',
    path: 'lookup.json',
    text: json([
      {
        EventId: id(61),
        EventName: 'StopLogging',
        EventTime: '2025-11-08T10:00:05+01:00',
        EventSource: 'cloudtrail.amazonaws.com',
        Username: 'alice',
        AccessKeyId: 'AKIAEXAMPLEKEY000001',
        ReadOnly: 'false',
        Resources: [],
      },
      { EventId: id(62), EventName: 'A', EventSource: 'b', EventTime: 1762592405.5 },
      { EventId: id(63), EventName: 'A', EventSource: 'b', EventTime: 'x' },
    ]),
    rows: [
      {
        time_us: 1_762_592_405_000_000,
        event_id: id(61),
        action: 'StopLogging',
        actor: 'alice',
        user_identity_access_key_id: 'AKIAEXAMPLEKEY000001',
        read_only: 0,
        outcome: null,
      },
      { time_us: 1_762_592_405_500_000, outcome: null },
    ],
    rejects: ['bad_time'],
  },
  {
    name: 'what CloudTrail Lake keeps beside events: an item of AWS Config, an event of a partner',
    path: 'lake.json',
    text: json([
      {
        eventVersion: '1.08',
        eventCategory: 'ConfigurationItem',
        eventType: 'AwsConfigurationItem',
        eventID: id(64),
        eventTime: '2025-11-08T09:00:05Z',
        awsRegion: 'eu-central-1',
        recipientAccountId: '111122223333',
        eventData: {
          configurationItemCaptureTime: '2025-11-08T09:00:05.123Z',
          configurationItemStatus: 'ResourceDeleted',
          resourceType: 'AWS::EC2::Instance',
          resourceId: 'i-0a1b',
          arn: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b',
        },
      },
      {
        eventVersion: '1.0',
        eventCategory: 'ActivityAuditLog',
        eventType: 'ActivityLog',
        eventID: id(65),
        eventTime: '2025-11-08 09:00:05.000',
        awsRegion: 'eu-central-1',
        recipientAccountId: '111122223333',
        metadata: { ingestionTime: '2025-11-08 09:01:00.000' },
        eventData: {
          version: '1',
          userIdentity: { type: 'user', principalId: 'alice@shop.example' },
          eventSource: 'shop.example',
          eventName: 'DeleteReport',
          sourceIPAddress: '198.51.100.7',
          errorCode: 'Forbidden',
        },
      },
    ]),
    rows: [
      {
        time_us: 1_762_592_405_000_000,
        event_category: 'ConfigurationItem',
        action: 'ResourceDeleted',
        target: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b',
        account_id: '111122223333',
        outcome: null,
      },
      {
        time_us: 1_762_592_405_000_000,
        actor: 'alice@shop.example',
        action: 'DeleteReport',
        event_source: 'shop.example',
        src_ip: '198.51.100.7',
        outcome: 'failure',
      },
    ],
  },
  {
    name: 'array of CloudTrailEvent strings',
    path: 'strings.json',
    text: json([CALL_TEXT, json(CREATE_KEY)]),
    rows: [CALL_ROW, { event_id: id(5) }],
  },
  {
    name: 'oddities that are kept',
    path: 'odd.json',
    text: `{"Records":[${[
      json(
        event({
          eventID: id(20),
          eventVersion: undefined,
          additionalEventData: { bytesTransferredOut: 1 },
        }),
      ).replace('"bytesTransferredOut":1', '"bytesTransferredOut":9007199254740993'),
      json(event({ eventID: id(21) })).replace('{', '{"eventName":"Hidden",'),
      json(event({ eventID: id(22) })).replace(
        '"requestParameters":null',
        '"requestParameters":{"__proto__":{"a":1}}',
      ),
      json(event({ eventID: id(23), userAgent: 'a\0b' })),
      json(event({ eventID: id(24), userAgent: 'a\ud800b' })),
      json(event({ eventID: id(25), sourceIPAddress: ['x'], readOnly: 'perhaps' })),
      json(
        event({ eventID: id(26), sourceIPAddress: '255.18.064.253', errorMessage: 'Ungültig 🙂' }),
      ),
    ].join(',')}]}`,
    rows: [
      { event_id: id(20), bytes_transferred_out: 9007199254740993n },
      { event_id: id(21), event_name: 'DescribeInstances' },
      { event_id: id(22) },
      { event_id: id(23), user_agent: 'a\0b' },
      { event_id: id(24), user_agent: 'a\ufffdb' },
      { event_id: id(25), source_ip_address: null, read_only: null },
      { event_id: id(26), src_ip: '255.18.064.253', error_message: 'Ungültig 🙂' },
    ],
    anomalies: ['big_number', 'duplicate_key', 'proto_key', 'nul_character', 'bad_value'],
  },
  {
    name: 'records without a time that can be read',
    path: 'times.json',
    text: json([
      event({ eventTime: 'yesterday' }),
      event({ eventTime: 1762592405 }),
      event({ eventTime: '2025-11-08T09:00:05' }),
      event({ eventID: id(30), eventTime: '2025-11-08T10:00:05.5+01:00' }),
    ]),
    rows: [{ time_us: 1_762_592_405_000_000 }, { time_us: 1_762_592_405_500_000 }],
    rejects: ['bad_time', 'bad_time'],
  },
  {
    name: 'a result file of CloudTrail Lake, nested values printed and as JSON',
    path: 'AWSLogs/111122223333/CloudTrail-Lake/Query/2025/11/09/x/result_1.csv.gz',
    text: [
      'eventversion,useridentity,eventtime,eventsource,eventname,awsregion,sourceipaddress,requestparameters,additionaleventdata,eventid,readonly,resources,recipientaccountid,eventcategory',
      `1.11,"{type=AssumedRole, principalid=AROAEXAMPLEROLEID0001:job-7, arn=arn:aws:sts::111122223333:assumed-role/backup/job-7, accountid=111122223333, accesskeyid=ASIAEXAMPLEKEY000001, username=null, sessioncontext={attributes={creationdate=2025-11-08 08:30:00.000, mfaauthenticated=false}, sessionissuer={type=Role, arn=arn:aws:iam::111122223333:role/service/backup}}}",2025-11-08 09:00:05.000,s3.amazonaws.com,GetObject,eu-central-1,198.51.100.7,"{bucketName=example-invoices, key=a, b=c{1}.pdf}","{bytesTransferredOut=83211}",${id(40)},true,"[{accountid=111122223333, type=AWS::S3::Bucket, arn=arn:aws:s3:::example-invoices}]",111122223333,Data`,
      `1.11,"{""type"":""Root"",""accountid"":""111122223333"",""arn"":""arn:aws:iam::111122223333:root""}",2025-11-08T09:00:06Z,iam.amazonaws.com,CreateUser,us-east-1,198.51.100.7,"{""userName"":""eve"",\n""x"":1}",,${id(41)},false,,111122223333,Management`,
      '',
    ].join('\n'),
    rows: [
      {
        time_us: 1_762_592_405_000_000,
        event_id: id(40),
        user_identity_type: 'AssumedRole',
        user_identity_principal_id: 'AROAEXAMPLEROLEID0001:job-7',
        user_identity_access_key_id: 'ASIAEXAMPLEKEY000001',
        session_issuer_arn: 'arn:aws:iam::111122223333:role/service/backup',
        session_creation_time_us: 1_762_590_600_000_000,
        mfa_authenticated: 0,
        target: 's3://example-invoices/a',
        bytes_transferred_out: 83_211,
        read_only: 1,
        account_id: '111122223333',
        outcome: 'success',
      },
      {
        event_id: id(41),
        actor: 'arn:aws:iam::111122223333:root',
        target: 'eve',
        read_only: 0,
      },
    ],
  },
  {
    name: 'the event history that the console downloads',
    path: 'event_history.csv',
    text: `Event name,Event time,User name,Event source,Resource type,Resource name,AWS access key,AWS region,Error code,Source IP address,Event ID,Read-only\r\nCreateUser,2025-11-08T09:00:05Z,ann,iam.amazonaws.com,AWS::IAM::User,eve,AKIAEXAMPLEKEY000001,us-east-1,AccessDenied,198.51.100.7,${id(42)},false\r\n`,
    rows: [
      {
        time_us: 1_762_592_405_000_000,
        actor: 'ann',
        action: 'CreateUser',
        target: 'eve',
        user_identity_access_key_id: 'AKIAEXAMPLEKEY000001',
        aws_region: 'us-east-1',
        error_code: 'AccessDenied',
        outcome: 'failure',
        event_id: id(42),
      },
    ],
  },
  {
    name: 'a table with a row too short, a time that is none, a quote left open, a value of neither form',
    path: 'x',
    text: [
      'eventTime,eventName,eventSource,userIdentity',
      '2025-11-08T09:00:05Z,a,b,{type=Root}',
      '2025-11-08T09:00:05Z,a',
      'x,a,b,',
      '2025-11-08T09:00:06Z,a,b,"{type=Root}',
      '2025-11-08T09:00:07Z,a,b,{type}',
      'eventTime,eventName,eventSource,userIdentity',
      '',
    ].join('\n'),
    rows: [{ user_identity_type: 'Root' }, { user_identity_type: null }],
    rejects: ['bad_fields', 'bad_time', 'bad_fields'],
    anomalies: ['bad_value'],
  },
  {
    name: 'the output of get-query-results, with a row without a time',
    path: 'x',
    text: JSON.stringify(
      {
        QueryStatus: 'FINISHED',
        QueryStatistics: { ResultsCount: 2 },
        QueryResultRows: [
          [
            { eventID: id(43) },
            { eventTime: '2025-11-08 09:00:05.000' },
            { eventName: 'CreateUser' },
            { userIdentity: '{type=Root, arn=arn:aws:iam::111122223333:root}' },
          ],
          [{ eventName: 'x' }],
        ],
      },
      null,
      2,
    ),
    rows: [
      {
        time_us: 1_762_592_405_000_000,
        event_id: id(43),
        actor: 'arn:aws:iam::111122223333:root',
        action: 'CreateUser',
      },
    ],
    rejects: ['bad_time'],
  },
];
