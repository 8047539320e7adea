/**
 * Chains of strangers' certificates to roots that the verifier brought (RFC 5280 section 6.1, without policies and name
 * constraints: a certificate that insists on what is not understood here is refused).
 */
import { formatUs } from '../core/time.ts';
import {
  EXTENSION,
  pathLength,
  purposes,
  readCertificateFields,
  type CertificateFields,
} from './certificate-read.ts';
import { namedBits, readDer } from './der-read.ts';
import { keyProblem } from './key-policy.ts';
import { pemBlocks } from './pem.ts';

const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.extendedKeyUsage,
]);
const ANY_PURPOSE = '2.5.29.37.0';
/** RFC 5280 section 4.2.1.3. */
const KEY_CERT_SIGN = 5;

/** Certificates below the root; real chains have two or three. */
const MAX_LENGTH = 8;
/** Signatures that are looked at: certificates of one name could be laid out as a maze. */
const MAX_STEPS = 200;

/** A leaf and what it may hang on. */
export interface ChainQuestion {
  readonly leaf: CertificateFields;
  /** Candidates for the way up; from anybody. */
  readonly between: readonly CertificateFields[];
  /** What the verifier trusts. */
  readonly roots: readonly CertificateFields[];
  /** When every certificate must be valid, microseconds UTC. */
  readonly atUs: number;
  /** Dotted extended key usage that every certificate must allow where it is restricted at all; undefined: any will do. */
  readonly purpose: string | undefined;
}

/** Why no way leads from the leaf to a root; `undefined` when one does. */
export function chainProblem(question: ChainQuestion): string | undefined {
  const { leaf, atUs } = question;
  const own = linkProblem(leaf, question);
  if (own !== undefined) return own;
  let steps = 0;
  let nearest: string | undefined;
  const climbs = (below: readonly CertificateFields[]): boolean => {
    const last = below.at(-1);
    if (last === undefined || below.length > MAX_LENGTH) return false;
    for (const issuer of [...question.roots, ...question.between]) {
      const isRoot = question.roots.includes(issuer);
      if (below.includes(issuer) || !issuer.subject.equals(last.issuer)) continue;
      if (++steps > MAX_STEPS) return false;
      if (!last.x509.checkIssued(issuer.x509) || !last.x509.verify(issuer.x509.publicKey)) continue;
      const problem =
        authorityProblem(issuer, below.length - 1) ??
        (isRoot ? validityOf(issuer, atUs) : linkProblem(issuer, question));
      if (problem !== undefined) nearest ??= problem;
      else if (isRoot || climbs([...below, issuer])) return true;
    }
    return false;
  };
  if (climbs([leaf])) return undefined;
  return nearest ?? 'no chain of certificates leads to a root that the verifier trusts';
}

/** What every certificate below the root must be. */
function linkProblem(
  certificate: CertificateFields,
  { atUs, purpose }: ChainQuestion,
): string | undefined {
  const { extensions } = certificate;
  for (const [oid, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(oid)) {
      return `${nameOf(certificate)} insists on the extension ${oid}, which is not understood here`;
    }
  }
  const allowed = purpose === undefined ? undefined : purposes(extensions);
  if (
    purpose !== undefined &&
    allowed !== undefined &&
    !allowed.includes(purpose) &&
    !allowed.includes(ANY_PURPOSE)
  ) {
    return `${nameOf(certificate)} is for other purposes`;
  }
  const weak = keyProblem(certificate.x509, 'authority');
  return weak === undefined ? validityOf(certificate, atUs) : `${nameOf(certificate)}: ${weak}`;
}

/** @param authorities how many authorities lie between this one and the leaf. */
function authorityProblem(certificate: CertificateFields, authorities: number): string | undefined {
  const { x509, extensions } = certificate;
  const usage = extensions.get(EXTENSION.keyUsage);
  if (!x509.ca || (usage !== undefined && !keyUsage(usage.value).includes(KEY_CERT_SIGN))) {
    return `${nameOf(certificate)} may not issue certificates`;
  }
  const limit = pathLength(extensions);
  if (limit !== undefined && authorities > limit)
    return `${nameOf(certificate)} allows no such long chain`;
  return undefined;
}

function validityOf(certificate: CertificateFields, atUs: number): string | undefined {
  const { validFromDate, validToDate } = certificate.x509;
  // Written so that a date that cannot be read (NaN) is refused.
  const valid = atUs >= validFromDate.getTime() * 1000 && atUs <= validToDate.getTime() * 1000;
  return valid ? undefined : `${nameOf(certificate)} was not valid at ${formatUs(atUs)}`;
}

/** Numbers of the bits of a key usage extension. @throws DerError. */
export function keyUsage(value: Uint8Array): number[] {
  return namedBits(readDer(value));
}

/** A certificate's name for people: hostile text. */
export function nameOf({ x509 }: CertificateFields): string {
  const parts = x509.subject.split('\n');
  return parts.find((part) => part.startsWith('CN='))?.slice(3) ?? parts.join(', ');
}

/** Certificates of a file, those that cannot be read left out; the self-signed authorities among them apart. */
export function readBundle(bytes: Uint8Array): {
  readonly roots: readonly CertificateFields[];
  readonly others: readonly CertificateFields[];
} {
  const all = pemBlocks(bytes, 'CERTIFICATE').flatMap((der) => {
    try {
      return [readCertificateFields(der)];
    } catch {
      // Of a kind that no chain here can use.
      return [];
    }
  });
  const isRoot = ({ x509 }: CertificateFields): boolean =>
    x509.ca && x509.checkIssued(x509) && x509.verify(x509.publicKey);
  return { roots: all.filter(isRoot), others: all.filter((one) => !isRoot(one)) };
}
