/** `exhibit cloudtrail validate`: CloudTrail's own digest chain, offline. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { validateCloudTrail, type ValidateResult } from '../../app/cloudtrail.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { parseUserTime } from '../../core/time.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { renderTable, terminalWidth } from '../table.ts';

interface Options extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly publicKeys?: string;
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
      .option('--public-keys <file>', 'answer of `aws cloudtrail list-public-keys`')
      .option('--all', 'list every object, the valid ones too')
      .option('--no-record', 'do not write the result into the case and its ledger'),
  ).action(async (options: Options) => {
    const result = await validateCloudTrail(await openCase(findCase(options, fx)), fx, {
      ...(options.from === undefined ? {} : { from: parseUserTime(options.from) }),
      ...(options.to === undefined ? {} : { to: parseUserTime(options.to) }),
      ...(options.publicKeys === undefined ? {} : { publicKeys: options.publicKeys }),
      record: options.record,
    });
    if (options.json === true) fx.out.write(`${JSON.stringify(result)}\n`);
    else print(fx, result, options.all === true);
    done(result.ok ? EXIT.ok : EXIT.badNews);
  });
}

/** Findings of one status that are listed one by one; the rest is counted. */
const LISTED = 20;

function print(fx: Effects, result: ValidateResult, all: boolean): void {
  const width = terminalWidth(fx);
  const byStatus = new Map<string, (typeof result.findings)[number][]>();
  for (const finding of result.findings) {
    const name = `${finding.kind} ${finding.status}`;
    byStatus.set(name, [...(byStatus.get(name) ?? []), finding]);
  }
  const rows: string[][] = [];
  const counted: string[] = [];
  for (const [name, findings] of [...byStatus].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const quiet = name.endsWith(' valid') && !all;
    const shown = quiet ? [] : all ? findings : findings.slice(0, LISTED);
    rows.push(...shown.map((f) => [f.kind, f.status, f.subject, f.detail]));
    const rest = findings.length - shown.length;
    if (rest > 0 && !quiet) counted.push(`${String(rest)} more: ${name}`);
  }
  if (rows.length > 0) {
    fx.out.write(renderTable({ columns: ['kind', 'status', 'subject', 'detail'], rows }, width));
    for (const line of counted) fx.out.write(`  … ${line} (--all lists them)\n`);
    fx.out.write('\n');
  }
  const { digests, logs, keys } = result;
  fx.out.write(
    `Digests: ${counts(digests)}\nLogs:    ${counts(logs)}\n` +
      `Keys:    ${String(keys.fingerprints.length)}, ${
        keys.origin === 'given'
          ? 'given by you'
          : "from the evidence itself: compare them with AWS's own list (--public-keys)"
      }\n`,
  );
  fx.out.write(
    !result.ok
      ? 'NOT VALID: see the findings above.\n'
      : digests.total === 0
        ? 'No digest file, by its name, is in the evidence: CloudTrail itself vouches for none of these logs.\n'
        : 'Nothing that CloudTrail signed was changed or is missing.\n',
  );
}

function counts(of: Readonly<Record<string, number>>): string {
  const { total = 0, ...rest } = of;
  const parts = Object.entries(rest).filter(([, count]) => count > 0);
  return `${String(total)} (${parts.map(([name, count]) => `${String(count)} ${name}`).join(', ') || 'none'})`;
}
