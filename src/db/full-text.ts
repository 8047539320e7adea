/**
 * A full-text index beside the case database, in a file of its own: three letters in a row → the records that may hold
 * them (SQLite, "FTS5", "The Trigram Tokenizer"). It only says where nothing can be; whoever asks reads the records. So an
 * answer is the same with and without it, and `content_sha256` knows nothing of it (docs/decisions/0052).
 */
import { lstatSync, renameSync, rmSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';

/** `EXHF`: marks the file as such an index. */
const APPLICATION_ID = 0x45584846;

/** Changes whenever what is indexed does. */
const FORM = '1';

/** Records that are indexed together: rows of one table with ids near each other, or few characters. */
const [GROUP_ROWS, GROUP_CHARACTERS] = [128, 128 * 1024];

/** Of the file, in memory while it is made, in KiB: merging reads what was written. */
const CACHE_KIB = 64 * 1024;

/** A needle of so many letters rules out all there is to rule out. */
const MOST_LETTERS = 64;

const TABLES = [
  'CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT',
  'CREATE TABLE part (id INTEGER PRIMARY KEY, source TEXT NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL) STRICT',
  "CREATE VIRTUAL TABLE letters USING fts5(text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1')",
];

/** A record to be indexed; those of one source follow one another in the order of their ids. */
export interface IndexedRecord {
  readonly source: string;
  readonly id: number;
  /** All text that a search looks at, in small letters. */
  readonly text: string;
}

/** Rows of a table, from and to inclusive, in the order of their ids. */
export type Rows = readonly (readonly [first: number, last: number])[];

/**
 * Builds the index anew and puts it in place of the old one.
 * @param content `content_sha256` of the database it is for.
 * @throws what `records` throws; errors of SQLite and the file system as they are.
 */
export async function buildFullText(
  file: string,
  content: string,
  records: AsyncIterable<IndexedRecord>,
): Promise<void> {
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const db = new Sqlite(part);
  try {
    // A file that is not finished is thrown away; the commit brings it to the disk.
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = FULL');
    db.pragma(`cache_size = -${String(CACHE_KIB)}`);
    db.pragma(`application_id = ${String(APPLICATION_ID)}`);
    db.exec('BEGIN');
    for (const sql of TABLES) db.exec(sql);
    await fill(db, records);
    const about = db.prepare('INSERT INTO about VALUES (?, ?)');
    about.run('content_sha256', content);
    about.run('form', FORM);
    db.exec('COMMIT');
    db.close();
    renameSync(part, file);
  } catch (error) {
    db.close();
    rmSync(part, { force: true });
    throw error;
  }
}

async function fill(db: Database, records: AsyncIterable<IndexedRecord>): Promise<void> {
  const part = db.prepare<[string, number, number]>(
    'INSERT INTO part (source, first_id, last_id) VALUES (?, ?, ?)',
  );
  const letters = db.prepare<[number | bigint, string]>(
    'INSERT INTO letters (rowid, text) VALUES (?, ?)',
  );
  let group: IndexedRecord[] = [];
  let characters = 0;
  const close = (): void => {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) return;
    const { lastInsertRowid } = part.run(first.source, first.id, last.id);
    letters.run(lastInsertRowid, plain(distinct(group)));
    group = [];
    characters = 0;
  };
  for await (const record of records) {
    const full = group.length >= GROUP_ROWS || characters >= GROUP_CHARACTERS;
    if (full || (group[0] !== undefined && group[0].source !== record.source)) close();
    group.push(record);
    characters += record.text.length;
  }
  close();
}

/**
 * What the records hold, each part of it once: half of what one record says stands in the next one too, and taking it apart
 * again is what costs. Parts overlap by two letters,
 * which may be four code units, so that no three in a row are lost.
 */
function distinct(group: readonly IndexedRecord[]): string {
  const parts = new Set<string>();
  for (const { text } of group) {
    let at = 0;
    for (const { index } of text.matchAll(/[, ]/g)) {
      parts.add(text.slice(at, index + 5));
      at = index + 1;
    }
    parts.add(text.slice(at));
  }
  return [...parts].join('\n');
}

/** To some versions of the tokenizer a text is over at U+0000. */
function plain(text: string): string {
  return text.replaceAll('\0', '\n');
}

/** An open index. */
export class FullText {
  readonly #db: Database;
  readonly #known = new Map<string, ReadonlyMap<string, Rows>>();

  private constructor(db: Database) {
    this.#db = db;
  }

  /**
   * The index, if there is one; `stale` if it is of another import, or of another version.
   * @param content `content_sha256` of the database that is asked.
   * @throws ExhibitError `E_FORMAT` when the file is none.
   */
  static open(file: string, content: string): FullText | 'absent' | 'stale' {
    const facts = lstatSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return 'absent';
    if (!facts.isFile()) throw notAnIndex(file);
    const db = new Sqlite(file, { readonly: true });
    try {
      db.pragma('trusted_schema = OFF');
      db.pragma('cell_size_check = ON');
      db.pragma('mmap_size = 0');
      db.pragma('query_only = ON');
      const made = db
        .prepare<[], string>(
          "SELECT sql FROM sqlite_schema WHERE name IN ('about', 'part', 'letters') ORDER BY name",
        )
        .pluck()
        .all();
      const own = TABLES.toSorted((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1));
      if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID || !same(made, own))
        throw notAnIndex(file);
      const about = db.prepare<[], string>('SELECT value FROM about ORDER BY key').pluck().all();
      if (same(about, [content, FORM])) return new FullText(db);
    } catch (error) {
      db.close();
      throw error instanceof Sqlite.SqliteError ? notAnIndex(file, error) : error;
    }
    db.close();
    return 'stale';
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Rows by source outside which no record holds all the needles; undefined where the index cannot say.
   * @param needles texts in small letters.
   * @throws ExhibitError `E_FORMAT` when the index is damaged.
   */
  rows(needles: readonly string[]): ReadonlyMap<string, Rows> | undefined {
    // The letters of a broken pair are not those of the text that it is part of.
    const usable = needles.filter((text) => text.isWellFormed() && !text.includes('\0'));
    const three = [...new Set(usable.flatMap(lettersOf))].slice(0, MOST_LETTERS);
    if (three.length === 0) return undefined;
    const words = three.map((text) => `"${text.replaceAll('"', '""')}"`).join(' AND ');
    const known = this.#known.get(words);
    if (known !== undefined) return known;
    try {
      const found = this.#ask(words);
      this.#known.set(words, found);
      return found;
    } catch (error) {
      throw error instanceof Sqlite.SqliteError ? notAnIndex(this.#db.name, error) : error;
    }
  }

  #ask(words: string): ReadonlyMap<string, Rows> {
    const found = new Map<string, [number, number][]>();
    const parts = this.#db
      .prepare<[string], { source: string; first: number; last: number; id: number }>(
        `SELECT part.id AS id, source, first_id AS first, last_id AS last FROM letters
           JOIN part ON part.id = letters.rowid WHERE letters MATCH ? ORDER BY part.id`,
      )
      .iterate(words);
    let before = -1;
    for (const { id, source, first, last } of parts) {
      const rows = found.get(source) ?? [];
      found.set(source, rows);
      const open = rows.at(-1);
      if (open !== undefined && id === before + 1) open[1] = last;
      else rows.push([first, last]);
      before = id;
    }
    return found;
  }
}

function lettersOf(text: string): readonly string[] {
  const letters = Array.from(text);
  return letters.slice(2).map((_, at) => letters.slice(at, at + 3).join(''));
}

function nameIn(sql: string): string {
  return /TABLE (\w+)/.exec(sql)?.[1] ?? '';
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, at) => one === others[at]);
}

function notAnIndex(file: string, cause?: unknown): ExhibitError {
  return new ExhibitError('E_FORMAT', 'the file is not a full-text index of exhibit, or damaged', {
    where: { file },
    hint: 'delete it: `exhibit import --fts` makes it again, and `search` works without it',
    ...(cause === undefined ? {} : { cause }),
  });
}
