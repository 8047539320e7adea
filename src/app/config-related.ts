/** `config related`: which resources were related to one, by its own items and by those of the others. */
import { formatUs } from '../core/time.ts';
import {
  type Evidence,
  evidenceOf,
  evidenceSql,
  findResource,
  type Item,
  itemOrder,
  itemsOf,
  type Questions,
  type Resource,
  type ResourceChoice,
} from './config-rows.ts';

/** One relation, as an item states it. */
export interface Related {
  /** `to`: the item of the resource names the other; `from`: an item of the other names the resource. */
  readonly direction: 'to' | 'from';
  readonly relation: string;
  readonly resource_type: string;
  readonly resource_id: string | null;
  readonly resource_name: string | null;
  /** Of the item that says so. */
  readonly captured_at: string;
  readonly evidence: Evidence;
}

/** The answer of `config related`. */
export interface RelatedAnswer {
  readonly resource: Resource;
  /** Null: by the last item of each resource. */
  readonly at: string | null;
  readonly related: readonly Related[];
  readonly runs: readonly string[];
}

const PLACE = evidenceSql('config_item', 'i');

// Only the last item of each of the others counts; a summary of an oversized item says nothing of relations.
const FROM = `SELECT i.resource_type AS resource_type, i.resource_id AS resource_id, i.resource_name AS resource_name, i.time_us AS time_us,
  r.name AS relation, ${PLACE.columns}
FROM config_item_relation AS r JOIN config_item AS i ON i.id = r.parent_id ${PLACE.joins}
WHERE (r.resource_id = :id OR (r.resource_id IS NULL AND r.resource_name = :name)) AND r.resource_type = :type
  AND i.time_us <= :at_us AND coalesce(i.account_id, '') = :account
  AND NOT EXISTS (SELECT 1 FROM config_item AS l
    WHERE l.resource_id = i.resource_id AND l.resource_type = i.resource_type AND coalesce(l.account_id, '') = coalesce(i.account_id, '')
      AND coalesce(l.region, '') = coalesce(i.region, '') AND l.time_us <= :at_us
      AND (l.relationships IS NOT NULL OR l.configuration_item_status GLOB '*Deleted*')
      AND (${itemOrder('l')}) > (${itemOrder('i')}))
ORDER BY i.resource_type, i.resource_id, r.name, i.id, r.position`;

/** Beyond every time of evidence. */
const EVER = Number.MAX_SAFE_INTEGER;

/**
 * Relations of a resource, both ways.
 * @param atUs microseconds UTC; undefined: by the last items.
 * @throws ExhibitError `E_NOT_FOUND`, `E_USAGE`, `E_NOT_IMPORTED`.
 */
export async function configRelated(
  { ask, runs }: Questions,
  choice: ResourceChoice,
  atUs: number | undefined,
): Promise<RelatedAnswer> {
  const resource = await findResource(ask, choice);
  const {
    account_id: account,
    resource_type: type,
    resource_id: id,
    resource_name: name,
  } = resource;
  const until = atUs ?? EVER;
  const own = (await itemsOf(ask, resource)).findLast(
    (item) => item.time_us <= until && (item.relations !== null || item.status.includes('Deleted')),
  );
  const to = own === undefined ? [] : relatedTo(own);
  const rows = await ask(FROM, { at_us: until, type, id, name: name ?? id, account });
  const from = rows.map((row): Related => ({
    direction: 'from',
    relation: String(row['relation'] ?? ''),
    resource_type: String(row['resource_type']),
    resource_id: String(row['resource_id']),
    resource_name: row['resource_name'] === null ? null : String(row['resource_name']),
    captured_at: formatUs(Number(row['time_us'])),
    evidence: evidenceOf(row),
  }));
  const key = (one: Related): string =>
    JSON.stringify([one.resource_type, one.resource_id, one.relation, one.evidence.row]);
  to.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    resource,
    at: atUs === undefined ? null : formatUs(atUs),
    related: [...to, ...from],
    runs,
  };
}

function relatedTo({ relations, time_us: time, evidence }: Item): Related[] {
  return (relations ?? []).map(({ name, ...resource }) => ({
    direction: 'to',
    relation: name,
    ...resource,
    captured_at: formatUs(time),
    evidence,
  }));
}
