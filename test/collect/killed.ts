/**
 * Child process of resume.test.ts: collects, and is killed with SIGKILL just before the n-th operation on a disk; a
 * write is first done by half, as a torn write is.
 */
import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { collectTree, watchedDisk } from './world.ts';

const [root = '', dir = '', killAt = ''] = process.argv.slice(2);

await collectTree(root, dir, {
  disk: watchedDisk((count, operation, args) => {
    if (count !== Number(killAt)) return undefined;
    if (operation === 'write') {
      const [target, bytes] = args as [FileHandle, Uint8Array];
      writeSync(target.fd, bytes.subarray(0, Math.ceil(bytes.length / 2)));
    }
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  }),
});
