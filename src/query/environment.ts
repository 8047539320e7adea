/** What a run saw of the database and the engine: the identity of its input and its environment. */
import type { Database } from '../db/open.ts';
import { sha256Hex } from '../core/digest.ts';

/** Engine facts that go into run.json. */
export interface EngineFacts {
  readonly sqlite_version: string;
  readonly sqlite_source_id: string;
  /** SHA-256 over the sorted compile options, one a line. */
  readonly compile_options_sha256: string;
  readonly pragmas: Readonly<Record<string, string>>;
}

/** Table case_meta, by key. */
export type CaseMeta = Readonly<Record<string, string>>;

// Settings that can change which rows a query gives, or how they are spelled.
const PRAGMAS = [
  'automatic_index',
  'cell_size_check',
  'encoding',
  'legacy_alter_table',
  'mmap_size',
  'query_only',
  'recursive_triggers',
  'trusted_schema',
];

/** Reads the engine's facts from a connection. */
export function engineFacts(db: Database): EngineFacts {
  const one = (sql: string): string => String(db.prepare(sql).pluck().get());
  const options = db
    .prepare<[], string>('SELECT compile_options FROM pragma_compile_options')
    .pluck()
    .all();
  const pragmas = PRAGMAS.map((name) => [name, String(db.pragma(name, { simple: true }))] as const);
  const foldsCase = one("SELECT 'a' LIKE 'A'") === '1';
  return {
    sqlite_version: one('SELECT sqlite_version()'),
    sqlite_source_id: one('SELECT sqlite_source_id()'),
    compile_options_sha256: sha256Hex(`${[...options].sort().join('\n')}\n`),
    // SQLite can set case_sensitive_like but not say how it is set: ask LIKE itself.
    pragmas: { ...Object.fromEntries(pragmas), case_sensitive_like: foldsCase ? '0' : '1' },
  };
}

/** Reads case_meta. */
export function caseMeta(db: Database): CaseMeta {
  const rows = db
    .prepare<[], { key: string; value: string }>('SELECT key, value FROM case_meta ORDER BY key')
    .all();
  return Object.fromEntries(rows.map((row) => [row.key, row.value]));
}
