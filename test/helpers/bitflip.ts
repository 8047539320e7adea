/** Flips bits in the files of a case, one at a time, and asks `verify` about each. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openCase } from '#src/app/case.ts';
import { collectDir } from '#src/app/collect.ts';
import { custodyCheckpoint } from '#src/app/custody.ts';
import { initCase } from '#src/app/init.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { verify } from '#src/app/verify.ts';
import type { Effects } from '#src/core/effects.ts';

/** A place in a case. */
export interface Bit {
  /** Relative to the case. */
  readonly file: string;
  readonly offset: number;
  readonly bit: number;
}

/** Makes a case with one small sealed evidence item and a checkpoint; its keys have no passphrase. */
export async function makeSmallCase(dir: string, fx: Effects): Promise<void> {
  const source = `${dir}.source`;
  await mkdir(join(source, 'logs'), { recursive: true });
  await writeFile(join(source, 'logs/a.json'), '{"Records":[]}\n');
  await writeFile(join(source, 'logs/b c.txt'), 'a name that has to be mapped\n');
  await initCase({ dir, caseId: 'FLIP-1', examiner: 'Ada Test', unprotectedKey: true }, fx);
  const opened = await openCase(dir);
  await collectDir(opened, fx, { paths: [source], seal: false, onProgress: () => undefined });
  await sealEvidence(opened, 'EV-0001', fx);
  await custodyCheckpoint(opened, fx);
}

/** Files whose every bit counts: volumes, seal, signature, ledger and checkpoint with their signatures, case.json and root. */
export function guardedFiles(dir: string): string[] {
  const ledger = readdirSync(join(dir, 'custody')).map((name) => `custody/${name}`);
  const evidence = readdirSync(join(dir, 'evidence/EV-0001')).map(
    (name) => `evidence/EV-0001/${name}`,
  );
  return [...ledger, ...evidence, 'case.json', 'pki/root.pem'].sort();
}

/** Every bit of those files. */
export function* everyBit(dir: string, files: readonly string[]): Generator<Bit> {
  for (const file of files) {
    const { length } = readFileSync(join(dir, file));
    for (let offset = 0; offset < length; offset += 1) {
      for (let bit = 0; bit < 8; bit += 1) yield { file, offset, bit };
    }
  }
}

/** The check that must fail, whatever else does, when one bit of a file of this kind differs; the first that fits counts. */
const RIGHT_CHECK: readonly (readonly [file: RegExp, check: string])[] = [
  [/^custody\/checkpoint-\d{8}\.txt(?:\.p7s)?$/, 'ledger.checkpoint'],
  [/^custody\/\d{8}\.json(?:\.p7s)?$/, 'ledger.signature'],
  [/\.seal$/, 'ledger.sealed'],
  [/\.seal\.p7s$/, 'seal.signature'],
  [/\.tar$/, 'volume.sha256'],
  [/^case\.json$/, 'ledger.case_files'],
  [/^pki\/root\.pem$/, 'trust.root'],
];

/** The certificate is the same without its last line feed: then only the ledger, which hashes the file, can tell. */
function rightCheck(dir: string, { file, offset }: Bit): string | undefined {
  const { size } = statSync(join(dir, file));
  if (file === 'pki/root.pem' && offset === size - 1) return 'ledger.case_files';
  return RIGHT_CHECK.find(([kind]) => kind.test(file))?.[1];
}

/** A flip that `verify` did not find by the right check. */
export interface Miss extends Bit {
  /** Undefined for a file of a kind that has none. */
  readonly right: string | undefined;
  /** What failed instead; empty if nothing did. */
  readonly failed: readonly string[];
}

/** Flips one bit, verifies, flips it back; undefined if the right check failed. */
export async function missOf(dir: string, flip: Bit, fx: Effects): Promise<Miss | undefined> {
  const { file, offset, bit } = flip;
  const path = join(dir, file);
  const good = readFileSync(path)[offset] ?? 0;
  const right = rightCheck(dir, flip);
  write(path, offset, good ^ (1 << bit));
  try {
    const request = {
      caseDir: dir,
      target: undefined,
      trust: undefined,
      head: undefined,
      deep: false,
    };
    const { checks } = await verify(request, fx);
    const failed = checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
    return right !== undefined && failed.includes(right) ? undefined : { ...flip, right, failed };
  } finally {
    write(path, offset, good);
  }
}

function write(path: string, offset: number, byte: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Uint8Array.of(byte), 0, 1, offset);
  closeSync(file);
}

/** A copy of a case to flip in. */
export async function copyCase(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
}
