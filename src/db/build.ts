/**
 * Builds a case database beside the old one: everything goes into `case.db.importing`, which takes the place of case.db
 * only when it is complete, checked and on the disk. Whatever happens before leaves the old database as it was.
 *
 * Three steps: SQLite makes the file with its tables and indexes, all empty; the workers write their pages (part.ts, pages.ts);
 * SQLite opens it again for all that is left, and checks every page and every row that it did not write itself.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { createChild, createChildIndexes, fillChildren } from './child-tables.ts';
import { createIndexes, createTable, createTimeline, type TableShape } from './ddl.ts';
import { sqliteFailure } from './failure.ts';
import { plainIndexes } from './index-runs.ts';
import { type Migration, migrate } from './migrate.ts';
import { APPLICATION_ID } from './open.ts';
import {
  admitPages,
  PAGE_BYTES,
  type PageCounter,
  pageCounter,
  pagesOf,
  PageSink,
} from './pages.ts';
import { FILE_COLUMNS, type Part } from './part.ts';
import { TableTree } from './table-tree.ts';

/** Page cache of a connection, in KiB. */
const CACHE_KIB = 4096;
/** That of the writer at its last rows: room for all pages it changes, or it has to wait for the check of the file. */
const WRITE_CACHE_KIB = 49_152;

/** Tables besides those of the sources that workers write in pages. */
const PAGE_TABLES = ['content_block', 'row_group', 'reject', 'inner_record'];

/** An index whose pages a worker writes. */
export interface PageIndex {
  readonly table: string;
  readonly column: string;
  /** Page of its root. */
  readonly root: number;
}

/** The one writer of a case database. */
export class CaseBuilder {
  /** Start of the names of the workers' own files. */
  readonly runs: string;
  /** Of the pages of {@link CaseBuilder.temporary}. */
  readonly counter: PageCounter;
  /** The database that is being built. */
  readonly temporary: string;
  /** Indexes to be written from runs. */
  readonly indexes: readonly PageIndex[];
  readonly #path: string;
  readonly #parts: string;
  readonly #shapes: readonly TableShape[];
  readonly #roots: ReadonlyMap<string, number>;
  readonly #trees: ReadonlyMap<string, TableTree>;
  readonly #sink: PageSink;
  /** Rows that SQLite has to insert, kept apart until it may write again. */
  readonly #rest: Database;
  readonly #insertFile: (values: readonly unknown[]) => void;
  readonly #insertAnomaly: (values: readonly unknown[]) => void;
  /** Pages that the writer took and did not use. */
  readonly #unused: number[] = [];
  #db: Database | undefined;

  /**
   * @param path of case.db.
   * @throws ExhibitError `E_WRITE`.
   */
  static open(
    path: string,
    migrations: readonly Migration[],
    shapes: readonly TableShape[],
  ): CaseBuilder {
    try {
      discard(path);
      return new CaseBuilder(path, migrations, shapes);
    } catch (error) {
      discard(path);
      throw sqliteFailure(error, path) ?? error;
    }
  }

  private constructor(
    path: string,
    migrations: readonly Migration[],
    shapes: readonly TableShape[],
  ) {
    this.#path = path;
    this.#shapes = shapes;
    this.temporary = temporaryOf(path);
    this.#parts = partsOf(path);
    this.runs = join(this.#parts, 'run');
    mkdirSync(this.#parts);
    // SQLite sorts large indexes in temporary files: evidence stays inside the case folder, also then.
    process.env['SQLITE_TMPDIR'] = this.#parts;
    this.#roots = createEmpty(this.temporary, migrations, shapes);
    this.indexes = shapes.flatMap(({ id, ...shape }) =>
      plainIndexes({ id, ...shape }).map((column) => ({
        table: id,
        column,
        root: this.#root(`${id}_${column}`),
      })),
    );
    this.counter = pageCounter(pagesOf(this.temporary));
    this.#sink = new PageSink(this.temporary, this.counter);
    const tables = [...PAGE_TABLES, ...shapes.map(({ id }) => id)];
    this.#trees = new Map(tables.map((table) => [table, new TableTree(this.#sink)]));
    this.#rest = connect(join(this.#parts, 'rest'));
    migrate(this.#rest, migrations);
    this.#rest.exec('BEGIN');
    const file = this.#rest.prepare(
      `INSERT INTO source_file (${FILE_COLUMNS.join(', ')}) VALUES (${FILE_COLUMNS.map(() => '?').join(', ')})`,
    );
    this.#insertFile = (values) => file.run(values);
    const anomaly = this.#rest.prepare('INSERT OR IGNORE INTO anomaly VALUES (?, ?, ?, ?)');
    this.#insertAnomaly = (values) => anomaly.run(values);
  }

  /** The database; SQLite has it only after {@link CaseBuilder.admit}. */
  get db(): Database {
    if (this.#db === undefined) throw new Error('the database is not open yet');
    return this.#db;
  }

  /** Takes a part; parts have to come in the order of their files. */
  merge(part: Part): void {
    for (const [table, leaves] of part.leaves) this.#trees.get(table)?.append(leaves);
    for (const values of part.files) this.#insertFile(values);
    for (const values of part.anomalies) this.#insertAnomaly(values);
  }

  /**
   * Ends the writing of tables: {@link CaseBuilder.db} can be read from, while workers write indexes behind its end. No statement
   * may use an index until {@link CaseBuilder.admit}.
   */
  admitTables(): void {
    for (const [table, tree] of this.#trees) this.#unused.push(...tree.finish(this.#root(table)));
    this.#unused.push(...this.#sink.close());
    admitPages(this.temporary, this.counter, []);
    this.#rest.exec('COMMIT');
    this.#rest.close();
    this.#db = connect(this.temporary);
  }

  /**
   * Brings what is written so far to the disk, while workers write indexes: at the end it would have to be waited for. The
   * commit of a change is synchronous, and none but SQLite may ask for it.
   */
  syncTables(): void {
    const { db } = this;
    db.pragma('synchronous = FULL');
    db.pragma('user_version = 2');
    db.pragma('synchronous = OFF');
  }

  /**
   * Ends the writing of pages: from here on the file is SQLite's, which sees by its change counter that it was changed.
   * @param free pages that workers took and did not use; they write no more.
   */
  admit(free: readonly number[]): void {
    admitPages(this.temporary, this.counter, [...this.#unused, ...free]);
  }

  /** Begins the one transaction in which SQLite writes all that is left, with the rows that were kept apart. */
  begin(): void {
    const { db } = this;
    db.prepare('ATTACH DATABASE ? AS rest').run(this.#rest.name);
    db.pragma(`cache_size = -${String(WRITE_CACHE_KIB)}`);
    db.exec('BEGIN IMMEDIATE');
    for (const table of ['source_file', 'anomaly']) {
      db.exec(`INSERT INTO main.${table} SELECT * FROM rest.${table}`);
    }
  }

  /** Fills the tables of items, and builds the indexes that are not made from runs. */
  index(): void {
    const made = new Set(this.indexes.map(({ table, column }) => `${table}_${column}`));
    for (const shape of this.#shapes) {
      for (const { name, sql } of createIndexes(shape)) if (!made.has(name)) this.db.exec(sql);
      fillChildren(this.db, shape);
      for (const child of shape.children ?? [])
        for (const sql of createChildIndexes(child)) this.db.exec(sql);
    }
  }

  /** Brings the file to the disk and puts it in its place. @param check what {@link quickCheck} said of the workers' pages. */
  finish(check: string): void {
    const { db } = this;
    db.exec('DETACH DATABASE rest');
    const orphans = db.pragma('foreign_key_check') as unknown[];
    if (check !== 'ok' || orphans.length > 0) {
      throw new ExhibitError('E_WRITE', 'the database that was just written is damaged', {
        where: { file: this.temporary },
        hint: 'the disk or the memory may be faulty; check them, then import again',
      });
    }
    // The commit of one last change is synchronous: SQLite has all pages brought to the disk.
    db.pragma('synchronous = FULL');
    db.pragma('user_version = 1');
    db.close();
    renameSync(this.temporary, this.#path);
    discard(this.#path);
  }

  /** Throws the unfinished file away; workers must have ended. */
  abandon(): void {
    if (this.#rest.open) this.#rest.close();
    if (this.#db === undefined) this.#sink.abandon();
    else if (this.#db.open) this.#db.close();
    discard(this.#path);
  }

  #root(name: string): number {
    const root = this.#roots.get(name);
    if (root === undefined) throw new Error(`no root page of ${name}`);
    return root;
  }
}

function temporaryOf(path: string): string {
  return `${path}.importing`;
}

function partsOf(path: string): string {
  return `${path}.parts`;
}

function discard(path: string): void {
  delete process.env['SQLITE_TMPDIR'];
  rmSync(temporaryOf(path), { force: true });
  // SQLite's own, from before it was told to keep none.
  rmSync(`${temporaryOf(path)}-journal`, { force: true });
  rmSync(partsOf(path), { recursive: true, force: true });
}

function connect(path: string): Database {
  // As long as it takes: a check of the file may be under way in another thread.
  const db = new Sqlite(path, { timeout: 2 ** 31 - 1 });
  db.pragma(`page_size = ${String(PAGE_BYTES)}`);
  // No journal on the disk: a half-written file is thrown away, never repaired. (The driver's defensive mode refuses OFF.)
  db.pragma('journal_mode = MEMORY');
  db.pragma('synchronous = OFF');
  db.pragma(`cache_size = -${String(CACHE_KIB)}`);
  db.pragma('threads = 2');
  db.pragma('foreign_keys = OFF');
  return db;
}

/** Makes the file with everything empty: the page of each root. */
function createEmpty(
  path: string,
  migrations: readonly Migration[],
  shapes: readonly TableShape[],
): ReadonlyMap<string, number> {
  const db = connect(path);
  try {
    db.pragma(`application_id = ${String(APPLICATION_ID)}`);
    migrate(db, migrations);
    // One transaction: each would write its pages, and there are many tables.
    db.exec('BEGIN');
    for (const shape of shapes) {
      db.exec(createTable(shape));
      const plain = new Set(plainIndexes(shape).map((column) => `${shape.id}_${column}`));
      for (const { name, sql } of createIndexes(shape)) if (plain.has(name)) db.exec(sql);
      for (const child of shape.children ?? []) db.exec(createChild(shape.id, child));
    }
    db.exec(createTimeline(shapes));
    db.exec('COMMIT');
    const roots = db
      .prepare<[], { name: string; rootpage: number }>('SELECT name, rootpage FROM sqlite_schema')
      .all();
    return new Map(roots.map(({ name, rootpage }) => [name, rootpage]));
  } finally {
    db.close();
  }
}
