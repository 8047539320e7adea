/** Requests for time-stamps (RFC 3161 section 2.4.1) in the one form exhibit writes: SHA-256, a nonce, certificate wanted. */
import type { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { hashAlgorithm } from './algorithms.ts';
import { algorithm, encode, integer, integerOf, octets, sequence, truthValue } from './der.ts';
import {
  DerError,
  Fields,
  natural,
  octetsOf,
  readDer,
  smallNatural,
  TAG,
  truth,
} from './der-read.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';

/** What a request asks for. */
export interface TimestampRequest {
  /** SHA-256 of the file to be stamped. */
  readonly digest: Buffer;
  /** The answer must repeat it: it is then no older than the request. */
  readonly nonce: bigint;
}

/** A request for a digest, with a new nonce of 63 bits. */
export function makeRequest(digest: Buffer): TimestampRequest {
  const bytes = randomBytes(8);
  // Positive, and of full length whatever the chance.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return { digest, nonce: bytes.readBigUInt64BE() };
}

/** DER of a request: what `openssl ts -query -sha256 -cert` writes for that nonce. */
export function encodeRequest({ digest, nonce }: TimestampRequest): Buffer {
  return encode(
    sequence(
      integer(1),
      sequence(algorithm(SHA256), octets(digest)),
      integerOf(nonce),
      truthValue(true),
    ),
  );
}

/**
 * Reads a request of our form.
 * @throws DerError when the bytes are any other.
 */
export function readRequest(bytes: Uint8Array): TimestampRequest {
  const fields = new Fields(readDer(bytes));
  smallNatural(fields.take());
  const imprint = new Fields(fields.take());
  hashAlgorithm(imprint.take());
  const digest = octetsOf(imprint.take());
  const nonce = natural(fields.take());
  const wantsCertificate = fields.maybe(TAG.boolean);
  const request = { digest, nonce };
  if (
    wantsCertificate === undefined ||
    !truth(wantsCertificate) ||
    !encodeRequest(request).equals(bytes)
  ) {
    throw new DerError('not a time-stamp request of the documented form');
  }
  return request;
}
