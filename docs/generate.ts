/**
 * Writes what is derived from the code: src/sources/_registry.ts, src/db/source-schema.ts, docs/sources.md, docs/sources/<id>.md,
 * docs/queries.md and docs/errors.md. With `--check` it writes nothing and fails if a file is not what it would write.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { format } from 'prettier';
import { ERROR_CODES } from '../src/core/errors.ts';
import { COMMON_COLUMNS, type CommonColumn } from '../src/core/columns.ts';
import { sourceSchema } from '../src/db/schema-check.ts';
import { ANOMALY_KINDS, type Column, REJECT_REASONS, type Source } from '../src/sources/source.ts';
import { queriesPage } from './generate-queries.ts';
import { schemaPage } from './generate-schema.ts';

const ROOT = join(import.meta.dirname, '..');
const SOURCES_DIR = join(ROOT, 'src/sources');
const GENERATED = '<!-- Written by `npm run gen`; do not edit. -->';

/** Modules of the sources by id: a file, or a folder with index.ts. */
function sourceModules(): { readonly id: string; readonly module: string }[] {
  return readdirSync(SOURCES_DIR, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('_') && entry.name !== 'source.ts')
    .map((entry) => ({
      id: entry.name.replace(/\.ts$/, ''),
      module: entry.isDirectory() ? `./${entry.name}/index.ts` : `./${entry.name}`,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function loadSources(): Promise<Source[]> {
  return Promise.all(
    sourceModules().map(async ({ id, module }) => {
      const exported = (await import(join(SOURCES_DIR, module))) as Readonly<
        Record<string, Source | undefined>
      >;
      const source = exported[id];
      if (source?.id !== id)
        throw new Error(`src/sources/${module} does not export a source named ${id}`);
      return source;
    }),
  );
}

function registry(): string {
  const modules = sourceModules();
  const imports = [
    ...modules.map(({ id, module }) => ({ module, line: `import { ${id} } from '${module}';` })),
    { module: './source.ts', line: "import type { Source } from './source.ts';" },
  ].sort((a, b) => (a.module < b.module ? -1 : 1));
  return [
    '/** Every log source. Written by `npm run gen` from the files of this folder; do not edit. */',
    ...imports.map(({ line }) => line),
    '',
    '/** In bytewise order of id. */',
    `export const SOURCES: readonly Source[] = [${modules.map(({ id }) => id).join(', ')}];`,
  ].join('\n');
}

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.map(cell).join(' | ')} |`)
    .join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

const COMMON_ABOUT: Readonly<Record<CommonColumn, string>> = {
  time_us: 'When it happened, microseconds since 1970 UTC.',
  account_id: 'Account that the record belongs to.',
  region: 'Region that the record belongs to.',
  actor: 'Who acted: principal, requester or interface.',
  action: 'What was done.',
  target: 'What it was done to.',
  src_ip: 'Address it came from; NULL where the log names no address.',
  dst_ip: 'Address it went to.',
  outcome: "'success' or 'failure'; NULL where the record says neither.",
};

function sourcesPage(sources: readonly Source[]): string {
  return [
    '# Log sources',
    GENERATED,
    'A file is recognised by its content, never by its name alone: each source looks at the first 64 KiB of the decompressed bytes and makes a claim, the strongest claim wins, and `exhibit status` tells which files were recognised as what, and why. Gzip and zstd are sniffed by their bytes, in any number of members, also one in the other. Everything that is collected stays in the sealed evidence, recognised or not.',
    table(
      ['source and table', 'title', 'columns', 'in the timeline'],
      sources.map((source) => [
        `[${source.id}](sources/${source.id}.md)`,
        source.title,
        String(source.columns.length),
        source.timeline ? 'yes' : 'no',
      ]),
    ),
    '## Variants that are read',
    'Each is a sample of its source. `test/sources/conformance.test.ts` reads it whole, cut anywhere, damaged anywhere, and checks that no other source claims it; `test/ingest/every-source.test.ts` imports all of them through the command line under misleading names; `test/sources/bad-input.test.ts` changes their times to years that cannot be; `test/ingest/inner-logs.test.ts` puts logs of machines, databases, functions and gateways into CloudWatch Logs, one message at a time, and finds each in its own table; `test/ingest/messages.test.ts` and `test/ingest/beside.test.ts` do so with messages of SNS and SQS, events of EventBridge and records of CloudTrail Lake; `test/samples/sources.test.ts` asks the samples’ story the question on each source’s page. `test/sources/generated.test.ts` checks that the tests named here exist, and that each variant below is one of them.',
    table(
      ['source', 'variants'],
      sources.map((source) => [
        `[${source.id}](sources/${source.id}.md)`,
        source.samples.map(({ name }) => name).join('; '),
      ]),
    ),
    '## Common columns',
    'Every source answers to these; the page of a source says how. Views `timeline` and the tables themselves have them.',
    table(
      ['column', 'meaning'],
      COMMON_COLUMNS.map((name) => [code(name), COMMON_ABOUT[name]]),
    ),
    '## Provenance',
    'Each row also has `file_id`, `record_no` (ordinal of the record in its file, from 1), `offset` and `length` of the record’s own text in the decompressed file, `form` (0: those bytes; 1: they are a JSON string whose value is the record; 2: `inner_record.steps` lead from them to the record), and `raw`, that text. A record inside another, or between those of another source, is also in `inner_record` ([how](import.md#records-inside-records)).',
    '## How a file is cut into records',
    'JSON: the records are the objects in a wrapper array (such as `Records`), in an array, one on each line, or one after another, pretty-printed or not. Nothing is skipped silently: every byte of a file belongs to a record, a reject, or the container around them (wrapper, brackets, commas, white space). Broken structure costs one record: reading goes on at the next `{` that opens one. Text: one record a line, or several lines where a log writes statements, traces and messages over them; CSV by its quotes. Records above 16 MiB or nested deeper than 512 are rejects; they are never held in memory.',
    '## Reasons for a reject',
    'A record that cannot become a row is kept as a reject, with its place and bytes. Records of a file = rows + duplicates + rejects, always.',
    table(
      ['reason', 'meaning'],
      Object.entries(REJECT_REASONS).map(([name, about]) => [code(name), about]),
    ),
    '## Kinds of anomaly',
    'Something odd about a file or record that was kept all the same.',
    table(
      ['kind', 'meaning'],
      Object.entries(ANOMALY_KINDS).map(([name, about]) => [code(name), about]),
    ),
  ].join('\n\n');
}

function commonRow(source: Source, name: CommonColumn): string[] {
  if (source.columns.some((column) => column.name === name)) return [code(name), 'stored'];
  const expression = source.common[name];
  return [code(name), expression === undefined ? 'NULL' : code(expression)];
}

function columnRow({ name, type, unit, about }: Column): string[] {
  return [code(name), type, unit ?? '', about];
}

function sourcePage(source: Source): string {
  return [
    `# ${source.title}`,
    GENERATED,
    `Table \`${source.id}\`, version ${String(source.version)}. ${source.timeline ? 'Part of the timeline.' : 'Not part of the timeline.'}`,
    source.about,
    `Clock: ${source.clock}`,
    '## Columns',
    table(['column', 'type', 'unit', 'meaning'], source.columns.map(columnRow)),
    '## Common columns',
    table(
      ['column', 'how'],
      COMMON_COLUMNS.map((name) => commonRow(source, name)),
    ),
    ...(source.children ?? []).flatMap((child) => [
      `## Table ${child.id}`,
      `${child.about} A row for each item of \`${child.list}\`; \`parent_id\` is the \`id\` of the row of \`${source.id}\`, \`position\` counts from 0.`,
      table(
        ['column', 'type', 'unit', 'where', 'meaning'],
        child.columns.map(({ name, type, unit, from, about }) => [
          code(name),
          type,
          unit ?? '',
          code(from),
          about,
        ]),
      ),
    ]),
    '## Example',
    source.example.question,
    `\`\`\`sql\n${source.example.sql}\n\`\`\``,
    '## Cases that are tested',
    source.samples
      .map(({ name, rejects, anomalies }) => {
        const notes = [...new Set([...(rejects ?? []), ...(anomalies ?? [])])].map(code).join(', ');
        return `- ${name}${notes === '' ? '' : ` (${notes})`}`;
      })
      .join('\n'),
    '## Where the facts come from',
    source.references.map((reference) => `- ${reference}`).join('\n'),
  ].join('\n\n');
}

function schemaHashes(sources: readonly Source[]): string {
  return [
    '/** SHA-256 of the texts of each table with its indexes, and of the time line. Written by `npm run gen`; do not edit. */',
    'export const SOURCE_SCHEMA: Readonly<Record<string, string>> = {',
    ...Array.from(sourceSchema(sources), ([table, hash]) => `  ${table}: '${hash}',`),
    '};',
  ].join('\n');
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([name, { exit, about }]) => [
    code(name),
    String(exit),
    about,
  ]);
  return [
    '# Errors',
    GENERATED,
    'Every error that exhibit raises on purpose has a code, which stays the same from release to release, and an exit status. Exit status 70 without a code of this table is a bug in exhibit: please report it.',
    table(['code', 'exit status', 'meaning'], rows),
  ].join('\n\n');
}

/** Path from the root to text, formatted. */
async function outputs(): Promise<Map<string, string>> {
  const sources = await loadSources();
  const written = new Map<string, string>([
    ['src/sources/_registry.ts', registry()],
    ['src/db/source-schema.ts', schemaHashes(sources)],
    ['docs/sources.md', sourcesPage(sources)],
    ['docs/errors.md', errorsPage()],
    ...sources.map((source): [string, string] => [
      `docs/sources/${source.id}.md`,
      sourcePage(source),
    ]),
    ['docs/queries.md', `${GENERATED}\n\n${queriesPage()}`],
    ['docs/schema.md', `${GENERATED}\n\n${schemaPage()}`],
  ]);
  for (const [path, text] of written) {
    written.set(path, await format(text, { filepath: path, singleQuote: true, printWidth: 100 }));
  }
  return written;
}

/** Pages of sources that are gone. */
function leftovers(kept: ReadonlyMap<string, string>): string[] {
  const folder = join(ROOT, 'docs/sources');
  const found = existsSync(folder) ? readdirSync(folder) : [];
  return found.map((name) => `docs/sources/${name}`).filter((path) => !kept.has(path));
}

async function main(check: boolean): Promise<void> {
  const written = await outputs();
  const stale: string[] = [];
  for (const [path, text] of written) {
    const file = join(ROOT, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale.push(path);
    if (check) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const path of leftovers(written)) {
    stale.push(path);
    if (!check) unlinkSync(join(ROOT, path));
  }
  if (check && stale.length > 0) {
    process.stderr.write(`${stale.join('\n')}\nnot up to date: run \`npm run gen\`\n`);
    process.exitCode = 1;
  }
}

await main(process.argv.includes('--check'));
