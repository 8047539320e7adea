/** Every rule is decided three ways: by SQL, in memory, and by a slow reading of the language; all must agree. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { bindTree } from '#src/sigma/bind.ts';
import { compileTree } from '#src/sigma/compile.ts';
import { matches } from '#src/sigma/evaluate.ts';
import type { BoundTree } from '#src/sigma/model.ts';
import { groupSql, planGroups, type Occurring } from '#src/sigma/plan.ts';
import { readSigmaFile } from '#src/sigma/rules.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { naiveSearch, type Search } from './naive.ts';
import { CONDITIONS, event, rule, TABLE, World } from './world.ts';

const world = new World();
afterAll(() => {
  world.db.close();
});

type Drawn = typeof rule extends fc.Arbitrary<infer T> ? T : never;

/** The rule as its file, read and bound. JSON is YAML. */
function bound({ condition, ...searches }: Drawn): BoundTree {
  const text = JSON.stringify({
    title: 'by chance',
    logsource: { product: 'aws', service: 'cloudtrail' },
    detection: { ...searches, condition: CONDITIONS[condition]?.[0] },
  });
  const { detections, notAsked } = readSigmaFile(text, 'rule.yml', new Map());
  expect(notAsked).toEqual([]);
  const result = bindTree(detections[0]!.tree, TABLE);
  if ('unknown' in result) throw new Error(`unknown: ${result.unknown.join(', ')}`);
  return result.tree;
}

/** U+0000 as rules see it. */
const seen = (value: unknown): Search =>
  JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '\ufffd')) as Search;

test('SQL, memory and the plain reading agree on rules and events by chance', () => {
  fc.assert(
    fc.property(rule, fc.array(event, { minLength: 1, maxLength: 8 }), (drawn, events) => {
      const tree = bound(drawn);
      world.hold(events);
      const found = world.db
        .prepare<[], number>(
          `SELECT t.id FROM cloudtrail AS t WHERE ${compileTree(tree, TABLE.id)}`,
        )
        .pluck()
        .all();
      const [, says] = CONDITIONS[drawn.condition]!;
      for (const [at, one] of events.entries()) {
        const wanted = says(
          naiveSearch(seen(drawn.sel_a), seen(one)),
          naiveSearch(seen(drawn.sel_b), seen(one)),
          naiveSearch(seen(drawn.other), seen(one)),
        );
        expect([matches(tree, world.event(at, one)), found.includes(world.first + at)]).toEqual([
          wanted,
          wanted,
        ]);
      }
    }),
    { numRuns: fuzzRuns(400) },
  );
});

test('a plan over many rules finds what each rule finds by itself', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 5 }),
      fc.array(event, { minLength: 1, maxLength: 10 }),
      fc.boolean(),
      (rules, events, indexed) => {
        const candidates = rules.map((one, at) => ({ rule: at, tree: bound(one) }));
        world.hold(events);
        const occurring = world.db
          .prepare<[], Occurring>(
            'SELECT event_name AS value, count(*) AS rows FROM cloudtrail GROUP BY event_name',
          )
          .all();
        const found: string[] = [];
        for (const group of planGroups(candidates, 'event_name', occurring)) {
          const {
            sql,
            params,
            rules: open,
          } = groupSql('cloudtrail', 'event_name', group, [], {}, indexed);
          for (const row of world.db
            .prepare<string[], number[]>(sql)
            .raw()
            .all(...params)) {
            for (const [at, one] of open.entries())
              if (row[2 + at] === 1)
                found.push(`${String(one)} ${String((row[0] ?? 0) - world.first)}`);
          }
        }
        const wanted = candidates.flatMap(({ rule: one, tree }) =>
          events.flatMap((drawn, at) =>
            matches(tree, world.event(at, drawn)) ? [`${String(one)} ${String(at)}`] : [],
          ),
        );
        expect(found.sort()).toEqual(wanted.sort());
      },
    ),
    { numRuns: fuzzRuns(100) },
  );
});
