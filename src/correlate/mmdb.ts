/** Files in MaxMind's format (MaxMind DB File Format Specification 2.0): countries, cities and networks of addresses. */
import type { Buffer } from 'node:buffer';
import { Reader, type Response } from 'maxmind';
import { ExhibitError } from '../core/errors.ts';
import type { JsonValue } from '../core/json.ts';

/** An open file. */
export interface Mmdb {
  /**
   * What the file says of an address; undefined for one it does not know.
   * @throws ExhibitError `E_FORMAT` when the place it points to holds no record.
   */
  readonly get: (address: string) => JsonValue | undefined;
}

/**
 * Opens a file that was read.
 * @param path for messages.
 * @throws ExhibitError `E_FORMAT` for anything but such a file.
 */
export function readMmdb(bytes: Buffer, path: string): Mmdb {
  // What a pointer leads to is decoded once, however often a damaged or hostile file points there.
  const decoded = new Map<number | string, unknown>();
  const cache = {
    get: (key: number | string) => decoded.get(key),
    set: (key: number | string, value: unknown) => decoded.set(key, value),
  };
  const reader = readable(path, () => {
    const opened = new Reader<Response>(bytes, { cache });
    const { nodeCount, recordSize, ipVersion, searchTreeSize } = opened.metadata;
    const sane = nodeCount > 0 && [24, 28, 32].includes(recordSize) && [4, 6].includes(ipVersion);
    if (!sane || searchTreeSize > bytes.length) throw new RangeError('its tree is no tree');
    return opened;
  });
  const { ipVersion } = reader.metadata;
  return {
    get: (address) => {
      // A tree of IPv4 alone would take the first bits of an IPv6 address for one.
      if (ipVersion === 4 && address.includes(':')) return undefined;
      const record = readable(path, () => reader.get(address) as unknown);
      return (record ?? undefined) as JsonValue | undefined;
    },
  };
}

// The reader throws plain errors, of its own and of Buffer, for whatever is wrong with a file.
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ExhibitError('E_FORMAT', `the file is not in MaxMind's format: ${reason}`, {
      where: { file: path },
      hint: 'give a file that ends in .mmdb, as MaxMind, DB-IP or IPinfo offer them',
      cause,
    });
  }
}
