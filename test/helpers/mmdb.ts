/** Writes small files in MaxMind's format (MaxMind DB File Format Specification 2.0), IPv6 trees with 24-bit records. */
import { parseRange } from '#src/detect/cidr.ts';

type Value = string | number | readonly Value[] | { readonly [name: string]: Value };

/** @param records ranges and what is said of them; none inside another. */
export function mmdb(records: Readonly<Record<string, Value>>, type = 'Test-City'): Buffer {
  const nodes: [number | string | undefined, number | string | undefined][] = [
    [undefined, undefined],
  ];
  for (const range of Object.keys(records)) {
    const { bits, width, length } = parseRange(range)!;
    // IPv4 lies in the first 96 zero bits of the tree.
    const whole = width === 32 ? length + 96 : length;
    let node = 0;
    for (let at = 0; at < whole; at++) {
      const side = Number((bits >> BigInt(127 - at)) & 1n) as 0 | 1;
      if (at === whole - 1) nodes[node]![side] = range;
      else {
        const next = nodes[node]![side];
        if (typeof next === 'number') node = next;
        else node = nodes[node]![side] = nodes.push([undefined, undefined]) - 1;
      }
    }
  }
  const data: Buffer[] = [];
  const offsets = new Map<string, number>();
  let size = 0;
  for (const [range, value] of Object.entries(records)) {
    offsets.set(range, size);
    const bytes = encode(value);
    data.push(bytes);
    size += bytes.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [at, sides] of nodes.entries())
    for (const [side, to] of sides.entries()) {
      const value =
        to === undefined
          ? nodes.length
          : typeof to === 'number'
            ? to
            : nodes.length + 16 + offsets.get(to)!;
      tree.writeUIntBE(value, at * 6 + side * 3, 3);
    }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 0,
    database_type: type,
    description: { en: 'written by a test' },
    ip_version: 6,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  };
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, encode(metadata)]);
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    return Buffer.concat([control(2, bytes.length), bytes]);
  }
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return Buffer.concat([control(6, 4), bytes]);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value)) {
    const items = value as readonly Value[];
    return Buffer.concat([control(11, items.length), ...items.map(encode)]);
  }
  const members = Object.entries(value);
  return Buffer.concat([
    control(7, members.length),
    ...members.flatMap(([name, member]) => [encode(name), encode(member)]),
  ]);
}

// Types above 7 stand in a byte of their own; sizes below 285 are all that is needed here.
function control(type: number, size: number): Buffer {
  const short = Math.min(size, 29);
  const bytes = type <= 7 ? [(type << 5) | short] : [short, type - 7];
  return Buffer.from(size < 29 ? bytes : [...bytes, size - 29]);
}
