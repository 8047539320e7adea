/** `exhibit status`: evidence, files, records, coverage and gaps. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { caseStatus, type DatabaseStatus, type Status } from '../../app/status.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { terminalSafe } from '../../core/text.ts';
import { renderFields, renderTable, terminalWidth, type Table } from '../table.ts';

interface StatusFlags extends CommonOptions {
  readonly all?: boolean;
}

// Longer lists end in a line that says how to see the rest.
const SHORT_LIST = 12;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    program.command('status').description('evidence, sources, counts, coverage and gaps'),
  )
    .option('--all', 'print long lists to their end')
    .action(async (flags: StatusFlags) => {
      const status = caseStatus(await openCase(findCase(flags, fx)));
      if (flags.json === true) {
        const { database, ...rest } = status;
        const document = { ...rest, ...(database ?? { totals: null }) };
        fx.out.write(`${JSON.stringify(document)}\n`);
      } else print(status, flags.all === true ? Infinity : SHORT_LIST, fx);
      done((status.database?.unreconciled.length ?? 0) > 0 ? EXIT.badNews : EXIT.ok);
    });
}

function print(status: Status, most: number, fx: Effects): void {
  const width = terminalWidth(fx);
  const section = (title: string, table: Table): void => {
    if (table.rows.length === 0) return;
    const rows = table.rows.slice(0, most);
    const rest = table.rows.length - rows.length;
    fx.out.write(`\n${title}\n${renderTable({ ...table, rows }, width)}`);
    if (rest > 0) fx.out.write(`… and ${String(rest)} more: --all prints them\n`);
  };
  const { database } = status;
  const totals = database?.totals;
  fx.out.write(
    renderFields(
      [
        ['case', status.case],
        ['evidence', status.evidence_folders.map(evidenceWord).join(', ') || 'none'],
        ...(database === undefined || totals === undefined
          ? [['database', 'nothing was imported yet: exhibit import'] as const]
          : [
              [
                'events',
                `${database.range.first ?? 'none'} to ${database.range.last ?? 'none'}`,
              ] as const,
              [
                'records',
                `${String(totals.records)} = ${String(totals.imported)} imported + ${String(totals.duplicates)} duplicates + ${String(totals.rejected)} rejected${totals.inner === 0 ? '' : `; ${String(totals.inner)} of them inside other records`}`,
              ] as const,
              ['content sha256', totals.content_sha256] as const,
            ]),
      ],
      width,
    ),
  );
  if (database !== undefined) printDatabase(database, section);
}

function printDatabase(
  database: DatabaseStatus,
  section: (title: string, table: Table) => void,
): void {
  const { totals } = database;
  section('Records by source', {
    columns: ['source', 'files', 'records', 'imported', 'duplicates', 'rejected', 'inner'],
    rows: Object.entries(totals.by_source).map(([source, counts]) => [
      source,
      counts.files,
      counts.records,
      counts.imported,
      counts.duplicates,
      counts.rejected,
      counts.inner,
    ]),
  });
  section('COUNTS THAT DO NOT ADD UP', {
    columns: ['what'],
    rows: database.unreconciled.map((text) => [text]),
  });
  section('Files by evidence', {
    columns: ['evidence', 'files', 'bytes', 'by status'],
    rows: database.evidence.map((item) => [
      item.evidence_id,
      item.files,
      item.bytes,
      Object.entries(item.files_by_status)
        .map(([name, count]) => `${name} ${String(count)}`)
        .join(', '),
    ]),
  });
  section('Files that no source recognised', {
    columns: ['evidence', 'path', 'bytes', 'why'],
    rows: database.unrecognised.map((file) => [
      file.evidence_id,
      file.path,
      file.size,
      file.reason,
    ]),
  });
  section('Rejected records', {
    columns: ['source', 'reason', 'records'],
    rows: database.rejects.map((one) => [one.source ?? null, one.name, one.count]),
  });
  section('Anomalies, kept and noted', {
    columns: ['kind', 'count'],
    rows: database.anomalies.map((one) => [one.name, one.count]),
  });
  section('Clocks and zones of what was imported', {
    columns: ['source', 'its times'],
    rows: database.clocks.map(({ source, clock }) => [source, clock]),
  });
  section('Files whose times lack year or zone', {
    columns: ['source', 'evidence', 'path', 'what was assumed'],
    rows: database.assumed_times.map((one) => [one.source, one.evidence_id, one.path, one.detail]),
  });
  section(
    `Flow logs in an order of fields of their own, as the evidence names them; ${
      database.flow_formats.declared === null
        ? 'none was declared: import --vpc-format reads rows without a header by one'
        : `declared: ${terminalSafe(database.flow_formats.declared)}`
    }`,
    {
      columns: ['flow log', 'of', 'goes to', 'format'],
      rows: database.flow_formats.named.map((one) => [
        one.flow_log_id,
        one.resource_id,
        one.goes_to,
        one.log_format,
      ]),
    },
  );
  section('Coverage, in hours with records', {
    columns: [
      'source',
      'account',
      'region',
      'first hour',
      'last hour',
      'records',
      'hours',
      'covered',
      'gaps',
    ],
    rows: database.coverage.map((one) => [
      one.source,
      one.account_id,
      one.region,
      one.from,
      one.to,
      one.records,
      one.hours,
      `${String(Math.floor((one.hours_with_records * 100) / one.hours))} %`,
      one.gaps.length,
    ]),
  });
  const gaps = database.coverage.flatMap((one) =>
    one.gaps.map((gap) => [one.source, one.account_id, one.region, gap.from, gap.to, hoursOf(gap)]),
  );
  section('Gaps: hours without a record, longest first', {
    columns: ['source', 'account', 'region', 'from', 'to', 'hours'],
    rows: gaps.sort((a, b) => Number(b[5]) - Number(a[5])),
  });
  section('CloudTrail deliveries more than an hour apart by file name, longest first', {
    columns: ['account', 'region', 'last file before', 'first file after', 'hours'],
    rows: database.delivery_gaps
      .map((gap) => [gap.account_id, gap.region, gap.from, gap.to, hoursOf(gap)])
      .sort((a, b) => Number(b[4]) - Number(a[4])),
  });
}

function evidenceWord(item: Status['evidence_folders'][number]): string {
  const state = item.imported ? 'imported' : item.sealed ? 'sealed, not imported' : 'not sealed';
  return `${item.id} (${state})`;
}

function hoursOf(gap: { readonly from: string; readonly to: string }): number {
  return Math.round((Date.parse(gap.to) - Date.parse(gap.from)) / 3_600_000);
}
