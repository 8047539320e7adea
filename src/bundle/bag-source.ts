/** A bag as it lies there, as a folder or as one tar archive, walked file by file. Links and devices are never followed. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { readForeignTar } from '../archive/foreign.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';

const PIECE_BYTES = 256 * 1024;

/** First bytes of what a bag may have been packed with and is not read here: that bag is not judged, whatever it holds. */
const PACKED: readonly (readonly [name: string, magic: string])[] = [
  ['gzip', '1f8b08'],
  ['zip', '504b0304'],
  ['zip', '504b0506'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['7z', '377abcaf271c'],
];

/** A regular file of the bag. */
export interface FileOfBag {
  /** Relative to the bag, `/` between parts. */
  readonly path: string;
  readonly size: number;
  /** Pieces that are valid until the next is asked for; what is not read is skipped. */
  readonly body: AsyncIterable<Buffer>;
}

/** What one walk found besides the files. */
export interface Walk {
  /** A `data` folder is there, be it empty. */
  readonly payloadFolder: boolean;
  /** What lies there and is no regular file or folder, or has no name that a manifest could hold. */
  readonly problems: readonly string[];
}

/** A bag that can be walked, as often as needed. */
export interface BagSource {
  readonly form: 'folder' | 'archive';
  /** What is wrong with the archive as a serialized bag (RFC 8493 section 4). */
  readonly problem: () => string | undefined;
  /**
   * Every regular file, in bytewise order of a folder or in the archive's order.
   * @throws ExhibitError `E_HOSTILE_ARCHIVE` or `E_TAMPERED` if it is an archive that cannot be read to its end, `E_READ`.
   */
  readonly walk: (onFile: (file: FileOfBag) => Promise<void>) => Promise<Walk>;
}

/**
 * The bag at a path.
 * @throws ExhibitError `E_READ` if there is neither a folder nor a file, or one that is packed otherwise than in plain tar.
 */
export async function openBag(path: string, signal: AbortSignal): Promise<BagSource> {
  const facts = await lstat(path).catch((cause: unknown) => {
    throw new ExhibitError('E_READ', 'the bag cannot be read', { where: { file: path }, cause });
  });
  if (facts.isDirectory()) {
    return {
      form: 'folder',
      problem: () => undefined,
      walk: async (onFile) => walkFolder(path, onFile, signal),
    };
  }
  if (facts.isFile()) {
    await refusePacked(path);
    return archive(path, signal);
  }
  throw new ExhibitError('E_READ', 'a bag is a folder or a tar archive, not a link or a device', {
    where: { file: path },
  });
}

async function refusePacked(path: string): Promise<void> {
  const first = Buffer.alloc(6);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    await handle.read(first, 0, first.length, 0).finally(() => handle.close());
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ExhibitError('E_READ', 'the bag cannot be read', { where: { file: path }, cause });
  }
  const packed = PACKED.find(([, magic]) => first.toString('hex').startsWith(magic));
  if (packed === undefined) return;
  throw new ExhibitError('E_READ', `a bag packed with ${packed[0]} is not read here: not judged`, {
    where: { file: path },
    hint: 'unpack it first; a folder and a plain tar archive are judged',
  });
}

function archive(path: string, signal: AbortSignal): BagSource {
  let problem: string | undefined;
  return {
    form: 'archive',
    problem: () => problem,
    walk: async (onFile) => {
      let top: string | undefined;
      let payloadFolder = false;
      problem = undefined;
      await readForeignTar(
        path,
        async ({ path: whole, type, size, body }) => {
          const slash = whole.indexOf('/');
          const first = slash === -1 ? whole : whole.slice(0, slash);
          top ??= first;
          if (first !== top) {
            problem ??= `${JSON.stringify(first)} lies beside the folder ${JSON.stringify(top)}`;
            return;
          }
          if (slash === -1) {
            if (type === 'file') problem ??= `${JSON.stringify(whole)} lies in no folder`;
            return;
          }
          const inside = whole.slice(slash + 1);
          if (inside.startsWith('data/') || (inside === 'data' && type === 'folder'))
            payloadFolder = true;
          if (type === 'file') await onFile({ path: inside, size, body });
        },
        signal,
      );
      if (top === undefined) problem = 'the archive is empty';
      return { payloadFolder, problems: [] };
    },
  };
}

async function walkFolder(
  root: string,
  onFile: (file: FileOfBag) => Promise<void>,
  signal: AbortSignal,
): Promise<Walk> {
  const problems: string[] = [];
  let payloadFolder = false;
  const visit = async (folder: string, prefix: string): Promise<void> => {
    const entries = await readdir(folder, { encoding: 'buffer', withFileTypes: true });
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    for (const entry of entries) {
      signal.throwIfAborted();
      const name = entry.name.toString('utf8');
      const path = `${prefix}${name}`;
      if (!Buffer.from(name, 'utf8').equals(entry.name)) {
        problems.push(`${JSON.stringify(path)} has a name that is not UTF-8`);
      } else if (entry.isDirectory()) {
        if (path === 'data') payloadFolder = true;
        await visit(join(folder, name), `${path}/`);
      } else if (entry.isFile()) {
        await withFile(join(folder, name), async (size, body) => onFile({ path, size, body }));
      } else {
        problems.push(`${JSON.stringify(path)} is no regular file`);
      }
    }
  };
  try {
    await visit(root, '');
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const where = { file: cause.path ?? root };
    throw new ExhibitError('E_READ', `cannot be read: ${cause.code}`, { where, cause });
  }
  return { payloadFolder, problems };
}

async function withFile(
  path: string,
  use: (size: number, body: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  // What was a file a moment ago may be a link or a FIFO now.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    await use(size, pieces(file));
  } finally {
    await file.close();
  }
}

async function* pieces(file: FileHandle): AsyncIterable<Buffer> {
  const memory = Buffer.allocUnsafe(PIECE_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(memory, 0, PIECE_BYTES);
    if (bytesRead === 0) return;
    yield memory.subarray(0, bytesRead);
  }
}
