/** ASN.1 DER in few words, over node-forge's encoder. Bytes are Buffers outside, forge's binary strings inside. */
import { Buffer } from 'node:buffer';
import type forge from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';

/** A node of forge's ASN.1 tree. */
export type Asn1 = forge.asn1.Asn1;

const { Class, Type } = asn1;

export function sequence(...members: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...members]);
}

/** SET OF; the caller gives the members in DER order (X.690 section 11.6: sorted by their encodings). */
export function set(...members: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...members]);
}

/** Context-specific constructed tag `[0]`, the only one CMS of our form needs. */
export function contextZero(...members: readonly Asn1[]): Asn1 {
  // forge types every tag as a universal type; NONE is the number 0.
  return asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, true, [...members]);
}

export function oid(dotted: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

/** A non-negative INTEGER below 2^31. */
export function integer(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

/** A non-negative INTEGER of any size. */
export function integerOf(value: bigint): Asn1 {
  const digits = value.toString(16);
  // A first bit of one would make it negative.
  const hex =
    digits.length % 2 === 1 ? `0${digits}` : /^[89a-f]/.test(digits) ? `00${digits}` : digits;
  return asn1.create(
    Class.UNIVERSAL,
    Type.INTEGER,
    false,
    Buffer.from(hex, 'hex').toString('latin1'),
  );
}

export function truthValue(value: boolean): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, value ? '\u00ff' : '\u0000');
}

export function octets(bytes: Uint8Array): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, toBinary(bytes));
}

function nullValue(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.NULL, false, '');
}

/** A SEQUENCE of an algorithm's OID and NULL parameters. */
export function algorithm(dotted: string): Asn1 {
  return sequence(oid(dotted), nullValue());
}

/**
 * Time to the second as CMS and X.509 want it: UTCTime for 1950 to 2049, GeneralizedTime outside
 * (RFC 5652 section 11.3, RFC 5280 section 4.1.2.5).
 * @param timeUs microseconds since 1970 UTC; the part below a second is cut.
 */
export function time(timeUs: number): Asn1 {
  const digits = new Date(Math.floor(timeUs / 1_000_000) * 1000)
    .toISOString()
    .slice(0, 19)
    .replace(/[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, `${digits.slice(2)}Z`)
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, `${digits}Z`);
}

/** Microseconds UTC of a {@link time} node. @throws Error when it is none. */
export function readTime(node: Asn1): number {
  const text = typeof node.value === 'string' ? node.value : '';
  const match = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) throw new Error('not a time');
  const [, century, year, month, day, hour, minute, second] = match.map(Number);
  const y = year ?? NaN;
  const full =
    Number.isNaN(century) || century === undefined ? (y < 50 ? 2000 : 1900) + y : century * 100 + y;
  const ms = Date.UTC(full, (month ?? NaN) - 1, day, hour, minute, second);
  if (Number.isNaN(ms)) throw new Error('not a time');
  return ms * 1000;
}

/** DER bytes of a node. */
export function encode(node: Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/**
 * Parses DER. What forge accepts is not trusted to be DER: callers encode again and compare.
 * @throws Error of forge on anything it cannot read.
 */
export function decode(bytes: Uint8Array): Asn1 {
  // The published types know only the older boolean; `decodeBitStrings: false` keeps a BIT STRING's bytes as they are.
  const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
  return asn1.fromDer(toBinary(bytes), options as unknown as boolean);
}

/** The n-th member of a constructed node. @throws Error when there is none. */
export function member(node: Asn1, index: number): Asn1 {
  const found = Array.isArray(node.value) ? node.value[index] : undefined;
  if (found === undefined) throw new Error('an expected ASN.1 member is missing');
  return found;
}

/** Bytes of a primitive node. @throws Error when it is constructed. */
export function content(node: Asn1): Buffer {
  if (typeof node.value !== 'string') throw new Error('an ASN.1 value is not primitive');
  return Buffer.from(node.value, 'latin1');
}

/** forge holds bytes as a string of characters U+0000 to U+00FF. */
function toBinary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
