/** Configuration items in every carrier and in both spellings: how they are found, what is read of them, and when two say the same. */
import { isObject, type JsonObject, type JsonValue, sortedJson } from '../../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  derived,
  innerJson,
  json,
  type JsonField,
  type JsonFormat,
  text,
  textOf,
  time,
  valueAt,
} from '../_json.ts';

/** A member that files and the API spell differently. */
function either(name: string, members: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    for (const member of members) {
      const value = record[member];
      if (value !== undefined && value !== null) return textOf(value, member, out);
    }
    return null;
  });
}

/** An address that the configuration of a machine, a network interface or an elastic address tells at the first of the paths. */
function address(name: string, paths: readonly (readonly string[])[], about: string): JsonField {
  return derived(name, about, (record) => {
    const configuration = opened(record['configuration']);
    if (!isObject(configuration)) return null;
    const found = paths.map((path) => valueAt(configuration, path));
    return found.find((one) => typeof one === 'string') ?? null;
  });
}

function captureTime(record: JsonObject): number | undefined {
  return anyTime(record['configurationItemCaptureTime']);
}

function isItem(record: JsonValue | undefined): record is JsonObject {
  return (
    isObject(record) &&
    'configurationItemCaptureTime' in record &&
    'resourceType' in record &&
    'resourceId' in record
  );
}

/** What carries a notification besides EventBridge: SNS, a rule function’s event, SNS to Lambda, and both to SQS. */
const CARRIERS: readonly (readonly string[])[] = [
  ['Message'],
  ['invokingEvent'],
  ['Sns', 'Message'],
  ['body', 'Message'],
  ['body'],
  ['Body', 'Message'],
  ['Body'],
];

function summaryOf(record: JsonObject): JsonValue | undefined {
  return record['configurationItemSummary'];
}

/** The item; of an oversized one its summary, with where AWS put the whole of it. */
function normal(record: JsonObject): JsonObject {
  const summary = summaryOf(record);
  return isObject(summary) ? { ...record, ...summary } : record;
}

/** Relations in one spelling: the API calls their name relationshipName. */
function relationsOf(value: JsonValue | undefined): JsonValue {
  if (!Array.isArray(value)) return value ?? null;
  return (value as readonly JsonValue[]).map((one): JsonValue => {
    if (!isObject(one) || one['name'] !== undefined) return one;
    const { relationshipName: name, ...rest } = one;
    return name === undefined ? one : { ...rest, name };
  });
}

/** JSON in a string, as the API writes it; else the value itself. */
function opened(value: JsonValue | undefined): JsonValue {
  return (typeof value === 'string' ? innerJson(value) : undefined) ?? value ?? null;
}

/** Members by the names that files give them. */
const SPELLED: Readonly<Record<string, string>> = {
  accountId: 'awsAccountId',
  arn: 'ARN',
  availibilityZone: 'availabilityZone',
  configurationItemMD5Hash: 'configurationStateMd5Hash',
  configurationStateID: 'configurationStateId',
  version: 'configurationItemVersion',
};

/** Members in one form, by their names in files; others are what they are. */
const IN_ONE_FORM: Readonly<Record<string, (value: JsonValue) => JsonValue>> = {
  configuration: opened,
  configurationItemCaptureTime: (value) => anyTime(value) ?? value,
  configurationItemDeliveryTime: (value) => anyTime(value) ?? value,
  configurationStateId: (value) => (typeof value === 'string' ? value : sortedJson(value)),
  relationships: (value) => {
    const list = relationsOf(value);
    if (!Array.isArray(list)) return list;
    return (list as readonly JsonValue[]).map((one) => sortedJson(withoutEmpty(one))).sort();
  },
  resourceCreationTime: (value) => anyTime(value) ?? value,
  supplementaryConfiguration: (value) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, opened(one)]))
      : value,
};

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** An object without the members that say nothing: AWS writes null, '' and [] in one spelling and nothing in another. */
function withoutEmpty(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => !isEmpty(one)));
}

/** Text in which an item in a file, in a notification and in the API's answer is the same. */
export function sameItem(text: string): string {
  const value = innerJson(text);
  if (!isObject(value)) return canonicalRecord(text);
  const members = Object.entries(value).map(([member, one]): [string, JsonValue] => {
    const name = Object.hasOwn(SPELLED, member) ? (SPELLED[member] ?? member) : member;
    return [name, IN_ONE_FORM[name]?.(one ?? null) ?? one ?? null];
  });
  return sortedJson(withoutEmpty(Object.fromEntries(members)));
}

/** How configuration items look and are read. */
export const CONFIG_ITEM_FORMAT: JsonFormat = {
  what: 'Config configuration items',
  marks: ['configurationItemCaptureTime'],
  wrappers: [
    'configurationItems',
    'baseConfigurationItems',
    'BaseConfigurationItems',
    'Records',
    'Messages',
  ],
  // A summary is read with the notification around it, which says where the item is.
  ways: [
    ['configurationItem'],
    ['ConfigurationItem'],
    ...CARRIERS.flatMap((way) => [[...way, 'configurationItem'], way]),
  ],
  beside: {
    member: 'configurationItemDiff',
    path: (record) =>
      [
        'Config',
        record['awsAccountId'] ?? record['accountId'],
        record['awsRegion'],
        record['resourceType'],
        record['resourceId'],
      ]
        .map((part) => (typeof part === 'string' ? part : ''))
        .join('/'),
  },
  is: (record) => isItem(record) || isItem(summaryOf(record)),
  keys: [['resourceType', 'configurationItemCaptureTime'], ['configurationItemSummary']],
  normal,
  strings: true,
  time: captureTime,
  timeName: 'configurationItemCaptureTime',
  identity: (record) =>
    [
      record['awsAccountId'] ?? record['accountId'] ?? null,
      record['awsRegion'] ?? null,
      record['resourceType'] ?? null,
      record['resourceId'] ?? null,
      captureTime(record) ?? null,
      // The summary of an item is not a copy of it.
      isObject(summaryOf(record)),
    ]
      .map(sortedJson)
      .join(' '),
  fields: [
    either('account_id', ['awsAccountId', 'accountId'], 'Account of the resource.'),
    text('region', 'awsRegion', 'awsRegion; "global" for global resources.'),
    text('resource_type', 'resourceType', 'resourceType, such as AWS::EC2::Instance.'),
    text('resource_id', 'resourceId', 'resourceId.'),
    text('resource_name', 'resourceName', 'resourceName.'),
    either('arn', ['ARN', 'arn'], 'ARN of the resource.'),
    text(
      'configuration_item_status',
      'configurationItemStatus',
      'OK, ResourceDiscovered, ResourceNotRecorded, ResourceDeleted, ResourceDeletedNotRecorded.',
    ),
    either(
      'configuration_state_id',
      ['configurationStateId', 'configurationStateID'],
      'configurationStateId: order of the items of one resource.',
    ),
    either(
      'configuration_item_version',
      ['configurationItemVersion', 'version'],
      'Version of the format.',
    ),
    either('availability_zone', ['availabilityZone', 'availibilityZone'], 'Availability zone.'),
    time('resource_creation_time_us', 'resourceCreationTime', 'resourceCreationTime.'),
    time(
      'configuration_item_delivery_time_us',
      'configurationItemDeliveryTime',
      'configurationItemDeliveryTime.',
    ),
    text('recording_frequency', 'recordingFrequency', 'CONTINUOUS or DAILY.'),
    json('tags', 'tags', 'tags as JSON.'),
    json(
      'related_events',
      'relatedEvents',
      'eventIDs of CloudTrail as JSON; empty since version 1.3.',
    ),
    derived(
      'relationships',
      'relationships as JSON: resourceType, resourceId and name (relationshipName in the API) of each.',
      (record) => {
        const value = relationsOf(record['relationships']);
        return value === null ? null : sortedJson(value);
      },
    ),
    address(
      'private_ip_address',
      [['privateIpAddress']],
      'privateIpAddress in the configuration of an instance, a network interface or an elastic address.',
    ),
    address(
      'public_ip',
      [['publicIpAddress'], ['association', 'publicIp'], ['publicIp']],
      'Public address in the configuration of an instance, a network interface or an elastic address.',
    ),
    derived(
      'configuration',
      'configuration as JSON, which the API writes as a string; NULL for a deleted resource and a summary.',
      (record) => {
        const value = record['configuration'];
        if (value === undefined || value === null) return null;
        if (typeof value !== 'string') return sortedJson(value);
        const inner = innerJson(value);
        return inner === undefined ? value : sortedJson(inner);
      },
    ),
    json(
      'supplementary_configuration',
      'supplementaryConfiguration',
      'supplementaryConfiguration as JSON; policies in it are strings.',
    ),
    text('change_type', 'changeType', 'CREATE, UPDATE or DELETE, of a summary.'),
    text(
      's3_bucket_location',
      's3DeliverySummary.s3BucketLocation',
      's3DeliverySummary.s3BucketLocation of a summary: where the whole item was put.',
    ),
    text(
      's3_delivery_error',
      's3DeliverySummary.errorCode',
      's3DeliverySummary.errorCode of a summary: why it was not put there.',
    ),
  ],
};
