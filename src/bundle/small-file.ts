/** Reads files that have to be small and regular, whatever lies in their place. */
import type { Buffer } from 'node:buffer';
import { lstat, readFile } from 'node:fs/promises';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/**
 * Bytes of a file, or undefined if there is none.
 * @throws ExhibitError `E_TAMPERED` if it is a link, a folder, a FIFO or larger than `limit`; `E_READ` if it cannot be read.
 */
export async function readSmallFile(path: string, limit: number): Promise<Buffer | undefined> {
  const where = { file: path };
  try {
    const facts = await lstat(path);
    if (!facts.isFile()) throw new ExhibitError('E_TAMPERED', 'not a regular file', { where });
    if (facts.size > limit)
      throw new ExhibitError('E_TAMPERED', 'larger than any file of its kind', { where });
    return await readFile(path);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    if (cause.code === 'ENOENT') return undefined;
    throw new ExhibitError('E_READ', `cannot be read: ${cause.code}`, { where, cause });
  }
}
