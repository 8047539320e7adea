/** Bags as archives that others made: what `verify --bag` reads of them, and what it refuses to guess. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyBag } from '#src/app/verify-bag.ts';
import type { Check } from '#src/core/check.ts';
import { bagMembers, bagTree, layBag } from '../helpers/bag.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { rawTar, type RawMember } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

function failed(checks: readonly Check[]): string[] {
  return [...new Set(checks.filter(({ status }) => status === 'fail').map(({ id }) => id))].sort();
}

describe('as one archive', () => {
  const sound = bagMembers(bagTree(), 'bag');
  const pax = (...records: readonly string[]): RawMember => ({
    name: 'x',
    type: 'x',
    body: records.map((record) => `${String(record.length + 4)} ${record}\n`).join(''),
  });
  const first = (count: number): RawMember[] => sound.slice(0, count);

  /** Archives of a sound bag as others make them: accepted. */
  const ACCEPTED: Readonly<Record<string, readonly RawMember[]>> = {
    'as we make it': sound,
    'with owners and times': sound.map((member) => ({
      ...member,
      uid: '0001750\0',
      mtime: '14716475120\0',
      uname: 'ada',
    })),
    'of old GNU tar': sound.map((member) => ({ ...member, magic: 'ustar  \0' })),
    'from the folder above': sound.map((member) => ({ ...member, name: `./${member.name}` })),
    'with a pax header for times': [pax('mtime=1234567.25'), ...sound],
    'with a global comment': [{ name: 'x', type: 'g', body: '18 comment=abcdef\n' }, ...sound],
    'with a pax path': [
      ...sound.slice(0, -1),
      pax(`path=${sound.at(-1)?.name ?? ''}`),
      { ...sound.at(-1), name: 'short' },
    ],
    'with a GNU long name': [
      ...sound.slice(0, -1),
      { name: '././@LongLink', type: 'L', body: `${sound.at(-1)?.name ?? ''}\0` },
      { ...sound.at(-1), name: 'short' },
    ],
  };
  test.each(Object.entries(ACCEPTED))('%s', async (_, archive) => {
    const path = join(await tempDir(), 'bag.tar');
    writeFileSync(path, rawTar(archive));
    expect(failed((await verifyBag(path, fakeEffects())).checks)).toEqual([]);
  });

  /** Archives that could be read in two ways, or that name other places: refused. */
  const REFUSED: Readonly<Record<string, readonly RawMember[]>> = {
    'a symbolic link': [...sound, { name: 'bag/l', type: '2', link: '/etc/passwd' }],
    'a hard link': [...sound, { name: 'bag/l', type: '1', link: 'bag/bagit.txt' }],
    'a device': [...sound, { name: 'bag/l', type: '3' }],
    'a FIFO': [...sound, { name: 'bag/l', type: '6' }],
    'a sparse file': [...sound, { name: 'bag/l', type: 'S' }],
    'a path that climbs': [...sound, { name: 'bag/../../x', body: 'x' }],
    'an absolute path': [...sound, { name: '/etc/x', body: 'x' }],
    'a member twice': [...sound, ...sound.slice(-1)],
    'a negative size': [...sound, { name: 'bag/x', size: Buffer.alloc(12, 0xff) }],
    'a size in base 256 that octal could hold': [
      ...sound,
      { name: 'bag/x', size: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
    ],
    'a pax size that differs': [...first(1), pax('size=3'), ...sound.slice(1)],
    'a pax link': [...first(1), pax('linkpath=/etc/passwd'), ...sound.slice(1)],
    'a pax sparse map': [...first(1), pax('GNU.sparse.major=1'), ...sound.slice(1)],
    'a pax path that climbs': [...first(1), pax('path=../x'), ...sound.slice(1)],
    'a pax path for all members': [{ name: 'x', type: 'g', body: '13 path=../x\n' }, ...sound],
    'a pax header that is none': [{ name: 'x', type: 'x', body: 'path=../x\n' }, ...sound],
    'a pax size for the header after it': [
      pax('size=7'),
      { name: '././@LongLink', type: 'L', body: 'bag/zz\0' },
      ...sound,
    ],
    'two names for one member': [
      ...first(1),
      pax('path=bag/one'),
      { name: '././@LongLink', type: 'L', body: 'bag/two\0' },
      ...sound.slice(1),
    ],
    'a header without its member': [...sound, pax('path=bag/none')],
    'a file named as a folder': [...sound, { name: 'bag/x/', type: '0', body: 'x' }],
    'a name that is not UTF-8': [...sound, { name: 'bag/\xff', body: 'x' }],
  };
  test.each(Object.entries(REFUSED))('%s', async (_, archive) => {
    const path = join(await tempDir(), 'bag.tar');
    writeFileSync(path, rawTar(archive));
    expect(failed((await verifyBag(path, fakeEffects())).checks)).toEqual(['bagit.container']);
  });

  test('two folders, or files beside the bag, are no serialized bag', async () => {
    for (const extra of [
      { name: 'other/', type: '5' },
      { name: 'notes.txt', body: 'x' },
    ]) {
      const path = join(await tempDir(), 'bag.tar');
      writeFileSync(path, rawTar([...sound, extra]));
      expect(failed((await verifyBag(path, fakeEffects())).checks)).toEqual([
        'bagit.serialization',
      ]);
    }
  });

  test('what is cut, followed by bytes, or no archive at all is refused', async () => {
    const path = join(await tempDir(), 'bag.tar');
    const good = rawTar(sound);
    for (const bytes of [
      good.subarray(0, 700),
      good.subarray(0, 10_000),
      Buffer.concat([good, Buffer.from('x')]),
      Buffer.alloc(0),
      Buffer.alloc(10_240),
      Buffer.from('x'.repeat(2000)),
    ]) {
      writeFileSync(path, bytes);
      expect((await verifyBag(path, fakeEffects())).ok).toBe(false);
    }
  });

  test.skipIf(!hasTool('tar'))(
    needs('as GNU tar makes it in each of its formats', 'tar'),
    async () => {
      const cwd = await tempDir();
      layBag(
        join(cwd, 'bag'),
        bagTree({ payload: { [`data/${'long/'.repeat(40)}n\u00e4me`]: 'x', 'data/a': 'y' } }),
      );
      for (const format of ['gnu', 'pax', 'ustar']) {
        const archive = `${format}.tar`;
        const { stderr } = await runProcess('tar', ['--format', format, '-cf', archive, 'bag'], {
          cwd,
        });
        expect(stderr).toBe('');
        expect(failed((await verifyBag(join(cwd, archive), fakeEffects())).checks), format).toEqual(
          [],
        );
      }
    },
  );
});
