/**
 * VERIFY.txt: how a stranger who trusts neither us nor our program checks a case with tools that he has anyway. Written once
 * when the case is opened, so its commands fit whatever evidence comes later. The indented lines are the commands;
 * test/bundle/verify-text.test.ts takes them out of the file and runs them, on good and on tampered cases.
 */

/** What the text names. */
export interface VerifyTextFacts {
  readonly caseId: string;
  /** Lower-case hex SHA-256 of the root certificate (DER). */
  readonly rootFingerprint: string;
}

/** One numbered step: words, commands for a Unix shell, and what there is on Windows. */
interface Step {
  readonly title: string;
  readonly words: string;
  readonly commands: string;
  readonly windows?: string;
}

// Without the last two options, openssl also trusts whatever the machine trusts. A registered certificate is trusted itself,
// but what it issues is not.
const SETUP = `top() { LC_ALL=C awk 'NR > 1 { exit 1 } { d = 0; s = 0; o = ""
  for (i = 1; i <= length($0); i++) { c = substr($0, i, 1)
    if (s) { if (c == "\\\\") { o = o c; c = substr($0, ++i, 1) } else if (c == "\\"") s = 0 }
    else if (c == "\\"") s = 1
    else if (c == "{" || c == "[") { if (++d == 1) continue }
    else if (c == "}" || c == "]") { if (--d == 0) continue }
    else if (c == "," && d == 1) { print o; o = ""; continue }
    o = o c }
  print o }' "$1" > "$W/entry" && cut -d: -f1 "$W/entry" | LC_ALL=C sort -c -u 2> /dev/null; }
signed() { openssl cms -verify -binary -inform DER -purpose any -partial_chain \\
    -CAfile "$W/trust.pem" -no-CApath -no-CAstore -in "$1.p7s" -content "$1" \\
    -signer "$W/signer.pem" -out /dev/null &&
  [ "$(grep -c BEGIN "$W/signer.pem")" = 1 ] || return 1
  fp=$(openssl x509 -in "$W/signer.pem" -outform DER | sha256sum | cut -d' ' -f1)
  grep -qx "$fp" "$W/registered" || openssl verify -no_check_time -CAfile "$W/root.pem" \\
    -no-CApath -no-CAstore "$W/signer.pem" > /dev/null; }
seconds() { date -u -d "$(sed 's/\\.[0-9]*//')" +%s; }
claimed() { openssl cms -cmsout -print -inform DER -in "$1" | grep -A3 signingTime |
  sed -n 's/.*TIME://p' | head -n 1 | seconds; }
named() { for f in custody/[0-9]*.json; do top "$f"
  e=$(grep '^"event":' "$W/entry" | cut -d'"' -f4)
  grep '^"attachments":' "$W/entry" | grep -o '{"name":"[^"\\\\]*","sha256":"[0-9a-f]*"}' |
    sed "s/^/$e /"; done; }
find . -print0 | LC_ALL=C tr '\\n\\000' '\\001\\n' | LC_ALL=C grep '[^ -~]' | cat -v > "$W/odd"
if [ -s "$W/odd" ]; then cat "$W/odd"; W=$W/none
  echo "NAMES THAT CHANGE WHAT IS PRINTED: STOP, NOTHING BELOW COUNTS"; fi`;

const STEPS: readonly Step[] = [
  {
    title: 'The root certificate is the one on paper',
    words: `Everything below hangs on this one certificate, and whoever makes a folder like this can make
such a certificate too. So compare what this prints, character by character, with the paper
form or letter that reached you by another way than this folder. If it differs, stop.`,
    commands: 'openssl x509 -in pki/root.pem -noout -fingerprint -sha256',
    windows: 'certutil -dump pki\\root.pem   (line "Cert Hash(sha256)")',
  },
  {
    title: 'The custody ledger is whole, signed and unbroken, and knows every seal',
    words: `Each entry names the hash of the entry before, so nothing can be changed, taken out or put in
between. Entries of kind key-added let others sign from then on, entries of kind key-revoked take
a signer back; trust.pem collects who may sign. What the chain cannot show by itself is that
entries were cut off at its end: compare the count and hash printed last with a ledger head that
was written down elsewhere. Revocations that reach back, and pki/crl.pem, are asked of in step 11.`,
    commands: `( openssl x509 -in pki/root.pem > "$W/root.pem" && cp "$W/root.pem" "$W/trust.pem" || exit 1
: > "$W/registered"; : > "$W/revoked"; : > "$W/seals"; prev=$(printf '0%.0s' $(seq 64)); n=0
for f in custody/[0-9]*.json; do n=$((n+1))
  [ "$f" = "$(printf 'custody/%08d.json' $n)" ] || { echo "GAP before $f"; exit 1; }
  top "$f" || { echo "NOT AN ENTRY $f"; exit 1; }
  grep -qxF "\\"prev\\":\\"$prev\\"" "$W/entry" || { echo "BROKEN $f"; exit 1; }
  grep -qxF "\\"seq\\":$n" "$W/entry" || { echo "OTHER NUMBER $f"; exit 1; }
  grep -qxF "\\"case\\":\\"$CASE\\"" "$W/entry" || { echo "OTHER CASE $f"; exit 1; }
  signed "$f" || { echo "BAD SIGNATURE $f"; exit 1; }
  grep -q "^{\\"actor\\":{\\"cert\\":\\"$fp\\"" "$f" || { echo "OTHER SIGNER $f"; exit 1; }
  if grep -qx "$fp" "$W/revoked"; then echo "REVOKED SIGNER $f"; exit 1; fi
  e=$(grep '^"event":' "$W/entry" | cut -d'"' -f4)
  c=$(grep -o '^"details":{"certificate":"[0-9a-f]*"' "$W/entry" | cut -d'"' -f6)
  if [ "$e" = key-revoked ]; then echo "$c" >> "$W/revoked"; fi
  if [ "$e" = sealed ]; then grep '^"evidence":' "$W/entry" |
    grep -o '"seal":"[0-9a-f]*"' | cut -d'"' -f4 >> "$W/seals"; fi
  if [ "$e" = key-added ] &&
    grep -q '^"details":{"certificate":"[0-9a-f]*","how":"registered",' "$W/entry"; then
    h=$(openssl x509 -in "pki/signers/$c.pem" -outform DER | sha256sum | cut -d' ' -f1)
    [ "$h" = "$c" ] || { echo "NOT THE CERTIFICATE OF $f"; exit 1; }
    openssl x509 -in "pki/signers/$c.pem" >> "$W/trust.pem"; echo "$c" >> "$W/registered"
  fi
  prev=$(sha256sum "$f" | cut -d' ' -f1)
done
[ "$n" -gt 0 ] && [ "$(ls -A custody | grep -v '^checkpoint-' | grep -vc '\\.ts[qr]')" = $((2*n)) ] ||
  { echo "NOT EXACTLY THE ENTRIES AND THEIR SIGNATURES IN custody"; exit 1; }
top custody/00000001.json
grep '^"attachments":' "$W/entry" | grep -o '{"name":"[^"\\\\]*","sha256":"[0-9a-f]*"}' |
  sed 's/^{"name":"\\(.*\\)","sha256":"\\(.*\\)"}$/\\2  \\1/' > "$W/list"
grep -q '  case.json$' "$W/list" && grep -q '  pki/root.pem$' "$W/list" &&
  sha256sum -c --strict --quiet "$W/list" || { echo "CHANGED SINCE THE CASE WAS OPENED"; exit 1; }
for s in evidence/EV-*/EV-*.seal; do
  [ -e "$s" ] || break
  grep -qx "$(sha256sum "$s" | cut -d' ' -f1)" "$W/seals" ||
    { echo "SEAL NOT IN THE LEDGER $s"; exit 1; }
done
for h in $(cat "$W/seals"); do
  sha256sum evidence/EV-*/EV-*.seal 2> /dev/null | grep -q "^$h " ||
    { echo "SEALED EVIDENCE IS GONE"; exit 1; }
done
echo "OK $n $prev" )`,
  },
  {
    title: 'Each checkpoint is signed and is the root of the ledger it counts',
    words: `A checkpoint holds the case, a number of entries and the root of the Merkle tree (RFC 6962) over
their files. With a checkpoint, or its digits or words on paper, that was kept elsewhere, entries
cut off and a second history show: put it beside the others in custody, or compare the lines.`,
    commands: `( mth() { local k=1 n=$(($2-$1)); if [ $n = 1 ]; then
    { printf '\\000'; cat "custody/$(printf '%08d.json' $2)"; } | openssl dgst -sha256 -binary
  else while [ $((2*k)) -lt $n ]; do k=$((2*k)); done
    { printf '\\001'; mth $1 $(($1+k)); mth $(($1+k)) $2; } | openssl dgst -sha256 -binary; fi; }
for c in custody/checkpoint-*.txt; do [ -e "$c" ] || { echo "no checkpoints here"; break; }
  signed "$c" ||
    { echo "BAD SIGNATURE $c"; exit 1; }
  [ "$(sed -n 1p "$c")" = "custody-checkpoint/1/$CASE" ] || { echo "OTHER CASE $c"; exit 1; }
  n=$(sed -n 2p "$c"); last=$(ls custody/[0-9]*.json | wc -l)
  [ "$n" -ge 1 ] && [ "$n" -le "$last" ] || { echo "CUT OFF: $c counts $n, here are $last"; exit 1; }
  root=$(mth 0 "$n" | openssl base64); echo "$n $root"
  [ "$(sed -n 3p "$c")" = "$root" ] || { echo "ANOTHER HISTORY $c"; exit 1; }
done; echo "OK checkpoints" )`,
  },
  {
    title: 'Each seal is signed, by the certificate it names, for this case',
    words: `A seal is a small text file that lists the volumes of one evidence item with their hashes. Its
signature covers all of it, the # lines too. If this fails, the seal was changed or signed by
somebody else, and the hashes in it mean nothing.`,
    commands: `( for s in evidence/EV-*/EV-*.seal; do
  [ -e "$s" ] || { echo "no sealed evidence here"; break; }
  signed "$s" || { echo "BAD SIGNATURE $s"; exit 1; }
  grep -qxF "# signer-cert-sha256: $fp" "$s" || { echo "OTHER SIGNER $s"; exit 1; }
  grep -qxF "# case: $CASE" "$s" || { echo "OTHER CASE $s"; exit 1; }
  grep -qxF "# evidence: $(basename "$s" .seal)" "$s" || { echo "OTHER EVIDENCE $s"; exit 1; }
done; echo "OK seals signed" )`,
  },
  {
    title: 'Time-stamps of a third party, where there are any',
    words: `All other times in this folder are claims of the examiner's clock. A time-stamp (.tsr) by an
independent authority proves that a signature existed at its time. Put the authority's root
certificate, obtained from the authority itself, into tsa.pem; pki/tsa holds what lies between.
The first command asks whether it stamps this file, the second whether it answers the request.
Without tsa.pem nothing is said about them. No signature may claim a time after its time-stamp; both
are printed, and compared to the second. That every time-stamp of which the ledger tells is still
there is asked last.`,
    commands: `( cat pki/tsa/*-chain.pem pki/root.pem > "$W/between.pem" 2> /dev/null
for r in evidence/EV-*/*.tsr* custody/*.tsr*; do
  [ -e "$r" ] || continue
  grep -q 'BEGIN CERTIFICATE' tsa.pem 2> /dev/null ||
    { echo "not checked, for there is no tsa.pem: $r"; continue; }
  f=$(echo "$r" | sed 's/\\.tsr[.0-9]*$//'); q=$(echo "$r" | sed 's/\\.tsr/.tsq/')
  openssl ts -verify -in "$r" -data "$f" -CAfile tsa.pem -untrusted "$W/between.pem" ||
    { echo "BAD TIME-STAMP $r"; exit 1; }
  [ ! -e "$q" ] || openssl ts -verify -in "$r" -queryfile "$q" -CAfile tsa.pem \\
    -untrusted "$W/between.pem" || { echo "NOT AN ANSWER TO ITS REQUEST $r"; exit 1; }
  echo "$r"; openssl ts -reply -in "$r" -text 2> /dev/null | grep '^Time stamp'
  openssl cms -cmsout -print -inform DER -in "$f" | grep -A3 signingTime | grep TIME
  openssl ts -reply -in "$r" -text 2> /dev/null > "$W/reply"
  within=$(sed -n 's/^Accuracy: \\(0x[0-9A-Fa-f]*\\) seconds.*/\\1/p' "$W/reply")
  grep -qE '^Accuracy: .*0x[0-9A-Fa-f]+ (millis|micros)' "$W/reply" && more=1 || more=0
  stamp=$(($(sed -n 's/^Time stamp: //p' "$W/reply" | seconds) + \${within:-0} + more))
  [ "$(claimed "$f")" -le "$stamp" ] || { echo "CLAIMS A TIME AFTER ITS TIME-STAMP $f"; exit 1; }
done
named | sed -n 's/^timestamped {"name":"\\(.*\\)","sha256":"\\(.*\\)"}$/\\2  \\1/p' > "$W/list"
[ ! -s "$W/list" ] || sha256sum -c --strict --quiet "$W/list" ||
  { echo "A TIME-STAMP IS GONE OR CHANGED"; exit 1; }
ls evidence/EV-*/*.tsr* custody/*.tsr* 2> /dev/null | grep -q . ||
  echo "no time-stamps: all times are claims" )`,
  },
  {
    title: 'Each volume has the hash in its seal, and nothing lies beside them',
    words: `If a hash differs, the volume is not the one that was sealed: at least one bit of it changed.
A file that the seal does not list was put there later and is no evidence.`,
    commands: `( for d in evidence/*; do [ -e "$d" ] || { echo "no evidence here"; break; }
  [ -e "$d/$(basename "$d").seal" ] || [ -z "$(ls -A "$d")" ] ||
    { echo "NOT SEALED $d"; exit 1; }
done
for s in evidence/EV-*/EV-*.seal; do d=$(dirname "$s"); e=$(basename "$d")
  [ -e "$s" ] || break
  ( cd "$d" && sha256sum -c --strict "$e.seal" ) || { echo "CHANGED $d"; exit 1; }
  ( echo "$e.seal"; echo "$e.seal.p7s"; grep -v '^#' "$s" | cut -d' ' -f3 ) |
    LC_ALL=C sort > "$W/expected"
  ls -A "$d" | grep -v '\\.ts[qr]' | LC_ALL=C sort | diff "$W/expected" - ||
    { echo "NOT EXACTLY WHAT WAS SEALED $d"; exit 1; }
done; echo "OK volumes" )`,
    windows: 'certutil -hashfile EV-0001.v001.tar SHA256   (compare with the line in EV-0001.seal)',
  },
  {
    title: 'Each volume holds only plain files and folders, and unpacks',
    words: `Look at the list before you unpack. No line may begin with anything but - (file) or d (folder).`,
    commands: `( for t in evidence/EV-*/EV-*.tar; do
  [ -e "$t" ] || { echo "no volumes here"; break; }
  tar -tvf "$t" > "$W/list" || { echo "NOT A TAR $t"; exit 1; }
  if LC_ALL=C grep -vx '[-d][] -[^-~]*' "$W/list"; then echo "LINK OR DEVICE IN $t"; exit 1; fi
  if tar -tf "$t" | grep -v "^$(basename "$t" .tar)/"; then
    echo "NOT ITS OWN FOLDER IN $t"; exit 1; fi
  tar -xf "$t" -C "$W" || { echo "CANNOT UNPACK $t"; exit 1; }
done; ls "$W"; echo "OK unpacked" )`,
    windows: 'tar -tvf EV-0001.v001.tar, then tar -xf EV-0001.v001.tar in an empty folder',
  },
  {
    title: 'Each unpacked volume is a bag (RFC 8493) that is complete and unchanged',
    words: `The manifests list every file with its hash. The seal in turn names the hash of the list of
lists, so an unpacked folder can be checked even when its volume is gone. The payload set is
the hash of all lists of evidence together: the same files always give the same one.
(bagit.py --validate FOLDER asks the same of the bag alone; it knows nothing of the seal.)`,
    commands: `( for s in evidence/EV-*/EV-*.seal; do : > "$W/payload"
  [ -e "$s" ] || { echo "no sealed evidence here"; break; }
  for v in $(grep '^# bag: ' "$s" | cut -d' ' -f3); do
    ( cd "$W/$v" && [ ! -e fetch.txt ] &&
      sha256sum -c --strict --quiet manifest-sha256.txt tagmanifest-sha256.txt &&
      sha512sum -c --strict --quiet manifest-sha512.txt tagmanifest-sha512.txt &&
      find data -type f | LC_ALL=C sort > "$W/found" &&
      cut -c67- manifest-sha256.txt | LC_ALL=C sort | diff - "$W/found" &&
      find . -type f ! -path './data/*' ! -name 'tagmanifest-*' | cut -c3- |
        LC_ALL=C sort > "$W/found" &&
      cut -c67- tagmanifest-sha256.txt | LC_ALL=C sort | diff - "$W/found"
    ) || { echo "BAD BAG $v"; exit 1; }
    h=$(sha256sum "$W/$v/tagmanifest-sha256.txt" | cut -d' ' -f1)
    grep -qxF "# bag: $v tagmanifest-sha256 $h" "$s" || { echo "NOT THE SEALED BAG $v"; exit 1; }
    cat "$W/$v/manifest-sha256.txt" >> "$W/payload"
  done
  h=$(sha256sum "$W/payload" | cut -d' ' -f1)
  grep -qxF "# payload-set-sha256: $h" "$s" || { echo "OTHER PAYLOAD $s"; exit 1; }
done; echo "OK bags" )`,
  },
  {
    title: 'Packing again gives the same volume, byte for byte',
    words: `There is one way only to write these files into an archive of this form. So GNU tar, fed with the
unpacked folder, makes the sealed volume again: nothing is hidden in gaps or after the end.`,
    commands: `( for t in evidence/EV-*/EV-*.tar; do v=$(basename "$t" .tar)
  [ -e "$t" ] || { echo "no volumes here"; break; }
  ( cd "$W" && LC_ALL=C tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \\
      --mtime=@0 --mode=u=rwX,go=rX -cf repacked.tar "$v" ) || exit 1
  cmp "$W/repacked.tar" "$t" || { echo "NOT THE SAME $t"; exit 1; }
done; echo "OK repacked" )`,
  },
  {
    title: 'Recorded queries, reports and certificates are those that the ledger speaks of',
    words: `Each recorded query (queries/Q-0001 and so on) is a signed record with the hashes of its files, and
its ledger entry names them too, as others name reports and certificates. A package for somebody
else may leave queries and reports at home. What is "not vouched for" is no part of the case.`,
    commands: `( for q in queries/Q-*; do [ -e "$q" ] || { echo "no recorded queries here"; break; }
  r="$q/run.json"
  signed "$r" && top "$r" || { echo "BAD SIGNATURE $r"; exit 1; }
  grep -qxF "\\"signer_cert_sha256\\":\\"$fp\\"" "$W/entry" || { echo "OTHER SIGNER $r"; exit 1; }
  grep -qxF "\\"case\\":\\"$CASE\\"" "$W/entry" || { echo "OTHER CASE $r"; exit 1; }
  grep -qxF "\\"run_id\\":\\"$(basename "$q")\\"" "$W/entry" || { echo "OTHER RUN $r"; exit 1; }
  for p in sql:query.sql params:params.json ordered:result.jsonl csv:result.csv; do
    h=$(sha256sum < "$q/\${p#*:}" | cut -d' ' -f1)
    grep -qF "\\"\${p%%:*}_sha256\\":\\"$h\\"" "$r" || { echo "CHANGED $q/\${p#*:}"; exit 1; }
  done
  [ "$(ls -A "$q" | wc -l)" = 6 ] || { echo "NOT EXACTLY THE FILES OF A RUN $q"; exit 1; }
done
named > "$W/named"
for f in queries/Q-*/* report/* pki/signers/*; do [ -e "$f" ] || continue
  case "$f" in queries/*) e=query ;; report/report.html | report/report.json) e=export ;;
    pki/*) e='opened|key-added' ;; report/cloudtrail-validation.json) e=verified ;;
    *) e='[a-z-]*' ;; esac
  v=$(grep -E "^($e) " "$W/named" | grep -F " {\\"name\\":\\"$f\\"," | tail -n 1)
  if [ -z "$v" ]; then echo "not vouched for: $f"; continue; fi
  h=$(sha256sum < "$f" | cut -d' ' -f1)
  [ "\${v#* }" = "{\\"name\\":\\"$f\\",\\"sha256\\":\\"$h\\"}" ] || { echo "CHANGED $f"; exit 1; }
  [ "$e" != '[a-z-]*' ] || echo "named by an entry of kind \${v%% *}: $f"
done
for f in pki/signers/*; do [ -e "$f" ] || continue
  h=$(openssl x509 -in "$f" -outform DER | sha256sum | cut -d' ' -f1)
  [ "$f" = "pki/signers/$h.pem" ] || { echo "CHANGED $f: ITS NAME IS ANOTHER'S"; exit 1; }
done
ls -A | grep -vxE 'case\\.json|(TRUST|VERIFY)\\.txt|pki|keys|evidence|staging|custody' |
  grep -vxE 'queries|report' | sed 's/^/not vouched for: /'
echo "OK the rest" )`,
  },
  {
    title: 'No signature is of a time at which its signer had been taken back',
    words: `A key-revoked entry says since when a certificate is not to be believed (its "from"), and so may a list
of the root, pki/crl.pem (all of it: openssl crl -in pki/crl.pem -noout -text). Whatever such a
certificate signed at or after that moment counts for nothing: entries, checkpoints, seals and
recorded queries alike. What lies before a key-revoked entry in the ledger was signed before it; with
a list there is only the signer's word for an earlier time, which is said: believe it only where a
time-stamp bears it out, or the list gives a harmless reason (superseded, end of work).
Not looked at here, but by "exhibit verify": a time-stamp that is itself later than the revocation.`,
    commands: `( : > "$W/ends"
for f in custody/[0-9]*.json; do [ -e "$f" ] || continue; top "$f"
  grep -q '^"event":"key-revoked"' "$W/entry" || continue
  c=$(grep -o '^"details":{"certificate":"[0-9a-f]*"' "$W/entry" | cut -d'"' -f6)
  t=$(sed -n 's/^"details":{"certificate":"[0-9a-f]*","from":"\\([0-9TZ:.-]*\\)".*/\\1/p' "$W/entry")
  case "$t" in *.*[1-9]*) more=1 ;; *) more=0 ;; esac
  [ -z "$t" ] || t=$(($(echo "$t" | seconds) + more))
  echo "$c \${t:-0} $f" >> "$W/ends"
done
if [ -e pki/crl.pem ]; then
  [ "$(grep -c BEGIN pki/crl.pem)" = 1 ] && openssl crl -in pki/crl.pem -CAfile "$W/root.pem" \\
    -no-CApath -noout 2>&1 | grep -qx 'verify OK' || { echo "BAD LIST pki/crl.pem"; exit 1; }
  openssl crl -in pki/crl.pem -noout -text | awk '/Serial Number:/ { s = $3 }
    /Revocation Date:/ { sub(/.*Date: /, ""); print s, $0 }
    /Invalidity Date:/ { getline; sub(/^ */, ""); print s, $0 }' |
    while read -r s t; do echo "$s $(echo "$t" | seconds) pki/crl.pem"; done >> "$W/ends"
fi
for f in custody/[0-9]*.json custody/checkpoint-*.txt evidence/EV-*/EV-*.seal \\
  queries/Q-*/run.json; do
  [ -s "$W/ends" ] && [ -e "$f" ] || continue
  signed "$f" 2> /dev/null || { echo "BAD SIGNATURE $f"; exit 1; }
  n=$(openssl x509 -in "$W/signer.pem" -noout -serial); at=$(claimed "$f.p7s")
  while read -r who from by; do
    if grep -qx "$fp" "$W/registered"; then n=; fi
    [ "$who" = "$fp" ] || [ "serial=$who" = "$n" ] || continue
    [ "$by" != "$f" ] || continue
    [ "$at" -lt "$from" ] || { echo "SIGNED WHEN ITS SIGNER WAS REVOKED ($by) $f"; exit 1; }
    [ "$by" != pki/crl.pem ] || echo "revoked later, only its signer says that this was before: $f"
  done < "$W/ends" || exit 1
done; echo "OK revocations" )`,
  },
];

/** The text of VERIFY.txt. */
export function verifyText({ caseId, rootFingerprint }: VerifyTextFacts): string {
  const paper = (rootFingerprint.toUpperCase().match(/../g) ?? []).join(':');
  const steps = STEPS.map(({ title, words, commands, windows }, index) =>
    [
      `${String(index + 1)}. ${title}`,
      '',
      words,
      '',
      indent(
        commands.startsWith('( ')
          ? `${commands} 2>&1 | cat -v; ( exit \${PIPESTATUS[0]} )`
          : commands,
      ),
      ...(windows === undefined ? [] : ['', `On Windows: ${windows}`]),
      '',
    ].join('\n'),
  );
  return `HOW TO VERIFY CASE ${caseId}

This folder holds evidence that was copied, sealed and signed. This page shows how to check it
without the program that made it and without believing anybody: with openssl, sha256sum, GNU
tar and a shell (bash), which every Linux has. Nothing below needs a network or changes the case.

Go into the folder that holds this file, paste the indented lines of each step in order, and
read what they print. A step that finds something wrong says so in capital letters and stops;
the steps after it may then fail too. Work on a copy if you can.

What this can show: that no bit of the evidence, the seals or the ledger changed since they
were signed, and who signed them. What it cannot show: that the logs were true before they
were collected, that a claimed time is right, or that an examiner is honest.

First, an empty folder for what gets unpacked, the name of the case, and how to take an entry of the
ledger apart, ask who signed a file, and list what entries name. Names of files that could write
over what you read here are refused at once (and shown with ^ in place of what they hide):

    W=$(mktemp -d); CASE='${caseId}'
${indent(SETUP)}

${steps.join('\n')}
Afterwards the unpacked copy may go: rm -r "$W"

NOTES

The root certificate had this SHA-256 fingerprint when the case was opened. It is printed here to
help you find the right paper, and proves nothing, for this file lies in the folder too:
${paper}

Signatures are CMS (RFC 5652), detached, RSA with SHA-256. The option -binary is necessary. If a
certificate has expired since, openssl says so; add -attime SECONDS with a time at which it
was valid (seconds since 1970), best the time of a time-stamp from step 5. OpenSSL 1.1 does not know
-no-CAstore; leave it out there.

Volumes are POSIX ustar archives, bags are BagIt 1.0 (RFC 8493), hashes are SHA-256 and SHA-512.
acquisition/objects.jsonl in each volume says where every file came from: its original path,
or S3 bucket and key. Names that are not safe on every system were replaced by a hash of the name,
and the true name is there too. acquisition/errors.jsonl lists what could not be collected.

CloudTrail's own signatures: where digest files and AWS's public keys are among the evidence, AWS
itself vouches for the log files. Each digest's signature can be checked with
openssl dgst -sha256 -verify KEY.pem -signature SIG FILE; what FILE must hold is described in
AWS's documentation, "Custom implementations of CloudTrail log file integrity validation".
`;
}

function indent(commands: string): string {
  return commands
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
