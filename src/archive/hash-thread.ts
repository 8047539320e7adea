/** Worker thread that hashes chunks of shared memory in the order they are announced (see chunks.ts). */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

const { memory, slotBytes } = workerData as { memory: SharedArrayBuffer; slotBytes: number };
const hash = createHash('sha256');

parentPort?.on('message', ({ slot, length }: { slot: number; length: number }) => {
  if (length === 0) {
    parentPort?.postMessage({ sha256: hash.digest('hex') });
    parentPort?.close();
    return;
  }
  hash.update(Buffer.from(memory, slot * slotBytes, length));
  parentPort?.postMessage({ slot });
});
