/** Whom time-stamps are believed: roots that the verifier names. What the case brings may only lie in between. */
import { join } from 'node:path';
import { ExhibitError } from '../core/errors.ts';
import type { CertificateFields } from '../crypto/certificate-read.ts';
import { readBundle } from '../crypto/chain.ts';
import { namesIn, readSmall } from './names.ts';

/** For {@link judgeStamps}. */
export interface StampTrust {
  /** Undefined: nobody was named, and no time is proven. */
  readonly roots: readonly CertificateFields[] | undefined;
  readonly between: readonly CertificateFields[];
}

/** Chains of more authorities than any case has; bounds what a hostile one makes us read. */
const MAX_CHAINS = 50;
const MAX_CHAIN_BYTES = 256 * 1024;

/**
 * @param given PEM of the roots that the verifier trusts (`--tsa-trust`), with or without what lies below them.
 * @param caseDir case whose pki/tsa has chains; undefined outside of one.
 * @throws ExhibitError `E_FORMAT` when `given` holds no self-signed authority.
 */
export function stampTrust(given: Uint8Array | undefined, caseDir: string | undefined): StampTrust {
  const kept = caseDir === undefined ? [] : keptChains(join(caseDir, 'pki', 'tsa'));
  if (given === undefined) return { roots: undefined, between: kept };
  const { roots, others } = readBundle(given);
  if (roots.length === 0) {
    throw new ExhibitError(
      'E_FORMAT',
      'the file given with --tsa-trust holds no root certificate',
      {
        hint: "give the time-stamp authority's self-signed root certificate, from the authority itself",
      },
    );
  }
  return { roots, between: [...others, ...kept] };
}

function keptChains(folder: string): CertificateFields[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('-chain.pem'))
    .slice(0, MAX_CHAINS)
    .flatMap((name) => {
      const bytes = readSmall(join(folder, name), MAX_CHAIN_BYTES);
      if (bytes === undefined) return [];
      const { roots, others } = readBundle(bytes);
      // A root that lies in the case is no anchor; cross-signed ones can be links.
      return [...others, ...roots];
    });
}
