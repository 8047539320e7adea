/** OPEN.txt: how a stranger opens a package with age, sha256sum, tar and openssl. The tests run the indented lines. */

/** The text; the same for every package of a case that is locked in the same way. */
export function openText(caseId: string, byPassphrase: boolean): string {
  const key = byPassphrase ? '' : '-i "$KEY" ';
  return `HOW TO OPEN THIS TRANSFER PACKAGE OF CASE ${caseId}

It holds evidence, encrypted with age (https://age-encryption.org). Nothing below needs the
program that made it. You need: sha256sum, age 1.1 or later, GNU tar, openssl and bash.

Go into the folder that holds this file${
    byPassphrase ? '' : ', put the path of your identity file (age-keygen made it) into KEY'
  } and paste the
indented lines in order. They write the case into a new folder, CASE.

1. The files arrived as they were sent. Whoever carries this package can do that too, without ${byPassphrase ? 'the passphrase' : 'a key'}

    sha256sum -c --strict transfer.sha256

2. Open it${byPassphrase ? ' (age asks for the passphrase, once for each file)' : ''}. If age fails, remove CASE: what lies there is not whole

${byPassphrase ? '' : '    KEY=${KEY:-key.txt}\n'}    mkdir CASE
    age -d ${key}case.tar.age > CASE/case.tar
    tar -xf CASE/case.tar --strip-components=1 -C CASE && rm CASE/case.tar
    for a in EV-*.v*.tar.age; do v=\${a%.age}
      age -d ${key}"$a" > "CASE/evidence/\${v%%.v*}/$v" || { echo "CANNOT OPEN $a"; break; }
    done

3. The list of step 1 was signed by the sender. CASE/pki/root.pem must be the certificate whose
   fingerprint you have on paper: step 1 of CASE/VERIFY.txt

    openssl cms -verify -binary -inform DER -purpose any -CAfile CASE/pki/root.pem \\
      -in transfer.sha256.p7s -content transfer.sha256 -out /dev/null

4. Now everything else, as CASE/VERIFY.txt says

    cd CASE
`;
}
