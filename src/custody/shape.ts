/** A ledger's hashes and roots, read without judging anything: what is compared with what others hold. */
import { join } from 'node:path';
import { casePaths } from '../bundle/layout.ts';
import { sha256Hex } from '../core/digest.ts';
import { prefixRoots } from '../core/merkle.ts';
import { entryLeaves } from './checkpoint.ts';
import { entryFile } from './entry.ts';
import { listLedger, readLedgerFile } from './files.ts';
import type { LedgerShape } from './head.ts';

/** Bytes of the entries' files, in order. @throws ExhibitError `E_TAMPERED` if one is larger than any entry. */
export function entryBytes(caseDir: string): Buffer[] {
  const { custody } = casePaths(caseDir);
  const { last } = listLedger(custody);
  return Array.from({ length: last }, (_, index) =>
    readLedgerFile(join(custody, entryFile(index + 1))),
  );
}

/** Hashes and roots of a case's ledger; the case id is for the caller to compare. */
export function ledgerShape(caseDir: string): LedgerShape {
  return shapeOf(entryBytes(caseDir), undefined);
}

/** The same from the entries' bytes. */
export function shapeOf(files: readonly Uint8Array[], caseId: string | undefined): LedgerShape {
  return {
    caseId,
    hashes: files.map((bytes) => sha256Hex(bytes)),
    roots: prefixRoots(entryLeaves(files)).map((root) => root.toString('hex')),
  };
}
