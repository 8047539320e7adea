/**
 * A transfer package on disk: a folder of files, or one canonical tar of that folder for those who carry single files. What
 * lies there is untrusted.
 */
import type { Buffer } from 'node:buffer';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Chunks } from '../archive/chunks.ts';
import { SIZE_LIMIT } from '../archive/header.ts';
import { readVolume } from '../archive/read.ts';
import { archiveStream } from '../archive/stream.ts';
import type { MemberToWrite } from '../archive/write.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { partOf, syncFolder } from '../disk/durable.ts';
import { writeNewFile } from '../disk/new-file.ts';
import { isThere } from '../disk/there.ts';
import { isListedName, LIST_FILE, LIST_SIGNATURE } from './list.ts';

/** A file to go into a package. */
export interface FileToPack {
  readonly name: string;
  /** Of the file as it lies in the package. */
  readonly size: number;
  readonly pieces: () => AsyncIterable<Uint8Array>;
}

/** True if a package of that name is one tar file, not a folder. */
function isTarName(path: string): boolean {
  return path.endsWith('.tar');
}

/**
 * Writes a package, its files one after the other in bytewise order of their names. Each is asked for when the one before is
 * written, so that the list can come last. If anything fails, nothing stays.
 * @param out a folder that does not exist or is empty, or a file `NAME.tar` that does not exist.
 * @throws ExhibitError `E_EXISTS`, `E_WRITE`, `E_USAGE` (a volume that is too large for a tar), or what `files` throws.
 */
export async function writePackage(out: string, files: AsyncIterable<FileToPack>): Promise<void> {
  await (isTarName(out) ? writeTar(out, files) : writeFolder(out, files));
}

async function writeTar(out: string, files: AsyncIterable<FileToPack>): Promise<void> {
  const top = basename(out, '.tar');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}[A-Za-z0-9]$/.test(top)) {
    throw new ExhibitError('E_USAGE', 'that name cannot be the name of a package', {
      where: { file: out },
      hint: 'use letters, digits, ".", "_" and "-", for example CASE-2026-014.tar',
    });
  }
  async function* members(): AsyncGenerator<MemberToWrite> {
    yield { path: top, type: 'folder', size: 0 };
    for await (const { name, size, pieces } of files) {
      if (size >= SIZE_LIMIT) {
        throw new ExhibitError('E_USAGE', `${name} is too large for a tar file (8 GiB)`, {
          hint: 'write the package as a folder: -o NAME without .tar',
        });
      }
      yield { path: `${top}/${name}`, type: 'file', size, body: pieces };
    }
  }
  if (isThere(out)) throw taken(out);
  // Under its own name it is whole; a part that a killed run left is nobody's.
  const part = partOf(out);
  rmSync(part, { force: true });
  try {
    await writeNewFile(part, archiveStream(members()));
    renameSync(part, out);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  syncFolder(dirname(out));
}

function taken(out: string): ExhibitError {
  return new ExhibitError('E_EXISTS', 'something of that name is there already', {
    where: { file: out },
    hint: 'choose another name',
  });
}

async function writeFolder(out: string, files: AsyncIterable<FileToPack>): Promise<void> {
  const existed = existsSync(out);
  if (existed) clearRemains(out);
  if (existed && !(lstatSync(out).isDirectory() && readdirSync(out).length === 0)) {
    throw taken(out);
  }
  if (!existed) makeFolder(out);
  const made: string[] = [];
  try {
    for await (const { name, pieces } of files) {
      const path = join(out, name);
      made.push(`${path}.part`);
      await writeNewFile(`${path}.part`, pieces());
      renameSync(`${path}.part`, path);
      made.push(path);
    }
    syncFolder(out);
  } catch (error) {
    for (const path of made) rmSync(path, { force: true });
    if (!existed) rmSync(out, { recursive: true, force: true });
    throw error;
  }
}

/** Empties a folder that holds nothing but a package whose writer was killed: that has files of a package, and not the signature, which comes last. */
function clearRemains(out: string): void {
  if (!lstatSync(out).isDirectory()) return;
  const names = readdirSync(out);
  const ours =
    !names.includes(LIST_SIGNATURE) &&
    names.every((name) => isPackageName(name.replace(/\.part$/, '')));
  if (!ours) return;
  for (const name of names) rmSync(join(out, name));
}

function makeFolder(out: string): void {
  try {
    mkdirSync(out);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_WRITE', `the folder cannot be made: ${cause.code}`, {
      where: { file: out },
      hint: 'its parent must exist and be writable',
      cause,
    });
  }
}

/** A file of a package as it is read: its pieces are valid only until the next one is asked for. */
export interface PackedFile {
  readonly name: string;
  readonly pieces: AsyncIterable<Buffer>;
}

/** More files are in no package: bounds what a hostile one makes us list. */
const MAX_FILES = 100_000;

/**
 * Reads a package's files one after the other, in bytewise order of their names.
 * @param onFile awaited; what it does not read is skipped.
 * @throws ExhibitError `E_HOSTILE_ARCHIVE` for anything but regular files of the documented names, `E_TAMPERED` for a tar that
 *   is cut or not of the one form, `E_NOT_FOUND`, `E_READ`; what `onFile` throws.
 */
export async function readPackage(
  path: string,
  onFile: (file: PackedFile) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) {
    throw new ExhibitError('E_NOT_FOUND', 'there is no package of that name', {
      where: { file: path },
      hint: 'name the folder or the .tar file that `exhibit export transfer` wrote',
    });
  }
  if (!facts.isDirectory()) {
    await readVolume(
      path,
      async ({ path: member, type, body }) => {
        const [, name, ...deeper] = member.split('/');
        if (name === undefined && type === 'folder') return;
        if (type !== 'file' || deeper.length > 0 || !isPackageName(name ?? '')) {
          throw stranger(path, member);
        }
        await onFile({ name: name ?? '', pieces: body });
      },
      { signal },
    );
    return;
  }
  const names = readdirSync(path).sort();
  const odd = names.find((name) => !isPackageName(name));
  if (odd !== undefined) throw stranger(path, odd);
  if (names.length > MAX_FILES) throw stranger(path, `${String(names.length)} files`);
  for (const name of names) {
    const chunks = await Chunks.open(join(path, name), 'same-thread', signal);
    try {
      await onFile({ name, pieces: piecesOf(chunks) });
    } finally {
      await chunks.close();
    }
  }
}

async function* piecesOf(chunks: Chunks): AsyncGenerator<Buffer, undefined> {
  for (let piece = await chunks.next(); piece !== undefined; piece = await chunks.next()) {
    yield piece;
  }
}

function isPackageName(name: string): boolean {
  return isListedName(name) || name === LIST_FILE || name === LIST_SIGNATURE;
}

function stranger(path: string, name: string): ExhibitError {
  const unfinished = name.endsWith('.part');
  return new ExhibitError(
    unfinished ? 'E_UNFINISHED' : 'E_HOSTILE_ARCHIVE',
    unfinished
      ? 'the package was not finished by its sender'
      : `${JSON.stringify(name)} does not belong in a transfer package`,
    {
      where: { file: path },
      hint: unfinished
        ? 'ask for the package again'
        : 'move away what your system put there (such as .DS_Store), or ask the sender',
    },
  );
}
