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
  // The failure may be that stdout or stderr takes no more: then the other one is told, and the status says the rest.
  if (!(
    json &&
    attempt(() => {
      printJson(failure, fx);
    })
  ))
    attempt(() => {
      printText(failure, fx);
    });
  return failure.exit;
}

function printJson({ code, message, where, hint }: Failure, fx: Effects): void {
  fx.out.write(
    `${JSON.stringify({ error: { code, message, where: where ?? null, hint: hint ?? null } })}\n`,
  );
}

function printText({ message, where, hint }: Failure, fx: Effects): void {
  fx.err.write(`exhibit: ${terminalSafe(message)}\n`);
  if (where !== undefined) fx.err.write(`  where: ${terminalSafe(where)}\n`);
  if (hint !== undefined) fx.err.write(`  next:  ${terminalSafe(hint)}\n`);
}

/** False when the disk refuses what `print` writes; without this the process would end with 1, "bad news". */
function attempt(print: () => void): boolean {
  try {
    print();
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

const DISK_CODES = new Set<string>(['E_READ', 'E_WRITE']);
const SEE_TO_THE_DISK =
  'see to the disk, the folder or its permissions, and run the same command again';

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
    const hint = error.hint ?? (DISK_CODES.has(error.code) ? SEE_TO_THE_DISK : undefined);
    return { code: error.code, message: error.message, where, hint, exit: error.exit };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    // Ctrl-C aborts the signal that every long work watches; this is what reaches us from there.
    const hint = 'nothing is half done; run the same command again';
    const [code, where] = ['E_UNFINISHED', undefined];
    return { code, message: 'interrupted', where, hint, exit: EXIT.input };
  }
  if (isSystemError(error) && error.syscall !== undefined) {
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    const message = full ? 'the disk is full' : error.message;
    const hint = full ? 'free some space and run the same command again' : SEE_TO_THE_DISK;
    return { code: error.code, message, where: error.path, hint, exit: EXIT.input };
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
