/** `--out FILE`: an answer into a new file instead of stdout. */
import { Buffer } from 'node:buffer';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

/** Text is written in pieces of this size. */
const BUFFER_CHARACTERS = 1024 * 1024;

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW, O_SYNC } = constants;

/**
 * Does work whose results go into a new file; without a path, to stdout. A file that could not be finished is removed.
 * @param path relative to the folder we were started in.
 * @throws ExhibitError `E_EXISTS`; the system's error (ENOSPC, EIO, ...), and what `work` throws.
 */
export async function withOut<T>(
  path: string | undefined,
  fx: Effects,
  work: (fx: Effects) => T | Promise<T>,
): Promise<T> {
  if (path === undefined) return work(fx);
  const file = resolve(fx.cwd, path);
  const fd = create(file);
  let pending = '';
  const flush = (): void => {
    const bytes = Buffer.from(pending, 'utf8');
    pending = '';
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  };
  const write = (text: string): void => {
    pending += text;
    if (pending.length >= BUFFER_CHARACTERS) flush();
  };
  let closed = false;
  try {
    const result = await work({ ...fx, out: { isTTY: false, write } });
    flush();
    closed = true;
    closeSync(fd);
    return result;
  } catch (error) {
    if (!closed) closeSync(fd);
    rmSync(file, { force: true });
    throw error;
  }
}

function create(file: string): number {
  // Both are absent on Windows.
  const extra = ((O_NOFOLLOW as number | undefined) ?? 0) | ((O_SYNC as number | undefined) ?? 0);
  try {
    return openSync(file, O_CREAT | O_EXCL | O_WRONLY | extra, 0o644);
  } catch (cause) {
    if (!isSystemError(cause) || cause.code !== 'EEXIST') throw cause;
    throw new ExhibitError('E_EXISTS', 'the file is there already and is not overwritten', {
      where: { file },
      hint: 'give another name',
      cause,
    });
  }
}
