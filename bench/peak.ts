/** Loaded into every child by `--import`: says at the end how much memory the process had at most. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    writeSync(2, `bench-peak-kib ${String(process.resourceUsage().maxRSS)}\n`);
  });
}
