import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { metrics } from '#src/app/metrics.ts';
import { replay } from '#src/app/query-replay.ts';
import { summary } from '#src/app/summary.ts';
import { openDatabase } from '#src/db/open.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';

const fx = fakeEffects();
let target: Case;

beforeAll(async () => {
  target = await sampleCase();
});

test('a summary tells what the stolen key did', async () => {
  const all = await summary(target, fx, { filter: {}, byIssuer: false });
  expect(all.map(({ events }) => events)).toEqual(
    all.map(({ events }) => events).sort((a, b) => b - a),
  );
  const svc = all.find(({ principal }) => principal?.endsWith('user/svc-backup') === true);
  expect(svc).toMatchInlineSnapshot(`
    {
      "events": 44,
      "failed": 12,
      "first_seen": "2026-09-17T23:12:03Z",
      "last_seen": "2026-09-18T01:44:08Z",
      "principal": "arn:aws:iam::111122223333:user/svc-backup",
      "seen": {
        "access_key": [
          {
            "events": 36,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "AKIAW5SSTKYJ4EXAMPLE",
          },
          {
            "events": 6,
            "first_seen": "2026-09-17T23:15:40Z",
            "last_seen": "2026-09-17T23:17:25Z",
            "value": "ASIADNTHBPICZEXAMPLE",
          },
        ],
        "api_failed": [
          {
            "events": 1,
            "first_seen": "2026-09-17T23:16:01Z",
            "last_seen": "2026-09-17T23:16:01Z",
            "value": "ce.amazonaws.com GetCostAndUsage",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:25:30Z",
            "last_seen": "2026-09-18T01:25:30Z",
            "value": "cloudtrail.amazonaws.com DeleteTrail",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:16:22Z",
            "last_seen": "2026-09-17T23:16:22Z",
            "value": "ec2.amazonaws.com DescribeInstances",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:23:05Z",
            "last_seen": "2026-09-18T00:23:05Z",
            "value": "ec2.amazonaws.com RunInstances",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:29:20Z",
            "last_seen": "2026-09-18T01:29:20Z",
            "value": "guardduty.amazonaws.com UpdateDetector",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:15:40Z",
            "last_seen": "2026-09-17T23:15:40Z",
            "value": "health.amazonaws.com DescribeEventAggregates",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:42:30Z",
            "last_seen": "2026-09-18T01:42:30Z",
            "value": "iam.amazonaws.com DeactivateMFADevice",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:17:04Z",
            "last_seen": "2026-09-17T23:17:04Z",
            "value": "iam.amazonaws.com ListUsers",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:43:50Z",
            "last_seen": "2026-09-18T01:43:50Z",
            "value": "kms.amazonaws.com ScheduleKeyDeletion",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:17:25Z",
            "last_seen": "2026-09-17T23:17:25Z",
            "value": "organizations.amazonaws.com DescribeOrganization",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:16:43Z",
            "last_seen": "2026-09-17T23:16:43Z",
            "value": "s3.amazonaws.com ListBuckets",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:14:18Z",
            "last_seen": "2026-09-17T23:14:18Z",
            "value": "signin.amazonaws.com ConsoleLogin",
          },
        ],
        "api_succeeded": [
          {
            "events": 3,
            "first_seen": "2026-09-18T00:24:11Z",
            "last_seen": "2026-09-18T00:26:30Z",
            "value": "ec2.amazonaws.com DescribeInstances",
          },
          {
            "events": 2,
            "first_seen": "2026-09-18T01:24:01Z",
            "last_seen": "2026-09-18T01:24:38Z",
            "value": "ec2.amazonaws.com DeleteFlowLogs",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:19:50Z",
            "last_seen": "2026-09-18T01:19:50Z",
            "value": "cloudtrail.amazonaws.com GetTrailStatus",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:22:13Z",
            "last_seen": "2026-09-18T01:22:13Z",
            "value": "cloudtrail.amazonaws.com PutEventSelectors",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:26:44Z",
            "last_seen": "2026-09-18T01:26:44Z",
            "value": "cloudtrail.amazonaws.com StopLogging",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:21:40Z",
            "last_seen": "2026-09-18T00:21:40Z",
            "value": "ec2.amazonaws.com AuthorizeSecurityGroupIngress",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:21:17Z",
            "last_seen": "2026-09-18T00:21:17Z",
            "value": "ec2.amazonaws.com CreateSecurityGroup",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:32:40Z",
            "last_seen": "2026-09-18T01:32:40Z",
            "value": "ec2.amazonaws.com CreateSnapshot",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:33:02Z",
            "last_seen": "2026-09-18T01:33:02Z",
            "value": "ec2.amazonaws.com DeleteKeyPair",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:35:45Z",
            "last_seen": "2026-09-18T01:35:45Z",
            "value": "ec2.amazonaws.com DeleteSecurityGroup",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:18:09Z",
            "last_seen": "2026-09-18T00:18:09Z",
            "value": "ec2.amazonaws.com DescribeInstanceTypeOfferings",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:19:31Z",
            "last_seen": "2026-09-18T00:19:31Z",
            "value": "ec2.amazonaws.com DescribeVpcs",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:34:30Z",
            "last_seen": "2026-09-18T01:34:30Z",
            "value": "ec2.amazonaws.com GetPasswordData",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:20:02Z",
            "last_seen": "2026-09-18T00:20:02Z",
            "value": "ec2.amazonaws.com ImportKeyPair",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:33:50Z",
            "last_seen": "2026-09-18T01:33:50Z",
            "value": "ec2.amazonaws.com ModifySnapshotAttribute",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:23:52Z",
            "last_seen": "2026-09-18T00:23:52Z",
            "value": "ec2.amazonaws.com RunInstances",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:31:20Z",
            "last_seen": "2026-09-18T01:31:20Z",
            "value": "ec2.amazonaws.com TerminateInstances",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:38:41Z",
            "last_seen": "2026-09-18T01:38:41Z",
            "value": "iam.amazonaws.com AttachUserPolicy",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:39:12Z",
            "last_seen": "2026-09-18T01:39:12Z",
            "value": "iam.amazonaws.com CreateAccessKey",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:38:10Z",
            "last_seen": "2026-09-18T01:38:10Z",
            "value": "iam.amazonaws.com CreateUser",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:44:08Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "iam.amazonaws.com DeleteAccessKey",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:41:55Z",
            "last_seen": "2026-09-18T01:41:55Z",
            "value": "iam.amazonaws.com DeleteLoginProfile",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:43:20Z",
            "last_seen": "2026-09-18T01:43:20Z",
            "value": "iam.amazonaws.com DetachUserPolicy",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:40:20Z",
            "last_seen": "2026-09-18T01:40:20Z",
            "value": "iam.amazonaws.com UpdateAssumeRolePolicy",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:37:15Z",
            "last_seen": "2026-09-18T01:37:15Z",
            "value": "s3.amazonaws.com PutBucketPolicy",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:15:02Z",
            "last_seen": "2026-09-17T23:15:02Z",
            "value": "signin.amazonaws.com ConsoleLogin",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:28:30Z",
            "last_seen": "2026-09-18T01:28:30Z",
            "value": "ssm.amazonaws.com StartSession",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T01:36:02Z",
            "last_seen": "2026-09-18T01:36:02Z",
            "value": "ssm.amazonaws.com TerminateSession",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-17T23:12:03Z",
            "value": "sts.amazonaws.com GetCallerIdentity",
          },
        ],
        "console": [
          {
            "events": 1,
            "first_seen": "2026-09-17T23:14:18Z",
            "last_seen": "2026-09-17T23:14:18Z",
            "value": "Failure without MFA",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:15:02Z",
            "last_seen": "2026-09-17T23:15:02Z",
            "value": "Success without MFA",
          },
        ],
        "error": [
          {
            "events": 9,
            "first_seen": "2026-09-17T23:15:40Z",
            "last_seen": "2026-09-18T01:43:50Z",
            "value": "AccessDenied",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:16:22Z",
            "last_seen": "2026-09-17T23:16:22Z",
            "value": "Client.UnauthorizedOperation",
          },
          {
            "events": 1,
            "first_seen": "2026-09-18T00:23:05Z",
            "last_seen": "2026-09-18T00:23:05Z",
            "value": "Client.VcpuLimitExceeded",
          },
          {
            "events": 1,
            "first_seen": "2026-09-17T23:14:18Z",
            "last_seen": "2026-09-17T23:14:18Z",
            "value": "Failed authentication",
          },
        ],
        "mfa": [
          {
            "events": 6,
            "first_seen": "2026-09-17T23:15:40Z",
            "last_seen": "2026-09-17T23:17:25Z",
            "value": "session without MFA",
          },
        ],
        "region": [
          {
            "events": 15,
            "first_seen": "2026-09-17T23:16:22Z",
            "last_seen": "2026-09-18T01:43:50Z",
            "value": "eu-west-1",
          },
          {
            "events": 15,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "us-east-1",
          },
          {
            "events": 14,
            "first_seen": "2026-09-18T00:18:09Z",
            "last_seen": "2026-09-18T01:35:45Z",
            "value": "sa-east-1",
          },
        ],
        "role_assumed": [],
        "source_ip": [
          {
            "events": 36,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "203.0.113.66",
          },
          {
            "events": 8,
            "first_seen": "2026-09-17T23:14:18Z",
            "last_seen": "2026-09-17T23:17:25Z",
            "value": "203.0.113.67",
          },
        ],
        "type": [
          {
            "events": 44,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "IAMUser",
          },
        ],
        "user_agent": [
          {
            "events": 36,
            "first_seen": "2026-09-17T23:12:03Z",
            "last_seen": "2026-09-18T01:44:08Z",
            "value": "aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux#6.6.9-amd64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard md/distrib#kali.2024.1",
          },
          {
            "events": 8,
            "first_seen": "2026-09-17T23:14:18Z",
            "last_seen": "2026-09-17T23:17:25Z",
            "value": "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
          },
        ],
      },
    }
  `);
  const db = openDatabase(target.paths.database, { readonly: true });
  const calls = db.prepare('SELECT count(*) FROM cloudtrail').pluck().get();
  db.close();
  // Every call belongs to one principal, and every call of one succeeded or failed.
  expect(all.reduce((sum, one) => sum + one.events, 0)).toBe(calls);
  const sum = (values: readonly { readonly events: number }[]): number =>
    values.reduce((total, { events }) => total + events, 0);
  for (const { events, failed, seen } of all) {
    expect(sum(seen.api_failed)).toBe(failed);
    expect(sum(seen.api_succeeded)).toBe(events - failed);
  }
});

test('sessions of a role are counted together', async () => {
  const filter = { actor: 'app-orders-role' };
  const apart = await summary(target, fx, { filter, byIssuer: false });
  const together = await summary(target, fx, { filter, byIssuer: true });
  expect(apart.length).toBeGreaterThan(together.length);
  expect(together.map(({ principal }) => principal)).toContain(
    'arn:aws:iam::111122223333:role/app-orders-role',
  );
});

test('metrics count columns, common columns and paths, and are SQL to be replayed', async () => {
  const of = async (field: string, source?: string): Promise<readonly unknown[]> => {
    const filter = source === undefined ? {} : { source };
    const answer = await metrics(target, fx, { field, filter }, false);
    return answer.rows.map((line) => JSON.parse(line) as unknown);
  };
  expect((await of('region'))[0]).toEqual([
    ...['eu-west-1', { i: '2689' }, '2026-09-14T00:13:05Z', '2026-09-18T09:09:36Z'],
  ]);
  // Rows of a table that Lake gave as CSV have columns and no JSON: the path counts them as NULL.
  const users = (rows: readonly unknown[]): unknown =>
    rows.find((row) => (row as readonly unknown[])[0] === 'IAMUser');
  const [path, column] = ['userIdentity.type', 'user_identity_type'];
  expect(users(await of(path, 'cloudtrail'))).toEqual(users(await of(column, 'cloudtrail')));
  expect(users(await of(path, 'cloudtrail'))).toBeDefined();
  await expect(of('nonsense')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  await expect(of('raw', 'cloudtrail')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  await expect(of('a."b', 'cloudtrail')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  await expect(of('actor', 'nonsense')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  const question = { field: 'event_name', filter: { source: 'cloudtrail' } };
  const { run } = await metrics(target, fx, question, true);
  expect(await replay(target, fx, run ?? '')).toMatchObject({ verdict: 'match' });
});

test('the verbs print every format', async () => {
  const at = ['--case', target.paths.dir];
  const table = await exhibit(['summary', 'svc-backup', '--top', '2', ...at]);
  expect([table.status, table.stdout]).toEqual([0, expect.stringContaining('203.0.113.67')]);
  const { json } = await exhibitJson(['summary', 'svc-backup', '--record', ...at]);
  expect(json).toMatchObject({ count: 1, principals: [{ events: 44, failed: 12 }] });
  const csv = await exhibit(['metrics', 'outcome', '--format', 'csv', ...at]);
  expect(csv.stdout.split('\n')[0]).toBe('value,events,first_seen,last_seen');
});
