/** Every wall of .dependency-cruiser.cjs is breached on purpose in a small tree of its own, and must hold. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const config = createRequire(import.meta.url)(`${ROOT}/.dependency-cruiser.cjs`) as {
  forbidden: readonly { readonly name: string }[];
};

/** An import across a wall (or, where `rule` is '', one that is allowed); `to` '' is a file without imports. */
interface Breach {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly keyword?: 'import type';
}

const FOLDER_BREACHES: readonly (readonly [string, string])[] = [
  ['core', 'crypto'],
  ['disk', 'collect'],
  ['witness', 'framing'],
  ['crypto', 'bundle'],
  ['stamps', 'custody'],
  ['archive', 'crypto'],
  ['db', 'bundle'],
  ['bundle', 'custody'],
  ['bundle', 'db'],
  ['disk', 'bundle'],
  ['witness', 'archive'],
  ['witness', 'db'],
  ['custody', 'db'],
  ['custody', 'bundle'],
  ['transfer', 'custody'],
  ['transfer', 'app'],
  ['collect', 'crypto'],
  ['collect', 'bundle'],
  ['collect-aws', 'crypto'],
  ['sources', 'db'],
  ['sources', 'framing'],
  ['framing', 'sources'],
  ['framing', 'db'],
  ['ingest', 'crypto'],
  ['ingest', 'query'],
  ['query', 'ingest'],
  ['detect', 'db'],
  ['sigma', 'db'],
  ['sigma', 'query'],
  ['correlate', 'query'],
  ['report', 'app'],
  ['report', 'custody'],
  ['app', 'cli'],
  ['cli', 'db'],
  ['cli', 'query'],
];

const breaches: readonly Breach[] = [
  ...FOLDER_BREACHES.map(([from, to]) => ({
    rule: `wall-${from}`,
    from: `src/${from}/to-${to}.ts`,
    to: `../${to}/other.ts`,
  })),
  { rule: 'package-node-forge', from: 'src/app/forge.ts', to: 'node-forge' },
  { rule: 'package-tar-stream', from: 'src/bundle/tar.ts', to: 'tar-stream' },
  { rule: 'package-better-sqlite3', from: 'src/query/sqlite.ts', to: 'better-sqlite3' },
  { rule: 'package-csv-stringify', from: 'src/report/stringify.ts', to: 'csv-stringify/sync' },
  {
    rule: 'package-better-sqlite3',
    from: 'src/query/types.ts',
    to: 'better-sqlite3',
    keyword: 'import type',
  },
  { rule: 'package-commander', from: 'src/app/commander.ts', to: 'commander' },
  { rule: 'package-yaml', from: 'src/app/yaml.ts', to: 'yaml' },
  { rule: 'package-yaml', from: 'src/sigma/package.ts', to: 'yaml' },
  { rule: 'package-maxmind', from: 'src/app/maxmind.ts', to: 'maxmind' },
  {
    rule: 'package-@aws-sdk',
    from: 'src/collect/aws.ts',
    to: '@aws-sdk/credential-provider-node',
  },
  { rule: 'package-@smithy', from: 'src/app/smithy.ts', to: '@smithy/node-http-handler' },
  { rule: 'package-age-encryption', from: 'src/app/age.ts', to: 'age-encryption' },
  { rule: 'package-unlisted', from: 'src/app/unlisted.ts', to: 'prettier' },
  { rule: 'wall-new-folder', from: 'src/fresh/breach.ts', to: '../core/other.ts' },
  { rule: 'sources-apart', from: 'src/sources/breach.ts', to: './other.ts' },
  { rule: 'sources-apart', from: 'src/sources/breach/map.ts', to: '../other.ts' },
  { rule: 'sources-apart', from: 'src/sources/breach.ts', to: './_registry.ts' },
  { rule: 'core-pure', from: 'src/core/breach.ts', to: 'node:fs' },
  { rule: 'core-pure', from: 'src/core/old-name.ts', to: 'fs/promises' },
  { rule: 'sources-pure', from: 'src/sources/io.ts', to: 'node:fs/promises' },
  { rule: 'no-network', from: 'src/collect/breach.ts', to: 'node:https' },
  { rule: 'no-network', from: 'src/app/old-name.ts', to: 'net' },
  { rule: 'no-child-process', from: 'src/app/child.ts', to: 'node:child_process' },
  { rule: 'no-src-to-test', from: 'src/app/breach.ts', to: '../../test/other.ts' },
  { rule: 'no-src-to-test', from: 'src/app/bench.ts', to: '../../bench/other.ts' },
  { rule: 'no-cycle', from: 'src/app/cycle.ts', to: './into-cycle.ts' },
  { rule: 'no-orphan', from: 'src/app/lonely.ts', to: '' },
  { rule: 'not-resolvable', from: 'src/app/lost.ts', to: './nowhere.ts' },
];

const allowed: readonly Breach[] = [
  { rule: '', from: 'src/custody/fine.ts', to: '../bundle/layout.ts' },
  { rule: '', from: 'src/collect/fine.ts', to: '../bundle/objects.ts' },
  { rule: '', from: 'src/framing/fine.ts', to: '../sources/source.ts' },
  { rule: '', from: 'src/sources/registry.ts', to: './other.ts' },
  { rule: '', from: 'src/sources/folder/map.ts', to: './detect.ts' },
  { rule: '', from: 'src/sources/folder/rows.ts', to: '../source.ts' },
  { rule: '', from: 'src/core/fine.ts', to: 'node:crypto' },
  { rule: '', from: 'src/report/csv.ts', to: 'csv-stringify/sync' },
  { rule: '', from: 'src/app/types.ts', to: './types-back.ts', keyword: 'import type' },
];

const violations: { readonly rule: { readonly name: string }; readonly from: string }[] = [];

// All breaches in one tree, because a cruise costs half a second.
beforeAll(async () => {
  const folder = await tempDir();
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  put('tsconfig.json', '{ "compilerOptions": { "module": "nodenext" } }');
  put('package.json', '{ "type": "module" }');
  const all = [...breaches, ...allowed];
  for (const { to, from } of all) {
    if (to.startsWith('.') && !to.includes('nowhere')) put(join(dirname(from), to), 'export {};\n');
  }
  put('src/app/into-cycle.ts', "import './cycle.ts';\n");
  put(
    'src/app/types-back.ts',
    "import type * as it from './types.ts';\nexport type It = typeof it;\n",
  );
  for (const { to, from, keyword } of all) {
    const text = `${keyword ?? 'import'} * as it from '${to}';\nexport type It = typeof it;\n`;
    put(from, to === '' ? 'export {};\n' : text);
  }
  const { stdout } = await runProcess(
    join(ROOT, 'node_modules/.bin/depcruise'),
    ['--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'],
    { cwd: folder },
  );
  const report = JSON.parse(stdout) as { summary: { violations: typeof violations } };
  violations.push(...report.summary.violations);
});

const broken = (file: string): readonly string[] =>
  violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

test.each(breaches)('$rule holds: $from → $to', ({ rule, from }) => {
  expect(broken(from)).toContain(rule);
});

test.each(allowed)('$from → $to is allowed', ({ from }) => {
  expect(broken(from)).toEqual([]);
});

test('every rule has its breach', () => {
  const tested = new Set(breaches.map(({ rule }) => rule));
  expect(config.forbidden.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
});
