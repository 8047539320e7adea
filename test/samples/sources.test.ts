/** The story is told in every source, and the query on each source's page answers its question there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forbidClock } from '#src/db/no-clock.ts';
import { openDatabase, type Database } from '#src/db/open.ts';
import { canonicalChunks } from '#src/query/canonical.ts';
import { execute } from '#src/query/execute.ts';
import { bindParams } from '#src/query/params.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import { REJECT_REASONS } from '#src/sources/source.ts';
import { ROOT } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';

let db: Database;

beforeAll(async () => {
  const target = await sampleCase();
  db = openDatabase(target.paths.database, { readonly: true });
  forbidClock(db);
});

afterAll(() => {
  db.close();
});

const all = (sql: string): unknown[] => db.prepare<[]>(sql).all();

describe.each(SOURCES.map((source) => [source.id, source] as const))('%s', (id, { example }) => {
  test('has a page that shows its query', () => {
    const page = readFileSync(join(ROOT, 'docs', 'sources', `${id}.md`), 'utf8');
    expect(page).toContain(example.question);
    expect(page.replace(/\s+/g, ' ')).toContain(example.sql.replace(/\s+/g, ' '));
  });

  test('answers the question of its page in the story, always the same', async () => {
    const answer = execute(db, example.sql, bindParams([], new Map()));
    expect(answer.order).toBe('determined');
    expect(answer.rows.length).toBeGreaterThan(0);
    const file = join(ROOT, 'test', 'golden', 'sources', `${id}.jsonl`);
    await expect([...canonicalChunks(answer)].join('')).toMatchFileSnapshot(file);
  });
});

test('every way to lose a record happens in the story', () => {
  const seen = db.prepare<[], string>('SELECT DISTINCT reason FROM main.reject').pluck().all();
  expect(seen.sort()).toEqual(Object.keys(REJECT_REASONS).sort());
});

test('no record of the story is lost', () => {
  expect(
    all('SELECT original_path FROM source_file WHERE records <> imported + duplicates + rejected'),
  ).toEqual([]);
});

describe('what the story says in messages, checks, transcripts and flow logs', () => {
  const time = (column: string): string =>
    `strftime('%Y-%m-%dT%H:%M:%SZ', ${column} / 1000000, 'unixepoch')`;

  test('the alarm lay in a queue, with the last call that the trail recorded', () => {
    expect(
      all(`SELECT ${time('m.time_us')} AS sent, e.detail_type, json_extract(e.raw, '$.detail.eventName') AS call
           FROM sns_sqs_message m
           JOIN inner_record i ON i.carrier_id = m.id JOIN eventbridge e ON e.id = i.id
           WHERE m.service = 'sns' ORDER BY m.time_us`),
    ).toEqual(
      [
        ['2026-09-18T01:22:24Z', 'PutEventSelectors'],
        ['2026-09-18T01:25:41Z', 'DeleteTrail'],
        ['2026-09-18T01:26:55Z', 'StopLogging'],
      ].map(([sent, call]) => ({ sent, detail_type: 'AWS API Call via CloudTrail', call })),
    );
    // Nobody was asked for it before 06:41:09, and it was given out twice.
    expect(
      all(`SELECT count(*) AS copies FROM main.duplicate d JOIN source_file f ON f.file_id = d.id >> 28
           WHERE f.original_path LIKE '%/messages/%' AND d.source = 'sns_sqs_message'`),
    ).toEqual([{ copies: 2 }]);
  });

  test('a message tells who wrote the script that customers got', () => {
    expect(
      all(`SELECT json_extract(e.raw, '$.detail."request-id"') = s.request_id AS same, s.requester
           FROM sns_sqs_message m JOIN inner_record i ON i.carrier_id = m.id
           JOIN eventbridge e ON e.id = i.id JOIN s3_access s ON s.key_name = 'js/checkout.js'
           WHERE e.detail_type = 'Object Created' AND s.operation = 'REST.PUT.OBJECT'`),
    ).toEqual([{ same: 1, requester: 'arn:aws:iam::999988887777:user/cdn' }]);
  });

  test('the first order server did not answer while its database was dumped, and when it was stopped', () => {
    expect(
      all(`SELECT target_ip, reason_code, count(*) AS checks, ${time('min(time_us)')} AS since
           FROM alb_health_check WHERE check_status = 'FAIL' GROUP BY target_ip, reason_code ORDER BY since`),
    ).toEqual([
      {
        target_ip: '10.20.10.11',
        reason_code: 'RequestTimedOut',
        checks: 3,
        since: '2026-09-18T01:30:04Z',
      },
      {
        target_ip: '10.20.10.11',
        reason_code: 'ConnectionRefused',
        checks: 6,
        since: '2026-09-18T09:07:04Z',
      },
    ]);
  });

  test('none of the guesses on the Windows server was right, says its transcript and its log', () => {
    expect(
      all(`SELECT output FROM powershell_transcript WHERE command LIKE '%Id=4624%10.20.10.11%'`),
    ).toEqual([{ output: '0' }]);
    expect(
      all(
        `SELECT windows_event_id, count(*) AS events FROM windows_event WHERE src_ip = '10.20.10.11' GROUP BY windows_event_id`,
      ),
    ).toEqual([{ windows_event_id: 4625, events: 6 }]);
    // The hash that was noted is that of the file that was collected.
    expect(
      all(
        `SELECT f.original_path FROM powershell_transcript p JOIN source_file f ON lower(p.output) = f.sha256_inflated`,
      ),
    ).toEqual([{ original_path: 'harborline-ir-workspace/hosts/WIN-DISPATCH01/security.xml' }]);
  });

  test('the flow logs that were deleted are those that were listed at one o’clock', () => {
    expect(
      all(`SELECT l.flow_log_id = json_extract(c.raw, '$.requestParameters.DeleteFlowLogsRequest.FlowLogId.content') AS same,
             (SELECT count(*) FROM source_file f WHERE f.original_path LIKE '%' || l.flow_log_id || '%') > 0 AS has_files
           FROM cloudtrail c JOIN ec2_flow_log l
             ON l.flow_log_id = json_extract(c.raw, '$.requestParameters.DeleteFlowLogsRequest.FlowLogId.content')
           WHERE c.event_name = 'DeleteFlowLogs'`),
    ).toEqual([
      { same: 1, has_files: 1 },
      { same: 1, has_files: 1 },
    ]);
  });
});
