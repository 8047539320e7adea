/** A file of the mirror, and how its name and bytes are written. */
import { gzipSync } from 'node:zlib';
import { isoSeconds } from './trail.ts';

/** A file of the mirror: `text` is what it says, `bytes` what lies on disk. */
export interface SampleFile {
  readonly path: string;
  readonly text: Buffer;
  readonly bytes: Buffer;
}

/** A file as it is. */
export const plain = (path: string, text: string | Buffer): SampleFile => {
  const bytes = Buffer.from(text);
  return { path, text: bytes, bytes };
};
/** A file that lies in S3 as gzip. */
export const zipped = (path: string, text: string | Buffer): SampleFile => {
  const content = Buffer.from(text);
  return { path, text: content, bytes: gzipSync(content, { level: 9 }) };
};
/** `20260917T224107Z`. */
export const stamp = (at: number): string => isoSeconds(at).replaceAll('-', '').replaceAll(':', '');
/** `20260917T2241Z`, as most file names hold it. */
export const stampMinute = (at: number): string => stamp(at).replace(/\d\dZ$/, 'Z');
/** `2026/09/17`. */
export const folder = (at: number): string => isoSeconds(at).slice(0, 10).replaceAll('-', '/');
/** One line of text each, with a line feed at the end. */
export const lines = (items: readonly string[]): string => `${items.join('\n')}\n`;
/** JSON, one record a line. */
export const jsonLines = (items: readonly unknown[]): string =>
  lines(items.map((item) => JSON.stringify(item)));
/** JSON as the AWS CLI prints it. */
export const cliJson = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;
/** `2026-09-17T22:41:07.000Z`. */
export const isoMillis = (at: number): string => new Date(at).toISOString();
/** Microseconds behind the millisecond, made up from the time itself so that nothing needs to be drawn. */
export const isoMicros = (at: number): string =>
  `${new Date(at).toISOString().slice(0, -1)}${String(((at / 1000) % 1000) | 0).padStart(3, '0')}Z`;
