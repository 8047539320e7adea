/** Address ranges that AWS publishes as ip-ranges.json (AWS General Reference, "AWS IP address ranges"). */
import { isObject, type JsonValue } from '../core/json.ts';
import { parseRange } from '../detect/cidr.ts';
import type { Address } from './address.ts';

/** AWS's ranges. */
export interface AwsRanges {
  /** `AWS S3 eu-west-1` of the narrowest range that holds the address; the service is AMAZON where no other is told. */
  readonly of: (address: Address) => string | undefined;
}

/** @param value the file, parsed. @returns undefined if it is not such a file. */
export function awsRanges(value: JsonValue | undefined): AwsRanges | undefined {
  if (!isObject(value)) return undefined;
  const { prefixes, ipv6_prefixes: wide } = value;
  const lists = [prefixes, wide ?? []];
  if (!lists.every((list) => Array.isArray(list))) return undefined;
  // By width and length, longest first: at most one look-up for each length that occurs.
  const tables = new Map<
    string,
    { width: number; length: number; services: Map<bigint, string> }
  >();
  for (const item of (lists as readonly (readonly JsonValue[])[]).flat()) {
    if (!isObject(item)) return undefined;
    const { ip_prefix: v4, ipv6_prefix: v6, service, region } = item;
    const prefix = v4 ?? v6;
    const range = typeof prefix === 'string' ? parseRange(prefix) : undefined;
    if (range === undefined || typeof service !== 'string' || typeof region !== 'string')
      return undefined;
    const key = `${String(range.width)}/${String(range.length)}`;
    const table = tables.get(key) ?? {
      width: range.width,
      length: range.length,
      services: new Map<bigint, string>(),
    };
    tables.set(key, table);
    const bits = range.bits >> BigInt(range.width - range.length);
    const label = `AWS ${service} ${region}`;
    const before = table.services.get(bits);
    // Every range is listed as AMAZON, and again for the service that has it.
    if (
      before === undefined ||
      before.startsWith('AWS AMAZON ') ||
      (service !== 'AMAZON' && label < before)
    )
      table.services.set(bits, label);
  }
  const ordered = [...tables.values()].sort((a, b) => b.length - a.length || a.width - b.width);
  return {
    of: ({ width, bits }) => {
      for (const table of ordered) {
        if (table.width !== width) continue;
        const label = table.services.get(bits >> BigInt(width - table.length));
        if (label !== undefined) return label;
      }
      return undefined;
    },
  };
}
