/** Fuzzing by structure: what is generated is nearly right, so that every rule of a reader is met, not only its first. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readVolume } from '#src/archive/read.ts';
import { verifyBag } from '#src/app/verify-bag.ts';
import { parseSeal, renderSeal } from '#src/bundle/seal.ts';
import { ExhibitError } from '#src/core/errors.ts';
import { bagMembers, bagTree, textOf, type BagTree } from '../helpers/bag.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { rawTar, type RawMember } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';

let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(await tempDir(), 'fuzz-'));
});

/** Now and then true: of several independent faults one at a time is the rule, so that each is met alone. */
const seldom = fc.nat(15).map((draw) => draw === 0);

describe('tar reader', () => {
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('t/a', 't/b', 't/c/', 't/c/d', 't/c/e', 't/z.json') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('t/A', 't/../x', '/t/a', 't//a', 't/con', 't/a.', 'u/', 'u/a', ''),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 110 }) },
  );
  const field = (length: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.string({
        unit: fc.constantFrom('0', '1', '7', ' ', '\0', '\x80', '\xff'),
        minLength: length,
        maxLength: length,
      }),
      fc.nat(0o77777).map((number) => `${number.toString(8).padStart(length - 1, '0')}\0`),
    );
  /** Fields that a member may have otherwise than it should. */
  const odd: { readonly [Key in keyof RawMember]?: fc.Arbitrary<NonNullable<RawMember[Key]>> } = {
    prefix: fc.constantFrom('t', '/', 't/c', 'x'.repeat(155)),
    type: fc.constantFrom(
      '\0',
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      'g',
      'x',
      'L',
      'K',
      'S',
      'V',
      'D',
      'X',
    ),
    mode: field(8),
    uid: field(8),
    gid: field(8),
    size: field(12),
    mtime: field(12),
    link: fc.constantFrom('/etc/passwd', '..', 'a'),
    magic: fc.constantFrom('ustar  \0', 'ustar\x0001', 'USTAR\x0000', '\0'.repeat(8)),
    uname: fc.constantFrom('root', '\0x'),
    gname: fc.constantFrom('root', '\0x'),
    devmajor: field(8),
    devminor: field(8),
    tail: fc.constantFrom('x', '\0\0x'),
    checksum: field(8),
    padding: fc.constantFrom(0, 1, 255),
  };
  const member: fc.Arbitrary<RawMember> = fc
    .tuple(
      name,
      fc.string({ unit: 'binary-ascii', maxLength: 600 }),
      seldom,
      fc.record(odd, { requiredKeys: [] }),
    )
    .map(([path, body, broken, fields]) => ({
      name: path,
      ...(path.endsWith('/') ? { type: '5' } : { body }),
      ...(broken ? fields : {}),
    }));
  const archive = fc
    .tuple(
      fc.array(member, { maxLength: 5 }),
      fc.nat(20),
      fc.nat(12_000),
      fc.integer({ min: 1, max: 255 }),
    )
    .map(([members, fault, place, bits]) => {
      const sorted =
        fault === 1 ? members : [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
      const bytes = rawTar([{ name: 't/', type: '5' }, ...sorted]);
      const at = place % bytes.length;
      if (fault === 2) return bytes.subarray(0, at);
      if (fault === 3) return Buffer.concat([bytes, Buffer.alloc(at, 0)]);
      if (fault === 4) bytes[at] = (bytes[at] ?? 0) ^ bits;
      return bytes;
    });

  test('refuses with code and place, or has read the one form that says the same', async () => {
    const path = join(folder, 'x.tar');
    let read = 0;
    await fc.assert(
      fc.asyncProperty(archive, async (bytes) => {
        writeFileSync(path, bytes);
        const members: RawMember[] = [];
        try {
          await readVolume(
            path,
            async (entry) => {
              let body = '';
              for await (const piece of entry.body) body += piece.toString('latin1');
              members.push(
                entry.type === 'folder'
                  ? { name: `${entry.path}/`, type: '5' }
                  : { name: entry.path, body },
              );
            },
            { hashing: 'same-thread' },
          );
        } catch (error) {
          expect(error).toBeInstanceOf(ExhibitError);
          expect((error as ExhibitError).code).toMatch(/^E_(HOSTILE_ARCHIVE|TAMPERED)$/);
          expect((error as ExhibitError).where?.offset).toBeTypeOf('number');
          return;
        }
        read += 1;
        // Written anew by code that knows nothing of the reader: nothing was overlooked or guessed.
        expect(rawTar(members).equals(bytes)).toBe(true);
      }),
      { numRuns: fuzzRuns(1000) },
    );
    expect(read).toBeGreaterThan(20);
  });
});

describe('seal parser', () => {
  const hex = '0123456789abcdef'.repeat(4);
  const good = (volumes: number): string =>
    renderSeal({
      caseId: 'CASE-1',
      evidenceId: 'EV-0001',
      payloadSetSha256: hex,
      acquiredFrom: '2026-01-02T03:04:05Z',
      acquiredTo: '2026-01-02T03:04:06.5Z',
      anchorNotBefore: 'none',
      signerCertSha256: hex,
      tool: `exhibit 0.1.0 sha256:${hex} node 26.10.0`,
      volumes: Array.from({ length: volumes }, (_, index) => ({
        name: `EV-0001.v00${String(index + 1)}`,
        file: `EV-0001.v00${String(index + 1)}.tar`,
        sha256: hex,
        tagmanifestSha256: hex,
      })),
    });
  const junk = fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\0',
      ' ',
      '  ',
      '#',
      '\\',
      '*',
      '../',
      'EV-0002',
      '9',
      'G',
      '\xff',
      '\t',
      '.tar',
    ),
    fc.constantFrom(
      `${hex}  ../../etc/passwd\n`,
      `${hex} *EV-0001.v001.tar\n`,
      '# volumes: 0\n',
      '# x: y\n',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  );
  const edit = fc.record({
    at: fc.nat(2000),
    remove: fc.oneof(fc.nat(2), fc.nat(100)),
    insert: junk,
    wholeLine: fc.boolean(),
  });
  const seal = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.array(edit, { maxLength: 2 }))
    .map(([volumes, edits]) => {
      let text = good(volumes);
      for (const { at, remove, insert, wholeLine } of edits) {
        if (wholeLine) {
          // A line taken out, doubled, or exchanged for another.
          const lines = text.split('\n');
          const place = at % lines.length;
          lines.splice(
            place,
            remove % 2,
            ...(remove % 3 === 0 ? [lines[remove % lines.length] ?? ''] : []),
          );
          text = lines.join('\n');
        } else {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
      }
      return text;
    });

  test('refuses, or has understood each line as sha256sum would', () => {
    let read = 0;
    fc.assert(
      fc.property(seal, (text) => {
        let parsed;
        try {
          parsed = parseSeal(Buffer.from(text, 'latin1'), 'EV-0001.seal');
        } catch (error) {
          expect(error).toBeInstanceOf(ExhibitError);
          expect((error as ExhibitError).code).toBe('E_TAMPERED');
          return;
        }
        read += 1;
        const sums = text.split('\n').filter((line) => !line.startsWith('#'));
        expect(sums).toEqual([
          ...parsed.volumes.map(({ sha256, file }) => `${sha256}  ${file}`),
          '',
        ]);
        const names = parsed.volumes.map(
          (_, index) => `${parsed.evidenceId}.v00${String(index + 1)}.tar`,
        );
        expect(parsed.volumes.map(({ file }) => file)).toEqual(names);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
        expect(text.split('\n').filter((line) => line.startsWith('# bag: '))).toHaveLength(
          names.length,
        );
      }),
      { numRuns: fuzzRuns(2000) },
    );
    expect(read).toBeGreaterThan(20);
  });
});

describe('bag reader', () => {
  const LISTS = [
    'manifest-sha256.txt',
    'manifest-sha512.txt',
    'tagmanifest-sha256.txt',
    'tagmanifest-sha512.txt',
  ];
  const paths = fc.constantFrom(
    'data/a.txt',
    'data/sub/b.txt',
    'data/new',
    'bagit.txt',
    'bag-info.txt',
    'notes.txt',
    'fetch.txt',
    ...LISTS,
  );
  const junk = fc.oneof(
    fc.constantFrom(
      '',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '%0A',
      '%25',
      '%',
      './',
      '../',
      '*',
      '#',
      '\ufeff',
      'A',
      '0',
      'data/a.txt',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  );
  const change = fc.record({
    path: paths,
    kind: fc.constantFrom('edit', 'edit', 'edit', 'delete', 'add', 'swap', 'line'),
    at: fc.nat(1000),
    remove: fc.nat(3),
    insert: junk,
    other: paths,
  });
  const bag = fc.array(change, { maxLength: 2 }).map((changes) => {
    const tree: BagTree = bagTree();
    for (const { path, kind, at, remove, insert, other } of changes) {
      const text = tree.has(path) ? textOf(tree, path) : '';
      if (kind === 'delete') tree.delete(path);
      else if (kind === 'add') tree.set(path, insert);
      else if (kind === 'swap') tree.set(path, tree.has(other) ? textOf(tree, other) : insert);
      else if (kind === 'line') {
        const lines = text.split('\n');
        lines.splice(
          at % lines.length,
          remove % 2,
          ...(remove < 2 ? [lines[remove] ?? insert] : []),
        );
        tree.set(path, lines.join('\n'));
      } else {
        const place = at % (text.length + 1);
        tree.set(path, text.slice(0, place) + insert + text.slice(place + remove));
      }
    }
    return tree;
  });

  /** The manifests of a valid bag as a person would check them: each file of its kind, once, with its hash. */
  function vouchedFor(tree: BagTree): boolean {
    const files = [...tree.keys()].filter((path) => !path.endsWith('/'));
    const payload = files.filter((path) => path.startsWith('data/')).sort();
    return LISTS.filter((list) => tree.has(list)).every((list) => {
      const hash = list.includes('sha256') ? 'sha256' : 'sha512';
      const lines = textOf(tree, list)
        .split(/\r\n|\r|\n/)
        .filter((line) => line !== '');
      const listed = lines.map((line) => {
        const path = line.replace(/^\S+[ \t]+(?:\.\/)?/, '');
        const right = tree.has(path) && createHash(hash).update(textOf(tree, path)).digest('hex');
        return right === line.split(/[ \t]/)[0]?.toLowerCase() ? path : `wrong ${path}`;
      });
      if (list.startsWith('tag')) return listed.every((path) => files.includes(path));
      return listed.sort().join('\n') === payload.join('\n');
    });
  }

  test('finds no bag valid that its own manifests do not vouch for', async () => {
    const path = join(folder, 'bag.tar');
    let valid = 0;
    await fc.assert(
      fc.asyncProperty(bag, async (tree) => {
        writeFileSync(path, rawTar(bagMembers(tree, 'bag')));
        const { ok } = await verifyBag(path, fakeEffects());
        if (!ok) return;
        valid += 1;
        expect(tree.has('fetch.txt')).toBe(false);
        expect(vouchedFor(tree)).toBe(true);
      }),
      { numRuns: fuzzRuns(500) },
    );
    expect(valid).toBeGreaterThan(10);
  });
});
