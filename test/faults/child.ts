/** Runs the real command line in a child process in which operations on files are counted, and one of them fails. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ROOT } from '../helpers/exhibit.ts';
import type { FaultPlan, Kind, Point } from './plan.ts';
import type { Verb } from './verbs.ts';

interface Launcher {
  readonly nodeFlags: (argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string) => string[];
  readonly nodeEnv: (env: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
}

const launcher = createRequire(import.meta.url)('../../bin/launch.js') as Launcher;
const PRELOADED = join(import.meta.dirname, 'inject.ts');
const START = join(ROOT, 'src', 'cli', 'start.ts');
/** Ends a run that hangs; nothing is measured by it. */
const PATIENCE_MS = 120_000;

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
  verb: Pick<Verb, 'argv' | 'beside'>,
): { readonly cwd: string; readonly args: string[]; readonly env: NodeJS.ProcessEnv } {
  const cwd = verb.beside === true ? world : join(world, 'case');
  const inner = {
    ...process.env,
    EXHIBIT_CASE: undefined,
    VITEST: undefined,
    UV_THREADPOOL_SIZE: '1',
  };
  const env = launcher.nodeEnv(inner);
  return {
    cwd,
    env,
    args: [...launcher.nodeFlags(verb.argv, env, cwd), START, ...verb.argv, '--json'],
  };
}

/** Starts a verb; `fault` is what goes wrong, nothing by default. */
export function start(
  world: string,
  verb: Pick<Verb, 'argv' | 'beside'>,
  fault: Omit<FaultPlan, 'scope' | 'folder'> = {},
): Running {
  const { cwd, args, env } = command(world, verb);
  // Moving the case away is not the case's own doing.
  if (fault.fault === 'vanish' && args[0] === '--permission') {
    args.splice(1, 0, `--allow-fs-write=${join(world, '*')}`);
  }
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

function pointOf(line: string): Point {
  const [at = '', kind = '', ...path] = line.split(' ');
  return { at, kind: kind as Kind, path: path.join(' ') };
}
