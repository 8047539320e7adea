/** Whether something is there. */
import { lstatSync } from 'node:fs';

/**
 * True if the name is taken, by whatever. Unlike `existsSync` it does not take a disk that cannot be read for "no": what
 * hangs on the answer is work left undone without a word, or a file that is written over.
 * @throws the system's error, but for a name that is not there.
 */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
