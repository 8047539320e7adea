/** The real command line in a child process, through bin/exhibit. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder, without a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

/** The launcher. */
export const BIN = `${ROOT}/bin/exhibit`;

/** A passphrase for test cases' keys. */
export const PASSPHRASE = 'correct horse battery staple';

let runs = 0;

/** A folder that is not there: cases of tests are unknown to this machine unless a test says otherwise. */
function noPins(): string {
  runs += 1;
  return join(tmpdir(), `exhibit-no-pins-${String(process.pid)}-${String(runs)}`);
}

/** Where and how to run; `env` is laid over this process's environment (undefined removes a variable). */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Which Node starts the launcher; default this one. */
  readonly node?: string;
}

/** What a finished process left behind. */
export interface RunResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `exhibit ...args` to its end; EXHIBIT_PASSPHRASE is {@link PASSPHRASE} unless `env` says otherwise. */
export function exhibit(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runProcess(options.node ?? process.execPath, [BIN, ...args], options);
}

/** Runs any program to its end. */
export function runProcess(
  program: string,
  args: readonly string[],
  options: Omit<RunOptions, 'node'> = {},
): Promise<RunResult> {
  const env = {
    ...process.env,
    EXHIBIT_PASSPHRASE: PASSPHRASE,
    EXHIBIT_CASE: undefined,
    EXHIBIT_KEY: undefined,
    // Never the pins of whoever runs the tests.
    EXHIBIT_PINS: noPins(),
    // vitest sets these for itself; the product must not see them.
    NODE_OPTIONS: undefined,
    VITEST: undefined,
    FORCE_COLOR: undefined,
    ...options.env,
  };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
    child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('utf8');
      // Tests also run under languages that the machine does not have, which shells remark upon.
      const said = text(stderr).replace(/^.*warning: setlocale: .*\n/gm, '');
      resolve({ status, signal, stdout: text(stdout), stderr: said });
    });
    // A child that does not read its input closes the pipe early; that is its right.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Runs `exhibit ...args --json` and parses its one document; throws with stderr when it is not one. */
export async function exhibitJson(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly status: number | null; readonly json: unknown }> {
  const { status, stdout, stderr } = await exhibit([...args, '--json'], options);
  try {
    return { status, json: JSON.parse(stdout) as unknown };
  } catch (cause) {
    throw new Error(`no JSON document from exhibit ${args.join(' ')}:\n${stdout}\n${stderr}`, {
      cause,
    });
  }
}
