/** Functions that compiled rules call: added to a connection before their SQL is prepared. */
import { inRange, parseAddress, type Range } from '../detect/cidr.ts';
import type { JsonValue } from '../core/json.ts';
import type { Operator, Place, TimeUnit } from './model.ts';
import { matcher, normal, parsePattern } from './pattern.ts';
import { compileRegex, type Regex } from './regex.ts';
import { compares, eventTexts, numberOf, placed, rangeOf, timePart, valuesAt } from './values.ts';

/** What is used of a connection. */
export interface Connection {
  readonly function: (
    name: string,
    options: { readonly deterministic: boolean },
    body: (...values: never[]) => unknown,
  ) => unknown;
}

/** A record: its text, and what it is as JSON; undefined where it is none. */
export interface EventRecord {
  readonly raw: string;
  readonly json: JsonValue | undefined;
}

/**
 * Adds the functions.
 * @param read the record of a row. It is asked once for each row that is looked into: a scan goes from row to row, and the
 * last one is kept.
 * @param parse the text of a column that holds JSON.
 */
export function addSigmaFunctions(
  db: Connection,
  read: (table: string, id: number) => EventRecord,
  parse: (text: string) => JsonValue | undefined,
): void {
  let lastKey = '';
  let last: EventRecord | undefined;
  const record = (table: string, id: number): EventRecord => {
    const key = `${table} ${String(id)}`;
    if (last === undefined || key !== lastKey) {
      last = read(table, id);
      lastKey = key;
    }
    return last;
  };
  const options = { deterministic: true };
  db.function('sigma_record', options, (table: string, id: number, path: string) =>
    listText(record(table, id).json, path),
  );
  db.function('sigma_texts', options, (table: string, id: number) => {
    const { raw, json } = record(table, id);
    return JSON.stringify(eventTexts(raw, json));
  });
  let lastText = '';
  let lastValue: JsonValue | undefined;
  db.function('sigma_member', options, (text: string | null, path: string) => {
    if (text === null) return null;
    if (text !== lastText || lastValue === undefined) {
      lastText = text;
      lastValue = parse(text);
    }
    return listText(lastValue, path);
  });
  addTests(db);
}

/** Functions of single values; NULL stays NULL. */
function addTests(db: Connection): void {
  const options = { deterministic: true };
  const matchers = new Map<string, (value: string) => boolean>();
  db.function('sigma_match', options, (value: string | null, pattern: string, cased: number) => {
    if (value === null) return null;
    const test = kept(matchers, `${String(cased)}${pattern}`, () =>
      matcher(parsePattern(pattern), cased === 1),
    );
    return Number(test(normal(value)));
  });
  const regexes = new Map<string, Regex>();
  db.function('sigma_regex', options, (value: string | null, source: string, flags: string) => {
    if (value === null) return null;
    const regex = kept(regexes, `${flags} ${source}`, () =>
      compileRegex(source, {
        i: flags.includes('i'),
        m: flags.includes('m'),
        s: flags.includes('s'),
      }),
    );
    return Number(regex.test(normal(value)));
  });
  const ranges = new Map<string, Range | undefined>();
  db.function('sigma_cidr', options, (value: string | null, text: string) => {
    if (value === null) return null;
    const range = kept(ranges, text, () => rangeOf(text));
    const address = parseAddress(value);
    return Number(address !== undefined && range !== undefined && inRange(address, range));
  });
  db.function(
    'sigma_compare',
    options,
    (value: string | null, operator: Operator, text: string) => {
      const number = value === null ? undefined : numberOf(value);
      const other = numberOf(text);
      return number === undefined || other === undefined
        ? null
        : Number(compares(number, operator, other));
    },
  );
  db.function('sigma_part', options, (value: string | null, unit: TimeUnit) =>
    value === null ? null : (timePart(value, unit) ?? null),
  );
  db.function(
    'sigma_placed',
    options,
    (value: string | null, other: string | null, place: Place, cased: number) =>
      value === null || other === null ? null : Number(placed(value, other, place, cased === 1)),
  );
}

function listText(json: JsonValue | undefined, path: string): string | null {
  const { present, values } = valuesAt(json, path);
  return present ? JSON.stringify(values) : null;
}

function kept<T>(made: Map<string, T>, key: string, make: () => T): T {
  const known = made.get(key);
  if (known !== undefined) return known;
  const value = make();
  made.set(key, value);
  return value;
}
