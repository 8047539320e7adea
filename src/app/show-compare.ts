/** Compares what the database says of a record with what its sealed file gives when it is read again. */
import { createHash } from 'node:crypto';
import type { BagObject } from '../bundle/objects.ts';
import { rowId } from '../core/ids.ts';
import { deriveItems, type ItemRows } from '../db/child-tables.ts';
import type { Reread } from '../ingest/reread.ts';
import type { FoundRecord } from '../query/rows.ts';

/** One answer: what is compared, of what, and whether it is the same. */
export interface Comparison {
  readonly id: string;
  readonly subject: string;
  readonly good: boolean;
  readonly detail: string;
}

type Values = ReadonlyMap<string, unknown>;

/** Differing columns beyond these are counted. */
const NAMED = 5;

/** Where the database says that the file was, against the sealed list of objects. */
export function compareOrigin(found: FoundRecord, object: BagObject | undefined): Comparison {
  const { path, original_path, bucket, key } = found.place;
  const sealed = new Map<string, unknown>([
    ['original_path', object?.original_path],
    ['bucket', object?.s3?.bucket ?? null],
    ['key', object?.s3?.key ?? null],
  ]);
  const database = { original_path, bucket, key };
  const origin = 'original path, bucket and key are those of objects.jsonl';
  const answer = { id: 'file.origin', subject: path };
  return object === undefined
    ? { ...answer, good: false, detail: 'objects.jsonl of the volume does not list the file' }
    : { ...answer, ...compare(sealed, new Map(Object.entries(database)), origin) };
}

/**
 * The record's place, identity and typed columns, each with its own answer.
 * @param again what an import makes of it now; undefined when the file has no such record.
 * @param kept for a duplicate, the row that was kept.
 */
export function compareRecord(
  found: FoundRecord,
  again: Reread | undefined,
  kept: FoundRecord | undefined,
): readonly Comparison[] {
  const { record_no: number, path } = found.place;
  const subject = `record ${String(number)}`;
  const read = again?.kind === 'row' ? again.source.id : again?.source;
  const kind = found.kind === 'reject' ? 'reject' : 'row';
  if (again?.kind !== kind || read !== found.source) {
    const now =
      again === undefined
        ? `${path} has no such record`
        : `it is a ${again.kind} of ${read === '' ? 'no source' : String(read)}`;
    const detail = `the database has a ${found.kind} of ${found.source}; read again, ${now}`;
    return [{ id: 'record.source', subject, good: false, detail }];
  }
  const source = {
    id: 'record.source',
    subject,
    good: true,
    detail: `a ${kind} of ${found.source}`,
  };
  const stored = new Map<string, unknown>(Object.entries(found.stored));
  const sealed = again.kind === 'row' ? again.columns : rejectValues(again);
  const part = (id: string, names: readonly string[], detail: string): Comparison => ({
    id,
    subject,
    ...compare(pick(sealed, names), pick(stored, names), detail),
  });
  const where = found.kind === 'reject' ? ['offset', 'length'] : ['offset', 'length', 'form'];
  const place = part('record.place', where, 'offset and length are those of the sealed record');
  const carried =
    again.kind === 'row' && (found.inner !== undefined || again.inner !== undefined)
      ? [compareCarrier(subject, again.inner, found)]
      : [];
  if (found.kind === 'reject') {
    const why = part('record.reason', ['reason', 'detail'], 'reason and detail are the same');
    return [source, place, why];
  }
  if (found.kind === 'duplicate')
    return [source, place, ...carried, compareCopy(found, subject, sealed.get('identity'), kept)];
  const columns = [...sealed.keys()].filter((name) => !PLACE.has(name));
  return [
    source,
    place,
    ...carried,
    part('record.identity', ['identity'], 'the same identity'),
    part('record.columns', columns, `${String(columns.length)} typed columns are the same`),
  ];
}

const PLACE: ReadonlySet<string> = new Set(['id', 'offset', 'length', 'form', 'identity']);

/** The items of a row's lists, against those that its columns, read again, have: nothing for a source without such tables. */
export function compareItems(
  { place }: FoundRecord,
  again: Reread | undefined,
  items: ItemRows,
): readonly Comparison[] {
  if (items.size === 0 || again?.kind !== 'row') return [];
  const sealed = deriveItems(again.source, rowId(place.file_id, place.record_no), again.columns);
  const text = (rows: ItemRows): Values =>
    new Map(Array.from(rows, ([table, list]) => [table, JSON.stringify(list, plainNumber)]));
  const count = [...items.values()].reduce((sum, list) => sum + list.length, 0);
  return [
    {
      id: 'record.items',
      subject: `record ${String(place.record_no)}`,
      ...compare(text(sealed), text(items), `${String(count)} items of its lists are the same`),
    },
  ];
}

function plainNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The record around it, and the way from the bytes to its text. */
function compareCarrier(
  subject: string,
  again: Extract<Reread, { kind: 'row' }>['inner'],
  { inner }: FoundRecord,
): Comparison {
  const carrier =
    inner?.carrier_id === null || inner === undefined
      ? 'it stands in the file by itself'
      : `it lies in ${String(inner.carrier)}:${String(inner.carrier_id)}`;
  const values = (record: object | undefined): Values => new Map(Object.entries(record ?? {}));
  const none = { carrier: undefined, carrier_id: undefined, steps: undefined };
  return {
    id: 'record.carrier',
    subject,
    ...compare(values(again ?? none), values(inner), carrier),
  };
}

function compareCopy(
  found: FoundRecord,
  subject: string,
  identity: unknown,
  kept: FoundRecord | undefined,
): Comparison {
  const answer = { id: 'record.copy', subject };
  if (kept === undefined)
    return { ...answer, good: false, detail: 'the row that was kept is not in the database' };
  if (kept.stored['identity'] !== identity)
    return { ...answer, good: false, detail: 'the row that was kept has another identity' };
  const sameBytes = hash(kept.raw) === hash(found.raw);
  const claimed = found.stored['how'];
  const good = sameBytes === (claimed === 'same_bytes');
  const bytes = sameBytes ? 'the same bytes' : 'other bytes';
  const detail = `a copy of ${found.source}:${String(kept.id)}: same identity, ${bytes}`;
  return { ...answer, good, detail: good ? detail : `${detail}, but called ${String(claimed)}` };
}

function rejectValues({
  offset,
  length,
  reason,
  detail,
}: Extract<Reread, { kind: 'reject' }>): Values {
  return new Map<string, unknown>([
    ['offset', BigInt(offset)],
    ['length', BigInt(length)],
    ['reason', reason],
    ['detail', detail],
  ]);
}

function pick(values: Values, names: readonly string[]): Values {
  return new Map(names.map((name) => [name, values.get(name)]));
}

function compare(
  sealed: Values,
  stored: Values,
  same: string,
): { readonly good: boolean; readonly detail: string } {
  const differing = [...sealed].filter(([name, value]) => stored.get(name) !== value);
  if (differing.length === 0) return { good: true, detail: same };
  const named = differing
    .slice(0, NAMED)
    .map(
      ([name, value]) =>
        `${name} is ${shown(stored.get(name))}, the sealed file gives ${shown(value)}`,
    );
  const more = differing.length - named.length;
  if (more > 0) named.push(`and ${String(more)} more`);
  return { good: false, detail: named.join('; ') };
}

/** A value for a sentence, cut where it is long. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
