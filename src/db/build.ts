/**
 * Builds a case database beside the old one: everything goes into `case.db.importing`, which takes the place of case.db
 * only when it is complete, checked and on the disk. Whatever happens before leaves the old database as it was.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { ExhibitError } from '../core/errors.ts';
import { createIndexes, createTable, createTimeline, quoted, type TableShape } from './ddl.ts';
import { sqliteFailure } from './failure.ts';
import { type Migration, migrate } from './migrate.ts';
import { APPLICATION_ID } from './open.ts';
import type { PartFiles } from './part.ts';
import { PAGE_BYTES } from './row-file.ts';

/** Page cache of the writer; it also bounds the memory of the index sorters. In KiB. */
const CACHE_KIB = 16_384;

/** Tables that every part holds, besides those of its sources. */
const PART_TABLES = ['source_file', 'content_block', 'row_group', 'reject', 'anomaly'];

/** The one writer of a case database. */
export class CaseBuilder {
  readonly db: Database;
  /** Folder for the parts. */
  readonly parts: string;
  readonly #path: string;
  readonly #temporary: string;

  /**
   * @param path of case.db.
   * @throws ExhibitError `E_WRITE`.
   */
  static open(
    path: string,
    migrations: readonly Migration[],
    shapes: readonly TableShape[],
  ): CaseBuilder {
    let builder: CaseBuilder | undefined;
    try {
      builder = new CaseBuilder(path);
      builder.#create(migrations, shapes);
      return builder;
    } catch (error) {
      builder?.abandon();
      throw sqliteFailure(error, path) ?? error;
    }
  }

  private constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.importing`;
    this.parts = `${path}.parts`;
    this.#discard();
    mkdirSync(this.parts);
    // SQLite sorts large indexes in temporary files: evidence stays inside the case folder, also then.
    process.env['SQLITE_TMPDIR'] = this.parts;
    this.db = new Sqlite(this.#temporary);
  }

  #create(migrations: readonly Migration[], shapes: readonly TableShape[]): void {
    const { db } = this;
    db.pragma(`page_size = ${String(PAGE_BYTES)}`);
    // No journal: a half-written file is thrown away, never repaired.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma(`cache_size = -${String(CACHE_KIB)}`);
    db.pragma('threads = 2');
    db.pragma('foreign_keys = OFF');
    db.pragma(`application_id = ${String(APPLICATION_ID)}`);
    migrate(db, migrations);
    for (const shape of shapes) db.exec(createTable(shape));
    db.exec(createTimeline(shapes));
  }

  /** Copies a finished part in and removes it; parts have to come in the order of their files. */
  merge(part: PartFiles): void {
    this.#copy(part.path, PART_TABLES);
    for (const { path, table } of part.sources) this.#copy(path, [table]);
  }

  #copy(path: string, tables: readonly string[]): void {
    this.db.prepare('ATTACH DATABASE ? AS part').run(path);
    for (const table of tables) {
      const name = quoted(table);
      this.db.exec(`INSERT INTO main.${name} SELECT * FROM part.${name}`);
    }
    this.db.exec('DETACH DATABASE part');
    rmSync(path);
  }

  index(shapes: readonly TableShape[]): void {
    for (const shape of shapes) for (const sql of createIndexes(shape)) this.db.exec(sql);
  }

  /** Checks the file, brings it to the disk and puts it in its place. */
  finish(): void {
    const { db } = this;
    const problems = db.pragma('quick_check') as { readonly quick_check: string }[];
    const orphans = db.pragma('foreign_key_check') as unknown[];
    if (problems[0]?.quick_check !== 'ok' || orphans.length > 0) {
      throw new ExhibitError('E_WRITE', 'the database that was just written is damaged', {
        where: { file: this.#temporary },
        hint: 'the disk or the memory may be faulty; check them, then import again',
      });
    }
    // The commit of one last change is synchronous: SQLite has all pages brought to the disk.
    db.pragma('synchronous = FULL');
    db.pragma('user_version = 1');
    db.close();
    renameSync(this.#temporary, this.#path);
    this.#discard();
  }

  /** Throws the unfinished file away. */
  abandon(): void {
    if (this.db.open) this.db.close();
    this.#discard();
  }

  #discard(): void {
    delete process.env['SQLITE_TMPDIR'];
    rmSync(this.#temporary, { force: true });
    rmSync(this.parts, { recursive: true, force: true });
  }
}
