/** A fast hash for finding equal texts; equality is always checked on the texts themselves. */
import { viewOf } from './view.ts';

/**
 * 53-bit hash of a text's UTF-16 code units: two multiplicative hashes with different odd multipliers, mixed at the
 * end. Not a cryptographic hash: a collision costs a comparison, never a record.
 */
export function hash53(text: string): number {
  let a = 0x1b873593;
  let b = 0x6c62272e;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x85ebca77);
    b = Math.imul(b ^ unit, 0x9e3779b1);
  }
  return mixed(a, b);
}

/** The same hash of the text that ASCII bytes spell. */
export function hash53Ascii(bytes: Uint8Array, from: number, to: number): number {
  let a = 0x1b873593;
  let b = 0x6c62272e;
  for (let index = from; index < to; index++) {
    const unit = bytes[index] ?? 0;
    a = Math.imul(a ^ unit, 0x85ebca77);
    b = Math.imul(b ^ unit, 0x9e3779b1);
  }
  return mixed(a, b);
}

/** The same kind of hash of any bytes, eight at a time. */
export function hash53Bytes(bytes: Uint8Array, from: number, to: number): number {
  let a = 0x1b873593 ^ (to - from);
  let b = 0x6c62272e;
  let at = from;
  const view = viewOf(bytes);
  for (; at + 8 <= to; at += 8) {
    const first = view.getInt32(at, true);
    const second = view.getInt32(at + 4, true);
    a = Math.imul(a ^ first, 0x85ebca77);
    b = Math.imul(b ^ second, 0x9e3779b1);
    // Each half is carried into the other, and what an odd factor leaves at the top comes down.
    const carried = a;
    a ^= (b >>> 15) | (b << 17);
    b ^= (carried >>> 13) | (carried << 19);
  }
  for (; at < to; at++) {
    const unit = bytes[at] ?? 0;
    a = Math.imul(a ^ unit, 0x85ebca77);
    b = Math.imul(b ^ unit, 0x9e3779b1);
  }
  return mixed(a, b);
}

function mixed(first: number, second: number): number {
  let [a, b] = [first, second];
  a ^= Math.imul(b ^ (b >>> 15), 0x2c1b3c6d);
  b ^= Math.imul(a ^ (a >>> 13), 0x297a2d39);
  a ^= a >>> 16;
  return (b >>> 11) * 2 ** 32 + (a >>> 0);
}
