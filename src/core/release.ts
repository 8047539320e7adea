/** Memory of large buffers, given back by hand. */
import { Buffer } from 'node:buffer';

/**
 * Gives a buffer's memory back at once; it must not be used any more, and nothing else may lie in its memory but Node's own pool. Left to the garbage
 * collector, every 64 MB of such memory cost a collection of the whole heap, a tenth of an import's processor time.
 */
export function release(bytes: ArrayBufferView): void {
  const { buffer } = bytes;
  // Small buffers share Node's pool, which is a little larger than it says.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 2 * Buffer.poolSize) buffer.transfer(0);
}
