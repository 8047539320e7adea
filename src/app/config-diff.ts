/** `config diff`: what changed of a resource between two moments, by JSON pointer. */
import { diffJson, type JsonChange } from '../core/json-diff.ts';
import type { JsonValue } from '../core/json.ts';
import { type AsOf, stateAt } from './config-asof.ts';
import {
  findResource,
  itemsOf,
  type Questions,
  type Resource,
  type ResourceChoice,
} from './config-rows.ts';

/** The answer of `config diff`. */
export interface ConfigDiff {
  readonly resource: Resource;
  /** States at the two moments, without their documents. */
  readonly before: Side;
  readonly after: Side;
  /** False where one of the states is unknown: then nothing is compared. */
  readonly comparable: boolean;
  readonly changes: readonly JsonChange[];
  readonly runs: readonly string[];
}

/** One of the two states. */
export type Side = Omit<AsOf, 'resource' | 'document' | 'runs'>;

/**
 * Compares the states of a resource at two moments.
 * @throws ExhibitError `E_NOT_FOUND`, `E_USAGE`, `E_NOT_IMPORTED`.
 */
export async function configDiff(
  { ask, runs }: Questions,
  choice: ResourceChoice,
  beforeUs: number,
  afterUs: number,
): Promise<ConfigDiff> {
  const resource = await findResource(ask, choice);
  const items = await itemsOf(ask, resource);
  const before = await stateAt(ask, resource, items, beforeUs);
  const after = await stateAt(ask, resource, items, afterUs);
  const comparable = isKnown(before) && isKnown(after);
  return {
    resource,
    before: sideOf(before),
    after: sideOf(after),
    comparable,
    changes: comparable ? changesOf(before, after) : [],
    runs,
  };
}

function isKnown({ state }: Side): boolean {
  return state === 'recorded' || state === 'deleted' || state === 'no_configuration';
}

// A summary says nothing of the configuration, tags and relations: only what both say is compared.
function changesOf(
  before: Pick<AsOf, 'state' | 'document'>,
  after: Pick<AsOf, 'state' | 'document'>,
): readonly JsonChange[] {
  const partial = before.state === 'no_configuration' || after.state === 'no_configuration';
  const told = (name: string): boolean =>
    !partial ||
    ((before.document?.[name] ?? null) !== null && (after.document?.[name] ?? null) !== null);
  const pick = ({ document }: Pick<AsOf, 'document'>): Record<string, JsonValue> =>
    Object.fromEntries(Object.entries(document ?? {}).filter(([name]) => told(name)));
  return diffJson(pick(before), pick(after));
}

function sideOf(state: Omit<AsOf, 'runs'>): Side {
  const { at, state: known, captured_at, status, reservations, next, evidence } = state;
  return { at, state: known, captured_at, status, reservations, next, evidence };
}
