/** Paths of collected files: bytes, since a name need not be text. */
import { Buffer } from 'node:buffer';
import type { JournalPath } from './journal.ts';

const SLASH = Buffer.from('/');
// eslint-disable-next-line no-control-regex -- finding control characters is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** `folder/name`; the name alone when the folder is the root itself. */
export function joinPath(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, SLASH, name]);
}

/**
 * A path for the journal. Base64 is added where the text does not give the bytes back exactly, or could not be read
 * safely because it holds control characters.
 */
export function journalPath(root: number, path: Buffer): JournalPath {
  const text = path.toString('utf8');
  const exact = Buffer.from(text, 'utf8').equals(path) && !CONTROL.test(text);
  return exact ? { root, path: text } : { root, path: text, path_base64: path.toString('base64') };
}

/** The bytes of a path that {@link journalPath} wrote. */
export function pathBytes(path: JournalPath): Buffer {
  return path.path_base64 === undefined
    ? Buffer.from(path.path, 'utf8')
    : Buffer.from(path.path_base64, 'base64');
}

/**
 * A text that is the same for the same root and path, and whose order (`<`) is the canonical one: roots as given, then
 * bytewise by component, so that `a/b` comes before `a-b/c`.
 */
export function pathKey(root: number, path: Buffer): string {
  // A name holds no NUL, so NUL can stand for the separator and sorts before every byte of a name.
  return `${String(root).padStart(6, '0')}\0${path.toString('latin1').replaceAll('/', '\0')}`;
}
