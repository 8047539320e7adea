/** Texts of rules and patterns: from files, or from a recorded question, where no file is looked at again. */
import type { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** Bytes of files by the path that named them. */
export type RuleTexts = ReadonlyMap<string, Buffer>;

/** A file of rules. @throws ExhibitError `E_READ`; `E_FORMAT` when the recorded question does not hold it. */
export async function readRuleText(
  path: string,
  fx: Effects,
  texts: RuleTexts | undefined,
): Promise<Buffer> {
  const text = texts?.get(path);
  if (text !== undefined) return text;
  if (texts !== undefined) {
    throw new ExhibitError('E_FORMAT', `the recorded question does not hold the file ${path}`);
  }
  const file = resolve(fx.cwd, path);
  try {
    return await readFile(file);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_READ', `the file cannot be read: ${cause.code}`, {
      where: { file },
      cause,
    });
  }
}
