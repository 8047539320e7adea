/**
 * The digest reader against whatever an opponent may lay out: it never throws, never hangs, and never takes a changed digest or
 * log for what AWS delivered. Few cases here; `npm run fuzz` makes as many as wanted.
 */
import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { looksLikeDigest, parseDigest } from '#src/witness/digest.ts';
import { sidecarMetadata } from '#src/witness/gather.ts';
import { parseDigestKey, parseLogName, roleByName, splitKey } from '#src/witness/names.ts';
import { readPublicKeys } from '#src/witness/public-keys.ts';
import { validateTrails } from '#src/witness/validate.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { baseWorld } from './cases.ts';
import { collected, edit, jsonOf, sha256, type DigestJson, type World } from './trails.ts';

const { world: pristine } = baseWorld();
const names = pristine.objects.map(({ key }) => key);
/** Content as AWS delivered it, by key: what alone may be called valid. */
const delivered = new Map(pristine.objects.map((one) => [one.key, sha256(gunzipSync(one.bytes))]));
const fields = Object.keys(jsonOf(pristine.digests[1] ?? pristine.put('', '', gzipSync('{}'))));

const value = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...names, 'null', 'SHA-256', '00'.repeat(32), '') },
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', '2026-03-10T03:10:20Z', '\ud800'),
);
const index = fc.nat({ max: 1000 });

/** One thing that is done to the world; numbers choose among what is there. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), index, at: index, bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant('bytes' as const),
    index,
    bytes: fc.uint8Array({ maxLength: 64 }),
    gzip: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    index,
    bytes: fc.uint8Array({ maxLength: 16 }),
    gzip: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('cut' as const), index, at: index }),
  fc.record({
    kind: fc.constant('field' as const),
    index,
    name: fc.constantFrom(...fields),
    value,
  }),
  fc.record({
    kind: fc.constant('entry' as const),
    index,
    at: index,
    name: fc.constantFrom('s3Bucket', 's3Object', 'hashValue', 'hashAlgorithm'),
    value,
  }),
  fc.record({
    kind: fc.constant('metadata' as const),
    index,
    name: fc.constantFrom('signature', 'signature-algorithm', 'other'),
    value: fc.string(),
  }),
  fc.record({ kind: fc.constant('bare' as const), index }),
  fc.record({ kind: fc.constant('drop' as const), index }),
  fc.record({ kind: fc.constant('swap' as const), index, at: index }),
  fc.record({
    kind: fc.constant('rename' as const),
    index,
    value: fc.oneof(fc.constantFrom(...names), fc.string({ unit: 'binary' })),
  }),
  fc.record({
    kind: fc.constant('key' as const),
    index,
    name: fc.constantFrom('Fingerprint', 'Value', 'ValidityStartTime', 'ValidityEndTime'),
    value,
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % Math.max(1, list.length)];
}

function apply(world: World, one: Step): void {
  const object = pick(world.objects, one.index);
  const digest = pick(world.digests, one.index);
  if (object === undefined) return;
  const bytes =
    'bytes' in one ? (one.gzip ? gzipSync(one.bytes) : Buffer.from(one.bytes)) : Buffer.of();
  switch (one.kind) {
    case 'flip': {
      const at = one.at % Math.max(1, object.bytes.length);
      if (object.bytes.length > 0) object.bytes[at] = (object.bytes[at] ?? 0) ^ (1 << one.bit);
      return;
    }
    case 'bytes':
      object.bytes = bytes;
      return;
    case 'append':
      object.bytes = Buffer.concat([object.bytes, bytes]);
      return;
    case 'cut':
      object.bytes = object.bytes.subarray(0, one.at % (object.bytes.length + 1));
      return;
    case 'field':
      change(digest, (json) => (json[one.name] = one.value));
      return;
    case 'entry':
      change(digest, (json) => {
        const entry = pick(json.logFiles, one.at) as Record<string, unknown> | undefined;
        if (entry !== undefined) entry[one.name] = one.value;
      });
      return;
    case 'metadata':
      if (digest !== undefined) digest.metadata = { ...digest.metadata, [one.name]: one.value };
      return;
    case 'bare':
      object.metadata = undefined;
      return;
    case 'drop':
      world.remove(object);
      return;
    case 'swap': {
      const other = pick(world.objects, one.at) ?? object;
      [object.bytes, other.bytes] = [other.bytes, object.bytes];
      return;
    }
    case 'rename': {
      const moved = world.put(object.bucket, one.value, object.bytes);
      moved.metadata = object.metadata;
      world.remove(object);
      return;
    }
    case 'key': {
      const key = pick(world.keys, one.index);
      if (key !== undefined) (key as unknown as Record<string, unknown>)[one.name] = one.value;
    }
  }
}

function change(
  digest: World['objects'][number] | undefined,
  how: (json: DigestJson) => void,
): void {
  try {
    if (digest !== undefined) edit(digest, how);
  } catch {
    // An earlier step left no JSON, or no list of logs, to change.
  }
}

const how = fc.record({ told: fc.boolean(), flat: fc.boolean() });

test('a world changed at random: no crash, and nothing valid that is not what was delivered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), how, async (steps, asked) => {
      const world = pristine.copy();
      for (const one of steps) apply(world, one);
      const { digestVerdicts, logVerdicts, ok, findings } = validateTrails(
        await collected(world, asked),
      );
      const here = new Set(world.objects.map(({ bytes }) => content(bytes)));
      for (const { status, key } of digestVerdicts) {
        // There is a file with the very bytes.
        if (status === 'valid') expect(here).toContain(delivered.get(key));
      }
      for (const { status, key, found: hash } of logVerdicts) {
        if (status === 'valid') expect(hash).toBe(delivered.get(key));
      }
      expect(typeof ok).toBe('boolean');
      for (const { subject, detail } of findings)
        expect((subject + detail).isWellFormed()).toBe(true);
    }),
    { numRuns: fuzzRuns(60) },
  );
});

/** Most files are as they were delivered, case after case. */
const contents = new Map<string, string>();

function content(bytes: Buffer): string {
  const id = bytes.toString('latin1');
  const known = contents.get(id);
  if (known !== undefined) return known;
  let found: string;
  try {
    found = sha256(gunzipSync(bytes));
  } catch {
    found = sha256(bytes);
  }
  if (contents.size < 1000) contents.set(id, found);
  return found;
}

test('one bit of a digest’s content: never valid', async () => {
  await fc.assert(
    fc.asyncProperty(
      index,
      index,
      fc.nat({ max: 7 }),
      fc.boolean(),
      async (which, at, bit, bare) => {
        const world = pristine.copy();
        const digest = pick(world.digests, which);
        if (digest === undefined) return;
        const bytes = gunzipSync(digest.bytes);
        const place = (at * 7919) % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        digest.bytes = gzipSync(bytes);
        if (bare) for (const one of world.objects) one.metadata = undefined;
        const { digestVerdicts } = validateTrails(await collected(world));
        const changed = sha256(bytes);
        const verdicts = digestVerdicts.filter(
          ({ file }) => (file as { sha256?: string } | undefined)?.sha256 === changed,
        );
        expect(verdicts).toHaveLength(1);
        expect(verdicts[0]?.status).not.toBe('valid');
      },
    ),
    { numRuns: fuzzRuns(60) },
  );
});

test('any bytes: the readers say what they are not', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const parsed = parseDigest(bytes);
        expect('problem' in parsed).toBe(true);
        const text = Buffer.from(bytes).toString('utf8');
        looksLikeDigest(text);
        sidecarMetadata(text);
        expect(readPublicKeys([{ path: 'x', text }]).byFingerprint.size).toBe(0);
      },
    ),
    { numRuns: fuzzRuns(300) },
  );
});

test('any name: read as a key or not, in time', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'AWSLogs/',
      '_CloudTrail-Digest_',
      '_',
      '/',
      '111122223333',
      'eu-west-1',
      '2026/03/10',
      '20260310T011020Z',
      '_backfill',
      '.json.gz',
      'o-a1b2c3d4e5/',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const name = parts.join('');
      parseDigestKey(name);
      parseLogName(name);
      roleByName(name);
      const split = splitKey(name);
      if (split !== undefined) expect(split.before + split.tail).toBe(name);
    }),
    { numRuns: fuzzRuns(500) },
  );
});
