/** docs/queries.md: how answers are made reproducible (written here by hand), and the pack, from its front matter. */
import { WARNINGS } from '../src/query/lint.ts';
import { loadCatalog, type NamedQuery } from '../src/query/catalog.ts';
import { loadPacks } from '../src/query/packs.ts';

const HOW = `# Queries

A named query is a file \`queries/<topic>/<name>.sql\`: a head that says what it answers, then one SELECT. \`exhibit query
list\` names them, \`query show NAME\` explains one, \`query run NAME --param name=value\` runs it, \`query sql 'SELECT ...'\`
runs SQL of your own (parameters \`--param name=text\`, \`name:integer=5\`, \`name:time=2026-11-24T08:00:00Z\`), \`query replay
Q-0001\` runs a recorded query again and compares. \`query run-pack NAME\` runs many at once. What is asked without SQL
stands in [timeline.md](timeline.md).

## The record of a run

Each run makes a folder in the case, whole or not at all, and an entry \`query\` in the ledger that names its files:

| file | what it is |
|---|---|
| \`queries/Q-0001/query.sql\` | the exact text that ran |
| \`queries/Q-0001/params.json\` | the bound parameters, as canonical JSON of canonical values |
| \`queries/Q-0001/result.jsonl\` | the canonical result |
| \`queries/Q-0001/result.csv\` | the same, as CSV: a derived view |
| \`queries/Q-0001/run.json\` | the record: input, query, environment, result, and outside its hashed \`core\` the clock |
| \`queries/Q-0001/run.json.p7s\` | detached CMS signature over run.json, of the same form as the seal's |

\`core.input\` names the evidence (\`evidence_set_sha256\`), the database's content (\`content_sha256\`), the schema and the
versions of the sources. Before a run the content hash in the database must be the one that the ledger recorded at the last
import; \`--check-content\` hashes every row again, and \`core.input.content_check\` says which of the two was done.
\`core_sha256\` names everything that decides the answer.

A verb that prints an answer (\`timeline\`, \`search\`, \`summary\`, ...) records it with \`--record\` in the same six files.
Then \`core.query.verb\` names the verb, params.json holds the question in full, query.sql is a comment, and a replay asks
the verb again. \`core.input.files\` names, with their SHA-256, files besides the evidence that the answer was made with;
\`core.result.details\` holds what the verb says besides its rows. \`config\` and \`metrics\` ask in SQL: their runs are those
of \`query sql\`.

## Canonical result

One JSON array per line, each with a line feed: the column names first, then the rows in the order returned.

| value | form |
|---|---|
| NULL | \`null\` |
| INTEGER | \`{"i":"123"}\`, all 64 bits |
| REAL | \`{"r":"3fd3333333333334"}\`, IEEE 754 big-endian |
| TEXT | a JSON string |
| TEXT that is not valid UTF-8 | \`{"t":"61ff"}\`, its bytes |
| BLOB | \`{"b":"00ff"}\` |

Two hashes, which standard tools give as well:

\`\`\`sh
exhibit demo
cd demo/case/queries/Q-0001
sha256sum result.jsonl                                                         # ordered_sha256
(head -n 1 result.jsonl; tail -n +2 result.jsonl | LC_ALL=C sort) | sha256sum  # multiset_sha256
exhibit query replay Q-0001
\`\`\`

In \`--json\` integers up to 2^53 and finite REALs are plain numbers. In tables ARNs are shortened to their resource and
services to their name; csv, json and jsonl have the whole. \`--excel-safe\` (with \`--format csv\`) puts \`'\` before text that
a spreadsheet would run as a formula.

## Determinism

An answer must follow from the evidence alone.

- **Refused**: anything but one reading SELECT; functions that SQLite does not declare deterministic (random, changes, ...;
  they are read from the compiled program, not from the text); \`now\`, \`localtime\` and \`utc\` in date functions, from
  whatever expression they come; PRAGMA, ATTACH and virtual tables that show the engine.
- **Order**: each query runs twice, the second time with SQLite scanning tables in the opposite direction
  (\`reverse_unordered_selects\`). If the rows come in another order, the run says \`not_determined\` and offers the query
  ordered by all its columns.
- **Replay** prints MATCH, SAME-ROWS-OTHER-ORDER or DIFFERENT, the first row that differs, and what of input and
  environment is not as it was.
- **Limits**: 900 seconds (\`--timeout\`), 1,000,000 rows (\`--max-rows\`), 128 Mi characters of rows together, 4 GiB of memory.
  A query that needs more is refused (\`E_QUERY_REFUSED\`, exit status 2) and not recorded; \`--stream\` writes any number of
  rows as they come, in memory that does not grow with them, and records nothing; Ctrl-C gives \`E_UNFINISHED\` (3). SQLite cannot be
  interrupted here, so such a process ends itself half a second after its error was printed, and the launcher, which
  stays as its parent for \`query\`, leaves with the status. What SQLite sorts goes to its temporary folder (\`SQLITE_TMPDIR\`),
  which such a query can fill until its time is up.

Warnings are recorded with the run:

| warning | meaning |
|---|---|
`;

const RULES = `
## Writing one

- Parameters are bound, never pasted; a time parameter is bound as INTEGER microseconds UTC.
- \`ORDER BY\` is total, so that the order is determined; sums are of integers.
- \`scans\` names the tables of which every row is read (\`whole\`), or every row between the time parameters (\`window\`);
  the plan that SQLite makes is compared with it by a test. Whatever is not named there is found by an index.
- Times in results are RFC 3339 UTC.
- \`test/query/pack.test.ts\` holds every file to its head and to its golden result on the samples.
`;

const PACKS = `
## Packs

A pack is a file \`queries/packs/<name>.yaml\`: id, title, what it is for, and a list of queries. \`query run-pack NAME\` asks
all of them and records them as one run, with one signature and one entry in the ledger; \`query run-pack\` alone names the
packs, \`query list --pack NAME\` their queries. \`--param name=value\` goes to each query that takes it. A query whose
parameter has no default and was not given is not asked, and is named on stderr, in params.json and in \`--json\`.

The result is one set of rows: the query's name, the row's number in it, then its cells (\`c1\`, \`c2\`, ...), filled with
NULL where a query has fewer columns than the widest. Row 0 of each query names its columns, and is counted by
\`row_count\` too. \`core.result.details\` has the hashes of each query's own result, the same as those of \`query run\`.
params.json holds text and parameters of each query, so that a replay does not need the pack.

\`\`\`sh
exhibit query run-pack triage --param ip=203.0.113.66 --case demo/case
\`\`\`

`;

/** What it says of tables that it reads row by row. */
function scans(query: NamedQuery): string {
  const of = (how: string): string =>
    Object.entries(query.scans)
      .filter(([, value]) => value === how)
      .map(([name]) => `\`${name}\``)
      .join(', ');
  const [whole, window] = [of('whole'), of('window')];
  return [
    whole === '' ? '' : `; every row of ${whole}`,
    window === '' ? '' : `; every row between its times of ${window}`,
  ].join('');
}

function section(query: NamedQuery): string {
  const params = query.params.map(
    (spec) =>
      `| \`${spec.name}\` | ${spec.type} | ${spec.default === undefined ? 'required' : `\`${spec.default}\``} | ${spec.about} |\n`,
  );
  const columns = query.columns.map((spec) => `| \`${spec.name}\` | ${spec.about} |\n`);
  return [
    `\n### ${query.id}\n\n**${query.question}**\n\n${query.explanation}\n\n`,
    `Reads ${query.sources.map((name) => `\`${name}\``).join(', ')}${scans(query)}. ATT&CK: ${query.attack.join(', ')} (${query.tactic.join(', ')}).`,
    ` References: ${query.references.join('; ')}.\n\n`,
    `\`\`\`text\n${query.example}\n\`\`\`\n`,
    params.length === 0
      ? ''
      : `\n| parameter | type | default | meaning |\n|---|---|---|---|\n${params.join('')}`,
    `\n| column | meaning |\n|---|---|\n${columns.join('')}`,
  ].join('');
}

/** The page, before it is formatted. */
export function queriesPage(): string {
  const catalog = loadCatalog();
  const warnings = Object.entries(WARNINGS).map(([code, about]) => `| \`${code}\` | ${about} |\n`);
  const topics = [...new Set(catalog.map((query) => query.topic))];
  const index = topics.map((topic) => {
    const links = catalog
      .filter((query) => query.topic === topic)
      .map((query) => `[${query.id}](#${query.id})`);
    return `- **${topic}**: ${links.join(', ')}\n`;
  });
  const packs = loadPacks().map(
    ({ id, title, about, queries }) =>
      `- **${id}**: ${title}. ${about} ${queries.map((name) => `[${name}](#${name})`).join(', ')}\n`,
  );
  return `${HOW}${warnings.join('')}${RULES}${PACKS}${packs.join('')}\n## The queries\n\n${index.join('')}${catalog.map(section).join('')}`;
}
