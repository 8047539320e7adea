/** `config asof`: the state of a resource at a moment, as far as Config's items and CloudTrail tell (docs/config.md). */
import { diffJson } from '../core/json-diff.ts';
import type { JsonValue } from '../core/json.ts';
import { formatUs } from '../core/time.ts';
import { type Reservation, seenSince } from './config-doubts.ts';
import {
  type Ask,
  type Evidence,
  findResource,
  type Item,
  itemsOf,
  type Questions,
  type Resource,
  type ResourceChoice,
} from './config-rows.ts';

/**
 * What is known of a state: `recorded`, an item with its configuration; `no_configuration`, an item that says only that
 * there is one; `deleted`; `not_recorded`, Config says that it does not record the resource; `unknown`, no item so early.
 */
export type State = 'recorded' | 'no_configuration' | 'deleted' | 'not_recorded' | 'unknown';

/** An item in short. */
export interface Capture {
  readonly captured_at: string;
  readonly status: string;
  /** Differences from the state that is answered; 0 shows that nothing changed in between; null: one of both names no configuration. */
  readonly differences: number | null;
  readonly evidence: Evidence;
}

/** The answer of `config asof`. */
export interface AsOf {
  readonly resource: Resource;
  readonly at: string;
  readonly state: State;
  readonly captured_at: string | null;
  readonly status: string | null;
  readonly reservations: readonly Reservation[];
  readonly next: Capture | null;
  /** Names, tags and relations as sets, configuration: what `config diff` compares. */
  readonly document: Readonly<Record<string, JsonValue>> | null;
  readonly evidence: Evidence | null;
  readonly runs: readonly string[];
}

/**
 * The state of a resource at a moment.
 * @param atUs microseconds UTC.
 * @throws ExhibitError `E_NOT_FOUND`, `E_USAGE`, `E_NOT_IMPORTED`.
 */
export async function asOf(
  { ask, runs }: Questions,
  choice: ResourceChoice,
  atUs: number,
): Promise<AsOf> {
  const resource = await findResource(ask, choice);
  const items = await itemsOf(ask, resource);
  return { ...(await stateAt(ask, resource, items, atUs)), runs };
}

/** The same of items that are at hand. */
export async function stateAt(
  ask: Ask,
  resource: Resource,
  items: readonly Item[],
  atUs: number,
): Promise<Omit<AsOf, 'runs'>> {
  const item = items.findLast(({ time_us: time }) => time <= atUs);
  const later = items.find(({ time_us: time }) => time > atUs);
  const document = item === undefined ? null : documentOf(item);
  const next = later === undefined ? null : captureOf(later, item);
  const state = stateOf(item);
  const seen =
    item === undefined || state === 'deleted'
      ? []
      : await seenSince(ask, resource, item.time_us, atUs);
  return {
    resource,
    at: formatUs(atUs),
    state,
    captured_at: item === undefined ? null : formatUs(item.time_us),
    status: item?.status ?? null,
    reservations: [
      ...ofItem(state, item),
      ...disagreeing(items, item),
      ...seen,
      ...ofNext(item, next, atUs),
    ],
    next,
    document,
    evidence: item?.evidence ?? null,
  };
}

function stateOf(item: Item | undefined): State {
  if (item === undefined) return 'unknown';
  if (item.status.includes('Deleted')) return 'deleted';
  if (item.status === 'ResourceNotRecorded') return 'not_recorded';
  return item.configuration === null ? 'no_configuration' : 'recorded';
}

/** What is compared of an item; tags and relations by their names, so that their order says nothing. */
function documentOf(item: Item): Readonly<Record<string, JsonValue>> {
  const relations = item.relations?.map((one): readonly [string, JsonValue] => {
    const { name, resource_type: type, resource_id: id, resource_name: called } = one;
    const key = `${name} ${type} ${id ?? called ?? ''}`;
    const named = called === null ? {} : { resource_name: called };
    return [key, { resource_type: type, resource_id: id, ...named }];
  });
  return {
    arn: item.arn,
    availability_zone: item.availability_zone,
    configuration: item.configuration,
    relationships: relations === undefined ? null : Object.fromEntries(relations),
    resource_name: item.resource_name,
    state: stateOf(item),
    supplementary_configuration: item.supplementary_configuration,
    tags: item.tags,
  };
}

function captureOf(item: Item, before: Item | undefined): Capture {
  return {
    captured_at: formatUs(item.time_us),
    status: item.status,
    differences: differences(before, item),
    evidence: item.evidence,
  };
}

function differences(before: Item | undefined, after: Item): number | null {
  if (before === undefined) return null;
  const known = ![before, after].some((item) => stateOf(item) === 'no_configuration');
  return known ? diffJson(documentOf(before), documentOf(after)).length : null;
}

function ofItem(state: State, item: Item | undefined): readonly Reservation[] {
  const at = item === undefined ? null : formatUs(item.time_us);
  const row = item?.evidence.row ?? null;
  const found: Reservation[] = [];
  if (state === 'unknown') {
    found.push({ kind: 'no_item', detail: 'no item was captured so early', at, row });
  } else if (state === 'no_configuration') {
    const detail =
      'the item is the summary of one too large for a notification, or names no configuration';
    found.push({ kind: 'no_configuration', detail, at, row });
  } else if (state === 'not_recorded') {
    const detail = 'Config saw the resource and does not record its type';
    found.push({ kind: 'not_recorded', detail, at, row });
  }
  if (item?.recording_frequency === 'DAILY') {
    const detail = 'recorded once a day: what came and went within a day is not there';
    found.push({ kind: 'daily_recording', detail, at, row });
  }
  return found;
}

/** Other items of the same moment that say something else: one of them is not what Config wrote. */
function disagreeing(items: readonly Item[], item: Item | undefined): readonly Reservation[] {
  return items
    .filter((other) => other !== item && other.time_us === item?.time_us)
    .filter((other) => (differences(item, other) ?? 0) > 0)
    .map((other) => ({
      kind: 'items_disagree',
      detail: 'another item of the same capture time says something else',
      at: formatUs(other.time_us),
      row: other.evidence.row,
    }));
}

function ofNext(
  item: Item | undefined,
  next: Capture | null,
  atUs: number,
): readonly Reservation[] {
  if (item === undefined || item.time_us === atUs) return [];
  if (next === null) {
    if (item.status.includes('Deleted')) return [];
    const detail = 'no later item is in the case: that nothing changed is not shown';
    return [{ kind: 'no_later_item', detail, at: null, row: null }];
  }
  if (next.differences === 0) return [];
  const detail =
    next.differences === null
      ? `whether the next item differs is not known: one of both names no configuration`
      : `the next item differs (${String(next.differences)}): it changed after ${formatUs(item.time_us)} and by ${next.captured_at}`;
  return [{ kind: 'next_differs', detail, at: next.captured_at, row: next.evidence.row }];
}
