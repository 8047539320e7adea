/** Texts of rules and patterns: from files, or from a recorded question, where no file is looked at again. */
import type { Buffer } from 'node:buffer';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { readGiven } from './given-file.ts';

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
  return readGiven(path, fx);
}
