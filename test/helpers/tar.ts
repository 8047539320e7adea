/** Makes archives for tests: what GNU tar makes, what our writer makes, and hostile ones that no writer would. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inArchiveOrder } from '#src/archive/order.ts';
import { writeVolume } from '#src/archive/write.ts';

/** Paths and contents of regular files. */
export type Tree = Readonly<Record<string, string | Uint8Array>>;

/** The options of docs/bundle-format.md. */
const GNU_TAR = [
  '--sort=name',
  '--format=ustar',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mtime=@0',
  '--mode=u=rwX,go=rX',
];

/** Lays a tree out below `folder` and packs its one top folder with GNU tar. */
export function gnuTar(folder: string, tree: Tree): Buffer {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const top = Object.keys(tree)[0]?.split('/')[0] ?? '';
  const archive = join(folder, 'gnu.tar');
  const env = { ...process.env, LC_ALL: 'C' };
  execFileSync('tar', [...GNU_TAR, '-cf', archive, top], { cwd: folder, env });
  return readFileSync(archive);
}

/** Packs a tree with our writer into `path`. */
export async function ourTar(
  path: string,
  tree: Tree,
  hashing: 'same-thread' | 'second-thread' = 'same-thread',
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const files = Object.entries(tree).map(([name, content]) => {
    const bytes = Buffer.from(content as Uint8Array);
    return { path: name, type: 'file' as const, size: bytes.length, body: () => [bytes] };
  });
  return writeVolume(path, inArchiveOrder(files), { hashing });
}

/** A header field that is not as it should be, and a body. */
export interface RawMember {
  readonly name: string;
  readonly prefix?: string;
  readonly type?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** The field's 12 bytes; default: the body's length. */
  readonly size?: string | Uint8Array;
  readonly mtime?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly uname?: string;
  readonly gname?: string;
  readonly devmajor?: string;
  readonly devminor?: string;
  /** Last twelve bytes of the header. */
  readonly tail?: string;
  readonly checksum?: string;
  readonly body?: string;
  readonly padding?: number;
}

/** A tar file out of members exactly as told, checksums right unless told otherwise. */
export function rawTar(
  members: readonly RawMember[],
  end: Uint8Array = Buffer.alloc(1024),
): Buffer {
  const parts = members.flatMap((member) => {
    const body = Buffer.from(member.body ?? '', 'latin1');
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512, member.padding ?? 0);
    return [rawHeader(member, body.length), body, padding];
  });
  const content = Buffer.concat([...parts, end]);
  return Buffer.concat([content, Buffer.alloc((10_240 - (content.length % 10_240)) % 10_240)]);
}

function rawHeader(member: RawMember, length: number): Buffer {
  const folder = member.type === '5';
  const header = Buffer.alloc(512);
  header.write(member.name, 0, 100, 'latin1');
  header.write(member.mode ?? (folder ? '0000755\0' : '0000644\0'), 100, 'latin1');
  header.write(member.uid ?? '0000000\0', 108, 'latin1');
  header.write(member.gid ?? '0000000\0', 116, 'latin1');
  Buffer.from(member.size ?? `${length.toString(8).padStart(11, '0')}\0`).copy(header, 124);
  header.write(member.mtime ?? '00000000000\0', 136, 'latin1');
  header.write(member.type ?? '0', 156, 'latin1');
  header.write(member.link ?? '', 157, 'latin1');
  header.write(member.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(member.uname ?? '', 265, 'latin1');
  header.write(member.gname ?? '', 297, 'latin1');
  header.write(member.devmajor ?? '0000000\0', 329, 'latin1');
  header.write(member.devminor ?? '0000000\0', 337, 'latin1');
  header.write(member.prefix ?? '', 345, 'latin1');
  header.write(member.tail ?? '', 500, 'latin1');
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(member.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
