/** Brings an empty database to the schema: numbered SQL files, forward only, each recorded with its hash. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';

/** One numbered file of `migrations/`. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const FOLDER = new URL('../../migrations/', import.meta.url);

/** All migrations in order. */
export function readMigrations(folder: URL = FOLDER): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8');
      return { name, sql, sha256: sha256Hex(sql) };
    });
}

/** One hash for the whole list: names and hashes, one a line. */
export function schemaHash(migrations: readonly Migration[]): string {
  return sha256Hex(migrations.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
}

/**
 * Applies what is missing, each file together with its record in one transaction.
 * @throws ExhibitError `E_FORMAT` when the applied list is not the beginning of ours: another version made the database.
 */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS _migration (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID',
  );
  const applied = db
    .prepare<[], { name: string; sha256: string }>(
      'SELECT name, sha256 FROM _migration ORDER BY name',
    )
    .all();
  for (const [index, one] of applied.entries()) {
    const known = migrations[index];
    if (known?.name !== one.name || known.sha256 !== one.sha256) {
      throw new ExhibitError('E_FORMAT', `the database was made by another version (${one.name})`, {
        where: { file: db.name },
        hint: 'delete case.db and import again: it is derived from the sealed evidence',
      });
    }
  }
  const record = db.prepare('INSERT INTO _migration (name, sha256) VALUES (?, ?)');
  for (const { name, sql, sha256 } of migrations.slice(applied.length)) {
    db.transaction(() => {
      db.exec(sql);
      record.run(name, sha256);
    })();
  }
}
