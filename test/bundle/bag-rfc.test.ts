/**
 * `verify --bag`: a corpus of bags after the rules of RFC 8493 and the themes of the public conformance suite, each with the
 * checks that must fail, all of them and no others, and what bagit.py says of the same bag. Where the two differ, the
 * row says so, and docs/bundle-format.md ("Any bag") says why.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyBag } from '#src/app/verify-bag.ts';
import type { Check } from '#src/core/check.ts';
import { bagTree, layBag, retag, textOf, type BagTree } from '../helpers/bag.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, runProcess } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

type Change = (tree: BagTree) => void;
const made = (plan: Parameters<typeof bagTree>[0], change?: Change): BagTree => {
  const tree = bagTree(plan);
  change?.(tree);
  return tree;
};
/** A sound bag of version 1.0, changed, its tag manifests written anew. */
const retagged = (change: Change): BagTree =>
  made({}, (tree) => {
    change(tree);
    retag(tree);
  });
const edit = (path: string, change: (text: string) => string): BagTree =>
  retagged((tree) => tree.set(path, change(textOf(tree, path))));
const bothManifests = (change: (text: string) => string): BagTree =>
  retagged((tree) => {
    for (const path of ['manifest-sha256.txt', 'manifest-sha512.txt'])
      tree.set(path, change(textOf(tree, path)));
  });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const NFC = 'data/\u00e9.txt';
const NFD = 'data/e\u0301.txt';

/** Name, bag, checks that must fail (none: a valid bag), and bagit.py's verdict where it is another than ours. */
const CORPUS: readonly (readonly [
  string,
  () => BagTree,
  readonly string[],
  'bagit.py differs'?,
])[] = [
  // What must be accepted.
  ...['0.93', '0.94', '0.95', '0.96', '0.97', '1.0'].map(
    (version) => [`v${version}`, () => made({ version }), []] as const,
  ),
  ...['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map(
    (name) => [`hash-${name}`, () => made({ algorithms: [name] }), []] as const,
  ),
  ['empty-payload', () => made({ payload: {} }), []],
  ['payload-of-zero-bytes', () => made({ payload: { 'data/.keep': '' } }), []],
  [
    'bag-in-a-bag',
    () =>
      made({
        payload: {
          'data/bag/bagit.txt': 'x',
          'data/bag/data/x': 'y',
          'data/bag/manifest-md5.txt': 'z',
        },
      }),
    [],
  ],
  ['spaces-in-names', () => made({ payload: { 'data/a  b c.txt': 'x' } }), []],
  ['hidden-files', () => made({ payload: { 'data/.hidden/.x': 'x' } }), []],
  ['unicode-names', () => made({ payload: { 'data/\u4e2d\u6587/\u{1f600}.txt': 'x' } }), []],
  [
    'name-with-line-feed-encoded',
    () => made({ payload: { 'data/a\nb': 'x', 'data/c\rd': 'y' } }),
    [],
  ],
  [
    'name-with-percent-encoded',
    () => made({ payload: { 'data/50%25.txt': 'x' } }),
    [],
    'bagit.py differs',
  ],
  [
    'name-with-percent-plain-v0.97',
    () =>
      made({ version: '0.97' }, (tree) => {
        tree.set('data/50%.txt', 'x');
        tree.delete('bag-info.txt');
        for (const name of ['sha256', 'sha512'])
          tree.set(
            `manifest-${name}.txt`,
            `${textOf(tree, `manifest-${name}.txt`)}${createHash(name).update('x').digest('hex')}  data/50%.txt\n`,
          );
        retag(tree);
      }),
    [],
  ],
  [
    'upper-case-checksums',
    () => bothManifests((text) => text.replace(/^\S+/gm, (hex) => hex.toUpperCase())),
    [],
  ],
  ['tab-between-checksum-and-path', () => bothManifests((text) => text.replaceAll('  ', '\t')), []],
  [
    'many-blanks-between-checksum-and-path',
    () => bothManifests((text) => text.replaceAll('  ', ' \t  ')),
    [],
  ],
  ['leading-dot-slash', () => bothManifests((text) => text.replaceAll('  data', '  ./data')), []],
  [
    'asterisk-v0.97',
    () =>
      made({ version: '0.97' }, (tree) => {
        for (const name of ['sha256', 'sha512'])
          tree.set(
            `manifest-${name}.txt`,
            textOf(tree, `manifest-${name}.txt`).replaceAll('  ', ' *'),
          );
        retag(tree);
      }),
    [],
  ],
  ['lines-end-in-crlf', () => bothManifests((text) => text.replaceAll('\n', '\r\n')), []],
  ['lines-end-in-cr', () => bothManifests((text) => text.replaceAll('\n', '\r')), []],
  ['last-line-without-end', () => bothManifests((text) => text.trimEnd()), []],
  [
    'utf-16-tag-files',
    () =>
      made({ version: '0.97', encoding: 'UTF-16' }, (tree) => {
        for (const path of ['bag-info.txt', 'manifest-sha256.txt', 'manifest-sha512.txt'])
          tree.set(path, utf16(textOf(tree, path)));
        retag(tree);
        for (const name of ['sha256', 'sha512'])
          tree.set(`tagmanifest-${name}.txt`, utf16(textOf(tree, `tagmanifest-${name}.txt`)));
      }),
    [],
  ],
  [
    'iso-8859-1-tag-files',
    () =>
      made({ version: '0.97', encoding: 'ISO-8859-1' }, (tree) => {
        tree.set('bag-info.txt', Buffer.from('Contact-Name: Ren\u00e9\n', 'latin1'));
        retag(tree);
      }),
    [],
  ],
  ['no-bag-info', () => retagged((tree) => tree.delete('bag-info.txt')), []],
  [
    'no-tag-manifests',
    () =>
      made({}, (tree) => {
        tree.delete('tagmanifest-sha256.txt');
        tree.delete('tagmanifest-sha512.txt');
      }),
    [],
  ],
  [
    'repeated-metadata',
    () => edit('bag-info.txt', (text) => `${text}Contact-Name: A\nContact-Name: B\n`),
    [],
  ],
  [
    'folded-metadata',
    () => edit('bag-info.txt', (text) => `${text}External-Description: one\n  two\n\tthree\n`),
    [],
  ],
  ['label-with-blank', () => edit('bag-info.txt', (text) => `${text}My Label: x\n`), []],
  [
    'blanks-around-colon-v0.97',
    () => made({ version: '0.97', info: 'Payload-Oxum  :   11.2\n' }),
    [],
  ],
  ['other-tag-files', () => retagged((tree) => tree.set('extra/notes.txt', 'x')), []],
  ['tag-file-in-no-tag-manifest', () => made({}, (tree) => tree.set('notes.txt', 'x')), []],
  [
    'payload-split-over-manifests-v0.97',
    () =>
      made({ version: '0.97' }, (tree) => {
        tree.set(
          'manifest-sha256.txt',
          `${textOf(tree, 'manifest-sha256.txt').split('\n')[0] ?? ''}\n`,
        );
        tree.set(
          'manifest-sha512.txt',
          `${textOf(tree, 'manifest-sha512.txt').split('\n')[1] ?? ''}\n`,
        );
        retag(tree);
      }),
    [],
  ],
  [
    'name-in-another-unicode-form',
    () =>
      made({ payload: { [NFC]: 'x' } }, (tree) => {
        tree.delete(NFC);
        tree.set(NFD, 'x');
      }),
    [],
  ],

  // Declaration.
  ['bagit-txt-missing', () => retagged((tree) => tree.delete('bagit.txt')), ['bagit.declaration']],
  [
    'bagit-txt-with-byte-order-mark',
    () => edit('bagit.txt', (text) => `\ufeff${text}`),
    ['bagit.declaration'],
  ],
  [
    'bagit-txt-blanks-before-colon',
    () => edit('bagit.txt', (text) => text.replace(':', ' :')),
    ['bagit.declaration'],
    'bagit.py differs',
  ],
  [
    'bagit-txt-two-blanks',
    () => edit('bagit.txt', (text) => text.replace(': ', ':  ')),
    ['bagit.declaration'],
    'bagit.py differs',
  ],
  [
    'bagit-txt-without-encoding',
    () => edit('bagit.txt', (text) => text.replace(/Tag.*\n/, '')),
    ['bagit.declaration'],
  ],
  [
    'bagit-txt-without-version',
    () => edit('bagit.txt', (text) => text.replace(/BagIt.*\n/, '')),
    ['bagit.declaration'],
  ],
  [
    'bagit-txt-third-line',
    () => edit('bagit.txt', (text) => `${text}X: y\n`),
    ['bagit.declaration'],
    'bagit.py differs',
  ],
  [
    'bagit-txt-lines-exchanged',
    () => edit('bagit.txt', (text) => `${text.split('\n').slice(0, 2).reverse().join('\n')}\n`),
    ['bagit.declaration'],
    'bagit.py differs',
  ],
  ['version-2', () => made({ version: '2.0' }), ['bagit.declaration']],
  ['version-that-is-no-number', () => made({ version: 'x' }), ['bagit.declaration']],
  [
    'version-that-never-was',
    () => made({ version: '0.98' }),
    ['bagit.declaration'],
    'bagit.py differs',
  ],
  ['unknown-encoding', () => made({ encoding: 'x-nothing' }), ['bagit.declaration']],

  // Structure.
  [
    'no-data-folder',
    () => made({ payload: {} }, (tree) => tree.delete('data/')),
    ['bagit.structure'],
  ],
  [
    'no-payload-manifest',
    () =>
      retagged((tree) => {
        tree.delete('manifest-sha256.txt');
        tree.delete('manifest-sha512.txt');
      }),
    ['bagit.complete', 'bagit.structure'],
  ],
  [
    'only-a-manifest-of-an-unknown-hash',
    () =>
      retagged((tree) => {
        tree.set('manifest-crc32.txt', '00000000  data/a.txt\n00000000  data/sub/b.txt\n');
        tree.delete('manifest-sha256.txt');
        tree.delete('manifest-sha512.txt');
      }),
    ['bagit.structure'],
  ],

  // Payload.
  [
    'payload-byte-changed',
    () => made({}, (tree) => tree.set('data/a.txt', 'alphA\n')),
    ['bagit.checksums'],
  ],
  [
    'payload-file-longer',
    () => made({}, (tree) => tree.set('data/a.txt', 'alpha\n\n')),
    ['bagit.checksums', 'bagit.oxum'],
  ],
  [
    'payload-file-missing',
    () => made({}, (tree) => tree.delete('data/a.txt')),
    ['bagit.complete', 'bagit.oxum'],
  ],
  [
    'payload-file-not-listed',
    () => made({}, (tree) => tree.set('data/c.txt', 'x')),
    ['bagit.complete', 'bagit.oxum'],
  ],
  [
    'payload-file-in-one-manifest-only',
    () => edit('manifest-sha256.txt', (text) => text.split('\n').slice(1).join('\n')),
    ['bagit.complete'],
    'bagit.py differs',
  ],
  [
    'checksum-wrong-in-one-manifest',
    () =>
      edit('manifest-sha512.txt', (text) =>
        text.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ['bagit.checksums'],
  ],
  [
    'checksum-too-short',
    () => edit('manifest-sha256.txt', (text) => text.slice(1)),
    ['bagit.complete', 'bagit.manifest'],
  ],
  [
    'checksum-not-hex',
    () => edit('manifest-sha256.txt', (text) => `g${text.slice(1)}`),
    ['bagit.complete', 'bagit.manifest'],
  ],
  [
    'line-without-path',
    () => edit('manifest-sha256.txt', (text) => `${text}${'0'.repeat(64)}\n`),
    ['bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'line-of-another-kind',
    () => edit('manifest-sha256.txt', (text) => `${text}# a remark\n`),
    ['bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'empty-line',
    () => edit('manifest-sha256.txt', (text) => text.replace('\n', '\n\n')),
    ['bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'blank-after-path',
    () => edit('manifest-sha256.txt', (text) => text.replace('\n', ' \n')),
    ['bagit.complete'],
    'bagit.py differs',
  ],
  [
    'file-listed-twice',
    () => edit('manifest-sha256.txt', (text) => text + text),
    ['bagit.manifest'],
  ],
  [
    'file-listed-twice-with-other-checksums',
    () => edit('manifest-sha256.txt', (text) => `${'0'.repeat(64)}  data/a.txt\n${text}`),
    ['bagit.manifest'],
  ],
  [
    'file-listed-twice-in-two-unicode-forms',
    () =>
      made({ payload: { [NFC]: 'x' } }, (tree) => {
        tree.set(
          'manifest-sha256.txt',
          `${textOf(tree, 'manifest-sha256.txt')}${sha256('x')}  ${NFD}\n`,
        );
        retag(tree);
      }),
    ['bagit.manifest'],
  ],
  [
    'manifest-with-byte-order-mark',
    () => edit('manifest-sha256.txt', (text) => `\ufeff${text}`),
    ['bagit.complete', 'bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'manifest-not-of-its-encoding',
    () =>
      retagged((tree) =>
        tree.set('manifest-sha256.txt', Buffer.from(`${sha256('x')}  data/\xe9\n`, 'latin1')),
      ),
    ['bagit.complete', 'bagit.manifest'],
  ],
  [
    'one-of-two-tag-manifests-leaves-out-the-payload-manifests',
    () =>
      made({}, (tree) =>
        tree.set(
          'tagmanifest-sha512.txt',
          textOf(tree, 'tagmanifest-sha512.txt').replace(/^.*manifest-sha\d+\.txt\n/gm, ''),
        ),
      ),
    ['bagit.tagmanifest'],
    'bagit.py differs',
  ],
  [
    'payload-manifest-of-an-unknown-algorithm-lists-what-is-not-there',
    () =>
      retagged((tree) =>
        tree.set(
          'manifest-blake9.txt',
          `${textOf(tree, 'manifest-sha256.txt')}abcdef  data/gone\n`,
        ),
      ),
    ['bagit.complete'],
    'bagit.py differs',
  ],
  [
    'payload-manifest-of-an-unknown-algorithm-leaves-out-a-file',
    () => retagged((tree) => tree.set('manifest-blake9.txt', 'abcdef  data/a.txt\n')),
    ['bagit.complete'],
    'bagit.py differs',
  ],
  [
    'payload-manifest-of-an-unknown-algorithm-is-no-manifest',
    () => retagged((tree) => tree.set('manifest-blake9.txt', 'once upon a time\n')),
    ['bagit.complete', 'bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'percent-left-plain',
    () =>
      made({ payload: { 'data/a': 'x' } }, (tree) => {
        tree.set('data/100%', 'y');
        tree.delete('bag-info.txt');
        for (const name of ['sha256', 'sha512'])
          tree.set(
            `manifest-${name}.txt`,
            `${textOf(tree, `manifest-${name}.txt`)}${createHash(name).update('y').digest('hex')}  data/100%\n`,
          );
        retag(tree);
      }),
    ['bagit.complete', 'bagit.manifest'],
    'bagit.py differs',
  ],
  [
    'encodes-what-needs-no-encoding',
    () => bothManifests((text) => text.replace('data/a.txt', 'data/%61.txt')),
    ['bagit.complete', 'bagit.manifest'],
  ],

  // Paths that lead elsewhere.
  ...(
    [
      ['path-that-climbs', '../../etc/passwd'],
      ['path-that-climbs-from-data', 'data/../../etc/passwd'],
      ['path-that-goes-round', 'data/sub/../c.txt'],
      ['absolute-path', '/etc/passwd'],
      ['home-folder', '~root/x'],
      ['drive-letter', 'C:/x'],
      ['backslash-path', '\\\\server\\share'],
      ['path-outside-payload', 'bag-info.txt'],
      ['folder-in-manifest', 'data/sub/'],
    ] as const
  ).map(
    ([name, path]) =>
      [
        name,
        () => edit('manifest-sha256.txt', (text) => `${text}${sha256('x')}  ${path}\n`),
        ['bagit.manifest'],
      ] as const,
  ),
  [
    'link-in-payload',
    () =>
      made({}, (tree) => {
        tree.delete('data/a.txt');
        tree.set('data/a.txt', { link: '/etc/hostname' });
      }),
    ['bagit.complete', 'bagit.container', 'bagit.oxum'],
  ],
  [
    'link-inside-the-bag',
    () =>
      made({}, (tree) => {
        tree.delete('data/a.txt');
        tree.set('data/a.txt', { link: 'sub/b.txt' });
      }),
    ['bagit.complete', 'bagit.container', 'bagit.oxum'],
  ],
  [
    'link-in-place-of-data',
    () =>
      made({}, (tree) => {
        for (const path of [...tree.keys()]) if (path.startsWith('data')) tree.delete(path);
        tree.set('data', { link: '/etc' });
      }),
    ['bagit.complete', 'bagit.container', 'bagit.oxum', 'bagit.structure'],
  ],

  // Tag manifests.
  [
    'tag-file-changed',
    () => made({}, (tree) => tree.set('bag-info.txt', 'Payload-Oxum: 11.2\nX: y\n')),
    ['bagit.checksums'],
  ],
  [
    'tag-file-missing',
    () => made({}, (tree) => tree.delete('bag-info.txt')),
    ['bagit.tagmanifest'],
  ],
  [
    'tag-manifest-without-payload-manifest',
    () =>
      made({}, (tree) => {
        for (const name of ['sha256', 'sha512'])
          tree.set(
            `tagmanifest-${name}.txt`,
            textOf(tree, `tagmanifest-${name}.txt`).replace(/.*manifest-sha256\.txt\n/, ''),
          );
      }),
    ['bagit.tagmanifest'],
    'bagit.py differs',
  ],
  [
    'tag-manifest-lists-payload',
    () =>
      made({}, (tree) =>
        tree.set(
          'tagmanifest-sha256.txt',
          `${textOf(tree, 'tagmanifest-sha256.txt')}${sha256('alpha\n')}  data/a.txt\n`,
        ),
      ),
    ['bagit.tagmanifest'],
  ],
  [
    'tag-manifest-lists-tag-manifest',
    () =>
      made({}, (tree) =>
        tree.set(
          'tagmanifest-sha256.txt',
          `${textOf(tree, 'tagmanifest-sha256.txt')}${sha256(textOf(tree, 'tagmanifest-sha512.txt'))}  tagmanifest-sha512.txt\n`,
        ),
      ),
    ['bagit.tagmanifest'],
    'bagit.py differs',
  ],
  [
    'tag-manifest-path-that-climbs',
    () =>
      made({}, (tree) =>
        tree.set(
          'tagmanifest-sha256.txt',
          `${textOf(tree, 'tagmanifest-sha256.txt')}${sha256('x')}  ../x\n`,
        ),
      ),
    ['bagit.tagmanifest'],
  ],

  // bag-info.txt.
  [
    'oxum-with-other-count',
    () => edit('bag-info.txt', () => 'Payload-Oxum: 11.3\n'),
    ['bagit.oxum'],
  ],
  [
    'oxum-with-other-size',
    () => edit('bag-info.txt', () => 'Payload-Oxum: 12.2\n'),
    ['bagit.oxum'],
  ],
  [
    'oxum-of-another-form',
    () => edit('bag-info.txt', () => 'Payload-Oxum: eleven.two\n'),
    ['bagit.oxum'],
  ],
  [
    'oxum-twice',
    () => edit('bag-info.txt', (text) => text + text),
    ['bagit.info'],
    'bagit.py differs',
  ],
  [
    'metadata-without-colon',
    () => edit('bag-info.txt', (text) => `${text}no colon here\n`),
    ['bagit.info'],
  ],
  [
    'metadata-blanks-before-colon',
    () => edit('bag-info.txt', (text) => `${text}Contact-Name : x\n`),
    ['bagit.info'],
    'bagit.py differs',
  ],
  [
    'metadata-with-byte-order-mark',
    () => edit('bag-info.txt', (text) => `\ufeff${text}`),
    ['bagit.info'],
    'bagit.py differs',
  ],

  // fetch.txt: a bag with holes is no evidence.
  [
    'fetch-of-a-missing-file',
    () =>
      retagged((tree) => {
        tree.delete('data/a.txt');
        tree.set('fetch.txt', 'http://127.0.0.1/a 6 data/a.txt\n');
      }),
    ['bagit.complete', 'bagit.fetch', 'bagit.oxum'],
  ],
  [
    'fetch-of-a-file-that-is-there',
    () => retagged((tree) => tree.set('fetch.txt', 'http://127.0.0.1/a 6 data/a.txt\n')),
    ['bagit.fetch'],
    'bagit.py differs',
  ],
  [
    'fetch-empty',
    () => retagged((tree) => tree.set('fetch.txt', '')),
    ['bagit.fetch'],
    'bagit.py differs',
  ],
  [
    'fetch-of-a-local-file',
    () => retagged((tree) => tree.set('fetch.txt', 'file:///etc/passwd - data/a.txt\n')),
    ['bagit.fetch'],
    'bagit.py differs',
  ],
];

/** True where bagit.py finds a bag valid. It dies of some: then the next process goes on behind that one. */
async function byBagitPy(names: readonly string[]): Promise<Map<string, boolean>> {
  const verdicts = new Map<string, boolean>();
  for (let left = names; left.length > 0; left = left.filter((name) => !verdicts.has(name))) {
    const { stderr } = await runProcess('bagit.py', ['--validate', ...left], { cwd: folder });
    for (const [, name = '', verdict] of stderr.matchAll(/ - (\S+) is (valid|invalid)/g))
      verdicts.set(name, verdict === 'valid');
    const next = left.find((name) => !verdicts.has(name));
    if (next !== undefined) verdicts.set(next, false);
  }
  return verdicts;
}

function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le');
}

function failed(checks: readonly Check[]): string[] {
  return [...new Set(checks.filter(({ status }) => status === 'fail').map(({ id }) => id))].sort();
}

let folder = '';

beforeAll(async () => {
  folder = await tempDir();
  for (const [name, make] of CORPUS) layBag(join(folder, name), make());
});

describe('by the letter of RFC 8493:', () => {
  test.each(CORPUS.map(([name, , expected]) => [name, expected] as const))(
    '%s',
    async (name, expected) => {
      const { ok, checks } = await verifyBag(join(folder, name), fakeEffects());
      expect(failed(checks), JSON.stringify(checks, null, 1)).toEqual(expected);
      expect(ok).toBe(expected.length === 0);
    },
  );

  test.skipIf(!hasTool('bagit.py'))(
    needs('bagit.py agrees but where it is known not to', 'bagit.py'),
    async () => {
      const verdicts = await byBagitPy(CORPUS.map(([name]) => name));
      const wrong = CORPUS.filter(([name, , expected, differs]) => {
        const same = verdicts.get(name) === (expected.length === 0);
        return same !== (differs === undefined);
      }).map(([name]) => `${name}: bagit.py says ${String(verdicts.get(name))}`);
      expect(wrong).toEqual([]);
    },
  );
});

describe('on the command line', () => {
  test('a valid bag leaves with 0, an invalid one with 1, nothing with 3, two targets with 2', async () => {
    const good = await exhibit(['verify', '--bag', 'v1.0'], { cwd: folder });
    expect(good).toMatchObject({ status: 0, stderr: '' });
    expect(good.stdout).toContain('a valid bag (who made it, no bag can say)');
    const bad = await exhibitJson(['verify', '--bag', 'path-that-climbs'], { cwd: folder });
    expect(bad).toMatchObject({ status: 1, json: { ok: false } });
    expect(bad.json).toEqual(await verifyBag(join(folder, 'path-that-climbs'), fakeEffects()));
    const none = await exhibitJson(['verify', '--bag', 'none'], { cwd: folder });
    expect(none).toMatchObject({ status: 3, json: { error: { code: 'E_READ' } } });
    const two = await exhibitJson(['verify', 'EV-0001', '--bag', 'v1.0'], { cwd: folder });
    expect(two).toMatchObject({ status: 2, json: { error: { code: 'E_USAGE' } } });
  });

  test.each([
    ['tar.gz', Buffer.from('1f8b0800', 'hex')],
    ['zip', Buffer.from('504b0304', 'hex')],
    ['tar.xz', Buffer.from('fd377a585a00', 'hex')],
  ] as const)('a bag as .%s is not judged: neither valid nor invalid', async (ending, magic) => {
    const name = `packed.${ending}`;
    writeFileSync(join(folder, name), magic);
    const { status, json } = await exhibitJson(['verify', '--bag', name], { cwd: folder });
    expect(status).toBe(3);
    expect(json).toMatchObject({
      error: { code: 'E_READ', message: expect.stringContaining('not judged') as string },
    });
  });

  test('our own volumes are valid bags, nothing unchecked', async () => {
    const { case: opened, fx } = await sealedCase();
    for (const name of ['EV-0001.v001', 'EV-0001.v002']) {
      const path = join(opened.paths.evidence, 'EV-0001', `${name}.tar`);
      const { checks } = await verifyBag(path, fx);
      expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    }
  });
});
