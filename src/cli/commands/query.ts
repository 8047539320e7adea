/** `exhibit query list|show|run|run-pack|sql|replay`: named and free SQL, recorded and replayed. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import {
  loadPacks,
  packDocument,
  runPack,
  type PackPart,
  type PackRun,
} from '../../app/query-pack.ts';
import { replay, type Replay } from '../../app/query-replay.ts';
import {
  listQueries,
  runAndRecord,
  runDocument,
  shownParams,
  showQuery,
  streamRows,
  type QueryChoice,
  type QueryRun,
} from '../../app/query.ts';
import { asCsv, asLines, asPieces, asTable } from '../../app/rows.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import {
  atLeastOne,
  collectWords,
  EXCEL_SAFE_NOTE,
  excelSafeOption,
  formatOption,
  seconds,
  wholeNumber,
  writeRows,
  type Format,
} from '../formats.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { renderFields, renderTable, terminalWidth } from '../table.ts';

interface ListFlags extends CommonOptions {
  readonly source?: string;
  readonly tactic?: string;
  readonly attack?: string;
  readonly pack?: string;
}

interface PackFlags extends CommonOptions {
  readonly param: readonly string[];
  readonly format: Format;
  readonly limit?: number;
  readonly timeout?: number;
  readonly excelSafe?: boolean;
}

interface RunFlags extends CommonOptions {
  readonly param: readonly string[];
  readonly format: Format;
  readonly limit: number;
  readonly timeout?: number;
  readonly maxRows?: number;
  readonly checkContent?: boolean;
  readonly excelSafe?: boolean;
  readonly stream?: boolean;
}

interface ReplayFlags extends CommonOptions {
  readonly timeout?: number;
  readonly checkContent?: boolean;
}

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const query = program.command('query').description('named and free SQL, recorded and replayed');

  commonOptions(query.command('list').description('the questions exhibit knows'))
    .option('--source <name>', 'only those that read this source')
    .option('--tactic <name>', 'only those of this ATT&CK tactic, such as exfiltration')
    .option('--attack <id>', 'only those of this ATT&CK technique, such as T1530')
    .option('--pack <name>', 'only those of this pack, such as triage')
    .action((flags: ListFlags) => {
      list(flags, fx);
      done(EXIT.ok);
    });

  commonOptions(
    query.command('show').description('what a query asks, how to read its answer, its SQL'),
  )
    .argument('<name>', 'query')
    .action((name: string, flags: CommonOptions) => {
      show(name, flags, fx);
      done(EXIT.ok);
    });

  const run = query.command('run').description('run a named query and record the run');
  runOptions(run.argument('<name>', 'query')).action(async (name: string, flags: RunFlags) => {
    await runAndPrint({ name }, flags, fx);
    done(EXIT.ok);
  });

  const pack = query
    .command('run-pack')
    .description('run the queries of a pack and record them as one run; without a name: list packs')
    .argument('[name]', 'pack, such as triage');
  excelSafeOption(formatOption(commonOptions(pack)))
    .option(
      '--param <name=value>',
      'for each query that takes it; may be repeated',
      collectWords,
      [],
    )
    .option('--limit <rows>', 'show no more rows of each query than this (table: 20)', wholeNumber)
    .option('--timeout <seconds>', 'give up when one query takes so long (default: 900)', seconds)
    .action(async (name: string | undefined, flags: PackFlags) => {
      if (name === undefined) listPacks(flags, fx);
      else await runPackAndPrint(name, flags, fx);
      done(EXIT.ok);
    });

  const sql = query.command('sql').description('run SQL of your own and record the run');
  runOptions(sql.argument('<select>', 'one SELECT statement')).action(
    async (text: string, flags: RunFlags) => {
      await runAndPrint({ sql: text }, flags, fx);
      done(EXIT.ok);
    },
  );

  commonOptions(query.command('replay').description('run a recorded query again and compare'))
    .argument('<run>', 'run, such as Q-0001')
    .option('--timeout <seconds>', 'give up after so long', seconds)
    .option('--check-content', 'hash every row of the database again first')
    .action(async (id: string, flags: ReplayFlags) => {
      const result = await replay(await openCase(findCase(flags, fx)), fx, id, {
        ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
        ...(flags.checkContent === undefined ? {} : { checkContent: flags.checkContent }),
      });
      if (flags.json === true) fx.out.write(`${JSON.stringify(result)}\n`);
      else printReplay(result, fx);
      done(result.verdict === 'match' ? EXIT.ok : EXIT.badNews);
    });
}

function runOptions(command: Command): Command {
  return excelSafeOption(formatOption(commonOptions(command)))
    .option('--param <name=value>', 'value of a parameter; may be repeated', collectWords, [])
    .option('--limit <rows>', 'show no more rows than this; all are recorded', wholeNumber, 0)
    .option('--timeout <seconds>', 'give up after so long (default: 900)', seconds)
    .option('--max-rows <rows>', 'refuse a result of more rows (default: 1000000)', atLeastOne)
    .option(
      '--stream',
      'write the rows as they come, however many, and record nothing (csv, jsonl)',
    )
    .option('--check-content', 'hash every row of the database again first');
}

function list(flags: ListFlags, fx: Effects): void {
  const { source, tactic, attack, pack } = flags;
  const queries = listQueries({
    ...(source === undefined ? {} : { source }),
    ...(tactic === undefined ? {} : { tactic }),
    ...(attack === undefined ? {} : { attack }),
    ...(pack === undefined ? {} : { pack }),
  });
  if (flags.json === true) {
    // The SQL itself is for `query show`.
    const hide = (name: string, value: unknown): unknown => (name === 'sql' ? undefined : value);
    fx.out.write(`${JSON.stringify({ queries }, hide)}\n`);
    return;
  }
  const rows = queries.map((one) => [one.topic, one.id, one.question, one.attack.join(' ')]);
  fx.out.write(
    renderTable({ columns: ['topic', 'name', 'question', 'ATT&CK'], rows }, terminalWidth(fx)),
  );
  if (flags.quiet !== true) {
    fx.err.write(
      `${String(queries.length)} queries; \`exhibit query show NAME\` explains one, \`exhibit query run NAME\` runs it\n`,
    );
  }
}

function listPacks(flags: PackFlags, fx: Effects): void {
  const packs = loadPacks();
  if (flags.json === true) {
    fx.out.write(`${JSON.stringify({ packs })}\n`);
    return;
  }
  const rows = packs.map(({ id, title, about, queries }) => [id, queries.length, title, about]);
  const columns = ['pack', 'queries', 'title', 'about'];
  fx.out.write(renderTable({ columns, rows, right: [1] }, terminalWidth(fx)));
}

/** Rows of each query in a table when `--limit` is not given. */
const PACK_LIMIT = 20;

async function runPackAndPrint(name: string, flags: PackFlags, fx: Effects): Promise<void> {
  const run = await runPack(await openCase(findCase(flags, fx)), fx, name, {
    params: flags.param,
    ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
    told: (query, at, of) => {
      if (flags.quiet !== true) fx.err.write(`${String(at)} of ${String(of)}: ${query}\n`);
    },
  });
  const format = flags.json === true ? 'json' : flags.format;
  if (format === 'json') fx.out.write(`${JSON.stringify(packDocument(run, flags.limit ?? 0))}\n`);
  else if (format === 'jsonl') writeRows(fx, format, asLines(run.columns, run.rows));
  else if (format === 'csv')
    writeRows(fx, format, [asCsv(run.columns, run.rows, flags.excelSafe === true)]);
  else for (const part of run.parts) fx.out.write(partTable(part, flags.limit ?? PACK_LIMIT, fx));
  if (flags.quiet !== true) fx.err.write(packAfterword(run, flags));
}

function partTable(part: PackPart, limit: number, fx: Effects): string {
  const rows = limit > 0 ? part.rows.slice(0, limit) : part.rows;
  const more = part.rows.length - rows.length;
  return [
    `${part.title} (${part.name})\n`,
    part.rows.length === 0
      ? '  nothing\n'
      : renderTable(asTable(part.columns, rows), terminalWidth(fx)),
    more > 0 ? `  … and ${String(more)} more\n` : '',
    '\n',
  ].join('');
}

function packAfterword({ record, parts, skipped }: PackRun, flags: PackFlags): string {
  const { run_id: id, core } = record;
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  const lines = [
    `${id}  ${String(parts.length)} queries, ${String(rows)} rows, order ${core.result.order.replace('_', ' ')}`,
    ...skipped.map(
      ({ name, missing }) =>
        `not asked: ${name}: give --param ${missing.join('=... --param ')}=...`,
    ),
    `ordered  sha256 ${core.result.ordered_sha256}`,
    `multiset sha256 ${core.result.multiset_sha256}`,
    `recorded and signed in queries/${id}/; \`exhibit query replay ${id}\` runs all of it again`,
  ];
  if (flags.excelSafe === true && flags.format === 'csv')
    lines.push(`${EXCEL_SAFE_NOTE}; result.csv is`);
  return `\n${lines.map(terminalSafe).join('\n')}\n`;
}

/** Which tables are read row by row, in words. */
function everyRow(scans: Readonly<Record<string, string>>): string {
  const words = Object.entries(scans).map(([table, how]) =>
    how === 'window' ? `${table} (between from and to)` : table,
  );
  return words.length === 0 ? 'of no table' : `of ${words.join(', ')}`;
}

function show(name: string, flags: CommonOptions, fx: Effects): void {
  const query = showQuery(name);
  if (flags.json === true) {
    fx.out.write(`${JSON.stringify(query)}\n`);
    return;
  }
  const width = terminalWidth(fx);
  const params = query.params.map((spec): readonly [string, string] => [
    `  ${spec.name}`,
    `${spec.type}${spec.default === undefined ? ', required' : ` (default "${spec.default}")`}: ${spec.about}`,
  ]);
  fx.out.write(`${query.title}\n\n`);
  fx.out.write(
    renderFields(
      [
        ['name', query.id],
        ['question', query.question],
        ['reads', query.sources.join(', ')],
        ['every row', everyRow(query.scans)],
        ['ATT&CK', `${query.attack.join(' ')} (${query.tactic.join(', ')})`],
        ['example', query.example],
        ['sql sha256', query.sql_sha256],
      ],
      width,
    ),
  );
  if (params.length > 0) fx.out.write(`\nParameters\n${renderFields(params, width)}`);
  const columns = query.columns.map((spec): [string, string] => [`  ${spec.name}`, spec.about]);
  fx.out.write(`\nColumns\n${renderFields(columns, width)}`);
  fx.out.write(`\nHow to read it\n${renderFields([['', query.explanation]], width)}`);
  fx.out.write(`\nReferences\n${query.references.map((text) => `  ${text}\n`).join('')}`);
  fx.out.write(`\nSQL\n${query.sql.replace(/^-- ---\n[\s\S]*?-- ---\n/, '')}`);
}

async function streamAndPrint(choice: QueryChoice, flags: RunFlags, fx: Effects): Promise<void> {
  const { format, maxRows, limit } = flags;
  if (flags.json === true || (format !== 'csv' && format !== 'jsonl') || limit > 0 || maxRows) {
    throw new ExhibitError('E_USAGE', '--stream writes all rows, as csv or jsonl', {
      hint: 'add --format jsonl or --format csv, and leave out --json, --limit and --max-rows',
    });
  }
  const options = {
    params: flags.param,
    ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
    ...(flags.checkContent === undefined ? {} : { checkContent: flags.checkContent }),
  };
  const write = (columns: readonly string[] | undefined, rows: readonly string[]): void => {
    writeRows(fx, format, asPieces(format, columns, rows, flags.excelSafe === true));
  };
  const target = await openCase(findCase(flags, fx));
  const { rows, doubtful } = await streamRows(target, fx, choice, options, {
    columns: (columns) => {
      write(columns, []);
    },
    lines: (lines) => {
      write(undefined, lines);
    },
  });
  if (flags.quiet === true) return;
  fx.err.write(`${String(rows)} rows, nothing recorded\n`);
  if (doubtful > 0)
    fx.err.write(
      `rows in which U+FFFD may stand for bytes that are no text: ${String(doubtful)}\n`,
    );
}

async function runAndPrint(choice: QueryChoice, flags: RunFlags, fx: Effects): Promise<void> {
  if (flags.stream === true) {
    await streamAndPrint(choice, flags, fx);
    return;
  }
  const run = await runAndRecord(await openCase(findCase(flags, fx)), fx, choice, {
    params: flags.param,
    ...(flags.timeout === undefined ? {} : { timeoutS: flags.timeout }),
    ...(flags.maxRows === undefined ? {} : { maxRows: flags.maxRows }),
    ...(flags.checkContent === undefined ? {} : { checkContent: flags.checkContent }),
  });
  const format = flags.json === true ? 'json' : flags.format;
  const rows = flags.limit > 0 ? run.rows.slice(0, flags.limit) : run.rows;
  if (format === 'json') fx.out.write(`${JSON.stringify(runDocument(run, flags.limit))}\n`);
  else if (format === 'jsonl') writeRows(fx, format, asLines(run.columns, rows));
  else if (format === 'csv')
    writeRows(fx, format, [asCsv(run.columns, rows, flags.excelSafe === true)]);
  else fx.out.write(renderTable(asTable(run.columns, rows), terminalWidth(fx)));
  if (flags.quiet !== true) fx.err.write(afterword(run, rows.length, flags));
}

function afterword(run: QueryRun, shown: number, flags: RunFlags): string {
  const { run_id: id, core } = run.record;
  const { result } = core;
  const params = Object.entries(shownParams(run)).map(
    ([name, value]) => `${name}=${String(value)}`,
  );
  const lines = [
    `${id}  ${run.query?.title ?? 'free SQL'}${params.length > 0 ? `  [${params.join(' ')}]` : ''}`,
    `rows ${String(result.row_count)}${shown < result.row_count ? ` (${String(shown)} shown)` : ''}, order ${result.order.replace('_', ' ')}`,
    `ordered  sha256 ${result.ordered_sha256}`,
    `multiset sha256 ${result.multiset_sha256}`,
    `recorded and signed in queries/${id}/; \`exhibit query replay ${id}\` runs it again`,
    ...core.query.warnings.map(
      ({ code, detail }) => `warning: ${code}${detail === '' ? '' : ` (${detail})`}`,
    ),
  ];
  if (run.orderedSql !== undefined) {
    lines.push(
      'the order of these rows is not determined; this query has a fixed one:',
      run.orderedSql,
    );
  }
  if (flags.excelSafe === true && flags.format === 'csv') {
    lines.push(`${EXCEL_SAFE_NOTE}; result.csv is`);
  }
  return `\n${lines.map((line) => terminalSafeLines(line)).join('\n')}\n`;
}

function printReplay(result: Replay, fx: Effects): void {
  const words = {
    match: 'MATCH',
    same_rows_other_order: 'SAME-ROWS-OTHER-ORDER',
    different: 'DIFFERENT',
  } as const;
  fx.out.write(`${words[result.verdict]}  ${result.run_id}\n`);
  const { recorded, replayed } = result.row_count;
  fx.out.write(`rows: ${String(recorded)} recorded, ${String(replayed)} now\n`);
  if (result.first_difference !== null) {
    const { row } = result.first_difference;
    fx.out.write(`first difference: ${row === 0 ? 'the column names' : `row ${String(row)}`}\n`);
    fx.out.write(`  recorded ${terminalSafe(JSON.stringify(result.first_difference.recorded))}\n`);
    fx.out.write(`  now      ${terminalSafe(JSON.stringify(result.first_difference.replayed))}\n`);
  }
  const differences = result.environment_differences;
  if (differences.length === 0) fx.out.write('input and environment: as recorded\n');
  else fx.out.write('input and environment, differences:\n');
  for (const { field, recorded: then, now } of differences) {
    fx.out.write(`  ${field}: ${terminalSafe(String(then))} → ${terminalSafe(String(now))}\n`);
  }
}

function terminalSafeLines(text: string): string {
  return text.split('\n').map(terminalSafe).join('\n');
}
