/** One CloudTrail record, parsed, to the values of its columns. */
import { isObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { exactUs, logTime } from '../../core/time.ts';
import { anyTime } from '../_json.ts';
import type { RowOut, Value } from '../source.ts';

const EMPTY: JsonObject = {};

/** The service of role sessions. */
export const STS = 'sts.amazonaws.com';

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : EMPTY;
}

function textOf(value: JsonValue | undefined, name: string, out: RowOut): string | null {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return null;
  out.anomaly('bad_value', `${name} is not a string`);
  return null;
}

/** Booleans; sign-in and session attributes spell them as strings, and so do some re-exports. */
function flagOf(value: JsonValue | undefined, name: string, out: RowOut): number | null {
  if (value === undefined || value === null) return null;
  if (value === true || value === 'true' || value === 'Yes' || value === 'YES') return 1;
  if (value === false || value === 'false' || value === 'No' || value === 'NO') return 0;
  out.anomaly('bad_value', `${name} is neither true nor false`);
  return null;
}

function integerOf(
  value: JsonValue | undefined,
  name: string,
  out: RowOut,
): number | bigint | null {
  if (value === undefined || value === null) return null;
  // 0 + value: -0 is 0.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return 0 + value;
  if (typeof value === 'bigint' && value === BigInt.asIntN(64, value)) return value;
  out.anomaly('bad_value', `${name} is not a 64-bit integer`);
  return null;
}

/** Days already worked out, as `yyyymmdd` to microseconds; a log has few. */
const days = new Map<number, number>();
const MOST_DAYS = 4096;

/**
 * CloudTrail's times: RFC 3339 in UTC by the second; the basic form `20131102T010628Z` in old session attributes;
 * without a zone in events that came through CloudTrail Lake, where they are UTC.
 */
export function cloudTrailTime(text: string): number | undefined {
  const time = text.length === 20 ? commonTime(text) : undefined;
  if (time !== undefined) return time;
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
  return logTime(text.replace(basic, '$1-$2-$3T$4:$5:$6Z')) ?? logTime(`${text}Z`);
}

/** `yyyy-mm-ddThh:mm:ssZ` without a regular expression: three times in every event. */
function commonTime(text: string): number | undefined {
  if (text.charCodeAt(10) !== 0x54 || text.charCodeAt(19) !== 0x5a) return undefined;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const date =
    twoDigits(text, 0) * 1_000_000 +
    twoDigits(text, 2) * 10_000 +
    twoDigits(text, 5) * 100 +
    twoDigits(text, 8);
  const separators =
    text.charCodeAt(4) === 0x2d &&
    text.charCodeAt(7) === 0x2d &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a;
  // NaN, from anything but digits, fails every comparison.
  if (!separators || !(hour < 24 && minute < 60 && second < 60 && date > 0)) return undefined;
  let day = days.get(date);
  if (day === undefined) {
    day = logTime(`${text.slice(0, 10)}T00:00:00Z`);
    if (day === undefined) return undefined;
    if (days.size >= MOST_DAYS) days.clear();
    days.set(date, day);
  }
  return exactUs(day + (hour * 3600 + minute * 60 + second) * 1_000_000);
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function timeOf(value: JsonValue | undefined, name: string, out: RowOut): number | null {
  if (value === undefined || value === null) return null;
  const time = typeof value === 'string' ? cloudTrailTime(value) : undefined;
  if (time === undefined) out.anomaly('bad_value', `${name} is not a time`);
  return time ?? null;
}

/** Request parameters that name what is acted on, the most telling first. */
export const TARGET_NAMES: ReadonlyMap<string, number> = new Map(
  [
    'functionName',
    'secretId',
    'policyArn',
    'accessKeyId',
    'userName',
    'roleName',
    'groupName',
    'instanceProfileName',
    'keyId',
    'instanceId',
    'snapshotId',
    'imageId',
    'volumeId',
    'groupId',
    'networkInterfaceId',
    'subnetId',
    'vpcId',
    'trailName',
    'detectorId',
    'logGroupName',
    'logGroupIdentifier',
    'tableName',
    'dBInstanceIdentifier',
    'dBSnapshotIdentifier',
    'dBClusterIdentifier',
    'stackName',
    'clusterName',
    'repositoryName',
    'queueUrl',
    'topicArn',
    'resourceArn',
    'resourceId',
    'modelId',
    'target',
    'id',
    'name',
  ].map((name, rank) => [name, rank]),
);

function requestTarget(parameters: JsonObject): string | null {
  let best: string | null = null;
  let bestRank = Infinity;
  for (const name in parameters) {
    const rank = TARGET_NAMES.get(name);
    if (rank === undefined || rank >= bestRank) continue;
    const value = parameters[name];
    if (typeof value !== 'string') continue;
    best = value;
    bestRank = rank;
  }
  if (best !== null) return best;
  // EC2's request form: instancesSet.items[].instanceId.
  const items = objectOf(parameters['instancesSet'])['items'];
  const first = Array.isArray(items) ? objectOf((items as readonly JsonValue[])[0]) : EMPTY;
  const instance = first['instanceId'];
  return typeof instance === 'string' ? instance : null;
}

function resourceArn(resources: JsonValue | undefined): string | null {
  if (!Array.isArray(resources)) return null;
  for (const item of resources as readonly JsonValue[]) {
    const arn = objectOf(item)['ARN'] ?? objectOf(item)['arn'];
    if (typeof arn === 'string') return arn;
  }
  return null;
}

/** Response elements of the sign-in service that say how it went. */
export const CONSOLE_RESULTS: readonly string[] = [
  'ConsoleLogin',
  'SwitchRole',
  'ExitRole',
  'CheckMfa',
  'RenewRole',
];

function consoleResult(response: JsonObject): string | null {
  for (const name of CONSOLE_RESULTS) {
    const value = response[name];
    if (typeof value === 'string') return value;
  }
  return null;
}

/** Event time of a record; undefined if it has none that can be read. */
export function recordTime(record: JsonObject): number | undefined {
  const time = record['eventTime'] ?? objectOf(record['timeWindow'])['windowStart'];
  // Lake's own records may lack the zone.
  if ('eventData' in record) return anyTime(time);
  return typeof time === 'string' ? cloudTrailTime(time) : undefined;
}

/**
 * Values in the order of `CLOUDTRAIL_COLUMNS`.
 * @param timeUs what {@link recordTime} gave.
 */
export function mapRecord(whole: JsonObject, timeUs: number, out: RowOut): Value[] {
  // What CloudTrail Lake keeps of others has its members in eventData.
  const data = objectOf(whole['eventData']);
  const record = 'eventData' in whole ? { ...data, ...whole } : whole;
  const identity = objectOf(record['userIdentity']);
  const session = objectOf(identity['sessionContext']);
  const attributes = objectOf(session['attributes']);
  const request = objectOf(record['requestParameters']);
  const response = objectOf(record['responseElements']);
  const additional = objectOf(record['additionalEventData']);
  const insight = objectOf(record['insightDetails']);

  const source = textOf(record['eventSource'] ?? insight['eventSource'], 'eventSource', out);
  const bucket = request['bucketName'];
  const bucketName = typeof bucket === 'string' ? bucket : null;
  const key = request['key'];
  const objectKey = typeof key === 'string' && bucketName !== null ? key : null;
  const role = request['roleArn'];
  const roleArn = typeof role === 'string' ? role : null;
  const issued =
    objectOf(response['credentials'])['accessKeyId'] ??
    objectOf(response['accessKey'])['accessKeyId'];
  // The expression of the common column target says it in these two cases.
  const said = bucketName !== null || (roleArn !== null && source === STS);
  const item = data['arn'] ?? data['resourceId'];
  const target = said
    ? null
    : (resourceArn(record['resources']) ??
      requestTarget(request) ??
      (typeof item === 'string' ? item : null));

  return [
    timeUs,
    textOf(record['eventVersion'], 'eventVersion', out),
    source,
    textOf(
      record['eventName'] ?? insight['eventName'] ?? data['configurationItemStatus'],
      'eventName',
      out,
    ),
    textOf(record['awsRegion'], 'awsRegion', out),
    textOf(record['sourceIPAddress'], 'sourceIPAddress', out),
    textOf(record['userAgent'], 'userAgent', out),
    textOf(record['errorCode'], 'errorCode', out),
    textOf(record['errorMessage'], 'errorMessage', out),
    textOf(record['requestID'], 'requestID', out),
    textOf(record['eventID'] ?? record['eventId'], 'eventID', out),
    textOf(record['eventType'], 'eventType', out),
    textOf(record['eventCategory'], 'eventCategory', out),
    flagOf(record['readOnly'], 'readOnly', out),
    flagOf(record['managementEvent'], 'managementEvent', out),
    textOf(record['recipientAccountId'] ?? record['accountId'], 'recipientAccountId', out),
    textOf(record['sharedEventID'], 'sharedEventID', out),
    textOf(record['vpcEndpointId'], 'vpcEndpointId', out),
    textOf(identity['type'], 'userIdentity.type', out),
    textOf(identity['principalId'], 'userIdentity.principalId', out),
    textOf(identity['arn'], 'userIdentity.arn', out),
    textOf(identity['accountId'], 'userIdentity.accountId', out),
    // Some records carry an empty key: no key.
    textOf(
      identity['accessKeyId'] === '' ? null : identity['accessKeyId'],
      'userIdentity.accessKeyId',
      out,
    ),
    textOf(identity['userName'], 'userIdentity.userName', out),
    textOf(identity['invokedBy'], 'userIdentity.invokedBy', out),
    textOf(objectOf(session['sessionIssuer'])['arn'], 'sessionIssuer.arn', out),
    flagOf(attributes['mfaAuthenticated'], 'mfaAuthenticated', out),
    timeOf(attributes['creationDate'], 'creationDate', out),
    textOf(session['sourceIdentity'], 'sourceIdentity', out),
    flagOf(additional['MFAUsed'], 'MFAUsed', out),
    consoleResult(response),
    integerOf(additional['bytesTransferredIn'], 'bytesTransferredIn', out),
    integerOf(additional['bytesTransferredOut'], 'bytesTransferredOut', out),
    typeof issued === 'string' ? issued : null,
    roleArn,
    bucketName,
    objectKey,
    target,
    textOf(insight['insightType'], 'insightType', out),
    textOf(insight['state'], 'insightDetails.state', out),
  ];
}
