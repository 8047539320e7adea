/** `exhibit import` against DuckDB, in pairs, on one generated CloudTrail set. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateTrail } from './generate.ts';
import { exhibit, median, script, type ChildRun, type Result } from './measure.ts';

interface Imported {
  readonly records: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly rejected: number;
}

const bySeconds = (runs: readonly ChildRun[]): number => median(runs.map((one) => one.seconds));

/**
 * Makes a set, seals it into a case, and imports it `repeat` times, each time into no database; the peer takes its turn after
 * each of ours. Both times are those of the whole child process, from start to exit.
 */
export async function benchImport(
  folder: string,
  events: number,
  repeat: number,
  withPeer: boolean,
): Promise<Result> {
  const trail = join(folder, 'trail');
  const caseFolder = join(folder, 'case');
  const set = generateTrail(trail, events);
  await exhibit(
    'init',
    caseFolder,
    '--case-id',
    'BENCH-1',
    '--examiner',
    'Bench',
    '--unprotected-key',
  );
  await exhibit('collect', 'dir', trail, '--s3', 's3://bench-trail', '--case', caseFolder);
  const caseFile = join(caseFolder, 'case.db');
  const peerFile = join(folder, 'peer.duckdb');
  const [ours, peers]: [ChildRun[], ChildRun[]] = [[], []];
  for (let i = 0; i < repeat; i += 1) {
    rmSync(caseFile, { force: true });
    const mine = await exhibit('import', '--json', '--quiet', '--case', caseFolder);
    const counts = JSON.parse(mine.stdout) as Imported;
    if (
      counts.imported !== set.events ||
      counts.duplicates !== set.repeats ||
      counts.rejected !== 0
    )
      throw new Error(`wrong counts: ${mine.stdout}`);
    ours.push(mine);
    if (!withPeer) continue;
    const peer = await script('duckdb.ts', trail, peerFile);
    if ((JSON.parse(peer.stdout) as { rows: number }).rows !== set.events + set.repeats)
      throw new Error(`wrong count of the peer: ${peer.stdout}`);
    peers.push(peer);
  }
  const seconds = bySeconds(ours);
  const peerSeconds = withPeer ? bySeconds(peers) : null;
  const result = {
    name: 'import-cloudtrail',
    ours_s: seconds,
    peer: 'duckdb',
    peer_s: peerSeconds,
    ratio: peerSeconds === null ? null : seconds / peerSeconds,
    peak_rss_mb: Math.max(...ours.map((one) => one.peakMb)),
    size_ratio: statSync(caseFile).size / set.inflated,
    events: set.events,
    inflated_mb: set.inflated / 1e6,
    events_per_s: (set.events + set.repeats) / seconds,
    mb_per_s: set.inflated / 1e6 / seconds,
    us_per_event: (seconds / (set.events + set.repeats)) * 1e6,
    cpu_s: median(ours.map((one) => one.cpuSeconds)),
    peer_cpu_s: withPeer ? median(peers.map((one) => one.cpuSeconds)) : null,
    peer_peak_rss_mb: withPeer ? Math.max(...peers.map((one) => one.peakMb)) : null,
    peer_size_ratio: withPeer ? statSync(peerFile).size / set.inflated : null,
  };
  for (const made of [trail, caseFolder, peerFile]) rmSync(made, { recursive: true, force: true });
  return result;
}
