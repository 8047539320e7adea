/** What is kept outside a case against what the case says: rollback, truncation, forks, other types of file. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCase, openSigner, type Case } from '#src/app/case.ts';
import { custodyCheckpoint, custodyVerify } from '#src/app/custody.ts';
import { appendEntry } from '#src/app/ledger.ts';
import { canonicalLine } from '#src/core/canonical.ts';
import type { Signer } from '#src/crypto/signer.ts';
import { encodeRequest, makeRequest } from '#src/crypto/timestamp-request.ts';
import { compareLedgers } from '#src/custody/compare.ts';
import { shortHexOfRoot, wordsOfRoot } from '../helpers/paper.ts';
import { readPin, type Pin } from '#src/custody/pin.ts';
import { verifyLedger, type LedgerTrust } from '#src/custody/verify.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa } from '../helpers/tsa.ts';

const LENGTH = 7;
/** Each run is a whole history with signatures: a hundredth of what parsers get. */
const RUNS = Math.max(12, Math.floor(fuzzRuns(12) / 100));

/** A case with {@link LENGTH} entries and checkpoints of 3 and of all. */
let good: TestCase;

beforeAll(async () => {
  good = await testCase();
  for (let seq = 2; seq <= LENGTH; seq++) {
    await note(good.case, `note ${String(seq)}`);
    if (seq === 3 || seq === LENGTH) await custodyCheckpoint(good.case, good.fx);
  }
});

async function note(opened: Case, reason: string): Promise<void> {
  await appendEntry(opened, await openSigner(opened, good.fx), good.fx, { event: 'note', reason });
}

async function copy(from = good.case.paths.dir): Promise<string> {
  const dir = join(await tempDir(), 'case');
  await cp(from, dir, { recursive: true });
  return dir;
}

const file = (seq: number): string => `${String(seq).padStart(8, '0')}.json`;
const checkpoint = (size: number): string => `checkpoint-${String(size).padStart(8, '0')}.txt`;

/** Takes away every entry after the first `keep`, and the checkpoints that would show it. */
async function cut(dir: string, keep: number): Promise<void> {
  for (const name of await readdir(join(dir, 'custody'))) {
    const number = Number(/\d{8}/.exec(name)?.[0]);
    if (number > keep) await rm(join(dir, 'custody', name));
  }
}

function failures(dir: string, trust: LedgerTrust = {}): string[] {
  const failed = verifyLedger(dir, trust).checks.filter(({ status }) => status === 'fail');
  return [...new Set(failed.map(({ id }) => id))];
}

const head = (dir: string, trust: LedgerTrust = {}): { status?: string; detail?: string } =>
  verifyLedger(dir, trust).checks.find(({ id }) => id === 'ledger.head') ?? {};

async function outside(dir: string, name: string): Promise<NonNullable<LedgerTrust['anchors']>> {
  const path = join(dir, 'custody', name);
  return [{ name, bytes: await readFile(path), signature: await readFile(`${path}.p7s`) }];
}

function pinned(dir: string): Pin {
  const { shape } = verifyLedger(dir);
  return {
    case: 'TEST-1',
    root_certificate: good.case.info.root,
    size: shape.roots.length,
    root: shape.roots.at(-1) ?? '',
    head: shape.hashes.at(-1) ?? '',
    at: '2026-01-02T03:04:05Z',
  };
}

describe('a ledger cut by any number of entries', () => {
  test('is found with every kind of anchor, and without one it says so', async () => {
    const original = good.case.paths.dir;
    const { shape } = verifyLedger(original);
    const root = shape.roots.at(-1) ?? '';
    const kinds: Record<string, readonly [LedgerTrust, string]> = {
      head: [{ head: shape.hashes.at(-1) ?? '' }, 'ledger.head'],
      'root of a checkpoint on paper': [{ head: root }, 'ledger.head'],
      'its short form': [{ head: shortHexOfRoot(root) }, 'ledger.head'],
      'its words': [{ head: wordsOfRoot(root) }, 'ledger.head'],
      checkpoint: [{ anchors: await outside(original, checkpoint(LENGTH)) }, 'ledger.anchor'],
      'countersigned entry': [{ anchors: await outside(original, file(LENGTH)) }, 'ledger.anchor'],
      pin: [{ pin: pinned(original) }, 'ledger.pin'],
    };
    for (const [name, [trust]] of Object.entries(kinds)) {
      expect(failures(original, trust), name).toEqual([]);
      expect(head(original, trust), name).toMatchObject({ status: 'pass' });
    }
    for (let keep = LENGTH - 1; keep >= 1; keep--) {
      const dir = await copy();
      await cut(dir, keep);
      expect(failures(dir)).toEqual([]);
      expect(head(dir)).toMatchObject({ status: 'not_checked' });
      expect(head(dir).detail).toContain('no external anchor');
      for (const [name, [trust, id]] of Object.entries(kinds)) {
        expect(failures(dir, trust), `${name}, ${String(keep)} kept`).toEqual([id]);
      }
    }
  });

  test('is found by a checkpoint that was left in the case', async () => {
    for (let keep = LENGTH - 1; keep >= 1; keep--) {
      const dir = await copy();
      for (let seq = keep + 1; seq <= LENGTH; seq++) {
        await rm(join(dir, 'custody', file(seq)));
        await rm(join(dir, 'custody', `${file(seq)}.p7s`));
      }
      expect(failures(dir)).toEqual(['ledger.checkpoint']);
    }
  });

  test('an older anchor holds as far as it goes', async () => {
    const dir = await copy();
    const trust = { anchors: await outside(dir, checkpoint(3)) };
    expect(head(dir, trust)).toMatchObject({ status: 'pass' });
    expect(head(dir, trust).detail).toContain('4 later, which it does not anchor');
    await cut(dir, 3);
    expect(failures(dir, trust)).toEqual([]);
    await cut(dir, 2);
    expect(failures(dir, trust)).toEqual(['ledger.anchor']);
  });
});

test.skipIf(!hasTool('openssl'))(
  needs(
    'a time-stamp that was kept elsewhere finds a cut of any length that reaches it',
    'openssl',
  ),
  async () => {
    const tsa = await makeTsa();
    const stampOf = async (name: string): Promise<NonNullable<LedgerTrust['anchors']>> => {
      const bytes = await readFile(join(good.case.paths.custody, `${name}.p7s`));
      const digest = createHash('sha256').update(bytes).digest();
      const answer = await tsa.answer(encodeRequest(makeRequest(digest)));
      return [{ name: `${name}.p7s.tsr`, bytes: answer, signature: undefined }];
    };
    const tsaTrust = Buffer.from(tsa.rootPem);
    for (const [name, size] of [
      [checkpoint(LENGTH), LENGTH],
      [file(5), 5],
    ] as const) {
      const anchors = await stampOf(name);
      for (const trust of [{ anchors }, { anchors, tsaTrust }]) {
        for (let keep = LENGTH; keep >= 1; keep--) {
          const dir = await copy();
          await cut(dir, keep);
          expect(failures(dir, trust), `${name}, ${String(keep)} kept`).toEqual(
            keep >= size ? [] : ['ledger.anchor'],
          );
          if (keep >= size) expect(head(dir, trust)).toMatchObject({ status: 'pass' });
        }
      }
      const bad = anchors.map((one) => ({ ...one, bytes: Buffer.from('no time-stamp') }));
      expect(failures(good.case.paths.dir, { anchors: bad })).toEqual(['ledger.anchor']);
    }
  },
);

describe('two histories', () => {
  /** Entry 5 and later written anew. */
  async function forked(): Promise<string> {
    const dir = await copy();
    await cut(dir, 4);
    const opened = await openCase(dir);
    for (const text of ['other 5', 'other 6', 'other 7', 'other 8']) await note(opened, text);
    return dir;
  }

  test('are seen by every anchor, with both sides', async () => {
    const dir = await forked();
    const original = good.case.paths.dir;
    const { shape } = verifyLedger(original);
    expect(failures(dir)).toEqual([]);
    const pin = verifyLedger(dir, { pin: pinned(original) }).checks.find(
      ({ id }) => id === 'ledger.pin',
    );
    expect(pin?.detail).toContain('FORK');
    expect(pin?.detail).toContain(shape.roots.at(-1));
    expect(pin?.detail).toContain(verifyLedger(dir).shape.roots[LENGTH - 1]);
    for (const name of [checkpoint(LENGTH), file(LENGTH)]) {
      const found = verifyLedger(dir, { anchors: await outside(original, name) }).checks;
      const detail = found.find(({ id }) => id === 'ledger.anchor')?.detail;
      expect(detail).toContain('FORK');
    }
    expect(failures(dir, { head: shape.hashes.at(-1) ?? '' })).toEqual(['ledger.head']);
  });

  test('are shown side by side', async () => {
    const dir = await forked();
    const found = compareLedgers(good.case.paths.dir, dir, {}, 'TEST-1');
    expect(found).toMatchObject({ verdict: 'fork', common: 4 });
    expect(
      found.differing.map(({ seq, first, second }) => [seq, first?.good, second?.good]),
    ).toEqual([
      [5, true, true],
      [6, true, true],
      [7, true, true],
      [8, undefined, true],
    ]);
    const shorter = await copy();
    await cut(shorter, 2);
    expect(compareLedgers(shorter, good.case.paths.dir, {}, 'TEST-1')).toMatchObject({
      verdict: 'second_is_longer',
      common: 2,
    });
    expect(compareLedgers(good.case.paths.dir, good.case.paths.dir, {}, 'TEST-1')).toMatchObject({
      verdict: 'same',
      differing: [],
    });
    const other = await otherCase('TEST-2');
    expect(() => compareLedgers(other.case.paths.dir, dir, {}, 'TEST-2')).toThrow(
      expect.objectContaining({ code: 'E_USAGE' }) as Error,
    );
  });

  test('in one folder are named with both hashes', async () => {
    const dir = await copy();
    const other = await forked();
    await cp(join(other, 'custody', file(5)), join(dir, 'custody', `${file(5)}.conflict`));
    const found = verifyLedger(dir).checks.find(({ status }) => status === 'fail');
    const [mine, theirs] = [verifyLedger(dir), verifyLedger(other)].map(
      ({ shape }) => shape.hashes[4],
    );
    expect(found?.id).toBe('ledger.files');
    expect(found?.detail).toContain('FORK: another entry 5');
    expect(found?.detail).toContain(mine);
    expect(found?.detail).toContain(theirs);
  });

  test('are never both signed: no checkpoint on a ledger that an earlier one contradicts', async () => {
    const dir = await forked();
    await cp(
      join(good.case.paths.dir, 'custody', checkpoint(LENGTH)),
      join(dir, 'custody', checkpoint(LENGTH)),
    );
    await cp(
      join(good.case.paths.dir, 'custody', `${checkpoint(LENGTH)}.p7s`),
      join(dir, 'custody', `${checkpoint(LENGTH)}.p7s`),
    );
    await expect(custodyCheckpoint(await openCase(dir), good.fx)).rejects.toMatchObject({
      code: 'E_TAMPERED',
    });
  });
});

describe('the pin of this machine', () => {
  test('is raised by what is good, refuses what is older or other, and nothing is built on that', async () => {
    const folder = join(await tempDir(), 'state', 'pins');
    const fx = fakeEffects({ env: { EXHIBIT_PINS: folder } });
    const dir = await copy();
    await custodyVerify(dir, fx, {});
    expect(existsSync(folder)).toBe(false);
    await custodyVerify(dir, fx, { pin: true });
    expect(readPin(folder, 'TEST-1')?.size).toBe(LENGTH);
    const older = await copy();
    await note(await openCase(dir), 'one more');
    await custodyVerify(dir, fx, {});
    expect(readPin(folder, 'TEST-1')?.size).toBe(LENGTH + 1);
    const verdict = await custodyVerify(older, fx, {});
    expect(verdict.ok).toBe(false);
    expect(verdict.checks.find(({ id }) => id === 'ledger.pin')?.detail).toContain('ROLLED BACK');
    const opened = await openCase(older);
    const signer = await openSigner(opened, fx);
    await expect(appendEntry(opened, signer, fx, { event: 'note' })).rejects.toMatchObject({
      code: 'E_TAMPERED',
    });
    expect(readPin(folder, 'TEST-1')?.size).toBe(LENGTH + 1);
  });

  test('refuses another root under the same case id, and a pin that cannot be read', async () => {
    const folder = await tempDir();
    const fx = fakeEffects({ env: { EXHIBIT_PINS: folder } });
    await custodyVerify(good.case.paths.dir, fx, { pin: true });
    const forged = await otherCase('TEST-1');
    const { checks } = await custodyVerify(forged.case.paths.dir, fx, {});
    expect(checks.find(({ id }) => id === 'ledger.pin')).toMatchObject({ status: 'fail' });
    await writeFile(join(folder, 'TEST-1.json'), '{}\n');
    await expect(custodyVerify(good.case.paths.dir, fx, {})).rejects.toMatchObject({
      code: 'E_FORMAT',
    });
    const fileInPlace = join(folder, 'TEST-1.json', 'pins');
    const unable = fakeEffects({ env: { EXHIBIT_PINS: fileInPlace } });
    expect((await custodyVerify(good.case.paths.dir, unable, { pin: true })).ok).toBe(true);
    expect(unable.stderr()).toContain('cannot remember the case');
    await mkdir(join(folder, 'x'));
    expect(readPin(join(folder, 'x'), 'TEST-1')).toBeUndefined();
  });
});

describe('a signed file of one type', () => {
  const put = async (
    dir: string,
    name: string,
    bytes: Uint8Array,
    signer: Signer,
  ): Promise<void> => {
    await writeFile(join(dir, 'custody', name), bytes);
    const at = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;
    await writeFile(join(dir, 'custody', `${name}.p7s`), signer.sign(bytes, at));
  };
  const SEAL = Buffer.from('# evidence-seal v1\n# case: TEST-1\n');
  const RUN = canonicalLine({ type: 'query-run/1', case: 'TEST-1' });

  test('is no checkpoint, however well it is signed', async () => {
    const entry = await readFile(join(good.case.paths.custody, file(3)));
    for (const bytes of [
      SEAL,
      RUN,
      entry,
      Buffer.from('custody-checkpoint/1/TEST-1\n3\n'),
      Buffer.alloc(0),
    ]) {
      const dir = await copy();
      await put(dir, checkpoint(3), bytes, good.signer);
      expect(failures(dir)).toEqual(['ledger.checkpoint']);
    }
  });

  test('is no entry', async () => {
    const point = await readFile(join(good.case.paths.custody, checkpoint(3)));
    for (const bytes of [SEAL, RUN, point]) {
      const dir = await copy();
      await put(dir, file(LENGTH), bytes, good.signer);
      expect(failures(dir)).toContain('ledger.form');
    }
  });

  test('is no anchor of another case or type', async () => {
    const other = await otherCase('TEST-2');
    await custodyCheckpoint(other.case, other.fx);
    const dir = good.case.paths.dir;
    for (const name of [checkpoint(1), file(1)]) {
      const anchors = await outside(other.case.paths.dir, name);
      expect(failures(dir, { anchors })).toEqual(['ledger.anchor']);
    }
    const sealed = [{ name: 'EV-0001.seal', bytes: SEAL, signature: good.signer.sign(SEAL) }];
    expect(failures(dir, { anchors: sealed })).toEqual(['ledger.anchor']);
  });

  test('a checkpoint needs its signature, by somebody of the case, over these bytes', async () => {
    const other = await otherCase('TEST-1');
    const dir = await copy();
    const bytes = await readFile(join(dir, 'custody', checkpoint(3)));
    const root = await readFile(good.case.paths.rootPem);
    await put(dir, checkpoint(3), bytes, other.signer);
    expect(failures(dir, { trust: root })).toEqual(['ledger.checkpoint']);
    const [anchor] = await outside(dir, checkpoint(LENGTH));
    const unsigned = [{ ...anchor!, signature: undefined }];
    expect(failures(await copy(), { anchors: unsigned })).toEqual(['ledger.anchor']);
    await rm(join(dir, 'custody', `${checkpoint(3)}.p7s`));
    expect(failures(dir)).toContain('ledger.files');
  });
});

test('a model of a ledger, its copies and its anchors agrees with verify in every history', async () => {
  /** One step: write an entry, sign a checkpoint, keep an anchor, set back, or go on differently from an older state. */
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('append' as const) },
    { weight: 1, arbitrary: fc.constant('checkpoint' as const) },
    { weight: 2, arbitrary: fc.constantFrom('head', 'pin', 'keep checkpoint', 'keep entry') },
    { weight: 2, arbitrary: fc.record({ back: fc.integer({ min: 1, max: 5 }) }) },
  );
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const dir = await copy((await testCase()).case.paths.dir);
      const opened = await openCase(dir);
      // The model: a ledger is the list of what was written; an anchor is a beginning of such a list.
      let entries: number[] = [0];
      const kept: { readonly trust: LedgerTrust; readonly entries: readonly number[] }[] = [];
      for (const one of steps) {
        if (one === 'append') {
          serial += 1;
          await note(opened, `entry ${String(serial)}`);
          entries = [...entries, serial];
        } else if (one === 'checkpoint') await custodyCheckpoint(opened, good.fx);
        else if (one === 'head')
          kept.push({ trust: { head: verifyLedger(dir).head ?? '' }, entries });
        else if (one === 'pin') kept.push({ trust: { pin: pinned(dir) }, entries });
        else if (one === 'keep checkpoint') {
          await custodyCheckpoint(opened, good.fx);
          kept.push({
            trust: { anchors: await outside(dir, checkpoint(entries.length)) },
            entries,
          });
        } else if (one === 'keep entry') {
          kept.push({ trust: { anchors: await outside(dir, file(entries.length)) }, entries });
        } else {
          entries = entries.slice(0, Math.max(1, entries.length - one.back));
          await cut(dir, entries.length);
        }
        expect(failures(dir)).toEqual([]);
        for (const { trust, entries: then } of kept) {
          const holds = then.every((id, index) => entries[index] === id);
          expect(failures(dir, trust).length === 0).toBe(holds);
        }
      }
    }),
    { numRuns: RUNS },
  );
}, 600_000);
