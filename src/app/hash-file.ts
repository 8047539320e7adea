/** The SHA-256 of a file that nobody vouches for yet. */
import { Chunks } from '../archive/chunks.ts';
import { ExhibitError } from '../core/errors.ts';

/**
 * Lower-case hex, of whatever size; undefined where there is no regular file that can be read: a link, a FIFO, a folder.
 * @throws the reason of `signal`.
 */
export async function hashRegular(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const chunks = await Chunks.open(path, 'auto', signal);
    try {
      return await chunks.sha256();
    } finally {
      await chunks.close();
    }
  } catch (error) {
    // What cannot be read has no hash, and the check that asked for it says so.
    const unreadable =
      error instanceof ExhibitError && /^E_(?:READ|HOSTILE_ARCHIVE|TAMPERED)$/.test(error.code);
    if (unreadable) return undefined;
    throw error;
  }
}
