/** A large file that is written once, in pieces, under a name that must be free. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { ExhibitError } from '../core/errors.ts';

const { O_CREAT, O_EXCL, O_WRONLY, O_SYNC, O_NOFOLLOW } = constants;

/** O_SYNC waits for the disk at each write, so few and large ones. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Writes a new file and waits until the disk has its bytes; works under the permission model, which refuses fsync. What
 * was written before a failure is removed.
 * @returns the number of bytes.
 * @throws ExhibitError `E_EXISTS`, `E_WRITE` (disk full, I/O), or what `pieces` throws.
 */
export async function writeNewFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  // Absent on Windows.
  const extra = ((O_SYNC as number | undefined) ?? 0) | ((O_NOFOLLOW as number | undefined) ?? 0);
  const file = await open(path, O_CREAT | O_EXCL | O_WRONLY | extra, 0o644).catch(
    (cause: unknown) => {
      throw writeError(path, cause);
    },
  );
  try {
    const bytes = await fill(path, file, pieces);
    await file.close();
    return bytes;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
}

async function fill(
  path: string,
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let filled = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    for (let at = 0; at < filled;) {
      const { bytesWritten } = await file.write(buffer, at, filled - at).catch((cause: unknown) => {
        throw writeError(path, cause);
      });
      at += bytesWritten;
    }
    filled = 0;
  };
  for await (const piece of pieces) {
    bytes += piece.length;
    for (let at = 0; at < piece.length;) {
      const room = Math.min(BUFFER_BYTES - filled, piece.length - at);
      buffer.set(piece.subarray(at, at + room), filled);
      filled += room;
      at += room;
      if (filled === BUFFER_BYTES) await flush();
    }
  }
  await flush();
  return bytes;
}

function writeError(path: string, cause: unknown): ExhibitError {
  const { code } = cause as NodeJS.ErrnoException;
  const where = { file: path };
  if (code === 'EEXIST') {
    return new ExhibitError('E_EXISTS', 'the file exists already', {
      where,
      hint: 'nothing is overwritten; choose another name, or remove it yourself',
      cause,
    });
  }
  return new ExhibitError(
    'E_WRITE',
    code === 'ENOSPC' ? 'the disk is full' : `a file could not be written: ${code ?? ''}`,
    { where, hint: 'free some space or check the folder, then run the same command again', cause },
  );
}
