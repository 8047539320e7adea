import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { generateSamples } from '../../evidence-samples/generate.ts';
import {
  accessLines,
  content,
  flowRows,
  lookupRecords,
  mirrorPaths,
  stored,
  trailRecords,
  type TrailRecord,
} from './mirror.ts';

const ATTACKER = '203.0.113.66';
const records = trailRecords();
const named = (name: string): TrailRecord[] =>
  records.filter((record) => record.eventName === name);

describe('the generator', () => {
  const generated = new Map(generateSamples().map((file) => [file.path, file.text]));

  test('makes exactly the committed files', () => {
    expect([...generated.keys()]).toEqual(mirrorPaths());
  });

  test('makes the committed content, apart from the compression', () => {
    for (const path of mirrorPaths()) {
      if (path.includes('/partial/')) continue;
      if (path.endsWith('.metadata.json')) {
        // Size and ETag are those of the compressed bytes, which are checked below.
        const made = JSON.parse(String(generated.get(path))) as Record<string, unknown>;
        const { ETag, ContentLength } = JSON.parse(content(path).toString()) as typeof made;
        expect(JSON.parse(content(path).toString()), path).toEqual({
          ...made,
          ETag,
          ContentLength,
        });
      } else if (path.endsWith('/result_sign.json')) {
        // Names the hash of compressed bytes.
        const hash = createHash('sha256').update(
          stored(path.replace('result_sign.json', 'result_1.csv.gz')),
        );
        const made = String(generated.get(path)).replace(
          /"fileHashValue":"[0-9a-f]{64}"/,
          `"fileHashValue":"${hash.digest('hex')}"`,
        );
        expect(content(path).toString()).toBe(made);
      } else {
        expect(content(path).equals(generated.get(path) ?? Buffer.of()), path).toBe(true);
      }
    }
  });

  test('gives the sidecars the size and ETag of the committed bytes', () => {
    for (const path of mirrorPaths().filter((name) => name.endsWith('.metadata.json'))) {
      const bytes = stored(path.replace(/\.metadata\.json$/, ''));
      const head = JSON.parse(content(path).toString()) as { ETag: string; ContentLength: number };
      expect(head).toMatchObject({
        ContentLength: bytes.length,
        ETag: `"${createHash('md5').update(bytes).digest('hex')}"`,
      });
    }
  });

  test('cuts the broken downloads from files that are there whole', () => {
    const partial = mirrorPaths().filter((path) => path.includes('/partial/'));
    expect(partial).toHaveLength(2);
    for (const path of partial) {
      const name = path.slice(path.lastIndexOf('/'));
      const whole = mirrorPaths().find((other) => other.endsWith(name) && other !== path) ?? '';
      const bytes = stored(path);
      expect(bytes.length).toBeLessThan(stored(whole).length);
      expect(stored(whole).subarray(0, bytes.length).equals(bytes), path).toBe(true);
    }
  });

  test('uses documentation and private addresses only, and stays small', () => {
    const text = mirrorPaths()
      .filter((path) => !path.includes('/partial/'))
      .map((path) => content(path).toString())
      .join('\n');
    const allowed = /^(?:192\.0\.2|198\.51\.100|203\.0\.113|10\.20|172\.31|0\.0\.0|127\.0\.0)\./;
    // Version numbers inside user agents that look like addresses.
    const versions = ['126.0.0.0', '3.3.484.0'];
    const addresses =
      text.match(/(?<![\d.\w#/-])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])/g) ?? [];
    expect(
      addresses.filter((address) => !allowed.test(address) && !versions.includes(address)),
    ).toEqual([]);
    expect(mirrorPaths().reduce((sum, path) => sum + stored(path).length, 0)).toBeLessThan(
      2_500_000,
    );
  });
});

describe('the story', () => {
  test('is told by these many records', () => {
    expect(records).toHaveLength(1450);
    expect(new Set(records.map((record) => record.eventID)).size).toBe(records.length);
    expect(
      Object.fromEntries(
        [
          'ConsoleLogin',
          'CreateAccessKey',
          'CreateLoginProfile',
          'StopLogging',
          'StartLogging',
          'PutEventSelectors',
          'DeleteFlowLogs',
          'RunInstances',
          'GetObject',
        ].map((name) => [name, named(name).length]),
      ),
    ).toEqual({
      ConsoleLogin: 12,
      CreateAccessKey: 1,
      CreateLoginProfile: 1,
      StopLogging: 1,
      StartLogging: 1,
      PutEventSelectors: 1,
      DeleteFlowLogs: 2,
      RunInstances: 2,
      GetObject: 166,
    });
  });

  test('begins with the CI key at a foreign address and a burst of refusals', () => {
    const [first] = records.filter((record) => record.sourceIPAddress === ATTACKER);
    expect(first).toMatchObject({
      eventName: 'GetCallerIdentity',
      eventTime: '2026-09-17T22:41:07Z',
      awsRegion: 'us-east-1',
      userIdentity: { userName: 'ci-deploy' },
    });
    const key = first?.userIdentity.accessKeyId;
    const before = records.filter(
      (record) =>
        record.userIdentity.accessKeyId === key && record.eventTime < '2026-09-17T22:41:07Z',
    );
    expect(new Set(before.map((record) => record.sourceIPAddress))).toEqual(
      new Set(['198.51.100.20']),
    );
    const refused = records.filter(
      (record) =>
        record.sourceIPAddress === ATTACKER &&
        record.eventTime < '2026-09-17T23:00:00Z' &&
        record.errorCode !== undefined,
    );
    expect(refused).toHaveLength(64);
  });

  test('goes to a region that was never used before', () => {
    const [first] = records.filter((record) => record.awsRegion === 'sa-east-1');
    expect(first?.eventTime.slice(0, 13)).toBe('2026-09-17T22');
  });

  test('holds a chain of keys from the leaked one to the data', () => {
    const ci = named('GetCallerIdentity').find((record) => record.sourceIPAddress === ATTACKER)
      ?.userIdentity.accessKeyId;
    const first = named('AssumeRole').find(
      (record) => record.userIdentity.accessKeyId === ci && record.sourceIPAddress === ATTACKER,
    );
    const issued = first?.responseElements?.credentials?.accessKeyId;
    const second = named('AssumeRole').filter(
      (record) => record.userIdentity.accessKeyId === issued && record.errorCode === undefined,
    );
    expect(second.map((record) => record.eventTime)).toEqual([
      '2026-09-17T23:48:27Z',
      '2026-09-18T00:29:55Z',
    ]);
    const keys = second.map((record) => {
      // The same call in the other account's trail, tied by the shared event id.
      const copy = named('AssumeRole').find(
        (other) =>
          other.sharedEventID === record.sharedEventID &&
          other.recipientAccountId === '444455556666',
      );
      expect(copy?.userIdentity).toMatchObject({ type: 'AWSAccount' });
      expect(copy?.responseElements).toEqual(record.responseElements);
      return record.responseElements?.credentials?.accessKeyId;
    });
    const taken = named('GetObject').filter(
      (record) => keys.includes(record.userIdentity.accessKeyId) && record.errorCode === undefined,
    );
    expect(
      keys.map((key) => taken.filter((record) => record.userIdentity.accessKeyId === key).length),
    ).toEqual([24, 136]);
    expect(
      new Set(taken.map((record) => record.userIdentity.sessionContext?.sourceIdentity)),
    ).toEqual(new Set(['ci-deploy']));
  });

  test('signs in without MFA once, after one failure', () => {
    const withoutMfa = named('ConsoleLogin').filter(
      (record) => record.additionalEventData?.MFAUsed === 'No',
    );
    expect(withoutMfa.map((record) => record.responseElements?.ConsoleLogin)).toEqual([
      'Failure',
      'Success',
    ]);
    expect(withoutMfa.every((record) => record.userIdentity.userName === 'svc-backup')).toBe(true);
  });

  test('shows every data event in the server access log under the same ids', () => {
    const lines = accessLines();
    const data = records.filter(
      (record) => record.additionalEventData?.['x-amz-id-2'] !== undefined,
    );
    expect(data).toHaveLength(200 + 166 + 5);
    for (const record of data) {
      const line = lines.find((text) => text.includes(` ${record.requestID ?? ''} `));
      expect(line).toContain(` ${record.additionalEventData?.['x-amz-id-2'] ?? ''} `);
    }
  });

  test('moves the bytes that S3 gave out through the instance to the drop address', () => {
    const out = named('GetObject')
      .filter((record) => record.sourceIPAddress === '198.51.100.201')
      .reduce((sum, record) => sum + (record.additionalEventData?.bytesTransferredOut ?? 0), 0);
    const sent = flowRows()
      .filter((row) => row['dstaddr'] === '203.0.113.99')
      .reduce((sum, row) => sum + Number(row['bytes']), 0);
    expect(out).toBeGreaterThan(500_000_000);
    expect(sent).toBeGreaterThan(out);
    expect(sent).toBeLessThan(out * 1.05);
    expect(
      flowRows().filter(
        (row) =>
          row['action'] === 'REJECT' &&
          row['srcaddr'] === ATTACKER &&
          ['22', '3389'].includes(row['dstport'] ?? ''),
      ),
    ).toHaveLength(37);
  });

  test('hides a second key from the trail, and event history shows it', () => {
    expect(
      records.filter(
        (record) =>
          record.recipientAccountId === '111122223333' &&
          record.eventTime > '2026-09-18T01:26:44Z' &&
          record.eventTime < '2026-09-18T07:04:19Z',
      ),
    ).toEqual([]);
    const lookup = lookupRecords();
    const hidden = lookup.find((record) => record.eventName === 'CreateAccessKey');
    expect(hidden?.responseElements?.accessKey?.userName).toBe('support-lens');
    const ids = new Set(records.map((record) => record.eventID));
    expect(lookup.filter((record) => ids.has(record.eventID)).length).toBeGreaterThan(20);
    const visits = records.filter(
      (record) =>
        record.userIdentity.accessKeyId === hidden?.responseElements?.accessKey?.accessKeyId,
    );
    expect(visits.map((record) => record.eventName)).toEqual([
      'GetCallerIdentity',
      'ListBuckets',
      'GetTrailStatus',
      'ListBuckets',
    ]);
  });
});
