/** Signatures of other programs: `openssl cms -sign` with keys and forms of every kind. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readBundle } from '#src/crypto/chain.ts';
import { verifyForm } from '#src/crypto/cms-verify.ts';
import { verifyForeign, type ForeignTrust, type ForeignVerdict } from '#src/crypto/foreign.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa, openssl, type Tsa, type TsaKind } from '../helpers/tsa.ts';

const CONTENT = Buffer.from('Received in good order.\n');
const PERSON: TsaKind = {
  purpose: 'emailProtection',
  usage: 'critical,digitalSignature,nonRepudiation',
  name: 'Bob Receiver',
};

let bob: Tsa;
let good: Buffer;

/** A signature by the holder of an authority's certificate, who is a person here. */
async function sign(by: Tsa, ...flags: string[]): Promise<Buffer> {
  await writeFile(join(by.dir, 'content'), CONTENT);
  const who = ['-signer', 'tsa.pem', '-inkey', 'tsa.key', '-in', 'content'];
  const how = flags.includes('-md') ? flags : ['-md', 'sha256', ...flags];
  await openssl(
    ['cms', '-sign', '-binary', '-outform', 'DER', '-out', 'out.p7s', ...who, ...how],
    by.dir,
  );
  return readFile(join(by.dir, 'out.p7s'));
}

function trust(by: Tsa): ForeignTrust {
  const defaultUs = Date.now() * 1000;
  return {
    roots: readBundle(Buffer.from(by.rootPem)).roots,
    between: readBundle(Buffer.from(by.chainPem)).others,
    defaultUs,
  };
}

const ask = (p7s: Uint8Array, by = bob, content = CONTENT): ForeignVerdict =>
  verifyForeign(content, p7s, trust(by));
const believed = (verdict: ForeignVerdict): boolean => verdict.ok && verdict.problem === undefined;

describe.skipIf(!hasTool('openssl'))(needs('signatures of other programs', 'openssl'), () => {
  beforeAll(async () => {
    bob = await makeTsa({ ...PERSON, key: 'ec', intermediate: true });
    good = await sign(bob);
  });

  test('EC with a chain; named by key; SHA-384 and SHA-512; with CAdES attributes; with the chain inside', async () => {
    expect(ask(good)).toMatchObject({
      ok: true,
      name: 'Bob Receiver',
      judged: true,
      problem: undefined,
    });
    for (const flags of [
      ['-keyid'],
      ['-md', 'sha384'],
      ['-md', 'sha512'],
      ['-cades'],
      ['-nosmimecap'],
    ]) {
      expect(believed(ask(await sign(bob, ...flags))), flags.join(' ')).toBe(true);
    }
    const inside = await sign(bob, '-certfile', 'middle.pem');
    expect(believed(verifyForeign(CONTENT, inside, { ...trust(bob), between: [] }))).toBe(true);
    expect(believed(verifyForeign(CONTENT, good, { ...trust(bob), between: [] }))).toBe(false);
    // Without the signer's certificate inside, the verifier brings it.
    const without = await sign(bob, '-nocerts');
    expect(ask(without).ok).toBe(false);
    const own = readBundle(Buffer.from(bob.pem)).others;
    const more = { ...trust(bob), between: [...own, ...trust(bob).between] };
    expect(believed(verifyForeign(CONTENT, without, more))).toBe(true);
  });

  test('none of them is taken for a signature of a case', async () => {
    for (const flags of [[], ['-nosmimecap'], ['-keyid'], ['-cades']]) {
      expect(verifyForm(CONTENT, await sign(bob, ...flags)).ok).toBe(false);
    }
  });

  test('what is refused', async () => {
    const refused: readonly (readonly [string, Buffer])[] = [
      ['attached', await sign(bob, '-nodetach')],
      ['without signed attributes', await sign(bob, '-noattr')],
      ['SHA-1', await sign(bob, '-md', 'sha1')],
      ['two signers', await sign(bob, '-signer', 'middle.pem', '-inkey', 'middle.key')],
      ['indefinite lengths', await sign(bob, '-stream', '-nodetach')],
    ];
    for (const [what, p7s] of refused) expect(ask(p7s).ok, what).toBe(false);
    expect(ask(good, bob, Buffer.from('Received in bad order.\n')).ok).toBe(false);
    expect(verifyForeign(CONTENT, good, { ...trust(bob), roots: undefined })).toMatchObject({
      ok: true,
      judged: false,
    });
    const stranger = await makeTsa({ ...PERSON, key: 'ec' });
    expect(believed(ask(good, stranger))).toBe(false);
    const weak: readonly TsaKind[] = [
      { key: 'rsa' },
      { key: 'rsa-e3' },
      { key: 'ec', usage: 'critical,keyEncipherment' },
      { key: 'ec', to: '20210101000000Z' },
    ];
    for (const kind of weak) {
      const one = await makeTsa({ ...PERSON, ...kind });
      expect(believed(ask(await sign(one), one)), JSON.stringify(kind)).toBe(false);
    }
  });

  test('no bit can be changed and mean something else', () => {
    const meaning = (verdict: ForeignVerdict): string =>
      verdict.ok
        ? JSON.stringify([
            verdict.name,
            verdict.claimedUs,
            verdict.problem,
            verdict.signer.x509.fingerprint256,
          ])
        : verdict.reason;
    const first = meaning(ask(good));
    for (let offset = 0; offset < good.length; offset++) {
      const mutant = Buffer.from(good);
      mutant[offset]! ^= 1 << ((offset * 5 + 3) % 8);
      const verdict = ask(mutant);
      if (believed(verdict)) expect(meaning(verdict), String(offset)).toBe(first);
    }
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.nat(40),
        fc.uint8Array({ maxLength: 40 }),
        (at, cut, put) => {
          const verdict = ask(Buffer.concat([good.subarray(0, at), put, good.subarray(at + cut)]));
          if (believed(verdict)) expect(meaning(verdict)).toBe(first);
        },
      ),
      { numRuns: fuzzRuns(200) },
    );
    expect(ask(Buffer.alloc(100_000, Buffer.from([0x30, 0x80]))).ok).toBe(false);
    expect(ask(Buffer.alloc(1_000_000, 0x30)).ok).toBe(false);
  });

  test('on the command line', async () => {
    await writeFile(join(bob.dir, 'receipt.txt'), CONTENT);
    await writeFile(join(bob.dir, 'receipt.txt.p7s'), good);
    await writeFile(join(bob.dir, 'trust.pem'), bob.rootPem + bob.chainPem);
    const args = ['custody', 'signature', join(bob.dir, 'receipt.txt')];
    const believing = await exhibitJson([...args, '--trust', join(bob.dir, 'trust.pem')]);
    expect(believing).toMatchObject({
      status: 0,
      json: { ok: true, checks: [{ status: 'pass' }, { status: 'pass' }] },
    });
    expect(await exhibitJson(args)).toMatchObject({
      status: 0,
      json: { checks: [{ status: 'pass' }, { status: 'not_checked' }] },
    });
    const other = [
      ...args.slice(0, 2),
      join(bob.dir, 'trust.pem'),
      join(bob.dir, 'receipt.txt.p7s'),
    ];
    expect(await exhibitJson(other)).toMatchObject({ status: 1, json: { ok: false } });
  });
});
