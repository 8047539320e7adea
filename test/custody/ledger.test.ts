/** The ledger: what it accepts, and that every change to it is seen. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCase, openSigner } from '#src/app/case.ts';
import { appendEntry } from '#src/app/ledger.ts';
import { canonicalLine } from '#src/core/canonical.ts';
import { sha256Hex } from '#src/core/digest.ts';
import { readLedger } from '#src/custody/read.ts';
import { verifyLedger, type LedgerTrust } from '#src/custody/verify.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const LENGTH = 6;

/** A case with {@link LENGTH} entries; tests copy it. */
let good: TestCase;
let heads: string[];

beforeAll(async () => {
  good = await testCase();
  for (let seq = 2; seq <= LENGTH; seq++) {
    await appendEntry(good.case, good.signer, good.fx, {
      event: 'note',
      reason: `note ${String(seq)} <\u00e9>`,
    });
  }
  heads = readLedger(good.case.paths.dir).map(({ hash }) => hash);
});

/** A copy of the good case, and its ledger's folder. */
async function copy(): Promise<{ readonly dir: string; readonly custody: string }> {
  const dir = join(await tempDir(), 'moved case');
  await cp(good.case.paths.dir, dir, { recursive: true });
  return { dir, custody: join(dir, 'custody') };
}

/** Ids of the checks that failed, each once, in order. */
function failures(dir: string, trust: LedgerTrust = {}): string[] {
  const failed = verifyLedger(dir, trust).checks.filter(({ status }) => status === 'fail');
  return [...new Set(failed.map(({ id }) => id))];
}

const file = (seq: number): string => `${String(seq).padStart(8, '0')}.json`;

describe('a good ledger', () => {
  test('passes, and says what it could not check', async () => {
    const { dir } = await copy();
    const report = verifyLedger(dir);
    expect(report.checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'trust.root pass',
      'trust.anchor not_checked',
      'ledger.files pass',
      'ledger.form pass',
      'ledger.chain pass',
      'ledger.signature pass',
      'ledger.signer pass',
      'ledger.case_files pass',
      'ledger.time not_checked',
      'ledger.head not_checked',
    ]);
    expect(report.head).toBe(heads.at(-1));
    expect(report.entries).toHaveLength(LENGTH);
  });

  test('passes with the anchors that were kept elsewhere', async () => {
    const { dir } = await copy();
    const trust = await readFile(good.case.paths.rootPem);
    const report = verifyLedger(dir, { trust, head: heads.at(-1)! });
    const open = report.checks.filter(({ status }) => status !== 'pass').map(({ id }) => id);
    expect(open).toEqual(['ledger.time']);
  });

  test('takes a head as typed from paper, and one that is not the last', async () => {
    const { dir } = await copy();
    const typed = (heads[2]!.toUpperCase().match(/.{1,8}/g) ?? []).join(' ');
    const head = verifyLedger(dir, { head: typed }).checks.find(({ id }) => id === 'ledger.head');
    expect(head).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('3 later') as string,
    });
    for (const bad of ['', 'abc', 'g'.repeat(64)]) {
      expect(() => verifyLedger(dir, { head: bad })).toThrow(
        expect.objectContaining({ code: 'E_USAGE' }) as Error,
      );
    }
  });

  test('goes on in a folder that was moved', async () => {
    const { dir } = await copy();
    const moved = await openCase(dir);
    const { seq } = await appendEntry(moved, await openSigner(moved, good.fx), good.fx, {
      event: 'received',
    });
    expect(seq).toBe(LENGTH + 1);
    expect(failures(dir)).toEqual([]);
    expect(await text(dir)).not.toContain(good.case.paths.dir);
  });

  test.skipIf(!hasTool('openssl'))(
    needs(
      'passes the shell loop as docs/custody.md prints it, and fails it when changed',
      'openssl',
    ),
    async () => {
      const { dir, custody } = await copy();
      const page = await readFile(new URL('../../docs/custody.md', import.meta.url), 'utf8');
      // The test certificates begin in 2026 and end in 2036; the loop itself goes by today's clock.
      const loop = /```console\n(prev=[^]*?)```/.exec(page)?.[1] ?? '';
      const run = async (): Promise<string> => {
        const shell = promisify(execFile)('sh', ['-c', loop], { cwd: dir });
        return (await shell.catch((error: unknown) => error as { stdout: string })).stdout;
      };
      expect(await run()).toBe(`OK ${String(LENGTH)} ${heads.at(-1)!}\n`);
      await rename(join(custody, file(3)), join(custody, 'away'));
      expect(await run()).toContain('GAP');
      await rename(join(custody, 'away'), join(custody, file(3)));
      await edit(custody, 3, (line) => line.replace('note 3', 'note 4'));
      expect(await run()).toContain(`BADSIG custody/${file(3)}`);
      await swap(custody, 3, 4);
      expect(await run()).toContain(`BROKEN custody/${file(3)}`);
    },
  );
});

describe('what must be seen', () => {
  test('a cut end: with a head it fails for every length, without one it is said', async () => {
    for (let keep = LENGTH - 1; keep >= 1; keep--) {
      const { dir, custody } = await copy();
      for (let seq = keep + 1; seq <= LENGTH; seq++) await remove(custody, seq);
      expect(failures(dir)).toEqual([]);
      const silent = verifyLedger(dir).checks.find(({ id }) => id === 'ledger.head');
      expect(silent?.status).toBe('not_checked');
      expect(silent?.detail).toContain('no external anchor');
      expect(failures(dir, { head: heads.at(-1)! })).toEqual(['ledger.head']);
    }
  });

  test('every order of the entries but the right one', async () => {
    const { dir, custody } = await copy();
    const right = Array.from({ length: LENGTH }, (_, index) => index + 1);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(right, { minLength: LENGTH }), async (order) => {
        fc.pre(order.some((seq, index) => seq !== index + 1));
        for (const [index, seq] of order.entries()) {
          for (const end of ['', '.p7s']) {
            const from = join(good.case.paths.custody, file(seq) + end);
            await cp(from, join(custody, file(index + 1) + end));
          }
        }
        expect(failures(dir)).toContain('ledger.chain');
      }),
      { numRuns: 40 },
    );
  });

  test('any edit of any entry or signature', async () => {
    const { dir, custody } = await copy();
    const names = (await readdir(custody)).sort();
    const place = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(),
      cut: fc.nat(3),
      put: fc.uint8Array({ maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(place, async ({ name, at, cut, put }) => {
        const path = join(custody, name);
        const bytes = await readFile(path);
        const start = at % bytes.length;
        const edited = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + cut)]);
        fc.pre(!edited.equals(bytes));
        await writeFile(path, edited);
        expect(failures(dir)).not.toEqual([]);
        await writeFile(path, bytes);
      }),
      { numRuns: 300 },
    );
  });

  test('any single bit of the whole ledger (all of them with EXHIBIT_FULL_SWEEP=1)', async () => {
    const { dir, custody } = await copy();
    // Two entries hold every kind of byte; a short ledger keeps the full sweep short.
    for (let seq = 3; seq <= LENGTH; seq++) await remove(custody, seq);
    const bits: { name: string; bit: number }[] = [];
    for (const name of (await readdir(custody)).sort()) {
      const { length } = await readFile(join(custody, name));
      for (let bit = 0; bit < length * 8; bit++) bits.push({ name, bit });
    }
    const every = process.env['EXHIBIT_FULL_SWEEP'] === '1';
    const chosen = every ? bits : fc.sample(fc.constantFrom(...bits), { numRuns: 400, seed: 7 });
    const accepted: string[] = [];
    for (const { name, bit } of chosen) {
      const path = join(custody, name);
      const bytes = await readFile(path);
      const mutant = Buffer.from(bytes);
      mutant[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, mutant);
      if (failures(dir).length === 0) accepted.push(`${name} bit ${String(bit)}`);
      await writeFile(path, bytes);
    }
    expect(accepted).toEqual([]);
  }, 1_200_000);

  test.for<[string, (custody: string) => Promise<unknown>, string[]]>([
    ['a missing entry', (folder) => rm(join(folder, file(3))), ['ledger.files']],
    [
      'a missing signature',
      (folder) => rm(join(folder, `${file(3)}.p7s`)),
      ['ledger.files', 'ledger.signature'],
    ],
    ['a stranger', (folder) => writeFile(join(folder, 'readme'), ''), ['ledger.files']],
    ['a hidden stranger', (folder) => writeFile(join(folder, '.x'), ''), ['ledger.files']],
    [
      'a name far beyond the end',
      (folder) => writeFile(join(folder, '99999999.json'), ''),
      ['ledger.files'],
    ],
    ['entry 0', (folder) => writeFile(join(folder, file(0)), ''), ['ledger.files']],
    ['a folder as an entry', (folder) => mkdir(join(folder, file(LENGTH + 1))), ['ledger.files']],
    [
      'a link as an entry',
      (folder) => symlink(file(1), join(folder, file(LENGTH + 1))),
      ['ledger.files'],
    ],
    ['a signature without its entry', (folder) => rm(join(folder, file(LENGTH))), ['ledger.files']],
    [
      'no entry at all',
      (folder) => rm(folder, { recursive: true }),
      ['ledger.files', 'ledger.case_files'],
    ],
    [
      'an entry of 5 MB',
      (folder) => writeFile(join(folder, file(2)), Buffer.alloc(5_000_000, 0x20)),
      ['ledger.form', 'ledger.chain', 'ledger.signature'],
    ],
    [
      'blanks in an entry',
      (folder) => edit(folder, 6, (line) => line.replace(':', ': ')),
      ['ledger.form', 'ledger.signature'],
    ],
    [
      'a key given twice',
      (folder) => edit(folder, 6, (line) => line.replace('{', '{"a":1,"a":1,')),
      ['ledger.form', 'ledger.signature'],
    ],
    [
      'signatures exchanged',
      (folder) => swapFiles(folder, `${file(3)}.p7s`, `${file(4)}.p7s`),
      ['ledger.signature'],
    ],
  ])('%s', async ([, harm, expectedFailures]) => {
    const { dir, custody } = await copy();
    await harm(custody);
    expect(failures(dir)).toEqual(expectedFailures);
  });

  test.for(['case.json', 'TRUST.txt', 'VERIFY.txt', 'pki/root.pem', 'pki/chain.pem'])(
    'a change of %s',
    async (name) => {
      const { dir } = await copy();
      const path = join(dir, name);
      await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('\n')]));
      expect(failures(dir)).toEqual(['ledger.case_files']);
      await rm(path);
      expect(failures(dir)).toContain('ledger.case_files');
    },
  );

  test('a whole case under a root of somebody else, once the true root is given', async () => {
    const forged = await otherCase('TEST-1');
    const trust = await readFile(good.case.paths.rootPem);
    expect(failures(forged.case.paths.dir)).toEqual([]);
    expect(failures(forged.case.paths.dir, { trust })).toEqual(['trust.anchor', 'ledger.signer']);
  });

  test('a signature that its own key made for something else: no entry of another type or case', async () => {
    const { dir, custody } = await copy();
    const { signer } = good;
    const line = await readFile(join(custody, file(LENGTH)), 'utf8');
    const put = async (changed: object): Promise<void> => {
      const bytes = canonicalLine({ ...(JSON.parse(line) as object), ...changed });
      await writeFile(join(custody, file(LENGTH)), bytes);
      const at = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;
      await writeFile(join(custody, `${file(LENGTH)}.p7s`), signer.sign(bytes, at));
    };
    await put({});
    expect(failures(dir)).toEqual([]);
    await put({ type: 'query-run/1' });
    expect(failures(dir)).toEqual(['ledger.form']);
    await put({ case: 'TEST-2' });
    expect(failures(dir)).toEqual(['ledger.chain']);
    await put({ seq: LENGTH - 1 });
    expect(failures(dir)).toEqual(['ledger.chain']);
    await put({ at: '2026-01-02T03:04:06Z' });
    expect(failures(dir)).toEqual(['ledger.signature']);
    await put({ actor: { name: 'Ada Test', role: 'examiner', cert: 'a'.repeat(64) } });
    expect(failures(dir)).toEqual(['ledger.signature']);
    await put({ event: 'seen', evidence: [{ id: 7 }] });
    expect(failures(dir)).toEqual(['ledger.form']);
  });

  test('an entry signed when the certificate was not yet, or no longer, valid', async () => {
    for (const year of [2025, 2037]) {
      const { dir } = await copy();
      const opened = await openCase(dir);
      const fx = { ...good.fx, now: () => Date.UTC(year, 5, 1) };
      await appendEntry(opened, await openSigner(opened, fx), fx, { event: 'note' });
      expect(failures(dir)).toEqual(['ledger.signer']);
      const time = verifyLedger(dir).checks.find(({ id }) => id === 'ledger.time');
      expect(time?.detail.includes('earlier')).toBe(year === 2025);
    }
  });
});

async function text(dir: string): Promise<string> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const bytes = files
    .filter((one) => one.isFile())
    .map((one) => readFile(join(one.parentPath, one.name), 'latin1'));
  return (await Promise.all(bytes)).join('');
}

async function edit(custody: string, seq: number, change: (line: string) => string): Promise<void> {
  const path = join(custody, file(seq));
  const before = await readFile(path, 'utf8');
  const after = change(before);
  expect(sha256Hex(after)).not.toBe(sha256Hex(before));
  await writeFile(path, after);
}

async function remove(custody: string, seq: number): Promise<void> {
  await rm(join(custody, file(seq)));
  await rm(join(custody, `${file(seq)}.p7s`));
}

async function swap(custody: string, a: number, b: number): Promise<void> {
  await swapFiles(custody, file(a), file(b));
  await swapFiles(custody, `${file(a)}.p7s`, `${file(b)}.p7s`);
}

async function swapFiles(folder: string, a: string, b: string): Promise<void> {
  await rename(join(folder, a), join(folder, 'swap'));
  await rename(join(folder, b), join(folder, a));
  await rename(join(folder, 'swap'), join(folder, b));
}
