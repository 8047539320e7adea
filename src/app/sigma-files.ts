/** Files and folders of Sigma rules that the user names. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { collect, type Collection } from '../sigma/collection.ts';
import { readSigmaFile, type SigmaFile } from '../sigma/rules.ts';
import { readPlaceholders } from '../sigma/placeholders.ts';
import { readRuleText, type RuleTexts } from './rule-texts.ts';

/** What was read. */
export interface LoadedRules extends Collection {
  /** SHA-256 of each file, by the path under which rules name it. */
  readonly sha256: ReadonlyMap<string, string>;
}

/** A folder of rules is not so deep, and links could lead in circles. */
const MAX_DEPTH = 32;

/** Files of rules below the paths. @throws ExhibitError `E_READ`. */
export function ruleFiles(paths: readonly string[], fx: Effects): readonly string[] {
  return [...new Set(paths.flatMap((one) => filesBelow(one, fx, 0)))];
}

/**
 * Reads all rules below the paths: files as they are named, in folders those that end in .yml or .yaml, bytewise sorted.
 * @param placeholders file that says what `%name%` stands for.
 * @param texts their contents, where no file is to be read; the paths are then those of files.
 * @throws ExhibitError `E_READ`, `E_PATTERN` when the placeholders are none.
 */
export async function loadRules(
  paths: readonly string[],
  placeholders: string | undefined,
  fx: Effects,
  texts?: RuleTexts,
): Promise<LoadedRules> {
  const words =
    placeholders === undefined
      ? new Map<string, readonly string[]>()
      : readPlaceholders(
          (await readRuleText(placeholders, fx, texts)).toString('utf8'),
          placeholders,
        );
  const files: SigmaFile[] = [];
  const sha256 = new Map<string, string>();
  for (const path of texts === undefined ? ruleFiles(paths, fx) : paths) {
    const bytes = await readRuleText(path, fx, texts);
    sha256.set(path, createHash('sha256').update(bytes).digest('hex'));
    files.push(isUtf8(bytes) ? readSigmaFile(bytes.toString('utf8'), path, words) : notText(path));
  }
  return { ...collect(files), sha256 };
}

function notText(file: string): SigmaFile {
  const reason = 'the file is not UTF-8';
  return {
    detections: [],
    correlations: [],
    filters: [],
    notAsked: [{ file, title: null, reason, mistake: { file } }],
  };
}

function filesBelow(path: string, fx: Effects, depth: number): readonly string[] {
  const place = resolve(fx.cwd, path);
  try {
    if (!statSync(place).isDirectory()) return [path];
    if (depth > MAX_DEPTH) {
      throw new ExhibitError('E_READ', 'the folders are nested too deep', {
        where: { file: path },
      });
    }
    const names = readdirSync(place, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || /\.ya?ml$/i.test(entry.name))
      .map(({ name }) => name)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return names.flatMap((name) => filesBelow(join(path, name), fx, depth + 1));
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_READ', `the rules cannot be read: ${cause.code}`, {
      where: { file: path },
      cause,
    });
  }
}
