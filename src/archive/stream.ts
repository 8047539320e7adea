/** A canonical archive as a stream of bytes, for archives that go on into something else than a file of their own. */
import { Buffer } from 'node:buffer';
import { BLOCK, RECORD, encodeHeader, paddingOf } from './header.ts';
import type { MemberToWrite } from './write.ts';

/**
 * The bytes that `writeVolume` would write.
 * @param members in the archive's order, folders included; each is asked for after the one before was read.
 * @throws RangeError for a body that is not of its announced size; what a body throws.
 */
export async function* archiveStream(
  members: Iterable<MemberToWrite> | AsyncIterable<MemberToWrite>,
): AsyncGenerator<Uint8Array, undefined> {
  let written = 0;
  for await (const member of members) {
    const header = Buffer.alloc(BLOCK);
    encodeHeader(member, header);
    yield header;
    let size = 0;
    for await (const piece of member.body?.() ?? []) {
      size += piece.length;
      // Never more than the header announced.
      if (size > member.size) break;
      yield piece;
    }
    if (size !== member.size) throw new RangeError(`not of the announced size: "${member.path}"`);
    const padding = paddingOf(size);
    yield Buffer.alloc(padding);
    written += BLOCK + size + padding;
  }
  const end = written + 2 * BLOCK;
  yield Buffer.alloc(2 * BLOCK + ((RECORD - (end % RECORD)) % RECORD));
}
