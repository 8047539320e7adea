/** `npm run bench`: see bench/README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAnswers } from './answers.ts';
import { benchLines } from './import-lines.ts';
import { benchImport } from './import.ts';
import { LINE_LOGS } from './lines.ts';
import { table, type Result } from './measure.ts';
import { rawStorage } from './raw-storage.ts';
import { benchSeal, benchVerify } from './seal.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    lines: { type: 'string', default: '5000000' },
    repeat: { type: 'string', default: '3' },
    'payload-mb': { type: 'string', default: '2000' },
    only: { type: 'string' },
    linearity: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [events, lines, repeat, megabytes] = [
  values.events,
  values.lines,
  values.repeat,
  values['payload-mb'],
].map(Number) as [number, number, number, number];
const talk = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** A table for each kind of result: they have other columns. */
function tables(results: readonly Result[]): string {
  const kinds = [...new Set(results.map((result) => Object.keys(result).join(' ')))];
  return kinds
    .map((kind) => table(results.filter((result) => Object.keys(result).join(' ') === kind)))
    .join('\n');
}

/** Results of what was asked for; `raw` prints its own table. */
async function measure(folder: string): Promise<Result[]> {
  const { only } = values;
  if (only === 'raw') return rawStorage(folder, Math.min(events, 50_000));
  const results: Result[] = [];
  // A case of ten million records takes minutes to make: only when it is asked for.
  if (only === 'answers') return benchAnswers(folder, events, lines, repeat, talk);
  if (only === undefined || only === 'import') {
    talk(`import: ${String(events)} events, ${String(repeat)} pairs`);
    const small = await benchImport(folder, events, repeat, true);
    results.push(small);
    if (values.linearity) {
      talk(`import: ${String(events * 10)} events, without the peer`);
      const large = await benchImport(folder, events * 10, 1, false);
      results.push({
        ...large,
        name: 'import-cloudtrail-x10',
        peer: 'import-cloudtrail, per event',
        peer_s: small.ours_s * 10,
        ratio: Number(large['us_per_event']) / Number(small['us_per_event']),
      });
    }
  }
  for (const log of LINE_LOGS) {
    if (only === undefined || only === 'lines' || only === log.name) {
      // Lines of access logs are five times as long as those of flows.
      const count = log.name === 'vpc_flow' ? lines : Math.ceil(lines / 5);
      talk(`import: ${String(count)} lines of ${log.name}, ${String(repeat)} times`);
      results.push(await benchLines(folder, log, count, repeat));
    }
  }
  if (only === undefined || only === 'seal') {
    talk(`seal: ${String(megabytes)} MB, ${String(repeat)} pairs`);
    results.push(await benchSeal(folder, megabytes, repeat));
  }
  if (only === undefined || only === 'verify') {
    talk(`verify: ${String(megabytes)} MB, ${String(repeat)} pairs`);
    results.push(await benchVerify(folder, megabytes, repeat));
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'exhibit-bench-'));
try {
  const results = await measure(folder);
  process.stdout.write(values.json ? `${JSON.stringify({ results })}\n` : tables(results));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
