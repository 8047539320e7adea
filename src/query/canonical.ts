/**
 * The canonical result of a query (docs/queries.md, "Canonical result"): one JSON array per line, the column names
 * first. Every value has exactly one form, and no form depends on locale, platform or number formatting.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** A value as SQLite holds it; text that is not valid UTF-8 comes as its bytes. */
export type Cell = null | bigint | number | string | Uint8Array | { readonly badText: Uint8Array };

/** A value as it stands in a canonical line. */
export type CanonicalCell =
  | null
  | string
  | { readonly i: string }
  | { readonly r: string }
  | { readonly t: string }
  | { readonly b: string };

/** Canonical form of one value. `number` is a REAL; integers come as bigint. */
export function canonicalCell(cell: Cell): CanonicalCell {
  if (cell === null) return null;
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'bigint') return { i: cell.toString() };
  if (typeof cell === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(cell);
    return { r: bytes.toString('hex') };
  }
  if (cell instanceof Uint8Array) return { b: hex(cell) };
  return { t: hex(cell.badText) };
}

/** The value behind a canonical form: the inverse of {@link canonicalCell}. */
export function cellOf(form: CanonicalCell): Cell {
  if (form === null || typeof form === 'string') return form;
  if ('i' in form) return BigInt(form.i);
  if ('r' in form) return realOf(form.r);
  if ('b' in form) return Buffer.from(form.b, 'hex');
  return { badText: Buffer.from(form.t, 'hex') };
}

/** The number that 16 hex digits of IEEE 754 stand for. */
export function realOf(digits: string): number {
  return Buffer.from(digits, 'hex').readDoubleBE();
}

/** One row as a canonical line, without its line feed. */
export function canonicalRow(row: readonly Cell[]): string {
  return JSON.stringify(row.map(canonicalCell));
}

/** A result as lines, hashed both ways. */
export interface CanonicalResult {
  /** Column names as a JSON array. */
  readonly header: string;
  /** Rows in the order returned, as canonical lines without line feeds. */
  readonly rows: readonly string[];
  /** SHA-256 of the file: header and rows as returned, each with a line feed. */
  readonly ordered_sha256: string;
  /** SHA-256 of header and rows sorted by their bytes (`LC_ALL=C sort`), each with a line feed. */
  readonly multiset_sha256: string;
}

/** Hashes a result. */
export function canonicalResult(
  columns: readonly string[],
  rows: readonly string[],
): CanonicalResult {
  const header = JSON.stringify(columns);
  return {
    header,
    rows,
    ordered_sha256: hashLines(header, rows),
    multiset_sha256: hashLines(header, sortedByBytes(rows)),
  };
}

/** The result file, result.jsonl, in pieces of bounded size. */
export function* canonicalChunks(result: {
  readonly header: string;
  readonly rows: readonly string[];
}): Generator<string> {
  let chunk = `${result.header}\n`;
  for (const row of result.rows) {
    chunk += `${row}\n`;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function hashLines(header: string, rows: readonly string[]): string {
  const hash = createHash('sha256');
  for (const chunk of canonicalChunks({ header, rows })) hash.update(chunk, 'utf8');
  return hash.digest('hex');
}

// JavaScript compares UTF-16 units; beyond U+FFFF that is not the order of the UTF-8 bytes.
function sortedByBytes(rows: readonly string[]): readonly string[] {
  const sorted = [...rows].sort();
  // eslint-disable-next-line no-control-regex -- the test is for characters outside ASCII
  if (sorted.every((row) => /^[\u0000-\ud7ff]*$/.test(row))) return sorted;
  return sorted
    .map((row) => Buffer.from(row, 'utf8'))
    .sort((a, b) => a.compare(b))
    .map((bytes) => bytes.toString('utf8'));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
