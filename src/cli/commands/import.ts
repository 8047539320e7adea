/** `exhibit import`: sealed evidence into case.db. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { importEvidence, type ImportResult } from '../../app/import.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';

interface Options extends CommonOptions {
  readonly fts?: boolean;
  readonly vpcFormat?: string;
  readonly workers?: string;
}

const PHASES = {
  read: 'reading the evidence',
  duplicates: 'looking for duplicates',
  index: 'building indexes',
  check: 'hashing and checking the database',
  full_text: 'making the full-text index',
} as const;

/** Adds the command. */
export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    program
      .command('import')
      .description('read sealed evidence into case.db; doing it again changes nothing')
      .argument('[evidence...]', 'evidence ids, for example EV-0001 (default: all that is sealed)')
      .option('--workers <n>', 'worker threads (default: as many as there are cores, at most 8)')
      .option('--fts', 'also make an index that lets `search` skip what cannot hold the words')
      .option(
        '--vpc-format <fields>',
        'format of VPC flow logs without a header, as AWS writes it: \'${version} ${srcaddr} ...\'; stays until "default" is given',
      ),
  ).action(async (evidence: readonly string[], options: Options) => {
    const workers = options.workers === undefined ? undefined : parseWorkers(options.workers);
    let phase = '';
    let percent = -1;
    const result = await importEvidence(await openCase(findCase(options, fx)), fx, {
      ...(evidence.length === 0 ? {} : { evidence }),
      ...(workers === undefined ? {} : { workers }),
      ...(options.vpcFormat === undefined ? {} : { vpcFormat: options.vpcFormat }),
      ...(options.fts === true ? { fullText: true } : {}),
      progress: (now, share) => {
        if (options.quiet === true) return;
        const next = Math.floor((share ?? 0) * 100);
        if (now === phase && (!fx.err.isTTY || next === percent)) return;
        if (fx.err.isTTY) {
          const part = share === undefined ? '' : ` ${String(next)} %`;
          fx.err.write(`${now === phase || phase === '' ? '\r' : '\n'}${PHASES[now]}${part}`);
        } else {
          fx.err.write(`${PHASES[now]}\n`);
        }
        phase = now;
        percent = next;
      },
    });
    if (phase !== '' && fx.err.isTTY) fx.err.write('\n');
    fx.out.write(options.json === true ? `${JSON.stringify(result)}\n` : asText(result));
    done(EXIT.ok);
  });
}

/** More threads than this only cost memory. */
const MAX_WORKERS = 64;

function parseWorkers(text: string): number {
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (workers >= 1 && workers <= MAX_WORKERS) return workers;
  throw new ExhibitError('E_USAGE', `"${text}" is not a number of workers`, {
    hint: `give a number from 1 to ${String(MAX_WORKERS)}`,
  });
}

function asText(result: ImportResult): string {
  const evidence = result.evidence.join(', ');
  const head =
    result.status === 'imported'
      ? `Imported ${evidence}.`
      : `${evidence} is in the database already; nothing was done.`;
  const rows: [string, ImportResult['by_source'][string]][] = [
    ...Object.entries(result.by_source),
    ['all files', result],
  ];
  const width = Math.max(...rows.map(([name]) => name.length), 'source'.length);
  const table = rows.map(
    ([name, counts]) =>
      `  ${name.padEnd(width)}${[counts.files, counts.records, counts.imported, counts.duplicates, counts.rejected, counts.inner].map((n) => String(n).padStart(12)).join('')}`,
  );
  const titles = ['files', 'records', 'imported', 'duplicates', 'rejected', 'inner'];
  return [
    head,
    `  ${'source'.padEnd(width)}${titles.map((title) => title.padStart(12)).join('')}`,
    ...table,
    `content_sha256 ${result.content_sha256}`,
    ...(result.full_text === undefined
      ? []
      : [`full-text index in search.db: ${result.full_text.replace('_', ' ')}`]),
    '',
  ].join('\n');
}
