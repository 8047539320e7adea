/** `exhibit summary`: what each principal did, from where, with what. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import {
  FACETS,
  recordSummary,
  summary,
  SUMMARY_COLUMNS,
  summaryRows,
  type Facet,
  type PrincipalSummary,
} from '../../app/summary.ts';
import { shortName } from '../../app/rows.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import {
  excelSafeOption,
  formatOption,
  noteRun,
  recordOption,
  time,
  wholeNumber,
  writeRows,
  type Format,
} from '../formats.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { printRows } from '../print-rows.ts';
import { renderFields, renderTable, terminalWidth } from '../table.ts';

interface Flags extends CommonOptions {
  readonly from?: number;
  readonly to?: number;
  readonly account?: string;
  readonly region?: string;
  readonly ip?: string;
  readonly issuer?: boolean;
  readonly top: number;
  readonly limit?: number;
  readonly format: Format;
  readonly excelSafe?: boolean;
  readonly record?: boolean;
}

/** Principals of a table when `--limit` is not given. */
const TABLE_LIMIT = 50;

/** Lists of a principal in words. */
const TITLES: Readonly<Record<Facet, string>> = {
  type: 'Kind of identity',
  region: 'Regions',
  source_ip: 'Source addresses',
  user_agent: 'User agents',
  access_key: 'Access keys',
  api_succeeded: 'Calls that succeeded',
  api_failed: 'Calls that failed',
  error: 'Errors',
  role_assumed: 'Roles assumed',
  console: 'Console sign-ins',
  mfa: 'MFA',
};

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('summary')
    .description('what each principal did by CloudTrail, from where, with what')
    .argument('[principal]', 'only principals whose name holds this text, with all their lists');
  recordOption(excelSafeOption(formatOption(commonOptions(command))))
    .option('--from <time>', 'not before this time (RFC 3339 with zone)', time)
    .option('--to <time>', 'before this time', time)
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--ip <address>', 'calls from this address')
    .option('--issuer', 'count the sessions of a role together')
    .option('--top <values>', 'of each list no more than this, 0 for all', wholeNumber, 10)
    .option('--limit <principals>', 'no more than this, 0 for all (table: 50)', wholeNumber)
    .action(async (principal: string | undefined, flags: Flags) => {
      const target = await openCase(findCase(flags, fx));
      const question = { filter: filterOf(principal, flags), byIssuer: flags.issuer === true };
      const recorded =
        flags.record === true ? await recordSummary(target, fx, question) : undefined;
      const all = recorded?.result ?? (await summary(target, fx, question));
      const runs = recorded === undefined ? undefined : [recorded.record.run_id];
      print(all, principal !== undefined, flags, fx, runs);
      if (recorded !== undefined) noteRun(fx, flags.quiet, recorded.record.run_id);
      done(EXIT.ok);
    });
}

function filterOf(
  actor: string | undefined,
  { from, to, account, region, ip }: Flags,
): Parameters<typeof summary>[2]['filter'] {
  const filter = { fromUs: from, toUs: to, account, region, ip, actor };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function print(
  all: readonly PrincipalSummary[],
  details: boolean,
  flags: Flags,
  fx: Effects,
  runs: readonly string[] | undefined,
): void {
  const format = flags.json === true ? 'json' : flags.format;
  const limit = flags.limit ?? (format === 'table' ? TABLE_LIMIT : 0);
  const kept = (limit > 0 ? all.slice(0, limit) : all).map((one) => cut(one, flags.top));
  const rows = [...summaryRows(kept)];
  if (format === 'jsonl')
    writeRows(
      fx,
      format,
      kept.map((one) => `${JSON.stringify(one)}\n`),
    );
  else if (format === 'table' && details)
    for (const one of kept) fx.out.write(detailsOf(one, all, fx));
  else if (format === 'table') fx.out.write(overview(kept, all, fx));
  else
    printRows(fx, flags, {
      document: { principals: kept, count: all.length, ...(runs === undefined ? {} : { runs }) },
      columns: SUMMARY_COLUMNS,
      rows,
      shown: SUMMARY_COLUMNS,
    });
  if (flags.quiet === true) return;
  const more =
    kept.length < all.length ? `, ${String(kept.length)} shown: --limit 0 shows all` : '';
  fx.err.write(`${String(all.length)} principals${more}\n`);
}

function cut(one: PrincipalSummary, top: number): PrincipalSummary {
  if (top === 0) return one;
  const seen = FACETS.map((facet) => [facet, one.seen[facet].slice(0, top)]);
  return { ...one, seen: Object.fromEntries(seen) as PrincipalSummary['seen'] };
}

function overview(
  kept: readonly PrincipalSummary[],
  all: readonly PrincipalSummary[],
  fx: Effects,
): string {
  const rows = kept.map(({ principal }, at) => {
    const whole = all[at];
    const sizes = (
      ['region', 'source_ip', 'user_agent', 'access_key', 'role_assumed'] as const
    ).map((facet) => whole?.seen[facet].length ?? 0);
    const fields = [whole?.events ?? 0, whole?.failed ?? 0, whole?.first_seen, whole?.last_seen];
    return [shortName(principal), ...fields.map((field) => field ?? null), ...sizes];
  });
  const columns = ['principal', 'events', 'failed', 'first seen', 'last seen'];
  const counts = ['regions', 'addresses', 'agents', 'keys', 'roles'];
  const table = { columns: [...columns, ...counts], rows, right: [1, 2, 5, 6, 7, 8, 9] };
  return renderTable(table, terminalWidth(fx));
}

function detailsOf(one: PrincipalSummary, all: readonly PrincipalSummary[], fx: Effects): string {
  const width = terminalWidth(fx);
  const whole = all.find(({ principal }) => principal === one.principal) ?? one;
  const head = renderFields(
    [
      ['principal', one.principal],
      ['events', `${String(one.events)}, ${String(one.failed)} failed`],
      ['first seen', one.first_seen],
      ['last seen', one.last_seen],
    ],
    width,
  );
  const lists = FACETS.filter((facet) => one.seen[facet].length > 0).map((facet) => {
    const rows = one.seen[facet].map((seen) => [
      seen.value,
      seen.events,
      seen.first_seen,
      seen.last_seen,
    ]);
    const columns = [TITLES[facet], 'events', 'first seen', 'last seen'];
    const more = whole.seen[facet].length - rows.length;
    const rest = more > 0 ? `  … and ${String(more)} more: --top 0 shows all\n` : '';
    return `\n${renderTable({ columns, rows, right: [1] }, width)}${rest}`;
  });
  return `${head}${lists.join('')}\n`;
}
