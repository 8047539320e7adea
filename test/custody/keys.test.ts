/** Who may sign: keys that are added, registered, taken back or run out; and handing a case over. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCase, openSigner, type Case } from '#src/app/case.ts';
import { custodyAdd, custodyCheckpoint, custodyLog } from '#src/app/custody.ts';
import { addKey, newIdentity, revokeKey } from '#src/app/custody-keys.ts';
import { receiveCase, recordTransferOut } from '#src/app/custody-transfer.ts';
import { appendEntry } from '#src/app/ledger.ts';
import { parseCanonicalLine } from '#src/core/canonical-read.ts';
import { describeEntry } from '#src/custody/describe.ts';
import { entryFile } from '#src/custody/entry.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { verifyForm } from '#src/crypto/cms-verify.ts';
import { fakeEffects, type FakeEffects } from '../helpers/effects.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

/** Bob's own key and certificate, made once. */
let bob: { readonly certificate: string; readonly pem: string; readonly key: string };

beforeAll(async () => {
  const out = join(await tempDir(), 'bob');
  const { certificate } = await newIdentity(fakeEffects(), { name: 'Bob', out, unprotected: true });
  bob = { certificate, pem: join(out, 'cert.pem'), key: join(out, 'key.pem') };
});

const asBob = (fx: FakeEffects): FakeEffects => ({
  ...fx,
  env: { ...fx.env, EXHIBIT_KEY: bob.key },
});

function failures(dir: string): string[] {
  const failed = verifyLedger(dir).checks.filter(({ status }) => status === 'fail');
  return failed.map(({ id, subject }) => `${id} ${subject}`);
}

async function note(opened: Case, fx: FakeEffects): Promise<void> {
  await custodyAdd(opened, fx, { event: 'note', reason: 'a note' });
}

const register = (made: TestCase): Promise<{ readonly entry: number }> =>
  addKey(made.case, made.fx, {
    name: 'Bob',
    organization: 'Lab',
    role: 'analyst',
    certificate: bob.pem,
  });

describe('a further signer', () => {
  test('whom the root issued a certificate signs under his own name', async () => {
    const made = await testCase();
    const { certificate, key_file: file } = await addKey(made.case, made.fx, {
      name: 'Eve',
      unprotected: true,
    });
    const eve = { ...made.fx, env: { EXHIBIT_KEY: join(made.case.paths.dir, file ?? '') } };
    await note(made.case, eve);
    expect(failures(made.case.paths.dir)).toEqual([]);
    const { actor } = custodyLog(made.case).at(-1)!.entry;
    expect(actor).toMatchObject({ name: 'Eve', cert: certificate });
    await custodyCheckpoint(made.case, eve);
    expect(failures(made.case.paths.dir)).toEqual([]);
  });

  test('who has a certificate from elsewhere signs once it is registered, not before', async () => {
    const made = await testCase();
    await expect(note(made.case, asBob(made.fx))).rejects.toMatchObject({ code: 'E_SIGNER' });
    await register(made);
    await note(made.case, asBob(made.fx));
    expect(failures(made.case.paths.dir)).toEqual([]);
    expect(custodyLog(made.case).at(-1)!.entry.actor).toMatchObject({
      name: 'Bob',
      org: 'Lab',
      role: 'analyst',
    });
    await expect(register(made)).rejects.toMatchObject({ code: 'E_EXISTS' });
  });

  test('counts for nothing when a stranger added him', async () => {
    // Bob's entries are made in a copy where he was registered; then the registration is taken from the chain's start.
    const made = await testCase();
    await register(made);
    await note(made.case, asBob(made.fx));
    const stranger = await otherCase('TEST-1');
    await register(stranger);
    for (const end of ['', '.p7s']) {
      await cp(
        join(stranger.case.paths.custody, `00000002.json${end}`),
        join(made.case.paths.custody, `00000002.json${end}`),
      );
    }
    expect(failures(made.case.paths.dir)).toEqual(
      expect.arrayContaining([
        'ledger.signer custody/00000002.json',
        'ledger.signer custody/00000003.json',
      ]) as string[],
    );
  });

  test('is no authority, and has a strong key', async () => {
    const made = await testCase();
    const root = { name: 'R', certificate: made.case.paths.rootPem };
    await expect(addKey(made.case, made.fx, root)).rejects.toMatchObject({ code: 'E_FORMAT' });
    const text = { name: 'R', certificate: made.case.paths.caseJson };
    await expect(addKey(made.case, made.fx, text)).rejects.toMatchObject({ code: 'E_FORMAT' });
  });

  test
    .skipIf(!hasTool('openssl'))
    .each([
      ['basicConstraints=critical,CA:TRUE'],
      ['keyUsage=critical,keyCertSign,digitalSignature'],
      ['nsCertType=sslCA'],
      [undefined],
    ])(
    needs('is nothing that openssl takes for an authority: %s', 'openssl'),
    async (extension) => {
      const made = await testCase();
      const dir = await tempDir();
      const words = extension === undefined ? '' : `x509_extensions=e\n`;
      await writeFile(
        join(dir, 'req.cnf'),
        `[req]\ndistinguished_name=d\n${words}[d]\n[e]\n${extension ?? ''}\n`,
      );
      const request = ['req', '-new', '-key', bob.key, '-subj', '/CN=Eve', '-config', 'req.cnf'];
      // `x509 -req` without extensions makes version 1.
      const { stdout, stderr } = await runProcess(
        'bash',
        [
          '-euc',
          extension === undefined
            ? 'openssl "$@" -out r.csr; openssl x509 -req -in r.csr -signkey "$4"'
            : 'openssl "$@" -x509',
          'bash',
          ...request,
        ],
        { cwd: dir },
      );
      await writeFile(join(dir, 'cert.pem'), stdout);
      expect(stdout, stderr).toContain('BEGIN CERTIFICATE');
      await expect(
        addKey(made.case, made.fx, { name: 'Eve', certificate: join(dir, 'cert.pem') }),
      ).rejects.toMatchObject({ code: 'E_FORMAT' });
    },
  );
});

describe('a certificate that was taken back', () => {
  const at = (made: TestCase, hour: number): FakeEffects => ({
    ...made.fx,
    now: () => Date.UTC(2026, 0, 2, hour, 0, 0),
  });

  test.each([
    // Hour of Bob's entry, hour from which he is revoked (the revocation is signed at 9), good?
    [5, undefined, true],
    [5, '2026-01-02T06:00:00Z', true],
    [5, '2026-01-02T05:00:00Z', false],
    [5, '2026-01-02T04:00:00Z', false],
    [9, undefined, false],
  ])('before: signed at %i, revoked from %s', async (hour, since, good) => {
    const made = await testCase();
    await register(made);
    await note(made.case, asBob(at(made, hour)));
    await revokeKey(made.case, at(made, 9), {
      certificate: bob.certificate.slice(0, 10),
      reason: 'keyCompromise',
      words: 'the laptop was stolen',
      since,
    });
    expect(failures(made.case.paths.dir)).toEqual(
      good ? [] : ['ledger.signer custody/00000003.json'],
    );
    await expect(note(made.case, asBob(made.fx))).rejects.toMatchObject({ code: 'E_SIGNER' });
  });

  test('after: whatever time an entry claims, its place in the ledger tells', async () => {
    const made = await testCase();
    await register(made);
    const before = join(await tempDir(), 'case');
    await cp(made.case.paths.dir, before, { recursive: true });
    await revokeKey(made.case, at(made, 9), {
      certificate: bob.certificate,
      reason: 'superseded',
      words: 'x',
    });
    // As a thief would: an entry that follows the revocation and claims an hour before it.
    const hidden = await openCase(made.case.paths.dir);
    const signer = await openSigner(hidden, asBob(at(made, 4)));
    const last = custodyLog(hidden).at(-1)!;
    const forged = Buffer.from(
      (await readFile(join(hidden.paths.dir, last.file), 'utf8'))
        .replace(/"seq":3/, '"seq":4')
        .replace(/"prev":"[0-9a-f]+"/, `"prev":"${last.hash}"`)
        .replace(/"cert":"[0-9a-f]+"/, `"cert":"${signer.fingerprint}"`)
        .replace(/"at":"[^"]+"/, '"at":"2026-01-02T04:00:00Z"')
        .replace('"event":"key-revoked"', '"event":"note"'),
    );
    await writeFile(join(hidden.paths.custody, '00000004.json'), forged);
    await writeFile(
      join(hidden.paths.custody, '00000004.json.p7s'),
      signer.sign(forged, Date.UTC(2026, 0, 2, 4) * 1000),
    );
    expect(failures(hidden.paths.dir)).toEqual(['ledger.signer custody/00000004.json']);
  });

  test("the examiner's own: the root lets a new one go on", async () => {
    const made = await testCase();
    await revokeKey(made.case, at(made, 9), {
      certificate: made.signer.fingerprint,
      reason: 'keyCompromise',
      words: 'gone',
    });
    await expect(note(made.case, made.fx)).rejects.toMatchObject({ code: 'E_SIGNER' });
    const { key_file: file } = await addKey(made.case, made.fx, {
      name: 'Ada again',
      unprotected: true,
    });
    const again = { ...made.fx, env: { EXHIBIT_KEY: join(made.case.paths.dir, file ?? '') } };
    await note(made.case, again);
    expect(failures(made.case.paths.dir)).toEqual([]);
    expect(
      custodyLog(made.case)
        .map(({ entry }) => describeEntry(entry))
        .slice(1, 3),
    ).toEqual([
      expect.stringContaining('(keyCompromise); gone') as string,
      expect.stringContaining('for Ada again (examiner)') as string,
    ]);
  });

  test('is refused when no certificate, or more than one, is meant', async () => {
    const made = await testCase();
    for (const certificate of ['', '0'.repeat(64), made.signer.fingerprint.slice(0, 5)]) {
      const asked = { certificate, reason: 'unspecified', words: 'x' } as const;
      await expect(revokeKey(made.case, made.fx, asked)).rejects.toMatchObject({
        code: 'E_NOT_FOUND',
      });
    }
  });
});

describe('handing over', () => {
  test('is two entries by two people, each naming the head', async () => {
    const made = await sealedCase();
    await register(made);
    const before = verifyLedger(made.case.paths.dir).head;
    const sent = await recordTransferOut(made.case, made.fx, {
      to: 'Bob',
      organization: 'Lab',
      certificate: bob.certificate,
      reason: 'analysis',
      authority: { type: 'warrant', id: '2026-77' },
    });
    const away = join(await tempDir(), 'case');
    await cp(made.case.paths.dir, away, { recursive: true });
    await rm(join(away, 'keys'), { recursive: true });
    const receipt = await tempDir();
    const received = await receiveCase(await openCase(away), made.fx, {
      trust: made.case.paths.rootPem,
      head: sent.head,
      key: bob.key,
      receipt,
    });
    expect(received.accepted).toBe(true);
    const [out, taken] = custodyLog(await openCase(away))
      .slice(-2)
      .map(({ entry }) => entry);
    expect(out).toMatchObject({
      event: 'transfer-out',
      counterparty: 'Bob (Lab)',
      evidence: [{ id: 'EV-0001' }],
      details: { head: before, recipient: { name: 'Bob', certificate: bob.certificate } },
    });
    expect(taken).toMatchObject({
      event: 'received',
      counterparty: 'Ada Test',
      actor: { name: 'Bob', cert: bob.certificate },
      result: { ok: true },
      details: { head: sent.head, accepted: true, transfer: sent.entry },
    });
    expect(failures(away)).toEqual([]);
    // The receipt continues the sender's copy, and anchors it.
    for (const name of received.receipt) {
      await cp(join(receipt, name), join(made.case.paths.custody, name));
    }
    expect(failures(made.case.paths.dir)).toEqual([]);
    await expect(
      receiveCase(await openCase(away), made.fx, { key: bob.key }),
    ).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
  });

  test('is refused to whom it was not meant for, and to the sender himself', async () => {
    const made = await sealedCase();
    await register(made);
    await expect(receiveCase(made.case, made.fx, { key: bob.key })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
    await recordTransferOut(made.case, made.fx, { to: 'Bob' });
    await expect(receiveCase(made.case, made.fx, {})).rejects.toMatchObject({ code: 'E_SIGNER' });
    await recordTransferOut(made.case, made.fx, {
      to: 'Ada',
      certificate: made.signer.fingerprint,
    });
    await expect(receiveCase(made.case, made.fx, { key: bob.key })).rejects.toMatchObject({
      code: 'E_SIGNER',
    });
    const stranger = { to: 'Eve', certificate: 'e'.repeat(64) };
    await expect(recordTransferOut(made.case, made.fx, stranger)).rejects.toMatchObject({
      code: 'E_SIGNER',
    });
  });

  test('is finished where a writer was stopped, and refused where an entry was taken away', async () => {
    const made = await sealedCase();
    await register(made);
    await recordTransferOut(made.case, made.fx, { to: 'Bob' });
    const { entry } = await receiveCase(made.case, made.fx, { key: bob.key });
    const { custody, staging } = made.case.paths;
    const name = entryFile(entry!);
    const unplaced = join(staging, `.custody-${name}`);
    const signed = await readFile(join(custody, name));
    await rm(join(custody, name));
    const again = (key?: string): Promise<unknown> =>
      receiveCase(made.case, made.fx, { key }).catch((error: unknown) => error);
    // The signature alone; other bytes than the signed ones; somebody else's word.
    expect(await again(bob.key)).toMatchObject({ code: 'E_TAMPERED' });
    await writeFile(unplaced, signed.toString().replace('Bob', 'Rob'));
    expect(await again(bob.key)).toMatchObject({ code: 'E_TAMPERED' });
    await writeFile(unplaced, signed);
    expect(await again()).toMatchObject({ code: 'E_TAMPERED' });
    expect(custodyLog(made.case)).toHaveLength(entry! - 1);
    expect(await again(bob.key)).toMatchObject({ accepted: true, entry });
    expect(await readFile(join(custody, name))).toEqual(signed);
    expect(failures(made.case.paths.dir)).toEqual([]);
    expect(custodyLog(made.case)).toHaveLength(entry!);
  });

  test('of what is not as it was sent is signed only as a refusal', async () => {
    const made = await sealedCase();
    await register(made);
    await recordTransferOut(made.case, made.fx, { to: 'Bob' });
    const volume = join(made.case.paths.evidence, 'EV-0001', 'EV-0001.v002.tar');
    const bytes = await readFile(volume);
    bytes[bytes.length - 1] = 1;
    await writeFile(volume, bytes);
    const length = custodyLog(made.case).length;
    await expect(receiveCase(made.case, made.fx, { key: bob.key })).rejects.toMatchObject({
      code: 'E_TAMPERED',
    });
    expect(custodyLog(made.case)).toHaveLength(length);
    const refused = await receiveCase(made.case, made.fx, {
      key: bob.key,
      refuse: true,
      reason: 'volume 2 is damaged',
    });
    expect(refused.accepted).toBe(false);
    const { entry } = custodyLog(made.case).at(-1)!;
    expect(entry).toMatchObject({
      event: 'received',
      result: { ok: false },
      details: { accepted: false },
    });
    expect(describeEntry(entry)).toBe('REFUSED from Ada Test; volume 2 is damaged');
    expect(failures(made.case.paths.dir)).toEqual([]);
  });

  test('with a broken ledger is refused in a signed file of its own', async () => {
    const made = await sealedCase();
    await register(made);
    await recordTransferOut(made.case, made.fx, { to: 'Bob' });
    await writeFile(join(made.case.paths.custody, '00000005.json'), '{}\n');
    const receipt = await tempDir();
    const refused = await receiveCase(made.case, made.fx, {
      key: bob.key,
      refuse: true,
      reason: 'entry 5 is no entry',
      receipt,
    });
    expect(refused).toMatchObject({
      accepted: false,
      entry: null,
      receipt: ['refusal.json', 'refusal.json.p7s'],
    });
    const bytes = await readFile(join(receipt, 'refusal.json'));
    expect(parseCanonicalLine(bytes)).toMatchObject({ type: 'custody-refusal/1', case: 'TEST-1' });
    expect(verifyForm(bytes, await readFile(join(receipt, 'refusal.json.p7s')))).toMatchObject({
      ok: true,
      fingerprint: bob.certificate,
    });
  });
});

test('a correction is a new entry that names one before it', async () => {
  const made = await testCase();
  await note(made.case, made.fx);
  await custodyAdd(made.case, made.fx, { event: 'correction', reason: 'it was two', corrects: 2 });
  expect(describeEntry(custodyLog(made.case).at(-1)!.entry)).toBe('corrects entry 2; it was two');
  expect(failures(made.case.paths.dir)).toEqual([]);
  for (const corrects of [0, 4, 99]) {
    const asked = { event: 'correction', reason: 'x', corrects } as const;
    await expect(custodyAdd(made.case, made.fx, asked)).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
  }
  for (const event of ['note', 'correction'] as const) {
    const asked = { event, reason: 'x', ...(event === 'note' ? { corrects: 1 } : {}) };
    await expect(custodyAdd(made.case, made.fx, asked)).rejects.toMatchObject({ code: 'E_USAGE' });
  }
  await appendEntry(made.case, made.signer, made.fx, {
    event: 'correction',
    corrects: 9,
    reason: 'x',
  });
  expect(failures(made.case.paths.dir)).toEqual(['ledger.chain custody/00000004.json']);
});

test('attached files are hashed, and no path of the machine is signed', async () => {
  const made = await testCase();
  const outside = join(await tempDir(), 'letter.txt');
  await writeFile(outside, 'x');
  await custodyAdd(made.case, made.fx, {
    event: 'copied',
    reason: 'for the court',
    counterparty: 'Court',
    attach: [outside, made.case.paths.verifyTxt],
  });
  const { entry } = custodyLog(made.case).at(-1)!;
  expect(entry.attachments?.map(({ name }) => name)).toEqual(['letter.txt', 'VERIFY.txt']);
  expect(describeEntry(entry)).toBe('with Court; for the court');
  const absent = { event: 'note', reason: 'x', attach: [`${outside}.not`] } as const;
  await expect(custodyAdd(made.case, made.fx, absent)).rejects.toMatchObject({ code: 'E_READ' });
  const evidence = { event: 'disposed', reason: 'x', evidence: ['EV-0009'] } as const;
  await expect(custodyAdd(made.case, made.fx, evidence)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  });
});
