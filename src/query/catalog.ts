/** The query pack: every `queries/<topic>/<name>.sql` of exhibit itself, found and read, in one fixed order. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { readFrontMatter, type QueryHead } from './front-matter.ts';

/** One named query. */
export interface NamedQuery extends QueryHead {
  /** Folder it stands in. */
  readonly topic: string;
  /** Exact text of the file; this is what runs and what is hashed. */
  readonly sql: string;
  readonly sql_sha256: string;
}

/** Folder of the pack that ships with exhibit. */
const PACK = fileURLToPath(new URL('../../queries', import.meta.url));

/**
 * Reads the pack, ordered by topic and id.
 * @throws ExhibitError `E_FORMAT` for a bad head, a name that differs from the id, or an id used twice.
 */
export function loadCatalog(folder = PACK): readonly NamedQuery[] {
  const queries = names(folder).flatMap((topic) =>
    names(join(folder, topic))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => readQuery(folder, topic, name)),
  );
  const ids = queries.map((query) => query.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new ExhibitError('E_FORMAT', `two queries have the id ${twice}`);
  return queries;
}

/**
 * The query of that id, or `topic/id`.
 * @throws ExhibitError `E_NOT_FOUND` with the nearest names.
 */
export function findQuery(catalog: readonly NamedQuery[], name: string): NamedQuery {
  const found = catalog.find((query) => query.id === name || `${query.topic}/${query.id}` === name);
  if (found !== undefined) return found;
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const near = catalog
    .filter((query) => words.some((word) => word.length > 2 && query.id.includes(word)))
    .map((query) => query.id);
  throw new ExhibitError('E_NOT_FOUND', `there is no query named "${name}"`, {
    hint:
      near.length > 0 ? `did you mean ${near.join(', ')}?` : '`exhibit query list` names them all',
  });
}

function readQuery(folder: string, topic: string, name: string): NamedQuery {
  const file = join(folder, topic, name);
  const sql = readFileSync(file, 'utf8');
  const head = readFrontMatter(sql, file);
  if (`${head.id}.sql` !== name) {
    throw new ExhibitError('E_FORMAT', `the file's name differs from the id ${head.id}`, {
      where: { file },
    });
  }
  return { ...head, topic, sql, sql_sha256: sha256Hex(sql) };
}

// Folders are read in the order of their bytes, never in that of the disk.
function names(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
}
