/** Rows of a case about which SQL and memory do not agree. */
import type { Case } from '#src/app/case.ts';
import { loadRules } from '#src/app/sigma-files.ts';
import { boundRules, eventOf, scanRules, SigmaDatabase } from '#src/app/sigma-scan.ts';
import { wholeTree } from '#src/sigma/bind.ts';
import { matches } from '#src/sigma/evaluate.ts';
import { scopesOf } from '#src/sigma/tables.ts';
import { fakeEffects } from '../helpers/effects.ts';

/**
 * Asks every rule both ways.
 * @param most rows of a table that are looked at in memory, spread over the table.
 * @returns `rule table:id` of each row that one of them finds and the other does not.
 */
export async function disagreements(
  target: Case,
  rules: readonly string[],
  most = 2000,
): Promise<readonly string[]> {
  const collection = await loadRules(rules, undefined, fakeEffects());
  const database = new SigmaDatabase(target.paths.database);
  try {
    const { hits } = await scanRules(database, collection, {}, new AbortController().signal);
    const found = new Set(
      hits.map(({ rule, table, id }) => `${String(rule)} ${table}:${String(id)}`),
    );
    const wrong: string[] = [];
    for (const [at, rule] of collection.rules.entries()) {
      if (rule.kind !== 'detection') continue;
      for (const table of new Set(scopesOf(rule.logsource).map((scope) => scope.table))) {
        const trees = boundRules(database, rule, table).map(wholeTree);
        if (trees.length === 0) continue;
        const ids = database.db
          .prepare<[], number>(`SELECT id FROM main."${table}" ORDER BY id`)
          .pluck()
          .all();
        const step = Math.max(1, Math.ceil(ids.length / most));
        for (const id of ids.filter((_id, index) => index % step === 0)) {
          const key = `${String(at)} ${table}:${String(id)}`;
          const event = eventOf(database, table, id);
          if (trees.some((tree) => matches(tree, event)) !== found.has(key)) {
            wrong.push(`${rule.title} ${table}:${String(id)}`);
          }
        }
      }
    }
    return wrong;
  } finally {
    database.close();
  }
}
