/** `raw`: the exact text of a record as a column, although it is stored compressed with its neighbours. */
import { Buffer } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import { splitRowId } from '../core/ids.ts';
import type { BlockReader } from './blocks.ts';
import { quoted } from './ddl.ts';

/** `form` of a record that is the value of a JSON string in its file (FORM.jsonString of src/sources/source.ts). */
const JSON_STRING = 1;

/** Bytes of a record, given where it lies. */
export function recordBytes(
  blocks: BlockReader,
  id: number,
  offset: number,
  length: number,
  form: number,
): Buffer {
  const bytes = blocks.read(splitRowId(id).fileId, offset, length);
  return form === JSON_STRING ? Buffer.from(JSON.parse(bytes.toString('utf8')) as string) : bytes;
}

/**
 * Adds the function `record_bytes(id, offset, length, form)` and lays a view with a last column `raw` over every table
 * that holds places of records; the view has the table's name and hides it.
 * @param tables source tables.
 * @param blocks reader on another connection: SQLite's driver runs no second statement inside a function.
 */
export function addRaw(db: Database, tables: readonly string[], blocks: () => BlockReader): void {
  db.function(
    'record_bytes',
    { deterministic: true },
    (id: number, offset: number, length: number, form: number) =>
      recordBytes(blocks(), id, offset, length, form),
  );
  for (const table of [...tables, 'duplicate']) createRawView(db, table, 'form');
  createRawView(db, 'reject', '0');
}

function createRawView(db: Database, table: string, form: string): void {
  const columns = db
    .prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?) ORDER BY cid')
    .pluck()
    .all(table)
    .map(quoted);
  db.exec(
    `CREATE TEMP VIEW ${quoted(table)} AS SELECT ${columns.join(', ')}, ` +
      `CAST(record_bytes(id, "offset", "length", ${form}) AS TEXT) AS raw FROM main.${quoted(table)}`,
  );
}
