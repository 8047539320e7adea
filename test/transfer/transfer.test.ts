/** Cases handed over whole: what stock tools make of a package, what the recipient gets, and what both sign. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify } from '#src/app/verify.ts';
import { attachTimestamp, requestTimestamp } from '#src/app/timestamp.ts';
import { exportTransfer } from '#src/app/transfer.ts';
import { readLedger } from '#src/custody/read.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa } from '../helpers/tsa.ts';
import { copyOf, failed, receive, relist, send, sha256, world, type World } from './world.ts';

const TOOLS = ['bash', 'age', 'sha256sum', 'tar', 'openssl'];

function filesOf(dir: string, at = ''): string[] {
  return readdirSync(join(dir, at), { withFileTypes: true }).flatMap((entry) => {
    const path = at === '' ? entry.name : `${at}/${entry.name}`;
    return entry.isDirectory() ? filesOf(dir, path) : [path];
  });
}

/** What a recipient must get: the whole case but keys and work. */
function handedOver(dir: string): string[] {
  return filesOf(dir)
    .filter((path) => !/^(?:keys|staging|transfer-\d+)\//.test(path))
    .sort();
}

function expectSame(from: string, to: string): void {
  expect(handedOver(to)).toEqual(handedOver(from));
  for (const path of handedOver(from)) {
    expect(readFileSync(join(to, path)).equals(readFileSync(join(from, path))), path).toBe(true);
  }
}

test.each(['pkg', 'pkg.tar'])('a case arrives as it was, in %s', async (name) => {
  const made = await world();
  const { path, head, entry } = await send(made, name);
  const result = await receive(made, path, { trust: made.sender.case.paths.rootPem, head });
  expect(failed(result)).toEqual([]);
  expect(result).toMatchObject({
    ok: true,
    verdict: 'accepted',
    case: 'TEST-1',
    head,
    receipt: null,
  });
  const status = Object.fromEntries(result.checks.map((check) => [check.id, check.status]));
  expect(status).toMatchObject({
    'transfer.files': 'pass',
    'transfer.signature': 'pass',
    'transfer.ledger': 'pass',
    'trust.anchor': 'pass',
    'ledger.head': 'pass',
  });
  expectSame(made.sender.case.paths.dir, join(made.dir, 'got'));
  expect(filesOf(join(made.dir, 'got')).join()).not.toMatch(/key/);
  expect(readLedger(made.sender.case.paths.dir).at(-1)).toMatchObject({ seq: entry, hash: head });
});

test.skipIf(!hasTool('openssl'))(
  needs('a time is proven to the recipient by an authority that he names', 'openssl'),
  async () => {
    const made = await world();
    // The authority goes by the machine's clock, and so must everybody here.
    const fx = { ...made.sender.fx, now: Date.now };
    const later = { ...made, sender: { ...made.sender, fx } };
    const tsa = await makeTsa();
    const response = join(made.dir, 'answer');
    const { path: request } = await requestTimestamp(made.sender.case, 'EV-0001', fx);
    writeFileSync(response, await tsa.answer(readFileSync(request)));
    const answer = { response, chain: undefined, tsaTrust: undefined };
    await attachTimestamp(made.sender.case, 'EV-0001', answer, fx);
    const { path } = await send(later);
    for (const [tsaTrust, expected] of [
      [undefined, 'not_checked'],
      [tsa.rootFile, 'pass'],
    ] as const) {
      const into = join(made.dir, expected);
      const result = await receive(later, path, { into, tsaTrust });
      expect(result.verdict).toBe('accepted');
      expect(result.checks.find(({ id }) => id === 'seal.timestamp')?.status).toBe(expected);
    }
    const signed = await receive(later, path, { tsaTrust: tsa.rootFile, key: made.keyFile });
    const { entry } = readLedger(String(signed.folder)).at(-1) ?? {};
    expect(entry?.result?.checks.find(({ id }) => id === 'seal.timestamp')?.status).toBe('pass');
  },
);

test('the ledger says who can open what, and names the encrypted volumes', async () => {
  const made = await world();
  const { path } = await send(made);
  const { entry } = readLedger(made.sender.case.paths.dir).at(-1) ?? {};
  expect(entry).toMatchObject({
    event: 'transfer-out',
    counterparty: 'Bob Recipient',
    evidence: [{ id: 'EV-0001' }],
    attachments: ['EV-0001.v001.tar.age', 'EV-0001.v002.tar.age'].map((name) => ({
      name,
      sha256: sha256(readFileSync(join(path, name))),
    })),
    details: { form: 'age', recipients: [made.recipient] },
  });
});

describe.skipIf(!TOOLS.every(hasTool))(needs('stock tools', ...TOOLS), () => {
  const run = (made: World, script: string): ReturnType<typeof runProcess> =>
    runProcess('bash', ['-euo', 'pipefail', '-c', script], { cwd: join(made.dir, 'pkg') });

  test('the commands of OPEN.txt open it, and give the very same case', async () => {
    const made = await world();
    const { path } = await send(made);
    const text = readFileSync(join(path, 'OPEN.txt'), 'utf8');
    const commands = text.split('\n').filter((line) => line.startsWith('    '));
    const { status, stdout, stderr } = await run(
      made,
      `KEY=../age.txt\n${commands.join('\n')}\npwd`,
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('EV-0001.v002.tar.age: OK');
    expect(stderr).toContain('CMS Verification successful');
    expectSame(made.sender.case.paths.dir, join(path, 'CASE'));
  });

  test.each([
    [
      'a link in place of a volume',
      'mkdir -p case/evidence/EV-0001; ln -s "$V" case/evidence/EV-0001/EV-0001.v001.tar',
      'LINK OR DEVICE',
    ],
    ['a link in place of a folder', 'mkdir case; ln -s "$V" case/evidence', 'LINK OR DEVICE'],
    ['a hard link', 'mkdir case; echo x > case/a; ln case/a case/b', 'LINK OR DEVICE'],
    ['a name that climbs', 'mkdir case; echo x > evil', 'NAME THAT LEADS', 'case/../../evil'],
    ['an absolute name', 'mkdir case; echo x > evil', 'NAME THAT LEADS', '/exhibit-evil'],
  ])('OPEN.txt unpacks nothing of a case.tar with %s', async (_, prepare, words, name = '') => {
    const made = await world();
    const { path } = await send(made);
    const victim = join(made.dir, 'victim');
    writeFileSync(victim, 'mine');
    const hostile = await runProcess(
      'bash',
      [
        '-euc',
        `mkdir x; cd x; V=${victim}; ${prepare}
      tar -Pcf ../case.tar ${name === '' ? 'case' : `--transform='s,^evil$,${name},' case evil`}
      rm ${join(path, 'case.tar.age')}; age -r ${made.recipient} -o ${join(path, 'case.tar.age')} ../case.tar`,
      ],
      { cwd: made.dir },
    );
    expect(hostile.stderr).toBe('');
    relist(path);
    const text = readFileSync(join(path, 'OPEN.txt'), 'utf8');
    const commands = text.split('\n').filter((line) => line.startsWith('    '));
    const { stdout } = await runProcess(
      'bash',
      ['-c', `KEY=../age.txt\n${commands.join('\n')}\n`],
      { cwd: path },
    );
    expect(stdout).toContain(words);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(readdirSync(join(path, 'CASE')).sort()).toEqual(['case.tar', 'list', 'names']);
    expect(existsSync(join(made.dir, 'evil')) || existsSync('/exhibit-evil')).toBe(false);
  });

  test('a package made by hand with stock tools is received', async () => {
    const made = await world();
    const other = await runProcess(
      'bash',
      [
        '-euc',
        `mkdir pkg; cd pkg
      for t in ../case/evidence/EV-0001/*.tar; do age -r ${made.recipient} -o "$(basename "$t").age" "$t"; done
      mkdir ../work; cp -r ../case ../work/case; rm -r ../work/case/keys ../work/case/staging ../work/case/evidence/*/*.tar
      (cd ../work; LC_ALL=C tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner \
        --mtime=@0 --mode=u=rwX,go=rX -cf case.tar case)
      age -r ${made.recipient} -o case.tar.age ../work/case.tar
      { echo '# exhibit-transfer v1'; echo '# case: TEST-1'; LC_ALL=C sha256sum *.age; } > transfer.sha256`.replace(
          /\.\.\/case/g,
          made.sender.case.paths.dir,
        ),
      ],
      { cwd: made.dir },
    );
    expect(other.stderr).toBe('');
    const result = await receive(made, join(made.dir, 'pkg'));
    expect(failed(result)).toEqual([]);
    expect(result.verdict).toBe('accepted');
    // Nobody signed the list, and the ledger was not told of it: said, not held against it.
    const asked = result.checks.filter(({ id }) => id.startsWith('transfer.'));
    expect(asked.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'transfer.files pass',
      'transfer.signature not_checked',
      'transfer.ledger not_checked',
    ]);
    expectSame(made.sender.case.paths.dir, join(made.dir, 'got'));
  });

  test.skipIf(!hasTool('script'))(needs('a passphrase opens it', 'script'), async () => {
    const made = await world();
    const { path } = await send(made, 'pkg', { passphrase: 'tr0ub4dor', logN: 8 });
    // age reads passphrases from a terminal only.
    await run(
      made,
      `echo tr0ub4dor | script -qec 'age -d -o ../back EV-0001.v001.tar.age' /dev/null > /dev/null`,
    );
    const volume = join(made.sender.case.paths.evidence, 'EV-0001/EV-0001.v001.tar');
    expect(readFileSync(join(made.dir, 'back')).equals(readFileSync(volume))).toBe(true);
    const result = await receive(made, path, { unlock: { passphrase: 'tr0ub4dor' } });
    expect(result.verdict).toBe('accepted');
    expect(JSON.stringify(readLedger(made.sender.case.paths.dir))).not.toContain('tr0ub4dor');
  });
});

test('the recipient signs for it, and the entry can be carried back', async () => {
  const made = await world();
  const { path, head, entry } = await send(made);
  const result = await receive(made, path, { key: made.keyFile, head, place: 'Registry' });
  expect(result).toMatchObject({ ok: true, verdict: 'accepted' });
  const got = join(made.dir, 'got');
  const last = readLedger(got).at(-1);
  expect(last).toMatchObject({
    seq: entry + 1,
    hash: result.head,
    entry: {
      event: 'received',
      counterparty: 'Ada Test',
      place: 'Registry',
      actor: { name: 'Bob Recipient', cert: made.certificate },
      result: { ok: true },
      details: { accepted: true, transfer: entry, head },
    },
  });
  const name = `${String(entry + 1).padStart(8, '0')}.json`;
  expect(readdirSync(join(got, 'receipt')).sort()).toEqual([name, `${name}.p7s`]);
  // With the receipt the sender's own copy goes on, signed by both.
  for (const file of readdirSync(join(got, 'receipt'))) {
    writeFileSync(
      join(made.sender.case.paths.custody, file),
      readFileSync(join(got, 'receipt', file)),
    );
  }
  const request = {
    caseDir: made.sender.case.paths.dir,
    target: undefined,
    trust: undefined,
    head: result.head ?? '',
    deep: false,
  };
  expect(
    (await verify(request, made.sender.fx)).checks.filter(({ status }) => status === 'fail'),
  ).toEqual([]);
});

test('a key that the case does not know signs for nothing', async () => {
  const made = await world();
  const { path } = await send(made);
  const root = made.sender.case.info.root;
  const key = join(made.sender.case.paths.keys, `${root}.key.pem`);
  await expect(receive(made, path, { key })).rejects.toMatchObject({ code: 'E_SIGNER' });
  expect(readdirSync(made.dir)).not.toContain('got');
});

test('a refusal is signed, names what is wrong, and leaves nothing but the receipt', async () => {
  const made = await world();
  const { path, entry } = await send(made);
  const spoilt = copyOf(path, 'spoilt');
  const volume = join(spoilt, 'EV-0001.v002.tar.age');
  const bytes = readFileSync(volume);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(volume, bytes);
  await expect(receive(made, spoilt)).rejects.toMatchObject({ code: 'E_TAMPERED' });
  const result = await receive(made, spoilt, { key: made.keyFile, refuse: 'volume 2 is damaged' });
  expect(result).toMatchObject({ ok: false, verdict: 'refused', folder: null });
  expect(failed(result)).toEqual(
    expect.arrayContaining(['transfer.files', 'transfer.open', 'volume.present']),
  );
  const name = `${String(entry + 1).padStart(8, '0')}.json`;
  expect(filesOf(join(made.dir, 'got')).sort()).toEqual([`receipt/${name}`, `receipt/${name}.p7s`]);
  const refusal = JSON.parse(readFileSync(join(made.dir, 'got/receipt', name), 'utf8')) as object;
  expect(refusal).toMatchObject({
    event: 'received',
    reason: 'volume 2 is damaged',
    result: { ok: false },
    details: { accepted: false, transfer: entry },
  });
});

test('a good package can be refused too', async () => {
  const made = await world();
  const { path } = await send(made);
  const result = await receive(made, path, { key: made.keyFile, refuse: 'not ours' });
  expect(result).toMatchObject({ verdict: 'refused', folder: null });
  await expect(
    receive(made, path, { refuse: 'no key', into: join(made.dir, 'x') }),
  ).rejects.toMatchObject({ code: 'E_USAGE' });
});

describe('the sender', () => {
  test('hands over no volume that is not the sealed one; the ledger does not say so either', async () => {
    const made = await world();
    const before = readLedger(made.sender.case.paths.dir).length;
    const volume = join(made.sender.case.paths.evidence, 'EV-0001/EV-0001.v002.tar');
    const bytes = readFileSync(volume);
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    writeFileSync(volume, bytes);
    for (const name of ['pkg', 'pkg.tar']) {
      await expect(send(made, name)).rejects.toMatchObject({ code: 'E_TAMPERED' });
    }
    expect(readdirSync(made.dir).sort()).toEqual(['age.txt', 'bob.key.pem']);
    expect(readLedger(made.sender.case.paths.dir)).toHaveLength(before);
  });

  test('overwrites nothing', async () => {
    const made = await world();
    writeFileSync(join(made.dir, 'pkg.tar'), 'mine');
    await expect(send(made, 'pkg.tar')).rejects.toMatchObject({ code: 'E_EXISTS' });
    await expect(send(made, '.')).rejects.toMatchObject({ code: 'E_EXISTS' });
    expect(readFileSync(join(made.dir, 'pkg.tar'), 'utf8')).toBe('mine');
  });

  test('puts a package into the case when nobody says where', async () => {
    const made = await world();
    const { package: path, entry } = await exportTransfer(
      made.sender.case,
      {
        out: undefined,
        lock: { recipients: [made.recipient] },
        to: 'Bob',
        reason: 'order 7',
        onFile: () => undefined,
      },
      made.sender.fx,
    );
    expect(path).toBe(join(made.sender.case.paths.dir, `transfer-${String(entry)}`));
    expect((await receive(made, path)).verdict).toBe('accepted');
  });
});
