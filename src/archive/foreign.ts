/**
 * Reads tar archives that others made (GNU, pax, ustar) for what can lie in a bag: regular files and folders under names that
 * stay inside. Nothing is ever written where such a name says. What stands for anything else is refused, as is whatever two tar
 * programs could read in two ways. POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar
 * manual, "Basic Tar Format".
 */
import { Buffer } from 'node:buffer';
import type { ExhibitError } from '../core/errors.ts';
import { Chunks } from './chunks.ts';
import { Cursor, isZero } from './cursor.ts';
import { BLOCK } from './header.ts';
import type { VolumeEntry } from './read.ts';

/** Longest pax header or GNU long name that is read: no path is that long. */
const MAX_EXTENSION = 1024 * 1024;
/** Regular files in three notations, folders, and headers that say more of the next member. */
const TYPES = ['\0', '0', '7', '5', 'x', 'g', 'L'];
const EXTENSIONS = ['x', 'g', 'L'];
/** A size that octal digits cannot hold: only then may a pax header differ from the field. */
const OCTAL_END = 8 ** 11;

/** pax records that change nothing of what is read here. */
const HARMLESS =
  /^(?:atime|ctime|mtime|uid|gid|uname|gname|comment|charset|SCHILY\..*|LIBARCHIVE\..*)$/;

/** What a pax header or a GNU long name says of the next member. */
interface Extension {
  path?: Buffer;
  size?: number;
}

/**
 * Streams an archive. Paths are given without `./` at their beginning and without a slash at their end.
 * @param onEntry called for each member in order and awaited.
 * @throws ExhibitError `E_HOSTILE_ARCHIVE` for a link, a device, a name that leads out or comes twice, a number that is
 *   none; `E_TAMPERED` if it is no tar archive, cut, or followed by bytes; `E_READ`.
 */
export async function readForeignTar(
  path: string,
  onEntry: (entry: VolumeEntry) => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  const chunks = await Chunks.open(path, 'auto', signal);
  try {
    const cursor = new Cursor(path, chunks);
    const names = new Set<string>();
    let extension: Extension = {};
    for (;;) {
      const { offset } = cursor;
      const block = Buffer.from(await cursor.peekBlock());
      if (isZero(block)) break;
      cursor.advance(BLOCK);
      const header = decode(block, cursor, offset);
      const more = EXTENSIONS.includes(header.type);
      // A pax header speaks of the member, never of another header between the two.
      const size = more ? header.size : sizeOf(header, extension, cursor, offset);
      if (offset + BLOCK + size > cursor.size) {
        throw cursor.error('E_TAMPERED', 'a member goes on after the end of the archive', offset);
      }
      cursor.beginBody(size);
      if (more) {
        const next = await readExtension(header.type, size, cursor, offset);
        if (next.path !== undefined && extension.path !== undefined)
          throw hostile(cursor, 'two names for one member', offset);
        extension = { ...extension, ...next };
      } else {
        const entry = member(header, extension, cursor, offset);
        extension = {};
        // "./" itself is the folder that the archive was made in.
        if (entry.path !== '') {
          if (names.has(entry.path))
            throw hostile(cursor, `"${entry.path}" comes a second time`, offset);
          names.add(entry.path);
          await onEntry({ ...entry, size, offset, body: cursor.body() });
        }
      }
      await cursor.finishBody();
    }
    if (extension.path !== undefined || extension.size !== undefined)
      throw hostile(cursor, 'a header without its member', cursor.offset);
    if (cursor.size - cursor.offset < 2 * BLOCK) throw cursor.cut();
    await cursor.zerosTo(cursor.size);
  } finally {
    await chunks.close();
  }
}

function sizeOf(header: Header, { size }: Extension, cursor: Cursor, offset: number): number {
  if (size === undefined || size === header.size) return header.size;
  if (header.type === '5' || size < OCTAL_END)
    throw hostile(cursor, 'two sizes for one member', offset);
  return size;
}

interface Header {
  readonly type: string;
  readonly name: Buffer;
  readonly size: number;
}

function decode(block: Buffer, cursor: Cursor, offset: number): Header {
  const sum = /^ *([0-7]+)[\0 ]*$/.exec(block.toString('latin1', 148, 156))?.[1];
  let found = 8 * 0x20;
  for (let at = 0; at < BLOCK; at += 1) if (at < 148 || at >= 156) found += block[at] ?? 0;
  if (sum === undefined || Number.parseInt(sum, 8) !== found) {
    throw cursor.error('E_TAMPERED', 'not the header of a tar archive', offset);
  }
  const type = String.fromCharCode(block[156] ?? 0);
  if (!TYPES.includes(type)) {
    throw hostile(cursor, `a member of type ${JSON.stringify(type)}`, offset);
  }
  // Only POSIX archives have the prefix; GNU's own format keeps times in its place.
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? field(block, 345, 155) : Buffer.alloc(0);
  const name = field(block, 0, 100);
  return {
    type: type === '\0' || type === '7' ? '0' : type,
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    size: type === '5' ? 0 : number(block, cursor, offset),
  };
}

function field(block: Buffer, start: number, length: number): Buffer {
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** The size field: octal digits, or base 256 (GNU) for what octal cannot hold. Never negative. */
function number(block: Buffer, cursor: Cursor, offset: number): number {
  const bytes = block.subarray(124, 136);
  if (bytes[0] === 0x80) {
    const value = bytes.readBigUInt64BE(4);
    if (
      bytes.readUIntBE(1, 3) === 0 &&
      value >= BigInt(OCTAL_END) &&
      value <= BigInt(Number.MAX_SAFE_INTEGER)
    )
      return Number(value);
  }
  const digits = /^ *([0-7]{1,12})[\0 ]*$/.exec(bytes.toString('latin1'))?.[1];
  if (digits === undefined) throw hostile(cursor, 'a size that is no number', offset + 124);
  return Number.parseInt(digits, 8);
}

async function readExtension(
  type: string,
  size: number,
  cursor: Cursor,
  offset: number,
): Promise<Extension> {
  if (size > MAX_EXTENSION) throw hostile(cursor, 'a header larger than any path needs', offset);
  const pieces: Buffer[] = [];
  for await (const piece of cursor.body()) pieces.push(Buffer.from(piece));
  const bytes = Buffer.concat(pieces);
  if (type === 'L') return { path: field(bytes, 0, bytes.length) };
  const extension: Extension = {};
  for (let at = 0; at < bytes.length;) {
    // "length key=value\n", the length counting itself.
    const blank = bytes.indexOf(0x20, at);
    const digits = bytes.toString('latin1', at, Math.max(at, blank));
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, blank);
    const whole =
      /^[1-9][0-9]{0,6}$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!whole || equals < blank || equals >= end) {
      throw hostile(cursor, 'a pax header that is none', offset);
    }
    const key = bytes.toString('utf8', blank + 1, equals);
    const value = bytes.subarray(equals + 1, end - 1);
    at = end;
    if (HARMLESS.test(key)) continue;
    const text = value.toString('latin1');
    if (type === 'x' && key === 'path' && value.length > 0 && !value.includes(0))
      extension.path = value;
    else if (type === 'x' && key === 'size' && /^[0-9]{1,15}$/.test(text))
      extension.size = Number(text);
    else throw hostile(cursor, `a pax header with ${JSON.stringify(key)}`, offset);
  }
  return extension;
}

function member(
  header: Header,
  extension: Extension,
  cursor: Cursor,
  offset: number,
): Pick<VolumeEntry, 'path' | 'type'> {
  const bytes = extension.path ?? header.name;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw hostile(cursor, 'a name that is not UTF-8', offset);
  }
  const folder = header.type === '5';
  const path = (text === '.' && folder ? './' : text).replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  if (!folder && (path === '' || text.endsWith('/')))
    throw hostile(cursor, 'a file that is named as a folder', offset);
  if (path !== '' && leadsOut(path))
    throw hostile(cursor, `the name ${JSON.stringify(text)} leads elsewhere`, offset);
  return { path, type: folder ? 'folder' : 'file' };
}

/** True for a path that could mean another place than one below the folder it is taken in. */
export function leadsOut(path: string): boolean {
  return path.split('/').some((part) => part === '' || part === '.' || part === '..');
}

function hostile(cursor: Cursor, message: string, offset: number): ExhibitError {
  return cursor.error('E_HOSTILE_ARCHIVE', message, offset);
}
