/** `exhibit show`: one record with its provenance, its exact bytes, and the proof from the sealed tar. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { showRecord, writeRaw, type ShownRecord } from '../../app/show.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { formatUs } from '../../core/time.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';
import { renderFields, renderTable, terminalWidth } from '../table.ts';

interface ShowFlags extends CommonOptions {
  readonly raw?: string;
}

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(program.command('show').description('one record, proved from the sealed evidence'))
    .argument(
      '<row>',
      'row, such as cloudtrail:268435457, duplicate:ID, reject:ID, or the id alone',
    )
    .option('--raw <file>', 'also write the exact bytes of the record to a new file')
    .action(async (name: string, flags: ShowFlags) => {
      const record = await showRecord(await openCase(findCase(flags, fx)), fx, name);
      if (flags.raw !== undefined) await writeRaw(resolve(fx.cwd, flags.raw), record.raw);
      if (flags.json === true) fx.out.write(`${JSON.stringify(document(record))}\n`);
      else print(record, fx);
      done(record.verified ? EXIT.ok : EXIT.badNews);
    });
}

function document(record: ShownRecord): unknown {
  const { kind, source, place, volume, checks, verified, copies } = record;
  const text = Buffer.from(record.raw).toString('utf8');
  const exact = Buffer.from(text, 'utf8').equals(record.raw);
  return {
    row: rowName(record),
    kind,
    source,
    columns: Object.fromEntries(
      Object.entries(record.columns).map(([key, value]) => [key, jsonValue(value)]),
    ),
    provenance: { ...place, volume: volume ?? null },
    copies: copies.map((id) => `duplicate:${String(id)}`),
    raw: exact ? text : null,
    raw_base64: Buffer.from(record.raw).toString('base64'),
    verified,
    checks,
  };
}

function jsonValue(value: string | number | bigint | null): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function print(record: ShownRecord, fx: Effects): void {
  const width = terminalWidth(fx);
  const { place, checks, copies } = record;
  const columns = Object.entries(record.columns)
    .filter(([, value]) => value !== null)
    .map(([name, value]): [string, string] => [`  ${name}`, shown(name, value)]);
  fx.out.write(`${rowName(record)}  (${record.kind} of ${record.source})\n\n`);
  fx.out.write(renderFields(columns, width));
  fx.out.write('\nWhere it comes from\n');
  fx.out.write(
    renderFields(
      [
        ['  evidence', `${place.evidence_id}, volume ${record.volume ?? 'none'}`],
        ['  file', place.path],
        ...(place.key === null
          ? [['  collected from', place.original_path] as const]
          : [['  S3', `s3://${place.bucket ?? '?'}/${place.key}`] as const]),
        ['  record', `${String(place.record_no)} of its file`],
        [
          '  bytes',
          `${String(place.length)} from offset ${String(place.offset)} of the decompressed file (${place.compression ?? 'none'})`,
        ],
        ...(copies.length > 0
          ? [['  copies', copies.map((id) => `duplicate:${String(id)}`).join(' ')] as const]
          : []),
      ],
      width,
    ),
  );
  fx.out.write('\nThe record\n');
  const text = terminalSafe(Buffer.from(record.raw).toString('utf8'));
  fx.out.write(renderFields([['', text]], width));
  fx.out.write('\nRead again from the sealed evidence\n');
  const rows = checks.map((one) => [one.status, one.id, one.subject, one.detail]);
  fx.out.write(renderTable({ columns: ['', 'check', 'of', 'detail'], rows }, width));
  fx.out.write(
    record.verified
      ? '\nVERIFIED: these are the bytes that were sealed.\n'
      : '\nNOT VERIFIED: see the checks that failed.\n',
  );
}

function shown(name: string, value: string | number | bigint | null): string {
  const text = String(value);
  return name.endsWith('_us') && /^-?\d+$/.test(text)
    ? `${formatUs(Number(text))} (${text})`
    : text;
}

function rowName(record: ShownRecord): string {
  return `${record.kind === 'row' ? record.source : record.kind}:${String(record.id)}`;
}
