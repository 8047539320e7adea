/** IP addresses: their spellings, and the ranges they lie in. */
import { inRange, parseAddress as parseBits, parseRange, type Range } from '../detect/cidr.ts';

/** An address. */
export interface Address {
  readonly width: 32 | 128;
  readonly bits: bigint;
  /** As logs may spell it, the usual form first. */
  readonly spellings: readonly string[];
}

/** An address with its spellings, or undefined where the text is none. */
export function parseAddress(text: string): Address | undefined {
  const address = parseBits(text);
  if (address === undefined) return undefined;
  const { width, bits } = address;
  if (width === 32) {
    const plain = [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
    // Redshift and some machines write IPv4 clients as RFC 4291, section 2.5.5.2 does.
    return { width, bits, spellings: [plain, `::ffff:${plain}`] };
  }
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bits >> BigInt(112 - at * 16)) & 0xffffn).toString(16),
  );
  const whole = groups.map((group) => group.padStart(4, '0')).join(':');
  if (bits >> 32n === 0xffffn) {
    const inner = [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
    return { width, bits, spellings: [`::ffff:${inner}`, inner, groups.join(':'), whole] };
  }
  return { width, bits, spellings: [...new Set([compressed(groups), groups.join(':'), whole])] };
}

// RFC 5952, section 4.2: the longest run of zero groups, the first of equals, two groups at least.
function compressed(groups: readonly string[]): string {
  let [best, length] = [-1, 1];
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === '0') end++;
    if (end - at > length) [best, length] = [at, end - at];
    at = Math.max(at, end - 1);
  }
  if (best < 0) return groups.join(':');
  return `${groups.slice(0, best).join(':')}::${groups.slice(best + length).join(':')}`;
}

const INTERNAL: readonly (readonly [string, string])[] = [
  ['10.0.0.0/8', 'private (RFC 1918)'],
  ['172.16.0.0/12', 'private (RFC 1918)'],
  ['192.168.0.0/16', 'private (RFC 1918)'],
  ['100.64.0.0/10', 'shared (RFC 6598)'],
  ['169.254.0.0/16', 'link-local (RFC 3927)'],
  ['127.0.0.0/8', 'loopback (RFC 1122)'],
  ['fc00::/7', 'unique local (RFC 4193)'],
  ['fe80::/10', 'link-local (RFC 4291)'],
  ['::1/128', 'loopback (RFC 4291)'],
  ['192.0.2.0/24', 'documentation (RFC 5737)'],
  ['198.51.100.0/24', 'documentation (RFC 5737)'],
  ['203.0.113.0/24', 'documentation (RFC 5737)'],
  ['2001:db8::/32', 'documentation (RFC 3849)'],
];

const RANGES: readonly (readonly [Range, string])[] = INTERNAL.flatMap(([text, label]) => {
  const range = parseRange(text);
  return range === undefined ? [] : [[range, label] as const];
});

/** What the range is for that an address lies in, where it is none of the public Internet. */
export function internalRange(address: Address): string | undefined {
  const mapped = address.width === 128 && address.bits >> 32n === 0xffffn;
  const real: Omit<Address, 'spellings'> = mapped
    ? { width: 32, bits: address.bits & 0xffffffffn }
    : address;
  return RANGES.find(([range]) => inRange(real, range))?.[1];
}
