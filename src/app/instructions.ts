/** VERIFY.txt of a case as this version writes it: the one in the folder is as old as the case. */
import { casePaths } from '../bundle/layout.ts';
import { verifyText } from '../bundle/verify-text.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import { ExhibitError } from '../core/errors.ts';
import { readRegular } from '../custody/files.ts';
import { isCaseId } from './case.ts';

/**
 * The text for `exhibit verify --instructions`.
 * @throws ExhibitError `E_FORMAT` when case.json does not say whose case it is.
 */
export function instructions(caseDir: string): string {
  const text = instructionsOf(caseDir);
  if (text !== undefined) return text;
  throw new ExhibitError('E_FORMAT', 'case.json does not say which case this is', {
    where: { file: casePaths(caseDir).caseJson },
  });
}

/** The same; undefined where case.json does not say it. A shell reads the text: nothing but a case's id may stand in it. */
export function instructionsOf(caseDir: string): string | undefined {
  const bytes = readRegular(casePaths(caseDir).caseJson);
  const value = bytes === undefined ? undefined : parseCanonicalLine(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { case: caseId, root } = value as Readonly<Record<string, unknown>>;
  if (typeof caseId !== 'string' || !isCaseId(caseId)) return undefined;
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) return undefined;
  return verifyText({ caseId, rootFingerprint: root });
}
