/** Proofs: of one entry, one record, and that the ledger only grew; mutants of them; and the same by shell. */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkProof } from '#src/app/check-proof.ts';
import { openCase, type Case } from '#src/app/case.ts';
import { custodyAdd, custodyCheckpoint } from '#src/app/custody.ts';
import { prove, signRecords } from '#src/app/custody-proof.ts';
import { importEvidence } from '#src/app/import.ts';
import { collectDir } from '#src/app/collect.ts';
import { initCase } from '#src/app/init.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { parseCheckpoint, renderCheckpoint } from '#src/custody/checkpoint.ts';
import { parseEntry } from '#src/custody/entry.ts';
import { parseProof, renderProof } from '#src/custody/proof.ts';
import { rootWords, shortHex, wordsToHex } from '#src/custody/paper.ts';
import { blocks, readDoc } from '../docs/markdown.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { folderOf } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const RUNS = fuzzRuns(1000);
const fx = fakeEffects();
let one: Case;
/** Folders of proofs: of an entry, of growth, of a record. */
let proofs: { readonly entry: string; readonly growth: string; readonly record: string };

const event = (n: number): string =>
  JSON.stringify({
    eventVersion: '1.08',
    eventTime: `2026-01-01T00:00:0${String(n)}Z`,
    eventSource: 's3.amazonaws.com',
    eventName: 'GetObject',
    awsRegion: 'eu-north-1',
    eventID: `00000000-0000-4000-8000-00000000000${String(n)}`,
    recipientAccountId: '111122223333',
    userIdentity: { type: 'Root' },
  });

beforeAll(async () => {
  const dir = join(await tempDir(), 'case');
  await initCase({ dir, caseId: 'PROOF-1', examiner: 'Ada', unprotectedKey: true }, fx);
  one = await openCase(dir);
  const records = Array.from({ length: 7 }, (_, n) => event(n)).join(',');
  const source = await folderOf({ 'logs/a.json': `{"Records":[${records}]}` });
  const { evidence } = await collectDir(one, fx, { paths: [source], onProgress: () => undefined });
  await sealEvidence(one, evidence, fx);
  await custodyCheckpoint(one, fx);
  await importEvidence(one, fx, { workers: 1 });
  await signRecords(one, fx);
  await custodyCheckpoint(one, fx);
  await custodyAdd(one, fx, { event: 'note', reason: 'privileged' });
  await custodyCheckpoint(one, fx);
  const out = await tempDir();
  proofs = { entry: join(out, 'entry'), growth: join(out, 'growth'), record: join(out, 'record') };
  prove(one, fx, { entry: 2, out: proofs.entry });
  prove(one, fx, { from: 3, out: proofs.growth });
  prove(one, fx, { record: `cloudtrail:${String(2 ** 28 + 4)}`, out: proofs.record });
});

const trust = (): { readonly trust: string } => ({ trust: one.paths.rootPem });

async function failed(dir: string): Promise<string[]> {
  const { checks } = await checkProof(dir, fx, trust());
  return [...new Set(checks.filter(({ status }) => status !== 'pass').map(({ id }) => id))];
}

describe('a proof', () => {
  test('holds, alone, by the root that the verifier brings', async () => {
    for (const dir of Object.values(proofs)) expect(await failed(dir)).toEqual([]);
    expect((await readdir(proofs.record)).sort()).toEqual([
      'checkpoint.txt',
      'checkpoint.txt.p7s',
      'entry.json',
      'entry.json.p7s',
      'proof.txt',
      'record-proof.txt',
      'record.txt',
    ]);
    const record = await readFile(join(proofs.record, 'record.txt'), 'utf8');
    expect(record).toBe(`EV-0001 data/${record.slice(13).split(' ')[0]!} 4\n${event(3)}`);
    const all = await Promise.all(
      (await readdir(proofs.record)).map((name) => readFile(join(proofs.record, name), 'latin1')),
    );
    expect(all.join('')).not.toContain('000000000005');
    expect(all.join('')).not.toContain('privileged');
  });

  test('says that nobody vouches for the signer when no root was brought', async () => {
    const { ok, checks } = await checkProof(proofs.entry, fx, {});
    expect(ok).toBe(true);
    expect(checks.filter(({ status }) => status === 'not_checked').map(({ id }) => id)).toEqual([
      'proof.signer',
      'proof.signer',
    ]);
    await expect(checkProof(proofs.entry, fx, { trust: one.paths.caseJson })).rejects.toMatchObject(
      {
        code: 'E_FORMAT',
      },
    );
  });

  test('does not hold when any file of it is missing, or another of its kind', async () => {
    for (const [kind, dir] of Object.entries(proofs)) {
      for (const name of await readdir(dir)) {
        const copy = join(await tempDir(), 'copy');
        await cp(dir, copy, { recursive: true });
        await rm(join(copy, name));
        expect(await failed(copy), `${kind} without ${name}`).not.toEqual([]);
      }
    }
    const mixed = join(await tempDir(), 'mixed');
    await cp(proofs.entry, mixed, { recursive: true });
    await cp(join(proofs.growth, 'proof.txt'), join(mixed, 'proof.txt'));
    expect(await failed(mixed)).not.toEqual([]);
    await cp(join(proofs.record, 'record-proof.txt'), join(mixed, 'proof.txt'));
    expect(await failed(mixed)).toEqual(['proof.form']);
    await cp(join(proofs.record, 'proof.txt'), join(mixed, 'proof.txt'));
    expect(await failed(mixed)).not.toEqual([]);
  });

  test('does not hold with a file, a link or a folder in it that nobody checked', async () => {
    const add: Readonly<Record<string, (copy: string) => Promise<unknown>>> = {
      'a stranger': (copy) => writeFile(join(copy, 'statement.txt'), 'it was Bob'),
      'a record that is a link': (copy) => symlink('entry.json', join(copy, 'record.txt')),
      'a folder': (copy) => mkdir(join(copy, 'more')),
    };
    for (const [what, change] of Object.entries(add)) {
      const copy = join(await tempDir(), 'copy');
      await cp(proofs.entry, copy, { recursive: true });
      await change(copy);
      expect(await failed(copy), what).toEqual(['proof.files']);
    }
  });

  test('does not hold after any single bit of it was flipped', async () => {
    for (const [kind, dir] of Object.entries(proofs)) {
      const bits: { name: string; bit: number }[] = [];
      for (const name of (await readdir(dir)).sort()) {
        const { length } = await readFile(join(dir, name));
        for (let bit = 0; bit < length * 8; bit++) bits.push({ name, bit });
      }
      for (const { name, bit } of fc.sample(fc.constantFrom(...bits), { numRuns: 150, seed: 11 })) {
        const path = join(dir, name);
        const bytes = await readFile(path);
        const mutant = Buffer.from(bytes);
        mutant[bit >> 3]! ^= 1 << (bit & 7);
        await writeFile(path, mutant);
        expect(await failed(dir), `${kind} ${name} bit ${String(bit)}`).not.toEqual([]);
        await writeFile(path, bytes);
      }
    }
  });

  test('of the wrong size or number is refused, though its hashes are right', async () => {
    const path = join(proofs.entry, 'proof.txt');
    const good = await readFile(path, 'utf8');
    for (const [from, to] of [
      ['inclusion 2 6', 'inclusion 2 7'],
      ['inclusion 2 6', 'inclusion 1 6'],
      ['inclusion 2 6', 'inclusion 3 6'],
      ['inclusion 2 6', 'inclusion 2 12'],
      ['inclusion 2 6', 'inclusion 0 6'],
      ['inclusion 2 6', 'inclusion 02 6'],
      ['L ', 'R '],
      ['PROOF-1', 'PROOF-2'],
      ['custody-proof/1', 'custody-checkpoint/1'],
    ] as const) {
      expect(good).toContain(from);
      await writeFile(path, good.replace(from, to));
      expect(await failed(proofs.entry), to).not.toEqual([]);
    }
    await writeFile(path, good);
  });

  test('is asked for by one thing that is there, into a new folder', async () => {
    const out = join(await tempDir(), 'out');
    const code = (asked: object): unknown => {
      try {
        return prove(one, fx, { out, ...asked });
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code({})).toBe('E_USAGE');
    expect(code({ entry: 1, from: 3 })).toBe('E_USAGE');
    expect(code({ entry: 9 })).toBe('E_NOT_FOUND');
    expect(code({ entry: 6, size: 3 })).toBe('E_NOT_FOUND');
    expect(code({ from: 2 })).toBe('E_NOT_FOUND');
    expect(code({ record: 'cloudtrail:1' })).toBe('E_NOT_FOUND');
    expect(code({ entry: 1, out: proofs.entry })).toBe('E_EXISTS');
  });
});

describe.skipIf(!['bash', 'openssl', 'sha256sum', 'xxd'].every(hasTool))(
  needs('by shell, as docs/custody.md prints it', 'bash', 'openssl', 'sha256sum', 'xxd'),
  () => {
    const commands = (heading: string): string => {
      const page = readDoc('docs/custody.md');
      expect(page).toContain(heading);
      return blocks(page.slice(page.indexOf(heading)))[0]?.text ?? '';
    };
    const run = async (heading: string, dir: string): Promise<string> => {
      await cp(one.paths.rootPem, join(dir, 'root.pem'));
      const { stdout } = await runProcess('bash', ['-c', commands(heading)], { cwd: dir });
      await rm(join(dir, 'root.pem'));
      return stdout.trim();
    };
    const mutated = async (dir: string, name: string): Promise<string> => {
      const copy = join(await tempDir(), 'copy');
      await cp(dir, copy, { recursive: true });
      const text = await readFile(join(copy, name), 'latin1');
      await writeFile(
        join(copy, name),
        text.replace(/[0-9a-f](?=[0-9a-f]{8}\n)/, (digit) => (digit === '0' ? '1' : '0')),
        'latin1',
      );
      return copy;
    };

    test('one entry', async () => {
      expect(await run('### One entry by shell', proofs.entry)).toMatch(/OK$/);
      expect(
        await run('### One entry by shell', await mutated(proofs.entry, 'proof.txt')),
      ).not.toMatch(/OK$/);
    });

    test('one record', async () => {
      expect(await run('### One record by shell', proofs.record)).toMatch(/OK$/);
      expect(
        await run('### One record by shell', await mutated(proofs.record, 'record-proof.txt')),
      ).not.toMatch(/OK$/);
    });

    test('that a ledger only grew', async () => {
      expect(await run('### Growth by shell', proofs.growth)).toMatch(/OK$/);
      expect(
        await run('### Growth by shell', await mutated(proofs.growth, 'proof.txt')),
      ).not.toMatch(/OK$/);
    });
  },
);

describe('readers of hostile bytes', () => {
  const near = (good: () => Buffer): fc.Arbitrary<Buffer> =>
    fc
      .record({ at: fc.nat(), cut: fc.nat({ max: 12 }), put: fc.uint8Array({ maxLength: 12 }) })
      .map(({ at, cut, put }) => {
        const bytes = good();
        const start = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + cut)]);
      });
  const any = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));

  test('take a checkpoint or proof in one form only', () => {
    const root = Buffer.alloc(32, 7);
    const point = renderCheckpoint({ caseId: 'A-1', size: 12, root });
    const proof = renderProof({
      kind: 'inclusion',
      caseId: 'A-1',
      number: 3,
      size: 5,
      hashes: [root, root, root],
    });
    fc.assert(
      fc.property(
        fc.oneof(
          near(() => point),
          near(() => proof),
          any,
        ),
        (bytes) => {
          const checkpoint = parseCheckpoint(bytes);
          if (checkpoint !== undefined) expect(renderCheckpoint(checkpoint)).toEqual(bytes);
          const parsed = parseProof(bytes);
          if (parsed !== undefined) expect(renderProof(parsed)).toEqual(bytes);
        },
      ),
      { numRuns: RUNS },
    );
    expect(parseCheckpoint(point)).toEqual({ caseId: 'A-1', size: 12, root });
    expect(parseProof(proof)?.hashes).toHaveLength(3);
  });

  test('take an entry in one form only, and end on everything', async () => {
    const good = await readFile(join(one.paths.custody, '00000004.json'));
    fc.assert(
      fc.property(
        fc.oneof(
          near(() => good),
          any,
        ),
        (bytes) => {
          const parsed = parseEntry(bytes);
          expect(parsed.ok || parsed.problems.length > 0).toBe(true);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('take every file of a proof, whatever it holds, for an answer', async () => {
    const names = [
      'proof.txt',
      'checkpoint.txt',
      'checkpoint.txt.p7s',
      'entry.json',
      'entry.json.p7s',
    ];
    const copy = join(await tempDir(), 'copy');
    await cp(proofs.entry, copy, { recursive: true });
    const good = new Map(
      await Promise.all(
        names.map(async (name) => [name, await readFile(join(copy, name))] as const),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), any, async (name, at, junk) => {
        const bytes = good.get(name) ?? Buffer.alloc(0);
        const start = at % (bytes.length + 1);
        const mutant = Buffer.concat([bytes.subarray(0, start), junk]);
        fc.pre(!mutant.equals(bytes));
        await writeFile(join(copy, name), mutant);
        expect(await failed(copy)).not.toEqual([]);
        await writeFile(join(copy, name), bytes);
      }),
      { numRuns: Math.min(RUNS, 20_000) / 5 },
    );
  });
});

test('a root on paper: digits and words of any typing, and no other words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const root = Buffer.from(bytes);
      const words = rootWords(root);
      expect(words).toMatch(/^([a-z]{5} ){11}[a-z]{5}$/);
      expect(wordsToHex(words)).toBe(root.toString('hex').slice(0, 48));
      expect(wordsToHex(words.toUpperCase().replaceAll(' ', '-'))).toBe(wordsToHex(words));
      expect(shortHex(root).replaceAll(' ', '')).toBe(root.toString('hex').slice(0, 32));
      expect(wordsToHex(words.slice(1))).toBeUndefined();
      expect(wordsToHex(words.replace(/^./, 'x'))).toBeUndefined();
    }),
    { numRuns: 100 },
  );
  // Proquints of the article: 127.0.0.1 is lusab-babad.
  expect(rootWords(Buffer.concat([Buffer.from([127, 0, 0, 1]), Buffer.alloc(28)]))).toMatch(
    /^lusab babad( babab){10}$/,
  );
});
