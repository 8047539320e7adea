/**
 * RFC 8785 (JSON Canonicalization Scheme) for the values exhibit signs: I-JSON only, integers below 2^53, no floats,
 * so that any implementation of the RFC gives the same bytes.
 */
import { Buffer } from 'node:buffer';

/** A value that can be signed. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

/**
 * Canonical text of a value. Keys whose value is `undefined` are left out.
 * @throws TypeError on a number that is not a safe integer, or a string with a lone surrogate: a bug in the caller.
 */
export function canonicalJson(value: CanonicalValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new TypeError(`not a canonical number: ${String(value)}`);
    // RFC 8785 section 3.2.2.3: -0 is written as 0.
    return String(value === 0 ? 0 : value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      throw new TypeError('a lone surrogate cannot be written as canonical JSON');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${(value as readonly CanonicalValue[]).map(canonicalJson).join(',')}]`;
  }
  const object = value as Readonly<Record<string, CanonicalValue | undefined>>;
  // RFC 8785 section 3.2.3: keys sorted by UTF-16 code units, which is JavaScript's own order of strings.
  const members = Object.keys(object)
    .sort()
    .flatMap((key) => {
      const member = object[key];
      return member === undefined ? [] : [`${canonicalJson(key)}:${canonicalJson(member)}`];
    });
  return `{${members.join(',')}}`;
}

/** Canonical text and a line feed, as UTF-8 bytes: the form of every signed JSON file. */
export function canonicalLine(value: CanonicalValue): Buffer {
  return Buffer.from(`${canonicalJson(value)}\n`, 'utf8');
}
