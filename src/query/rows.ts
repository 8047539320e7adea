/** One record by its id: a row, a copy of one, or a reject; with the file it came from. */
import { ExhibitError } from '../core/errors.ts';
import { sourceTables, type Database } from '../db/open.ts';

/** Where a record lies: columns of source_file, and its place in the decompressed file. */
export interface Place {
  readonly evidence_id: string;
  readonly path: string;
  readonly original_path: string;
  readonly bucket: string | null;
  readonly key: string | null;
  readonly sha256: string;
  readonly sha256_inflated: string | null;
  readonly compression: string | null;
  readonly file_id: number;
  readonly record_no: number;
  readonly offset: number;
  readonly length: number;
  /** FORM of src/sources/source.ts. */
  readonly form: number;
}

/** What inner_record says of a record. */
export interface InnerRecord {
  readonly carrier: string | null;
  readonly carrier_id: number | null;
  readonly steps: string | null;
}

/** A record that was found. */
export interface FoundRecord {
  readonly kind: 'row' | 'duplicate' | 'reject';
  readonly id: number;
  readonly source: string;
  /** Typed columns of a row in the order of its table; of a duplicate or reject what is known of it. */
  readonly columns: Readonly<Record<string, string | number | bigint | null>>;
  /** All columns of its table, integers as bigint. */
  readonly stored: Readonly<Record<string, string | number | bigint | null>>;
  readonly place: Place;
  /** The record that carries it, and the way to its text; undefined for a record that is a range of its file. */
  readonly inner: InnerRecord | undefined;
  /** The record's text as the database gives it. */
  readonly raw: Uint8Array;
  /** Other copies of the same record. */
  readonly copies: readonly number[];
}

const PLACE_COLUMNS = new Set([
  'file_id',
  'record_no',
  'offset',
  'length',
  'form',
  'identity',
  'raw',
]);

/**
 * Finds a record.
 * @param table source table, `duplicate` or `reject`; undefined looks everywhere.
 */
export function findRecord(
  db: Database,
  table: string | undefined,
  id: number,
): FoundRecord | undefined {
  const places = table === undefined ? [...sourceTables(db), 'duplicate', 'reject'] : [table];
  for (const name of places) {
    const row = db
      .prepare<[number], Record<string, string | number | bigint | null>>(
        `SELECT * FROM "${name}" WHERE id = ?`,
      )
      .safeIntegers()
      .get(id);
    if (row !== undefined) return record(db, name, id, row);
  }
  return undefined;
}

/**
 * The record that a row's name means.
 * @param name `cloudtrail:ID`, `duplicate:ID`, `reject:ID` or the id alone.
 * @throws ExhibitError `E_USAGE`, `E_NOT_FOUND`.
 */
export function findNamed(db: Database, name: string): FoundRecord {
  const [, table, digits] = /^(?:([a-z][a-z0-9_]*):)?(\d{1,16})$/.exec(name) ?? [];
  if (digits === undefined) {
    throw new ExhibitError('E_USAGE', `"${name}" does not name a row`, {
      hint: 'write the row as the time line prints it, for example cloudtrail:268435457',
    });
  }
  const tables = [...sourceTables(db), 'duplicate', 'reject'];
  if (table !== undefined && !tables.includes(table)) {
    throw new ExhibitError('E_NOT_FOUND', `the case has no table "${table}"`, {
      hint: `it has ${tables.join(', ')}`,
    });
  }
  const found = findRecord(db, table, Number(digits));
  if (found !== undefined) return found;
  throw new ExhibitError('E_NOT_FOUND', `the case has no row ${name}`, {
    hint: 'rows are named as timeline, search and the column id of a query print them',
  });
}

function record(
  db: Database,
  table: string,
  id: number,
  row: Readonly<Record<string, string | number | bigint | null>>,
): FoundRecord | undefined {
  const number = (name: string): number => Number(row[name] ?? 0);
  const file = db
    .prepare<[number], Omit<Place, 'record_no' | 'offset' | 'length' | 'form'>>(
      `SELECT evidence_id, path, original_path, bucket, key, sha256, sha256_inflated, compression, file_id
         FROM source_file JOIN evidence USING (evidence_no) WHERE file_id = ?`,
    )
    .get(number('file_id'));
  if (file === undefined) return undefined;
  const kind = table === 'duplicate' || table === 'reject' ? table : 'row';
  const raw = db
    .prepare<[number], Uint8Array>(`SELECT CAST(raw AS BLOB) FROM "${table}" WHERE id = ?`)
    .pluck()
    .get(id);
  return {
    kind,
    id,
    source: kind === 'row' ? table : String(row['source'] ?? ''),
    columns: Object.fromEntries(Object.entries(row).filter(([name]) => !PLACE_COLUMNS.has(name))),
    stored: row,
    place: {
      ...file,
      record_no: number('record_no'),
      offset: number('offset'),
      length: number('length'),
      form: number('form'),
    },
    inner: kind === 'reject' ? undefined : innerOf(db, id),
    raw: raw ?? new Uint8Array(),
    copies: kind === 'row' ? copiesOf(db, id) : [],
  };
}

function innerOf(db: Database, id: number): InnerRecord | undefined {
  return db
    .prepare<[number], InnerRecord>(
      'SELECT carrier, carrier_id, steps FROM main.inner_record WHERE id = ?',
    )
    .get(id);
}

function copiesOf(db: Database, id: number): readonly number[] {
  return db
    .prepare<[number], number>('SELECT id FROM main.duplicate WHERE kept_id = ? ORDER BY id')
    .pluck()
    .all(id);
}
