/** Which root certificate everything hangs on, and whether anybody outside the case vouches for it. */
import type { X509Certificate } from 'node:crypto';
import type { CasePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';
import { ExhibitError } from '../core/errors.ts';
import { fingerprint, readCertificate, rootProblem } from '../crypto/trust.ts';
import { readRegular } from './files.ts';

/** What the verifier trusts. */
export interface AnchorOptions {
  /** The root certificate, PEM or DER, from a source outside the case. */
  readonly trust?: string | Uint8Array;
}

/** The anchor for the other checks, and the answers about it. */
export interface AnchorAnswer {
  /** The verifier's root; without one the case's own; undefined when that is unusable. */
  readonly anchor: X509Certificate | undefined;
  readonly checks: readonly Check[];
}

/**
 * `trust.root`: pki/root.pem is a root that can vouch at all. `trust.anchor`: it is the one the verifier brought;
 * without one it is not checked, for a package can bring any root.
 * @throws ExhibitError `E_FORMAT` when what the verifier brought is not a usable root certificate.
 */
export function anchorChecks(paths: CasePaths, { trust }: AnchorOptions): AnchorAnswer {
  const own = ownRoot(paths);
  const subject = 'pki/root.pem';
  const rootCheck: Check =
    typeof own === 'string'
      ? { id: 'trust.root', subject, status: 'fail', detail: own }
      : {
          id: 'trust.root',
          subject,
          status: 'pass',
          detail: `self-signed authority, RSA, valid until ${own.validToDate.toISOString().slice(0, 10)}`,
        };
  const id = 'trust.anchor';
  if (trust === undefined) {
    const detail =
      typeof own === 'string'
        ? 'no root certificate was given and the one of the case cannot be used'
        : `nobody outside this case vouches for its root: compare sha256 ${fingerprint(own)} with the paper form, or give --trust ROOT.pem`;
    return {
      anchor: typeof own === 'string' ? undefined : own,
      checks: [rootCheck, { id, subject, status: 'not_checked', detail }],
    };
  }
  const given = readCertificate(trust, 'the certificate given with --trust');
  const problem = rootProblem(given);
  if (problem !== undefined) {
    throw new ExhibitError(
      'E_FORMAT',
      `the certificate given with --trust cannot be trusted: ${problem}`,
    );
  }
  const same = typeof own !== 'string' && fingerprint(own) === fingerprint(given);
  const anchorCheck: Check = same
    ? { id, subject, status: 'pass', detail: 'the root is the one given with --trust' }
    : {
        id,
        subject,
        status: 'fail',
        detail: `the root is not the one given with --trust (sha256 ${fingerprint(given)})`,
      };
  return { anchor: given, checks: [rootCheck, anchorCheck] };
}

/** The case's root, or why it is none. */
function ownRoot(paths: CasePaths): X509Certificate | string {
  const bytes = readRegular(paths.rootPem);
  if (bytes === undefined) return 'missing';
  try {
    const root = readCertificate(bytes, paths.rootPem);
    return rootProblem(root) ?? root;
  } catch (error) {
    if (error instanceof ExhibitError) return error.message;
    throw error;
  }
}
