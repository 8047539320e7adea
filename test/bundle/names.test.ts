/** Paths in the bag: kept where they are safe everywhere, else the hash of the name; never two that meet. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemberOrder, inArchiveOrder } from '#src/archive/order.ts';
import { pathProblem, splitPath } from '#src/archive/safe-name.ts';
import { placeObjects } from '#src/bundle/names.ts';
import type { StagedObject } from '#src/bundle/objects.ts';

function object(path: string, more: Partial<StagedObject> = {}): StagedObject {
  const base = { original_path: path, root: 0, size: 1, mtime_us: 0, sha256: 'a', sha512: 'b' };
  return { ...base, ...more };
}

const place = (
  objects: readonly StagedObject[],
  roots: readonly string[] = ['logs'],
): Record<string, string> =>
  Object.fromEntries(
    placeObjects(objects, roots).map((file) => [file.object.original_path, file.path]),
  );

const mapped = (path: string): string =>
  `data/_mapped/${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;

describe('a safe component', () => {
  test.each([
    'a',
    'A.b',
    '_',
    '=x',
    '@',
    'a-b',
    '+1',
    'a,b',
    '.hidden',
    'console.log',
    'com10',
    '0',
  ])('%j', (name) => {
    expect(pathProblem(name, false)).toBeUndefined();
  });
  test.each([
    '',
    '.',
    '..',
    '-a',
    '~a',
    'a b',
    'a%b',
    'a:b',
    'a\\b',
    'é',
    'a\n',
    'a.',
    'CON',
    'nul.txt',
    'lpt9',
    'a*',
  ])('not %j', (name) => {
    expect(pathProblem(name, false)).toBeDefined();
  });
});

describe('the split of long names', () => {
  const long = (length: number): string => 'n'.repeat(length);
  test('keeps up to 100 bytes in one field', () => {
    expect(splitPath(long(100))).toEqual({ prefix: '', name: long(100) });
    expect(splitPath(long(101))).toBeUndefined();
  });
  test('fills the prefix as far as it goes', () => {
    expect(splitPath(`a/b/${long(100)}`)).toEqual({ prefix: 'a/b', name: long(100) });
    expect(splitPath(`${long(155)}/${long(100)}`)).toEqual({ prefix: long(155), name: long(100) });
    expect(splitPath(`${long(156)}/${long(99)}`)).toBeUndefined();
  });
  test('leaves a folder its slash', () => {
    expect(pathProblem(long(99), true)).toBeUndefined();
    expect(pathProblem(long(100), true)).toBeDefined();
  });
});

describe('placing', () => {
  test('keeps safe names below the folder collected', () => {
    expect(place([object('a/b.json')])).toEqual({ 'a/b.json': 'data/logs/a/b.json' });
  });
  test('uses bucket and key where they are known', () => {
    const s3 = { bucket: 'trail', key: 'AWSLogs/1/x.json.gz', recognised_by: 'flag' as const };
    expect(place([object('x.json.gz', { s3 })])).toEqual({
      'x.json.gz': 'data/trail/AWSLogs/1/x.json.gz',
    });
    expect(place([object('x.json.gz', { s3: { ...s3, bucket: '' } })])).toEqual({
      'x.json.gz': 'data/logs/x.json.gz',
    });
  });
  test('puts a sidecar beside its file', () => {
    const s3 = { bucket: 'trail', key: 'k/x.gz', recognised_by: 'flag' as const };
    const sidecar = object('x.gz.metadata.json', { metadata_for: 'x.gz' });
    expect(place([object('x.gz', { s3 }), sidecar])).toEqual({
      'x.gz': 'data/trail/k/x.gz',
      'x.gz.metadata.json': 'data/trail/k/x.gz.metadata.json',
    });
  });
  test.each([
    'a b',
    'a\nb',
    '\u001b[2J',
    'é',
    'con',
    'x/-rf',
    '../up',
    'a//b',
    'n'.repeat(101),
    '\u202egpj.exe',
  ])('maps %j to its hash', (path) => {
    expect(place([object(path)])[path]).toBe(mapped(path) + (path.endsWith('.exe') ? '.exe' : ''));
  });
  test('keeps a short ending of a mapped name', () => {
    expect(place([object('a b.json.gz')])).toEqual({
      'a b.json.gz': `${mapped('a b.json.gz')}.json.gz`,
    });
  });
  test('hashes the true bytes of a name that is not UTF-8', () => {
    const bytes = Buffer.from([0x61, 0xff]);
    const odd = object('a\ufffd', { original_path_base64: bytes.toString('base64') });
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    expect(placeObjects([odd], ['logs'])[0]?.path).toBe(`data/_mapped/${hash}`);
  });
  test('gives a contested name to the first', () => {
    expect(place([object('A.json'), object('a.json')])).toEqual({
      'A.json': 'data/logs/A.json',
      'a.json': `${mapped('a.json')}.json`,
    });
    expect(place([object('D/x'), object('d/y')])).toEqual({
      'D/x': 'data/logs/D/x',
      'd/y': mapped('d/y'),
    });
  });
  test('never puts a file where another needs a folder', () => {
    const s3 = (key: string): Partial<StagedObject> => ({
      s3: { bucket: 'b', key, recognised_by: 'flag' },
    });
    const files = [object('1', s3('k')), object('2', s3('k/x')), object('3', s3('K/y'))];
    expect(place(files)).toEqual({ '1': 'data/b/k', '2': mapped('2'), '3': mapped('3') });
  });
  test('keeps equal names of two folders apart', () => {
    const [first, second] = placeObjects([object('a b'), object('a b', { root: 1 })], ['x', 'x']);
    expect([first?.path, second?.path]).toEqual([mapped('a b'), `${mapped('a b')}_2`]);
  });
  test('splits what is too large for ustar', () => {
    const files = placeObjects([object('big', { size: 25 }), object('big.part0002')], ['logs'], {
      from: 20,
      into: 10,
    });
    expect(files.map(({ path, size, part }) => [path, size, part])).toEqual([
      [`${mapped('big.part0002')}.part0002`, 1, undefined],
      ['data/logs/big.part0001', 10, { number: 1, of: 3, offset: 0 }],
      ['data/logs/big.part0002', 10, { number: 2, of: 3, offset: 10 }],
      ['data/logs/big.part0003', 5, { number: 3, of: 3, offset: 20 }],
    ]);
  });
  test('gives any names paths that a volume accepts, each once, in its order', () => {
    const names = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.stringMatching(/^[aAbB/._ -]{1,8}$/),
      ),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(names, (paths) => {
        const files = placeObjects(
          paths.map((path) => object(path)),
          ['logs'],
        );
        const members = files.map(({ path }) => ({
          path: `EV-0001.v001/${path}`,
          type: 'file' as const,
          size: 0,
        }));
        const order = new MemberOrder();
        for (const { path, type } of inArchiveOrder(members)) {
          expect(pathProblem(path, type === 'folder')).toBeUndefined();
          expect(order.add(path, type === 'folder')).toBeUndefined();
        }
        expect(inArchiveOrder(members).filter(({ type }) => type === 'file')).toEqual(members);
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
