/**
 * A strict reader of DER (ITU-T X.690, section 10 and 11): definite, shortest lengths; shortest integers and identifiers;
 * nothing left over. For what strangers encoded, where there is no rebuild and compare (cms-verify.ts) to catch the rest.
 * It descends only where the caller asks, so that no nesting exhausts the stack.
 */
import { Buffer } from 'node:buffer';

/** Identifier octets (X.690 section 8.1.2) of the types that are read here. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of a context-specific tag below 31. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return 0x80 | (form === 'constructed' ? 0x20 : 0) | number;
}

/** One value: views into the bytes that were read. */
export interface Der {
  /** Identifier octet. */
  readonly tag: number;
  /** The whole encoding. */
  readonly bytes: Buffer;
  /** The contents octets. */
  readonly body: Buffer;
}

/** The bytes are not the DER that was expected. Never leaves src/crypto: it becomes a reason there. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** The one value that the bytes are. @throws DerError. */
export function readDer(bytes: Uint8Array): Der {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = valueAt(buffer, 0);
  if (value.bytes.length !== buffer.length) throw new DerError('bytes after the end');
  return value;
}

/** The members of a constructed value, taken one after the other. Every member must be taken: {@link Fields.end}. */
export class Fields {
  readonly #body: Buffer;
  #offset = 0;

  constructor(node: Der, tag: number = TAG.sequence) {
    if (node.tag !== tag) throw new DerError(`tag ${hex(node.tag)} instead of ${hex(tag)}`);
    this.#body = node.body;
  }

  /** Whether members are left. */
  get more(): boolean {
    return this.#offset < this.#body.length;
  }

  /** The next member. @throws DerError when there is none, or it has another tag. */
  take(tag?: number): Der {
    const value = valueAt(this.#body, this.#offset);
    if (tag !== undefined && value.tag !== tag) {
      throw new DerError(`tag ${hex(value.tag)} instead of ${hex(tag)}`);
    }
    this.#offset += value.bytes.length;
    return value;
  }

  /** The next member if it has this tag. */
  maybe(tag: number): Der | undefined {
    return this.#body[this.#offset] === tag ? this.take(tag) : undefined;
  }

  /** @throws DerError when members are left. */
  end(): void {
    if (this.more) throw new DerError('a member too many');
  }
}

/** All members of a constructed value. @throws DerError. */
export function members(node: Der, tag: number = TAG.sequence): Der[] {
  const fields = new Fields(node, tag);
  const found: Der[] = [];
  while (fields.more) found.push(fields.take());
  return found;
}

/** The single member of an explicit tag or a set. @throws DerError. */
export function only(node: Der, tag: number): Der {
  const [first, ...rest] = members(node, tag);
  if (first === undefined || rest.length > 0) throw new DerError('not exactly one member');
  return first;
}

/** Dotted text of an OBJECT IDENTIFIER (X.690 section 8.19). @throws DerError. */
export function oidText(node: Der): string {
  const { body } = expectTag(node, TAG.oid);
  const arcs: bigint[] = [];
  let arc = 0n;
  let begun = false;
  for (const byte of body) {
    if (!begun && byte === 0x80) throw new DerError('an identifier with leading zeros');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    begun = byte >= 0x80;
    if (arc >> 128n !== 0n) throw new DerError('an identifier beyond any in use');
    if (begun) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first] = arcs;
  if (first === undefined || begun) throw new DerError('an identifier that is cut off');
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...arcs.slice(1)].join('.');
}

/** An INTEGER that is not negative. @throws DerError. */
export function natural(node: Der, tag: number = TAG.integer): bigint {
  const { body } = expectTag(node, tag);
  const [first = 0x80, second = 0x80] = body;
  if (first >= 0x80) throw new DerError('an integer that is empty or negative');
  if (body.length > 1 && first === 0 && second < 0x80) throw new DerError('a padded integer');
  return BigInt(`0x${body.toString('hex')}`);
}

/** A {@link natural} below 2^31. @throws DerError. */
export function smallNatural(node: Der, tag: number = TAG.integer): number {
  const value = natural(node, tag);
  if (value >= 2n ** 31n) throw new DerError('an integer that is too large');
  return Number(value);
}

/** A BOOLEAN (X.690 section 11.1: true is 0xff). @throws DerError. */
export function truth(node: Der): boolean {
  const { body } = expectTag(node, TAG.boolean);
  if (body.length !== 1 || (body[0] !== 0 && body[0] !== 0xff))
    throw new DerError('no truth value');
  return body[0] === 0xff;
}

/** The bytes of an OCTET STRING. @throws DerError. */
export function octetsOf(node: Der, tag: number = TAG.octetString): Buffer {
  return expectTag(node, tag).body;
}

/** Numbers of the bits that are set in a BIT STRING of names (X.690 section 11.2: no trailing zero bits). @throws DerError. */
export function namedBits(node: Der): number[] {
  const { body } = expectTag(node, TAG.bitString);
  const unused = body[0] ?? 8;
  const bits = Array.from(body.subarray(1), (byte) => byte.toString(2).padStart(8, '0')).join('');
  const used = bits.slice(0, bits.length - unused);
  if (unused > 7 || (bits === '' && unused > 0) || bits.slice(used.length).includes('1')) {
    throw new DerError('a damaged bit string');
  }
  return Array.from(used).flatMap((bit, index) => (bit === '1' ? [index] : []));
}

/** The bytes of a BIT STRING of whole bytes. @throws DerError. */
export function wholeBits(node: Der): Buffer {
  const { body } = expectTag(node, TAG.bitString);
  if (body[0] !== 0) throw new DerError('a bit string that does not end with a byte');
  return body.subarray(1);
}

/**
 * Microseconds UTC of a UTCTime (RFC 5280 section 4.1.2.5.1: 1950 to 2049, with seconds) or GeneralizedTime.
 * @param fractions whether a GeneralizedTime may have them (RFC 3161 section 2.4.2: without trailing zeros); digits below
 *   a microsecond are cut.
 * @throws DerError, also for a day that does not exist.
 */
export function timeOf(node: Der, fractions: 'whole seconds' | 'fractions'): number {
  const text = node.body.toString('latin1');
  const utc = node.tag === TAG.utcTime;
  if (!utc && node.tag !== TAG.generalizedTime) throw new DerError('no time');
  const match =
    /^(\d\d|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,9}[1-9]))?Z$/.exec(text) ?? undefined;
  const [, years = '', month, day, hour, minute, second, fraction = ''] = match ?? [];
  if (years.length !== (utc ? 2 : 4) || (fraction !== '' && (utc || fractions !== 'fractions'))) {
    throw new DerError('a time of another form');
  }
  const year = utc ? (Number(years) < 50 ? 2000 : 1900) + Number(years) : Number(years);
  const date = `${String(year).padStart(4, '0')}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`;
  const ms = Date.parse(date);
  // A day that does not exist rolls over into another.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== date.replace('Z', '.000Z')) {
    throw new DerError('a time that does not exist');
  }
  return ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function expectTag(node: Der, tag: number): Der {
  if (node.tag !== tag) throw new DerError(`tag ${hex(node.tag)} instead of ${hex(tag)}`);
  return node;
}

function valueAt(buffer: Buffer, offset: number): Der {
  const tag = buffer[offset];
  const first = buffer[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('bytes are missing');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of several bytes');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    // X.690 section 10.1: definite, and in as few bytes as possible. Four bytes are beyond every file that is read.
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError('an indefinite or monstrous length');
    if (start + count > buffer.length) throw new DerError('bytes are missing');
    length = buffer.readUIntBE(start, count);
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('a padded length');
    start += count;
  }
  const end = start + length;
  if (end > buffer.length) throw new DerError('bytes are missing');
  return { tag, bytes: buffer.subarray(offset, end), body: buffer.subarray(start, end) };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
