import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { forbidClock } from '#src/db/no-clock.ts';
import { openDatabase, type Database } from '#src/db/open.ts';
import { canonicalChunks } from '#src/query/canonical.ts';
import { findQuery, loadCatalog } from '#src/query/catalog.ts';
import { execute } from '#src/query/execute.ts';
import { bindParams, parseParamWords } from '#src/query/params.ts';
import { usedParams } from '#src/query/tokens.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { scansOf } from './plan.ts';

/** Values a reader of the samples' story would give (evidence-samples/README.md). */
const GIVEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'calls-from-address': { ip: '203.0.113.66' },
  'address-everywhere': { ip: '203.0.113.66' },
  'flows-of-address': { ip: '203.0.113.99' },
  'first-seen-calls': { since: '2026-09-17T12:00:00Z' },
  'new-regions': { since: '2026-09-17T12:00:00Z' },
};

/** Queries whose answer in the samples' story is that there is nothing. */
const SILENT: readonly string[] = [];

const catalog = loadCatalog();
let target: Case;
let db: Database;

beforeAll(async () => {
  target = await sampleCase();
  db = openDatabase(target.paths.database, { readonly: true });
  forbidClock(db);
});

afterAll(() => {
  db.close();
});

test('the pack answers what a responder asks first', () => {
  expect(catalog.length).toBeGreaterThanOrEqual(80);
});

describe.each(catalog.map((query) => [query.id, query] as const))('%s', (id, query) => {
  const params = bindParams(query.params, new Map(Object.entries(GIVEN[id] ?? {})));

  test('is one statement that only reads', () => {
    const statement = db.prepare(query.sql);
    expect([statement.readonly, statement.reader]).toEqual([true, true]);
  });

  test('declares the parameters it uses, and no other', () => {
    expect(query.params.map((spec) => spec.name).sort()).toEqual(usedParams(query.sql));
  });

  test('declares its columns in their order', () => {
    const names = db
      .prepare(query.sql)
      .columns()
      .map((column) => column.name);
    expect(query.columns.map((column) => column.name)).toEqual(names);
  });

  test('names sources that exist and are read', () => {
    for (const source of query.sources) {
      expect(SOURCES.map((one) => one.id)).toContain(source);
      expect(query.sql).toMatch(new RegExp(`\\b(?:FROM|JOIN) ${source}\\b`));
    }
  });

  test('says of which tables it reads every row', () => {
    expect(query.scans).toEqual(scansOf(db, query.sql, params));
  });

  test('has an example that finds something in the samples', () => {
    const [, , , name, ...words] = query.example.split(' ');
    expect(name).toBe(id);
    const given = bindParams(
      query.params,
      parseParamWords(words.filter((word) => word !== '--param')),
    );
    // The golden result below is that of the same parameters.
    if (isDeepStrictEqual(given, params)) return;
    expect(execute(db, query.sql, given).rows.length > 0).toBe(!SILENT.includes(id));
  });

  test('gives the golden result, in a determined order, with no warning', async () => {
    const answer = execute(db, query.sql, params);
    expect(answer.warnings).toEqual([]);
    expect(answer.order).toBe('determined');
    expect(answer.rows.length > 0).toBe(!SILENT.includes(id));
    const file = join(ROOT, 'test', 'golden', 'queries', `${id}.jsonl`);
    await expect([...canonicalChunks(answer)].join('')).toMatchFileSnapshot(file);
  });
});

/** A question of evidence-samples/README.md, the query that answers it, and one row that it must find. */
interface Known {
  readonly question: number;
  readonly query: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly rows?: number;
  readonly finds: Readonly<Record<string, string | number>>;
}

const known = JSON.parse(
  readFileSync(join(ROOT, 'evidence-samples', 'answers.json'), 'utf8'),
) as readonly Known[];

describe('the questions of the story', () => {
  test.each(known)('$question is answered by $query', ({ query: id, params, rows, finds }) => {
    const query = findQuery(catalog, id);
    const given = { ...GIVEN[id], ...params };
    const answer = execute(db, query.sql, bindParams(query.params, new Map(Object.entries(given))));
    const found = answer.rows.map((row): Record<string, unknown> => {
      // Canonical rows: text as it is, an integer as {"i":"5"}.
      const values = JSON.parse(row) as readonly (null | string | { readonly i: string })[];
      return Object.fromEntries(
        values.map((value, i) => [
          answer.columns[i] ?? '',
          typeof value === 'object' && value !== null ? Number(value.i) : value,
        ]),
      );
    });
    expect(found).toContainEqual(expect.objectContaining(finds));
    if (rows !== undefined) expect(found).toHaveLength(rows);
  });

  test('are all asked', () => {
    const readme = readFileSync(join(ROOT, 'evidence-samples', 'README.md'), 'utf8');
    const asked = [...readme.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect([...new Set(known.map((one) => one.question))]).toEqual(asked);
  });
});
