/** Files of a bag outside its payload: made from text or copied, measured first and hashed again when written. */
import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { DoubleHash } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';

/** Pieces of a file's bytes, the same each time it is asked. */
export type Bytes = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A tag file, ready to be written. */
export interface TagFile {
  /** Relative to the bag: `bag-info.txt`, `acquisition/objects.jsonl`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha512: string;
  /** The bytes; throws ExhibitError `E_TAMPERED` at the end if they are no longer those that were measured. */
  readonly body: () => AsyncIterable<Uint8Array>;
}

/** Measures a tag file by one pass over its bytes. */
export async function tagFile(path: string, bytes: Bytes): Promise<TagFile> {
  const hash = new DoubleHash();
  let size = 0;
  for await (const piece of bytes()) {
    hash.update(piece);
    size += piece.length;
  }
  const measured = { size, ...hash.digest() };
  return { path, ...measured, body: () => checked(bytes(), measured, path) };
}

/**
 * The same bytes, and at their end the proof that they are the expected ones.
 * @throws ExhibitError `E_TAMPERED` where size or a hash differs.
 */
export async function* checked(
  bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  expected: { readonly size: number; readonly sha256: string; readonly sha512: string },
  name: string,
): AsyncIterable<Uint8Array> {
  const hash = new DoubleHash();
  let size = 0;
  for await (const piece of bytes) {
    hash.update(piece);
    size += piece.length;
    // Never hand out more than was announced: the archive's header is already written.
    if (size > expected.size) break;
    yield piece;
  }
  const found = hash.digest();
  if (
    size !== expected.size ||
    found.sha256 !== expected.sha256 ||
    found.sha512 !== expected.sha512
  ) {
    throw new ExhibitError('E_TAMPERED', 'a file in staging is no longer what was collected', {
      where: { file: name },
      hint: 'something changed the staging folder; collect this evidence again from the source',
    });
  }
}

/** Text as UTF-8. */
export function textBytes(text: string): Bytes {
  return () => [Buffer.from(text, 'utf8')];
}

/** Lines, each already with its line feed, in pieces of about 64 KiB: long lists are never held as a whole. */
export function lineBytes(lines: () => Iterable<string>): Bytes {
  return function* () {
    let text = '';
    for (const line of lines()) {
      text += line;
      if (text.length > 65_536) {
        yield Buffer.from(text, 'utf8');
        text = '';
      }
    }
    yield Buffer.from(text, 'utf8');
  };
}

/** A range of a file, in pieces of fresh memory. */
export function fileBytes(
  path: string,
  range?: { readonly offset: number; readonly size: number },
): Bytes {
  const highWaterMark = 256 * 1024;
  if (range?.size === 0) return () => [];
  const ends =
    range === undefined ? {} : { start: range.offset, end: range.offset + range.size - 1 };
  return () => createReadStream(path, { highWaterMark, ...ends }) as AsyncIterable<Buffer>;
}
