/** `exhibit cloudtrail validate`: CloudTrail's own digest chain, offline. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { notBeforeText, validateCloudTrail, type ValidateResult } from '../../app/cloudtrail.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { parseUserTime } from '../../core/time.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { Progress, size } from '../progress.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Options extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly publicKeys?: readonly string[];
  readonly all?: boolean;
  readonly record: boolean;
}

/** Adds `cloudtrail validate`. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const cloudtrail = program.command('cloudtrail').description("CloudTrail's own witness");
  commonOptions(
    cloudtrail
      .command('validate')
      .description('validate log files and digests against the signatures AWS delivered with them')
      .option('--from <time>', 'start of the window that digests must cover')
      .option('--to <time>', 'end of the window that digests must cover')
      .option(
        '--public-keys <file>',
        'answer of `aws cloudtrail list-public-keys`; may be given for each region',
        (file: string, others: readonly string[] | undefined) => [...(others ?? []), file],
      )
      .option('--all', 'list every object, the valid ones too')
      .option(
        '--no-record',
        'do not write the result into the case: database, report file and ledger',
      ),
  ).action(async (options: Options) => {
    const progress = new Progress(fx, options.quiet === true);
    const result = await validateCloudTrail(await openCase(findCase(options, fx)), fx, {
      ...(options.from === undefined ? {} : { from: parseUserTime(options.from) }),
      ...(options.to === undefined ? {} : { to: parseUserTime(options.to) }),
      ...(options.publicKeys === undefined ? {} : { publicKeys: options.publicKeys }),
      record: options.record,
      onRead: ({ volume, done: read, ...amount }) => {
        if (read) progress.done(`read ${volume}, ${size(amount.bytes)}`);
        else progress.step(`reading ${volume}`, amount);
      },
    });
    if (options.json === true) fx.out.write(`${JSON.stringify(asJson(result))}\n`);
    else print(fx, result, options.all === true);
    const advice = ADVICE[result.database];
    if (advice !== undefined) progress.done(advice);
    done(result.ok ? EXIT.ok : EXIT.badNews);
  });
}

/** The fixed keys of docs/cli.md, and what else a program may want to know. */
function asJson(result: ValidateResult): Readonly<Record<string, unknown>> {
  const { ok, proven, digests, logs, findings, keys, evidence, database, notBefore } = result;
  const bounds = notBefore.map(notBeforeText);
  return { ok, proven, digests, logs, findings, keys, not_before: bounds, evidence, database };
}

/** Findings of one status that are listed one by one; the rest is counted. */
const LISTED = 20;
/** Statuses that are only counted unless all is asked for. */
const QUIET = new Set(['valid', 'validated', 'uncovered', 'key_from_evidence']);

function print(fx: Effects, result: ValidateResult, all: boolean): void {
  const width = terminalWidth(fx);
  const groups = Map.groupBy(result.findings, ({ kind, status }) => `${kind} ${status}`);
  const rows: string[][] = [];
  const counted: string[] = [];
  for (const [name, findings] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const quiet = QUIET.has(name.slice(name.indexOf(' ') + 1));
    const most = all ? findings.length : quiet ? 0 : LISTED;
    rows.push(...findings.slice(0, most).map((f) => [f.kind, f.status, f.subject, f.detail]));
    const rest = findings.length - most;
    if (rest > 0) counted.push(`${String(rest)} ${most > 0 ? 'more ' : ''}${name}`);
  }
  if (rows.length > 0) {
    fx.out.write(renderTable({ columns: ['kind', 'status', 'subject', 'detail'], rows }, width));
    fx.out.write('\n');
  }
  if (counted.length > 0) {
    fx.out.write(`Not listed (--all lists them): ${counted.join(', ')}\n\n`);
  }
  const { digests, logs, keys, notBefore } = result;
  fx.out.write(
    `Digests: ${counts(digests)}\nLogs:    ${counts(logs)}\nKeys:    ${keyText(result)}\n`,
  );
  for (const one of keys.fingerprints.slice(0, LISTED)) {
    // Who compares fingerprints must not be shown AWS's over a key of somebody else.
    const other = result.findings.find(
      ({ status, subject }) => status === 'fingerprint_differs' && subject === one,
    );
    fx.out.write(`         ${one}${other === undefined ? '' : `  NOT ITS OWN: ${other.detail}`}\n`);
  }
  const more = keys.fingerprints.length - LISTED;
  if (more > 0) fx.out.write(`         and ${String(more)} more (--json lists them)\n`);
  for (const { evidence, time } of notBefore.map(notBeforeText)) {
    fx.out.write(
      `Age:     ${evidence} is not older than ${time}: AWS signed a digest in it that ends then\n`,
    );
  }
  fx.out.write(`${conclusion(result)}\n`);
}

const ADVICE: Readonly<Partial<Record<ValidateResult['database'], string>>> = {
  absent:
    'The case has no database yet: validate again after `exhibit import` to query the result.',
  outdated:
    'The database is of another version: run `exhibit import` and validate again to query the result.',
};

function keyText({ keys }: ValidateResult): string {
  const where = {
    given: 'given by you',
    acquisition:
      "sealed with the evidence by whoever collected it: compare the fingerprints with AWS's own list",
    evidence: 'from the evidence itself: they prove nothing',
    none: 'none in the evidence: give them with --public-keys',
  }[keys.origin];
  return `${String(keys.fingerprints.length)}, ${where}`;
}

function conclusion({ ok, keys, digests, logs }: ValidateResult): string {
  const own =
    keys.origin === 'evidence' && digests.total > 0
      ? 'NOTHING IS PROVEN: the public keys came with the evidence, and whoever makes a trail can make its keys. Fetch the keys from AWS and give them with --public-keys.'
      : undefined;
  if (!ok) return `NOT VALID: see the findings above.${own === undefined ? '' : ` ${own}`}`;
  if (own !== undefined) return own;
  if (digests.total === 0) {
    return 'No digest file is in the evidence: CloudTrail itself vouches for none of these logs.';
  }
  const open = digests.unproven + logs.unproven;
  const silent = logs.uncovered === 0 ? '' : ` No digest speaks of ${String(logs.uncovered)} logs.`;
  const said =
    open === 0
      ? `Nothing that CloudTrail signed was changed or is missing${keys.origin === 'acquisition' ? ', if the keys that the collector sealed are AWS’s' : ''}.`
      : `Nothing was found changed or missing; NOT PROVEN either way: ${String(digests.unproven)} digests and ${String(logs.unproven)} logs.`;
  return `${said}${silent}`;
}

function counts(of: ValidateResult['digests']): string {
  const { total, ...rest } = of;
  const parts = Object.entries(rest).filter(([, count]) => count > 0);
  return `${String(total)} (${parts.map(([name, count]) => `${String(count)} ${name}`).join(', ') || 'none'})`;
}
