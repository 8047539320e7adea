/** A world for in-process runs: fixed clock, captured output, no terminal. */
import type { Effects } from '#src/core/effects.ts';
import { PASSPHRASE } from './exhibit.ts';

/** {@link Effects} with what was printed so far. */
export interface FakeEffects extends Effects {
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Parts of the world that a test chooses; the clock stands still at 2026-01-02T03:04:05Z by default. */
export type FakeWorld = Partial<Pick<Effects, 'now' | 'env' | 'cwd' | 'askSecret' | 'signal'>>;

/** Effects for a test; EXHIBIT_PASSPHRASE is set unless `env` is given. */
export function fakeEffects(world: FakeWorld = {}): FakeEffects {
  let out = '';
  let err = '';
  return {
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    env: { EXHIBIT_PASSPHRASE: PASSPHRASE },
    cwd: process.cwd(),
    askSecret: undefined,
    signal: new AbortController().signal,
    ...world,
    out: {
      isTTY: false,
      write: (text) => {
        out += text;
      },
    },
    err: {
      isTTY: false,
      write: (text) => {
        err += text;
      },
    },
    stdout: () => out,
    stderr: () => err,
  };
}
