/**
 * Every error exhibit raises on purpose: a stable code, an exit status, what happened, where, and what to do next.
 * Anything else that is thrown is a bug in exhibit and leaves with exit status 70, never as bad evidence.
 */

/** Exit statuses of the command line (docs/cli.md). */
export const EXIT = { ok: 0, badNews: 1, usage: 2, input: 3, refused: 4, bug: 70 } as const;

/** Code to exit status and one sentence; docs/errors.md is generated from this table. */
export const ERROR_CODES = {
  E_USAGE: { exit: EXIT.usage, about: 'The command line is not understood.' },
  E_TIME_ZONE: { exit: EXIT.usage, about: 'A time was given without a zone.' },
  E_NO_CASE: { exit: EXIT.usage, about: 'No case folder was given or found.' },
  E_NO_PASSPHRASE: {
    exit: EXIT.usage,
    about: 'A private key is encrypted and no passphrase was given.',
  },
  E_BAD_PASSPHRASE: { exit: EXIT.usage, about: 'The passphrase does not open the private key.' },
  E_WRONG_KEY: {
    exit: EXIT.usage,
    about: 'No key or passphrase that was given opens an encrypted file.',
  },
  E_NOT_FOUND: { exit: EXIT.usage, about: 'What was asked for does not exist in this case.' },
  E_QUERY_REFUSED: {
    exit: EXIT.usage,
    about:
      'A query is not one read-only, deterministic statement, or needs more time, memory or rows than it may.',
  },
  E_QUERY_PARAM: {
    exit: EXIT.usage,
    about: 'A query parameter is missing, unknown or of the wrong type.',
  },
  E_READ: { exit: EXIT.input, about: 'A file or folder could not be read.' },
  E_WRITE: {
    exit: EXIT.input,
    about: 'A file could not be written (disk full, permissions, I/O error).',
  },
  E_FORMAT: { exit: EXIT.input, about: 'A file of the case does not have its documented form.' },
  E_PATTERN: {
    exit: EXIT.input,
    about:
      'A rule, an event pattern or a target does not have the form that its language gives it.',
  },
  E_NOT_SEALED: { exit: EXIT.input, about: 'The evidence has not been sealed yet.' },
  E_NOT_IMPORTED: { exit: EXIT.input, about: 'The case has no database yet.' },
  E_UNFINISHED: {
    exit: EXIT.input,
    about: 'Work was stopped before its end, or a collection has objects without an end state.',
  },
  E_NO_NODE: { exit: EXIT.input, about: 'The pinned Node is not installed (said by bin/exhibit).' },
  E_TAMPERED: { exit: EXIT.badNews, about: 'Bytes differ from what was sealed.' },
  E_CONTENT_CHANGED: {
    exit: EXIT.badNews,
    about: 'The database differs from what the ledger recorded.',
  },
  E_EXISTS: { exit: EXIT.refused, about: 'Something is there already and is not overwritten.' },
  E_LOCKED: { exit: EXIT.refused, about: 'Another exhibit process is writing to this case.' },
  E_HOSTILE_ARCHIVE: {
    exit: EXIT.refused,
    about: 'An archive holds something that is never accepted.',
  },
  E_OUTSIDE_CASE: { exit: EXIT.refused, about: 'A write outside the case folder was refused.' },
  E_SIGNER: {
    exit: EXIT.refused,
    about: 'The key may not sign for this case: it was revoked, or the ledger does not know it.',
  },
  E_SEALED: { exit: EXIT.refused, about: 'Sealed evidence is never changed.' },
} as const;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Place of a problem: file, and where known line (1-based), byte offset (0-based) or record ordinal (1-based). */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly offset?: number;
  readonly record?: number;
}

/** Options of {@link ExhibitError}. */
export interface ErrorOptions {
  readonly where?: Where;
  /** What the person can do next, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An expected failure. `message` says what; `where` and `hint` the rest. */
export class ExhibitError extends Error {
  readonly code: ErrorCode;
  readonly where: Where | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ExhibitError';
    this.code = code;
    this.where = options.where;
    this.hint = options.hint;
  }

  /** Exit status that belongs to the code. */
  get exit(): number {
    return ERROR_CODES[this.code].exit;
  }
}

/** True for a Node system error (`ENOENT`, `EIO`, ...). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  // Our own errors carry a code too.
  if (!(error instanceof Error) || error instanceof ExhibitError) return false;
  return typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** `file:line` or `file at byte n` for messages. */
export function whereText(where: Where): string {
  const parts = [where.file ?? ''];
  if (where.line !== undefined) parts.push(`line ${String(where.line)}`);
  if (where.record !== undefined) parts.push(`record ${String(where.record)}`);
  if (where.offset !== undefined) parts.push(`byte ${String(where.offset)}`);
  return parts.filter((part) => part !== '').join(', ');
}
