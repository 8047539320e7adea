/** Turns whatever was thrown into words and an exit status. */
import type { Effects } from '../core/effects.ts';
import { EXIT, ExhibitError, isSystemError, whereText } from '../core/errors.ts';
import { terminalSafe } from '../core/text.ts';

/**
 * Prints a failure (with `--json` as one document on stdout) and gives its exit status. A system error is the input's
 * or the disk's fault (3); anything unknown is a bug in exhibit (70) and says so.
 */
export function reportFailure(error: unknown, fx: Effects, json: boolean): number {
  const failure = describe(error);
  if (json) {
    const { code, message, where, hint } = failure;
    fx.out.write(
      `${JSON.stringify({ error: { code, message, where: where ?? null, hint: hint ?? null } })}\n`,
    );
  } else {
    fx.err.write(`exhibit: ${terminalSafe(failure.message)}\n`);
    if (failure.where !== undefined) fx.err.write(`  where: ${terminalSafe(failure.where)}\n`);
    if (failure.hint !== undefined) fx.err.write(`  next:  ${terminalSafe(failure.hint)}\n`);
  }
  return failure.exit;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly exit: number;
}

function describe(error: unknown): Failure {
  if (error instanceof ExhibitError) {
    const where = error.where === undefined ? undefined : whereText(error.where);
    return { code: error.code, message: error.message, where, hint: error.hint, exit: error.exit };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    // Ctrl-C aborts the signal that every long work watches; this is what reaches us from there.
    const hint = 'nothing is half done; run the same command again';
    const [code, where] = ['E_UNFINISHED', undefined];
    return { code, message: 'interrupted', where, hint, exit: EXIT.input };
  }
  if (isSystemError(error) && error.syscall !== undefined) {
    const full = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
    const hint =
      error.code === 'ENOSPC' ? 'free some space and run the same command again' : undefined;
    return { code: error.code, message: full, where: error.path, hint, exit: EXIT.input };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'BUG',
    message: `a bug in exhibit, not a statement about the evidence: ${text}`,
    where: undefined,
    hint: 'keep the case as it is and report this with the text above',
    exit: EXIT.bug,
  };
}
