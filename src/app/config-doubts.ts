/** What the case shows between a capture of a resource and a later moment: reasons to doubt that nothing changed. */
import { formatUs } from '../core/time.ts';
import { type Ask, evidenceOf, evidenceSql, type Resource, type Row } from './config-rows.ts';

/** A reason why the state at the moment may be another than that of the item. */
export interface Reservation {
  readonly kind:
    | 'no_item'
    | 'no_configuration'
    | 'not_recorded'
    | 'items_disagree'
    | 'next_differs'
    | 'no_later_item'
    | 'recorder_stopped'
    | 'delivery_failed'
    | 'recorder_changed'
    | 'changed_in_cloudtrail'
    | 'daily_recording';
  readonly detail: string;
  /** When it began, and the row that shows it. */
  readonly at: string | null;
  readonly row: string | null;
}

const TRAIL = evidenceSql('cloudtrail', 'c');

const RECORDER = `SELECT c.time_us AS time_us, c.event_name AS event_name, c.actor AS actor, c.region AS region, ${TRAIL.columns}
FROM cloudtrail AS c ${TRAIL.joins}
WHERE c.event_name IN ('StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'StartConfigurationRecorder', 'PutConfigurationRecorder', 'DeleteDeliveryChannel')
  AND c.event_source = 'config.amazonaws.com' AND c.outcome = 'success' AND coalesce(c.account_id, '') = :account
  AND (:region = 'global' OR coalesce(c.region, '') = :region) AND c.time_us > :from_us AND c.time_us <= :to_us
ORDER BY c.time_us, c.id`;

const LISTED = evidenceSql('config_recorder', 'r');

// Only the last stop is told, and in older output neither account nor region.
const STOPPED = `SELECT r.last_stop_time_us AS time_us, r.recorder_name AS recorder_name, r.recording AS recording, r.region AS region, ${LISTED.columns}
FROM config_recorder AS r ${LISTED.joins}
WHERE r.last_stop_time_us > :from_us AND r.last_stop_time_us <= :to_us AND coalesce(r.account_id, :account) = :account
  AND (:region = 'global' OR coalesce(r.region, :region) = :region)
ORDER BY r.last_stop_time_us, r.id`;

const TOLD = evidenceSql('config_notification', 'n');

const FAILED = `SELECT n.time_us AS time_us, n.message_type AS message_type, n.error_code AS error_code, ${TOLD.columns}
FROM config_notification AS n ${TOLD.joins}
WHERE n.time_us > :from_us AND n.time_us <= :to_us AND n.outcome = 'failure' AND coalesce(n.account_id, :account) = :account
  AND (:region = 'global' OR coalesce(n.region, :region) = :region)
ORDER BY n.time_us, n.id`;

const CHANGES = `SELECT c.time_us AS time_us, c.event_name AS event_name, c.actor AS actor, ${TRAIL.columns}
FROM cloudtrail AS c ${TRAIL.joins}
WHERE c.time_us > :from_us AND c.time_us <= :to_us AND c.outcome = 'success' AND coalesce(c.account_id, '') = :account
  AND (c.read_only = 0 OR (c.read_only IS NULL AND c.event_name NOT GLOB 'Get*' AND c.event_name NOT GLOB 'List*' AND c.event_name NOT GLOB 'Describe*'))
  AND c.event_category IS NOT 'Data' AND c.target IN (:arn, :id, :name, 's3://' || :id)
ORDER BY c.time_us, c.id LIMIT 1000`;

/** Reasons for doubt between a capture and a moment. */
export async function seenSince(
  ask: Ask,
  resource: Resource,
  fromUs: number,
  toUs: number,
): Promise<readonly Reservation[]> {
  if (toUs <= fromUs) return [];
  const { account_id: account, region, arn, resource_id: id, resource_name: name } = resource;
  const window = { from_us: fromUs, to_us: toUs, account };
  const recorder = await ask(RECORDER, { ...window, region });
  const listed = await ask(STOPPED, { ...window, region });
  const failed = await ask(FAILED, { ...window, region });
  const changes = await ask(CHANGES, { ...window, arn: arn ?? id, id, name: name ?? id });
  return [
    ...recorder.flatMap((row, index) => recorderSaid(row, recorder.slice(index + 1))),
    ...listed.map((row) => {
      const of = row['region'] === null ? 'a region that is not named' : text(row, 'region');
      const now = row['recording'] === 1 ? 'recording again' : 'not recording';
      const whose = `recorder ${text(row, 'recorder_name')} of ${of}`;
      return reservation(
        'recorder_stopped',
        `${whose} was stopped, and ${now} when somebody asked`,
        row,
      );
    }),
    ...failed.map((row) => {
      const detail = `${text(row, 'message_type')} ${text(row, 'error_code')}`;
      return reservation('delivery_failed', detail, row);
    }),
    ...changes.map((row) => {
      const detail = `${text(row, 'event_name')} by ${text(row, 'actor')}`;
      return reservation('changed_in_cloudtrail', detail, row);
    }),
  ];
}

function reservation(kind: Reservation['kind'], detail: string, row: Row): Reservation {
  return { kind, detail, at: formatUs(Number(row['time_us'])), row: evidenceOf(row).row };
}

function recorderSaid(row: Row, later: readonly Row[]): readonly Reservation[] {
  const what = text(row, 'event_name');
  if (what === 'StartConfigurationRecorder') return [];
  const by = `${what} by ${text(row, 'actor')} in ${text(row, 'region')}`;
  if (what === 'PutConfigurationRecorder') {
    const detail = `${by}: what is recorded may have changed`;
    return [reservation('recorder_changed', detail, row)];
  }
  const start = later.find(
    (one) => one['event_name'] === 'StartConfigurationRecorder' && one['region'] === row['region'],
  );
  const until =
    start === undefined
      ? 'not started again by the moment asked for'
      : `started again at ${formatUs(Number(start['time_us']))}`;
  return [reservation('recorder_stopped', `${by}, ${until}`, row)];
}

function text(row: Row, name: string): string {
  return String(row[name] ?? '-');
}
