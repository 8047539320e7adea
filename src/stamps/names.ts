/** Where time-stamps lie: beside the signature that they stamp, request n and answer n (`.tsq`, `.tsr`, `.tsq.2`, `.tsr.2`, ...). */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import type { Buffer } from 'node:buffer';

/** A request goes out, an answer comes back. */
export type StampKind = 'tsq' | 'tsr';

const NUMBERED = /^(.+\.p7s)\.(ts[qr])(?:\.([1-9]\d{0,2}))?$/;

/** Name of the n-th request or answer, from 1. */
export function stampName(signed: string, kind: StampKind, number: number): string {
  return number === 1 ? `${signed}.${kind}` : `${signed}.${kind}.${String(number)}`;
}

/** Numbers of the requests or answers for a signature among the names of its folder, in order. */
export function stampNumbers(names: readonly string[], signed: string, kind: StampKind): number[] {
  return names
    .flatMap((name) => {
      const [, of, what, number = '1'] = NUMBERED.exec(name) ?? [];
      const found = of === signed && what === kind ? Number(number) : 0;
      return found > 0 && stampName(signed, kind, found) === name ? [found] : [];
    })
    .sort((a, b) => a - b);
}

/** Names in a folder; none when it is no folder. */
export function namesIn(folder: string): string[] {
  const isFolder = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? readdirSync(folder).sort() : [];
}

/** Bytes of a regular file of at most `limit`; undefined for anything else in its place. */
export function readSmall(path: string, limit: number): Buffer | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= limit ? readFileSync(path) : undefined;
}
