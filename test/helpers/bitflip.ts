/** Flips bits in the files of a case, one at a time, and asks `verify` about each. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
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

/** Flips one bit, verifies, flips it back; true if `verify` noticed. */
export async function isNoticed(
  dir: string,
  { file, offset, bit }: Bit,
  fx: Effects,
): Promise<boolean> {
  const path = join(dir, file);
  const good = readFileSync(path)[offset] ?? 0;
  write(path, offset, good ^ (1 << bit));
  try {
    const request = {
      caseDir: dir,
      target: undefined,
      trust: undefined,
      head: undefined,
      deep: false,
    };
    return !(await verify(request, fx)).ok;
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
