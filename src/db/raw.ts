/** `raw`: the exact text of a record as a column, although it is stored compressed with its neighbours. */
import type { Buffer } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { splitRowId } from '../core/ids.ts';
import { followSteps } from '../core/steps.ts';
import type { BlockReader } from './blocks.ts';
import { quoted } from './ddl.ts';

/** `form` of a record whose text is a range of its file (FORM.plain of src/sources/source.ts), and the value of a JSON string. */
const [PLAIN, JSON_STRING] = [0, 1];

/**
 * Bytes of a record, given where it lies.
 * @throws ExhibitError `E_FORMAT` when the database does not hold them.
 */
export function recordBytes(
  blocks: BlockReader,
  id: number,
  offset: number,
  length: number,
  form: number,
): Buffer {
  const bytes = blocks.read(splitRowId(id).fileId, offset, length);
  if (form === PLAIN) return bytes;
  const text = followSteps(bytes, form === JSON_STRING ? ['string'] : blocks.steps(id));
  if (text === undefined) {
    throw new ExhibitError('E_FORMAT', `record ${String(id)} is not in its bytes as it should be`);
  }
  return text;
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
