/**
 * Finds copies of records and keeps the first of each. Copies say the same: of equal bytes, what stands around them may make
 * two records. Only records that share their identity are looked at: where there
 * are no copies, this is one pass over a column. Copies go to table duplicate with their place; nothing is lost.
 */
import type { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { BlockReader } from '../db/blocks.ts';
import { GroupHasher, groupsOf } from '../db/content-hash.ts';
import type { Database } from '../db/open.ts';
import { recordBytes } from '../db/raw.ts';
import { GROUP_RECORDS, rowsHash } from '../db/row-group.ts';
import type { Source } from '../sources/source.ts';

interface Member {
  readonly id: number;
  readonly identity: number;
  readonly offset: number;
  readonly length: number;
  readonly form: number;
}

/** Temporary table of a source's copies: id, kept_id, how. */
export function copyTable(source: Source): string {
  return `temp."copy_${source.id}"`;
}

function conflictTable(source: Source): string {
  return `temp."conflict_${source.id}"`;
}

/**
 * Finds the copies among a source's records and keeps their ids in {@link copyTable}. Changes nothing in the case.
 * @param shared row ids of the records that share their identity; undefined if they have to be looked for in the table.
 * @returns whether there may be some.
 */
export function findCopies(
  db: Database,
  source: Source,
  shared: Float64Array | undefined,
): boolean {
  if (shared?.length === 0) return false;
  const table = `main."${source.id}"`;
  db.exec(`
    CREATE TEMP TABLE suspect (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE "copy_${source.id}" (id INTEGER PRIMARY KEY, kept_id INTEGER NOT NULL, how TEXT NOT NULL);
    CREATE TEMP TABLE "conflict_${source.id}" (id INTEGER PRIMARY KEY, first_id INTEGER NOT NULL, kind TEXT NOT NULL);`);
  if (shared === undefined) {
    db.exec(
      `INSERT INTO suspect SELECT id FROM ${table} NOT INDEXED
       WHERE identity IN (SELECT identity FROM ${table} NOT INDEXED GROUP BY identity HAVING count(*) > 1) ORDER BY id`,
    );
  } else {
    // Marks meet by chance: only where the whole identity is shared is a record's text worth reading.
    db.exec('CREATE TEMP TABLE marked (id INTEGER PRIMARY KEY)');
    const insert = db.prepare('INSERT INTO marked VALUES (?)');
    for (const id of shared) insert.run(id);
    db.exec(
      `INSERT INTO suspect SELECT id FROM (
         SELECT id, count(*) OVER (PARTITION BY identity) AS same FROM marked CROSS JOIN ${table} USING (id))
       WHERE same > 1 ORDER BY id;
       DROP TABLE marked`,
    );
  }
  compare(db, source, table);
  db.exec('DROP TABLE suspect');
  return true;
}

function compare(db: Database, source: Source, table: string): void {
  // What a record says: hash of its bytes, or of the text in which rewritten copies are equal.
  db.exec(`
    CREATE TEMP TABLE member (
      id INTEGER PRIMARY KEY, identity INTEGER NOT NULL, bytes BLOB NOT NULL, content BLOB NOT NULL,
      extract INTEGER NOT NULL);`);
  readMembers(db, table);
  if (source.sameText !== undefined) readContents(db, table, source, source.sameText);
  insertCopies(db, source);
  keepApart(db, source, table);
  if (source.repeatsInFile === 'duplicate') insertConflicts(db, source, table);
  db.exec('DROP TABLE member');
}

/** Rows read at a time: the driver writes only while no statement is being read. */
const CHUNK = 4096;

// In the order of the file, so that each block is decompressed once.
function* membersOf(db: Database, table: string, ids: string): Generator<readonly Member[]> {
  const select = db.prepare<[number], Member>(
    `SELECT id, identity, "offset", "length", form FROM ${ids} CROSS JOIN ${table} USING (id)
     WHERE id > ? ORDER BY id LIMIT ${String(CHUNK)}`,
  );
  for (let rows = select.all(-1); rows.length > 0; rows = select.all(rows.at(-1)?.id ?? -1))
    yield rows;
}

function readMembers(db: Database, table: string): void {
  const blocks = new BlockReader(db);
  const insert = db.prepare('INSERT INTO member VALUES (?, ?, ?, ?, 0)');
  for (const rows of membersOf(db, table, 'suspect')) {
    for (const { id, identity, offset, length, form } of rows) {
      const hash = digest(recordBytes(blocks, id, offset, length, form));
      insert.run(id, identity, hash, hash);
    }
  }
}

// Only where the bytes of a group differ is it worth asking whether a carrier rewrote them.
function readContents(
  db: Database,
  table: string,
  { isExtract }: Source,
  sameText: (record: string) => string,
): void {
  const blocks = new BlockReader(db);
  db.exec(`
    CREATE TEMP TABLE mixed (id INTEGER PRIMARY KEY);
    INSERT INTO mixed SELECT id FROM member WHERE identity IN (
      SELECT identity FROM member GROUP BY identity HAVING min(bytes) <> max(bytes)) ORDER BY id;`);
  const update = db.prepare('UPDATE member SET content = ?, extract = ? WHERE id = ?');
  for (const rows of membersOf(db, table, 'mixed')) {
    for (const { id, offset, length, form } of rows) {
      const text = recordBytes(blocks, id, offset, length, form).toString('utf8');
      update.run(digest(sameText(text)), isExtract?.(text) === true ? 1 : 0, id);
    }
  }
  db.exec('DROP TABLE mixed');
}

function insertCopies(db: Database, source: Source): void {
  // Where a file may repeat a record, its k-th copy in another file is a copy of the k-th in the first.
  const turn =
    source.repeatsInFile === 'distinct'
      ? 'row_number() OVER (PARTITION BY identity, content, id >> 28 ORDER BY id)'
      : '1';
  db.exec(`
    INSERT INTO ${copyTable(source)}
    SELECT id, kept_id, CASE WHEN bytes = kept_bytes THEN 'same_bytes' ELSE 'same_content' END
    FROM (
      SELECT id, bytes, first_value(id) OVER same AS kept_id, first_value(bytes) OVER same AS kept_bytes
      FROM (SELECT id, identity, bytes, content, ${turn} AS turn FROM member)
      WINDOW same AS (PARTITION BY identity, content, turn ORDER BY id))
    WHERE id <> kept_id ORDER BY id;`);
}

/** Records of one text that are told apart by hand; of more than these the rest is kept. */
const MOST_KINDS = 64;

/** End of the names of columns that say how a value was found, not what it is. */
const FOUND_BY = '_from';
/** Log events around two records that name different groups or streams. */
const OTHER_STREAM = `EXISTS (
  SELECT 1 FROM main.inner_record AS ia
  JOIN main.inner_record AS ib ON ib.id = b.id AND ib.carrier = ia.carrier
  JOIN main.cloudwatch_logs AS la ON la.id = ia.carrier_id
  JOIN main.cloudwatch_logs AS lb ON lb.id = ib.carrier_id
  WHERE ia.id = a.id AND ia.carrier = 'cloudwatch_logs'
    AND (la.log_group <> lb.log_group OR la.log_stream <> lb.log_stream))`;

// The same bytes say something else below another header, account or log group: columns that are filled on both sides and differ
// make two records of them. A NULL contradicts nothing, so that a copy which lost its place stays one.
function keepApart(db: Database, source: Source, table: string): void {
  const differ = source.columns
    .filter(({ name }) => !name.endsWith(FOUND_BY))
    .map(({ name }) => `a."${name}" <> b."${name}"`);
  if (source.originAround === true) differ.push(OTHER_STREAM);
  const contradiction = `(${differ.join(' OR ')})`;
  const copies = copyTable(source);
  const apart = db
    .prepare<[], { id: number; keptId: number }>(
      `SELECT copy.id, kept_id AS keptId FROM ${copies} AS copy
       JOIN ${table} AS a ON a.id = copy.id JOIN ${table} AS b ON b.id = kept_id
       WHERE how = 'same_bytes' AND ${contradiction} ORDER BY copy.id`,
    )
    .all();
  if (apart.length === 0) return;
  const contradicts = db
    .prepare<[number, number], number>(
      `SELECT ${contradiction} IS 1 FROM ${table} AS a, ${table} AS b WHERE a.id = ? AND b.id = ?`,
    )
    .pluck();
  const remove = db.prepare(`DELETE FROM ${copies} WHERE id = ?`);
  const update = db.prepare(`UPDATE ${copies} SET kept_id = ? WHERE id = ?`);
  const kinds = new Map<number, number[]>();
  for (const { id, keptId } of apart) {
    const known = kinds.get(keptId) ?? [];
    kinds.set(keptId, known);
    const kept = known.find((one) => contradicts.get(id, one) === 0);
    if (kept !== undefined) update.run(kept, id);
    else {
      remove.run(id);
      if (known.length < MOST_KINDS) known.push(id);
    }
  }
}

// A record is compared with the first whole one of its identity; only where there is none, with the first extract.
function insertConflicts(db: Database, source: Source, table: string): void {
  const same = source.columns.map(
    ({ name }) => `(part."${name}" IS NULL OR part."${name}" IS whole."${name}")`,
  );
  db.exec(`
    INSERT INTO ${conflictTable(source)}
    SELECT id, first_id, CASE WHEN extract AND EXISTS (
        SELECT 1 FROM ${table} AS part, ${table} AS whole
        WHERE part.id = member.id AND whole.id = first_id AND ${same.join(' AND ')})
      THEN 'partial_copy' ELSE 'id_conflict' END
    FROM (SELECT id, extract, first_value(id) OVER (PARTITION BY identity ORDER BY extract, id) AS first_id FROM member) AS member
    WHERE id <> first_id AND id NOT IN (SELECT id FROM ${copyTable(source)});`);
}

/** Moves the copies that were found to table duplicate and corrects the counts and hashes of their files. */
export function moveCopies(db: Database, source: Source): void {
  const copies = copyTable(source);
  db.exec(`
    INSERT INTO anomaly
    SELECT id >> 28, id & 268435455, kind,
           'has the identity of row ' || first_id || CASE kind WHEN 'partial_copy' THEN ' and says less' ELSE ' and differs from it' END
    FROM ${conflictTable(source)};
    INSERT INTO duplicate (id, source, kept_id, "offset", "length", form, how)
    SELECT id, '${source.id}', kept_id, "offset", "length", form, how
    FROM ${copies} JOIN main."${source.id}" USING (id) ORDER BY id;
    DELETE FROM main."${source.id}" WHERE id IN (SELECT id FROM ${copies});
    UPDATE source_file SET imported = imported - copies, duplicates = duplicates + copies
    FROM (SELECT id >> 28 AS file, count(*) AS copies FROM ${copies} GROUP BY 1) WHERE file_id = file;`);
  rehash(db, copies);
  db.exec(`DROP TABLE ${copies}; DROP TABLE ${conflictTable(source)}`);
}

// Only the groups that lost rows are hashed again, and the files they belong to get their new sum.
function rehash(db: Database, copies: string): void {
  const ids = (sql: string): readonly number[] => db.prepare<[], number>(sql).pluck().all();
  const hasher = new GroupHasher(db);
  const table = db
    .prepare<[number], string>('SELECT source FROM source_file WHERE file_id = ? >> 28')
    .pluck();
  const update = db.prepare('UPDATE row_group SET sha256 = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM row_group WHERE id = ?');
  const groupSize = String(GROUP_RECORDS);
  for (const id of ids(`SELECT DISTINCT id - id % ${groupSize} FROM ${copies} ORDER BY 1`)) {
    const hash = hasher.group(table.get(id) ?? '', id);
    if (hash === undefined) remove.run(id);
    else update.run(hash, id);
  }
  const groups = groupsOf(db);
  const updateFile = db.prepare('UPDATE source_file SET rows_sha256 = ? WHERE file_id = ?');
  for (const file of ids(`SELECT DISTINCT id >> 28 FROM ${copies} ORDER BY 1`)) {
    updateFile.run(rowsHash(groups(file).map(({ sha256 }) => sha256)), file);
  }
}

function digest(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer');
}
