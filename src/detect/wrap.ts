/**
 * Events as EventBridge would have sent them, made of records that reached the evidence another way. EventBridge gave
 * each an id of its own, which nobody can know: a wrapped event has none.
 */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';

/** Tables whose records are wrapped; `eventbridge` holds events themselves. */
export type Wrapped =
  'cloudtrail' | 'guardduty' | 'config_item' | 'config_compliance' | 'config_notification';

/** An event, or why EventBridge would have sent none. */
export type Wrap = { readonly event: JsonObject } | { readonly unsent: string };

/**
 * `eventType` of CloudTrail to detail-type: Amazon EventBridge User Guide, "AWS service events delivered via AWS
 * CloudTrail".
 */
const CLOUDTRAIL_TYPES: Readonly<Record<string, string>> = {
  AwsApiCall: 'AWS API Call via CloudTrail',
  AwsServiceEvent: 'AWS Service Event via CloudTrail',
  AwsConsoleAction: 'AWS Console Action via CloudTrail',
  AwsConsoleSignIn: 'AWS Console Sign In via CloudTrail',
  AwsCloudTrailInsight: 'AWS Insight via CloudTrail',
};

/** `messageType` of Config to detail-type: AWS Config Developer Guide, "Monitoring AWS Config with Amazon EventBridge". */
const CONFIG_TYPES: Readonly<Record<string, string>> = {
  ConfigurationSnapshotDeliveryStarted: 'Config Configuration Snapshot Delivery Status',
  ConfigurationSnapshotDeliveryCompleted: 'Config Configuration Snapshot Delivery Status',
  ConfigurationSnapshotDeliveryFailed: 'Config Configuration Snapshot Delivery Status',
  ConfigurationHistoryDeliveryCompleted: 'Config Configuration History Delivery Status',
  ComplianceChangeNotification: 'Config Rules Compliance Change',
  ConfigRulesEvaluationStarted: 'Config Rules Re-evaluation Status',
};

/** What the envelope says: columns of the record's row. */
export interface Origin {
  readonly account: string | null;
  readonly region: string | null;
  /** RFC 3339. */
  readonly time: string;
}

/**
 * Wraps a record.
 * @param record as its source writes it to EventBridge: findings in lower camel case.
 */
export function wrap(table: Wrapped, record: JsonObject, origin: Origin): Wrap {
  switch (table) {
    case 'cloudtrail':
      return ofCloudTrail(record, origin);
    case 'guardduty':
      return sent('aws.guardduty', 'GuardDuty Finding', record, origin);
    case 'config_item':
      return ofConfigItem(record, origin);
    case 'config_compliance':
    case 'config_notification': {
      const type = CONFIG_TYPES[textOf(record['messageType'])];
      return type === undefined
        ? { unsent: 'what the API answered, or a message that Config sends elsewhere' }
        : sent('aws.config', type, record, origin);
    }
  }
}

/**
 * True for a read-only management event, which a rule in state ENABLED does not get: Amazon EventBridge User Guide,
 * "Receiving read-only management events from AWS services".
 */
export function isReadOnlyCall(event: JsonObject): boolean {
  const detail = event['detail'];
  if (event['detail-type'] !== CLOUDTRAIL_TYPES['AwsApiCall'] || !isObject(detail)) return false;
  const name = textOf(detail['eventName']);
  return (
    /^(?:Describe|Get|List)/.test(name) &&
    name !== 'GetFederationToken' &&
    name !== 'GetSessionToken' &&
    detail['readOnly'] !== false &&
    detail['managementEvent'] !== false &&
    (detail['eventCategory'] ?? 'Management') === 'Management'
  );
}

function ofCloudTrail(record: JsonObject, origin: Origin): Wrap {
  const type = CLOUDTRAIL_TYPES[textOf(record['eventType']) || 'AwsApiCall'];
  if (type === undefined) return { unsent: 'an event type that CloudTrail does not send' };
  if (type === CLOUDTRAIL_TYPES['AwsCloudTrailInsight']) {
    return sent('aws.cloudtrail', type, record, origin);
  }
  const service = textOf(record['eventSource']).split('.')[0] ?? '';
  return service === ''
    ? { unsent: 'a record without eventSource' }
    : sent(`aws.${service}`, type, record, origin);
}

function ofConfigItem(record: JsonObject, origin: Origin): Wrap {
  const arn = record['ARN'] ?? record['arn'];
  const item = {
    recordVersion: '1.3',
    messageType: 'ConfigurationItemChangeNotification',
    configurationItem: record,
  };
  // A notification in the evidence is what EventBridge would have sent; a bare item lacks what changed.
  const detail = isObject(record['configurationItem']) ? record : item;
  return sent('aws.config', 'Config Configuration Item Change', detail, origin, [
    ...(typeof arn === 'string' ? [arn] : []),
  ]);
}

function sent(
  source: string,
  type: string,
  detail: JsonObject,
  { account, region, time }: Origin,
  resources: readonly JsonValue[] = [],
): Wrap {
  return {
    event: {
      version: '0',
      'detail-type': type,
      source,
      account,
      time,
      region,
      resources,
      detail,
    },
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
