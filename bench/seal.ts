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

/** Sealing against `sha256sum`; both read the payload from the page cache. */
export async function benchSeal(
  folder: string,
  megabytes: number,
  repeat: number,
): Promise<Result> {
  const payload = join(folder, 'payload');
  writePayload(payload, megabytes);
  const files = readdirSync(payload)
    .sort()
    .map((name) => join(payload, name));
  const [ours, theirs]: [ChildRun[], ChildRun[]] = [[], []];
  let volumeBytes = 0;
  for (let i = 0; i < repeat; i += 1) {
    const collected = await collectedCase(folder, payload);
    ours.push(await exhibit('seal', 'EV-0001', '--quiet', '--case', collected));
    theirs.push(await run('sha256sum', files));
    volumeBytes = total(volumesOf(collected));
    rmSync(collected, { recursive: true, force: true });
  }
  rmSync(payload, { recursive: true, force: true });
  return result('seal', megabytes, volumeBytes, ours, 'sha256sum', theirs);
}

/** Verifying one sealed case against `openssl dgst` of its volumes, in pairs; both read from the page cache. */
export async function benchVerify(
  folder: string,
  megabytes: number,
  repeat: number,
): Promise<Result> {
  const payload = join(folder, 'payload');
  writePayload(payload, megabytes);
  const sealed = await collectedCase(folder, payload);
  rmSync(payload, { recursive: true, force: true });
  await exhibit('seal', 'EV-0001', '--quiet', '--case', sealed);
  const volumes = volumesOf(sealed);
  const [ours, theirs]: [ChildRun[], ChildRun[]] = [[], []];
  for (let i = 0; i < repeat; i += 1) {
    ours.push(await exhibit('verify', 'EV-0001', '--json', '--quiet', '--case', sealed));
    theirs.push(await run('openssl', ['dgst', '-sha256', ...volumes]));
  }
  const volumeBytes = total(volumes);
  rmSync(sealed, { recursive: true, force: true });
  return result('verify', megabytes, volumeBytes, ours, 'openssl dgst -sha256', theirs);
}

async function collectedCase(folder: string, payload: string): Promise<string> {
  const made = join(folder, 'case');
  const names = ['--case-id', 'BENCH-1', '--examiner', 'Bench'];
  await exhibit('init', made, ...names, '--unprotected-key');
  await exhibit('collect', 'dir', payload, '--no-seal', '--case', made);
  return made;
}

function volumesOf(caseFolder: string): string[] {
  const evidence = join(caseFolder, 'evidence', 'EV-0001');
  return readdirSync(evidence)
    .filter((name) => name.endsWith('.tar'))
    .map((name) => join(evidence, name));
}

const total = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(file).size, 0);

const seconds = (runs: readonly ChildRun[]): number => median(runs.map((one) => one.seconds));

function result(
  name: string,
  megabytes: number,
  volumeBytes: number,
  ours: readonly ChildRun[],
  peer: string,
  theirs: readonly ChildRun[],
): Result {
  return {
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
  };
}
