/**
 * Packages that are damaged, mixed up, forged or hostile: each has its answer, and none leaves anything. Who knows the
 * recipient's public key can encrypt whatever he likes to it, so what is inside is no more trusted than what is outside.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateX25519Identity } from 'age-encryption';
import { ExhibitError } from '#src/core/errors.ts';
import { otherCase } from '../helpers/case.ts';
import {
  archive,
  bytesOf,
  copyOf,
  failed,
  receive,
  relist,
  sealTo,
  send,
  world,
  type World,
} from './world.ts';
import { archiveStream } from '#src/archive/stream.ts';

let made: World;
let good: string;
let copies = 0;

beforeAll(async () => {
  made = await world();
  good = (await send(made)).path;
});

/** A copy of the good package, changed. */
async function spoilt(change: (path: string) => unknown): Promise<string> {
  copies += 1;
  const path = copyOf(good, `copy-${String(copies)}`);
  await change(path);
  return path;
}

const V1 = 'EV-0001.v001.tar.age';
const V2 = 'EV-0001.v002.tar.age';

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

/** What comes of it: an error's code, or the failed checks. Nothing may be left. */
async function outcome(path: string, identity = made.identity): Promise<string> {
  const into = join(made.dir, 'got');
  try {
    const result = await receive(made, path, { unlock: { identities: [identity] } });
    expect(result.folder).toBe(null);
    return failed(result).join(' ');
  } catch (error) {
    if (error instanceof ExhibitError) return error.code;
    throw error;
  } finally {
    const left = existsSync(into);
    rmSync(into, { recursive: true, force: true });
    expect(left).toBe(false);
  }
}

describe('what happens on the way', () => {
  test.each<readonly [string, (path: string) => unknown, string]>([
    [
      'a bit of a header',
      (path) => {
        flip(join(path, V1), 70);
      },
      'E_TAMPERED',
    ],
    [
      'a bit of a payload',
      (path) => {
        flip(join(path, V2), 30_000);
      },
      'E_TAMPERED',
    ],
    [
      'a bit of the instructions',
      (path) => {
        flip(join(path, 'OPEN.txt'), 9);
      },
      'E_TAMPERED',
    ],
    [
      'a bit of a hash in the list',
      (path) => {
        flip(join(path, 'transfer.sha256'), -30);
      },
      'E_FORMAT',
    ],
    [
      'a bit of the signature',
      (path) => {
        flip(join(path, 'transfer.sha256.p7s'), -9);
      },
      'transfer.signature',
    ],
    [
      'no signature',
      (path) => {
        rmSync(join(path, 'transfer.sha256.p7s'));
      },
      'transfer.signature',
    ],
    [
      'a ciphertext that is cut',
      (path) => {
        truncateSync(join(path, V1), 20_000);
      },
      'E_TAMPERED',
    ],
    [
      'an empty ciphertext',
      (path) => {
        truncateSync(join(path, V1), 0);
      },
      'E_TAMPERED',
    ],
    [
      'a volume less',
      (path) => {
        rmSync(join(path, V2));
      },
      'E_TAMPERED',
    ],
    [
      'a volume more',
      (path) => {
        writeFileSync(join(path, 'EV-0001.v003.tar.age'), readFileSync(join(path, V1)));
      },
      'E_TAMPERED',
    ],
    [
      'two volumes swapped',
      (path) => {
        swap(path);
      },
      'E_TAMPERED',
    ],
    [
      'no case archive',
      (path) => {
        rmSync(join(path, 'case.tar.age'));
      },
      'E_TAMPERED',
    ],
    [
      'no list',
      (path) => {
        rmSync(join(path, 'transfer.sha256'));
      },
      'E_UNFINISHED',
    ],
    [
      'a file that is still being written',
      (path) => {
        renameSync(join(path, V2), join(path, `${V2}.part`));
      },
      'E_UNFINISHED',
    ],
    [
      'an empty list',
      (path) => {
        truncateSync(join(path, 'transfer.sha256'), 0);
      },
      'E_FORMAT',
    ],
    [
      'a list with one line twice',
      (path) => {
        doubled(path);
      },
      'E_FORMAT',
    ],
    [
      'a huge list',
      (path) => {
        truncateSync(join(path, 'transfer.sha256'), 5_000_000);
      },
      'E_FORMAT',
    ],
  ])('%s', async (_what, change, expected) => {
    expect(await outcome(await spoilt(change))).toBe(expected);
  });

  test('a tar that is cut, or goes on after its end', async () => {
    const { path } = await send(made, 'whole.tar');
    const { length } = readFileSync(path);
    for (const change of [-10_240, -512, 512]) {
      const copy = join(made.dir, 'cut.tar');
      writeFileSync(
        copy,
        Buffer.concat([readFileSync(path), Buffer.alloc(512)]).subarray(0, length + change),
      );
      expect(await outcome(copy)).toBe('E_TAMPERED');
    }
  });

  test('the key of somebody else; no package; not a package', async () => {
    expect(await outcome(good, await generateX25519Identity())).toBe('E_WRONG_KEY');
    expect(await outcome(join(made.dir, 'nothing'))).toBe('E_NOT_FOUND');
    expect(await outcome(join(made.dir, 'age.txt'))).toBe('E_TAMPERED');
  });
});

function swap(path: string): void {
  renameSync(join(path, V1), join(path, 'x'));
  renameSync(join(path, V2), join(path, V1));
  renameSync(join(path, 'x'), join(path, V2));
}

function doubled(path: string): void {
  const list = join(path, 'transfer.sha256');
  const lines = readFileSync(list, 'latin1').split('\n');
  writeFileSync(list, [...lines.slice(0, 4), ...lines.slice(3)].join('\n'));
}

describe('somebody without our key writes the list again', () => {
  const forged = (change: (path: string) => unknown): Promise<string> =>
    spoilt(async (path) => {
      await change(path);
      rmSync(join(path, 'transfer.sha256.p7s'), { force: true });
      relist(path);
    });

  test.each<readonly [string, (path: string) => unknown, string]>([
    [
      'a bit of a payload',
      (path) => {
        flip(join(path, V2), 30_000);
      },
      'E_TAMPERED',
    ],
    [
      'a bit of a header',
      (path) => {
        flip(join(path, V2), 30);
      },
      'E_WRONG_KEY',
    ],
    [
      'a ciphertext that is cut',
      (path) => {
        truncateSync(join(path, V1), 20_000);
      },
      'E_TAMPERED',
    ],
    [
      'two volumes swapped',
      (path) => {
        swap(path);
      },
      'transfer.ledger volume.sha256 bag.structure bag.seal_line bag.tagmanifests bag.info bag.manifests payload.sha256 payload.sha512 seal.payload_set',
    ],
    [
      'a volume less',
      (path) => {
        rmSync(join(path, V2));
      },
      'transfer.ledger volume.present',
    ],
    [
      'a volume of his own',
      async (path) => {
        writeFileSync(join(path, V2), await sealTo(made, Buffer.alloc(10_240)));
      },
      'transfer.ledger volume.sha256 volume.archive',
    ],
    [
      'a volume of evidence that there is not',
      async (path) => {
        writeFileSync(join(path, 'EV-0002.v001.tar.age'), await sealTo(made, Buffer.alloc(10_240)));
      },
      'E_TAMPERED',
    ],
    [
      'a case archive of his own',
      async (path) => {
        writeFileSync(
          join(path, 'case.tar.age'),
          await sealTo(made, await archive({ 'case/case.json': '{}' })),
        );
      },
      'E_TAMPERED',
    ],
  ])('%s', async (_what, change, expected) => {
    expect(await outcome(await forged(change))).toBe(expected);
  });

  test('a list signed by the other party of the case', async () => {
    const other = await world();
    const path = await spoilt((copy) => {
      relist(copy);
      const list = readFileSync(join(copy, 'transfer.sha256'), 'latin1').replace(
        /(# case: .*\n)/,
        `$1# sender-cert-sha256: ${other.certificate}\n`,
      );
      writeFileSync(join(copy, 'transfer.sha256'), list);
      writeFileSync(
        join(copy, 'transfer.sha256.p7s'),
        made.sender.signer.sign(Buffer.from(list, 'latin1')),
      );
    });
    expect(await outcome(path)).toBe('transfer.signature');
  });

  test('the package of another case under the name of this one', async () => {
    const another = await otherCase('OTHER-9');
    const path = await spoilt((copy) => {
      relist(copy, another.case.info.case);
      rmSync(join(copy, 'transfer.sha256.p7s'));
    });
    expect(await outcome(path)).toBe('E_TAMPERED');
    await expect(receive(made, good, { trust: another.case.paths.rootPem })).resolves.toMatchObject(
      { ok: false, verdict: 'bad', folder: null },
    );
    await expect(receive(made, good, { head: '0'.repeat(64) })).resolves.toMatchObject({
      verdict: 'bad',
    });
  });

  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ['a private key', { 'case/keys/x.key.pem': 'x' }],
    ['a database', { 'case/case.db': 'x' }],
    ['a lock', { 'case/.lock': 'x' }],
    ['a volume', { 'case/evidence/EV-0001/EV-0001.v001.tar': 'x' }],
    ['staging', { 'case/staging/EV-0001/journal.jsonl': 'x' }],
    ['another top folder', { 'home/case.json': 'x' }],
    ['a seal in the folder of another', { 'case/evidence/EV-0001/EV-0002.seal': 'x' }],
    ['a deep tree', { 'case/pki/a/b/c/d/e.pem': 'x' }],
    ['the workshop', { 'case/.receiving/x': 'x' }],
  ])('a case archive with %s', async (_what, files) => {
    const path = await forged(async (copy) => {
      writeFileSync(join(copy, 'case.tar.age'), await sealTo(made, await archive(files)));
    });
    expect(await outcome(path)).toBe('E_HOSTILE_ARCHIVE');
  });

  test.each([
    '../../evil',
    '/etc/evil',
    'case/../../evil',
    'case/pki/CON.pem',
    'case/pki/a\\..\\b',
    'case/pki/\u001b[2J',
  ])('a case archive with the name %j', async (name) => {
    const path = await forged(async (copy) => {
      const bytes = await bytesOf(
        archiveStream([
          { path: 'case', type: 'folder', size: 0 },
          { path: name, type: 'file', size: 1, body: () => [Buffer.from('x')] },
        ]),
      );
      writeFileSync(join(copy, 'case.tar.age'), await sealTo(made, bytes));
    });
    expect(await outcome(path)).toBe('E_HOSTILE_ARCHIVE');
    expect(existsSync(join(made.dir, 'evil'))).toBe(false);
  });
});

describe('what lies beside it', () => {
  test.each<readonly [string, (path: string) => unknown]>([
    [
      'a program',
      (path) => {
        writeFileSync(join(path, 'setup.exe'), '');
      },
    ],
    [
      'a hidden file',
      (path) => {
        writeFileSync(join(path, '.x'), '');
      },
    ],
    [
      'a folder',
      (path) => {
        mkdirSync(join(path, 'EV-0003.v001.tar.age'));
      },
    ],
    [
      'a name for the terminal',
      (path) => {
        writeFileSync(join(path, '\u001b]0;x\u0007'), '');
      },
    ],
    [
      'a link in place of a volume',
      (path) => {
        rmSync(join(path, V1));
        symlinkSync(join(good, V1), join(path, V1));
      },
    ],
    [
      'a pipe in place of a volume',
      (path) => {
        rmSync(join(path, V1));
        execFileSync('mkfifo', [join(path, V1)]);
      },
    ],
    [
      'a name that is almost one',
      (path) => {
        writeFileSync(join(path, 'EV-0001.v01.tar.age'), '');
      },
    ],
  ])('%s', async (_what, change) => {
    expect(await outcome(await spoilt(change))).toBe('E_HOSTILE_ARCHIVE');
  });

  test.each(['pkg/deep/EV-0001.v001.tar.age', 'pkg/run.sh'])('a tar with %s', async (name) => {
    const path = join(made.dir, 'odd.tar');
    writeFileSync(path, await archive({ [name]: 'x' }));
    expect(await outcome(path)).toBe('E_HOSTILE_ARCHIVE');
  });
});

describe('the folder to receive into', () => {
  test('is left alone when something is in it', async () => {
    const into = join(made.dir, 'full');
    mkdirSync(into);
    writeFileSync(join(into, 'notes.txt'), 'mine');
    await expect(receive(made, good, { into })).rejects.toMatchObject({ code: 'E_EXISTS' });
    expect(readdirSync(into)).toEqual(['notes.txt']);
    await expect(receive(made, good, { into: join(made.dir, 'age.txt') })).rejects.toMatchObject({
      code: 'E_EXISTS',
    });
    await expect(receive(made, good, { into: join(made.dir, 'no/such') })).rejects.toMatchObject({
      code: 'E_WRITE',
    });
  });

  test('an empty one stays, empty, after a failure', async () => {
    const into = join(made.dir, 'empty');
    mkdirSync(into);
    const path = await spoilt((copy) => {
      flip(join(copy, V1), 99);
    });
    await expect(receive(made, path, { into })).rejects.toMatchObject({ code: 'E_TAMPERED' });
    expect(readdirSync(into)).toEqual([]);
  });

  test('remains of a run that was killed make way, at whatever point it was', async () => {
    const whole = join(made.dir, 'whole');
    await receive(made, good, { into: whole });
    const into = join(made.dir, 'killed');
    mkdirSync(join(into, '.receiving/case/evidence'), { recursive: true });
    writeFileSync(join(into, '.receiving/case.tar'), 'half');
    for (const done of ['TRUST.txt', 'VERIFY.txt', 'custody']) {
      renameSync(join(whole, done), join(into, done));
    }
    expect(await receive(made, good, { into })).toMatchObject({ verdict: 'accepted' });
    expect(readdirSync(into).sort()).toEqual([
      'TRUST.txt',
      'VERIFY.txt',
      'case.json',
      'custody',
      'evidence',
      'pki',
    ]);
  });
});
