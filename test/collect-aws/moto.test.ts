/** Against moto's server, where the machine has it: many APIs at once, and the same bytes as AWS's own command line. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { loadSdk, type ServiceName } from '#src/collect-aws/services.ts';
import { readStaging } from '#src/collect/staging.ts';
import { exhibit, PASSPHRASE, runProcess } from '../helpers/exhibit.ts';
import { testCase } from '../helpers/case.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { CREDENTIALS } from './world.ts';

const env = { ...process.env, ...CREDENTIALS, EXHIBIT_PASSPHRASE: PASSPHRASE };
let server: ChildProcess | undefined;

afterAll(() => server?.kill());

async function startMoto(): Promise<string> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', env });
  const url = `http://127.0.0.1:${String(port)}`;
  for (;;) {
    const answer = await fetch(`${url}/moto-api/`).catch(() => undefined);
    if (answer?.ok === true) return url;
    if (server.exitCode !== null) throw new Error('moto_server ended');
    await setTimeout(200);
  }
}

test.skipIf(!hasTool('moto_server') || !hasTool('aws'))(
  needs(
    'what aws s3 cp fetches from moto is byte for byte what is collected',
    'moto_server',
    'aws',
  ),
  async () => {
    const url = await startMoto();
    const dir = await tempDir();
    const send = async (
      service: ServiceName,
      operation: string,
      input: Record<string, unknown>,
    ): Promise<unknown> => {
      const sdk = await loadSdk(service);
      const client = new sdk.Client({
        ...{ endpoint: url, region: 'us-east-1', forcePathStyle: true },
        credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'test' },
      });
      return await client.send(sdk.command(operation, input));
    };
    const small = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
    const large = Buffer.concat(Array<Buffer>(31).fill(small));
    const Bucket = 'evidence-bucket';
    const [Key, inParts] = ['AWSLogs/a key', 'AWSLogs/in parts'];
    await send('s3', 'CreateBucket', { Bucket });
    const VersioningConfiguration = { Status: 'Enabled' };
    await send('s3', 'PutBucketVersioning', { Bucket, VersioningConfiguration });
    await send('s3', 'PutObject', { Bucket, Key, Body: small, Metadata: { signature: 'abcd' } });
    await send('s3', 'PutObject', { Bucket, Key, Body: large });
    await send('s3', 'DeleteObject', { Bucket, Key });
    await send('s3', 'PutObject', { Bucket, Key: inParts, Body: large });
    await send('cloudtrail', 'CreateTrail', { Name: 'main', S3BucketName: Bucket });
    await send('logs', 'CreateLogGroup', { logGroupName: '/app' });
    // The large object comes in ranges, several at a time.
    const copy = ['s3', 'cp', `s3://${Bucket}/${inParts}`, join(dir, 'back')];
    const done = await runProcess(
      'aws',
      ['--region', 'us-east-1', '--endpoint-url', url, ...copy],
      {
        env,
      },
    );
    expect(done.status, done.stderr).toBe(0);

    const made = await testCase();
    const words = ['collect', 'aws', 'cloudtrail', 'logs', 'context', '--regions', 'us-east-1'];
    const got = await exhibit(
      [...words, '--endpoint-url', url, '--attempts', '1', '--no-seal', '--quiet'],
      { cwd: made.case.paths.dir, env },
    );
    expect([0, 3], got.stderr).toContain(got.status);
    const { objects, problems } = await readStaging(join(made.case.paths.staging, 'EV-0001'));
    const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    const of = (part: string): string[] =>
      objects.filter(({ original_path: path }) => path.includes(part)).map(({ sha256 }) => sha256);
    expect(of(`${Bucket}/${inParts}`)).toEqual([sha(await readFile(join(dir, 'back')))]);
    expect(of(`${Bucket}/${Key}?versionId=`).sort()).toEqual([sha(large), sha(small)].sort());
    expect(problems.some(({ reason }) => reason === 'delete_marker')).toBe(true);
    const operations = new Set(
      objects.flatMap(({ api }) => (api === undefined ? [] : [api.operation])),
    );
    for (const operation of [
      'GetTrailStatus',
      'DescribeLogGroups',
      'DescribeInstances',
      'DescribeVpcs',
      'GetAccountAuthorizationDetails',
      'GetBucketVersioning',
    ]) {
      expect([...operations]).toContain(operation);
    }
  },
);
