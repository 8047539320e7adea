/**
 * Writes canonical volumes. tar-stream does the framing (bodies, their sizes, padding, the end); the headers it makes
 * are replaced by ours, because it writes numbers and long names in another form than GNU tar does (docs/decisions/0010-own-tar-reader.md).
 */
import { Buffer } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { pack, type Pack } from 'tar-stream';
import { ExhibitError } from '../core/errors.ts';
import { hashRing, type HashRing, type Hashing } from './hashing.ts';
import { BLOCK, RECORD, encodeHeader, paddingOf, type Member } from './header.ts';
import { MemberOrder } from './order.ts';
import { pathProblem } from './safe-name.ts';

/** A member and, for a file, its bytes: exactly `size`, in buffers that are not reused. */
export interface MemberToWrite extends Member {
  readonly body?: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Options of {@link writeVolume}. */
export interface WriteVolumeOptions {
  readonly signal?: AbortSignal;
  readonly hashing?: Hashing;
}

/**
 * Writes a new file and syncs it to disk.
 * @param path must not exist; on failure what was written stays, for the caller to remove.
 * @param members in the archive's order, folders included.
 * @returns lower-case hex SHA-256 of the archive and its length.
 * @throws ExhibitError `E_WRITE` (disk full, I/O), or what a body throws. RangeError for a member that may not stand in
 *   a volume, a body of the wrong length, or a wrong order: bugs in the caller.
 */
export async function writeVolume(
  path: string,
  members: readonly MemberToWrite[],
  options: WriteVolumeOptions = {},
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const order = new MemberOrder();
  for (const { path: name, type } of members) {
    const problem =
      pathProblem(name, type === 'folder') ?? order.add(name, type === 'folder')?.problem;
    if (problem !== undefined) throw new RangeError(`not for a volume: "${name}" (${problem})`);
  }
  const file = await open(path, 'wx', 0o644).catch((cause: unknown) => {
    throw writeError(path, cause);
  });
  const size = members.reduce((sum, member) => sum + BLOCK + member.size, 0);
  const out = new HashedFile(path, file, hashRing(size, options.hashing ?? 'auto'));
  try {
    const stream = pack();
    const produced = produce(stream, members, options.signal);
    produced.catch((error: unknown) => {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    const consumed = consume(stream, members, out);
    // A failed write destroys the stream, of which the producer hears first: the cause is what the consumer says.
    const caused = produced.catch(async (error: unknown) => {
      await consumed;
      throw error;
    });
    await Promise.all([consumed, caused]);
    return await out.finish();
  } finally {
    await out.close();
  }
}

async function produce(
  stream: Pack,
  members: readonly MemberToWrite[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const member of members) {
    signal?.throwIfAborted();
    const folder = member.type === 'folder';
    const done = Promise.withResolvers<undefined>();
    const header = {
      name: folder ? `${member.path}/` : member.path,
      type: folder ? ('directory' as const) : ('file' as const),
      size: member.size,
      mtime: new Date(0),
    };
    const entry = stream.entry(header, (error) => {
      if (error) done.reject(error);
      else done.resolve(undefined);
    });
    entry.on('error', (error: Error) => {
      done.reject(error);
    });
    // A stream that was destroyed by the other side rejects here too; the other side has the cause.
    done.promise.catch(() => undefined);
    if (!folder) {
      for await (const piece of member.body?.() ?? []) {
        if (piece.length > 0 && !entry.write(piece))
          await Promise.race([drained(entry), done.promise]);
      }
      entry.end(null);
    }
    await done.promise;
  }
  stream.finalize();
}

function drained(entry: ReturnType<Pack['entry']>): Promise<void> {
  return new Promise((resolve) => {
    entry.once('drain', resolve);
  });
}

async function consume(stream: Pack, members: readonly Member[], out: HashedFile): Promise<void> {
  const header = Buffer.alloc(BLOCK);
  let next = 0;
  let left = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const member = members[next];
    if (left > 0 || member === undefined) {
      await out.append(chunk);
      left -= chunk.length;
      continue;
    }
    const type = member.type === 'folder' ? 0x35 : 0x30;
    if (chunk.length !== BLOCK || chunk[156] !== type)
      throw new RangeError('tar-stream did not write a ustar header');
    encodeHeader(member, header);
    await out.append(header);
    left = member.size + paddingOf(member.size);
    next += 1;
  }
}

/** A file that is written in whole slots and hashed as it is written. */
class HashedFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #ring: HashRing;
  #slot = 0;
  #filled = 0;
  #written = 0;

  constructor(path: string, file: FileHandle, ring: HashRing) {
    this.#path = path;
    this.#file = file;
    this.#ring = ring;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const room = Math.min(this.#ring.slotBytes - this.#filled, bytes.length - at);
      this.#ring.slots[this.#slot]?.set(bytes.subarray(at, at + room), this.#filled);
      this.#filled += room;
      at += room;
      if (this.#filled === this.#ring.slotBytes) await this.#flush();
    }
  }

  /** Pads to a whole record, syncs, gives hash and length. */
  async finish(): Promise<{ readonly sha256: string; readonly bytes: number }> {
    const end = this.#written + this.#filled;
    await this.append(new Uint8Array((RECORD - (end % RECORD)) % RECORD));
    await this.#flush();
    await this.#file.sync().catch((cause: unknown) => {
      throw writeError(this.#path, cause);
    });
    return { sha256: await this.#ring.finish(), bytes: this.#written };
  }

  async close(): Promise<void> {
    await this.#ring.stop();
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const bytes = this.#ring.slots[this.#slot]?.subarray(0, this.#filled);
    if (bytes === undefined || bytes.length === 0) return;
    this.#ring.add(this.#slot, bytes.length);
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at).catch((cause: unknown) => {
        throw writeError(this.#path, cause);
      });
      at += bytesWritten;
    }
    this.#written += bytes.length;
    this.#filled = 0;
    this.#slot = (this.#slot + 1) % this.#ring.slots.length;
    await this.#ring.free(this.#slot);
  }
}

function writeError(path: string, cause: unknown): ExhibitError {
  const code = (cause as NodeJS.ErrnoException).code;
  return new ExhibitError(
    'E_WRITE',
    code === 'ENOSPC' ? 'the disk is full' : 'a file could not be written',
    {
      where: { file: path },
      hint: 'free some space or check the folder, then run the same command again',
      cause,
    },
  );
}
