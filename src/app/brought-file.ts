/** Small files that somebody names on the command line: certificates, checkpoints, entries, signatures. */
import type { Buffer } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { ExhibitError } from '../core/errors.ts';

/** The largest of them is a ledger entry (src/custody/files.ts). */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * All bytes; also of a pipe, which has no size.
 * @param what names it in the message: `a certificate file`.
 * @throws ExhibitError `E_READ`, also for a file that is larger than any of its kind.
 */
export async function readBrought(path: string, what: string): Promise<Buffer> {
  const where = { file: path };
  const size = await stat(path).then(
    (facts) => facts.size,
    (cause: unknown) => {
      throw new ExhibitError('E_READ', `${what} cannot be read`, { where, cause });
    },
  );
  if (size > MAX_BYTES) {
    throw new ExhibitError('E_READ', `${what} is larger than any of its kind`, { where });
  }
  return readFile(path).catch((cause: unknown) => {
    throw new ExhibitError('E_READ', `${what} cannot be read`, { where, cause });
  });
}
