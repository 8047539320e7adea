/** Takes the clock away from SQL: date functions stay, but cannot ask what time or zone it is now. */
import Sqlite, { type Database } from 'better-sqlite3';

// SQLite, "Date And Time Functions": all of them take 'now' and 'localtime', as text that may come from any expression.
const DATE_FUNCTIONS = [
  'date',
  'time',
  'datetime',
  'julianday',
  'unixepoch',
  'strftime',
  'timediff',
];
// Arguments before which the current time is meant when nothing follows.
const LEADING: Readonly<Record<string, number>> = { strftime: 1 };
const MAX_ARGUMENTS = 10;

/** Message of the error that SQLite passes on when a query asks for the current time. */
export const CLOCK_ASKED = 'the current time or the local time zone was asked for';

/**
 * Replaces the date functions of a connection by wrappers over SQLite's own that refuse `now`, `localtime` and calls
 * without a time, whatever expression they come from.
 */
export function forbidClock(db: Database): void {
  const engine = new Sqlite(':memory:');
  for (const name of DATE_FUNCTIONS) {
    const statements = Array.from({ length: MAX_ARGUMENTS + 1 }, (_, count) =>
      lazy(() =>
        engine
          .prepare(`SELECT ${name}(${Array(count).fill('?').join(',')})`)
          .pluck()
          .safeIntegers(),
      ),
    );
    db.function(
      name,
      { varargs: true, deterministic: true, safeIntegers: true },
      (...values: unknown[]) => {
        const times = values.slice(LEADING[name] ?? 0);
        if (times.length === 0 || times.some(asksTheClock)) throw new Error(CLOCK_ASKED);
        const statement = statements[values.length];
        if (statement === undefined) throw new Error(`too many arguments on function ${name}()`);
        return statement().get(...values);
      },
    );
  }
}

function asksTheClock(value: unknown): boolean {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  return typeof text === 'string' && /^\s*(?:now|localtime|utc)\s*(?:\0|$)/i.test(text);
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
