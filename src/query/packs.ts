/** Packs: files `queries/packs/<name>.yaml` that name queries which are asked together. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { ExhibitError } from '../core/errors.ts';

/** One pack. */
export interface Pack {
  readonly id: string;
  readonly title: string;
  /** What it is for. */
  readonly about: string;
  /** Ids of queries, in the order in which they are asked. */
  readonly queries: readonly string[];
}

const FOLDER = fileURLToPath(new URL('../../queries/packs', import.meta.url));

/** All packs in the order of their names. @throws ExhibitError `E_FORMAT`. */
export function loadPacks(folder = FOLDER): readonly Pack[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => readPack(join(folder, name), name.replace(/\.yaml$/, '')));
}

/** The pack of that name. @throws ExhibitError `E_NOT_FOUND`. */
export function findPack(name: string, packs: readonly Pack[] = loadPacks()): Pack {
  const found = packs.find(({ id }) => id === name);
  if (found !== undefined) return found;
  throw new ExhibitError('E_NOT_FOUND', `there is no pack named "${name}"`, {
    hint: `there are ${packs.map(({ id }) => id).join(', ')}`,
  });
}

function readPack(file: string, id: string): Pack {
  const data = readYaml(file) as Readonly<Record<string, unknown>> | null;
  const { title, about, queries } = data ?? {};
  const names: readonly unknown[] = Array.isArray(queries) ? queries : [];
  const whole =
    data?.['id'] === id &&
    typeof title === 'string' &&
    typeof about === 'string' &&
    names.length > 0 &&
    new Set(names).size === names.length &&
    names.every((name): name is string => typeof name === 'string');
  if (whole) return { id, title, about, queries: names };
  throw new ExhibitError('E_FORMAT', 'the pack lacks id, title, about or a list of queries', {
    where: { file },
    hint: 'the id is the name of the file, and no query is named twice',
  });
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new ExhibitError('E_FORMAT', 'the pack is not YAML', { where: { file }, cause });
  }
}
