/** Time-stamps asked for, attached and judged with the rest of a case; the authority is openssl. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { custodyCheckpoint } from '#src/app/custody.ts';
import {
  attachTimestamp,
  requestTimestamp,
  type Answer,
  type StampAttached,
} from '#src/app/timestamp.ts';
import { verify, type VerifyRequest } from '#src/app/verify.ts';
import type { Check } from '#src/core/check.ts';
import type { Effects } from '#src/core/effects.ts';
import { verifyLedger } from '#src/custody/verify.ts';
import { appendEntry } from '#src/app/ledger.ts';
import type { TestCase } from '../helpers/case.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa, type Tsa } from '../helpers/tsa.ts';

const EV = 'evidence/EV-0001';
const SEAL = `${EV}/EV-0001.seal.p7s`;

let tsa: Tsa;
let other: Tsa;

/** The case was made in January 2026; authorities go by the machine's clock, and so must whoever attaches. */
const today = (made: TestCase): Effects => ({ ...made.fx, now: Date.now });

const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);

async function fileOf(bytes: string | Uint8Array): Promise<string> {
  const file = join(await tempDir(), 'file');
  writeFileSync(file, bytes);
  return file;
}

async function ask(made: TestCase, target: string): Promise<Buffer> {
  const { path } = await requestTimestamp(made.case, target, today(made));
  return readFileSync(path);
}

async function attach(
  made: TestCase,
  target: string,
  response: Uint8Array | string,
  more: Partial<Answer> = {},
  fx = today(made),
): Promise<StampAttached> {
  const answer = { response: await fileOf(response), chain: undefined, tsaTrust: undefined };
  return attachTimestamp(made.case, target, { ...answer, ...more }, fx);
}

async function stamp(
  made: TestCase,
  target: string,
  by: Tsa,
  more: Partial<Answer> = {},
): Promise<StampAttached> {
  return attach(made, target, await by.answer(await ask(made, target)), more);
}

async function checksOf(
  made: TestCase,
  tsaTrust?: string,
  more: Partial<VerifyRequest> = {},
): Promise<readonly Check[]> {
  const request: VerifyRequest = {
    caseDir: made.case.paths.dir,
    target: undefined,
    trust: undefined,
    tsaTrust,
    head: undefined,
    deep: false,
    ...more,
  };
  return (await verify(request, made.fx)).checks;
}

const of = (all: readonly Check[], id: string): Check[] => all.filter((one) => one.id === id);
const statuses = (all: readonly Check[], id: string): string[] =>
  of(all, id).map(({ status }) => status);
const code = (wanted: string): unknown => expect.objectContaining({ code: wanted });

describe.skipIf(!hasTool('openssl'))(needs('time-stamps of a case', 'openssl'), () => {
  beforeAll(async () => {
    [tsa, other] = await Promise.all([
      makeTsa({ key: 'rsa', intermediate: true }),
      makeTsa({ name: 'Second Opinion' }),
    ]);
  });

  test('a request is what openssl would ask, and is given again until it is answered', async () => {
    const made = await sealedCase();
    const first = await requestTimestamp(made.case, 'EV-0001', today(made));
    const { stdout } = await runProcess('openssl', ['ts', '-query', '-in', first.path, '-text']);
    expect(stdout).toMatch(/Hash Algorithm: sha256[^]*Nonce: 0x[^]*Certificate required: yes/);
    const { stdout: sum } = await runProcess('sha256sum', [at(made, SEAL)]);
    expect(first).toMatchObject({
      signature: SEAL,
      request: `${SEAL}.tsq`,
      sha256: sum.slice(0, 64),
    });
    expect(await requestTimestamp(made.case, 'EV-0001', today(made))).toEqual(first);
    // A request that waits does no harm, and proves nothing.
    const all = await checksOf(made);
    expect(all.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(statuses(all, 'seal.timestamp')).toEqual(['not_checked']);
  });

  test('two authorities: claimed and proven times side by side', async () => {
    const made = await sealedCase();
    const chain = await fileOf(tsa.chainPem);
    const one = await stamp(made, 'EV-0001', tsa, { chain, tsaTrust: tsa.rootFile });
    expect(one).toMatchObject({
      response: `${SEAL}.tsr`,
      authority: 'Test TSA',
      trusted: true,
      entry: 4,
    });
    const two = await stamp(made, 'EV-0001', other);
    expect(two).toMatchObject({
      response: `${SEAL}.tsr.2`,
      authority: 'Second Opinion',
      trusted: false,
    });
    expect(readdirSync(at(made, 'pki/tsa'))).toHaveLength(2);

    const nobody = await checksOf(made);
    expect(statuses(nobody, 'seal.timestamp')).toEqual(['not_checked', 'not_checked']);
    expect(statuses(nobody, 'seal.signer')).toEqual(['pass']);
    expect(of(nobody, 'seal.signer')[0]?.detail).toContain(
      'claimed 2026-01-02T03:04:05Z, proven by nobody',
    );

    // The other authority hangs on no root that was given: no proof, and no good time-stamp either.
    const believed = await checksOf(made, tsa.rootFile);
    expect(statuses(believed, 'seal.timestamp')).toEqual(['pass', 'fail']);
    const both = await fileOf(tsa.rootPem + other.rootPem);
    const all = await checksOf(made, both);
    expect(all.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(statuses(all, 'seal.timestamp')).toEqual(['pass', 'pass']);
    expect(of(all, 'seal.signer')[0]?.detail).toMatch(
      /at the proven time \(claimed 2026-01-02T03:04:05Z, proven 20\S+Z by Test TSA\)/,
    );
    expect(statuses(all, 'ledger.timestamped')).toEqual(['pass', 'pass']);

    // Outside of its case the chain in between is missing: whoever verifies brings it.
    const loose = join(await tempDir(), 'EV-0001');
    cpSync(at(made, EV), loose, { recursive: true });
    const outside = { caseDir: undefined, target: loose, trust: at(made, 'pki/root.pem') };
    const whole = await fileOf(tsa.rootPem + other.rootPem + tsa.chainPem);
    expect(statuses(await checksOf(made, whole, outside), 'seal.timestamp')).toEqual([
      'pass',
      'pass',
    ]);
    expect(statuses(await checksOf(made, both, outside), 'seal.timestamp')).toEqual([
      'fail',
      'pass',
    ]);

    // One that is on record and gone is missed.
    rmSync(at(made, `${SEAL}.tsr`));
    expect(statuses(await checksOf(made, both), 'ledger.timestamped')).toEqual(['fail', 'pass']);
  });

  test('one request to two authorities: both answers are kept, each with the request', async () => {
    const made = await sealedCase();
    const request = await ask(made, 'EV-0001');
    await attach(made, 'EV-0001', await tsa.answer(request), { chain: await fileOf(tsa.chainPem) });
    const second = await attach(made, 'EV-0001', await other.answer(request));
    expect(second.response).toBe(`${SEAL}.tsr.2`);
    expect(readFileSync(at(made, `${SEAL}.tsq.2`)).equals(request)).toBe(true);
    const both = await fileOf(tsa.rootPem + other.rootPem);
    expect(statuses(await checksOf(made, both), 'seal.timestamp')).toEqual(['pass', 'pass']);
  });

  test('what is no good answer is refused, and nothing is stored', async () => {
    const made = await sealedCase();
    const request = await ask(made, 'EV-0001');
    const first = await ask(made, at(made, 'custody/00000001.json'));
    const refused: readonly (readonly [string, Uint8Array | string, Partial<Answer>, string])[] = [
      ['of another file', await tsa.answer(first), {}, 'E_TAMPERED'],
      ['without its chain', await tsa.answer(request), { tsaTrust: tsa.rootFile }, 'E_TAMPERED'],
      ['by a stranger', await other.answer(request), { tsaTrust: tsa.rootFile }, 'E_TAMPERED'],
      ['no answer', 'not at all', {}, 'E_TAMPERED'],
      [
        'a trust without a root',
        await tsa.answer(request),
        { tsaTrust: await fileOf(tsa.chainPem) },
        'E_FORMAT',
      ],
      [
        'a chain that is not there',
        await tsa.answer(request),
        { chain: at(made, 'nothing') },
        'E_READ',
      ],
    ];
    for (const [what, response, more, wanted] of refused) {
      await expect(attach(made, 'EV-0001', response, more), what).rejects.toEqual(code(wanted));
    }
    const query = join(await tempDir(), 'x.tsq');
    await runProcess('openssl', [
      'ts',
      '-query',
      '-data',
      at(made, SEAL),
      '-sha256',
      '-cert',
      '-out',
      query,
    ]);
    const foreign = await other.answer(readFileSync(query));
    await expect(attach(made, 'EV-0001', foreign)).rejects.toEqual(code('E_TAMPERED'));
    const past = { ...today(made), now: made.fx.now };
    const good = await other.answer(request);
    await expect(attach(made, 'EV-0001', good, {}, past), 'a clock that is late').rejects.toEqual(
      code('E_TAMPERED'),
    );
    expect(readdirSync(at(made, EV)).filter((name) => name.includes('.tsr'))).toEqual([]);
    await attach(made, 'EV-0001', good);
    await expect(attach(made, 'EV-0001', good), 'twice').rejects.toEqual(code('E_EXISTS'));
  });

  test('what cannot be stamped', async () => {
    const made = await sealedCase();
    await expect(ask(made, 'EV-0002')).rejects.toEqual(code('E_NOT_SEALED'));
    await expect(ask(made, 'checkpoint')).rejects.toEqual(code('E_NOT_FOUND'));
    await expect(ask(made, '/etc/hostname')).rejects.toEqual(code('E_USAGE'));
    await expect(ask(made, at(made, 'case.json'))).rejects.toEqual(code('E_USAGE'));
    const broken = readFileSync(at(made, SEAL));
    broken[broken.length - 9]! ^= 1;
    writeFileSync(at(made, SEAL), broken);
    await expect(ask(made, 'EV-0001')).rejects.toEqual(code('E_TAMPERED'));
  });

  test('an answer without a nonce, from digits that were typed, is good too', async () => {
    const made = await sealedCase();
    const query = join(await tempDir(), 'typed.tsq');
    const { sha256 } = await requestTimestamp(made.case, 'EV-0001', today(made));
    const flags = ['-digest', sha256, '-sha256', '-cert', '-no_nonce', '-out', query];
    await runProcess('openssl', ['ts', '-query', ...flags]);
    const stored = await attach(made, 'EV-0001', await other.answer(readFileSync(query)));
    // The request with a nonce still waits for its own answer.
    expect(stored.response).toBe(`${SEAL}.tsr.2`);
    const found = of(await checksOf(made, other.rootFile), 'seal.timestamp');
    expect(found).toMatchObject([{ status: 'pass' }]);
    expect(found[0]?.detail).toContain('no nonce to compare');
  });

  test('a time-stamp beside the wrong signature, a changed request, junk', async () => {
    const made = await sealedCase();
    const first = 'custody/00000001.json.p7s';
    await stamp(made, at(made, first), other);
    cpSync(at(made, `${first}.tsr`), at(made, `${SEAL}.tsr`));
    await stamp(made, at(made, 'custody/00000002.json'), other);
    const request = readFileSync(at(made, 'custody/00000002.json.p7s.tsq'));
    request[request.length - 5]! ^= 1;
    writeFileSync(at(made, 'custody/00000002.json.p7s.tsq'), request);
    writeFileSync(at(made, `${SEAL}.tsr.2`), 'junk');
    mkdirSync(at(made, `${SEAL}.tsr.3`));
    const all = await checksOf(made, other.rootFile);
    expect(
      of(all, 'seal.timestamp').map(({ status, detail }) => [status, detail.slice(0, 34)]),
    ).toEqual([
      ['fail', 'the time-stamp is of another file'],
      ['fail', 'the time-stamp is not good: bytes '],
      ['fail', 'not a regular file of the size of a'.slice(0, 34)],
    ]);
    expect(statuses(all, 'ledger.timestamp')).toEqual(['pass', 'fail']);
    expect(statuses(all, 'evidence.files')).toEqual(['fail']);
  });

  test('a stamp of an entry proves all entries before it, and bounds those after it', async () => {
    const made = await sealedCase();
    await stamp(made, at(made, 'custody/00000003.json'), other);
    const trust = { tsaTrust: Buffer.from(other.rootPem) };
    const dir = made.case.paths.dir;
    const good = verifyLedger(dir, trust).checks;
    expect(statuses(good, 'ledger.timestamp')).toEqual(['pass']);
    expect(statuses(good, 'ledger.time')).toEqual(['not_checked']);
    expect(of(good, 'ledger.time')[0]?.detail).toMatch(
      /^entries 1 to 3: claimed \S+ to \S+, proven \S+ by Second Opinion; entry 4: claimed \S+, proven by nobody$/,
    );
    expect(of(verifyLedger(dir).checks, 'ledger.time')[0]?.detail).toContain(
      'no time-stamp authority',
    );
    // The last entry too: nothing is left to the signers' word.
    await stamp(made, at(made, 'custody/00000004.json'), other);
    rmSync(at(made, 'custody/00000005.json'));
    rmSync(at(made, 'custody/00000005.json.p7s'));
    expect(statuses(verifyLedger(dir, trust).checks, 'ledger.time')).toEqual(['pass']);
    // A clock that is set back after that: the entry follows one that names a time-stamp.
    await appendEntry(made.case, made.signer, made.fx, { event: 'note', reason: 'backdated' });
    const wrong = of(verifyLedger(dir, trust).checks, 'ledger.time');
    expect(wrong).toMatchObject([{ status: 'fail', subject: 'custody/00000005.json' }]);
    expect(wrong[0]?.detail).toContain('follows entry 4, which names a time-stamp');
  });

  test('a stamp of a checkpoint proves the entries under it', async () => {
    const made = await sealedCase();
    await custodyCheckpoint(made.case, made.fx);
    const stored = await stamp(made, 'checkpoint', other);
    expect(stored.response).toBe('custody/checkpoint-00000003.txt.p7s.tsr');
    const trust = { tsaTrust: Buffer.from(other.rootPem) };
    const dir = made.case.paths.dir;
    const good = verifyLedger(dir, trust).checks;
    expect(good.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(of(good, 'ledger.timestamp')).toMatchObject([
      { status: 'pass', subject: 'custody/checkpoint-00000003.txt.p7s.tsr' },
    ]);
    expect(of(good, 'ledger.time')[0]?.detail).toMatch(
      /^entries 1 to 3: .* proven \S+ by Second Opinion; /,
    );
    // Of a checkpoint that does not hold, a time-stamp proves nothing.
    const file = at(made, 'custody/checkpoint-00000003.txt');
    writeFileSync(file, readFileSync(file, 'latin1').replace(/\n./, '\n4'));
    expect(of(verifyLedger(dir, trust).checks, 'ledger.time')[0]?.detail).toContain(
      'no time-stamp authority',
    );
    // Of one that is gone, nothing else in the case tells.
    for (const end of ['', '.p7s']) rmSync(`${file}${end}`);
    expect(of(verifyLedger(dir, trust).checks, 'ledger.timestamped')).toMatchObject([
      { status: 'fail', detail: 'custody/checkpoint-00000003.txt.p7s is missing or has changed' },
    ]);
  });

  test('an entry that claims a time after the stamp that covers it', async () => {
    const made = await sealedCase();
    const later = { ...made.fx, now: () => Date.now() + 86_400_000 };
    await appendEntry(made.case, made.signer, later, { event: 'note', reason: 'a clock ahead' });
    const name = 'custody/00000004.json.p7s';
    const response = await other.answer(await ask(made, at(made, name)));
    await expect(attach(made, at(made, name), response)).rejects.toEqual(code('E_TAMPERED'));
    writeFileSync(at(made, `${name}.tsr`), response);
    const trust = { tsaTrust: Buffer.from(other.rootPem) };
    const all = verifyLedger(made.case.paths.dir, trust).checks;
    expect(of(all, 'ledger.time')).toMatchObject([
      { status: 'fail', subject: 'custody/00000004.json' },
    ]);
    expect(statuses(all, 'ledger.signer')).toEqual(['fail']);
    expect(dirname(of(all, 'ledger.signer')[0]?.subject ?? '')).toBe('custody');
  });
});
