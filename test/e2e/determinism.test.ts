/** The same files give the same answers: whatever order they are listed in, whatever the time, zone, language, workers. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, utimesSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exhibit, exhibitJson, ROOT } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const MIRROR = join(ROOT, 'evidence-samples/mirror');
const QUERIES = ['failed-calls', 's3-bytes-out', 'rejected-flows-by-port', 'role-assumptions'];

interface World {
  readonly name: string;
  readonly workers: number;
  readonly env: Readonly<Record<string, string>>;
  /** Order in which the copied files are made; a folder lists them in an order that depends on it. */
  readonly order: (files: string[]) => string[];
}
const worlds: readonly World[] = [
  { name: 'as they come, 1 worker', workers: 1, env: { TZ: 'UTC', LC_ALL: 'C' }, order: (f) => f },
  {
    name: 'made backwards, Kathmandu, Turkish, 2 workers',
    workers: 2,
    env: { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    order: (files) => files.toReversed(),
  },
  {
    name: 'made by name length, St. John’s, German, 4 workers',
    workers: 4,
    env: { TZ: 'America/St_Johns', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' },
    order: (files) => files.toSorted((a, b) => a.length - b.length || (a < b ? 1 : -1)),
  },
];

interface Answers {
  readonly content: string;
  readonly hashes: readonly unknown[];
  readonly results: readonly string[];
}
const answers: Answers[] = [];

/** A copy of the samples whose files were made in another order; times of change are kept. */
function copyOf(folder: string, order: World['order']): string {
  const target = join(folder, 'mirror');
  const files = readdirSync(MIRROR, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(MIRROR, join(entry.parentPath, entry.name)))
    .sort();
  for (const file of order(files)) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    copyFileSync(join(MIRROR, file), join(target, file));
    const { atime, mtime } = statSync(join(MIRROR, file));
    utimesSync(join(target, file), atime, mtime);
  }
  return target;
}

async function answersOf({ workers, env, order }: World): Promise<Answers> {
  const folder = await tempDir();
  const cwd = join(folder, 'case');
  const must = async (args: readonly string[], where: string): Promise<void> => {
    const { status, stderr } = await exhibit(args, { cwd: where, env });
    expect(status, stderr).toBe(0);
  };
  await must(['init', 'case', '--case-id', 'CASE-SAME', '--examiner', 'Ada Examiner'], folder);
  await must(['collect', 'dir', copyOf(folder, order)], cwd);
  const { json } = await exhibitJson(['import', '--workers', String(workers)], { cwd, env });
  const hashes = [];
  for (const name of QUERIES) {
    const run = (await exhibitJson(['query', 'run', name], { cwd, env })).json as Record<
      string,
      unknown
    >;
    const { ordered_sha256, multiset_sha256, row_count, order: determined } = run;
    expect(row_count, name).toBeGreaterThan(0);
    hashes.push({ name, ordered_sha256, multiset_sha256, row_count, determined });
  }
  const results = QUERIES.map((_, at) =>
    readFileSync(join(cwd, `queries/Q-000${String(at + 1)}/result.jsonl`), 'utf8'),
  );
  return { content: (json as { content_sha256: string }).content_sha256, hashes, results };
}

beforeAll(async () => {
  for (const world of worlds) answers.push(await answersOf(world));
});

test.each(worlds.slice(1).map(({ name }, at) => ({ name, at: at + 1 })))(
  '$name: same content, same results byte for byte',
  ({ at }) => {
    expect(answers[at]?.content).toMatch(/^[0-9a-f]{64}$/);
    expect(answers[at]).toEqual(answers[0]);
  },
);
