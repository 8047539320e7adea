/** The page docs/schema.md: what a case database holds, as the SQL that makes it. */
import { createChild, createChildIndexes } from '../src/db/child-tables.ts';
import { createIndexes, createTable, createTimeline } from '../src/db/ddl.ts';
import { readMigrations } from '../src/db/migrate.ts';
import { SOURCES } from '../src/sources/_registry.ts';

/** Markdown of the page. */
export function schemaPage(): string {
  const sql = (text: string): string => `\`\`\`sql\n${text.trim()}\n\`\`\``;
  return [
    '# The case database',
    '`case.db` is one SQLite file that any SQLite reads. Opened by exhibit, every source table, `duplicate` and `reject` have one more column, `raw`: the exact text of the record. For other tools, `exhibit export case --plain FILE` writes a copy in which `raw` is an ordinary column.',
    'Row ids are `file_id * 2^28 + record_no`: the file in the order of the evidence, the record in the order of the file. Times are microseconds since 1970, UTC. What the columns of a source mean stands on its page in [sources](sources.md); how the content is hashed in [content-hash.md](content-hash.md).',
    ...readMigrations().flatMap(({ name, sql: text }) => [`## ${name}`, sql(text)]),
    ...SOURCES.flatMap((source) => [
      `## Table ${source.id}`,
      sql(
        [
          createTable(source),
          ...createIndexes(source).map((one) => one.sql),
          ...(source.children ?? []).flatMap((child) => [
            createChild(source.id, child),
            ...createChildIndexes(child),
          ]),
        ]
          .map((one) => `${one};`)
          .join('\n'),
      ),
    ]),
    '## View timeline',
    sql(`${createTimeline(SOURCES)};`),
  ].join('\n\n');
}
