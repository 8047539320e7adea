/** What this user's machine remembers of the cases it has seen (src/custody/pin.ts). */
import { join, resolve } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { pinCheck } from '../custody/head.ts';
import { readPin, writePin, type Pin } from '../custody/pin.ts';
import { ledgerShape } from '../custody/shape.ts';
import type { Case } from './case.ts';

/**
 * Folder of the pins: `EXHIBIT_PINS`, else `exhibit/pins` in XDG_STATE_HOME or ~/.local/state; undefined where there is
 * none. bin/launch.js finds the same one, to allow writing there.
 */
export function pinFolder({ env, cwd }: Effects): string | undefined {
  const given = env['EXHIBIT_PINS'];
  if (given !== undefined && given !== '') return resolve(cwd, given);
  const state = env['XDG_STATE_HOME'];
  if (state !== undefined && state !== '') return join(state, 'exhibit', 'pins');
  const home = env['HOME'];
  return home === undefined || home === ''
    ? undefined
    : join(home, '.local', 'state', 'exhibit', 'pins');
}

/** What was seen of a case; undefined for a case that was never pinned. @throws ExhibitError `E_FORMAT`. */
export function pinOf(fx: Effects, caseId: string): Pin | undefined {
  const folder = pinFolder(fx);
  return folder === undefined ? undefined : readPin(folder, caseId);
}

/**
 * Remembers the ledger as it is now, once it was verified or written by us.
 * @param first also for a case that was never pinned.
 */
export function raisePin({ paths, info }: Case, fx: Effects, first: boolean): Pin | undefined {
  const folder = pinFolder(fx);
  const before = pinOf(fx, info.case);
  if (folder === undefined || (before === undefined && !first)) return undefined;
  const { hashes, roots } = ledgerShape(paths.dir);
  const [head, root] = [hashes.at(-1), roots.at(-1)];
  if (head === undefined || root === undefined) return undefined;
  const pin: Pin = {
    case: info.case,
    root_certificate: info.root,
    size: roots.length,
    root,
    head,
    at: formatUs(fx.now() * 1000),
  };
  if (before?.size === pin.size) return before;
  try {
    writePin(folder, pin);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // What was signed is signed; without a home a person has no pins, and is told.
    fx.err.write(`exhibit: this machine cannot remember the case in ${folder}: ${error.code}\n`);
    return before;
  }
  return pin;
}

/** @throws ExhibitError `E_TAMPERED` when this machine has seen more, or other, entries: nothing is built on that. */
export function refuseRolledBack({ paths, info }: Case, fx: Effects): void {
  const pin = pinOf(fx, info.case);
  if (pin === undefined) return;
  const { status, detail } = pinCheck(ledgerShape(paths.dir), pin, info.root);
  if (status === 'pass') return;
  throw new ExhibitError(
    'E_TAMPERED',
    `the ledger is not the one this machine has seen: ${detail}`,
    {
      where: { file: paths.custody },
      hint: 'compare the two with `exhibit custody compare`; nothing was written',
    },
  );
}
