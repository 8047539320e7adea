/** Appending: nothing is built on a broken end, and a writer that is stopped at any point breaks nothing. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { appendToLedger, type EntryContext } from '#src/custody/append.ts';
import { writeCheckpoint } from '#src/custody/checkpoint-write.ts';
import { realFiles, type Files } from '#src/custody/files.ts';
import { readLedger } from '#src/custody/read.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { readCertificate } from '#src/crypto/trust.ts';
import { testCase, type TestCase } from '../helpers/case.ts';

let one: TestCase;
let context: EntryContext;

beforeEach(async () => {
  one = await testCase();
  const { rootPem } = one.case.paths;
  context = {
    caseId: one.case.info.case,
    actor: { name: 'Ada Test', role: 'examiner' },
    tool: { name: 'exhibit', version: '0', hash: '0'.repeat(64), argv: [] },
    atUs: one.fx.now() * 1000,
    signer: one.signer,
    root: readCertificate(await readFile(rootPem), rootPem),
  };
});

const note = (reason: string, files?: Files): number =>
  appendToLedger(one.case.paths, { event: 'note', reason }, context, files).seq;
const good = (): boolean =>
  verifyLedger(one.case.paths.dir).checks.every(({ status }) => status !== 'fail');
const entry = (name: string): string => join(one.case.paths.custody, name);

describe('appending', () => {
  test('goes on where the ledger ends and leaves nothing else behind', async () => {
    expect([note('a'), note('b')]).toEqual([2, 3]);
    expect(good()).toBe(true);
    expect(await readdir(one.case.paths.staging)).toEqual([]);
    const entries = readLedger(one.case.paths.dir);
    expect(entries.map(({ entry: { prev } }) => prev).slice(1)).toEqual(
      entries.map(({ hash }) => hash).slice(0, -1),
    );
  });

  test.for<[string, () => Promise<unknown>]>([
    ['a changed last entry', () => writeFile(entry('00000002.json'), '{}\n')],
    ['a missing signature', () => rm(entry('00000002.json.p7s'))],
    [
      'a signature of another entry',
      () => cp(entry('00000001.json.p7s'), entry('00000002.json.p7s')),
    ],
    ['a gap', () => rm(entry('00000001.json'))],
    ['a stranger', () => writeFile(entry('note.txt'), '')],
    ['an empty ledger', () => rm(one.case.paths.custody, { recursive: true })],
    ['a changed entry before the last', () => writeFile(entry('00000001.json'), '{}\n')],
  ])('is refused after %s', async ([, harm]) => {
    note('last');
    await harm();
    const before = await readdir(one.case.paths.custody).catch(() => []);
    expect(() => note('more')).toThrow(expect.objectContaining({ code: 'E_TAMPERED' }) as Error);
    expect(await readdir(one.case.paths.custody).catch(() => [])).toEqual(before);
  });

  test('is refused to an entry of another case, and by a root that did not sign the end', () => {
    note('last');
    const of = (change: Partial<EntryContext>) => () =>
      appendToLedger(one.case.paths, { event: 'note' }, { ...context, ...change });
    expect(of({ caseId: 'OTHER' })).toThrow(
      expect.objectContaining({ code: 'E_TAMPERED' }) as Error,
    );
    const leaf = readCertificate(one.signer.certificatePem, 'leaf');
    expect(of({ root: leaf })).toThrow(expect.objectContaining({ code: 'E_TAMPERED' }) as Error);
  });

  test('never replaces a file that is there', () => {
    const stubborn: Files = {
      ...realFiles,
      moveNew: (from, to) => {
        realFiles.writeSynced(to, Buffer.from('somebody was faster'));
        realFiles.moveNew(from, to);
      },
    };
    expect(() => note('x', stubborn)).toThrow(expect.objectContaining({ code: 'EEXIST' }) as Error);
  });
});

/** Files of which the n-th operation fails: before it did anything, or after it was done. */
function failing(
  n: number,
  after: boolean,
): { readonly files: Files; readonly count: () => number } {
  let calls = 0;
  const wrap =
    <A extends unknown[]>(work: (...args: A) => void) =>
    (...args: A): void => {
      calls++;
      if (calls === n && !after) throw new Error('stopped');
      work(...args);
      if (calls === n && after) throw new Error('stopped');
    };
  const { writeSynced, moveNew, remove, syncFolder } = realFiles;
  return {
    files: {
      writeSynced: wrap(writeSynced),
      moveNew: wrap(moveNew),
      remove: wrap(remove),
      syncFolder: wrap(syncFolder),
    },
    count: () => calls,
  };
}

describe('a writer stopped', () => {
  test('at any operation of a checkpoint leaves one or none, and the next writer goes on', () => {
    const { paths, info } = one.case;
    const sign = (files?: Files): ReturnType<typeof writeCheckpoint> =>
      writeCheckpoint(
        paths,
        info.case,
        { signer: one.signer, root: context.root, atUs: context.atUs },
        files,
      );
    for (const after of [false, true]) {
      for (let n = 1; n <= 6; n++) {
        note(`before ${String(n)}`);
        expect(() => sign(failing(n, after).files)).toThrow('stopped');
        if (n % 2 === 0) note('an entry comes first');
        const { size } = sign();
        expect(size).toBe(readLedger(paths.dir).length);
        expect(good()).toBe(true);
      }
    }
  });

  test('at any operation leaves the old ledger, the new one, or a half that the next one removes and tells', () => {
    const probe = failing(0, false);
    expect(note('probe', probe.files)).toBe(2);
    expect(probe.count()).toBe(6);
    const seen = new Set<string>();
    let length = 2;
    for (const after of [false, true]) {
      for (let n = 1; n <= 6; n++) {
        expect(() => note('stopped', failing(n, after).files)).toThrow('stopped');
        const report = verifyLedger(one.case.paths.dir);
        const half = report.checks.some(({ status }) => status === 'fail');
        const state = half ? 'half' : report.entries.length > length ? 'new' : 'old';
        seen.add(state);
        length = report.entries.length;
        expect(note('next')).toBe(length + 1);
        length++;
        expect(good()).toBe(true);
        const { changes } = readLedger(one.case.paths.dir).at(-1)!.entry;
        if (half) expect(changes).toContain(`removed ${String(length).padStart(8, '0')}.json.p7s`);
        else expect(changes).toBeUndefined();
      }
    }
    expect([...seen].sort()).toEqual(['half', 'new', 'old']);
  });
});
