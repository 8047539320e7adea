/** GuardDuty findings, in whatever spelling and carrier they leave AWS. */
import { isObject, type JsonObject, type JsonValue, parseJson, sortedJson } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  integer,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  portOf,
  text,
  textOf,
  time,
  valueAt,
} from './_json.ts';
import type { RowOut, Source } from './source.ts';

/** The member of `service.action` that holds what was done, for each type of action. */
const ACTIONS: readonly string[] = [
  'awsApiCallAction',
  'networkConnectionAction',
  'dnsRequestAction',
  'portProbeAction',
  'kubernetesApiCallAction',
  'kubernetesPermissionCheckedDetails',
  'kubernetesRoleDetails',
  'kubernetesRoleBindingDetails',
  'rdsLoginAttemptAction',
];

const EMPTY: JsonObject = {};

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : EMPTY;
}

function firstOf(value: JsonValue | undefined): JsonObject {
  return objectOf(Array.isArray(value) ? (value as readonly JsonValue[])[0] : undefined);
}

/** What was done, whatever kind of action it was; of a port probe its first probe. */
function actionOf(record: JsonObject): JsonObject {
  const action = objectOf(valueAt(record, ['service', 'action']));
  for (const name of ACTIONS) {
    const value = action[name];
    if (!isObject(value)) continue;
    return name === 'portProbeAction' ? { ...value, ...firstOf(value['portProbeDetails']) } : value;
  }
  return EMPTY;
}

/** A text column of the action. */
function ofAction(name: string, path: string, about: string): JsonField {
  const names = path.split('.');
  return derived(name, about, (record, out) => textOf(valueAt(actionOf(record), names), path, out));
}

/** A port of the action. */
function portOfAction(name: string, path: string, about: string): JsonField {
  const names = path.split('.');
  return {
    column: { name, type: 'INTEGER', unit: 'port', about },
    value: (record, out) => portOf(valueAt(actionOf(record), names), path, out),
  };
}

/** A text column of the first of `resource.instanceDetails.networkInterfaces`. */
function ofInterface(name: string, path: string, about: string): JsonField {
  const names = ['resource', 'instanceDetails', 'networkInterfaces'];
  return derived(name, about, (record, out) =>
    textOf(valueAt(firstOf(valueAt(record, names)), [path]), path, out),
  );
}

function severity(record: JsonObject, out: RowOut): number | null {
  const value = record['severity'];
  if (value === undefined || value === null) return null;
  const tenths = typeof value === 'number' ? Math.round(value * 10) : NaN;
  if (typeof value === 'number' && Math.abs(value * 10 - tenths) < 1e-6 && Math.abs(tenths) < 1e6) {
    return 0 + tenths;
  }
  out.anomaly('bad_value', 'severity is not a number of tenths');
  return null;
}

/** True for the sample findings that GuardDuty makes on request. */
function isSample(record: JsonObject): boolean {
  const info = objectOf(valueAt(record, ['service', 'additionalInfo']));
  if (info['sample'] === true || info['sample'] === 'true') return true;
  const value = info['value'];
  const inner = typeof value === 'string' ? parseJson(value) : undefined;
  return isObject(inner) && inner['sample'] === true;
}

/**
 * The spelling of `get-findings` and the console (`AccountId`) in that of exports and EventBridge (`accountId`). Names
 * of resource types, which stand as keys in affectedResources, keep their own.
 */
function lowerFirst(value: JsonValue | undefined): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(lowerFirst);
  if (!isObject(value)) return value ?? null;
  const result: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.includes(':') ? name : name.charAt(0).toLowerCase() + name.slice(1);
    // Not by assignment: the evidence may name __proto__.
    Object.defineProperty(result, key, {
      value: lowerFirst(member),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

/** The finding as exports and EventBridge spell it. */
export function asExported(record: JsonObject): JsonObject {
  return 'SchemaVersion' in record || 'Service' in record ? objectOf(lowerFirst(record)) : record;
}

function is(record: JsonObject): boolean {
  const service = record['service'] ?? record['Service'];
  const type = record['type'] ?? record['Type'];
  return (
    isObject(service) &&
    typeof type === 'string' &&
    ('severity' in record || 'Severity' in record) &&
    (isObject(record['resource']) || isObject(record['Resource'])) &&
    !('ProductArn' in record)
  );
}

const FORMAT: JsonFormat = {
  what: 'GuardDuty findings',
  marks: ['"detectorId"', '"DetectorId"', '"resourceRole"', '"ResourceRole"'],
  wrappers: ['Findings', 'findings'],
  is,
  keys: [
    ['schemaVersion', 'service'],
    ['schemaVersion', 'accountId', 'type'],
    ['AccountId', 'Arn', 'CreatedAt'],
  ],
  time: (record) => anyTime(record['updatedAt']),
  timeName: 'updatedAt',
  identity: (record) => joined(record, 'accountId', 'region', 'id', 'updatedAt', 'service.count'),
  normal: asExported,
  fields: [
    text('account_id', 'accountId', 'accountId: the account the finding is about.'),
    text('region', 'region', 'region of the detector.'),
    text('finding_id', 'id', 'id: the same in every version of one finding.'),
    text('arn', 'arn', 'arn of the finding.'),
    text('type', 'type', 'type: ThreatPurpose:Resource/Family.Mechanism!Artifact.'),
    {
      column: {
        name: 'severity_tenths',
        type: 'INTEGER',
        unit: 'tenths',
        about:
          'severity times ten: 10 to 39 low, 40 to 69 medium, 70 to 89 high, 90 and above critical.',
      },
      value: severity,
    },
    text('title', 'title', 'title.'),
    text('description', 'description', 'description.'),
    time('created_at_us', 'createdAt', 'createdAt: when the first version was made.'),
    time(
      'event_first_seen_us',
      'service.eventFirstSeen',
      'service.eventFirstSeen: start of the activity.',
    ),
    time('event_last_seen_us', 'service.eventLastSeen', 'service.eventLastSeen: latest activity.'),
    integer(
      'count',
      'number',
      'service.count',
      'service.count: how often the activity was seen so far.',
    ),
    flag('archived', 'service.archived', 'service.archived.'),
    {
      column: {
        name: 'sample',
        type: 'INTEGER',
        unit: '0 or 1',
        about: '1 for a sample finding made on request: test data, not evidence of anything.',
      },
      value: (record) => (isSample(record) ? 1 : 0),
    },
    text('detector_id', 'service.detectorId', 'service.detectorId.'),
    text('feature_name', 'service.featureName', 'service.featureName: what saw it.'),
    text('resource_role', 'service.resourceRole', 'service.resourceRole: TARGET or ACTOR.'),
    text('resource_type', 'resource.resourceType', 'resource.resourceType.'),
    text('action_type', 'service.action.actionType', 'service.action.actionType.'),
    text(
      'access_key_id',
      'resource.accessKeyDetails.accessKeyId',
      'resource.accessKeyDetails.accessKeyId.',
    ),
    text(
      'principal_id',
      'resource.accessKeyDetails.principalId',
      'resource.accessKeyDetails.principalId.',
    ),
    text('user_name', 'resource.accessKeyDetails.userName', 'resource.accessKeyDetails.userName.'),
    text('user_type', 'resource.accessKeyDetails.userType', 'resource.accessKeyDetails.userType.'),
    text(
      'instance_id',
      'resource.instanceDetails.instanceId',
      'resource.instanceDetails.instanceId.',
    ),
    text(
      'instance_profile_arn',
      'resource.instanceDetails.iamInstanceProfile.arn',
      'resource.instanceDetails.iamInstanceProfile.arn.',
    ),
    ofInterface(
      'network_interface_id',
      'networkInterfaceId',
      'First network interface of the instance.',
    ),
    address(ofInterface('private_ip_address', 'privateIpAddress', 'Its private address.')),
    address(ofInterface('public_ip', 'publicIp', 'Its public address.')),
    ofInterface('vpc_id', 'vpcId', 'Its VPC.'),
    ofInterface('subnet_id', 'subnetId', 'Its subnet.'),
    derived('bucket_name', 'Name of the first of resource.s3BucketDetails.', (record, out) =>
      textOf(
        firstOf(valueAt(record, ['resource', 's3BucketDetails']))['name'],
        's3BucketDetails.name',
        out,
      ),
    ),
    text('eks_cluster_name', 'resource.eksClusterDetails.name', 'resource.eksClusterDetails.name.'),
    text(
      'kubernetes_username',
      'resource.kubernetesDetails.kubernetesUserDetails.username',
      'resource.kubernetesDetails.kubernetesUserDetails.username.',
    ),
    text(
      'kubernetes_workload',
      'resource.kubernetesDetails.kubernetesWorkloadDetails.name',
      'resource.kubernetesDetails.kubernetesWorkloadDetails.name.',
    ),
    text('container_id', 'resource.containerDetails.id', 'resource.containerDetails.id.'),
    text(
      'lambda_function_arn',
      'resource.lambdaDetails.functionArn',
      'resource.lambdaDetails.functionArn.',
    ),
    text(
      'db_instance_identifier',
      'resource.rdsDbInstanceDetails.dbInstanceIdentifier',
      'resource.rdsDbInstanceDetails.dbInstanceIdentifier.',
    ),
    text('db_user', 'resource.rdsDbUserDetails.user', 'resource.rdsDbUserDetails.user.'),
    ofAction('api', 'api', 'API that was called.'),
    ofAction('service_name', 'serviceName', 'Service whose API was called.'),
    ofAction('caller_type', 'callerType', 'Who called: Remote IP, Domain or Role.'),
    ofAction('error_code', 'errorCode', 'Error of the call.'),
    ofAction('user_agent', 'userAgent', 'User agent of the call.'),
    ofAction('domain', 'domain', 'Domain that was asked for.'),
    ofAction('connection_direction', 'connectionDirection', 'INBOUND, OUTBOUND or UNKNOWN.'),
    ofAction('network_protocol', 'protocol', 'Protocol of the connection or query.'),
    {
      column: {
        name: 'blocked',
        type: 'INTEGER',
        unit: '0 or 1',
        about: 'Whether the connection, query or probe was blocked.',
      },
      value: (record) => {
        const blocked = actionOf(record)['blocked'];
        return typeof blocked === 'boolean' ? Number(blocked) : null;
      },
    },
    ofAction('request_uri', 'requestUri', 'Request of a Kubernetes API call.'),
    ofAction('verb', 'verb', 'Verb of a Kubernetes API call.'),
    address(
      ofAction(
        'remote_ip',
        'remoteIpDetails.ipAddressV4',
        'Remote address, of a port probe the first.',
      ),
    ),
    address(ofAction('remote_ip_v6', 'remoteIpDetails.ipAddressV6', 'Remote IPv6 address.')),
    ofAction(
      'remote_country',
      'remoteIpDetails.country.countryName',
      'Country of the remote address.',
    ),
    ofAction(
      'remote_asn',
      'remoteIpDetails.organization.asn',
      'Autonomous system of the remote address.',
    ),
    ofAction('remote_asn_org', 'remoteIpDetails.organization.asnOrg', 'Its organization.'),
    portOfAction('remote_port', 'remotePortDetails.port', 'Remote port.'),
    address(ofAction('local_ip', 'localIpDetails.ipAddressV4', 'Local address.')),
    portOfAction('local_port', 'localPortDetails.port', 'Local port.'),
    ofAction('remote_account_id', 'remoteAccountDetails.accountId', 'Account of the caller.'),
    text(
      'process_executable_path',
      'service.runtimeDetails.process.executablePath',
      'service.runtimeDetails.process.executablePath.',
    ),
    text(
      'process_executable_sha256',
      'service.runtimeDetails.process.executableSha256',
      'service.runtimeDetails.process.executableSha256.',
    ),
    json(
      'threat_intelligence_details',
      'service.evidence.threatIntelligenceDetails',
      'service.evidence.threatIntelligenceDetails as JSON: lists and names of threats.',
    ),
    json('additional_info', 'service.additionalInfo', 'service.additionalInfo as JSON.'),
    json(
      'sequence',
      'service.detection.sequence',
      'service.detection.sequence of an attack sequence, as JSON.',
    ),
  ],
};

const FINDING = {
  schemaVersion: '2.0',
  accountId: '111122223333',
  region: 'eu-central-1',
  partition: 'aws',
  id: '8c258d654378414b9bc26f61a93eb816',
  arn: 'arn:aws:guardduty:eu-central-1:111122223333:detector/d0/finding/8c258d654378414b9bc26f61a93eb816',
  type: 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS',
  resource: {
    resourceType: 'AccessKey',
    accessKeyDetails: {
      accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      principalId: 'AROAEXAMPLE:i-0a1b2c3d4e5f60718',
      userName: 'web',
      userType: 'AssumedRole',
    },
  },
  service: {
    serviceName: 'guardduty',
    detectorId: 'd0',
    action: {
      actionType: 'AWS_API_CALL',
      awsApiCallAction: {
        api: 'GetCallerIdentity',
        serviceName: 'sts.amazonaws.com',
        callerType: 'Remote IP',
        remoteIpDetails: {
          ipAddressV4: '198.51.100.7',
          country: { countryName: 'Netherlands' },
          organization: { asn: '64496', asnOrg: 'Example' },
        },
        affectedResources: { 'AWS::IAM::Role': 'web' },
      },
    },
    resourceRole: 'TARGET',
    additionalInfo: { value: '{}', type: 'default' },
    eventFirstSeen: '2025-11-08T09:00:00.000Z',
    eventLastSeen: '2025-11-08T09:30:00.000Z',
    archived: false,
    count: 1,
  },
  severity: 8,
  createdAt: '2025-11-08T09:35:00.123Z',
  updatedAt: '2025-11-08T09:35:00.123Z',
  title: 'Credentials of an instance were used from outside.',
  description: 'Credentials of an instance were used from outside.',
};

const UPDATED = {
  ...FINDING,
  updatedAt: '2025-11-08T10:05:00.000Z',
  service: { ...FINDING.service, count: 7, eventLastSeen: '2025-11-08T10:00:00.000Z' },
};

/** The same in the spelling of `get-findings`, with the times of a SDK, a connection for the call, and as a sample. */
const PASCAL = {
  AccountId: '111122223333',
  Arn: FINDING.arn,
  CreatedAt: '2025-11-08T09:35:00.123Z',
  Id: '1b2c',
  Region: 'eu-central-1',
  Resource: {
    ResourceType: 'Instance',
    InstanceDetails: {
      InstanceId: 'i-0a1b2c3d4e5f60718',
      NetworkInterfaces: [
        {
          NetworkInterfaceId: 'eni-0a1b2c3d4e5f60718',
          PrivateIpAddress: '10.0.1.20',
          PublicIp: '203.0.113.9',
        },
      ],
    },
  },
  SchemaVersion: '2.0',
  Service: {
    Action: {
      ActionType: 'NETWORK_CONNECTION',
      NetworkConnectionAction: {
        Blocked: false,
        ConnectionDirection: 'OUTBOUND',
        LocalIpDetails: { IpAddressV4: '10.0.1.20' },
        LocalPortDetails: { Port: 40_000 },
        Protocol: 'TCP',
        RemoteIpDetails: { IpAddressV4: '198.51.100.66' },
        RemotePortDetails: { Port: 4444 },
      },
    },
    AdditionalInfo: { Sample: true },
    Count: 3,
    DetectorId: 'd0',
  },
  Severity: 5.5,
  Title: 't',
  Type: 'Backdoor:EC2/C&CActivity.B',
  UpdatedAt: '2025-11-08T09:40:00.000Z',
};

const PROBE = {
  ...FINDING,
  id: '2c3d',
  type: 'Recon:EC2/PortProbeUnprotectedPort',
  service: {
    ...FINDING.service,
    action: {
      actionType: 'PORT_PROBE',
      portProbeAction: {
        blocked: true,
        portProbeDetails: [
          {
            localPortDetails: { port: 22 },
            localIpDetails: { ipAddressV4: '10.0.1.20' },
            remoteIpDetails: { ipAddressV4: '198.51.100.8' },
          },
        ],
      },
    },
  },
};

export const guardduty: Source = {
  id: 'guardduty',
  title: 'GuardDuty findings',
  version: 3,
  clock:
    'GuardDuty’s clock, UTC, to the millisecond: when the finding was updated, minutes to hours after what it is about.',
  about: [
    'What Amazon GuardDuty found: the S3 export (JSON lines), the output of `aws guardduty get-findings` and the console, which spell the names of members with a capital, and EventBridge events. All action types are mapped: API calls, connections, DNS requests, port probes, Kubernetes calls, database logins.',
    'GuardDuty writes a finding again, with the same id, when the activity goes on: each version is a row, and finding_id with the greatest time_us is the latest state. time_us is when the version was made, minutes to hours after the activity, which event_first_seen_us and event_last_seen_us bound. Suppressed findings are archived and may not be exported. Rows with sample = 1 are test data. Findings say what GuardDuty concluded, not what happened: check them against the other tables.',
  ].join('\n\n'),
  references: [
    'Amazon GuardDuty User Guide, "Exporting generated findings to Amazon S3"',
    'Amazon GuardDuty User Guide, "Finding details"',
    'Amazon GuardDuty API Reference, "Finding", "Service", "Action"',
    'Amazon GuardDuty User Guide, "Processing GuardDuty findings with Amazon EventBridge"',
  ],
  columns: columnsOf('updatedAt: when this version of the finding was made.', FORMAT.fields),
  common: {
    actor: 'coalesce(user_name, principal_id, access_key_id, remote_ip)',
    action: 'type',
    target:
      "coalesce(instance_id, 's3://' || bucket_name, eks_cluster_name, lambda_function_arn, db_instance_identifier, access_key_id)",
    src_ip:
      "CASE WHEN connection_direction = 'OUTBOUND' THEN coalesce(local_ip, private_ip_address) ELSE coalesce(remote_ip, remote_ip_v6) END",
    dst_ip:
      "CASE WHEN connection_direction = 'OUTBOUND' THEN coalesce(remote_ip, remote_ip_v6) ELSE coalesce(local_ip, private_ip_address) END",
    outcome: "CASE blocked WHEN 1 THEN 'failure' WHEN 0 THEN 'success' END",
  },
  indexes: [['finding_id'], ['remote_ip'], ['access_key_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: (record) => {
    const value = parseJson(record);
    return isObject(value) ? sortedJson(asExported(value)) : canonicalRecord(record);
  },
  samples: [
    {
      name: 'the S3 export: two versions of a finding and a copy of the first',
      path: 'AWSLogs/111122223333/GuardDuty/eu-central-1/2025/11/08/0a1b2c3d-0001-4000-8000-000000000001.jsonl.gz',
      text: [FINDING, UPDATED, FINDING, PROBE].map((one) => JSON.stringify(one)).join('\n'),
      rows: [
        {
          time_us: 1_762_594_500_123_000,
          account_id: '111122223333',
          finding_id: '8c258d654378414b9bc26f61a93eb816',
          severity_tenths: 80,
          count: 1,
          archived: 0,
          sample: 0,
          actor: 'web',
          action: 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS',
          target: 'ASIAIOSFODNN7EXAMPLE',
          src_ip: '198.51.100.7',
          dst_ip: null,
          api: 'GetCallerIdentity',
          service_name: 'sts.amazonaws.com',
          remote_asn: '64496',
          event_last_seen_us: 1_762_594_200_000_000,
          outcome: null,
        },
        {
          finding_id: '8c258d654378414b9bc26f61a93eb816',
          count: 7,
          created_at_us: 1_762_594_500_123_000,
        },
        {},
        {
          src_ip: '198.51.100.8',
          dst_ip: '10.0.1.20',
          local_port: 22,
          blocked: 1,
          outcome: 'failure',
        },
      ],
    },
    {
      name: 'the output of get-findings',
      path: 'findings.json',
      text: JSON.stringify({ Findings: [PASCAL] }, null, 4),
      rows: [
        {
          account_id: '111122223333',
          severity_tenths: 55,
          sample: 1,
          instance_id: 'i-0a1b2c3d4e5f60718',
          network_interface_id: 'eni-0a1b2c3d4e5f60718',
          public_ip: '203.0.113.9',
          src_ip: '10.0.1.20',
          dst_ip: '198.51.100.66',
          remote_port: 4444,
          connection_direction: 'OUTBOUND',
          outcome: 'success',
        },
      ],
    },
    {
      name: 'two versions of a finding, one after another',
      path: 'events',
      text: [FINDING, UPDATED].map((finding) => JSON.stringify(finding)).join(''),
      rows: [{ count: 1 }, { count: 7 }],
    },
    {
      name: 'no time, a severity that is none, something else, a name twice, a cut record',
      path: 'x.jsonl',
      text: [
        JSON.stringify(FINDING),
        JSON.stringify({ ...FINDING, updatedAt: 'now' }),
        JSON.stringify({ ...FINDING, id: 'x', severity: 'high' }),
        '{"detectorId":"d0"}',
        JSON.stringify(UPDATED).replace('{', '{"id":"old",'),
        JSON.stringify(FINDING).slice(0, 400),
      ].join('\n'),
      rows: [{}, { severity_tenths: null }, { finding_id: FINDING.id }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value', 'duplicate_key'],
    },
  ],
  example: {
    question: 'Which findings stand in their latest version, the gravest first?',
    sql: 'SELECT type, severity_tenths, max(time_us) AS updated_us, count, target, remote_ip FROM guardduty WHERE sample = 0 GROUP BY account_id, region, finding_id ORDER BY severity_tenths DESC, updated_us DESC, finding_id LIMIT 20',
  },
};
