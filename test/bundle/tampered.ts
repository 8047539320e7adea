/** What people with and without the examiner's key do to a sealed case, each with the checks of `verify` that must fail. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readVolume } from '#src/archive/read.ts';
import { inArchiveOrder } from '#src/archive/order.ts';
import { writeVolume } from '#src/archive/write.ts';
import { parseSeal, renderSeal } from '#src/bundle/seal.ts';
import type { TestCase } from '../helpers/case.ts';

export const EV = 'evidence/EV-0001';
/** A path in the case. */
export const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);

/** Changes a file of a case by a function on its bytes. */
export function edit(
  made: TestCase,
  path: string,
  change: (bytes: Buffer) => Uint8Array | string,
): void {
  const file = at(made, path);
  writeFileSync(file, change(readFileSync(file)));
}

/** Changes the lowest bit of a byte. */
export const flip =
  (offset: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[offset] = (copy[offset] ?? 0) ^ 1;
    return copy;
  };

/** Replaces the first of a text, which must be there. */
const replace =
  (from: string, to: string) =>
  (bytes: Buffer): Buffer => {
    const text = bytes.toString('latin1');
    expect(text).toContain(from);
    return Buffer.from(text.replace(from, to), 'latin1');
  };

/** Files of a volume, changed, written again as a canonical volume; gives the hashes a seal would need. */
export async function rewrite(
  made: TestCase,
  name: string,
  change: (files: Map<string, Buffer>) => void,
): Promise<void> {
  const path = at(made, `${EV}/${name}.tar`);
  const files = new Map<string, Buffer>();
  await readVolume(path, async (entry) => {
    const pieces: Buffer[] = [];
    for await (const piece of entry.body) pieces.push(Buffer.from(piece));
    if (entry.type === 'file') files.set(entry.path.slice(name.length + 1), Buffer.concat(pieces));
  });
  change(files);
  rmSync(path);
  const members = [...files].map(([file, bytes]) => ({
    path: `${name}/${file}`,
    type: 'file' as const,
    size: bytes.length,
    body: () => [bytes],
  }));
  const { sha256 } = await writeVolume(path, inArchiveOrder(members));
  // As a forger with the examiner's key would: a seal and signature that fit the changed volume.
  const seal = parseSeal(readFileSync(at(made, `${EV}/EV-0001.seal`)), 'seal');
  const volumes = seal.volumes.map((volume) =>
    volume.name === name
      ? {
          ...volume,
          sha256,
          tagmanifestSha256: sha256Of(files.get('tagmanifest-sha256.txt') ?? ''),
        }
      : volume,
  );
  reseal(made, renderSeal({ ...seal, volumes }));
}

/** Another seal, signed by the examiner's key. */
function reseal(made: TestCase, text: string): void {
  writeFileSync(at(made, `${EV}/EV-0001.seal`), text);
  writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), made.signer.sign(Buffer.from(text)));
}

/** Makes both tag manifests fit again. */
export function fixTagmanifests(files: Map<string, Buffer>): void {
  for (const hash of ['sha256', 'sha512'] as const) {
    const path = `tagmanifest-${hash}.txt`;
    const lines = (files.get(path)?.toString() ?? '').trimEnd().split('\n');
    const fixed = lines.map((line) => {
      const name = line.split('  ')[1] ?? '';
      return `${createHash(hash)
        .update(files.get(name) ?? '')
        .digest('hex')}  ${name}\n`;
    });
    files.set(path, Buffer.from(fixed.join('')));
  }
}

/** Lower-case hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What was done, how, and the checks that must fail, all of them and no others. */
export const TAMPERED: readonly (readonly [
  string,
  (made: TestCase) => unknown,
  readonly string[],
])[] = [
  [
    'a byte of payload',
    (made) => {
      edit(made, `${EV}/EV-0001.v002.tar`, (bytes) => flip(bytes.indexOf('bbbb'))(bytes));
    },
    ['volume.sha256', 'payload.sha256', 'bag.objects'],
  ],
  [
    'a byte of a header',
    (made) => {
      edit(made, `${EV}/EV-0001.v001.tar`, flip(108));
    },
    ['volume.sha256', 'volume.archive'],
  ],
  [
    'a byte of padding',
    (made) => {
      edit(made, `${EV}/EV-0001.v001.tar`, (bytes) => flip(bytes.length - 1)(bytes));
    },
    ['volume.sha256', 'volume.archive'],
  ],
  [
    'a cut volume',
    (made) => {
      edit(made, `${EV}/EV-0001.v002.tar`, (bytes) => bytes.subarray(0, 10_240));
    },
    ['volume.sha256', 'volume.archive'],
  ],
  [
    'an empty volume',
    (made) => {
      edit(made, `${EV}/EV-0001.v002.tar`, () => '');
    },
    ['volume.sha256', 'volume.archive'],
  ],
  [
    'a missing volume',
    (made) => {
      rmSync(at(made, `${EV}/EV-0001.v002.tar`));
    },
    ['volume.present'],
  ],
  [
    'two volumes exchanged',
    (made) => {
      renameSync(at(made, `${EV}/EV-0001.v001.tar`), at(made, 'x'));
      renameSync(at(made, `${EV}/EV-0001.v002.tar`), at(made, `${EV}/EV-0001.v001.tar`));
      renameSync(at(made, 'x'), at(made, `${EV}/EV-0001.v002.tar`));
    },
    [
      'volume.sha256',
      'bag.structure',
      'bag.seal_line',
      'bag.tagmanifests',
      'bag.info',
      'bag.manifests',
      'payload.sha256',
      'seal.payload_set',
    ],
  ],
  [
    'a link in place of a volume',
    (made) => {
      renameSync(at(made, `${EV}/EV-0001.v002.tar`), at(made, 'x'));
      symlinkSync(at(made, 'x'), at(made, `${EV}/EV-0001.v002.tar`));
    },
    ['evidence.files', 'volume.sha256', 'volume.archive'],
  ],
  [
    'a folder in place of a volume',
    (made) => {
      rmSync(at(made, `${EV}/EV-0001.v002.tar`));
      mkdirSync(at(made, `${EV}/EV-0001.v002.tar`));
    },
    ['evidence.files', 'volume.sha256', 'volume.archive'],
  ],
  [
    'a file beside the volumes',
    (made) => {
      writeFileSync(at(made, `${EV}/notes.txt`), 'x');
    },
    ['evidence.files'],
  ],
  [
    'a file beside the evidence',
    (made) => {
      writeFileSync(at(made, 'evidence/notes.txt'), 'x');
    },
    ['evidence.files'],
  ],
  [
    'a hash in the seal',
    (made) => {
      edit(made, `${EV}/EV-0001.seal`, (bytes) => {
        const text = bytes.toString('latin1');
        return text.replace(/^[0-9a-f](?=[0-9a-f]{63} )/m, (digit) => (digit === '0' ? '1' : '0'));
      });
    },
    ['seal.signature', 'volume.sha256', 'ledger.sealed'],
  ],
  [
    'a letter in the seal that no hash has',
    (made) => {
      edit(made, `${EV}/EV-0001.seal`, (bytes) =>
        bytes.toString('latin1').replace(/^[0-9a-f](?=[0-9a-f]{63} )/m, 'g'),
      );
    },
    ['seal.format', 'ledger.sealed'],
  ],
  [
    'a line of the seal',
    (made) => {
      edit(
        made,
        `${EV}/EV-0001.seal`,
        replace('anchor-not-before: none', 'anchor-not-before: some'),
      );
    },
    ['seal.signature', 'ledger.sealed'],
  ],
  [
    'the case in the seal',
    (made) => {
      edit(made, `${EV}/EV-0001.seal`, replace('TEST-1', 'TEST-2'));
    },
    ['seal.case', 'seal.signature', 'bag.info', 'ledger.sealed'],
  ],
  [
    'no seal',
    (made) => {
      rmSync(at(made, `${EV}/EV-0001.seal`));
    },
    ['seal.format', 'ledger.sealed'],
  ],
  [
    'a huge seal',
    (made) => {
      writeFileSync(at(made, `${EV}/EV-0001.seal`), Buffer.alloc(5_000_000, '#'));
    },
    ['seal.format', 'ledger.sealed'],
  ],
  [
    'no signature',
    (made) => {
      rmSync(at(made, `${EV}/EV-0001.seal.p7s`));
    },
    ['seal.signature'],
  ],
  [
    'an empty signature',
    (made) => {
      writeFileSync(at(made, `${EV}/EV-0001.seal.p7s`), '');
    },
    ['seal.signature'],
  ],
  [
    'the signature of another file',
    (made) => {
      cpSync(at(made, 'custody/00000003.json.p7s'), at(made, `${EV}/EV-0001.seal.p7s`));
    },
    ['seal.signature'],
  ],
  [
    'a whole evidence folder taken away',
    (made) => {
      rmSync(at(made, EV), { recursive: true });
    },
    ['seal.format', 'ledger.sealed'],
  ],
  [
    'a ledger entry',
    (made) => {
      edit(made, 'custody/00000003.json', replace('"sealed"', '"copied"'));
    },
    ['ledger.signature', 'ledger.sealed'],
  ],
  [
    'a ledger entry taken away',
    (made) => {
      rmSync(at(made, 'custody/00000002.json'));
    },
    ['ledger.files', 'ledger.sealed'],
  ],
  [
    'the last ledger entry cut off',
    (made) => {
      rmSync(at(made, 'custody/00000003.json'));
      rmSync(at(made, 'custody/00000003.json.p7s'));
    },
    ['ledger.sealed'],
  ],
  [
    'case.json',
    (made) => {
      edit(made, 'case.json', replace('Ada Test', 'Eve Test'));
    },
    ['ledger.case_files'],
  ],
  [
    'case.json that is no JSON',
    (made) => {
      writeFileSync(at(made, 'case.json'), '{');
    },
    ['ledger.case_files'],
  ],
];

/** A file of the first volume. */
export const PAYLOAD = 'data/logs/AWSLogs/a.json';

/** What was done to the files of the first volume, and the checks that must fail beside `ledger.sealed`, which names another seal. */
export const FORGED: readonly (readonly [
  string,
  (files: Map<string, Buffer>) => void,
  readonly string[],
])[] = [
  [
    'payload without its manifests',
    (files) => files.set(PAYLOAD, Buffer.from('{"Records":[1]}')),
    ['bag.objects', 'payload.sha256'],
  ],
  [
    'payload that is in no manifest',
    (files) => files.set('data/logs/zzz', Buffer.from('x')),
    ['bag.info', 'bag.objects', 'payload.sha256'],
  ],
  [
    'payload taken away',
    (files) => files.delete(PAYLOAD),
    ['bag.info', 'bag.objects', 'payload.sha256'],
  ],
  [
    'a tag file',
    (files) =>
      files.set(
        'bag-info.txt',
        Buffer.concat([files.get('bag-info.txt') ?? Buffer.alloc(0), Buffer.from('X: y\n')]),
      ),
    ['bag.tagmanifests', 'bag.info'],
  ],
  [
    'a file that is no tag file',
    (files) => files.set('notes.txt', Buffer.from('x')),
    ['bag.structure'],
  ],
  [
    'fetch.txt',
    (files) => files.set('fetch.txt', Buffer.from('http://127.0.0.1/x 1 data/x\n')),
    ['bag.structure'],
  ],
  [
    'no journal',
    (files) => {
      files.delete('acquisition/journal.jsonl');
    },
    ['bag.structure', 'bag.tagmanifests'],
  ],
  [
    'a journal with a line less',
    (files) => {
      const lines = files.get('acquisition/journal.jsonl')?.toString().split('\n') ?? [];
      files.set('acquisition/journal.jsonl', Buffer.from(lines.toSpliced(1, 1).join('\n')));
      fixTagmanifests(files);
    },
    ['bag.journal'],
  ],
  [
    'a journal without its last line feed',
    (files) => {
      files.set(
        'acquisition/journal.jsonl',
        files.get('acquisition/journal.jsonl')?.subarray(0, -1) ?? Buffer.alloc(0),
      );
      fixTagmanifests(files);
    },
    ['bag.journal'],
  ],
  [
    'objects.jsonl that is not JSON',
    (files) => {
      files.set('acquisition/objects.jsonl', Buffer.from('{\nnull\n[]\n"x"\n{"path":1}\n'));
      fixTagmanifests(files);
    },
    ['bag.manifests', 'bag.objects'],
  ],
  [
    'a size in objects.jsonl',
    (files) => {
      const text = files.get('acquisition/objects.jsonl')?.toString() ?? '';
      files.set('acquisition/objects.jsonl', Buffer.from(text.replace('"size":15', '"size":16')));
      fixTagmanifests(files);
    },
    ['bag.objects'],
  ],
  [
    'manifest-sha512.txt',
    (files) => {
      const text = files.get('manifest-sha512.txt')?.toString() ?? '';
      files.set(
        'manifest-sha512.txt',
        Buffer.from(text.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))),
      );
      fixTagmanifests(files);
    },
    ['bag.manifests'],
  ],
  [
    'the profile',
    (files) => {
      files.set('profile/evidence-profile.json', Buffer.from('{}'));
      fixTagmanifests(files);
    },
    ['bag.structure'],
  ],
  [
    'bagit.txt with a byte order mark',
    (files) => {
      files.set(
        'bagit.txt',
        Buffer.concat([Buffer.from('\ufeff'), files.get('bagit.txt') ?? Buffer.alloc(0)]),
      );
      fixTagmanifests(files);
    },
    ['bag.structure'],
  ],
  [
    'a label twice in bag-info.txt',
    (files) => {
      const text = files.get('bag-info.txt')?.toString() ?? '';
      files.set('bag-info.txt', Buffer.from(`${text}Bag-Count: 1 of 1\n`));
      fixTagmanifests(files);
    },
    ['bag.info'],
  ],
  [
    'the count of volumes',
    (files) => {
      const text = files.get('bag-info.txt')?.toString() ?? '';
      files.set('bag-info.txt', Buffer.from(text.replace('1 of 2', '1 of 1')));
      fixTagmanifests(files);
    },
    ['bag.info'],
  ],
  [
    'the collection of another case',
    (files) => {
      const text = files.get('acquisition/collection.json')?.toString() ?? '';
      files.set('acquisition/collection.json', Buffer.from(text.replace('TEST-1', 'TEST-2')));
      fixTagmanifests(files);
    },
    ['bag.info'],
  ],
  [
    'a manifest line of another kind',
    (files) => {
      const text = files.get('manifest-sha256.txt')?.toString() ?? '';
      files.set('manifest-sha256.txt', Buffer.from(`${text}not a manifest line\n`));
      fixTagmanifests(files);
    },
    ['bag.manifests', 'payload.sha256', 'seal.payload_set'],
  ],
];
