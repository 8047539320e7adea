/** VERIFY.txt: its commands are taken out of the file as a reader would, and run on good and on tampered cases. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCase, openSigner } from '#src/app/case.ts';
import { custodyCheckpoint } from '#src/app/custody.ts';
import { addKey, newIdentity, revokeKey } from '#src/app/custody-keys.ts';
import { receiveCase, recordTransferOut } from '#src/app/custody-transfer.ts';
import { canonicalLine } from '#src/core/canonical.ts';
import { attachTimestamp, requestTimestamp } from '#src/app/timestamp.ts';
import { createSigner, type Signer } from '#src/crypto/signer.ts';
import { fingerprint, fingerprintWithColons, readCertificate } from '#src/crypto/trust.ts';
import { parseSeal, renderSeal } from '#src/bundle/seal.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { revocationList } from '../helpers/crl.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa } from '../helpers/tsa.ts';
import { wholeCase } from '../helpers/whole-case.ts';

const TOOLS = ['bash', 'openssl', 'sha256sum', 'sha512sum', 'tar', 'cmp', 'diff'];
const ready = TOOLS.every(hasTool);
const EV = 'evidence/EV-0001';
const STEPS = {
  root: 1,
  ledger: 2,
  checkpoints: 3,
  signature: 4,
  stamps: 5,
  volumes: 6,
  unpack: 7,
  bags: 8,
  repack: 9,
  rest: 10,
  revocations: 11,
} as const;
type StepName = keyof typeof STEPS;

/** Commands before the first step, and those of each numbered step. */
function commandsOf(text: string): { readonly setup: string; readonly steps: readonly string[] } {
  const steps: string[] = [];
  let setup = '';
  for (const line of text.split('\n')) {
    if (/^\d+\. /.test(line)) steps.push('');
    if (!line.startsWith('    ')) continue;
    const command = `${line.slice(4)}\n`;
    const last = steps.pop();
    if (last === undefined) setup += command;
    else steps.push(last + command);
  }
  return { setup, steps };
}

/** Runs all steps in one shell, each whatever the others said; gives what each printed and left with. */
async function runSteps(
  made: TestCase,
): Promise<Record<StepName, { readonly status: number; readonly out: string }>> {
  const { setup, steps } = commandsOf(readFileSync(made.case.paths.verifyTxt, 'utf8'));
  expect(steps).toHaveLength(Object.keys(STEPS).length);
  const marked = steps.map((commands) => `${commands}echo "@@@ $?"\n`);
  const script = `exec 2>&1\n${setup}${marked.join('')}rm -r "$W"\n`;
  const { stdout } = await runProcess('bash', ['-c', script], { cwd: made.case.paths.dir });
  const parts = stdout.split(/@@@ (\d+)\n/);
  const results = Object.entries(STEPS).map(([name, number]) => [
    name,
    {
      // bash's own word where the machine has no such language.
      out: (parts[2 * number - 2] ?? '').replace(/^.*: warning: setlocale: .*\n/gm, ''),
      status: Number(parts[2 * number - 1]),
    },
  ]);
  return Object.fromEntries(results) as Record<StepName, { status: number; out: string }>;
}

const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);

function edit(made: TestCase, path: string, from: string, to: string): void {
  const text = readFileSync(at(made, path), 'latin1');
  expect(text).toContain(from);
  writeFileSync(at(made, path), text.replace(from, to), 'latin1');
}

/** As a forger would who has no key: volume, and the seal's text, made to fit. */
function fixSeal(made: TestCase): void {
  const seal = parseSeal(readFileSync(at(made, `${EV}/EV-0001.seal`)), 'seal');
  const volumes = seal.volumes.map((volume) => ({
    ...volume,
    sha256: createHash('sha256')
      .update(readFileSync(at(made, `${EV}/${volume.file}`)))
      .digest('hex'),
  }));
  writeFileSync(at(made, `${EV}/EV-0001.seal`), renderSeal({ ...seal, volumes }));
}

async function inShell(made: TestCase, script: string): Promise<void> {
  const { status, stderr } = await runProcess('bash', ['-ec', script], { cwd: at(made, EV) });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

const X = Buffer.from('x');

/** An entry more, whatever it says, signed as its owner would with another program. */
function append(made: TestCase, change: object, signer = made.signer): string {
  const names = readdirSync(made.case.paths.custody).filter((name) => /^\d{8}\.json$/.test(name));
  const before = readFileSync(at(made, `custody/${names.sort().at(-1) ?? ''}`));
  const entry = JSON.parse(before.toString()) as { actor: object };
  const bytes = canonicalLine({
    ...entry,
    actor: { ...entry.actor, cert: signer.fingerprint },
    attachments: undefined,
    seq: names.length + 1,
    prev: createHash('sha256').update(before).digest('hex'),
    details: {},
    ...change,
  });
  const file = `custody/${String(names.length + 1).padStart(8, '0')}.json`;
  writeFileSync(at(made, file), bytes);
  const second = Math.floor(made.fx.now() / 1000) * 1_000_000;
  writeFileSync(at(made, `${file}.p7s`), signer.sign(bytes, second));
  return file;
}

/** A certificate that openssl takes for an authority, without saying that it is one, and one that it issued. */
const MALLORY = `openssl req -x509 -newkey rsa:3072 -nodes -keyout ca.key -out ca.pem -subj /CN=M -days 9000 \\
  -config <(printf '[req]\\ndistinguished_name=d\\nx509_extensions=e\\n[d]\\n[e]\\nkeyUsage=keyCertSign,digitalSignature\\n')
openssl req -x509 -newkey rsa:3072 -nodes -keyout eve.key -out eve.pem -subj /CN=Eve -days 9000 \\
  -CA ca.pem -CAkey ca.key -config <(printf '[req]\\ndistinguished_name=d\\nx509_extensions=e\\n[d]\\n[e]\\nkeyUsage=digitalSignature\\n')`;

const PACK =
  'LC_ALL=C tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX -cf';

describe.skipIf(!ready)(needs('the commands of VERIFY.txt', ...TOOLS), () => {
  test('all succeed on a good case, and print the root and the head to compare with paper', async () => {
    const made = await sealedCase();
    const results = await runSteps(made);
    for (const [name, { status, out }] of Object.entries(results))
      expect(status, `${name}: ${out}`).toBe(0);
    expect(results.root.out).toContain(fingerprintWithColons(made.case.info.root));
    const head = createHash('sha256')
      .update(readFileSync(at(made, 'custody/00000003.json')))
      .digest('hex');
    expect(results.ledger.out).toContain(`OK 3 ${head}`);
    expect(results.stamps.out).toContain('no time-stamps');
  });

  test('say that there is nothing to check in a case without evidence', async () => {
    const results = await runSteps(await testCase());
    for (const [name, { status, out }] of Object.entries(results)) {
      expect(status, `${name}: ${out}`).toBe(0);
      expect(out, name).not.toMatch(/No such file|cannot|Can't|\*/);
    }
    expect(results.signature.out).toBe('no sealed evidence here\nOK seals signed\n');
  });

  test('look at recorded queries, reports and certificates', async () => {
    const made = await wholeCase();
    writeFileSync(at(made, 'notes.txt'), 'x');
    writeFileSync(at(made, 'report/opinion.pdf'), 'x');
    const results = await runSteps(made);
    for (const [name, { status, out }] of Object.entries(results))
      expect(status, `${name}: ${out}`).toBe(0);
    expect(results.rest.out.split('\n').sort()).toEqual([
      '',
      'CMS Verification successful',
      'CMS Verification successful',
      'OK the rest',
      'not vouched for: case.db',
      'not vouched for: notes.txt',
      'not vouched for: report/opinion.pdf',
    ]);
  });

  test.each(
    Object.entries({
      'queries/Q-0001/result.jsonl': 'CHANGED queries/Q-0001/result.jsonl',
      'queries/Q-0001/result.csv': 'CHANGED queries/Q-0001/result.csv',
      'queries/Q-0001/query.sql': 'CHANGED queries/Q-0001/query.sql',
      'queries/Q-0001/params.json': 'CHANGED queries/Q-0001/params.json',
      'queries/Q-0001/run.json': 'BAD SIGNATURE queries/Q-0001/run.json',
      'queries/Q-0001/run.json.p7s': 'BAD SIGNATURE queries/Q-0001/run.json',
      'queries/Q-0001/more.txt': 'NOT EXACTLY THE FILES OF A RUN queries/Q-0001',
      'report/report.html': 'CHANGED report/report.html',
      'report/report.json': 'CHANGED report/report.json',
      'pki/signers': 'CHANGED pki/signers/',
    }),
  )('tell a change of %s', async (name, expected) => {
    const made = await wholeCase();
    const file = name === 'pki/signers' ? `${name}/${made.signer.fingerprint}.pem` : name;
    const before = existsSync(at(made, file)) ? readFileSync(at(made, file)) : Buffer.of();
    const cut = name.endsWith('.p7s') ? before.subarray(0, -1) : before;
    const changed = Buffer.concat([cut, X]);
    writeFileSync(at(made, file), changed);
    const { rest } = await runSteps(made);
    expect(rest.status).not.toBe(0);
    expect(rest.out).toContain(expected);
  });

  test('tell a run put in the place of another', async () => {
    const made = await wholeCase();
    rmSync(at(made, 'queries/Q-0001'), { recursive: true });
    renameSync(at(made, 'queries/Q-0002'), at(made, 'queries/Q-0001'));
    expect((await runSteps(made)).rest.out).toContain('OTHER RUN queries/Q-0001');
  });

  /** What was done, how, and the steps that must fail: all of them and no others. */
  const tampered: readonly (readonly [string, (made: TestCase) => unknown, readonly StepName[]])[] =
    [
      [
        'a byte of payload',
        (made) => {
          edit(made, `${EV}/EV-0001.v002.tar`, 'bbbb', 'bxbb');
        },
        ['volumes', 'bags'],
      ],
      [
        'a byte of padding at the end',
        (made) => {
          const bytes = readFileSync(at(made, `${EV}/EV-0001.v002.tar`));
          bytes[bytes.length - 1] = 1;
          writeFileSync(at(made, `${EV}/EV-0001.v002.tar`), bytes);
        },
        ['volumes', 'repack'],
      ],
      [
        'a byte of padding at the end, the seal made to fit',
        (made) => {
          const bytes = readFileSync(at(made, `${EV}/EV-0001.v002.tar`));
          bytes[bytes.length - 1] = 1;
          writeFileSync(at(made, `${EV}/EV-0001.v002.tar`), bytes);
          fixSeal(made);
        },
        ['signature', 'repack', 'ledger'],
      ],
      [
        'an owner in a header',
        (made) =>
          inShell(
            made,
            `tar -xf EV-0001.v002.tar; ${PACK.replace('--owner=0', '--owner=7')} EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          ),
        ['volumes', 'repack'],
      ],
      [
        'payload with all manifests and the seal made to fit',
        async (made) => {
          await inShell(
            made,
            `tar -xf EV-0001.v002.tar; cd EV-0001.v002
        printf x >> data/logs/b/big.json
        find data -type f | xargs sha256sum > manifest-sha256.txt
        find data -type f | xargs sha512sum > manifest-sha512.txt
        cut -c67- tagmanifest-sha256.txt > ../list
        xargs sha256sum < ../list > tagmanifest-sha256.txt
        xargs sha512sum < ../list > tagmanifest-sha512.txt
        cd ..; rm list; ${PACK} EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          );
          fixSeal(made);
        },
        ['signature', 'bags', 'ledger'],
      ],
      [
        'a file more in the bag',
        async (made) => {
          await inShell(
            made,
            `tar -xf EV-0001.v002.tar; echo x > EV-0001.v002/notes.txt; ${PACK} EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          );
        },
        ['volumes', 'bags'],
      ],
      [
        'a payload file more',
        async (made) => {
          await inShell(
            made,
            `tar -xf EV-0001.v002.tar; echo x > EV-0001.v002/data/x; ${PACK} EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          );
        },
        ['volumes', 'bags'],
      ],
      [
        'fetch.txt',
        async (made) => {
          await inShell(
            made,
            `tar -xf EV-0001.v002.tar; echo x > EV-0001.v002/fetch.txt; ${PACK} EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          );
        },
        ['volumes', 'bags'],
      ],
      [
        'a link in a volume',
        async (made) => {
          await inShell(
            made,
            `tar -xf EV-0001.v002.tar; ln -s /etc/passwd EV-0001.v002/data/link; tar -cf EV-0001.v002.tar EV-0001.v002; rm -r EV-0001.v002`,
          );
        },
        ['volumes', 'unpack', 'bags', 'repack'],
      ],
      [
        'a volume that is no tar file',
        (made) => {
          writeFileSync(at(made, `${EV}/EV-0001.v002.tar`), 'x'.repeat(10_240));
        },
        ['volumes', 'unpack', 'bags', 'repack'],
      ],
      [
        'a volume taken away',
        (made) => {
          rmSync(at(made, `${EV}/EV-0001.v002.tar`));
        },
        ['volumes', 'bags'],
      ],
      [
        'two volumes exchanged',
        (made) => {
          renameSync(at(made, `${EV}/EV-0001.v001.tar`), at(made, 'x'));
          renameSync(at(made, `${EV}/EV-0001.v002.tar`), at(made, `${EV}/EV-0001.v001.tar`));
          renameSync(at(made, 'x'), at(made, `${EV}/EV-0001.v002.tar`));
        },
        ['volumes', 'unpack', 'bags', 'repack'],
      ],
      [
        'a file beside the volumes',
        (made) => {
          writeFileSync(at(made, `${EV}/notes.txt`), 'x');
        },
        ['volumes'],
      ],
      [
        'a hidden file beside the volumes',
        (made) => {
          writeFileSync(at(made, `${EV}/.notes`), 'x');
        },
        ['volumes'],
      ],
      [
        'a hash in the seal',
        (made) => {
          edit(made, `${EV}/EV-0001.seal`, '  EV-0001.v001.tar', 'x  EV-0001.v001.tar');
        },
        ['signature', 'volumes', 'ledger'],
      ],
      [
        'a line of the seal',
        (made) => {
          edit(made, `${EV}/EV-0001.seal`, 'anchor-not-before: none', 'anchor-not-before: some');
        },
        ['signature', 'ledger'],
      ],
      [
        'the payload set in the seal',
        (made) => {
          edit(made, `${EV}/EV-0001.seal`, 'payload-set-sha256: ', 'payload-set-sha256: 0');
        },
        ['signature', 'bags', 'ledger'],
      ],
      [
        'no signature',
        (made) => {
          rmSync(at(made, `${EV}/EV-0001.seal.p7s`));
        },
        ['signature', 'volumes'],
      ],
      [
        'the signature of another file',
        (made) => {
          cpSync(at(made, 'custody/00000003.json.p7s'), at(made, `${EV}/EV-0001.seal.p7s`));
        },
        ['signature'],
      ],
      [
        'a seal of another case, signed by its owner',
        (made) => {
          const text = readFileSync(at(made, `${EV}/EV-0001.seal`), 'latin1').replace(
            'TEST-1',
            'TEST-2',
          );
          writeFileSync(at(made, `${EV}/EV-0001.seal`), text);
          writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), made.signer.sign(Buffer.from(text)));
        },
        ['signature', 'ledger'],
      ],
      [
        'a seal that names another signer',
        (made) => {
          const text = readFileSync(at(made, `${EV}/EV-0001.seal`), 'latin1').replace(
            /signer-cert-sha256: ../,
            'signer-cert-sha256: 00',
          );
          writeFileSync(at(made, `${EV}/EV-0001.seal`), text);
          writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), made.signer.sign(Buffer.from(text)));
        },
        ['signature', 'ledger'],
      ],
      [
        'a good seal that the ledger does not know',
        (made) => {
          const text = readFileSync(at(made, `${EV}/EV-0001.seal`), 'latin1').replace(
            'not-before: none',
            'not-before: some',
          );
          writeFileSync(at(made, `${EV}/EV-0001.seal`), text);
          writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), made.signer.sign(Buffer.from(text)));
        },
        ['ledger'],
      ],
      [
        'an evidence item copied under another number',
        (made) => {
          cpSync(at(made, EV), at(made, 'evidence/EV-0009'), { recursive: true });
        },
        ['volumes'],
      ],
      [
        'a volume in a folder that was never sealed',
        (made) => {
          mkdirSync(at(made, 'evidence/EV-0009'));
          cpSync(at(made, `${EV}/EV-0001.v001.tar`), at(made, 'evidence/EV-0009/EV-0009.v001.tar'));
        },
        ['volumes', 'unpack', 'repack'],
      ],
      [
        'an evidence folder renamed',
        (made) => {
          renameSync(at(made, EV), at(made, 'evidence/EV-0002'));
        },
        ['volumes'],
      ],
      [
        'an evidence folder taken away',
        (made) => {
          cpSync(at(made, EV), at(made, 'evidence/EV-0002'), { recursive: true });
          rmSync(at(made, EV), { recursive: true });
          mkdirSync(at(made, EV));
        },
        ['volumes'],
      ],
      [
        'a ledger entry',
        (made) => {
          edit(made, 'custody/00000002.json', '"files":5', '"files":4');
        },
        ['ledger'],
      ],
      [
        'the last ledger entry',
        (made) => {
          edit(made, 'custody/00000003.json', '"sealed"', '"copied"');
        },
        ['ledger'],
      ],
      [
        'a ledger entry taken away',
        (made) => {
          rmSync(at(made, 'custody/00000002.json'));
        },
        ['ledger'],
      ],
      [
        'a ledger entry and its signature taken away',
        (made) => {
          rmSync(at(made, 'custody/00000002.json'));
          rmSync(at(made, 'custody/00000002.json.p7s'));
        },
        ['ledger'],
      ],
      [
        'the entry that says it was sealed cut off',
        (made) => {
          rmSync(at(made, 'custody/00000003.json'));
          rmSync(at(made, 'custody/00000003.json.p7s'));
        },
        ['ledger'],
      ],
      [
        'two ledger entries exchanged',
        (made) => {
          renameSync(at(made, 'custody/00000002.json'), at(made, 'x'));
          renameSync(at(made, 'custody/00000003.json'), at(made, 'custody/00000002.json'));
          renameSync(at(made, 'x'), at(made, 'custody/00000003.json'));
        },
        ['ledger'],
      ],
      [
        'a ledger signature',
        (made) => {
          cpSync(at(made, 'custody/00000001.json.p7s'), at(made, 'custody/00000002.json.p7s'));
        },
        ['ledger'],
      ],
      [
        'a file in the ledger',
        (made) => {
          writeFileSync(at(made, 'custody/notes.txt'), 'x');
        },
        ['ledger'],
      ],
      [
        'no ledger',
        (made) => {
          rmSync(at(made, 'custody'), { recursive: true });
          mkdirSync(at(made, 'custody'));
        },
        ['ledger'],
      ],
      ...['TRUST.txt', 'pki/chain.pem'].map(
        (name) =>
          [
            name,
            (made: TestCase): void => {
              writeFileSync(at(made, name), Buffer.concat([readFileSync(at(made, name)), X]));
            },
            ['ledger'],
          ] as const,
      ),
      [
        'a second root behind the one on paper',
        async (made) => {
          const other = await otherCase('TEST-1');
          const pem = readFileSync(made.case.paths.rootPem);
          writeFileSync(
            made.case.paths.rootPem,
            Buffer.concat([pem, readFileSync(other.case.paths.rootPem)]),
          );
          writeFileSync(
            at(made, `${EV}/EV-0001.seal.p7s`),
            other.signer.sign(readFileSync(at(made, `${EV}/EV-0001.seal`))),
          );
        },
        ['ledger', 'signature'],
      ],
      [
        'a time-stamp that the ledger tells of taken away',
        (made) => {
          append(made, {
            event: 'timestamped',
            attachments: [{ name: 'custody/00000003.json.p7s.tsr', sha256: '0'.repeat(64) }],
          });
        },
        ['stamps'],
      ],
      [
        'a certificate swapped for another that a note vouches for',
        async (made) => {
          const other = await otherCase('TEST-1');
          const name = `pki/signers/${made.signer.fingerprint}.pem`;
          const pem = readFileSync(at(other, `pki/signers/${other.signer.fingerprint}.pem`));
          writeFileSync(at(made, name), pem);
          const sha256 = createHash('sha256').update(pem).digest('hex');
          append(made, { event: 'note', attachments: [{ name, sha256 }] });
        },
        ['ledger', 'rest'],
      ],
      [
        'case.json',
        (made) => {
          edit(made, 'case.json', 'Ada Test', 'Eve Test');
        },
        ['ledger'],
      ],
    ];
  test.each(tampered)('tell: %s', async (_, tamper, expected) => {
    const made = await sealedCase();
    await tamper(made);
    const results = await runSteps(made);
    const failed = Object.entries(results).flatMap(([name, { status }]) =>
      status === 0 ? [] : [name],
    );
    expect(failed.sort(), JSON.stringify(results, null, 1)).toEqual([...expected].sort());
  });

  test('check time-stamps of seals and ledger, with the chain in between', async () => {
    const made = await sealedCase();
    const fx = { ...made.fx, now: Date.now };
    const tsa = await makeTsa({ intermediate: true });
    writeFileSync(at(made, 'x.pem'), tsa.chainPem);
    for (const target of ['EV-0001', at(made, 'custody/00000003.json')]) {
      const { path } = await requestTimestamp(made.case, target, fx);
      const response = at(made, 'x');
      writeFileSync(response, await tsa.answer(readFileSync(path)));
      const answer = { response, chain: at(made, 'x.pem'), tsaTrust: undefined };
      await attachTimestamp(made.case, target, answer, fx);
    }
    // Nobody named the authority's root: that is no answer, and no bad one.
    for (const pem of [undefined, '', tsa.chainPem.slice(0, 20)]) {
      if (pem !== undefined) writeFileSync(at(made, 'tsa.pem'), pem);
      const { status, out } = (await runSteps(made)).stamps;
      expect(status).toBe(0);
      expect(out.match(/^not checked, for there is no tsa\.pem: .*\.tsr$/gm)).toHaveLength(2);
      expect(out).not.toMatch(/BAD|OK/);
    }
    // The wrong root is a bad answer.
    writeFileSync(at(made, 'tsa.pem'), readFileSync(made.case.paths.rootPem));
    expect((await runSteps(made)).stamps.out).toContain('BAD TIME-STAMP');
    writeFileSync(at(made, 'tsa.pem'), tsa.rootPem);
    const good = await runSteps(made);
    for (const [name, { status, out }] of Object.entries(good))
      expect(status, `${name}: ${out}`).toBe(0);
    expect(good.stamps.out.match(/Verification: OK/g)).toHaveLength(4);
    expect(good.stamps.out).toMatch(
      /EV-0001\.seal\.p7s\.tsr\nTime stamp: .*GMT\n.*UTCTIME:Jan +2 03:04:05 2026/,
    );
    // The answer of the other signature, with the request that it answers.
    const seal = `${EV}/EV-0001.seal.p7s`;
    const entry = 'custody/00000003.json.p7s';
    cpSync(at(made, `${seal}.tsr`), at(made, 'y'));
    cpSync(at(made, `${entry}.tsr`), at(made, `${seal}.tsr`));
    expect((await runSteps(made)).stamps.out).toContain('BAD TIME-STAMP');
    cpSync(at(made, 'y'), at(made, `${seal}.tsr`));
    cpSync(at(made, `${entry}.tsq`), at(made, `${seal}.tsq`));
    expect((await runSteps(made)).stamps.out).toContain('NOT AN ANSWER TO ITS REQUEST');
  });

  test('tell: a claim after its time-stamp', async () => {
    const made = await sealedCase();
    const seal = readFileSync(at(made, `${EV}/EV-0001.seal`));
    const claimed = Date.UTC(2031, 0, 1) * 1000;
    writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), made.signer.sign(seal, claimed));
    const tsa = await makeTsa();
    const fx = { ...made.fx, now: () => Date.UTC(2031, 0, 2) };
    const { path } = await requestTimestamp(made.case, 'EV-0001', fx);
    writeFileSync(at(made, `${EV}/EV-0001.seal.p7s.tsr`), await tsa.answer(readFileSync(path)));
    writeFileSync(at(made, 'tsa.pem'), tsa.rootPem);
    const { stamps } = await runSteps(made);
    expect(stamps.out).toContain(`CLAIMS A TIME AFTER ITS TIME-STAMP ${EV}/EV-0001.seal.p7s`);
    expect(stamps.status).not.toBe(0);
  });

  test('tell: the root of a forger, which nothing here was signed under', async () => {
    const made = await sealedCase();
    const other = await otherCase('TEST-1');
    cpSync(other.case.paths.rootPem, made.case.paths.rootPem);
    const results = await runSteps(made);
    expect(results.root.out).not.toContain(fingerprintWithColons(made.case.info.root));
    expect(results.signature.status).not.toBe(0);
    expect(results.ledger.status).not.toBe(0);
  });

  test.each(['a\rOK 3 0000', 'a\u001b[2K', 'a\nOK seals signed', 'evidence/EV-0001/\u202eb'])(
    'tell: the name %j, before they print any other',
    async (name) => {
      const made = await sealedCase();
      writeFileSync(at(made, name), 'x');
      const results = await runSteps(made);
      expect(results.root.out).toContain('NAMES THAT CHANGE WHAT IS PRINTED');
      for (const { out } of Object.values(results)) expect(out).toMatch(/^[ -~\n]*$/);
      for (const step of ['ledger', 'signature'] as const)
        expect(results[step].status, step).not.toBe(0);
    },
  );

  test('tell: a link in place of the seal does not make another file evidence', async () => {
    const made = await sealedCase();
    renameSync(at(made, `${EV}/EV-0001.seal`), at(made, 'x'));
    symlinkSync('/etc/passwd', at(made, `${EV}/EV-0001.seal`));
    const results = await runSteps(made);
    expect(results.signature.status).not.toBe(0);
  });
});

describe.skipIf(!ready)(needs('the commands about custody', ...TOOLS), () => {
  let handed: string;
  let bobSigner: Signer;

  /** Bob's certificate is registered, he took the case over, and there is a checkpoint. */
  beforeAll(async () => {
    const made = await sealedCase();
    const out = join(await tempDir(), 'bob');
    const bob = { ...made.fx, env: { ...made.fx.env, EXHIBIT_KEY: join(out, 'key.pem') } };
    await newIdentity(made.fx, { name: 'Bob', out, unprotected: true });
    const certificate = join(out, 'cert.pem');
    const added = await addKey(made.case, made.fx, { name: 'Bob', role: 'lab', certificate });
    await recordTransferOut(made.case, made.fx, { to: 'Bob', certificate: added.certificate });
    await receiveCase(made.case, bob, {});
    await custodyCheckpoint(made.case, bob);
    handed = made.case.paths.dir;
    bobSigner = await openSigner(made.case, bob);
  });

  async function handedCase(): Promise<TestCase> {
    const dir = join(await tempDir(), 'case');
    cpSync(handed, dir, { recursive: true });
    const fx = fakeEffects();
    const opened = await openCase(dir);
    return { case: opened, signer: await openSigner(opened, fx), fx };
  }

  const failed = async (made: TestCase): Promise<string[]> =>
    Object.entries(await runSteps(made)).flatMap(([name, { status }]) =>
      status === 0 ? [] : [name],
    );

  test('accept who was added, and compute the root of the tree', async () => {
    const made = await handedCase();
    const results = await runSteps(made);
    for (const [name, { status, out }] of Object.entries(results))
      expect(status, `${name}: ${out}`).toBe(0);
    const [, , root] = readFileSync(at(made, 'custody/checkpoint-00000006.txt'), 'utf8').split(
      '\n',
    );
    expect(results.checkpoints.out).toContain(`6 ${root ?? ''}\nOK checkpoints`);
  });

  test('say what only a signer says who was taken back later', async () => {
    const made = await handedCase();
    const certificate = bobSigner.fingerprint;
    // Half a second later than what he signed.
    const since = '2026-01-02T03:04:05.5Z';
    await revokeKey(made.case, made.fx, {
      certificate,
      reason: 'keyCompromise',
      words: 'x',
      since,
    });
    const { serialNumber: serial } = new X509Certificate(made.signer.certificatePem);
    // Another issuer may have given Bob the number of a certificate that the root takes back.
    const other = new X509Certificate(bobSigner.certificatePem).serialNumber;
    const list = await revocationList(made, [
      { serial, at: '20260601000000Z' },
      { serial: other, at: '20260101000000Z' },
    ]);
    writeFileSync(at(made, 'pki/crl.pem'), list);
    const { status, out } = (await runSteps(made)).revocations;
    expect(status, out).toBe(0);
    const said = out.split('\n').filter((line) => line.includes('only its signer says'));
    // Ada's entries, her seal; not what Bob signed.
    expect(said).toHaveLength(7);
  });

  const last = (made: TestCase, ...names: string[]): void => {
    for (const name of names) rmSync(at(made, `custody/${name}`));
  };

  test.each<[string, (made: TestCase) => unknown, readonly StepName[]]>([
    [
      'entries cut off below a checkpoint',
      (made) => {
        last(made, '00000006.json', '00000006.json.p7s');
      },
      ['checkpoints'],
    ],
    [
      'a checkpoint of another root',
      (made) => {
        const file = 'custody/checkpoint-00000006.txt';
        const text = readFileSync(at(made, file), 'latin1').replace(/\n.{4}(.*=)/, '\nAAAA$1');
        writeFileSync(at(made, file), text);
        writeFileSync(at(made, `${file}.p7s`), made.signer.sign(Buffer.from(text)));
      },
      ['checkpoints'],
    ],
    [
      'a seal in place of a checkpoint',
      (made) => {
        cpSync(at(made, `${EV}/EV-0001.seal`), at(made, 'custody/checkpoint-00000006.txt'));
        cpSync(at(made, `${EV}/EV-0001.seal.p7s`), at(made, 'custody/checkpoint-00000006.txt.p7s'));
      },
      ['checkpoints'],
    ],
    [
      'an entry signed after its signer was revoked',
      async (made) => {
        await revokeKey(made.case, made.fx, {
          certificate: made.signer.fingerprint,
          reason: 'keyCompromise',
          words: 'lost',
        });
        const before = readFileSync(at(made, 'custody/00000007.json'));
        const entry = JSON.parse(before.toString()) as object;
        const bytes = canonicalLine({
          ...entry,
          seq: 8,
          prev: createHash('sha256').update(before).digest('hex'),
          event: 'note',
          details: {},
        });
        writeFileSync(at(made, 'custody/00000008.json'), bytes);
        const second = Math.floor(made.fx.now() / 1000) * 1_000_000;
        writeFileSync(at(made, 'custody/00000008.json.p7s'), made.signer.sign(bytes, second));
      },
      ['ledger', 'revocations'],
    ],
    [
      'what a signer signed since the time from which he is taken back',
      async (made) => {
        const certificate = bobSigner.fingerprint;
        const since = '2026-01-02T03:04:05Z';
        await revokeKey(made.case, made.fx, {
          certificate,
          reason: 'superseded',
          words: 'x',
          since,
        });
      },
      ['revocations'],
    ],
    [
      'a list of the root that takes a signer back',
      async (made) => {
        const { serialNumber } = new X509Certificate(made.signer.certificatePem);
        const taken = {
          serial: serialNumber,
          at: '20260601000000Z',
          reason: 'keyTime,20260101000000Z',
        };
        writeFileSync(at(made, 'pki/crl.pem'), await revocationList(made, [taken]));
      },
      ['revocations'],
    ],
    [
      'a list of another root',
      async (made) => {
        const certificate = bobSigner.fingerprint;
        await revokeKey(made.case, made.fx, {
          certificate,
          reason: 'superseded',
          words: 'x',
          since: '2030-01-01T00:00:00Z',
        });
        writeFileSync(at(made, 'pki/crl.pem'), await revocationList(await otherCase('X'), []));
      },
      ['revocations'],
    ],
    [
      "an entry in somebody else's name, the signer named further in",
      (made) => {
        append(
          made,
          {
            actor: { cert: made.signer.fingerprint, name: 'Ada' },
            details: { x: { cert: bobSigner.fingerprint } },
          },
          bobSigner,
        );
      },
      ['ledger'],
    ],
    [
      'an entry that names its predecessor and its case further in only',
      (made) => {
        const entry = readFileSync(at(made, 'custody/00000006.json'));
        const prev = createHash('sha256').update(entry).digest('hex');
        append(made, { prev: '0'.repeat(64), case: 'X', details: { case: 'TEST-1', prev } });
      },
      ['ledger'],
    ],
    [
      'an entry signed by a certificate that a registered one issued',
      async (made) => {
        const dir = await tempDir();
        const { status, stderr } = await runProcess('bash', ['-euc', MALLORY], { cwd: dir });
        expect(status, stderr).toBe(0);
        const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
        const print = (pem: string): string => fingerprint(readCertificate(pem, 'x'));
        const ca = print(read('ca.pem'));
        writeFileSync(at(made, `pki/signers/${ca}.pem`), read('ca.pem'));
        const details = { certificate: ca, how: 'registered', name: 'M', role: 'lab' };
        append(made, { event: 'key-added', details });
        const eve = createSigner(read('eve.pem'), createPrivateKey(read('eve.key')), made.fx.now);
        append(made, { event: 'note' }, eve);
      },
      ['ledger'],
    ],
    [
      'another certificate in place of the one that was added',
      (made) => {
        const entry = readFileSync(at(made, 'custody/00000004.json'), 'utf8');
        const added = /"details":\{"certificate":"([0-9a-f]+)"/.exec(entry)?.[1] ?? '';
        cpSync(
          at(made, `pki/signers/${made.signer.fingerprint}.pem`),
          at(made, `pki/signers/${added}.pem`),
        );
      },
      ['ledger', 'checkpoints', 'rest'],
    ],
  ])('tell: %s', async (_, tamper, expected) => {
    const made = await handedCase();
    await tamper(made);
    expect((await failed(made)).sort()).toEqual([...expected].sort());
  });
});

test('fits on a page: ASCII, and no line wider than 105', async () => {
  const made = await sealedCase();
  const text = readFileSync(made.case.paths.verifyTxt, 'utf8');
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(text.split('\n').filter((line) => line.length > 105)).toEqual([]);
  expect(text).toContain('certutil -hashfile');
});
