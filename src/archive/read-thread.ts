/**
 * Worker thread that reads a file through its parent's descriptor into shared memory and hashes it (see shared-reader.ts).
 * It reads as far ahead as there is room, so that the parent seldom waits.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { EVENTS, FAILED, FILLED, TAKEN } from './shared-counters.ts';
import type { ReadOrder, ReadOutcome } from './shared-reader.ts';

const { fd, size, control, memory, slotBytes } = workerData as ReadOrder;
const slots = Array.from({ length: memory.byteLength / slotBytes }, (_, slot) =>
  Buffer.from(memory, slot * slotBytes, slotBytes),
);

function announce(what: number): void {
  Atomics.add(control, what, 1);
  Atomics.add(control, EVENTS, 1);
  Atomics.notify(control, EVENTS);
}

/** Fills a slot wholly unless the file ends; undefined if its length is not the one it had. */
function fill(slot: Buffer, position: number): number | undefined {
  let have = 0;
  while (have < slot.length) {
    const got = readSync(fd, slot, have, slot.length - have, position + have);
    if (got === 0) break;
    have += got;
  }
  const end = position + have;
  return end > size || (have < slot.length && end !== size) ? undefined : have;
}

function readAll(): ReadOutcome {
  const hash = createHash('sha256');
  const chunks = Math.ceil(size / slotBytes);
  const slotOf = (chunk: number): Buffer => slots[chunk % slots.length] ?? Buffer.alloc(0);
  const lengthOf = (chunk: number): number => Math.min(slotBytes, size - chunk * slotBytes);
  let filled = 0;
  for (let hashed = 0; hashed < chunks;) {
    const taken = Atomics.load(control, TAKEN);
    while (filled < chunks && filled - Math.min(hashed, taken) < slots.length) {
      const position = filled * slotBytes;
      try {
        if (fill(slotOf(filled), position) === undefined) return { changed: position };
      } catch (error) {
        return { unread: position, cause: error };
      }
      filled += 1;
      announce(FILLED);
    }
    if (hashed < filled) {
      hash.update(slotOf(hashed).subarray(0, lengthOf(hashed)));
      hashed += 1;
    } else {
      Atomics.wait(control, TAKEN, taken);
    }
  }
  // Bytes that were added meanwhile belong to no chunk.
  if (readSync(fd, Buffer.alloc(1), 0, 1, size) > 0) return { changed: size };
  return { sha256: hash.digest('hex') };
}

const outcome = readAll();
parentPort?.postMessage(outcome);
if (!('sha256' in outcome)) announce(FAILED);
