/** `exhibit detect` over a case with the same call delivered twice: by a trail, and by EventBridge. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { detect, type Detection, type DetectQuestion, type Finding } from '#src/app/detect.ts';
import { findings } from '#src/app/detect-record.ts';
import { findingsFile } from '#src/app/findings.ts';
import { TIMELINE_FORMATS } from '#src/report/timeline-formats.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const call = (id: string, name: string, more: object = {}): object => ({
  eventVersion: '1.08',
  eventTime: `2026-01-02T03:04:0${id}Z`,
  eventSource: 'iam.amazonaws.com',
  eventName: name,
  eventType: 'AwsApiCall',
  awsRegion: 'us-east-1',
  eventID: `event-${id}`,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
  managementEvent: true,
  userIdentity: { type: 'IAMUser', userName: 'ada\u202e' },
  ...more,
});

const EVENT = {
  version: '0',
  id: 'e-1',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.iam',
  account: '111122223333',
  time: '2026-01-02T03:04:01Z',
  region: 'us-east-1',
  resources: [],
  detail: call('1', 'CreateUser'),
};

const FINDING = {
  SchemaVersion: '2.0',
  AccountId: '111122223333',
  Region: 'us-east-1',
  Partition: 'aws',
  Id: 'f-1',
  Arn: 'arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/f-1',
  Type: 'Stealth:IAMUser/CloudTrailLoggingDisabled',
  Resource: { ResourceType: 'AccessKey' },
  Service: { ServiceName: 'guardduty', DetectorId: 'd', Count: 1, ResourceRole: 'TARGET' },
  Severity: 8,
  CreatedAt: '2026-01-02T03:05:00.000Z',
  UpdatedAt: '2026-01-02T03:05:00.000Z',
  Title: 't',
  Description: 'd',
};

const ARN = 'arn:aws:events:us-east-1:111122223333:rule';

let target: Case;
let dir: string;
let files: string;
const file = (name: string): string => join(files, name);

beforeAll(async () => {
  files = await tempDir();
  const logs = join(files, 'logs');
  await mkdir(logs);
  const put = (name: string, value: unknown): Promise<void> =>
    writeFile(file(name), typeof value === 'string' ? value : JSON.stringify(value));
  await put('logs/111122223333_CloudTrail_us-east-1_a.json', {
    Records: [
      call('1', 'CreateUser'),
      call('2', 'CreateUser'),
      call('3', 'ListUsers', { readOnly: true }),
      call('4', 'CreateUser', { awsRegion: 'eu-west-1' }),
      call('5', 'Decrypt', { eventType: 'AwsVpceEvent' }),
    ],
  });
  await put('logs/events.jsonl', EVENT);
  await put('logs/findings.json', { Findings: [FINDING] });
  await put('users.json', {
    source: ['aws.iam'],
    detail: { eventName: ['CreateUser', 'ListUsers'], errorCode: [{ exists: false }] },
  });
  await put('findings.json', { detail: { severity: [{ numeric: ['>=', 7] }] } });
  await put('bad.json', '{\n "source": "aws.iam"\n}');
  await put('rules.json', {
    Rules: [
      {
        Name: 'users',
        Arn: `${ARN}/users`,
        State: 'ENABLED',
        EventPattern: '{"source":["aws.iam"]}',
      },
      {
        Name: 'all',
        Arn: `${ARN}/all`,
        State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
        EventPattern: '{"source":["aws.iam"]}',
      },
      { Name: 'off', State: 'DISABLED', EventPattern: '{"source":["aws.iam"]}' },
    ],
  });
  await put('targets.json', {
    Targets: [
      {
        Id: 'mail',
        Arn: 'arn:aws:sns:us-east-1:111122223333:mail',
        InputTransformer: {
          InputPathsMap: { who: '$.detail.userIdentity.userName', what: '$.detail.eventName' },
          InputTemplate: '"<who> called <what>"',
        },
      },
    ],
  });
  target = await sampleCase({ paths: [logs], workers: 1 });
  ({ dir } = target.paths);
});

type Found = Omit<Detection, 'each'> & { readonly hits: readonly Finding[] };

/** In process; what the command line makes of it is asked below. */
function ask(names: readonly string[], more: Partial<DetectQuestion> = {}): Promise<Found> {
  const question = {
    patterns: names.map(file),
    targets: [],
    allManagementEvents: false,
    everywhere: false,
    ...more,
  };
  return detect(target, fakeEffects(), question, ({ each, ...rest }) => ({
    ...rest,
    hits: [...each(0)],
  }));
}

test('an event that EventBridge delivered is asked itself, and not again as a record', async () => {
  const found = await ask(['users.json', 'findings.json']);
  expect(found.hits.map((hit) => [hit.time, hit.rule, hit.event, hit.detail_type])).toEqual([
    ['2026-01-02T03:04:01Z', 'users', 'delivered', 'AWS API Call via CloudTrail'],
    ['2026-01-02T03:04:02Z', 'users', 'wrapped', 'AWS API Call via CloudTrail'],
    ['2026-01-02T03:04:04Z', 'users', 'wrapped', 'AWS API Call via CloudTrail'],
    ['2026-01-02T03:05:00Z', 'findings', 'wrapped', 'GuardDuty Finding'],
  ]);
  expect(found.by_rule[0]).toMatchObject({ count: 3, read_only_not_sent: 1, elsewhere: 0 });
  expect(found.hits[0]).toMatchObject({
    matched: ['source', 'detail.eventName', 'detail.errorCode'],
    received: [],
    evidence_id: 'EV-0001',
    record_no: 1,
  });
  const row = found.hits[1]?.row ?? '';
  const shown = await exhibitJson(['show', row, '--case', dir]);
  expect(shown.json).toMatchObject({ verified: true });
});

test('what EventBridge does not send is counted, and what it holds back from a rule', async () => {
  const found = await ask(['rules.json'], { targets: [`users=${file('targets.json')}`] });
  expect(found.by_rule).toMatchObject([
    { title: 'users', count: 2, read_only_not_sent: 1, elsewhere: 1 },
    { title: 'all', count: 3, read_only_not_sent: 0, elsewhere: 1 },
  ]);
  expect(found.rules.skipped).toMatchObject([{ name: 'off', malformed: false }]);
  expect(found.not_wrapped).toEqual([
    { table: 'cloudtrail', reason: 'an event type that CloudTrail does not send', count: 1 },
  ]);
  expect(found.hits[0]?.received).toEqual([
    {
      target: 'mail',
      arn: 'arn:aws:sns:us-east-1:111122223333:mail',
      text: '"ada\u202e called CreateUser"',
      missing: [],
    },
  ]);
  const everywhere = await ask(['rules.json'], { everywhere: true });
  expect(everywhere.by_rule).toMatchObject([{ count: 3 }, { count: 4 }]);
  const all = await ask(['users.json'], { allManagementEvents: true });
  expect(all.findings).toBe(4);
  const night = await ask(['users.json'], {
    fromUs: Date.UTC(2026, 0, 2, 3, 4, 2) * 1000,
    toUs: Date.UTC(2026, 0, 2, 3, 4, 4) * 1000,
  });
  expect(night.findings).toBe(1);
});

test('a mistake is pointed at, and what it kept from being asked is not called good', async () => {
  const both = await exhibit([
    'detect',
    '--case',
    dir,
    '--pattern',
    file('bad.json'),
    file('users.json'),
    '--quiet',
  ]);
  expect(both.status).toBe(3);
  expect(both.stderr).toContain(
    'bad.json, line 2: bad: line 2, column 12: expected an array or an object',
  );
  expect(both.stdout).toContain('users');
  const alone = await exhibitJson(['detect', '--case', dir, '--pattern', file('bad.json')]);
  expect(alone.status).toBe(3);
  expect(alone.json).toMatchObject({
    error: { code: 'E_PATTERN', where: `${file('bad.json')}, line 2` },
  });
  const lost = await exhibitJson([
    'detect',
    '--case',
    dir,
    '--pattern',
    file('users.json'),
    '--targets',
    'x=y',
  ]);
  expect(lost.json).toMatchObject({ error: { code: 'E_USAGE' } });
});

test('every format has every finding', async () => {
  const lines = await exhibit([
    'detect',
    '--case',
    dir,
    '--pattern',
    file('users.json'),
    '--format',
    'jsonl',
  ]);
  expect(
    lines.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { rule: string }).rule),
  ).toEqual(['users', 'users', 'users']);
  const csv = await exhibit([
    'detect',
    '--case',
    dir,
    '--pattern',
    file('users.json'),
    '--format',
    'csv',
  ]);
  expect(csv.stdout.trim().split(/\r?\n/)).toHaveLength(4);
  const table = await exhibit([
    'detect',
    '--case',
    dir,
    '--pattern',
    file('users.json'),
    '--limit',
    '1',
  ]);
  expect(table.stderr).toContain('findings: 3, 1 shown');
});

test('findings are a time line for other tools, and go into a new file', async () => {
  const rule = 'title: "A, \u202eB"\nlogsource: {product: aws, service: cloudtrail}\n';
  const detection = 'detection: {sel: {eventName: Decrypt}, condition: sel}\n';
  await writeFile(file('s.yml'), `${rule}${detection}level: high\ntags: [attack.t1078]\n`);
  const asked = {
    rules: { rules: [file('s.yml')] },
    patterns: {
      patterns: [file('users.json')],
      targets: [],
      allManagementEvents: false,
      everywhere: false,
    },
  };
  const texts = await findings(target, fakeEffects(), asked, false, (found) =>
    TIMELINE_FORMATS.map((format) => [...findingsFile(found, format, 0)].join('')),
  );
  const [, sketchText = '', log2timeline = '', plaso = ''] = texts;
  const lines = (text: string): readonly Record<string, unknown>[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const sketch = lines(sketchText);
  expect(sketch.map((one) => [one['datetime'], one['tag']])).toEqual([
    ['2026-01-02T03:04:01.000000+00:00', ['eventbridge']],
    ['2026-01-02T03:04:02.000000+00:00', ['eventbridge']],
    ['2026-01-02T03:04:04.000000+00:00', ['eventbridge']],
    ['2026-01-02T03:04:05.000000+00:00', ['sigma', 'high', 'attack.t1078']],
  ]);
  expect(sketch[3]).toMatchObject({
    message: expect.stringContaining('[sigma high] A, \u202eB: Decrypt by ') as string,
    timestamp_desc: 'Finding Time',
    data_type: 'exhibit:finding',
    source: 'cloudtrail',
    action: 'Decrypt',
    rule: 'A, \u202eB',
    matched: '[{"field":"eventName","value":"Decrypt"}]',
  });
  expect(lines(plaso)[3]).toMatchObject({
    tag: { labels: ['sigma', 'high', 'attack.t1078'] },
    row: sketch[3]?.['row'],
  });
  expect(
    log2timeline
      .trim()
      .split('\n')
      .map((line) => line.split(',').length),
  ).toEqual([17, 17, 17, 17, 17]);
  const words = ['detect', '--case', dir, '--rules', file('s.yml'), '--pattern'];
  const into = [file('users.json'), '--format', 'timesketch-jsonl', '--out', file('out.jsonl')];
  expect((await exhibit([...words, ...into])).status).toBe(0);
  const written = lines(await readFile(file('out.jsonl'), 'utf8'));
  expect(written.map(({ row }) => row)).toEqual(sketch.map(({ row }) => row));
});

test('what is recorded is what is then shown, with the id of the run', async () => {
  const question = {
    rules: undefined,
    patterns: {
      patterns: [file('users.json')],
      targets: [],
      allManagementEvents: false,
      everywhere: false,
    },
  };
  let opened = 0;
  await findings(target, fakeEffects(), question, true, ({ patterns }, run) => {
    opened += 1;
    expect(run).toMatch(/^Q-\d{4}$/);
    expect(patterns?.findings).toBe(3);
  });
  expect(opened).toBe(1);
});
