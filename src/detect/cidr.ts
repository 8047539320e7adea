/** IP addresses and ranges as EventBridge's `cidr` understands them: IPv4 and IPv6, never one for the other. */

/** An address as bits. */
export interface Address {
  readonly width: 32 | 128;
  readonly bits: bigint;
}

/** Addresses that share their first `length` bits with `bits`. */
export interface Range extends Address {
  readonly length: number;
}

/** An address, or undefined where the text is none. */
export function parseAddress(text: string): Address | undefined {
  // No address is longer; an event may hold megabytes of colons.
  if (text.length > 45) return undefined;
  if (!text.includes(':')) {
    const bits = parseV4(text);
    return bits === undefined ? undefined : { width: 32, bits };
  }
  const bits = parseV6(text);
  return bits === undefined ? undefined : { width: 128, bits };
}

/** `address/length`, or undefined where the text is no such range. */
export function parseRange(text: string): Range | undefined {
  const [, base = '', digits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(base);
  const length = Number(digits);
  return address === undefined || length > address.width ? undefined : { ...address, length };
}

/** True if the address lies in the range. */
export function inRange(address: Address, range: Range): boolean {
  if (address.width !== range.width) return false;
  const shift = BigInt(range.width - range.length);
  return address.bits >> shift === range.bits >> shift;
}

function parseV4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let bits = 0n;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

// RFC 4291, section 2.2: eight groups, "::" for one run of zero groups, the last two groups also as IPv4.
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const before = groups(head, tail === undefined);
  const after = tail === undefined ? [] : groups(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...Array<bigint>(missing).fill(0n), ...after];
  return all.reduce((bits, group) => (bits << 16n) | group, 0n);
}

function groups(text: string, last: boolean): bigint[] | undefined {
  if (text === '') return [];
  const found: bigint[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    const v4 = last && at === parts.length - 1 && part.includes('.') ? parseV4(part) : undefined;
    if (v4 !== undefined) found.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return found;
}
