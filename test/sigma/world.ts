/** Rules and events by chance, and a database that holds the events as a case does. */
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { parseJson, type JsonValue } from '#src/core/json.ts';
import { addSigmaFunctions } from '#src/sigma/functions.ts';
import type { Event } from '#src/sigma/evaluate.ts';
import type { Ref } from '#src/sigma/model.ts';
import { normal } from '#src/sigma/pattern.ts';
import type { Table } from '#src/sigma/tables.ts';
import { eventTexts, valuesAt, type Values } from '#src/sigma/values.ts';
import type { Search } from './naive.ts';

/** A part of CloudTrail's table: fields in columns, as text and as a number, and others only in the record. */
export const TABLE: Table = {
  id: 'cloudtrail',
  columns: new Map([
    ['event_name', 'TEXT'],
    ['event_source', 'TEXT'],
    ['source_ip_address', 'TEXT'],
    ['user_agent', 'TEXT'],
    ['bytes_out', 'INTEGER'],
  ]),
};

/** Column to the member of the record that it holds. */
const MEMBERS: Readonly<Record<string, string>> = {
  event_name: 'eventName',
  event_source: 'eventSource',
  source_ip_address: 'sourceIPAddress',
  user_agent: 'userAgent',
  bytes_out: 'bytes_out',
};

const FIELDS = [
  ...['eventName', 'eventSource', 'sourceIPAddress', 'userAgent', 'bytes_out'],
  ...[
    'requestParameters.name',
    'requestParameters.items.value',
    'extra',
    'requestParameters',
    'a.b',
  ],
];

const WORDS = [
  'a',
  'A',
  'ab',
  'aB',
  'abc',
  'É',
  'é',
  'xÖz',
  "o'b",
  'a%b',
  'a_b',
  '[a]',
  'a\\b',
  '',
  '*',
  '?',
  '10.1.2.3',
  '10.9.0.1',
  '5',
  '05',
  '-3',
  '7.5',
  '1e2',
  'true',
  'a\nb',
  '😀b',
  'a\0b',
];

const word = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({
    unit: fc.constantFrom(
      'a',
      'b',
      'A',
      'é',
      '.',
      '%',
      '_',
      '\\',
      '*',
      '?',
      '😀',
      "'",
      '"',
      '\n',
      '5',
    ),
    maxLength: 6,
  }),
);
const scalar: fc.Arbitrary<null | boolean | number | string> = fc.oneof(
  { weight: 6, arbitrary: word },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 2, arbitrary: fc.constantFrom(0, 5, -3, 7.5, 100, 443, 9_007_199_254_740_991) },
);
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ b: scalar }, { requiredKeys: [] }) },
);

/** An event as a record of CloudTrail: texts where the columns are text. */
export const event = fc.record(
  {
    eventName: word,
    eventSource: word,
    sourceIPAddress: fc.oneof(word, fc.ipV4()),
    userAgent: word,
    bytes_out: fc.constantFrom(0, 5, -3, 100, 443),
    extra: value,
    requestParameters: fc.record(
      {
        name: value,
        items: fc.array(fc.record({ value: scalar }, { requiredKeys: [] }), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
    a: value,
    'a.b': scalar,
  },
  { requiredKeys: [] },
);

const field = fc.constantFrom(...FIELDS);
const list = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }));
const regex = fc.constantFrom(
  '^a',
  'b$',
  'a.b',
  '[ab]+',
  '(a|é)*b',
  'a{2,3}',
  '^ab?$',
  '\\d+',
  '\\.',
  'A|5',
  '[^a]b',
  '.+',
);
const REGEX_FLAGS = ['', '|i', '|s', '|m', '|i|s', '|m|s'];

const item: fc.Arbitrary<readonly [string, Search]> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc
        .tuple(
          field,
          fc.constantFrom(
            '',
            '|contains',
            '|startswith',
            '|endswith',
            '|contains|all',
            '|all',
            '|neq',
          ),
          fc.constantFrom('', '', '|cased'),
        )
        .map((parts) => parts.join('')),
      list(fc.oneof(word, fc.constantFrom(5, 443, 7.5, true))),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(field, fc.constant(null)) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      field,
      fc.tuple(word, fc.constant(null)).map((both) => [...both]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      field.map((name) => `${name}|exists`),
      fc.boolean(),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.tuple(field, fc.constantFrom('|lt', '|lte', '|gt', '|gte')).map((parts) => parts.join('')),
      fc.constantFrom(5, -3, 7.5, 100, 442.5),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.tuple(field, fc.constantFrom(...REGEX_FLAGS)).map(([name, flags]) => `${name}|re${flags}`),
      list(regex),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      field.map((name) => `${name}|cidr`),
      list(fc.constantFrom('10.0.0.0/8', '10.1.2.3/32', '10.1.2.3', '0.0.0.0/0', '128.0.0.0/1')),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc
        .tuple(
          field,
          fc.constantFrom('', '|contains', '|startswith', '|endswith'),
          fc.constantFrom('', '|cased'),
        )
        .map(([name, place, cased]) => `${name}|fieldref${place}${cased}`),
      field,
    ),
  },
);

const map = fc
  .array(item, { minLength: 1, maxLength: 3 })
  .map((items) => Object.fromEntries(items));
const keyword = fc.constantFrom('a', 'AB', '443', 'x?z', 'a*b', 'name');
const search: fc.Arbitrary<Search> = fc.oneof(
  { weight: 5, arbitrary: map },
  { weight: 1, arbitrary: fc.array(map, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(keyword, { minLength: 1, maxLength: 2 }) },
  {
    weight: 1,
    arbitrary: fc.array(keyword, { minLength: 1, maxLength: 2 }).map((all) => ({ '|all': all })),
  },
);

/** How conditions are written, and what they say of three search identifiers. */
export const CONDITIONS: readonly (readonly [
  string,
  (a: boolean, b: boolean, c: boolean) => boolean,
])[] = [
  ['sel_a', (a) => a],
  ['not sel_a', (a) => !a],
  ['sel_a and not sel_b', (a, b) => a && !b],
  ['sel_a or sel_b and not other', (a, b, c) => a || (b && !c)],
  ['(sel_a or sel_b) and not other', (a, b, c) => (a || b) && !c],
  ['1 of sel_*', (a, b) => a || b],
  ['all of sel_* and not 1 of oth*', (a, b, c) => a && b && !c],
  ['all of them', (a, b, c) => a && b && c],
  ['1 of them', (a, b, c) => a || b || c],
  ['not (sel_a and not (sel_b or not other))', (a, b, c) => !(a && !(b || !c))],
];

/** Three search identifiers and a condition over them. */
export const rule = fc.record({
  sel_a: search,
  sel_b: search,
  other: search,
  condition: fc.nat({ max: CONDITIONS.length - 1 }),
});

/** A database with the events, in a table with the columns of {@link TABLE}. */
export class World {
  readonly db: Sqlite.Database = new Sqlite(':memory:');
  /** Id of the first event. No id is used twice: records are kept by their ids. */
  first = 0;
  #texts: readonly string[] = [];

  constructor() {
    const columns = [...TABLE.columns].map(([name, type]) => `"${name}" ${type}`).join(', ');
    this.db.exec(`CREATE TABLE cloudtrail (id INTEGER PRIMARY KEY, time_us INTEGER, ${columns})`);
    this.db.exec('CREATE INDEX names ON cloudtrail (event_name)');
    addSigmaFunctions(
      this.db,
      (_table, id) => {
        const raw = this.#texts[id - this.first] ?? '';
        return { raw, json: parseJson(raw) };
      },
      parseJson,
    );
  }

  /** Puts these events in the place of those before. */
  hold(events: readonly object[]): void {
    this.first += this.#texts.length;
    this.#texts = events.map((one) => JSON.stringify(one));
    this.db.exec('DELETE FROM cloudtrail');
    const names = [...TABLE.columns.keys()];
    const insert = this.db.prepare(
      `INSERT INTO cloudtrail VALUES (?, ?, ${names.map(() => '?').join(', ')})`,
    );
    for (const [at, one] of events.entries()) {
      const cells = names.map((name) => Reflect.get(one, MEMBERS[name] ?? '') as unknown);
      insert.run(this.first + at, at, ...cells.map((cell) => cell ?? null));
    }
  }

  /** The event at a position, as rules see it. */
  event(at: number, one: object): Event {
    const raw = this.#texts[at] ?? '';
    const json: JsonValue | undefined = parseJson(raw);
    return (ref: Ref | undefined): Values => {
      if (ref === undefined) return { present: true, values: eventTexts(raw, json) };
      if (ref.kind === 'record') return valuesAt(json, ref.path);
      const cell = Reflect.get(one, MEMBERS[ref.name] ?? '') as string | number | undefined;
      return cell === undefined
        ? { present: false, values: [] }
        : { present: true, values: [normal(String(cell))] };
    };
  }
}
