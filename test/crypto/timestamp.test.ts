/** Time-stamps by an authority that openssl plays: good ones, every kind of bad one, and what `openssl ts -verify` says of each. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readBundle } from '#src/crypto/chain.ts';
import { pemBlocks, pemText } from '#src/crypto/pem.ts';
import { readSignedData } from '#src/crypto/signed-data.ts';
import { TST_INFO, tokenOf } from '#src/crypto/timestamp-token.ts';
import {
  encodeRequest,
  makeRequest,
  readRequest,
  type TimestampRequest,
} from '#src/crypto/timestamp-request.ts';
import {
  verifyTimestamp,
  type TimestampQuestion,
  type TimestampVerdict,
} from '#src/crypto/timestamp.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa, openssl, type Tsa, type TsaKind } from '../helpers/tsa.ts';

const STAMPED = Buffer.from('what a signature is\n');
const digest = createHash('sha256').update(STAMPED).digest();
const every = process.env['EXHIBIT_FULL_SWEEP'] === '1';

/** Everything that belongs to one answer. */
interface Answered {
  readonly tsa: Tsa;
  readonly request: TimestampRequest;
  readonly response: Buffer;
  readonly question: TimestampQuestion;
}

async function answered(tsa: Tsa, certificate?: string): Promise<Answered> {
  const request = makeRequest(digest);
  const response = await tsa.answer(encodeRequest(request), certificate);
  return { tsa, request, response, question: questionOf(tsa, request) };
}

function questionOf(tsa: Tsa, request: TimestampRequest | undefined): TimestampQuestion {
  return {
    stamped: STAMPED,
    request,
    between: readBundle(Buffer.from(tsa.chainPem)).others,
    roots: readBundle(Buffer.from(tsa.rootPem)).roots,
  };
}

const ask = (
  { response, question }: Answered,
  more: Partial<TimestampQuestion> = {},
): TimestampVerdict => verifyTimestamp(response, { ...question, ...more });

function reason(verdict: TimestampVerdict): string {
  return verdict.ok ? 'accepted' : verdict.reason;
}

/** True if openssl takes it for a time-stamp of the file, and for an answer to the request. */
async function opensslAgrees(
  { tsa, request, response }: Answered,
  stamped = STAMPED,
): Promise<boolean> {
  const dir = await tempDir();
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(dir, name), bytes);
    return join(dir, name);
  };
  const tsr = await file('x.tsr', response);
  const data = await file('x', stamped);
  const query = await file('x.tsq', encodeRequest(request));
  const chain = await file(
    'chain.pem',
    Buffer.from(tsa.chainPem === '' ? tsa.rootPem : tsa.chainPem),
  );
  const trust = ['-CAfile', tsa.rootFile, '-untrusted', chain];
  const results = await Promise.all(
    [
      ['-data', data],
      ['-queryfile', query],
    ].map((what) => runProcess('openssl', ['ts', '-verify', '-in', tsr, ...what, ...trust])),
  );
  return results.every(({ status }) => status === 0);
}

let rsa: Answered;
let ec: Answered;
let second: Tsa;

describe.skipIf(!hasTool('openssl'))(needs('time-stamps', 'openssl'), () => {
  beforeAll(async () => {
    const [one, two, three] = await Promise.all([
      makeTsa({ key: 'rsa', intermediate: true, name: 'RSA Stamps' }),
      makeTsa({ key: 'ec', name: 'EC Stamps' }),
      makeTsa({ key: 'ec', name: 'EC Stamps' }),
    ]);
    second = three;
    [rsa, ec] = await Promise.all([answered(one), answered(two)]);
  });

  test('RSA with a chain, and EC: we and openssl accept both, and read the same time', async () => {
    for (const [one, name] of [
      [rsa, 'RSA Stamps'],
      [ec, 'EC Stamps'],
    ] as const) {
      const verdict = ask(one);
      expect(verdict).toMatchObject({
        ok: true,
        trusted: true,
        name,
        accuracyUs: 1_000_000,
        policy: '1.2.3.4.1',
      });
      expect(await opensslAgrees(one)).toBe(true);
      const file = join(one.tsa.dir, 'out.tsr');
      const { stdout } = await runProcess('openssl', ['ts', '-reply', '-in', file, '-text']);
      const text = /Time stamp: (.*)/.exec(stdout)?.[1] ?? '';
      expect(verdict.ok && verdict.genTimeUs).toBe(Date.parse(text) * 1000);
    }
  });

  test('nobody who is trusted: judged but for the chain, and said to be so', () => {
    expect(ask(rsa, { roots: undefined })).toMatchObject({ ok: true, trusted: false });
    expect(ask(rsa, { roots: undefined, between: [] })).toMatchObject({ ok: true, trusted: false });
  });

  test('without the request the nonce is not compared, the file still is', () => {
    expect(ask(rsa, { request: undefined }).ok).toBe(true);
    expect(reason(ask(rsa, { request: undefined, stamped: Buffer.from('x') }))).toContain(
      'of another file',
    );
  });

  test('of another file, or for another request', async () => {
    expect(reason(ask(rsa, { stamped: Buffer.from('x') }))).toContain('of another file');
    expect(await opensslAgrees(rsa, Buffer.from('x'))).toBe(false);
    expect(reason(ask(rsa, { request: makeRequest(digest) }))).toContain('nonce');
    expect(await opensslAgrees({ ...rsa, request: makeRequest(digest) })).toBe(false);
    const elsewhere = { ...rsa.request, digest: randomBytes(32) };
    expect(reason(ask(rsa, { request: elsewhere }))).toContain('request is for another file');
  });

  test('a chain that misses a link, or hangs on another root', () => {
    expect(reason(ask(rsa, { between: [] }))).toContain('no chain');
    expect(reason(ask(rsa, { roots: ec.question.roots }))).toContain('no chain');
    // An authority of the same name: its key is another.
    const twin = questionOf(second, undefined);
    expect(reason(ask(ec, { roots: twin.roots }))).toContain('no chain');
    expect(reason(ask(rsa, { roots: [] }))).toContain('no chain');
  });

  test('refused by the authority', async () => {
    const query = Buffer.from(encodeRequest(rsa.request));
    // An algorithm that no authority knows: the last digit of SHA-256's identifier.
    const at = query.indexOf(Buffer.from('0304020105', 'hex')) + 3;
    query[at] = 0x63;
    const response = await rsa.tsa.answer(query);
    expect(reason(ask({ ...rsa, response }))).toMatch(/did not grant it: rejection, unrecognised/);
    expect(await opensslAgrees({ ...rsa, response })).toBe(false);
  });

  const END = '20210101000000Z';
  const bad: readonly (readonly [what: string, kind: TsaKind, says: string, openssl: boolean])[] = [
    ['a certificate that ended before', { to: END }, 'not valid at the time', false],
    [
      'a certificate that begins later',
      { from: '21000101000000Z' },
      'not valid at the time',
      false,
    ],
    ['a key of 1024 bits', { key: 'rsa-1024' }, 'no certificate at hand', true],
    ['a key with e = 3', { key: 'rsa-e3' }, 'no certificate at hand', true],
  ];
  test.each(bad)('an authority with %s', async (_, kind, says, agrees) => {
    const one = await answered(await makeTsa(kind));
    expect(reason(ask(one))).toContain(says);
    // OpenSSL has no opinion on key sizes unless its security level is raised.
    if (!agrees) expect(await opensslAgrees(one)).toBe(false);
  });

  /** openssl will not answer with such a certificate, so the good one of the same key is exchanged for it afterwards. */
  const purposes: readonly (readonly [what: string, extensions: string, says: string])[] = [
    ['a purpose that is not critical', 'extendedKeyUsage=timeStamping', 'not critical'],
    ['another purpose', 'extendedKeyUsage=critical,emailProtection', 'not for time-stamps alone'],
    [
      'a purpose more',
      'extendedKeyUsage=critical,timeStamping,emailProtection',
      'not for time-stamps alone',
    ],
    ['no purpose', 'subjectKeyIdentifier=hash', 'not for time-stamps alone'],
    [
      'another key usage',
      'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature,keyEncipherment',
      'other uses',
    ],
    [
      'the powers of an authority',
      'extendedKeyUsage=critical,timeStamping\nbasicConstraints=critical,CA:true',
      'other uses',
    ],
    [
      'an extension that nobody understands',
      'extendedKeyUsage=critical,timeStamping\n1.2.3.4=critical,DER:0500',
      'insists on',
    ],
  ];
  test.each(purposes)('a certificate with %s', async (what, extensions, says) => {
    const one = await forged(second, extensions);
    expect(reason(ask(one))).toContain(says);
    // OpenSSL lets an authority over certificates stamp too.
    expect(await opensslAgrees(one)).toBe(what === 'the powers of an authority');
  });

  test('the forger of these tests can make a good one too', async () => {
    const one = await forged(
      second,
      'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature',
    );
    expect(reason(ask(one))).toBe('accepted');
    expect(await opensslAgrees(one)).toBe(true);
  });

  test('an authority of another name than the token says', async () => {
    const [one, tsa] = await Promise.all([
      makeTsa({ key: 'ec', name: 'Elsewhere' }),
      makeTsa({ key: 'ec', name: 'Honest Joe' }),
    ]);
    const theirs = await answered(one);
    const swapped = await forged(tsa, 'extendedKeyUsage=critical,timeStamping', theirs);
    expect(reason(ask(swapped))).toContain('another name');
    expect(await opensslAgrees(swapped)).toBe(false);
  });

  test('a certificate of the same key and name in place of the one that is named by hash', async () => {
    const tsa = await makeTsa({ key: 'rsa' });
    const one = await answered(tsa);
    // The same in everything that the token names, but for a second of its validity.
    await writeFile(join(tsa.dir, 'index.txt'), '');
    await writeFile(join(tsa.dir, 'serial'), '1002\n');
    const dates = ['-startdate', '20200101000001Z', '-enddate', '21200101000000Z'];
    const by = ['-config', 'openssl.cnf', '-cert', 'root.pem', '-keyfile', 'root.key'];
    const to = ['-in', 'tsa.csr', '-out', 'twin.pem', '-extensions', 'tsa_ext', ...dates];
    await openssl(['ca', '-batch', '-notext', ...by, ...to], tsa.dir);
    const other = pemBlocks(await readFile(join(tsa.dir, 'twin.pem')), 'CERTIFICATE')[0]!;
    const mine = readBundle(Buffer.from(tsa.pem)).others[0]!.x509.raw;
    expect(other.length).toBe(mine.length);
    const at = one.response.indexOf(mine);
    const response = Buffer.concat([
      one.response.subarray(0, at),
      other,
      one.response.subarray(at + mine.length),
    ]);
    expect(reason(ask({ ...one, response }))).toContain('no certificate at hand');
    expect(await opensslAgrees({ ...one, response })).toBe(false);
  });

  test.each(['sha1', 'sha384'] as const)('names of certificates by %s', async (ess) => {
    const one = await answered(await makeTsa({ ess }));
    expect(reason(ask(one))).toBe('accepted');
    expect(await opensslAgrees(one)).toBe(true);
  });

  test('no bit of an answer can be changed and mean something else', () => {
    for (const one of [rsa, ec]) {
      const good = meaning(ask(one));
      const others: string[] = [];
      let same = 0;
      for (let offset = 0; offset < one.response.length; offset++) {
        const bits = every ? [0, 1, 2, 3, 4, 5, 6, 7] : [(offset * 5 + 3) % 8];
        for (const bit of bits) {
          const response = Buffer.from(one.response);
          response[offset]! ^= 1 << bit;
          const verdict = ask({ ...one, response });
          if (!verdict.ok) continue;
          same++;
          if (meaning(verdict) !== good) others.push(`${String(offset)}.${String(bit)}`);
        }
      }
      expect(others).toEqual([]);
      // What nobody signs and means nothing: the status (granted either way), version numbers.
      expect(same).toBeLessThan(6);
    }
  });

  test('cut, lengthened and doubled answers are refused', () => {
    for (let length = 0; length < rsa.response.length; length += 7) {
      expect(ask({ ...rsa, response: rsa.response.subarray(0, length) }).ok).toBe(false);
    }
    for (const tail of [Buffer.from([0]), rsa.response]) {
      expect(ask({ ...rsa, response: Buffer.concat([rsa.response, tail]) }).ok).toBe(false);
    }
  });

  test('whatever the bytes: an answer, never a crash, never a time that nobody signed', () => {
    const good = meaning(ask(ec));
    const splice = fc.record({
      at: fc.nat(ec.response.length),
      cut: fc.nat(40),
      put: fc.uint8Array({ maxLength: 40 }),
      from: fc.nat(ec.response.length),
      copy: fc.nat(60),
    });
    fc.assert(
      fc.property(splice, ({ at, cut, put, from, copy }) => {
        const response = Buffer.concat([
          ec.response.subarray(0, at),
          put,
          ec.response.subarray(from, from + copy),
          ec.response.subarray(at + cut),
        ]);
        const verdict = ask({ ...ec, response });
        if (verdict.ok) expect(meaning(verdict)).toBe(good);
      }),
      { numRuns: fuzzRuns(300) },
    );
    // Well-formed DER of any shape, which gets past the first gate.
    const leaf = fc
      .tuple(
        fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 23, 24, 0x80),
        fc.uint8Array({ maxLength: 20 }),
      )
      .map(([tag, body]) => tlv(tag, Buffer.from(body)));
    const { tree } = fc.letrec<{ tree: Buffer; node: Buffer }>((tie) => ({
      tree: fc.oneof({ maxDepth: 6, withCrossShrink: true }, leaf, tie('node')),
      node: fc
        .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa1), fc.array(tie('tree'), { maxLength: 6 }))
        .map(([tag, parts]) => tlv(tag, Buffer.concat(parts))),
    }));
    fc.assert(
      fc.property(tree, (token) => {
        const status = Buffer.from('3003020100', 'hex');
        const signedData = Buffer.from('06092a864886f70d010702', 'hex');
        for (const inner of [token, tlv(0x30, Buffer.concat([signedData, tlv(0xa0, token)]))]) {
          const response = tlv(0x30, Buffer.concat([status, inner]));
          expect(ask({ ...ec, response }).ok).toBe(false);
        }
      }),
      { numRuns: fuzzRuns(300) },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (response) => {
        expect(ask({ ...ec, response: Buffer.from(response) }).ok).toBe(false);
      }),
      { numRuns: fuzzRuns(100) },
    );
  });
});

test('requests are read back, and nothing else is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const request = makeRequest(Buffer.from(bytes));
      expect(readRequest(encodeRequest(request))).toEqual(request);
    }),
  );
  const good = encodeRequest(makeRequest(digest));
  for (let index = 0; index < good.length * 8; index++) {
    const mutant = Buffer.from(good);
    mutant[index >> 3]! ^= 1 << (index & 7);
    // A changed digest or nonce is another request; every other bit spoils the form.
    const content = index >> 3 >= 24 && index >> 3 < 67;
    if (!content) expect(() => readRequest(mutant), String(index)).toThrow();
  }
});

test('nested beyond any stack, and huge', () => {
  const question = { stamped: STAMPED, request: undefined, between: [], roots: [] };
  expect(verifyTimestamp(Buffer.alloc(200_000, Buffer.from([0x30, 0x80])), question).ok).toBe(
    false,
  );
  expect(verifyTimestamp(Buffer.alloc(10_000_000, 0x30), question).ok).toBe(false);
});

function tlv(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

/** Everything that an accepted time-stamp says. */
function meaning(verdict: TimestampVerdict): string {
  if (!verdict.ok) return verdict.reason;
  const { genTimeUs, accuracyUs, serial, policy, authority, trusted, name } = verdict;
  const certificate = authority.x509.fingerprint256;
  return JSON.stringify({ genTimeUs, accuracyUs, serial, policy, certificate, trusted, name });
}

/** DER of a certificate for the authority's key and name. */
async function certificateFor(tsa: Tsa, extensions: string, serial: string): Promise<Buffer> {
  await writeFile(join(tsa.dir, 'ext.cnf'), `${extensions}\n`);
  const by = [
    '-CA',
    'root.pem',
    '-CAkey',
    'root.key',
    '-set_serial',
    `0x${serial}`,
    '-days',
    '3650',
  ];
  const to = ['-extfile', 'ext.cnf', '-outform', 'DER', '-out', 'forged.der'];
  await openssl(['x509', '-req', '-in', 'tsa.csr', ...by, ...to], tsa.dir);
  return readFile(join(tsa.dir, 'forged.der'));
}

/**
 * An answer with a certificate that `openssl ts` would not use: the TSTInfo of a good one, signed by `openssl cms`, which asks
 * nothing.
 */
async function forged(tsa: Tsa, extensions: string, from?: Answered): Promise<Answered> {
  // First, for it begins now.
  const der = await certificateFor(tsa, extensions, '2002');
  const own = await answered(tsa);
  const one =
    from === undefined
      ? own
      : { ...own, ...from, tsa, question: { ...own.question, request: from.request } };
  const { content = Buffer.alloc(0) } = readSignedData(tokenOf(one.response));
  await writeFile(join(tsa.dir, 'tst'), content);
  await writeFile(join(tsa.dir, 'forged.pem'), pemText('CERTIFICATE', der));
  const as = ['-econtent_type', TST_INFO, '-nodetach', '-cades', '-nosmimecap', '-md', 'sha256'];
  const by = ['-signer', 'forged.pem', '-inkey', 'tsa.key', '-outform', 'DER', '-out', 'token'];
  await openssl(['cms', '-sign', '-binary', '-in', 'tst', ...as, ...by], tsa.dir);
  const token = await readFile(join(tsa.dir, 'token'));
  const body = Buffer.concat([Buffer.from('3003020100', 'hex'), token]);
  const length = Buffer.from([0x30, 0x82, body.length >> 8, body.length & 0xff]);
  return { ...one, response: Buffer.concat([length, body]) };
}
