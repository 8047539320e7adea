/** Names, key lists and sidecars in the forms that they come in, and crowds that somebody planted. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sidecarMetadata } from '#src/witness/gather.ts';
import {
  digestKeyAt,
  orgOf,
  parseDigestKey,
  parseDigestName,
  parseLogName,
  roleByName,
  splitKey,
} from '#src/witness/names.ts';
import { readPublicKeys } from '#src/witness/public-keys.ts';
import { validateTrails } from '#src/witness/validate.ts';
import { ACCOUNT, BUCKET, collected, edit, publicKey, World } from './trails.ts';

const ORG =
  'p/AWSLogs/o-abc123/111122223333/CloudTrail-Digest/us-gov-west-1/2026/09/17/111122223333_CloudTrail-Digest_us-gov-west-1_a_b_us-gov-east-1_20260917T195020Z_backfill.json.gz';

describe('names', () => {
  test('of a digest', () => {
    const name = parseDigestKey(ORG);
    expect(name).toEqual({
      chain: {
        account: ACCOUNT,
        region: 'us-gov-west-1',
        trail: 'a_b',
        homeRegion: 'us-gov-east-1',
        org: 'o-abc123',
      },
      backfill: true,
      end: Date.parse('2026-09-17T19:50:20Z') * 1000,
      root: 'p/AWSLogs/o-abc123/',
    });
    if (name === undefined) return;
    expect(digestKeyAt(name, name.end)).toBe(ORG.replace('_backfill', ''));
    expect(splitKey(ORG)).toEqual({ before: 'p/', tail: ORG.slice(2) });
    expect({ ...parseDigestName(ORG)?.chain, org: orgOf(ORG) }).toEqual(name.chain);
  });

  test.each([
    ['another day in the folder', ORG.replace('/2026/09/17/', '/2026/09/18/')],
    ['another account in the folder', ORG.replace('/111122223333/', '/999922223333/')],
    ['another region in the folder', ORG.replace('Digest/us-gov-west-1', 'Digest/us-gov-west-2')],
    ['a time that is none', ORG.replace('T195020Z', 'T255020Z')],
    ['no folder', ORG.slice(ORG.lastIndexOf('/') + 1)],
    ['a log', 'AWSLogs/1/CloudTrail/eu-west-1/x.json.gz'],
  ])('that are no digest’s key: %s', (_, key) => {
    expect(parseDigestKey(key)).toBeUndefined();
  });

  test('of a log', () => {
    const log = '111122223333_CloudTrail_eu-west-1_20260310T0015Z_0123456789abcdef.json.gz';
    expect(parseLogName(`x/${log}`)).toEqual({
      ...{ account: ACCOUNT, region: 'eu-west-1', inDigests: true },
      delivered: Date.parse('2026-03-10T00:15:00Z') * 1000,
    });
    expect(parseLogName(log.replace('_CloudTrail_', '_CloudTrail-Insight_'))?.inDigests).toBe(
      false,
    );
    expect(parseLogName('readme.json.gz')).toBeUndefined();
    const folder = 'AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10';
    expect([roleByName(log), roleByName(`${folder}/readme`), roleByName(ORG)]).toEqual([
      ...['log', 'log', 'digest'],
    ]);
    expect(roleByName('notes.txt')).toBeUndefined();
  });
});

describe('key lists', () => {
  const keys = ['eu-west-1', 'us-east-1'].map((region) => publicKey(region));
  const read = (text: string) => readPublicKeys([{ path: 'keys', text }]);

  test.each([
    ['one answer', JSON.stringify({ PublicKeyList: keys })],
    [
      'answers on a line each',
      keys.map((key) => JSON.stringify({ PublicKeyList: [key] })).join('\n'),
    ],
    [
      'answers one after the other',
      keys.map((key) => JSON.stringify({ PublicKeyList: [key] }, null, 4)).join(''),
    ],
    ['with a token', JSON.stringify({ PublicKeyList: keys, NextToken: 'x' })],
  ])('%s', (_, text) => {
    const found = read(text);
    expect([...found.byFingerprint.keys()]).toEqual(keys.map((key) => key.Fingerprint));
    expect(found).toMatchObject({ problems: [], conflicts: [] });
    const [first] = found.byFingerprint.values();
    expect(first).toMatchObject({
      md5: keys[0]?.Fingerprint,
      validFrom: Date.parse('2026-03-01T00:00:00Z') * 1000,
      validTo: Date.parse('2026-03-31T00:00:00Z') * 1000,
    });
  });

  test.each(['', '[', '{}', '[]', 'null', '{"PublicKeyList":{}}'])('none in %j', (text) => {
    expect(read(text)).toMatchObject({ problems: [{ path: 'keys' }] });
  });
});

test('sidecars, with and without the names’ prefix', () => {
  const sidecar = (Metadata: unknown): string => JSON.stringify({ Metadata });
  const full = { signature: 'ab', 'signature-algorithm': 'SHA256withRSA' };
  const found = { signature: 'ab', algorithm: 'SHA256withRSA', backfillGenerated: undefined };
  expect(sidecarMetadata(sidecar(full))).toEqual(found);
  const prefixed = Object.fromEntries(
    Object.entries(full).map(([name, value]) => [`X-Amz-Meta-${name}`, value]),
  );
  expect(sidecarMetadata(sidecar(prefixed))).toEqual(found);
  for (const text of ['', '[]', 'null', '{}', sidecar(null), sidecar('x')]) {
    expect(sidecarMetadata(text)).toBeUndefined();
  }
});

describe('a crowd', () => {
  test('of missing digests is listed up to a bound', async () => {
    const world = new World();
    world.chain({ start: '1990-01-01T00:00:00Z', hours: 1 });
    const [late] = world.chain({ hours: 1 });
    if (late !== undefined) edit(late, (json) => (json['previousDigestS3Object'] = 'x'));
    const { digests, findings } = validateTrails(await collected(world));
    expect(digests.missing).toBeLessThanOrEqual(20_000);
    expect(findings.some(({ detail }) => detail.includes('hourly digests before it'))).toBe(true);
  });

  test('of digests that follow the same one, or are many trails', async () => {
    const world = new World();
    const [first] = world.chain({ hours: 1 });
    for (let n = 0; n < 400; n += 1) {
      const one = world.digest(
        { trail: `t${String(n % 100)}` },
        n * 3_600_000,
        (n + 1) * 3_600_000,
        [],
        first,
      );
      if (n % 2 === 0) world.put(BUCKET, `twin/${String(n)}`, gzipSync(JSON.stringify({ n })));
      one.metadata = undefined;
    }
    const report = validateTrails(await collected(world));
    expect(report.ok).toBe(false);
    expect(report.digests.total).toBeGreaterThan(400);
  });
});
