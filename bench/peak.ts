/** Loaded into every child by `--import`: says at the end how much memory and processor time the process had. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(2, `bench-use ${String(maxRSS)} ${String(userCPUTime + systemCPUTime)}\n`);
  });
}
