/** `exhibit collect dir` as a process: what it prints, how it ends, and that killing it loses nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeTree } from '../collect/world.ts';
import { BIN, exhibit, exhibitJson, PASSPHRASE } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

interface World {
  readonly dir: string;
  readonly root: string;
  readonly caseDir: string;
}

async function world(): Promise<World> {
  const dir = await tempDir();
  const root = await makeTree(dir);
  const caseDir = join(dir, 'case');
  const made = await exhibit(['init', caseDir, '--case-id', 'C-1', '--examiner', 'Ada Example']);
  expect(made.status, made.stderr).toBe(0);
  return { dir, root, caseDir };
}

interface Collected {
  readonly evidence: string;
  readonly resumed: boolean;
  readonly stored: number;
  readonly sealed: { readonly payload_set_sha256: string } | null;
}

async function collectJson({ root, caseDir }: World, ...flags: string[]): Promise<Collected> {
  const args = ['collect', 'dir', root, '--case', caseDir, ...flags];
  const { status, json } = await exhibitJson(args);
  expect(status, JSON.stringify(json)).toBe(0);
  return json as Collected;
}

/** Starts the command and ends it with a signal as soon as `when` says so, or lets it end by itself. */
async function interrupt(
  { root, caseDir }: World,
  signal: NodeJS.Signals,
  when: () => Promise<boolean>,
): Promise<{
  readonly status: number | null;
  readonly signal: string | null;
  readonly err: string;
}> {
  const child = spawn(process.execPath, [BIN, 'collect', 'dir', root, '--case', caseDir], {
    env: { ...process.env, EXHIBIT_PASSPHRASE: PASSPHRASE },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (piece: Buffer) => {
    err += piece.toString();
  });
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (status, by) => {
      resolve([status, by]);
    });
  });
  while (child.exitCode === null && !(await when())) await setTimeout(5);
  child.kill(signal);
  const [status, by] = await ended;
  return { status, signal: by, err };
}

test('collects, seals, and says what it could not copy', async () => {
  const { root, caseDir } = await world();
  const { status, stdout, stderr } = await exhibit(['collect', 'dir', root, '--case', caseDir]);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('EV-0001: 10 files');
  expect(stdout).toContain('skipped (symlink): link: points to a/one.json');
  expect(stderr).toContain('copied 10 files');
  const verified = await exhibitJson(['verify', '--case', caseDir]);
  expect(verified.json).toMatchObject({ ok: true });
});

test('--quiet says nothing, --json says one document', async () => {
  const { root, caseDir } = await world();
  const args = ['collect', 'dir', root, '--case', caseDir, '--quiet', '--json', '--no-seal'];
  const { status, stdout, stderr } = await exhibit(args);
  expect(status).toBe(0);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    evidence: 'EV-0001',
    resumed: false,
    stored: 10,
    skipped: 1,
    problems: [{ original_path: 'link', reason: 'symlink' }],
    sealed: null,
  });
});

test('a wrong passphrase shows before anything is copied', async () => {
  const { root, caseDir } = await world();
  const result = await exhibit(['collect', 'dir', root, '--case', caseDir], {
    env: { EXHIBIT_PASSPHRASE: 'wrong' },
  });
  expect(result.status).toBe(2);
  expect(await list(join(caseDir, 'staging'))).toEqual([]);
});

test('kill -9 at any time, then the same command: the same payload, one evidence item', async () => {
  const undisturbed = await collectJson(await world());
  const payloadSet = undisturbed.sealed?.payload_set_sha256;
  expect(payloadSet).toMatch(/^[0-9a-f]{64}$/);
  // Delays spread over the whole life of the process on most machines; what each of them hits does not matter.
  for (let delay = 100; delay <= 700; delay += 100) {
    const place = await world();
    await interrupt(place, 'SIGKILL', () => setTimeout(delay, true));
    const sealedBefore = (await list(join(place.caseDir, 'evidence', 'EV-0001'))).includes(
      'EV-0001.seal',
    );
    const stagedBefore = (await list(join(place.caseDir, 'staging'))).includes('EV-0001');
    if (!sealedBefore || stagedBefore) {
      const again = await collectJson(place);
      expect(again.evidence).toBe('EV-0001');
      expect(again.sealed?.payload_set_sha256, `killed after ${String(delay)} ms`).toBe(payloadSet);
    }
    const verified = await exhibitJson(['verify', '--case', place.caseDir]);
    expect(verified.json).toMatchObject({ ok: true });
  }
});

test('Ctrl-C stops at a safe point with status 3, and the same command goes on', async () => {
  const place = await world();
  // A hole of 20 GB takes long enough to copy to be interrupted.
  await writeFile(join(place.root, 'hole'), '');
  await truncate(join(place.root, 'hole'), 20e9);
  const staging = join(place.caseDir, 'staging', 'EV-0001');
  const stopped = await interrupt(place, 'SIGINT', async () =>
    (await list(join(staging, 'objects'))).some((name) => name.endsWith('.part')),
  );
  expect(stopped).toMatchObject({ status: 3, signal: null });
  expect(stopped.err).toContain('run the same command again');
  await truncate(join(place.root, 'hole'), 10);
  expect(await collectJson(place)).toMatchObject({
    evidence: 'EV-0001',
    resumed: true,
    stored: 11,
  });
});

const canMount = process.getuid?.() === 0 && tryMount();

function tryMount(): boolean {
  const dir = execFileSync('mktemp', ['-d']).toString().trim();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    execFileSync('rmdir', [dir]);
  }
}

test.skipIf(!canMount)(
  canMount ? 'a full disk' : 'a full disk (SKIPPED: no right to mount a small tmpfs)',
  async () => {
    const dir = await tempDir();
    const root = await makeTree(dir);
    const small = join(dir, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    try {
      const caseDir = join(small, 'case');
      await exhibit(['init', caseDir, '--case-id', 'C-1', '--examiner', 'Ada Example']);
      const args = ['collect', 'dir', root, '--case', caseDir, '--no-seal'];
      const full = await exhibitJson(args);
      expect(full).toMatchObject({ status: 3, json: { error: { code: 'E_WRITE' } } });
      execFileSync('mount', ['-o', 'remount,size=64m', small]);
      expect(await exhibitJson(args)).toMatchObject({
        status: 0,
        json: { resumed: true, stored: 10 },
      });
    } finally {
      execFileSync('umount', [small]);
    }
  },
);

test.skipIf(process.platform !== 'linux')(
  'unreadable input is status 3, with the rest collected and sealed',
  async () => {
    const { root, caseDir } = await world();
    // A regular file whose first byte nobody can read.
    const args = ['collect', 'dir', root, '/proc/self/mem', '--case', caseDir];
    const result = await exhibit(args);
    expect(result.status).toBe(3);
    expect(result.stdout).toContain('failed (unreadable): mem: the file could not be read: EIO');
    expect(result.stdout).toContain('EV-0001: 10 files');
    const seal = await readFile(join(caseDir, 'evidence', 'EV-0001', 'EV-0001.seal'), 'utf8');
    expect(seal).toContain('# evidence: EV-0001');
  },
);

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
