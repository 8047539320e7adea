/**
 * `node bench/collect-aws.ts`: a bucket on loopback, collected and, in the same run, fetched by `aws s3 sync`; with `--keys` a plan
 * of so many keys, for its memory. The server is a process of its own (`--serve`), the same for both sides.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    serve: { type: 'string' },
    objects: { type: 'string', default: '10000' },
    bytes: { type: 'string', default: '100000' },
    keys: { type: 'string' },
  },
});
const PAGE = 1000;
const BIN = fileURLToPath(new URL('../bin/exhibit', import.meta.url));
const env = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'AKIABENCH',
  AWS_SECRET_ACCESS_KEY: 'bench-secret',
  AWS_DEFAULT_REGION: 'us-east-1',
  EXHIBIT_PASSPHRASE: 'bench',
};

/** Answers lists of both kinds and every object with the same bytes. */
function serve(count: number, size: number): void {
  const body = Buffer.alloc(size, 'x');
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  const keyOf = (n: number): string => `logs/${String(n).padStart(8, '0')}`;
  const server = createServer((request, response) => {
    const { searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    request.resume();
    if (request.method === 'POST') {
      response.end(
        '<R><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></R>',
      );
    } else if (query.has('versions') || query.has('list-type')) {
      const versions = query.has('versions');
      const after = query.get(versions ? 'key-marker' : 'continuation-token');
      const from = after === null ? 0 : Number(after.slice('logs/'.length)) + 1;
      const to = Math.min(count, from + PAGE);
      const [tag, more] = versions
        ? ['Version', `<NextKeyMarker>${keyOf(to - 1)}</NextKeyMarker>`]
        : ['Contents', `<NextContinuationToken>${keyOf(to - 1)}</NextContinuationToken>`];
      const entries = Array.from(
        { length: to - from },
        (_, i) =>
          `<${tag}><Key>${keyOf(from + i)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etag}</ETag><Size>${String(size)}</Size></${tag}>`,
      );
      response.end(
        `<L><IsTruncated>${String(to < count)}</IsTruncated>${to < count ? more : ''}${entries.join('')}</L>`,
      );
    } else {
      const modified = 'Thu, 01 Jan 2026 00:00:00 GMT';
      response.writeHead(200, { 'content-length': size, etag, 'last-modified': modified });
      response.end(body);
    }
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
  });
}

/** Seconds, and the most memory of the process in MB where the system tells. */
async function timed(program: string, words: readonly string[], cwd: string): Promise<string> {
  const start = performance.now();
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
      peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peak);
    } catch {
      // It has ended, or the system has no /proc.
    }
  }, 50);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return `${seconds} s, at most ${String(Math.round(peak / 1000))} MB (exit ${String(status)})`;
}

async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exhibit-bench-'));
  const serving = ['--serve', values.keys ?? values.objects, '--bytes', values.bytes];
  const server = spawn(process.execPath, [fileURLToPath(import.meta.url), ...serving], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise<string>((resolve) => {
      server.stdout.on('data', (text: Buffer) => {
        resolve(text.toString().trim());
      });
    });
    const url = `http://127.0.0.1:${port}`;
    const dir = join(folder, 'case');
    const made = [BIN, 'init', dir, '--case-id', 'BENCH', '--examiner', 'B', '--unprotected-key'];
    spawnSync(process.execPath, made, { env });
    const collect = [BIN, 'collect', 'aws', 's3://bench-bucket', '--endpoint-url', url, '--quiet'];
    const say = (what: string, took: string): void => {
      process.stdout.write(`${what}: ${took}\n`);
    };
    if (values.keys !== undefined) {
      const took = await timed(process.execPath, [...collect, '--dry-run'], dir);
      say(`plan of ${values.keys} keys`, took);
      return;
    }
    const what = `${values.objects} objects of ${values.bytes} bytes`;
    say(`collect aws, ${what}`, await timed(process.execPath, [...collect, '--no-seal'], dir));
    const sync = ['s3', 'sync', 's3://bench-bucket', join(folder, 'sync'), '--quiet'];
    say(`aws s3 sync, ${what}`, await timed('aws', [...sync, '--endpoint-url', url], folder));
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.serve === undefined) await bench();
else serve(Number(values.serve), Number(values.bytes));
