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

2. Open all but the volumes${byPassphrase ? ' (age asks for the passphrase, once for each file)' : ''}. Whoever knows where to encrypt to can have made
   it, so the list of what is in it is looked at before any of it is unpacked: plain files and
   folders with plain names only. If this stops with words in capital letters, go no further

${byPassphrase ? '' : '    KEY=${KEY:-key.txt}\n'}    ( mkdir CASE || exit 1
    age -d ${key}case.tar.age > CASE/case.tar || { echo "CANNOT OPEN case.tar.age"; exit 1; }
    tar -tvf CASE/case.tar > CASE/list && tar -tf CASE/case.tar > CASE/names ||
      { echo "NOT A TAR case.tar"; exit 1; }
    if LC_ALL=C grep -vE '^[-d][-rwx]{9} ' CASE/list | cat -v | grep .; then
      echo "LINK OR DEVICE IN case.tar"; exit 1; fi
    if LC_ALL=C grep -vxE 'case(/[A-Za-z0-9_=@+,][A-Za-z0-9._=@+,-]*)*/?' CASE/names | cat -v | grep .; then
      echo "NAME THAT LEADS ELSEWHERE IN case.tar"; exit 1; fi
    tar -xf CASE/case.tar --strip-components=1 -C CASE || { echo "CANNOT UNPACK case.tar"; exit 1; }
    rm CASE/case.tar CASE/list CASE/names ) && OPENED=yes || OPENED=no

3. The list of step 1 was signed by the sender. CASE/pki/root.pem must be the certificate whose
   fingerprint you have on paper: step 1 of CASE/VERIFY.txt. If you have that certificate itself
   from elsewhere, do this with it before step 2

    openssl cms -verify -binary -inform DER -purpose any -CAfile CASE/pki/root.pem \\
      -no-CApath -no-CAstore -in transfer.sha256.p7s -content transfer.sha256 -out /dev/null

4. Then the volumes. If age fails, remove CASE: what lies there is not whole

    [ "$OPENED" = yes ] && for a in EV-*.v*.tar.age; do v=\${a%.age}
      age -d ${key}"$a" > "CASE/evidence/\${v%%.v*}/$v" || { echo "CANNOT OPEN $a"; break; }
    done

5. Now everything else, as CASE/VERIFY.txt says

    cd CASE
`;
}
