/** `exhibit init`: what it makes, what it refuses, and what a stopped one leaves. */
import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCase, openSigner } from '#src/app/case.ts';
import { initCase, type InitRequest } from '#src/app/init.ts';
import { fingerprint, readCertificate } from '#src/crypto/trust.ts';
import { readLedger } from '#src/custody/read.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { testCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, PASSPHRASE, ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const NAMES = ['--case-id', 'CASE-2026-014', '--examiner', 'Zoë Ωmega'];

const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;

describe('init', () => {
  test('makes a case that verifies, encrypted keys, and prints what belongs on paper', async () => {
    const cwd = await tempDir();
    const { status, json } = await exhibitJson(
      ['init', 'new/case', ...NAMES, '--organization', 'Lab'],
      {
        cwd,
      },
    );
    const dir = join(cwd, 'new/case');
    const { paths, info } = await openCase(dir);
    const report = verifyLedger(dir);
    expect(status).toBe(0);
    expect(json).toEqual({
      case: 'CASE-2026-014',
      dir,
      root_fingerprint: info.root,
      signer_fingerprint: info.examiner.certificate,
      head: report.head,
      key_protected: true,
      root_key: join(paths.keys, `${info.root}.key.pem`),
    });
    expect(report.checks.filter((check) => check.status === 'fail')).toEqual([]);
    expect(info.examiner).toMatchObject({
      name: 'Zoë Ωmega',
      organization: 'Lab',
      role: 'examiner',
    });
    const root = readCertificate(await readFile(paths.rootPem), 'root');
    expect(fingerprint(root)).toBe(info.root);
    const trust = await readFile(paths.trustTxt, 'utf8');
    expect(trust).toContain(root.fingerprint256);
    expect((await readdir(dir)).sort()).toEqual(
      [
        'TRUST.txt',
        'VERIFY.txt',
        'case.json',
        'custody',
        'evidence',
        'keys',
        'pki',
        'staging',
      ].sort(),
    );
    const keys = await readdir(paths.keys);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const file = join(paths.keys, key);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    }
    const [first] = readLedger(dir);
    expect(first?.entry).toMatchObject({ event: 'opened', details: { key_protected: true } });
    expect(first?.entry.tool.argv.slice(0, 2)).toEqual(['init', 'new/case']);
    // Beside the case nothing is left.
    expect(await readdir(join(cwd, 'new'))).toEqual(['case']);
    for (const file of await readdir(dir, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const text = await readFile(join(file.parentPath, file.name), 'latin1');
      expect(text, file.name).not.toContain(PASSPHRASE);
      expect(text, file.name).not.toContain(cwd);
    }
  });

  test.skipIf(!hasTool('openssl'))(
    needs('TRUST.txt: its commands run and print what it says', 'openssl'),
    async () => {
      const { case: made } = await testCase();
      const text = await readFile(made.paths.trustTxt, 'utf8');
      const commands = Array.from(text.matchAll(/^ {2}(openssl .*)$/gm), ([, line]) => line!);
      expect(commands).toHaveLength(2);
      const run = async (line: string): Promise<string> =>
        (await runProcess('sh', ['-c', line], { cwd: made.paths.dir })).stdout;
      const printed = (await run(commands[0]!)).trim().split('=')[1]!;
      expect(text.split('\n')).toContain(printed);
      expect(await run(commands[1]!)).toContain(': OK');
    },
  );

  test('--unprotected-key is said on stderr and in the ledger, and needs no passphrase', async () => {
    const cwd = await tempDir();
    const { status, stderr } = await exhibit(['init', 'c', ...NAMES, '--unprotected-key'], {
      cwd,
      env: { EXHIBIT_PASSPHRASE: undefined },
    });
    expect(status).toBe(0);
    expect(stderr).toContain('NOT encrypted');
    const [first] = readLedger(join(cwd, 'c'));
    expect(first?.entry.reason).toContain('without a passphrase');
    expect(first?.entry.details).toEqual({ key_protected: false, root_key: 'in keys/' });
    const key = (await readdir(join(cwd, 'c/keys')))[0]!;
    expect(await readFile(join(cwd, 'c/keys', key), 'utf8')).toContain('BEGIN PRIVATE KEY');
  });

  test('without a passphrase and without a terminal it makes nothing', async () => {
    const cwd = await tempDir();
    for (const value of [undefined, '']) {
      const env = { EXHIBIT_PASSPHRASE: value };
      const { status, json } = await exhibitJson(['init', 'c', ...NAMES], { cwd, env });
      expect(status).toBe(2);
      expect(json).toMatchObject({ error: { code: 'E_NO_PASSPHRASE' } });
    }
    expect(await readdir(cwd)).toEqual([]);
  });

  test('asks twice on a terminal', async () => {
    const dir = join(await tempDir(), 'c');
    const request: InitRequest = { dir, caseId: 'T-1', examiner: 'Ada' };
    const answering = (...answers: string[]): ReturnType<typeof fakeEffects> =>
      fakeEffects({ env: {}, askSecret: () => Promise.resolve(answers.shift() ?? '') });
    await expect(initCase(request, answering('one', 'two'))).rejects.toThrow(
      code('E_BAD_PASSPHRASE'),
    );
    await expect(initCase(request, answering(''))).rejects.toThrow(code('E_NO_PASSPHRASE'));
    expect(existsSync(dir)).toBe(false);
    await initCase(request, answering('söme', 'söme'));
    const made = await openCase(dir);
    const signer = await openSigner(made, answering('söme'));
    expect(signer.fingerprint).toBe(made.info.examiner.certificate);
  });

  test('takes an empty folder, and leaves one that is not empty, or a file, alone', async () => {
    const cwd = await tempDir();
    await mkdir(join(cwd, 'empty'));
    await mkdir(join(cwd, 'full'));
    await writeFile(join(cwd, 'full/x'), 'mine');
    await writeFile(join(cwd, 'file'), 'mine');
    expect((await exhibit(['init', 'empty', ...NAMES], { cwd })).status).toBe(0);
    for (const taken of ['full', 'file', 'empty']) {
      const { status, json } = await exhibitJson(['init', taken, ...NAMES], { cwd });
      expect(status).toBe(4);
      expect(json).toMatchObject({ error: { code: 'E_EXISTS' } });
    }
    expect(await readFile(join(cwd, 'full/x'), 'utf8')).toBe('mine');
    expect((await readdir(cwd)).sort()).toEqual(['empty', 'file', 'full']);
  });

  test.for([
    ['', 'Ada'],
    ['a/b', 'Ada'],
    ['..', 'Ada'],
    ['-x', 'Ada'],
    ['C 1', 'Ada'],
    ['C\n1', 'Ada'],
    ['c'.repeat(65), 'Ada'],
    ['C-1', ''],
    ['C-1', '  '],
    ['C-1', 'Ada\nroot'],
    ['C-1', 'Ada\u202egnp'],
    ['C-1', 'x'.repeat(65)],
    ['C-1', 'lone \ud800'],
  ])('refuses the id %j with the examiner %j', async ([caseId, examiner]) => {
    const dir = join(await tempDir(), 'c');
    const request = { dir, caseId: caseId!, examiner: examiner!, unprotectedKey: true };
    await expect(initCase(request, fakeEffects())).rejects.toThrow(code('E_USAGE'));
    expect(existsSync(dir)).toBe(false);
  });

  test.for(['pki/root.pem', 'custody/00000001.json', 'case.json'])(
    'killed when %s appears, it leaves no case that is not whole',
    async (name) => {
      const cwd = await tempDir();
      // Without the launcher, so that the process we kill is the one that works.
      const args = [join(ROOT, 'src/cli/start.ts'), 'init', 'c', ...NAMES, '--unprotected-key'];
      const child = spawn(process.execPath, args, { cwd });
      const ended = new Promise((resolve) => child.on('close', resolve));
      const appears = new Promise<void>((resolve) => {
        const look = (): void => {
          void readdir(cwd).then((names) => {
            if (names.some((one) => existsSync(join(cwd, one, name)))) resolve();
            else setImmediate(look);
          });
        };
        look();
      });
      await Promise.race([appears, ended]);
      child.kill('SIGKILL');
      await ended;
      if (!existsSync(join(cwd, 'c'))) return;
      expect(verifyLedger(join(cwd, 'c')).checks.filter(({ status }) => status === 'fail')).toEqual(
        [],
      );
    },
  );
});

describe('opening a case', () => {
  test('a wrong, a missing and a right passphrase', async () => {
    const dir = join(await tempDir(), 'c');
    await initCase({ dir, caseId: 'T-1', examiner: 'Ada' }, fakeEffects());
    const made = await openCase(dir);
    const wrong = fakeEffects({ env: { EXHIBIT_PASSPHRASE: 'wrong' } });
    await expect(openSigner(made, wrong)).rejects.toThrow(code('E_BAD_PASSPHRASE'));
    await expect(openSigner(made, fakeEffects({ env: {} }))).rejects.toThrow(
      code('E_NO_PASSPHRASE'),
    );
    expect((await openSigner(made, fakeEffects())).fingerprint).toBe(
      made.info.examiner.certificate,
    );
  });

  test('a folder that is none, and a case.json that was changed', async () => {
    await expect(openCase(await tempDir())).rejects.toThrow(code('E_NO_CASE'));
    const { case: made } = await testCase();
    const { caseJson, dir } = made.paths;
    const text = await readFile(caseJson, 'utf8');
    for (const changed of ['', '{}\n', 'null\n', `${text} `, text.replace('case/1', 'case/9')]) {
      await writeFile(caseJson, changed);
      await expect(openCase(dir)).rejects.toThrow(code('E_FORMAT'));
    }
  });

  test('keys that are missing or exchanged', async () => {
    const { case: made, fx } = await testCase();
    const { keys } = made.paths;
    const { certificate } = made.info.examiner;
    const file = join(keys, `${certificate}.key.pem`);
    await cp(join(keys, `${made.info.root}.key.pem`), file);
    await expect(openSigner(made, fx)).rejects.toThrow(code('E_FORMAT'));
    await writeFile(file, 'not a key');
    await expect(openSigner(made, fx)).rejects.toThrow(code('E_FORMAT'));
    await rm(keys, { recursive: true });
    await expect(openSigner(made, fx)).rejects.toThrow(code('E_READ'));
    const { signers } = made.paths;
    await cp(made.paths.rootPem, join(signers, `${certificate}.pem`));
    await expect(openSigner(made, fx)).rejects.toThrow(code('E_FORMAT'));
  });
});

describe('--root-key-to', () => {
  test('puts the root key on another medium, where it can still issue', async () => {
    const cwd = await tempDir();
    const made = await exhibit(['init', 'case', ...NAMES, '--root-key-to', 'medium/a'], { cwd });
    expect(made.status).toBe(0);
    const { paths, info } = await openCase(join(cwd, 'case'));
    const file = join(cwd, 'medium/a', `${info.root}.key.pem`);
    expect(made.stdout).toContain(`The root's private key is ${file}\nKeep that medium away`);
    expect(await readdir(paths.keys)).toEqual([`${info.examiner.certificate}.key.pem`]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(readLedger(paths.dir)[0]?.entry.details).toMatchObject({ root_key: 'apart' });
    const add = ['custody', 'key', 'add', '--examiner', 'Other', '--unprotected-key'];
    add.push('--case', paths.dir);
    expect((await exhibit(add)).status).not.toBe(0);
    const issued = await exhibit([...add, '--root-key', file]);
    expect(issued.status).toBe(0);
  });

  test('is refused inside the case, and advised where it was not asked for', async () => {
    const cwd = await tempDir();
    const inside = await exhibitJson(
      ['init', 'case', ...NAMES, '--root-key-to', 'case/k', '--json'],
      {
        cwd,
      },
    );
    expect(inside.json).toMatchObject({ error: { code: 'E_USAGE' } });
    expect(existsSync(join(cwd, 'case'))).toBe(false);
    const advised = await exhibit(['init', 'case', ...NAMES], { cwd });
    expect(advised.stdout).toContain('Move it to another medium');
  });
});
