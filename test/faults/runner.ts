/**
 * Runs one command line after the other in this process, each with its own fault (child.ts starts it, inject.ts is loaded
 * before). Its pid is one that no process has, so that what it holds is at once what a dead process held.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { run } from '#src/cli/main.ts';
import type { FaultPlan } from './plan.ts';

/** One line to this process. */
export interface Task {
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly plan: FaultPlan;
  /** Its clock, which stands still, so that one and the same point of a run leaves the same bytes each time. */
  readonly nowMs: number;
}

/** One line back, on descriptor 3. */
export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: readonly string[];
  readonly killed: boolean;
}

type Rearm = (plan: FaultPlan) => () => Pick<Answer, 'lines' | 'killed'>;
const rearm = (globalThis as unknown as Record<symbol, unknown>)[
  Symbol.for('exhibit.faults')
] as Rearm;

Object.defineProperty(process, 'pid', { value: 2 ** 22 + 2 });
let stop = new AbortController();
process.on('SIGINT', () => {
  stop.abort();
});
const quiet = busy();

for await (const line of createInterface({ input: process.stdin })) {
  const { cwd, argv, plan, nowMs } = JSON.parse(line) as Task;
  process.chdir(cwd);
  stop = new AbortController();
  let [stdout, stderr] = ['', ''];
  const after = rearm(plan);
  const status = await run(argv, {
    now: () => nowMs,
    env: process.env,
    cwd,
    argv,
    out: { isTTY: false, write: (text) => (stdout += text) },
    err: { isTTY: false, write: (text) => (stderr += text) },
    askSecret: undefined,
    signal: stop.signal,
  });
  // What a process would still wait for before it ends.
  while (busy() > quiet) await new Promise((resolve) => setImmediate(resolve));
  const answer: Answer = { status, stdout, stderr, ...after() };
  rearm({ scope: '\0', at: 'never', fault: 'EIO' });
  writeSync(3, `${JSON.stringify(answer)}\n`);
}

function busy(): number {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length;
}
