/** `exhibit show`: one record with its provenance, its exact bytes, and the proof from the sealed tar. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { showRecord, writeRaw, type ShownRecord } from '../../app/show.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
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

/** Of a record, as much is printed; `--raw` writes all of it. */
const PRINTED_BYTES = 64 * 1024;

/** A reject longer than this would burst the JSON document (a string of V8 ends at 2^29): `--raw` writes it. */
const JSON_BYTES = 64 * 1024 * 1024;

/** `raw` is null when the bytes are not UTF-8, and both forms of them are null when they are too long. */
function document(record: ShownRecord): unknown {
  const { kind, source, place, volume, checks, verified, copies } = record;
  const long = record.raw.length > JSON_BYTES;
  const text = long ? '' : Buffer.from(record.raw).toString('utf8');
  const exact = !long && Buffer.from(text, 'utf8').equals(record.raw);
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
    raw_base64: long ? null : Buffer.from(record.raw).toString('base64'),
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
  fx.out.write(`\nThe record\n${recordText(record, width)}`);
  fx.out.write('\nRead again from the sealed evidence\n');
  const rows = checks.map((one) => [one.status, one.id, one.subject, one.detail]);
  fx.out.write(renderTable({ columns: ['', 'check', 'of', 'detail'], rows }, width));
  fx.out.write(
    record.verified
      ? '\nVERIFIED: these are the bytes that were sealed, and read again they give these very columns.\n'
      : '\nNOT VERIFIED: see the checks that failed.\n',
  );
}

// In what was read as a record a line feed stands between tokens only; in a reject it could forge lines of ours.
function recordText({ kind, raw }: ShownRecord, width: number): string {
  const text = Buffer.from(raw.subarray(0, PRINTED_BYTES)).toString('utf8');
  const lines = kind === 'reject' ? [text] : text.split('\n');
  const printed = renderFields(
    lines.map((line) => ['', line]),
    width,
  );
  const rest = raw.length - PRINTED_BYTES;
  return rest > 0 ? `${printed}  … ${String(rest)} bytes more: --raw FILE writes all\n` : printed;
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
