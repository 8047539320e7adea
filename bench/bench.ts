/** `npm run bench`: see bench/README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchImport } from './import.ts';
import { table, type Result } from './measure.ts';
import { rawStorage } from './raw-storage.ts';
import { benchSeal, benchVerify } from './seal.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    repeat: { type: 'string', default: '3' },
    'payload-mb': { type: 'string', default: '2000' },
    only: { type: 'string' },
    linearity: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [events, repeat, megabytes] = [values.events, values.repeat, values['payload-mb']].map(
  Number,
) as [number, number, number];
const talk = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Results of what was asked for; `raw` prints its own table. */
async function measure(folder: string): Promise<Result[]> {
  const { only } = values;
  if (only === 'raw') return rawStorage(folder, Math.min(events, 50_000));
  const results: Result[] = [];
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
  process.stdout.write(values.json ? `${JSON.stringify({ results })}\n` : table(results));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
