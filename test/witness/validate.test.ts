import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '#src/core/digest.ts';
import { parseDigest, parseDigestKey, parsePublicKeys, signedText } from '#src/witness/digest.ts';
import {
  validateTrails,
  type DigestObject,
  type TrailEvidence,
  type TrailObject,
} from '#src/witness/validate.ts';

const SAMPLES = new URL('../../evidence-samples/', import.meta.url);
const BUCKET = 'harborline-cloudtrail-logs';
const FOLDER = new URL(`mirror/${BUCKET}/`, SAMPLES);
const { keys } = parsePublicKeys(
  readFileSync(new URL('mirror/harborline-ir-workspace/public-keys.json', SAMPLES), 'utf8'),
);

const paths = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json.gz'))
  .sort();

function object(key: string, bytes: Buffer): TrailObject {
  return {
    bucket: BUCKET,
    key,
    place: `${BUCKET}/${key}`,
    sha256: sha256Hex(bytes),
    gzipProblem: undefined,
  };
}

function load(): TrailEvidence & { digests: DigestObject[]; logs: TrailObject[] } {
  const digests: DigestObject[] = [];
  const logs: TrailObject[] = [];
  for (const key of paths) {
    const bytes = gunzipSync(readFileSync(new URL(key, FOLDER)));
    if (!key.includes('CloudTrail-Digest')) logs.push(object(key, bytes));
    else {
      const sidecar = readFileSync(new URL(`${key}.metadata.json`, FOLDER), 'utf8');
      const { Metadata } = JSON.parse(sidecar) as { Metadata: { signature: string } };
      digests.push({ ...object(key, bytes), bytes, signature: Metadata.signature });
    }
  }
  return { digests, logs, keys };
}

const withBytes = (digest: DigestObject, bytes: Buffer): DigestObject => ({
  ...digest,
  bytes,
  sha256: sha256Hex(bytes),
});

// The middle of the longest chain: digests before and after it, with at least one log.
function middle(evidence: { digests: readonly DigestObject[] }): number {
  const index = evidence.digests.findIndex((digest, at) => {
    const parsed = parseDigest(digest.bytes);
    const around = [at - 3, at - 2, at - 1, at + 1, at + 2].map((i) => evidence.digests[i]);
    const near = around.map((other) => other?.key ?? '');
    const chain = parseDigestKey(digest.key)?.chain;
    return (
      'digest' in parsed &&
      parsed.digest.logs.length > 0 &&
      parsed.digest.previous !== null &&
      around.every((other) => {
        const parsedOther = parseDigest(other?.bytes ?? Buffer.alloc(0));
        return 'digest' in parsedOther && parsedOther.digest.previous !== null;
      }) &&
      near.every((key) => {
        const other = parseDigestKey(key)?.chain;
        return other?.region === chain?.region && other?.account === chain?.account;
      })
    );
  });
  if (index < 0) throw new Error('the samples have no such digest');
  return index;
}

function namedLog(evidence: TrailEvidence): TrailObject {
  const finding = validateTrails(evidence).findings.find(
    (f) => f.kind === 'log' && f.status === 'valid',
  );
  const log = evidence.logs.find((l) => finding?.subject === `${BUCKET}/${l.key}`);
  if (log === undefined) throw new Error('no digest names a log');
  return log;
}

const statuses = (report: ReturnType<typeof validateTrails>, subject: string): string[] =>
  report.findings.filter((f) => f.subject.endsWith(subject)).map((f) => f.status);

describe('a whole trail', () => {
  const evidence = load();
  const report = validateTrails(evidence);

  test('every digest and every named log is valid', () => {
    expect(report.findings.filter((f) => !['valid', 'spans'].includes(f.status))).toEqual(
      report.findings.filter((f) => ['not_validated', 'uncovered'].includes(f.status)),
    );
    expect(report.ok).toBe(true);
    expect(report.digests).toMatchObject({ invalid: 0, missing: 0, unproven: 0 });
    expect(report.digests.valid).toBe(evidence.digests.length);
    expect(report.logs.valid).toBeGreaterThan(50);
    expect(report.logs).toMatchObject({ invalid: 0, missing: 0, unproven: 0 });
  });

  test('the order of the objects changes nothing', () => {
    const turned = {
      ...evidence,
      digests: evidence.digests.toReversed(),
      logs: evidence.logs.toReversed(),
    };
    expect(validateTrails(turned)).toEqual(report);
  });

  test('without object metadata only the newest digest of each run stays unproven', () => {
    const bare = evidence.digests.map((d) => ({ ...d, signature: undefined }));
    // A run begins where validation was switched on, and its newest digest is quoted by none.
    const runs = bare.filter((d) => {
      const parsed = parseDigest(d.bytes);
      return 'digest' in parsed && parsed.digest.previous === null;
    });
    const found = validateTrails({ ...evidence, digests: bare });
    expect(found.digests.unproven).toBe(runs.length);
    expect(found.digests.valid).toBe(bare.length - found.digests.unproven);
  });

  test('without public keys nothing is proven and nothing is called tampered', () => {
    const found = validateTrails({ ...evidence, keys: [] });
    expect(found.digests).toMatchObject({ valid: 0, invalid: 0, unproven: bareCount() });
    expect(found.logs.valid).toBe(0);
  });

  const bareCount = (): number => evidence.digests.length;
});

describe('tampering', () => {
  test('one bit of a log', () => {
    const evidence = load();
    const { key } = namedLog(evidence);
    const logs = evidence.logs.map((log) =>
      log.key === key ? { ...log, sha256: sha256Hex('other') } : log,
    );
    const report = validateTrails({ ...evidence, logs });
    expect(report).toMatchObject({ ok: false, logs: { invalid: 1 } });
    expect(statuses(report, key)).toEqual(['hash_mismatch']);
  });

  test('bytes appended to a log as another gzip member', () => {
    const evidence = load();
    const first = namedLog(evidence);
    const report = validateTrails({
      ...evidence,
      logs: evidence.logs.map((log) =>
        log === first ? { ...log, gzipProblem: '2 gzip members' } : log,
      ),
    });
    expect(report).toMatchObject({ ok: false, logs: { invalid: 1 } });
    expect(statuses(report, first.key)).toEqual(['extra_bytes']);
  });

  test('a log deleted, and one planted', () => {
    const evidence = load();
    const gone = namedLog(evidence);
    const rest = evidence.logs.filter((log) => log !== gone);
    const before = validateTrails(evidence).logs.uncovered;
    const key = gone.key.replace(/_[^_]{16}\.json\.gz$/, '_PLANTEDPLANTED00.json.gz');
    const planted = { ...gone, key, place: `${BUCKET}/${key}` };
    const report = validateTrails({ ...evidence, logs: [planted, ...rest] });
    expect(report).toMatchObject({ ok: false, logs: { missing: 1, uncovered: before + 1 } });
    expect(statuses(report, gone.key)).toEqual(['missing']);
    expect(statuses(report, planted.key)).toEqual(['not_in_digest']);
  });

  test.each([1, 2, 3])('%i adjacent digests deleted are all counted', (count) => {
    const evidence = load();
    const at = middle(evidence);
    const digests = evidence.digests.toSpliced(at - count + 1, count);
    const report = validateTrails({ ...evidence, digests });
    expect(report.ok).toBe(false);
    expect(report.digests.missing).toBe(count);
  });

  test('the newest digests deleted are found when the end of the window is given', () => {
    const evidence = load();
    const last = evidence.digests.at(-1);
    const parsed = parseDigest(last?.bytes ?? Buffer.alloc(0));
    if (!('digest' in parsed)) throw new Error('no digest');
    const digests = evidence.digests.slice(0, -2);
    expect(validateTrails({ ...evidence, digests }).ok).toBe(true);
    const report = validateTrails({ ...evidence, digests, to: parsed.digest.end });
    expect(report.ok).toBe(false);
    expect(report.findings.some((f) => f.status === 'ends_early')).toBe(true);
  });

  test('a changed digest, with and without its metadata', () => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    if (digest === undefined) throw new Error('no digest');
    const text = Buffer.from(digest.bytes).toString('utf8');
    const changed = withBytes(
      digest,
      Buffer.from(text.replace(/"hashValue":\s*"./, (m) => `${m.slice(0, -1)}0`)),
    );
    const other =
      changed.sha256 === digest.sha256 ? withBytes(digest, Buffer.from(`${text} `)) : changed;
    const whole = validateTrails({ ...evidence, digests: evidence.digests.with(at, other) });
    expect(statuses(whole, digest.key)[0]).toBe('signature_invalid');
    const bare = evidence.digests.with(at, other).map((d) => ({ ...d, signature: undefined }));
    const found = validateTrails({ ...evidence, digests: bare });
    expect(found.ok).toBe(false);
    expect(statuses(found, digest.key)[0]).toBe('signature_invalid');
  });

  test('a digest moved to another key', () => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    if (digest === undefined) throw new Error('no digest');
    const key = digest.key.replace('AWSLogs/', 'copy/AWSLogs/');
    const moved = { ...digest, key, place: `${BUCKET}/${key}` };
    const report = validateTrails({ ...evidence, digests: evidence.digests.with(at, moved) });
    expect(report.ok).toBe(false);
    expect(statuses(report, moved.key)).toContain('moved');
  });

  test('re-signed with a key that is not AWS’s', () => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    const parsed = parseDigest(digest?.bytes ?? Buffer.alloc(0));
    if (digest === undefined || !('digest' in parsed)) throw new Error('no digest');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const report = validateTrails({
      ...evidence,
      digests: evidence.digests.with(at, signed(digest, privateKey, 'sha256')),
    });
    expect(statuses(report, digest.key)).toContain('signature_invalid');
  });

  test('signed by the right key over SHA-1', () => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    const region = parseDigestKey(digest?.key ?? '')?.chain.region ?? '';
    if (digest === undefined) throw new Error('no digest');
    const key = createPrivateKey(readFileSync(new URL(`test-only-keys/${region}.pem`, SAMPLES)));
    const report = validateTrails({
      ...evidence,
      digests: evidence.digests.with(at, signed(digest, key, 'sha1')),
    });
    expect(statuses(report, digest.key)).toContain('signature_weak');
    expect(report.ok).toBe(false);
  });

  test('a digest that follows itself ends the walk', () => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    if (digest === undefined) throw new Error('no digest');
    const value = JSON.parse(Buffer.from(digest.bytes).toString('utf8')) as Record<string, unknown>;
    value['previousDigestS3Object'] = digest.key;
    const report = validateTrails({
      ...evidence,
      digests: evidence.digests.with(at, withBytes(digest, Buffer.from(JSON.stringify(value)))),
    });
    expect(report.ok).toBe(false);
  });

  test.each([
    ['not JSON', 'junk', 'invalid_format'],
    ['no fields', '{}', 'invalid_format'],
    ['an array', '[]', 'invalid_format'],
    ['a log without hash', undefined, 'invalid_format'],
  ])('malformed: %s', (_name, text, status) => {
    const evidence = load();
    const at = middle(evidence);
    const digest = evidence.digests[at];
    if (digest === undefined) throw new Error('no digest');
    const broken =
      text ?? Buffer.from(digest.bytes).toString('utf8').replace('"hashValue"', '"hashvalue"');
    const report = validateTrails({
      ...evidence,
      digests: evidence.digests.with(at, withBytes(digest, Buffer.from(broken))),
    });
    expect(statuses(report, digest.key)).toContain(status);
    expect(report.ok).toBe(false);
  });
});

function signed(digest: DigestObject, key: KeyObject, hash: string): DigestObject {
  const parsed = parseDigest(digest.bytes);
  if (!('digest' in parsed)) throw new Error('no digest');
  const text = signedText(parsed.digest, digest.bytes);
  return { ...digest, signature: sign(hash, Buffer.from(text), key).toString('hex') };
}

test('keys and stamps of other layouts', () => {
  const org =
    'p/AWSLogs/o-abc123/111122223333/CloudTrail-Digest/eu-west-1/2026/09/17/111122223333_CloudTrail-Digest_eu-west-1_a_b_eu-west-1_20260917T195020Z_backfill.json.gz';
  expect(parseDigestKey(org)?.chain).toEqual({
    prefix: 'p/o-abc123/',
    account: '111122223333',
    region: 'eu-west-1',
    trail: 'a_b',
    homeRegion: 'eu-west-1',
    backfill: true,
  });
  expect(parseDigestKey('AWSLogs/1/CloudTrail/eu-west-1/x.json.gz')).toBeUndefined();
  expect(
    parsePublicKeys('{"PublicKeyList":[{"Value":"AAAA","Fingerprint":"x"}]}').problems,
  ).toHaveLength(1);
  expect(parsePublicKeys('[').problems).toEqual(['not JSON']);
});
