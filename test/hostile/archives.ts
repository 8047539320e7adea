/**
 * Archives that no volume can be, each named by what is wrong with it and made from scratch: read by themselves in
 * test/archive/read.test.ts, and as sealed volumes of a case in bundles.test.ts. The rows are those of docs/threat-model.md.
 */
import { rawTar, type RawMember } from '../helpers/tar.ts';

export const TOP: RawMember = { name: 'top/', type: '5' };
export const GOOD: RawMember = { name: 'top/a', body: 'hello' };
const BASE_256 = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5);
const NEGATIVE_256 = Buffer.alloc(12, 0xff);

const hostile = (bad: Partial<RawMember>): readonly RawMember[] => [TOP, { ...GOOD, ...bad }];
/** Never accepted: `E_HOSTILE_ARCHIVE`. */
export const HOSTILE: Readonly<Record<string, readonly RawMember[]>> = {
  // Row 13: paths that lead elsewhere.
  'a path that climbs': hostile({ name: 'top/../../etc/passwd' }),
  'a path that stands still': hostile({ name: 'top/./a' }),
  'an absolute path': hostile({ name: '/etc/passwd' }),
  'an absolute prefix': hostile({ name: 'passwd', prefix: '/etc' }),
  'a drive letter': hostile({ name: 'C:/a' }),
  'a UNC path': hostile({ name: '//server/share/a' }),
  backslashes: hostile({ name: 'top\\..\\a' }),
  'a home folder': hostile({ name: '~root/a' }),
  'an empty component': hostile({ name: 'top//a' }),
  'an alternate stream': hostile({ name: 'top/a:b' }),
  'a percent sign': hostile({ name: 'top/a%2e' }),
  'a name that looks like an option': hostile({ name: 'top/-rf' }),
  'a line feed in a name': hostile({ name: 'top/a\nb' }),
  'an escape in a name': hostile({ name: 'top/\u001b[2J' }),
  'a name that is not ASCII': hostile({ name: 'top/\u00e9' }),
  'a blank in a name': hostile({ name: 'top/a b' }),
  'no name': hostile({ name: '' }),
  // Row 14: everything but files and folders.
  'a hard link': hostile({ type: '1', link: 'top/b', body: '' }),
  'a symbolic link': hostile({ type: '2', link: '/etc/passwd', body: '' }),
  'a character device': hostile({ type: '3', body: '' }),
  'a block device': hostile({ type: '4', body: '' }),
  'a FIFO': hostile({ type: '6', body: '' }),
  'a contiguous file': hostile({ type: '7' }),
  'an old regular file': hostile({ type: '\0' }),
  'a pax header': hostile({ type: 'x', body: '12 path=../x\n' }),
  'a global pax header': hostile({ type: 'g', body: '12 path=../x\n' }),
  'a GNU long name': hostile({ type: 'L', name: '././@LongLink' }),
  'a GNU long link': hostile({ type: 'K', name: '././@LongLink' }),
  'a GNU sparse file': hostile({ type: 'S' }),
  'a GNU volume label': hostile({ type: 'V', body: '' }),
  'a GNU dumpdir': hostile({ type: 'D' }),
  'a type nobody knows': hostile({ type: 'Z' }),
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
  'a device of Windows': hostile({ name: 'top/con' }),
  'a device of Windows with an ending': hostile({ name: 'top/Aux.txt' }),
  'a port of Windows': hostile({ name: 'top/COM1.log' }),
  'a trailing dot': hostile({ name: 'top/a.' }),
  // Row 17: numbers in other forms.
  'a size in base 256': hostile({ size: BASE_256 }),
  'a negative size in base 256': hostile({ size: NEGATIVE_256 }),
  'a negative size': hostile({ size: '-0000000005\0' }),
  'a size with blanks': hostile({ size: '          5\0' }),
  'a size that ends in a blank': hostile({ size: '00000000005 ' }),
  'a size with a digit that is not octal': hostile({ size: '00000000008\0' }),
  'a size of twelve digits': hostile({ size: '000000000005' }),
  'a size with a NUL inside': hostile({ size: '0000\x0000005\0\0' }),
  'no size': hostile({ size: '\0'.repeat(12) }),
  'a folder with a size': [{ ...TOP, body: 'x' }, GOOD],
};

const changed = (bad: Partial<RawMember>): Buffer => rawTar([TOP, { ...GOOD, ...bad }]);
const end = (length: number, byte?: number): Buffer => {
  const zeros = Buffer.alloc(length);
  if (byte !== undefined) zeros[byte] = 1;
  return zeros;
};
const good = rawTar([TOP, GOOD]);
/** Not the canonical form: `E_TAMPERED`. */
export const NOT_CANONICAL: Readonly<Record<string, Buffer>> = {
  'a wrong checksum': changed({ checksum: '000000\0 ' }),
  'a checksum in another form': changed({ checksum: ' 00000\0 ' }),
  'the magic of old GNU tar': changed({ magic: 'ustar  \0' }),
  'no magic': changed({ magic: '\0'.repeat(8) }),
  'another version': changed({ magic: 'ustar\x0001' }),
  'another mode': changed({ mode: '0000755\0' }),
  'a setuid mode': changed({ mode: '0004644\0' }),
  'a mode in another form': changed({ mode: '000644 \0' }),
  'another owner': changed({ uid: '0001750\0' }),
  'another group': changed({ gid: '0001750\0' }),
  'an owner in base 256': changed({ uid: '\x80\0\0\0\0\0\0\x01' }),
  'a time': changed({ mtime: '14716475120\0' }),
  'an owner name': changed({ uname: 'root' }),
  'a group name': changed({ gname: 'root' }),
  'a link name in a file': changed({ link: 'x' }),
  'a device number': changed({ devmajor: '0000001\0' }),
  'a minor device number': changed({ devminor: '0000001\0' }),
  'no device number': changed({ devmajor: '\0'.repeat(8) }),
  'bytes after the prefix': changed({ tail: 'x' }),
  'bytes after the NUL of a name': changed({ name: 'top/a\0x' }),
  'a prefix that is not needed': changed({ name: 'a', prefix: 'top' }),
  'a folder without its slash': rawTar([{ name: 'top', type: '5' }, GOOD]),
  'padding that is not zero': changed({ padding: 1 }),
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
  'a cut file': changed({ size: '00000100000\0' }),
  'a size beyond the end of the archive': changed({ size: '77777777777\0' }),
  'an empty archive': Buffer.alloc(10_240),
  'an empty file': Buffer.alloc(0),
  'a file shorter than a block': Buffer.from('top/'),
};
