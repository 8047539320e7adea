/**
 * The payload of an age file (C2SP, "age file encryption format", section "Payload"): STREAM over chunks of 64 KiB, each
 * ChaCha20-Poly1305 (RFC 8439) under a key that HKDF-SHA-256 makes of the file key and a nonce of 16 bytes. The nonce of a
 * chunk is its number in 11 bytes and a byte that is 1 for the last, so none can be moved, and none cut off unnoticed.
 */
import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Plaintext of a chunk; the last one may be shorter, and is empty only where all is. */
const CHUNK_BYTES = 64 * 1024;
/** Poly1305 tag after each chunk. */
const TAG_BYTES = 16;
/** Before the first chunk. */
const NONCE_BYTES = 16;

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** A chunk that is not what was encrypted, or an end that is missing. */
export class BadChunk extends Error {
  /** Where it begins in the payload, in bytes. */
  readonly offset: number;

  constructor(offset: number) {
    super('a chunk does not authenticate');
    this.offset = offset;
  }
}

/** Length of the payload for a plaintext of so many bytes. */
export function payloadSize(plain: number): number {
  const chunks = Math.max(1, Math.ceil(plain / CHUNK_BYTES));
  return NONCE_BYTES + plain + TAG_BYTES * chunks;
}

/**
 * Encrypts a stream.
 * @param plain pieces need to stay valid only until the next one is asked for.
 * @param nonce for tests; a file key is never used with the same nonce twice.
 */
export async function* encryptPayload(
  plain: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): AsyncGenerator<Uint8Array, undefined> {
  const key = streamKey(fileKey, nonce);
  yield nonce;
  let number = 0;
  const seal = (chunk: Uint8Array, last: boolean): Uint8Array[] => {
    const cipher = createCipheriv(ALGORITHM, key, chunkNonce(number++, last), OPTIONS);
    const body = cipher.update(chunk);
    cipher.final();
    return [body, cipher.getAuthTag()];
  };
  for await (const { chunk, last } of chunks(plain, CHUNK_BYTES)) yield* seal(chunk, last);
}

/**
 * Decrypts a stream. What is given out was authenticated; that nothing is missing is known at the end.
 * @param payload nonce and chunks; pieces need to stay valid only until the next one is asked for.
 * @throws BadChunk; what `payload` throws.
 */
export async function* decryptPayload(
  payload: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
): AsyncGenerator<Uint8Array, undefined> {
  const { nonce, rest } = await takeNonce(payload);
  if (nonce.length < NONCE_BYTES) throw new BadChunk(0);
  const key = streamKey(fileKey, nonce);
  let number = 0;
  for await (const { chunk, last } of chunks(rest, CHUNK_BYTES + TAG_BYTES)) {
    const offset = NONCE_BYTES + number * (CHUNK_BYTES + TAG_BYTES);
    const size = chunk.length - TAG_BYTES;
    // Only an empty file ends with an empty chunk.
    if (size < 0 || (size === 0 && number > 0)) throw new BadChunk(offset);
    const decipher = createDecipheriv(ALGORITHM, key, chunkNonce(number, last), OPTIONS);
    decipher.setAuthTag(chunk.subarray(size));
    const body = decipher.update(chunk.subarray(0, size));
    try {
      decipher.final();
    } catch {
      throw new BadChunk(offset);
    }
    number += 1;
    if (body.length > 0) yield body;
  }
}

function streamKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

function chunkNonce(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  // The upper five of the eleven bytes would count beyond 2^48 chunks.
  nonce.writeUIntBE(number, 5, 6);
  if (last) nonce[11] = 1;
  return nonce;
}

/** Cuts a stream into chunks of one size; the last is known for that, and may be shorter or, of no bytes at all, empty. */
async function* chunks(
  stream: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly chunk: Uint8Array; readonly last: boolean }, undefined> {
  const held = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const piece of stream) {
    let from = 0;
    while (from < piece.length) {
      // A full chunk is not the last one: here comes more.
      if (filled === size) {
        yield { chunk: held, last: false };
        filled = 0;
      }
      while (filled === 0 && piece.length - from > size) {
        yield { chunk: piece.subarray(from, from + size), last: false };
        from += size;
      }
      const part = piece.subarray(from, from + size - filled);
      held.set(part, filled);
      filled += part.length;
      from += part.length;
    }
  }
  yield { chunk: held.subarray(0, filled), last: true };
}

async function takeNonce(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly nonce: Buffer; readonly rest: AsyncIterable<Uint8Array> }> {
  const pieces = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < NONCE_BYTES) {
    const next = await pieces.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const rest = async function* (): AsyncGenerator<Uint8Array, undefined> {
    yield head.subarray(NONCE_BYTES);
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      yield next.value;
    }
  };
  return { nonce: head.subarray(0, NONCE_BYTES), rest: rest() };
}
