/** `verify`: a good case passes every check; each kind of tampering fails the check that is there for it. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify } from '#src/app/verify.ts';
import { appendEntry } from '#src/app/ledger.ts';
import { otherCase } from '../helpers/case.ts';
import { exhibit, exhibitJson, runProcess } from '../helpers/exhibit.ts';
import { failures, sealedCase, verifyCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import {
  at,
  edit,
  EV,
  fixTagmanifests,
  flip,
  FORGED,
  PAYLOAD,
  rewrite,
  sha256Of,
  TAMPERED,
} from './tampered.ts';

describe('a good case', () => {
  test('fails nothing, and says what it could not check', async () => {
    const result = await verifyCase(await sealedCase());
    expect(failures(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const open = result.checks.filter(({ status }) => status === 'not_checked').map(({ id }) => id);
    expect([...new Set(open)].sort()).toEqual([
      'bag.journal',
      'ledger.head',
      'ledger.time',
      'payload.sha512',
      'seal.timestamp',
      'trust.anchor',
    ]);
  });

  test('is checked further with a root, a head and --deep', async () => {
    const made = await sealedCase();
    const root = join(await tempDir(), 'root.pem');
    cpSync(made.case.paths.rootPem, root);
    const head = sha256Of(readFileSync(at(made, 'custody/00000003.json')));
    const { checks, ok } = await verifyCase(made, { trust: root, head, deep: true });
    expect(ok).toBe(true);
    for (const id of ['trust.anchor', 'ledger.head', 'payload.sha512']) {
      expect(checks.find((check) => check.id === id)?.status, id).toBe('pass');
    }
  });

  test('is not changed by being verified', async () => {
    const made = await sealedCase();
    const before = readFileSync(at(made, 'custody/00000003.json'));
    await verifyCase(made);
    expect(existsSync(at(made, 'custody/00000004.json'))).toBe(false);
    expect(readFileSync(at(made, 'custody/00000003.json')).equals(before)).toBe(true);
  });

  test('is verified by evidence id, folder, volume, and without its case', async () => {
    const made = await sealedCase();
    const loose = join(await tempDir(), 'handed-over');
    cpSync(at(made, EV), loose, { recursive: true });
    for (const target of ['EV-0001', at(made, EV), at(made, `${EV}/EV-0001.v002.tar`)]) {
      expect((await verifyCase(made, { target })).ok, target).toBe(true);
    }
    const trust = made.case.paths.rootPem;
    for (const target of [loose, join(loose, 'EV-0001.v001.tar')]) {
      const result = await verifyCase(made, { caseDir: undefined, target, trust });
      expect(failures(result), target).toEqual([]);
      expect(result.checks.find(({ id }) => id === 'seal.signer')?.status).toBe('pass');
      expect(result.checks.find(({ id }) => id === 'ledger.sealed')?.status).toBe('not_checked');
    }
    await expect(verifyCase(made, { target: 'EV-0007' })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
  });
});

describe('tampering is noticed:', () => {
  test.each(TAMPERED)('%s', async (_, tamper, expected) => {
    const made = await sealedCase();
    tamper(made);
    const result = await verifyCase(made);
    expect(failures(result).sort()).toEqual([...expected].sort());
    expect(result.ok).toBe(false);
  });

  test('a root of the forger, when the true one is known', async () => {
    const made = await sealedCase();
    const other = await otherCase('TEST-1');
    const trust = join(await tempDir(), 'root.pem');
    cpSync(made.case.paths.rootPem, trust);
    cpSync(other.case.paths.rootPem, made.case.paths.rootPem);
    expect(failures(await verifyCase(made, { trust }))).toEqual([
      'trust.anchor',
      'ledger.case_files',
    ]);
    expect(failures(await verifyCase(made))).toEqual([
      'ledger.signer',
      'ledger.case_files',
      'seal.signer',
    ]);
  });

  test('a seal signed by a stranger', async () => {
    const made = await sealedCase();
    const other = await otherCase('TEST-1');
    const seal = readFileSync(at(made, `${EV}/EV-0001.seal`));
    writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), other.signer.sign(seal));
    expect(failures(await verifyCase(made))).toEqual(['seal.signature', 'seal.signer']);
  });

  test('evidence sealed a second time', async () => {
    const made = await sealedCase();
    await appendEntry(made.case, made.signer, made.fx, {
      event: 'sealed',
      evidence: [{ id: 'EV-0001' }],
    });
    expect(failures(await verifyCase(made))).toEqual(['ledger.sealed']);
  });

  test('a head that the ledger no longer has', async () => {
    const made = await sealedCase();
    expect(failures(await verifyCase(made, { head: 'ab'.repeat(32) }))).toEqual(['ledger.head']);
  });
});

describe('a volume written and sealed again by a forger who holds the key fails by its bag:', () => {
  test.each(FORGED)('%s', async (_, change, expected) => {
    const made = await sealedCase();
    await rewrite(made, 'EV-0001.v001', (files) => {
      change(files);
    });
    const result = await verifyCase(made);
    // The ledger names another seal, whatever the forger does to the volume.
    expect(failures(result).sort()).toEqual([...expected, 'ledger.sealed'].sort());
  });

  test('and the differing file is named', async () => {
    const made = await sealedCase();
    await rewrite(made, 'EV-0001.v001', (files) =>
      files.set(PAYLOAD, Buffer.from('{"Records":[1]}')),
    );
    const { checks } = await verifyCase(made);
    expect(checks.find(({ id }) => id === 'payload.sha256')?.detail).toContain(PAYLOAD);
  });

  test('and manifest-sha512.txt with all lists made to fit, by --deep alone', async () => {
    const made = await sealedCase();
    await rewrite(made, 'EV-0001.v001', (files) => {
      for (const path of ['manifest-sha512.txt', 'acquisition/objects.jsonl']) {
        const sha512 = createHash('sha512')
          .update(files.get(PAYLOAD) ?? '')
          .digest('hex');
        files.set(
          path,
          Buffer.from(files.get(path)?.toString().replace(sha512, 'f'.repeat(128)) ?? ''),
        );
      }
      fixTagmanifests(files);
    });
    expect(failures(await verifyCase(made))).toEqual(['ledger.sealed']);
    expect(failures(await verifyCase(made, { deep: true }))).toEqual([
      'payload.sha512',
      'ledger.sealed',
    ]);
  });
});

describe('on the command line', () => {
  test('a good case leaves with 0, a bad one with 1, and both say the same in JSON', async () => {
    const made = await sealedCase();
    const cwd = made.case.paths.dir;
    const good = await exhibit(['verify'], { cwd });
    expect(good.stdout).toContain('nothing that was checked is wrong');
    expect(good.status).toBe(0);
    edit(made, `${EV}/EV-0001.v001.tar`, flip(700));
    const bad = await exhibit(['verify'], { cwd });
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/FAIL +volume\.sha256/);
    const { status, json } = await exhibitJson(['verify'], { cwd });
    expect(status).toBe(1);
    expect(json).toEqual(await verifyCase(made));
  });

  test('--record puts the answer into the ledger', async () => {
    const made = await sealedCase();
    const { status } = await exhibit(['verify', '--record'], { cwd: made.case.paths.dir });
    expect(status).toBe(0);
    expect(readFileSync(at(made, 'custody/00000004.json'), 'utf8')).toContain('"event":"verified"');
    expect((await verifyCase(made)).ok).toBe(true);
  });

  test('what the verifier brought and is unreadable is an error, not a verdict', async () => {
    const made = await sealedCase();
    const cwd = made.case.paths.dir;
    expect((await exhibit(['verify', '--trust', 'none.pem'], { cwd })).status).toBe(3);
    expect((await exhibit(['verify', '--head', 'xyz'], { cwd })).status).toBe(2);
    expect((await exhibit(['verify'], { cwd: await tempDir() })).status).toBe(2);
  });

  test.skipIf(process.getuid?.() === 0)(
    'a volume that cannot be read is a failed check',
    async () => {
      const made = await sealedCase();
      chmodSync(at(made, `${EV}/EV-0001.v001.tar`), 0);
      expect(failures(await verifyCase(made))).toEqual(['volume.sha256', 'volume.archive']);
    },
  );
});

test('Ctrl-C stops a verification', async () => {
  const made = await sealedCase();
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  const request = {
    caseDir: made.case.paths.dir,
    target: undefined,
    trust: undefined,
    head: undefined,
    deep: false,
  };
  await expect(verify(request, { ...made.fx, signal: stop.signal })).rejects.toThrow('stopped');
});

test.skipIf(!hasTool('bagit.py') || !hasTool('tar'))(
  needs('bagit.py finds every unpacked volume valid', 'bagit.py', 'tar'),
  async () => {
    const made = await sealedCase();
    const cwd = await tempDir();
    for (const name of ['EV-0001.v001', 'EV-0001.v002']) {
      await runProcess('tar', ['-xf', at(made, `${EV}/${name}.tar`)], { cwd });
      const { status, stderr } = await runProcess('bagit.py', ['--validate', name], { cwd });
      expect(stderr).toContain(`${name} is valid`);
      expect(status).toBe(0);
    }
  },
);
