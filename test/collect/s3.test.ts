/** Buckets, keys and object metadata of collected mirrors. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StagedObject } from '../../src/bundle/objects.ts';
import { parseS3, placesByLayout } from '../../src/collect/s3.ts';
import { readStaging } from '../../src/collect/staging.ts';
import { tempDir } from '../helpers/temp.ts';
import { collectTree, type TreeOptions } from './world.ts';

describe('--s3', () => {
  test.each([
    ['s3://bucket-1', 'bucket-1', ''],
    ['s3://bucket-1/', 'bucket-1', ''],
    ['s3://bucket-1/a/b/', 'bucket-1', 'a/b'],
  ])('%s', (text, bucket, prefix) => {
    expect(parseS3(text)).toEqual({ bucket, prefix });
  });

  test.each(['bucket', 's3://', 's3://B/x', 's3://-x/y', 'https://s3/x'])(
    '%s is refused',
    (text) => {
      expect(() => parseS3(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }) as Error);
    },
  );
});

describe('layouts of AWS', () => {
  const TRAIL = 'AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/x.json.gz';
  const ACCESS = '2026-01-02-03-04-05-0123456789ABCDEF';

  test.each([
    ['the folder is the bucket', 'trail-bucket', TRAIL, 'trail-bucket', TRAIL],
    ['the folder holds buckets', 'mirror', `trail-bucket/${TRAIL}`, 'trail-bucket', TRAIL],
    ['a prefix', 'mirror', `trail-bucket/org/${TRAIL}`, 'trail-bucket', `org/${TRAIL}`],
    ['an access log', 'access-bucket', ACCESS, 'access-bucket', ACCESS],
    [
      'an access log with a prefix',
      'mirror',
      `access-bucket/logs/${ACCESS}`,
      'access-bucket',
      `logs/${ACCESS}`,
    ],
    ['a folder that no bucket can be', 'My Evidence', TRAIL, '', TRAIL],
  ])('%s', (_title, folder, path, bucket, key) => {
    expect(placesByLayout(folder, [path]).get(path)).toEqual({
      bucket,
      key,
      recognised_by: 'layout',
    });
  });

  test('what no layout shows has no place', () => {
    expect(placesByLayout('bucket', ['a/b.json', '111122223333_CloudTrail_x.json.gz']).size).toBe(
      0,
    );
  });
});

async function collectFiles(
  files: Readonly<Record<string, string>>,
  options: TreeOptions = {},
): Promise<Map<string, StagedObject>> {
  const dir = await tempDir();
  const root = join(dir, 'mirror-bucket');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await collectTree(root, join(dir, 'EV-0001'), options);
  const { objects } = await readStaging(join(dir, 'EV-0001'));
  return new Map(objects.map((object) => [object.original_path, object]));
}

describe('object metadata beside the object', () => {
  const HEAD = {
    LastModified: '2026-01-02T03:04:05+00:00',
    ContentLength: 2,
    ETag: '"99914b932bd37a50b983c5e7c90ae93b"',
    VersionId: 'Vq1',
    Metadata: { signature: 'abcd' },
  };

  test('is linked, and gives the version', async () => {
    const files = await collectFiles(
      { 'x.json': '{}', 'x.json.metadata.json': JSON.stringify(HEAD) },
      { collection: { s3: 's3://real-bucket/some/prefix/' } },
    );
    expect(files.get('x.json')?.s3).toEqual({
      bucket: 'real-bucket',
      key: 'some/prefix/x.json',
      version_id: 'Vq1',
      recognised_by: 'flag',
    });
    expect(files.get('x.json.metadata.json')).toMatchObject({ metadata_for: 'x.json' });
    expect(files.get('x.json.metadata.json')?.s3).toBeUndefined();
  });

  test.each([
    ['no object beside it', { 'y.metadata.json': JSON.stringify(HEAD) }],
    ['not JSON', { y: '', 'y.metadata.json': '{' }],
    ['another form', { y: '', 'y.metadata.json': '{"Records":[]}' }],
    ['an array', { y: '', 'y.metadata.json': '[]' }],
    [
      'far too large',
      { y: '', 'y.metadata.json': JSON.stringify({ ...HEAD, pad: ' '.repeat(70_000) }) },
    ],
  ])('%s: a file like any other', async (_title, files) => {
    const found = await collectFiles(files, { collection: { s3: 's3://real-bucket' } });
    expect(found.get('y.metadata.json')?.metadata_for).toBeUndefined();
    expect(found.get('y.metadata.json')?.s3?.key).toBe('y.metadata.json');
  });
});
