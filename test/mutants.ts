/**
 * `npm run mutants`: every single bit of our signatures, of time-stamps and of a ledger is flipped, and none may be accepted.
 * The tests take a sample of the same. Exit status 1 if one is.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './helpers/exhibit.ts';

/** Takes some minutes; what ends a hang is this. */
const TIMEOUT_MS = 60 * 60 * 1000;

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('EXHIBIT_FULL_SWEEP'))
  .sort();
process.stdout.write(`every mutant of\n${files.map((file) => `  ${file}\n`).join('')}`);
const { status } = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=verbose',
    `--testTimeout=${String(TIMEOUT_MS)}`,
    ...files,
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, EXHIBIT_FULL_SWEEP: '1' } },
);
process.exitCode = status === 0 ? 0 : 1;
