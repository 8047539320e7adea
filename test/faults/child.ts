/** Runs the real command line in a child process in which operations on files are counted, and one of them fails. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Fault, FaultPlan, Kind, Point } from './plan.ts';
import type { Answer, Task } from './runner.ts';
import { envOf, type Verb } from './verbs.ts';
import { wordsIn } from './world.ts';

interface Launcher {
  readonly nodeFlags: (argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string) => string[];
  /** dist/ where it is what src/ is, as for a user; it starts in a third of the time. */
  readonly startFile: () => string;
  readonly nodeEnv: (env: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
}

const launcher = createRequire(import.meta.url)('../../bin/launch.js') as Launcher;
const PRELOADED = withoutTypes('inject');
const AT_ONCE = withoutTypes('at-once');
const RUNNER = join(import.meta.dirname, 'runner.ts');
const START = launcher.startFile();
/** Ends a run that hangs; nothing is measured by it. */
const PATIENCE_MS = 120_000;

/** A copy of a module that Node loads without its compiler of types, which would cost every child a tenth of a second. */
function withoutTypes(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'exhibit-preload-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(import.meta.dirname, `${name}.ts`);
  const copy = join(folder, `${name}.mjs`);
  writeFileSync(copy, stripTypeScriptTypes(readFileSync(file, 'utf8')));
  return copy;
}

/** What is called, and how. */
type Call = Pick<Verb, 'argv' | 'beside' | 'key'>;

/** What a child came to. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** All operations, or the one that went wrong. */
  readonly points: readonly Point[];
}

/** A child that runs. */
export interface Running {
  readonly pid: number;
  /** Resolves with the first operation that is reported. */
  readonly struck: Promise<undefined>;
  readonly ended: Promise<Ended>;
  readonly kill: () => void;
}

/**
 * The command as the launcher would start it, with the fault on top. The launcher itself drops NODE_OPTIONS, so its own
 * functions are asked for the flags. One thread does the asynchronous work, so that every run is like the last.
 */
export function command(
  world: string,
  verb: Call,
): { readonly cwd: string; readonly args: string[]; readonly env: NodeJS.ProcessEnv } {
  const cwd = verb.beside === true ? world : join(world, 'case');
  const inner = {
    ...process.env,
    EXHIBIT_CASE: undefined,
    EXHIBIT_KEY: undefined,
    ...envOf(world, verb),
    VITEST: undefined,
    UV_THREADPOOL_SIZE: '1',
  };
  const env = launcher.nodeEnv(inner);
  const argv = wordsIn(world, verb.argv);
  return {
    cwd,
    env,
    args: [...launcher.nodeFlags(argv, env, cwd), START, ...argv, '--json'],
  };
}

/** Starts a verb; `fault` is what goes wrong, nothing by default. */
export function start(
  world: string,
  verb: Call,
  fault: Omit<FaultPlan, 'scope' | 'folder'> = {},
): Running {
  const { cwd, args, env } = command(world, verb);
  if (fault.fault === 'vanish') mayMove(world, args);
  const plan: FaultPlan = { scope: `${world}/`, folder: join(world, 'case'), ...fault };
  const child = spawn(process.execPath, ['--import', PRELOADED, ...args], {
    cwd,
    env: { ...env, EXHIBIT_FAULT: JSON.stringify(plan) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts: [string, string, string] = ['', '', ''];
  const struck = Promise.withResolvers<undefined>();
  child.stdio.slice(1).forEach((stream, index) => {
    (stream as Readable).setEncoding('utf8').on('data', (piece: string) => {
      texts[index] = `${texts[index] ?? ''}${piece}`;
      if (index === 2) struck.resolve(undefined);
    });
  });
  const hung = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(hung);
      struck.resolve(undefined);
      const [stdout, stderr, lines] = texts;
      const points = lines
        .split('\n')
        .filter((line) => line !== '')
        .map(pointOf);
      resolve({ status, signal, stdout, stderr, points });
    });
  });
  return { pid: child.pid ?? 0, struck: struck.promise, ended, kill: () => child.kill('SIGKILL') };
}

/** Moving the case away is not the case's own doing. */
function mayMove(world: string, args: string[]): void {
  if (args[0] === '--permission') args.splice(1, 0, `--allow-fs-write=${join(world, '*')}`);
}

/**
 * Runs a verb again and again in one process that was started as the verb's own would be, with the same rights: only a fifth
 * of a run is work, the rest is Node's start. A kill freezes the disk instead (inject.ts).
 */
export class Runner {
  readonly #world: string;
  readonly #verb: Call;
  readonly #nowMs = Date.now();
  readonly #started = new Map<boolean, Conversation>();

  constructor(world: string, verb: Call) {
    this.#world = world;
    this.#verb = verb;
  }

  /** @returns undefined if the process ended over it: then only a process of its own can tell. */
  async strike(at: string, fault: Fault): Promise<Ended | undefined> {
    const key = fault === 'vanish';
    const talk = this.#started.get(key) ?? converse(this.#world, this.#verb, key);
    this.#started.set(key, talk);
    const plan: FaultPlan = {
      scope: `${this.#world}/`,
      folder: join(this.#world, 'case'),
      at,
      fault,
    };
    const { cwd, args } = command(this.#world, this.#verb);
    const argv = args.slice(args.indexOf(START) + 1);
    const answer = await talk.ask({ cwd, argv, plan, nowMs: this.#nowMs });
    if (answer === undefined) {
      this.#started.delete(key);
      return undefined;
    }
    const { status, stdout, stderr, lines, killed } = answer;
    return {
      status: killed ? null : status,
      signal: killed ? 'SIGKILL' : null,
      stdout,
      stderr,
      points: lines.map((line) => pointOf(line.trimEnd())),
    };
  }

  /** Ends its processes. */
  end(): void {
    for (const talk of this.#started.values()) talk.end();
  }
}

interface Conversation {
  readonly ask: (task: Task) => Promise<Answer | undefined>;
  readonly end: () => void;
}

function converse(world: string, verb: Call, move: boolean): Conversation {
  const { cwd, args, env } = command(world, verb);
  if (move) mayMove(world, args);
  const flags = args.slice(0, args.indexOf(START));
  const preloaded = ['--import', AT_ONCE, '--import', PRELOADED];
  const child = spawn(process.execPath, [...preloaded, ...flags, RUNNER], {
    cwd,
    env: { ...env, EXHIBIT_FAULT: JSON.stringify({ scope: '\0', at: 'never', fault: 'EIO' }) },
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
  let text = '';
  let waiting: ((answer: Answer | undefined) => void) | undefined;
  let gone = false;
  const answerWith = (answer: Answer | undefined): void => {
    waiting?.(answer);
    waiting = undefined;
  };
  // Other threads than the first report by themselves.
  let others: string[] = [];
  (child.stdio[3] as Readable).setEncoding('utf8').on('data', (piece: string) => {
    const lines = `${text}${piece}`.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('{')) {
        others.push(line);
        continue;
      }
      const answer = JSON.parse(line) as Answer;
      answerWith({ ...answer, lines: [...answer.lines, ...others] });
      others = [];
    }
  });
  const input = child.stdin!;
  input.on('error', () => undefined);
  child.on('error', () => undefined);
  child.on('close', () => {
    gone = true;
    answerWith(undefined);
  });
  return {
    ask: async (task) => {
      if (gone) return undefined;
      const hung = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      const answer = await new Promise<Answer | undefined>((resolve) => {
        waiting = resolve;
        input.write(`${JSON.stringify(task)}\n`);
      });
      clearTimeout(hung);
      return answer;
    },
    end: () => {
      child.kill('SIGKILL');
    },
  };
}

function pointOf(line: string): Point {
  const [at = '', kind = '', ...path] = line.split(' ');
  return { at, kind: kind as Kind, path: path.join(' ') };
}
