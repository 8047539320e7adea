/** `exhibit demo`: the main job on the samples, told step by step, with what it found and where to look next. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { runDemo, type DemoStep } from '../../app/demo.ts';
import type { QueryRun } from '../../app/query.ts';
import { asTable } from '../../app/rows.ts';
import type { CheckStatus } from '../../core/check.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { size } from '../progress.ts';
import { renderTable } from '../table.ts';

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  program
    .command('demo')
    .description('the main job on the samples: collect, seal, verify, import, ask, report')
    .option('--dir <dir>', 'folder of the demo; its case is made anew on each run', 'demo')
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .action(async ({ dir, json }: Options) => {
      const say = (text: string): void => {
        if (json !== true) fx.out.write(text);
      };
      const steps: DemoStep[] = [];
      say('Five days of AWS logs of a company that lost a key, from a folder to answers.\n\n');
      const target = await runDemo(resolve(fx.cwd, dir), fx, (step) => {
        say(told(step, fx));
        steps.push(step);
      });
      say(`\nWhat it found, in a few of the answers:\n${answers(steps)}`);
      say(next(relative(fx.cwd, target.paths.dir) || '.'));
      if (json === true) fx.out.write(`${JSON.stringify(asJson(target.paths.dir, steps))}\n`);
      done(EXIT.ok);
    });
}

/** One step as a line, or two. */
function told(step: DemoStep, fx: Effects): string {
  const [first = '', ...rest] = words(step, fx);
  return [
    `${step.step.padEnd(9)}${first}\n`,
    ...rest.map((line) => `${' '.repeat(9)}${line}\n`),
  ].join('');
}

function words(step: DemoStep, fx: Effects): readonly string[] {
  switch (step.step) {
    case 'init': {
      const { dir, case: id } = step.result;
      const again = step.replaced ? ' (the one of the last demo was replaced)' : '';
      return [
        `case ${id} in ${relative(fx.cwd, dir)}${again}`,
        'its keys have no passphrase: it is only a demo',
      ];
    }
    case 'collect': {
      const { stored, bytes } = step.result;
      return [`${count(stored)} files, ${size(bytes)}, byte for byte`];
    }
    case 'seal': {
      const { evidence, seal } = step.result;
      return [`${evidence}, signed; seal sha256 ${seal.sha256}`];
    }
    case 'verify': {
      const of = (status: CheckStatus): readonly string[] =>
        step.result.checks.filter((check) => check.status === status).map(({ id }) => id);
      const open = of('not_checked');
      return [
        `${count(of('pass').length)} checks passed, ${count(of('fail').length)} failed, ${count(open.length)} could not be made (${open.join(', ')})`,
      ];
    }
    case 'import': {
      const { records, imported, duplicates, rejected, by_source: bySource } = step.result;
      return [
        `${count(records)} records = ${count(imported)} imported + ${count(duplicates)} duplicates + ${count(rejected)} rejected`,
        mostOf(bySource),
      ];
    }
    case 'digests': {
      const { digests, logs } = step.result;
      return [
        `CloudTrail's own: ${count(digests.valid)} of ${count(digests.total)} digests valid; of ${count(logs.total)} log files`,
        `${count(logs.valid)} are as AWS delivered them, ${count(logs.invalid)} not, ${count(logs.uncovered)} lie outside any digest`,
      ];
    }
    case 'queries':
      return [
        `${count(step.runs.length)} of ${count(step.known)} questions asked; each run is recorded, signed and replayable`,
      ];
    case 'report':
      return [relative(fx.cwd, step.result.file)];
  }
}

/** The sources with most records; the rest as a number. */
function mostOf(bySource: Readonly<Record<string, { readonly imported: number }>>): string {
  const sources = Object.entries(bySource).sort(
    ([a, x], [b, y]) => y.imported - x.imported || (a < b ? -1 : 1),
  );
  const most = sources.slice(0, 4).map(([source, { imported }]) => `${source} ${count(imported)}`);
  return `of ${String(sources.length)} kinds: ${most.join(', ')}, …`;
}

/** Digits in groups of three, the same in every language. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Answers that tell the story of the samples: the columns that fit a line, and how many rows. */
const SHOWN = [
  {
    id: 'console-without-mfa',
    columns: ['time', 'actor', 'result', 'source_ip_address'],
    most: 2,
  },
  {
    id: 'logging-off',
    columns: ['time', 'actor', 'event_name', 'outcome', 'source_ip_address'],
    most: 7,
  },
  {
    id: 's3-bytes-out',
    columns: ['evidence', 'ip', 'bucket_name', 'objects', 'bytes_out'],
    most: 4,
  },
] as const;

/** Fits beside a prompt in a document. */
const WIDTH = 98;

function runsOf(steps: readonly DemoStep[]): readonly QueryRun[] {
  return steps.flatMap((step) => (step.step === 'queries' ? step.runs : []));
}

function answers(steps: readonly DemoStep[]): string {
  const runs = runsOf(steps);
  return SHOWN.map(({ id, columns, most }) => {
    const run = runs.find(({ query }) => query?.id === id);
    if (run?.query === undefined) return '';
    const table = asTable(run.columns, run.rows.slice(0, most));
    const at = columns.map((name) => table.columns.indexOf(name));
    // Names without the account in front: the demo shows the idea, the query the whole.
    const rows = table.rows.map((row) =>
      at.map((index) => row[index]?.replace(/^arn:aws:[a-z]+::\d{12}:/, '') ?? null),
    );
    const text = renderTable({ columns, rows }, WIDTH).replace(/^/gm, '  ').trimEnd();
    const more = run.rows.length - rows.length;
    const rest = more > 0 ? `  … and ${count(more)} more\n` : '';
    return `\n${run.query.question} (${id})\n${text}\n${rest}`;
  }).join('');
}

/** What each step came to, for programs. */
function asJson(dir: string, steps: readonly DemoStep[]): Readonly<Record<string, unknown>> {
  const results = steps.map((step): readonly [string, unknown] => {
    if (step.step === 'queries') return [step.step, step.runs.map(queryJson)];
    if (step.step !== 'seal') return [step.step, step.result];
    const { evidence, seal } = step.result;
    return [step.step, { evidence, seal_sha256: seal.sha256 }];
  });
  return { case: dir, ...Object.fromEntries(results) };
}

function queryJson({ record, query }: QueryRun): Readonly<Record<string, unknown>> {
  const { run_id: runId, core } = record;
  return {
    run_id: runId,
    name: query?.id ?? null,
    row_count: core.result.row_count,
    ordered_sha256: core.result.ordered_sha256,
  };
}

function next(dir: string): string {
  const commands = [
    ['the story behind it', 'evidence-samples/README.md'],
    ['open the report', `${dir}/report/report.html`],
    ['ask the next question', `npx exhibit query list --case ${dir}`],
    [
      'see everything in time',
      `npx exhibit timeline --case ${dir} --from 2026-09-17T22:41:00Z --limit 20`,
    ],
    ['check it without us', `cat ${dir}/VERIFY.txt`],
  ];
  return `\nWhere to look next:\n${commands.map(([what = '', how = '']) => `  ${what.padEnd(24)}${how}\n`).join('')}`;
}
