/** TRUST.txt: the fingerprints that everything else hangs on, and how to compare them with paper. */
import { fingerprintWithColons } from '../crypto/trust.ts';
import type { CaseInfo } from './case.ts';

/** Text of TRUST.txt. */
export function trustText(info: CaseInfo): string {
  const { name, organization, certificate } = info.examiner;
  return `TRUST ANCHOR of case ${info.case}
Opened ${info.created_at} (claimed by the clock of the machine that opened it)

Every signature in this folder hangs on one certificate: pki/root.pem. Whoever makes a
folder like this one can make a certificate like it too. So take its fingerprint from a
source outside this folder (the paper form, a letter, the examiner's own mouth) and compare.

Root certificate, SHA-256 fingerprint:
${fingerprintWithColons(info.root)}

Signer certificate, SHA-256 fingerprint (${name}${organization === undefined ? '' : `, ${organization}`}):
${fingerprintWithColons(certificate)}

How to compare. This prints the fingerprint of the root that is in the folder; every
character must equal the one on paper, not only the one printed above:

  openssl x509 -in pki/root.pem -noout -fingerprint -sha256

The signer's certificate was issued by that root:

  openssl verify -CAfile pki/root.pem pki/signers/${certificate}.pem

Write on paper when the case is opened: the root fingerprint above. Write on paper whenever
the folder changes hands: the head that \`exhibit custody verify\` prints, for without a head
kept elsewhere nobody can see that the last entries of the ledger were taken away.
VERIFY.txt goes on from here.
`;
}
