/** Keeps secrets of the command line out of the ledger: an entry is signed and handed to others, for ever. */

const SECRET_FLAG =
  /^--?[a-z-]*(?:pass|secret|token|credential|api-?key|session|mfa-code)[a-z-]*$/i;
const HIDDEN = '[redacted]';
/** A secret key of age, typed where its file belongs. */
const SECRET_KEY = /AGE-(?:SECRET-KEY|PLUGIN)-[^\s]*/gi;

/** Longer words (a whole SQL text) are cut: the run's own record holds them. */
const MAX_WORD = 2000;

/** What is kept is looked through with enough behind it to see where a secret ends; not all, for patterns take time. */
const MAX_SCANNED = 10_000;

/**
 * The words as the ledger keeps them: values of flags that name a secret, secret keys of age, passwords in URLs and the query
 * strings of URLs (presigned ones hold credentials) are hidden.
 */
export function redactedArgv(argv: readonly string[]): string[] {
  return argv.map((word, index) => {
    const before = argv[index - 1];
    if (before !== undefined && SECRET_FLAG.test(before) && !word.startsWith('--')) return HIDDEN;
    const equals = word.indexOf('=');
    if (equals > 0 && SECRET_FLAG.test(word.slice(0, equals))) {
      return `${word.slice(0, equals)}=${HIDDEN}`;
    }
    const safe = hideInUrls(word.slice(0, MAX_SCANNED).toWellFormed());
    return word.length <= MAX_WORD
      ? safe
      : `${safe.slice(0, MAX_WORD).toWellFormed()}… (${String(word.length)} characters)`;
  });
}

function hideInUrls(word: string): string {
  return word
    .replace(SECRET_KEY, HIDDEN)
    .replace(/(:\/\/)[^/\s@?#]*@/g, `$1${HIDDEN}@`)
    .replace(/(:\/\/[^\s?#]*)\?[^\s#]*/g, `$1?${HIDDEN}`);
}
