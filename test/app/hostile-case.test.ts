/** A case folder that somebody else prepared: each verb refuses it by name, and writes nothing where it must not. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCase, openSigner } from '#src/app/case.ts';
import { validateCloudTrail } from '#src/app/cloudtrail.ts';
import { collectDir } from '#src/app/collect.ts';
import { importEvidence } from '#src/app/import.ts';
import { readRecorded } from '#src/app/query-recorded.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { recordingCase } from '#src/app/verify.ts';
import { readLedger } from '#src/custody/read.ts';
import { readPublicKeys } from '#src/witness/public-keys.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { failures, folderOf, sealedCase, verifyCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);
const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;
const validate = (made: TestCase) => validateCloudTrail(made.case, made.fx, { record: false });

describe('seal', () => {
  test.each(['../../victim', '../x', '.*', '', 'EV-0001/../../../victim'])(
    'takes no path for an id: %j',
    async (id) => {
      const made = await sealedCase();
      mkdirSync(at(made, 'x.sealed'));
      await expect(sealEvidence(made.case, id, made.fx)).rejects.toThrow(code('E_USAGE'));
      expect(existsSync(at(made, 'x.sealed'))).toBe(true);
    },
  );
});

describe('another root in place of the case’s', () => {
  test('is trusted by no verb', async () => {
    const made = await sealedCase();
    const other = await otherCase('TEST-2');
    copyFileSync(other.case.paths.rootPem, made.case.paths.rootPem);
    await expect(importEvidence(made.case, made.fx)).rejects.toThrow(code('E_TAMPERED'));
    await expect(validate(made)).rejects.toThrow(code('E_TAMPERED'));
    rmSync(made.case.paths.rootPem);
    await expect(importEvidence(made.case, made.fx)).rejects.toThrow(code('E_TAMPERED'));
  });
});

describe('cloudtrail validate', () => {
  test('says nothing about evidence whose seal is not signed', async () => {
    const made = await sealedCase();
    const signature = at(made, 'evidence/EV-0001/EV-0001.seal.p7s');
    copyFileSync(at(made, 'custody/00000001.json.p7s'), signature);
    await expect(validate(made)).rejects.toThrow(code('E_TAMPERED'));
    rmSync(signature);
    await expect(validate(made)).rejects.toThrow(code('E_TAMPERED'));
  });

  test.each(['x', '[', ' '])('takes a changed objects.jsonl (%j) for what it is', async (byte) => {
    const made = await sealedCase();
    const file = at(made, 'evidence/EV-0001/EV-0001.v001.tar');
    const bytes = readFileSync(file);
    const header = bytes.indexOf('acquisition/objects.jsonl');
    bytes.write(byte, (Math.floor(header / 512) + 1) * 512);
    writeFileSync(file, bytes);
    await expect(validate(made)).rejects.toThrow(code('E_TAMPERED'));
  });

  test('reads a key list that holds no keys', async () => {
    const text = '{"PublicKeyList":[null,1,"x",{"Value":5},{"Value":"AAAA","Fingerprint":"a"}]}';
    const { problems } = readPublicKeys([{ path: 'keys', text }]);
    expect(problems).toHaveLength(4);
    const made = await testCase();
    const source = await folderOf({ 'logs/public-keys.json': text });
    const onProgress = () => undefined;
    await collectDir(made.case, made.fx, { paths: [source], seal: true, onProgress });
    expect(await validate(made)).toMatchObject({ keys: { fingerprints: ['a'] }, ok: true });
  });
});

describe('verify', () => {
  test('is put on record in the case that was verified and in no other', async () => {
    const [made, other] = [await sealedCase(), await testCase()];
    const loose = join(await tempDir(), 'EV-0001');
    cpSync(at(made, 'evidence/EV-0001'), loose, { recursive: true });
    const asked = { trust: undefined, head: undefined, deep: false };
    const recording = (caseDir: string, target?: string): string =>
      recordingCase({ ...asked, caseDir, target }, made.fx);
    const { dir } = made.case.paths;
    expect(recording(dir)).toBe(dir);
    expect(recording(dir, 'EV-0001')).toBe(dir);
    expect(recording(dir, at(made, 'evidence/EV-0001'))).toBe(dir);
    expect(() => recording(other.case.paths.dir, dir)).toThrow(code('E_USAGE'));
    expect(() => recording(other.case.paths.dir, at(made, 'evidence/EV-0001'))).toThrow(
      code('E_USAGE'),
    );
    expect(() => recording(dir, loose)).toThrow(code('E_NO_CASE'));
  });

  test.each([
    ['evidence/EV-0001', 'evidence.files'],
    ['custody', 'ledger.files'],
  ])('refuses a link in place of %s', async (name, check) => {
    const made = await sealedCase();
    const elsewhere = join(await tempDir(), 'elsewhere');
    renameSync(at(made, name), elsewhere);
    symlinkSync(elsewhere, at(made, name));
    expect(failures(await verifyCase(made))).toContain(check);
  });

  test('of one evidence item that is gone fails', async () => {
    const made = await sealedCase();
    rmSync(at(made, 'evidence/EV-0001'), { recursive: true });
    expect(failures(await verifyCase(made, { target: 'EV-0001' }))).toContain('ledger.sealed');
    await expect(verifyCase(made, { target: 'EV-0002' })).rejects.toThrow(code('E_NOT_FOUND'));
  });
});

test.skipIf(process.platform === 'win32')('a FIFO in place of case.json hangs nobody', async () => {
  const made = await sealedCase();
  rmSync(made.case.paths.caseJson);
  await runProcess('mkfifo', [made.case.paths.caseJson]);
  await expect(openCase(made.case.paths.dir)).rejects.toThrow(code('E_TAMPERED'));
  expect(failures(await verifyCase(made))).toContain('ledger.case_files');
});

test.skipIf(process.platform === 'win32')('a FIFO in place of the lock hangs nobody', async () => {
  const made = await sealedCase();
  await runProcess('mkfifo', [at(made, '.lock')]);
  await expect(importEvidence(made.case, made.fx)).rejects.toThrow(code('E_LOCKED'));
});

test.skipIf(process.platform === 'win32')(
  'a FIFO in place of the key or of its certificate hangs nobody, and nothing endless is read',
  async () => {
    for (const path of ['keys/CERT.key.pem', 'pki/signers/CERT.pem']) {
      const made = await sealedCase();
      const file = at(made, path.replace('CERT', made.case.info.examiner.certificate));
      rmSync(file);
      await runProcess('mkfifo', [file]);
      await expect(openSigner(made.case, made.fx)).rejects.toThrow(code('E_TAMPERED'));
      rmSync(file);
      writeFileSync(file, '');
      truncateSync(file, 20 * 2 ** 30);
      await expect(openSigner(made.case, made.fx)).rejects.toThrow(code('E_TAMPERED'));
    }
    const made = await sealedCase();
    const entry = at(made, 'custody/00000001.json');
    expect(existsSync(entry)).toBe(true);
    truncateSync(entry, 20 * 2 ** 30);
    expect(() => readLedger(made.case.paths.dir)).toThrow(code('E_FORMAT'));
    const run = at(made, 'queries/Q-0001');
    mkdirSync(run, { recursive: true });
    await runProcess('mkfifo', [join(run, 'run.json')]);
    await expect(readRecorded(made.case, run, 'Q-0001')).rejects.toThrow(code('E_TAMPERED'));
  },
);
