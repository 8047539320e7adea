/** The payload of age files against the package's own, and what no chunk may do. */
import { Buffer } from 'node:buffer';
import { createCipheriv, hkdfSync } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decrypted, encrypt } from '#src/transfer/age.ts';
import { BadChunk, decryptPayload, encryptPayload, payloadSize } from '#src/transfer/age-stream.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';

const CHUNK = 65_536;
const TAG = 16;
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const KEY = Buffer.alloc(16, 7);
const NONCE = Buffer.alloc(16, 9);
const BORDERS = [0, 1, 65_519, 65_520, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 400_000];

/** Not the same twice, so that a lost or exchanged chunk shows. */
const plainOf = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 16)) & 255));

/** In pieces of these sizes, over and over, in one buffer that is overwritten as the contract allows. */
async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const lent = Buffer.alloc(Math.max(1, ...sizes));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
    lent.fill(0xee);
    lent.set(bytes.subarray(at, at + size));
    yield Promise.resolve(lent.subarray(0, size));
    at += size;
  }
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of stream) found.push(Buffer.from(piece));
  return Buffer.concat(found);
}

const seal = (bytes: Uint8Array, sizes = [10_007]): Promise<Buffer> =>
  all(encryptPayload(pieces(bytes, sizes), KEY, NONCE));
const open = (bytes: Uint8Array, sizes = [10_007]): Promise<Buffer> =>
  all(decryptPayload(pieces(bytes, sizes), KEY));

test.each(BORDERS)('%i bytes: the package opens ours, and we open its', async (length) => {
  const bytes = plainOf(length);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const ours = await encrypt(pieces(bytes, [4096]), { recipients: [recipient] });
  const cipher = await all(ours.pieces);
  expect(cipher.length).toBe(ours.size(length));
  expect(bytes.equals(await decrypter.decrypt(cipher))).toBe(true);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const theirs = await encrypter.encrypt(bytes);
  const unlock = { identities: [identity] };
  expect((await all(decrypted(pieces(theirs, [4096]), unlock, 'x'))).equals(bytes)).toBe(true);
});

test('a passphrase: the package opens ours, and we open its', async () => {
  const bytes = plainOf(70_000);
  const decrypter = new Decrypter();
  decrypter.addPassphrase('tr0ub4dor');
  const lock = { passphrase: 'tr0ub4dor', logN: 8 };
  const cipher = await all((await encrypt(pieces(bytes, [999]), lock)).pieces);
  expect(bytes.equals(await decrypter.decrypt(cipher))).toBe(true);
  const encrypter = new Encrypter();
  encrypter.setPassphrase('tr0ub4dor');
  encrypter.setScryptWorkFactor(8);
  const theirs = await encrypter.encrypt(bytes);
  expect((await all(decrypted(pieces(theirs, [999]), lock, 'x'))).equals(bytes)).toBe(true);
});

test('the same bytes in pieces of any size give the same payload, and come back', async () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 200_000 }),
    fc.constantFrom(1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + TAG, 2 * (CHUNK + TAG)),
  );
  const sizes = fc.array(size, { minLength: 1, maxLength: 4 });
  const length = fc.oneof(fc.constantFrom(...BORDERS), fc.nat(300_000));
  await fc.assert(
    fc.asyncProperty(length, sizes, sizes, async (bytes, first, second) => {
      // A byte at a time of much is a test of patience.
      const least = Math.ceil(bytes / 300);
      const floor = (all: readonly number[]): number[] => all.map((one) => Math.max(one, least));
      const plain = plainOf(bytes);
      const payload = await seal(plain, floor(first));
      expect(payload.length).toBe(payloadSize(bytes));
      expect(payload.equals(await seal(plain))).toBe(true);
      expect((await open(payload, floor(second))).equals(plain)).toBe(true);
    }),
    { numRuns: fuzzRuns(25) },
  );
});

test('any change of a payload is refused, and gives out nothing that was not encrypted', async () => {
  const plain = plainOf(150_000);
  const payload = await seal(plain);
  const edit = fc.record({ at: fc.nat(payload.length), cut: fc.nat(20), put: fc.uint8Array() });
  await fc.assert(
    fc.asyncProperty(edit, async ({ at, cut, put }) => {
      const mutant = Buffer.concat([payload.subarray(0, at), put, payload.subarray(at + cut)]);
      let given = 0;
      const read = async (): Promise<void> => {
        for await (const piece of decryptPayload(pieces(mutant, [30_000]), KEY)) {
          expect(plain.subarray(given, given + piece.length).equals(piece)).toBe(true);
          given += piece.length;
        }
      };
      if (mutant.equals(payload)) await read();
      else await expect(read()).rejects.toThrow(BadChunk);
    }),
    { numRuns: fuzzRuns(60) },
  );
});

/** A chunk as whoever has the key could make it. */
function chunk(number: number, last: boolean, body: Uint8Array): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  const key = Buffer.from(hkdfSync('sha256', KEY, NONCE, 'payload', 32));
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  const sealed = cipher.update(body);
  cipher.final();
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

const FULL = Buffer.alloc(CHUNK, 'a');

test.each([
  ['no chunk', [], 16],
  ['half a nonce', undefined, 0],
  [
    'an empty chunk at the end of others',
    [chunk(0, false, FULL), chunk(1, true, Buffer.of())],
    65_568,
  ],
  ['a last chunk before the end', [chunk(0, true, FULL), chunk(1, true, FULL)], 16],
  ['no last chunk', [chunk(0, false, FULL), chunk(1, false, FULL)], 65_568],
  [
    'a short chunk that is not the last',
    [chunk(0, false, FULL.subarray(1)), chunk(1, true, FULL)],
    16,
  ],
  ['a chunk twice', [chunk(0, false, FULL), chunk(0, false, FULL), chunk(1, true, FULL)], 65_568],
  ['a chunk left out', [chunk(0, false, FULL), chunk(2, true, FULL)], 65_568],
])('%s is refused, with its place', async (_what, made, offset) => {
  const payload = made === undefined ? NONCE.subarray(0, 8) : Buffer.concat([NONCE, ...made]);
  await expect(open(payload)).rejects.toMatchObject({ offset });
});

test('a last chunk that is full, and a file of one empty chunk, are good', async () => {
  const two = Buffer.concat([NONCE, chunk(0, false, FULL), chunk(1, true, FULL)]);
  expect((await open(two)).equals(Buffer.concat([FULL, FULL]))).toBe(true);
  expect((await seal(Buffer.concat([FULL, FULL]))).equals(two)).toBe(true);
  expect((await open(Buffer.concat([NONCE, chunk(0, true, Buffer.of())]))).length).toBe(0);
});
