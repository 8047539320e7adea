/** Judges a signature that somebody made with another program, over any file: a receipt, an order, a hand-over form. */
import { basename } from 'node:path';
import type { Check } from '../core/check.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { readBundle } from '../crypto/chain.ts';
import { verifyForeign } from '../crypto/foreign.ts';
import { fingerprint } from '../crypto/trust.ts';
import { readGiven } from './given-file.ts';

/** Paths of what is judged. */
export interface ForeignRequest {
  readonly file: string;
  /** Undefined: the file's name with `.p7s`. */
  readonly signature: string | undefined;
  /** PEM of the roots that the verifier trusts, and what lies below them. */
  readonly trust: string | undefined;
}

/**
 * `signature.form`: is it a signature of this file? `signature.signer`: does a root that the verifier trusts vouch for him?
 * @throws ExhibitError `E_READ`; `E_FORMAT` when the trusted file holds no root.
 */
export async function verifyForeignSignature(
  { file, signature, trust }: ForeignRequest,
  fx: Effects,
): Promise<{ readonly ok: boolean; readonly checks: readonly Check[] }> {
  const bytes = await readGiven(file, fx);
  const p7s = await readGiven(signature ?? `${file}.p7s`, fx);
  const bundle = trust === undefined ? undefined : readBundle(await readGiven(trust, fx));
  if (bundle?.roots.length === 0) {
    throw new ExhibitError('E_FORMAT', 'the file given with --trust holds no root certificate');
  }
  const verdict = verifyForeign(bytes, p7s, {
    roots: bundle?.roots,
    between: bundle?.others ?? [],
    defaultUs: fx.now() * 1000,
  });
  const check = (id: string, status: Check['status'], detail: string): Check => ({
    id,
    subject: basename(file),
    status,
    detail,
  });
  if (!verdict.ok) {
    const why = 'there is no good signature';
    const checks = [
      check('signature.form', 'fail', verdict.reason),
      check('signature.signer', 'not_checked', why),
    ];
    return { ok: false, checks };
  }
  const { signer, name, claimedUs, problem, judged } = verdict;
  const claim = claimedUs === undefined ? 'no time claimed' : `claimed time ${formatUs(claimedUs)}`;
  const form = `of this file, by ${name}, certificate sha256 ${fingerprint(signer.x509)}, ${claim}`;
  const [status, detail] =
    problem !== undefined
      ? (['fail', problem] as const)
      : judged
        ? (['pass', 'a root given with --trust vouches for the signer'] as const)
        : ([
            'not_checked',
            'no root to ask whether the signer is who he says; give --trust ROOTS.pem',
          ] as const);
  return {
    ok: status !== 'fail',
    checks: [check('signature.form', 'pass', form), check('signature.signer', status, detail)],
  };
}
