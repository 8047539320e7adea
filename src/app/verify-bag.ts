/** Judges a bag that stands by itself: no case, no seal, no signature. */
import { resolve } from 'node:path';
import { judgeBag } from '../bundle/bag-rfc.ts';
import type { Effects } from '../core/effects.ts';
import type { VerifyResult } from './verify.ts';

/**
 * Every check of RFC 8493 on a folder or a tar archive. Reads only.
 * @throws ExhibitError `E_READ` if there is neither at the path.
 */
export async function verifyBag(path: string, fx: Effects): Promise<VerifyResult> {
  const checks = await judgeBag(resolve(fx.cwd, path), fx.signal);
  return { ok: !checks.some(({ status }) => status === 'fail'), checks };
}
