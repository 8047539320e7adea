/** `collect host`: the logs of the running machine, or of one whose disk is mounted somewhere. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Case } from './case.ts';
import { collectDir, type CollectRequest, type CollectResult } from './collect.ts';

/**
 * Where Linux keeps its logs (Filesystem Hierarchy Standard 3.0, "/var/log"; systemd-journald.service(8), "FILES"; utmp(5)),
 * and the few files that say whose machine it is and who its numbers are.
 */
const LOGS = [
  'var/log',
  'run/log/journal',
  'run/utmp',
  'etc/group',
  'etc/hostname',
  'etc/machine-id',
  'etc/os-release',
  'etc/passwd',
];

/**
 * Collects them.
 * @param root the machine's `/`; `paths` lie in it, default: those of {@link LOGS} that are there.
 * @throws ExhibitError those of {@link collectDir}, `E_READ` for a path that leads out of the root.
 */
export async function collectHost(
  target: Case,
  fx: Effects,
  root: string,
  paths: readonly string[],
  request: Omit<CollectRequest, 'paths' | 'machine' | 's3'>,
): Promise<CollectResult> {
  const top = resolve(fx.cwd, root);
  const wanted = paths.length > 0 ? paths.map((path) => below(top, path)) : LOGS;
  const there = wanted.map((path) => join(top, path));
  // Of the usual places some are always absent; one that was named must be there.
  const found = paths.length > 0 ? there : there.filter((path) => existsSync(path));
  if (found.length === 0) {
    throw new ExhibitError('E_READ', 'there are no logs in their usual places', {
      where: { file: top },
      hint: 'name the folders: exhibit collect host --root DIR PATH',
    });
  }
  return await collectDir(target, fx, { ...request, paths: found, machine: top });
}

/** `/var/log` of the machine, whether it is written with its `/` or with where that is mounted. */
function below(top: string, path: string): string {
  const inside = relative(top, path);
  return path.startsWith(top) && !inside.startsWith('..') ? inside : path;
}
