/**
 * What is an IP address: four decimal octets (RFC 1123, section 2.1), or the forms of RFC 4291, section 2.2. As everywhere
 * but in the oldest libraries no octet has a leading zero. A zone (`%eth0`, RFC 4007) names an interface of one machine: with it
 * a text is no address that another could have.
 */
import { Buffer } from 'node:buffer';

/** Longest address, IPv6 with an IPv4 address at its end. */
const MOST_ADDRESS = 45;

const POINT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

const scratch = Buffer.alloc(3 * MOST_ADDRESS);

/** True for the text of an address. */
export function isAddress(text: string): boolean {
  if (text.length > MOST_ADDRESS) return false;
  // A character beyond ASCII takes more bytes than one.
  return scratch.write(text) === text.length && isAddressBytes(scratch, 0, text.length);
}

/** True if an address, and nothing else, stands from `from` to `to`. */
export function isAddressBytes(bytes: Uint8Array, from: number, to: number): boolean {
  const points = ipv4Points(bytes, from, to);
  if (points === WHOLE) return true;
  return points === 0 && to - from <= MOST_ADDRESS && isIpv6(bytes, from, to);
}

/** What {@link ipv4Points} gives for an address. */
const WHOLE = 4;

/** Points up to what no IPv4 address has; {@link WHOLE} if nothing is amiss. One pass: every row of a log comes by. */
function ipv4Points(bytes: Uint8Array, from: number, to: number): number {
  let points = 0;
  let start = from;
  let value = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) {
      if (at === start || points === 3) return points;
      points++;
      start = at + 1;
      value = 0;
      continue;
    }
    // A zero may stand alone only.
    if (byte < ZERO || byte > ZERO + 9 || (value === 0 && at > start)) return points;
    value = value * 10 + byte - ZERO;
    if (value > 255) return points;
  }
  return points === 3 && to > start ? WHOLE : points;
}

function isIpv6(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  let groups = 0;
  /** `::` was there. */
  let gap = false;
  if (bytes[at] === COLON) {
    if (to - from < 2 || bytes[at + 1] !== COLON) return false;
    gap = true;
    at += 2;
  }
  while (at < to) {
    const start = at;
    while (at < to && isHex(bytes[at] ?? 0)) at++;
    if (at < to && bytes[at] === POINT) {
      groups += 2;
      return (gap ? groups < 8 : groups === 8) && ipv4Points(bytes, start, to) === WHOLE;
    }
    if (at === start || at - start > 4) return false;
    groups++;
    if (at === to) break;
    if (bytes[at++] !== COLON || at === to) return false;
    if (bytes[at] !== COLON) continue;
    if (gap) return false;
    gap = true;
    at++;
  }
  return gap ? groups < 8 : groups === 8;
}

function isHex(byte: number): boolean {
  return (byte >= ZERO && byte <= ZERO + 9) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
