/** Worker thread that hashes a file whose chunks it shares with its parent (see shared-reader.ts). */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { LengthChanged, SharedChunks, type SharedFile } from './shared-chunks.ts';

/** What the thread ends with: the hash, or where reading ended and why. */
export type ReadOutcome =
  | { readonly sha256: string }
  | { readonly offset: number; readonly cause: unknown; readonly changed: boolean };

function hashAll(chunks: SharedChunks): string {
  const hash = createHash('sha256');
  while (!chunks.ended) {
    const { events } = chunks;
    const chunk = chunks.look();
    if (chunk === undefined) {
      chunks.wait(events);
    } else {
      hash.update(chunk);
      chunks.advance();
    }
  }
  chunks.checkEnd();
  return hash.digest('hex');
}

const chunks = new SharedChunks(workerData as SharedFile, 1);
try {
  parentPort?.postMessage({ sha256: hashAll(chunks) } satisfies ReadOutcome);
} catch (cause) {
  const changed = cause instanceof LengthChanged;
  parentPort?.postMessage({ offset: chunks.offset, cause, changed } satisfies ReadOutcome);
  chunks.stop();
}
