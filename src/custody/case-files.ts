/** The files that open a case are vouched for by the first entry: case.json, certificates, TRUST.txt, VERIFY.txt. */
import { join } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import type { Check } from '../core/check.ts';
import { sha256Hex } from '../core/digest.ts';
import { readRegular } from './files.ts';
import type { EntryView } from './read.ts';

/** A name in an attachment is signed text, but a dishonest signer may have written it: no way out of the case. */
const SAFE_NAME = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** Every one of these must be among the first entry's attachments. */
const REQUIRED = ['case.json', 'pki/root.pem'];

/** `ledger.case_files`: those files still have the bytes that the first entry signed. */
export function caseFilesCheck(paths: CasePaths, entries: readonly EntryView[]): Check {
  const id = 'ledger.case_files';
  const first = entries[0];
  if (first?.seq !== 1 || first.entry.event !== 'opened') {
    const detail = 'the first entry does not say which files opened the case';
    return { id, subject: 'custody/00000001.json', status: 'fail', detail };
  }
  const attachments = first.entry.attachments ?? [];
  const missing = REQUIRED.filter((name) => !attachments.some((one) => one.name === name));
  const changed = attachments.filter(({ name, sha256 }) => hashOf(paths, name) !== sha256);
  const problems = [
    ...missing.map((name) => `${name} is not vouched for`),
    ...changed.map(({ name }) => `${name} is missing or has changed`),
    ...(namesCase(paths, first.entry.case) ? [] : ['case.json names another case']),
  ];
  return problems.length === 0
    ? {
        id,
        subject: 'case.json',
        status: 'pass',
        detail: attachments.map(({ name }) => name).join(', '),
      }
    : { id, subject: 'case.json', status: 'fail', detail: problems.join('; ') };
}

/** True for a relative path that leads nowhere outside. */
export function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name);
}

function hashOf(paths: CasePaths, name: string): string | undefined {
  const bytes = isSafeName(name) ? readRegular(join(paths.dir, name)) : undefined;
  return bytes === undefined ? undefined : sha256Hex(bytes);
}

function namesCase(paths: CasePaths, caseId: string): boolean {
  const bytes = readRegular(paths.caseJson);
  const value = bytes === undefined ? undefined : parseCanonicalLine(bytes);
  return typeof value === 'object' && value !== null && 'case' in value && value['case'] === caseId;
}
