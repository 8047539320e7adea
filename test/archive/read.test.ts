/** Hostile and damaged archives: each is refused, with its code and place, whatever the tar programs of this world make of it. */
import { mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readVolume } from '#src/archive/read.ts';
import type { ExhibitError } from '#src/core/errors.ts';
import { ourTar, rawTar, type RawMember } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

let root = '';

beforeAll(async () => {
  root = await tempDir();
});

function fileOf(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
  writeFileSync(path, bytes);
  return path;
}

/** The code of the refusal and the offset it names; `read` when nothing was refused. */
async function refusal(path: string): Promise<string> {
  try {
    await readVolume(path, async (entry) => {
      for await (const piece of entry.body) expect(piece.length).toBeGreaterThan(0);
    });
    return 'read';
  } catch (error) {
    const { code, where } = error as ExhibitError;
    return `${code} at ${String(where?.offset)}`;
  }
}

const TOP: RawMember = { name: 'top/', type: '5' };
const GOOD: RawMember = { name: 'top/a', body: 'hello' };
const BASE_256 = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5);
const NEGATIVE_256 = Buffer.alloc(12, 0xff);

test('the form itself is accepted', async () => {
  expect(await refusal(fileOf(rawTar([TOP, GOOD])))).toBe('read');
});

describe('never accepted: E_HOSTILE_ARCHIVE', () => {
  const member = (bad: Partial<RawMember>): readonly RawMember[] => [TOP, { ...GOOD, ...bad }];
  const corpus: Readonly<Record<string, readonly RawMember[]>> = {
    // Row 13: paths that lead elsewhere.
    'a path that climbs': member({ name: 'top/../../etc/passwd' }),
    'a path that stands still': member({ name: 'top/./a' }),
    'an absolute path': member({ name: '/etc/passwd' }),
    'an absolute prefix': member({ name: 'passwd', prefix: '/etc' }),
    'a drive letter': member({ name: 'C:/a' }),
    'a UNC path': member({ name: '//server/share/a' }),
    backslashes: member({ name: 'top\\..\\a' }),
    'a home folder': member({ name: '~root/a' }),
    'an empty component': member({ name: 'top//a' }),
    'an alternate stream': member({ name: 'top/a:b' }),
    'a percent sign': member({ name: 'top/a%2e' }),
    'a name that looks like an option': member({ name: 'top/-rf' }),
    'a line feed in a name': member({ name: 'top/a\nb' }),
    'an escape in a name': member({ name: 'top/\u001b[2J' }),
    'a name that is not ASCII': member({ name: 'top/\u00e9' }),
    'a blank in a name': member({ name: 'top/a b' }),
    'no name': member({ name: '' }),
    // Row 14: everything but files and folders.
    'a hard link': member({ type: '1', link: 'top/b', body: '' }),
    'a symbolic link': member({ type: '2', link: '/etc/passwd', body: '' }),
    'a character device': member({ type: '3', body: '' }),
    'a block device': member({ type: '4', body: '' }),
    'a FIFO': member({ type: '6', body: '' }),
    'a contiguous file': member({ type: '7' }),
    'an old regular file': member({ type: '\0' }),
    'a pax header': member({ type: 'x', body: '12 path=../x\n' }),
    'a global pax header': member({ type: 'g', body: '12 path=../x\n' }),
    'a GNU long name': member({ type: 'L', name: '././@LongLink' }),
    'a GNU long link': member({ type: 'K', name: '././@LongLink' }),
    'a GNU sparse file': member({ type: 'S' }),
    'a GNU volume label': member({ type: 'V', body: '' }),
    'a GNU dumpdir': member({ type: 'D' }),
    'a type nobody knows': member({ type: 'Z' }),
    // Row 15: names that meet.
    'a repeated file': [TOP, GOOD, GOOD],
    'a repeated folder': [
      TOP,
      { name: 'top/d/', type: '5' },
      { ...GOOD, name: 'top/d/f' },
      { name: 'top/d/', type: '5' },
    ],
    'a file in place of a folder': [
      TOP,
      { name: 'top/d/', type: '5' },
      { ...GOOD, name: 'top/d/f' },
      { ...GOOD, name: 'top/d' },
    ],
    'names that differ only by case': [TOP, { ...GOOD, name: 'top/A' }, GOOD],
    'folders that differ only by case': [
      TOP,
      { name: 'top/D/', type: '5' },
      { ...GOOD, name: 'top/D/f' },
      { name: 'top/d/', type: '5' },
    ],
    'a second top folder': [TOP, GOOD, { name: 'top2/', type: '5' }],
    'a file beside the top folder': [TOP, GOOD, { ...GOOD, name: 'zzz' }],
    'a device of Windows': member({ name: 'top/con' }),
    'a device of Windows with an ending': member({ name: 'top/Aux.txt' }),
    'a port of Windows': member({ name: 'top/COM1.log' }),
    'a trailing dot': member({ name: 'top/a.' }),
    // Row 17: numbers in other forms.
    'a size in base 256': member({ size: BASE_256 }),
    'a negative size in base 256': member({ size: NEGATIVE_256 }),
    'a negative size': member({ size: '-0000000005\0' }),
    'a size with blanks': member({ size: '          5\0' }),
    'a size that ends in a blank': member({ size: '00000000005 ' }),
    'a size with a digit that is not octal': member({ size: '00000000008\0' }),
    'a size of twelve digits': member({ size: '000000000005' }),
    'a size with a NUL inside': member({ size: '0000\x0000005\0\0' }),
    'no size': member({ size: '\0'.repeat(12) }),
    'a folder with a size': [{ ...TOP, body: 'x' }, GOOD],
  };
  test.each(Object.entries(corpus))('%s', async (_, members) => {
    expect(await refusal(fileOf(rawTar(members)))).toMatch(/^E_HOSTILE_ARCHIVE at \d+$/);
  });

  test('a symbolic link in place of the archive', async () => {
    const path = fileOf(rawTar([TOP, GOOD]));
    symlinkSync(path, `${path}.link`);
    await expect(readVolume(`${path}.link`, () => undefined)).rejects.toMatchObject({
      code: 'E_HOSTILE_ARCHIVE',
    });
  });

  test('a folder in place of the archive', async () => {
    await expect(readVolume(root, () => undefined)).rejects.toMatchObject({
      code: 'E_HOSTILE_ARCHIVE',
    });
  });

  test.skipIf(!hasTool('mkfifo'))(
    needs('a FIFO in place of the archive, without waiting for a writer', 'mkfifo'),
    async () => {
      const path = join(mkdtempSync(join(root, 'f-')), 'fifo');
      execFileSync('mkfifo', [path]);
      await expect(readVolume(path, () => undefined)).rejects.toMatchObject({
        code: 'E_HOSTILE_ARCHIVE',
      });
    },
  );
});

describe('not the canonical form: E_TAMPERED', () => {
  const member = (bad: Partial<RawMember>): Buffer => rawTar([TOP, { ...GOOD, ...bad }]);
  const end = (length: number, byte?: number): Buffer => {
    const zeros = Buffer.alloc(length);
    if (byte !== undefined) zeros[byte] = 1;
    return zeros;
  };
  const good = rawTar([TOP, GOOD]);
  const corpus: Readonly<Record<string, Buffer>> = {
    'a wrong checksum': member({ checksum: '000000\0 ' }),
    'a checksum in another form': member({ checksum: ' 00000\0 ' }),
    'the magic of old GNU tar': member({ magic: 'ustar  \0' }),
    'no magic': member({ magic: '\0'.repeat(8) }),
    'another version': member({ magic: 'ustar\x0001' }),
    'another mode': member({ mode: '0000755\0' }),
    'a setuid mode': member({ mode: '0004644\0' }),
    'a mode in another form': member({ mode: '000644 \0' }),
    'another owner': member({ uid: '0001750\0' }),
    'another group': member({ gid: '0001750\0' }),
    'an owner in base 256': member({ uid: '\x80\0\0\0\0\0\0\x01' }),
    'a time': member({ mtime: '14716475120\0' }),
    'an owner name': member({ uname: 'root' }),
    'a group name': member({ gname: 'root' }),
    'a link name in a file': member({ link: 'x' }),
    'a device number': member({ devmajor: '0000001\0' }),
    'a minor device number': member({ devminor: '0000001\0' }),
    'no device number': member({ devmajor: '\0'.repeat(8) }),
    'bytes after the prefix': member({ tail: 'x' }),
    'bytes after the NUL of a name': member({ name: 'top/a\0x' }),
    'a prefix that is not needed': member({ name: 'a', prefix: 'top' }),
    'a folder without its slash': rawTar([{ name: 'top', type: '5' }, GOOD]),
    'padding that is not zero': member({ padding: 1 }),
    'members out of order': rawTar([TOP, { ...GOOD, name: 'top/b' }, GOOD]),
    'a member of a folder that has no member': rawTar([TOP, { ...GOOD, name: 'top/d/a' }]),
    'a member of a folder that was left': rawTar([
      TOP,
      { name: 'top/d/', type: '5' },
      { ...GOOD, name: 'top/d/a' },
      { ...GOOD, name: 'top/e' },
      { ...GOOD, name: 'top/d/b' },
    ]),
    'no end': rawTar([TOP, { ...GOOD, body: 'x'.repeat(10_240 - 2 * 512 - 512) }], Buffer.alloc(0)),
    'one block of zeros, then a byte': rawTar([TOP, GOOD], end(1024, 700)),
    'a byte in the zeros at the end': rawTar([TOP, GOOD], end(4096, 4095)),
    'a member after the end': rawTar(
      [TOP, GOOD],
      Buffer.concat([Buffer.alloc(1024), rawTar([GOOD])]),
    ),
    'zeros after the record': Buffer.concat([good, Buffer.alloc(10_240)]),
    'one byte after the record': Buffer.concat([good, Buffer.from('x')]),
    'a cut last record': good.subarray(0, good.length - 1),
    'a cut file': member({ size: '00000100000\0' }),
    'a size beyond the end of the archive': member({ size: '77777777777\0' }),
    'an empty archive': Buffer.alloc(10_240),
    'an empty file': Buffer.alloc(0),
    'a file shorter than a block': Buffer.from('top/'),
  };
  test.each(Object.entries(corpus))('%s', async (_, bytes) => {
    expect(await refusal(fileOf(bytes))).toMatch(/^E_TAMPERED at \d+$/);
  });

  test('a file that grows or shrinks while it is read', async () => {
    for (const change of [20 * 1024 * 1024, 3 * 1024 * 1024]) {
      const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
      await ourTar(path, { 'top/a': Buffer.alloc(9 * 1024 * 1024) });
      let changed = false;
      const reading = readVolume(path, async (entry) => {
        for await (const piece of entry.body) {
          if (!changed && piece.length > 0) truncateSync(path, change);
          changed = true;
        }
      });
      await expect(reading).rejects.toMatchObject({ code: 'E_TAMPERED' });
    }
  });
});

test('every flipped bit of a small archive is refused or shows in a name, size or body', async () => {
  const path = fileOf(rawTar([TOP, GOOD, { name: 'top/b', body: 'world' }]));
  const good = readFileSync(path);
  const seen = async (): Promise<string> => {
    const parts: string[] = [];
    await readVolume(path, async ({ path: name, body }) => {
      let text = '';
      for await (const piece of body) text += piece.toString('latin1');
      parts.push(`${name}=${text}`);
    }).catch(() => parts.push('refused'));
    return parts.join();
  };
  const normal = await seen();
  const unnoticed: number[] = [];
  for (let bit = 0; bit < good.length * 8; bit += 7) {
    const bytes = Buffer.from(good);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, bytes);
    if ((await seen()) === normal) unnoticed.push(bit);
  }
  expect(unnoticed).toEqual([]);
});

test('random bytes and mutilated archives are refused with a code, never anything else', async () => {
  const good = rawTar([TOP, GOOD]);
  const mutilated = fc
    .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }))
    .map(([at, junk]) => {
      const bytes = Buffer.from(good);
      Buffer.from(junk).copy(bytes, at);
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 3000 }).map((junk) => Buffer.from(junk));
  const path = fileOf(good);
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutilated, random), async (bytes) => {
      writeFileSync(path, bytes);
      expect(await refusal(path)).toMatch(/^(read|E_(HOSTILE_ARCHIVE|TAMPERED) at \d+)$/);
    }),
    { numRuns: 300, seed: 5 },
  );
});

describe('reading', () => {
  test('skips what the caller does not read', async () => {
    const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
    const { sha256 } = await ourTar(path, { 'top/a': Buffer.alloc(3_000_000, 1), 'top/b': 'b' });
    const facts = await readVolume(path, async (entry) => {
      const pieces = entry.body[Symbol.asyncIterator]();
      if (entry.path === 'top/a') await pieces.next();
    });
    expect(facts).toMatchObject({ sha256, files: 2, folders: 1 });
  });

  test('passes on what the caller throws, and ends the second thread', async () => {
    const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
    await ourTar(path, { 'top/a': Buffer.alloc(12 * 1024 * 1024) });
    const stop = (): never => {
      throw new Error('enough');
    };
    await expect(readVolume(path, stop, { hashing: 'second-thread' })).rejects.toThrow('enough');
  });

  describe.each(['same-thread', 'second-thread'] as const)('by %s', (hashing) => {
    test.each([
      ['cut', 6],
      ['longer', 13],
    ])('notices a file that gets %s meanwhile', async (_, megabytes) => {
      const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
      await ourTar(path, { 'top/a': Buffer.alloc(12 * 1024 * 1024) });
      const meddle = (): void => {
        truncateSync(path, megabytes * 1024 * 1024);
      };
      await expect(readVolume(path, meddle, { hashing })).rejects.toMatchObject({
        code: 'E_TAMPERED',
        message: 'the length of a file changed while it was read',
      });
    });
  });

  test('stops at Ctrl-C', async () => {
    const path = fileOf(rawTar([TOP, GOOD]));
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(readVolume(path, () => undefined, { signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
  });

  test('says E_READ for a file that is not there', async () => {
    await expect(readVolume(join(root, 'none.tar'), () => undefined)).rejects.toMatchObject({
      code: 'E_READ',
    });
  });
});
