/** What of an earlier process's copies can be trusted: those whose bytes still have the hashes that the journal claims. */
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DoubleHash } from '../core/digest.ts';
import { isSystemError } from '../core/errors.ts';
import { staged, type Disk } from './disk.ts';
import type { StoredEvent } from './journal.ts';

/** Files up to this size are read whole, several at a time: waiting for each in turn is what costs. */
const WHOLE_BYTES = 1 << 20;
const AT_ONCE = 16;

/**
 * Re-hashes all objects and removes what no line claims: parts, and objects whose line never became durable.
 * @param onObject called before each group of objects with what was checked so far; may throw to stop.
 * @returns the stored files whose object is missing or differs.
 */
export async function checkObjects(
  disk: Disk,
  folder: string,
  stored: readonly StoredEvent[],
  onObject: (done: { readonly files: number; readonly bytes: number }) => void,
): Promise<StoredEvent[]> {
  const claims = new Map<string, StoredEvent[]>();
  for (const event of stored) {
    const same = claims.get(event.sha256);
    if (same === undefined) claims.set(event.sha256, [event]);
    else same.push(event);
  }
  for (const name of await readdir(folder)) {
    if (claims.has(name)) continue;
    const path = join(folder, name);
    await staged(path, () => disk.remove(path));
  }
  const objects = [...claims.values()].flatMap((events) => events.slice(0, 1));
  const done = { files: 0, bytes: 0 };
  const lost: StoredEvent[] = [];
  for (let start = 0; start < objects.length;) {
    onObject(done);
    const group = takeGroup(objects, start);
    start += group.length;
    const held = await Promise.all(group.map((event) => holds(folder, event)));
    group.forEach((event, index) => {
      if (held[index] !== true) lost.push(...(claims.get(event.sha256) ?? []));
      done.files += 1;
      done.bytes += event.size;
    });
  }
  return lost;
}

// The next small objects together, or one large one alone.
function takeGroup(objects: readonly StoredEvent[], start: number): StoredEvent[] {
  const group: StoredEvent[] = [];
  for (const event of objects.slice(start, start + AT_ONCE)) {
    if (event.size > WHOLE_BYTES && group.length > 0) break;
    group.push(event);
    if (event.size > WHOLE_BYTES) break;
  }
  return group;
}

async function holds(folder: string, event: StoredEvent): Promise<boolean> {
  const path = join(folder, event.sha256);
  const hash = new DoubleHash();
  try {
    if (event.size <= WHOLE_BYTES) hash.update(await readFile(path));
    else {
      for await (const chunk of createReadStream(path, { highWaterMark: WHOLE_BYTES })) {
        hash.update(chunk as Buffer);
      }
    }
  } catch (error) {
    // An object that cannot be read back is as good as lost, and the source may still be there.
    if (isSystemError(error)) return false;
    throw error;
  }
  const { sha256, sha512 } = hash.digest();
  return sha256 === event.sha256 && sha512 === event.sha512;
}
