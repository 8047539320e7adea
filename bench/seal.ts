/** `exhibit seal` against `sha256sum`, and `exhibit verify` against `openssl dgst -sha256`, on the same bytes. */
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { exhibit, median, run, type ChildRun, type Result } from './measure.ts';

const FILE_MB = 16;

/** Files of bytes that do not compress, as gz logs are; every megabyte is a different one. */
function writePayload(folder: string, megabytes: number): void {
  mkdirSync(folder, { recursive: true });
  const block = randomFillSync(Buffer.alloc(1_000_000));
  for (let made = 0; made < megabytes;) {
    const file = openSync(join(folder, `payload-${String(made).padStart(6, '0')}.bin`), 'w');
    for (let i = 0; i < FILE_MB && made < megabytes; i += 1, made += 1) {
      block.writeUInt32LE(made, 0);
      writeSync(file, block);
    }
    closeSync(file);
  }
}

const seconds = (runs: readonly ChildRun[]): number => median(runs.map((one) => one.seconds));

/** Both results; the payload is read from the page cache by all four programs. */
export async function benchSeal(
  folder: string,
  megabytes: number,
  repeat: number,
): Promise<Result[]> {
  const payload = join(folder, 'payload');
  writePayload(payload, megabytes);
  const files = readdirSync(payload)
    .sort()
    .map((name) => join(payload, name));
  const [sealed, summed, verified, digested]: [ChildRun[], ChildRun[], ChildRun[], ChildRun[]] = [
    [],
    [],
    [],
    [],
  ];
  let volumeBytes = 0;
  for (let i = 0; i < repeat; i += 1) {
    const caseFolder = join(folder, 'case');
    await exhibit(
      'init',
      caseFolder,
      '--case-id',
      'BENCH-1',
      '--examiner',
      'Bench',
      '--unprotected-key',
    );
    await exhibit('collect', 'dir', payload, '--no-seal', '--case', caseFolder);
    sealed.push(await exhibit('seal', 'EV-0001', '--quiet', '--case', caseFolder));
    summed.push(await run('sha256sum', files));
    const evidence = join(caseFolder, 'evidence', 'EV-0001');
    const volumes = readdirSync(evidence)
      .filter((name) => name.endsWith('.tar'))
      .map((name) => join(evidence, name));
    volumeBytes = volumes.reduce((sum, volume) => sum + statSync(volume).size, 0);
    verified.push(await exhibit('verify', 'EV-0001', '--json', '--quiet', '--case', caseFolder));
    digested.push(await run('openssl', ['dgst', '-sha256', ...volumes]));
    rmSync(caseFolder, { recursive: true, force: true });
  }
  rmSync(payload, { recursive: true, force: true });
  const result = (
    name: string,
    ours: readonly ChildRun[],
    peer: string,
    theirs: readonly ChildRun[],
  ): Result => ({
    name,
    ours_s: seconds(ours),
    peer,
    peer_s: seconds(theirs),
    ratio: seconds(ours) / seconds(theirs),
    peak_rss_mb: Math.max(...ours.map((one) => one.peakMb)),
    size_ratio: volumeBytes / (megabytes * 1e6),
    mb_per_s: megabytes / seconds(ours),
    peer_mb_per_s: megabytes / seconds(theirs),
    cpu_s: median(ours.map((one) => one.cpuSeconds)),
  });
  return [
    result('seal', sealed, 'sha256sum', summed),
    result('verify', verified, 'openssl dgst -sha256', digested),
  ];
}
