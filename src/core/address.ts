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
  if (to - from > MOST_ADDRESS) return false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === POINT) return isIpv4(bytes, from, to);
    if (byte === COLON) return isIpv6(bytes, from, to);
  }
  return false;
}

function isIpv4(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  for (let octet = 0; octet < 4; octet++) {
    const start = at;
    let value = 0;
    let digit = (bytes[at] ?? 0) - ZERO;
    while (at < to && digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    const length = at - start;
    if (length === 0 || length > 3 || value > 255 || (length > 1 && bytes[start] === ZERO)) {
      return false;
    }
    if (octet < 3 && (at >= to || bytes[at++] !== POINT)) return false;
  }
  return at === to;
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
      return (gap ? groups < 8 : groups === 8) && isIpv4(bytes, start, to);
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
