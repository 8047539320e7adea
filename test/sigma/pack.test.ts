/** Our own rules: every case beside a rule is imported from a log of its kind, and hit or missed as it says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { detectRules, type RuleFinding } from '#src/app/detect-rules.ts';
import { SigmaDatabase } from '#src/app/sigma-scan.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';
import { disagreements } from './disagreements.ts';

const RULES = join(ROOT, 'rules');

interface Line {
  readonly expect: 'hit' | 'miss';
  readonly why: string;
  readonly record: unknown;
}

interface Cases {
  /** Path below the rules, without ending. */
  readonly name: string;
  readonly path: string;
  readonly header: string | undefined;
  readonly lines: readonly Line[];
}

const PACK: readonly Cases[] = readdirSync(RULES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yml'))
  .sort()
  .map((file) => {
    const name = file.replace(/\.yml$/, '');
    const [head, ...lines] = readFileSync(join(RULES, `${name}.cases.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const { path, header } = head as { readonly path: string; readonly header?: string };
    return { name, path, header, lines: lines as Line[] };
  });

let target: Case;
let found: readonly RuleFinding[];
/** Number of the log that holds a rule's cases. */
const logsOf = new Map<string, number>();

beforeAll(async () => {
  const logs = await tempDir();
  for (const { name, path, header, lines } of PACK) {
    const file = join(logs, basename(name), path);
    mkdirSync(dirname(file), { recursive: true });
    const texts = lines.map(({ record }) =>
      typeof record === 'string' ? record : JSON.stringify(record),
    );
    const all = header === undefined ? texts : [header, ...texts];
    writeFileSync(file, `${all.join('\n')}\n`);
  }
  target = await sampleCase({ paths: [logs], workers: 1 });
  found = await detectRules(target, fakeEffects(), { rules: [RULES] }, (answer) => {
    expect(answer.rules.skipped).toEqual([]);
    return [...answer.each(0)];
  });
  const database = new SigmaDatabase(target.paths.database);
  const files = database.db
    .prepare<[], { readonly id: number; readonly path: string }>(
      'SELECT file_id AS id, original_path AS path FROM source_file',
    )
    .all();
  database.close();
  for (const { id, path } of files) for (const part of path.split('/')) logsOf.set(part, id);
});

test('there are rules for what AWS logs besides CloudTrail', () => {
  expect(PACK.length).toBeGreaterThanOrEqual(25);
  for (const { lines } of PACK) {
    expect(new Set(lines.map((line) => line.expect))).toEqual(new Set(['hit', 'miss']));
  }
});

test.each(PACK)('$name', ({ name, lines }) => {
  const own = found.filter(({ rule_file: file }) => file.endsWith(`${name}.yml`));
  // A row id is the number of the file and that of the record in it.
  const hits = new Set(
    own
      .flatMap((finding) => finding.rows.map((row) => Number(row.split(':')[1])))
      .filter((id) => Math.floor(id / 2 ** 28) === logsOf.get(basename(name)))
      .map((id) => id % 2 ** 28),
  );
  const answers = lines.map(({ why }, at) => ({
    why,
    expect: hits.has(at + 1) ? 'hit' : 'miss',
  }));
  expect(answers).toEqual(lines.map(({ why, expect: wanted }) => ({ why, expect: wanted })));
  for (const { matched, rule_sha256: hash } of own) {
    expect(matched).not.toEqual([]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  }
});

test('memory agrees with SQL on every rule and every record', async () => {
  expect(await disagreements(target, [RULES])).toEqual([]);
});
