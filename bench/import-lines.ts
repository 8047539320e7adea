/** `exhibit import` of line logs: against DuckDB where there is a peer, else with one worker; and reading them alone. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateLines, type LineLog } from './lines.ts';
import { exhibit, median, script, type ChildRun, type Result } from './measure.ts';

interface Imported {
  readonly imported: number;
  readonly rejected: number;
}

const bySeconds = (runs: readonly ChildRun[]): number => median(runs.map((one) => one.seconds));

/**
 * Makes a set, seals it into a case, and imports it `repeat` times into no database. A log with a peer is imported with two
 * workers, the peer taking its turn after each of ours; another with one worker. Times are those of the whole child process.
 */
export async function benchLines(
  folder: string,
  log: LineLog,
  lines: number,
  repeat: number,
): Promise<Result> {
  const [logs, caseFolder] = [join(folder, 'logs'), join(folder, 'case')];
  const set = generateLines(log, logs, lines);
  const init = ['--case-id', 'BENCH-1', '--examiner', 'Bench', '--unprotected-key'];
  await exhibit('init', caseFolder, ...init);
  await exhibit('collect', 'dir', logs, '--s3', 's3://bench-logs', '--case', caseFolder);
  const caseFile = join(caseFolder, 'case.db');
  const peerFile = join(folder, 'peer.duckdb');
  const withPeer = log.name === 'vpc_flow';
  const workers = withPeer ? 2 : 1;
  const [ours, peers, alone]: [ChildRun[], ChildRun[], number[]] = [[], [], []];
  for (let i = 0; i < repeat; i += 1) {
    rmSync(caseFile, { force: true });
    const flags = ['--json', '--quiet', '--workers', String(workers), '--case', caseFolder];
    const mine = await exhibit('import', ...flags);
    const counts = JSON.parse(mine.stdout) as Imported;
    if (counts.imported !== set.lines || counts.rejected !== 0)
      throw new Error(`wrong counts: ${mine.stdout}`);
    ours.push(mine);
    if (withPeer) {
      const peer = await script('duckdb-lines.ts', logs, peerFile);
      if ((JSON.parse(peer.stdout) as { rows: number }).rows !== set.lines)
        throw new Error(`wrong count of the peer: ${peer.stdout}`);
      peers.push(peer);
    } else {
      const read = await script('read-lines.ts', logs);
      alone.push((JSON.parse(read.stdout) as { seconds: number }).seconds);
    }
  }
  const seconds = bySeconds(ours);
  const peerSeconds = withPeer ? bySeconds(peers) : null;
  const result = {
    name: `import-${log.name.replaceAll('_', '-')}`,
    ours_s: seconds,
    peer: withPeer ? 'duckdb' : '',
    peer_s: peerSeconds,
    ratio: peerSeconds === null ? null : seconds / peerSeconds,
    peak_rss_mb: Math.max(...ours.map((one) => one.peakMb)),
    size_ratio: statSync(caseFile).size / set.inflated,
    workers,
    lines: set.lines,
    inflated_mb: set.inflated / 1e6,
    lines_per_s: set.lines / seconds,
    lines_per_s_reading: withPeer ? null : set.lines / median(alone),
    cpu_s: median(ours.map((one) => one.cpuSeconds)),
    peer_cpu_s: withPeer ? median(peers.map((one) => one.cpuSeconds)) : null,
    peer_peak_rss_mb: withPeer ? Math.max(...peers.map((one) => one.peakMb)) : null,
    peer_size_ratio: withPeer ? statSync(peerFile).size / set.inflated : null,
  };
  for (const made of [logs, caseFolder, peerFile]) rmSync(made, { recursive: true, force: true });
  return result;
}
