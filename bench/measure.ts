/** Children, medians and tables for the benchmarks. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** How a child process went. */
export interface ChildRun {
  readonly stdout: string;
  /** Wall time from start to exit. */
  readonly seconds: number;
  /** Largest resident set of any process of the child, in MB of 10^6 bytes; 0 for programs that are not Node. */
  readonly peakMb: number;
  /** Processor time of all processes of the child; 0 for programs that are not Node. */
  readonly cpuSeconds: number;
}

/** What peak.ts says: KiB and microseconds. */
const USE = /^bench-use (\d+) (\d+)$/gm;
const launcher = createRequire(import.meta.url)('../bin/launch.js') as {
  readonly nodeFlags: (
    argv: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    cwd: string,
  ) => string[];
  readonly nodeEnv: (env: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
  readonly startFile: () => string;
};
const HOOK = `--import=${new URL('./peak.ts', import.meta.url).href}`;

/** Runs a program to its end. @throws Error when it fails, with what it said. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChildRun> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} left with ${String(status)}\n${stdout}${stderr}`);
  const uses = [...stderr.matchAll(USE)].map(
    (match) => [Number(match[1]), Number(match[2])] as const,
  );
  return {
    stdout,
    seconds,
    peakMb: (Math.max(0, ...uses.map(([kib]) => kib)) * 1024) / 1e6,
    cpuSeconds: uses.reduce((sum, [, microseconds]) => sum + microseconds, 0) / 1e6,
  };
}

/**
 * Runs the command line of this repository, with the flags and environment that bin/exhibit gives the pinned Node. The launcher itself
 * (about 40 ms) is left out, because it takes everything out of the environment that could load the hook above.
 */
export function exhibit(...args: readonly string[]): Promise<ChildRun> {
  const flags = launcher.nodeFlags(args, process.env, process.cwd());
  const command = [HOOK, ...flags, launcher.startFile(), ...args];
  return run(process.execPath, command, launcher.nodeEnv(process.env));
}

/** One line of the results: our time against a peer's on the same work, both of the median run. */
export interface Result {
  readonly name: string;
  readonly ours_s: number;
  readonly peer: string;
  readonly peer_s: number | null;
  /** ours_s / peer_s: below 1 we are faster. */
  readonly ratio: number | null;
  readonly peak_rss_mb: number | null;
  /** What we wrote against what went in. */
  readonly size_ratio: number | null;
  readonly [more: string]: string | number | null;
}

/** Runs a script of this folder under Node. */
export function script(name: string, ...args: readonly string[]): Promise<ChildRun> {
  return run(process.execPath, [HOOK, join(import.meta.dirname, name), ...args]);
}

/** The middle value; the lower of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

/** Rows as a Markdown table; numbers with three digits that count. */
export function table(rows: readonly Readonly<Record<string, string | number | null>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: string | number | null | undefined): string =>
    typeof value === 'number'
      ? Math.abs(value) >= 100
        ? value.toFixed(0)
        : value.toPrecision(3)
      : (value ?? '');
  const lines = [
    names,
    names.map(() => '---'),
    ...rows.map((row) => names.map((name) => cell(row[name]))),
  ];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  return lines
    .map((line) => `| ${line.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |\n`)
    .join('');
}
