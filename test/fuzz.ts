/**
 * `npm run fuzz [-- --runs N] [--seed N] [FILE...]`: every property that asks `fuzzRuns` gets N cases (default 100,000) from
 * a seed of its own, which is printed so that a failure can be had again. Exit status 1 if one fails. The same properties
 * run with few cases and a fixed seed among the tests.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './helpers/exhibit.ts';

/** A case may be slow, a hundred thousand take long; what ends a hang is this. */
const TIMEOUT_MS = 4 * 60 * 60 * 1000;

/** Test files with properties of this kind, relative to the package. */
function fuzzFiles(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test', file))
    .filter((file) => /fuzzRuns\(|EXHIBIT_FUZZ_RUNS/.test(readFileSync(join(ROOT, file), 'utf8')))
    .sort();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const files = positionals.length > 0 ? positionals : fuzzFiles();
process.stdout.write(
  `${values.runs} cases for each property of\n${files.map((file) => `  ${file}\n`).join('')}` +
    `seed ${values.seed}; the same again: npm run fuzz -- --runs ${values.runs} --seed ${values.seed}\n`,
);
const { status } = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=verbose',
    `--testTimeout=${String(TIMEOUT_MS)}`,
    ...files,
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, EXHIBIT_FUZZ_RUNS: values.runs, EXHIBIT_SEED: values.seed },
  },
);
process.exitCode = status === 0 ? 0 : 1;
