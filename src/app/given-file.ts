/** Files that the user names on the command line, outside the case. */
import type { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** Reads such a file, relative to the folder we were started in. @throws ExhibitError `E_READ`. */
export async function readGiven(path: string, fx: Effects): Promise<Buffer> {
  const file = resolve(fx.cwd, path);
  try {
    return await readFile(file);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_READ', `the file cannot be read: ${cause.code}`, {
      where: { file },
      cause,
    });
  }
}
