/** Tells CloudTrail files, in whatever they came, from all others. */
import { isObject, type JsonObject } from '../../core/json.ts';
import { type PeekedRecord, peekJson } from '../../core/peek.ts';
import type { Detection, Head } from '../source.ts';
import { detectResults, detectTable } from './table.ts';

/** Members of an outermost object whose array holds records: S3 delivery, and `lookup-events` of the CLI and SDKs. */
export const WRAPPERS: readonly string[] = ['Records', 'Events'];

/** What carries the record. */
type Carrier = 'record' | 'lookup';

/** Categories of records that CloudTrail Lake keeps beside events: their content is in `eventData`. */
const LAKE_CATEGORIES: readonly unknown[] = ['ConfigurationItem', 'ActivityAuditLog', 'Evidence'];

/** True for a record of CloudTrail Lake that is no event of CloudTrail: an item of AWS Config, an event of a partner. */
function isLakeRecord(record: JsonObject): boolean {
  return isObject(record['eventData']) && LAKE_CATEGORIES.includes(record['eventCategory']);
}

/** True for an entry of `lookup-events` without the event itself, as `--query` and spreadsheets leave it. */
export function isBareEntry(record: JsonObject): boolean {
  return (
    record['CloudTrailEvent'] === undefined &&
    ['EventId', 'EventName', 'EventSource'].every((name) => typeof record[name] === 'string') &&
    'EventTime' in record
  );
}

/** True for a record that CloudTrail writes; S3 event notifications share its wrapper and some of its keys. */
export function isCloudTrailRecord(record: JsonObject): boolean {
  const source = record['eventSource'];
  if (typeof source === 'string' && source.startsWith('aws:')) return false;
  if (isLakeRecord(record)) return true;
  if ('insightDetails' in record || ('timeWindow' in record && 'summary' in record)) return true;
  return 'eventName' in record && ('eventVersion' in record || 'eventSource' in record);
}

function carrierOf(record: PeekedRecord): Carrier | undefined {
  const value = record.value;
  if (value === undefined) {
    // The head ends inside the record: its outer keys so far must do.
    const keys = new Set(record.keys);
    if (keys.has('CloudTrailEvent')) return 'lookup';
    const known = [
      'eventVersion',
      'userIdentity',
      'eventTime',
      'eventSource',
      'eventName',
      'awsRegion',
    ];
    return keys.has('eventVersion') && known.filter((key) => keys.has(key)).length >= 3
      ? 'record'
      : undefined;
  }
  if (typeof value['CloudTrailEvent'] === 'string' || isBareEntry(value)) return 'lookup';
  return isCloudTrailRecord(value) ? 'record' : undefined;
}

const SHAPES: Readonly<Record<Carrier, string>> = {
  record: 'records',
  lookup: 'lookup-events',
};

/** Claim of CloudTrail on a file. */
export function detectCloudTrail(head: Head): Detection | undefined {
  const peek = peekJson(head.text, WRAPPERS);
  if (peek === undefined) return detectTable(head);
  const named =
    /CloudTrail(?:-Insight|-NetworkActivity)?[/_]/.test(head.path) &&
    !head.path.includes('CloudTrail-Digest');
  if (peek.records.length === 0) {
    // `{"Records":[]}` says nothing by itself.
    const empty = peek.container === 'Records' && named;
    return empty
      ? { confidence: 20, reason: 'empty Records, named like a CloudTrail log', shape: 'records' }
      : undefined;
  }
  const carriers = peek.records.map(carrierOf);
  const carrier = carriers.find((one) => one !== undefined);
  if (carrier === undefined) return detectResults(head);
  const share = carriers.filter((one) => one !== undefined).length / carriers.length;
  const shape =
    carrier === 'record' && peek.container !== 'Records' ? peek.container : SHAPES[carrier];
  return {
    confidence: Math.round(50 + 40 * share) + (named ? 5 : 0),
    reason: `${String(carriers.filter((one) => one !== undefined).length)} of the first ${String(carriers.length)} records are CloudTrail's (${shape})`,
    shape,
  };
}
