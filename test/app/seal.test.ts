/** `seal`: what it makes, what it refuses, and that it can be stopped anywhere and done again. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCase } from '#src/app/case.ts';
import { collectDir } from '#src/app/collect.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { readVolume } from '#src/archive/read.ts';
import { readLedger } from '#src/custody/read.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, runProcess } from '../helpers/exhibit.ts';
import {
  collectedCase,
  failures,
  folderOf,
  sealedCase,
  TREE,
  verifyCase,
} from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

const CHILD = join(import.meta.dirname, 'fixtures/seal-killed.ts');
const VOLUME = { volumeBytes: 110_000 };
const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);
const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;
const seal = (made: TestCase, options = VOLUME) =>
  sealEvidence(made.case, 'EV-0001', made.fx, options);

/** Every file of a volume as text. */
async function filesOf(path: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  await readVolume(path, async (entry) => {
    const pieces: Buffer[] = [];
    for await (const piece of entry.body) pieces.push(Buffer.from(piece));
    if (entry.type === 'file')
      files[entry.path.split('/').slice(1).join('/')] = Buffer.concat(pieces).toString();
  });
  return files;
}

/** A copy of a case's folder, opened. */
async function copyOf(made: TestCase): Promise<TestCase> {
  const dir = join(await tempDir(), 'case');
  cpSync(made.case.paths.dir, dir, { recursive: true });
  return { ...made, case: await openCase(dir) };
}

describe('a sealed case', () => {
  test('has volumes, seal, signature and entries, and no staging', async () => {
    const made = await collectedCase();
    const result = await seal(made);
    expect(readdirSync(at(made, 'evidence/EV-0001')).sort()).toEqual([
      'EV-0001.seal',
      'EV-0001.seal.p7s',
      'EV-0001.v001.tar',
      'EV-0001.v002.tar',
    ]);
    expect(readdirSync(at(made, 'staging'))).toEqual([]);
    expect(readLedger(made.case.paths.dir).map(({ entry }) => entry.event)).toEqual([
      'opened',
      'acquired',
      'sealed',
    ]);
    expect(result).toMatchObject({ evidence: 'EV-0001', files: 5, problems: 0, resumed: false });
    expect(failures(await verifyCase(made))).toEqual([]);
  });

  test('keeps each volume below its size, with the journal in the first', async () => {
    const made = await sealedCase();
    const volumes = ['EV-0001.v001.tar', 'EV-0001.v002.tar'].map((name) =>
      at(made, `evidence/EV-0001/${name}`),
    );
    for (const path of volumes) expect(readFileSync(path).length).toBeLessThanOrEqual(110_000);
    const [first, second] = await Promise.all(volumes.map(filesOf));
    expect(Object.keys(first ?? {})).toContain('acquisition/journal.jsonl');
    expect(Object.keys(second ?? {})).not.toContain('acquisition/journal.jsonl');
    const payload = [first, second].flatMap((files) =>
      Object.keys(files ?? {}).filter((path) => path.startsWith('data/')),
    );
    const [mapped, ...kept] = payload;
    expect(mapped).toMatch(/^data\/_mapped\/[0-9a-f]{32}\.txt$/);
    expect(kept).toEqual([
      'data/logs/AWSLogs/a.json',
      'data/logs/AWSLogs-b/c.json',
      'data/logs/b/big.json',
      'data/logs/empty',
    ]);
  });

  test('says where every file came from, the true name of a mapped one too', async () => {
    const made = await sealedCase();
    const files = await filesOf(at(made, 'evidence/EV-0001/EV-0001.v001.tar'));
    const lines = files['acquisition/objects.jsonl']?.trimEnd().split('\n') ?? [];
    const objects = lines.map(
      (line) => JSON.parse(line) as { path: string; original_path: string; sha256: string },
    );
    const odd = objects.find(({ original_path: path }) => path === 'naïve name.txt');
    expect(odd?.sha256).toBe(
      createHash('sha256')
        .update(TREE['logs/naïve name.txt'] ?? '')
        .digest('hex'),
    );
    expect(files[odd?.path ?? '']).toBe('mapped\n');
  });

  test('has the same payload set and manifests when sealed on another day, in volumes of another size', async () => {
    const made = await collectedCase();
    const later = await copyOf(made);
    const fx = fakeEffects({ now: () => Date.UTC(2027, 5, 6) });
    const first = await seal(made);
    const second = await sealEvidence(later.case, 'EV-0001', fx, VOLUME);
    const third = await copyOf(later);
    expect(second.seal.payloadSetSha256).toBe(first.seal.payloadSetSha256);
    expect(second.seal.sha256).not.toBe(first.seal.sha256);
    const manifests = await Promise.all(
      [made, third].map((one) => filesOf(at(one, 'evidence/EV-0001/EV-0001.v001.tar'))),
    );
    for (const path of [
      'manifest-sha256.txt',
      'manifest-sha512.txt',
      'acquisition/objects.jsonl',
    ]) {
      expect(manifests[1]?.[path], path).toBe(manifests[0]?.[path]);
    }
    const whole = await collectedCase();
    expect((await sealEvidence(whole.case, 'EV-0001', whole.fx)).seal.payloadSetSha256).toBe(
      first.seal.payloadSetSha256,
    );
  });
});

describe('refuses', () => {
  test('to seal twice', async () => {
    const made = await sealedCase();
    await expect(seal(made)).rejects.toThrow(code('E_SEALED'));
    expect((await exhibit(['seal', 'EV-0001'], { cwd: made.case.paths.dir })).status).toBe(4);
  });
  test('what was never collected', async () => {
    const made = await testCase();
    await expect(seal(made)).rejects.toThrow(code('E_NOT_FOUND'));
  });
  test('a collection that has not ended', async () => {
    const made = await collectedCase();
    const journal = at(made, 'staging/EV-0001/journal.jsonl');
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    writeFileSync(journal, `${lines.slice(0, -1).join('\n')}\n`);
    await expect(seal(made)).rejects.toThrow(code('E_UNFINISHED'));
  });
  test('a collection without a file', async () => {
    const made = await testCase();
    const source = join(await tempDir(), 'logs');
    mkdirSync(source);
    await collectDir(made.case, made.fx, {
      paths: [source],
      seal: false,
      onProgress: () => undefined,
    });
    await expect(seal(made)).rejects.toThrow(code('E_NOT_FOUND'));
  });
  test('a collection of another evidence item', async () => {
    const made = await collectedCase();
    renameSync(at(made, 'staging/EV-0001'), at(made, 'staging/EV-0002'));
    await expect(sealEvidence(made.case, 'EV-0002', made.fx)).rejects.toThrow(code('E_FORMAT'));
  });
  test.each([
    ['of other bytes', (bytes: Buffer) => Buffer.alloc(bytes.length, 'x')],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['shorter', (bytes: Buffer) => bytes.subarray(1)],
  ])('a staged file that is %s than collected, and leaves no seal', async (_, change) => {
    const made = await collectedCase();
    const sha256 = createHash('sha256')
      .update(TREE['logs/b/big.json'] ?? '')
      .digest('hex');
    const object = at(made, `staging/EV-0001/objects/${sha256}`);
    const good = readFileSync(object);
    writeFileSync(object, change(good));
    await expect(seal(made)).rejects.toThrow(code('E_TAMPERED'));
    expect(existsSync(at(made, 'evidence/EV-0001/EV-0001.seal'))).toBe(false);
    writeFileSync(object, good);
    await seal(made);
    expect(failures(await verifyCase(made))).toEqual([]);
  });
  test('a folder that holds what it did not put there', async () => {
    const made = await collectedCase();
    mkdirSync(at(made, 'evidence/EV-0001'), { recursive: true });
    writeFileSync(at(made, 'evidence/EV-0001/precious.txt'), 'x');
    await expect(seal(made)).rejects.toThrow(code('E_EXISTS'));
    expect(readFileSync(at(made, 'evidence/EV-0001/precious.txt'), 'utf8')).toBe('x');
  });
  test('to seal again what the ledger says was sealed and is gone', async () => {
    const made = await collectedCase();
    const copy = await copyOf(made);
    await seal(made);
    rmSync(at(made, 'evidence/EV-0001'), { recursive: true });
    cpSync(at(copy, 'staging/EV-0001'), at(made, 'staging/EV-0001'), { recursive: true });
    await expect(seal(made)).rejects.toThrow(code('E_TAMPERED'));
  });
  test('volumes too small to hold anything, and sizes that are none', async () => {
    const made = await collectedCase();
    await expect(seal(made, { volumeBytes: 1000 })).rejects.toThrow(code('E_USAGE'));
    const cwd = made.case.paths.dir;
    expect((await exhibit(['seal', 'EV-0001', '--volume-size', 'big'], { cwd })).status).toBe(2);
    const { status, json } = await exhibitJson(['seal', 'EV-0001', '--volume-size', '110kB'], {
      cwd,
    });
    expect(status).toBe(0);
    expect(json).toMatchObject({
      evidence: 'EV-0001',
      files: 5,
      not_collected: 0,
      volumes: [{}, {}],
    });
  });
});

describe('stopped', () => {
  test('at any change of the disk, it is done again and comes to the same end', async () => {
    const original = await collectedCase();
    const { payloadSetSha256 } = (await seal(await copyOf(original))).seal;
    for (let killAt = 1; ; killAt += 1) {
      const made = await copyOf(original);
      const { status, signal, stderr } = await runProcess(process.execPath, [
        CHILD,
        made.case.paths.dir,
        String(killAt),
      ]);
      if (signal === null) {
        expect(stderr).toBe('');
        expect(status).toBe(0);
        expect(killAt).toBeGreaterThan(20);
        return;
      }
      const again = await seal(made).catch((error: unknown) => error as Error);
      if (again instanceof Error) expect(again).toEqual(code('E_SEALED'));
      else expect(again.seal.payloadSetSha256).toBe(payloadSetSha256);
      expect(
        readLedger(made.case.paths.dir).map(({ entry }) => entry.event),
        `killed at ${String(killAt)}`,
      ).toEqual(['opened', 'acquired', 'sealed']);
      expect(failures(await verifyCase(made)), `killed at ${String(killAt)}`).toEqual([]);
      const left = readdirSync(at(made, 'staging')).filter((name) => name.startsWith('EV-'));
      expect(left, `killed at ${String(killAt)}`).toEqual([]);
    }
  });

  test('by Ctrl-C, nothing is sealed', async () => {
    const made = await collectedCase();
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(
      sealEvidence(made.case, 'EV-0001', { ...made.fx, signal: stop.signal }),
    ).rejects.toThrow('stopped');
    expect(existsSync(at(made, 'evidence/EV-0001/EV-0001.seal'))).toBe(false);
    await seal(made);
  });

  test('before the ledger knew, a seal of someone else is not taken up', async () => {
    const made = await collectedCase();
    const copy = await copyOf(made);
    await seal(copy);
    cpSync(at(copy, 'evidence/EV-0001'), at(made, 'evidence/EV-0001'), { recursive: true });
    const path = at(made, 'evidence/EV-0001/EV-0001.v002.tar');
    writeFileSync(path, readFileSync(path).fill('x', 20_000, 20_001));
    await expect(seal(made)).rejects.toThrow(code('E_TAMPERED'));
  });
});

test('evidence of several folders and S3 keys lies under their names', async () => {
  const made = await testCase();
  const one = await folderOf({
    'trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0000Z_abcdefghijklmnop.json.gz':
      'x',
  });
  const two = await folderOf({ 'notes/a.txt': 'y' });
  await collectDir(made.case, made.fx, {
    paths: [one, join(two, 'notes')],
    seal: false,
    onProgress: () => undefined,
  });
  await seal(made);
  const files = await filesOf(at(made, 'evidence/EV-0001/EV-0001.v001.tar'));
  const payload = Object.keys(files).filter((path) => path.startsWith('data/'));
  expect(payload).toEqual([
    'data/notes/a.txt',
    'data/trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T0000Z_abcdefghijklmnop.json.gz',
  ]);
});
