/** Logs inside messages inside logs: SNS, SQS, EventBridge, CloudWatch Logs and Firehose, packed as they come. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { guardduty } from '#src/sources/guardduty.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { event, importCase, type Imported, sealedCase, withDatabase } from './world.ts';

const json = (value: unknown): string => JSON.stringify(value);

/** A payload of a subscription that carries CloudTrail's record `n`. */
function payload(n: number): string {
  return json({
    messageType: 'DATA_MESSAGE',
    owner: '111122223333',
    logGroup: 'trail',
    logStream: 's',
    subscriptionFilters: ['all'],
    logEvents: [{ id: String(n), timestamp: 1_762_592_405_123, message: json(event(n)) }],
  });
}

const FINDING: unknown = JSON.parse((guardduty.samples[0]?.text ?? '').split('\n')[0] ?? '');

function envelope(id: string, detail: unknown): string {
  return json({
    version: '0',
    id,
    'detail-type': 'GuardDuty Finding',
    source: 'aws.guardduty',
    account: '111122223333',
    time: '2025-11-08T09:00:05Z',
    region: 'eu-central-1',
    resources: [],
    detail,
  });
}

function notification(id: string, message: string): object {
  return {
    Type: 'Notification',
    MessageId: id,
    TopicArn: 'arn:aws:sns:eu-central-1:111122223333:findings',
    Message: message,
    Timestamp: '2025-11-08T09:00:06.123Z',
  };
}

function received(id: string, body: string, more: object = {}): object {
  return { MessageId: id, ReceiptHandle: 'r', MD5OfBody: 'm', Body: body, ...more };
}

const sent = { Attributes: { SentTimestamp: '1762592407123' } };
const packed = (text: string): string => gzipSync(text).toString('base64');

const FILES = {
  // CloudTrail in CloudWatch Logs in Firehose in gzip in gzip: payloads are members, and the object is packed again.
  'firehose-1': gzipSync(Buffer.concat([gzipSync(payload(1)), gzipSync(payload(2))])),
  'firehose-2': gzipSync(gzipSync(payload(3) + payload(4))),
  'stream.txt': `${packed(payload(5))}\n${packed(payload(6))}\n`,
  'queue.json': json({
    Messages: [
      // A finding in EventBridge in SNS in SQS.
      received('q1', json(notification('n1', envelope('e1', FINDING))), sent),
      // The message again, by another handle.
      received('q1', json(notification('n1', envelope('e1', FINDING))), {
        ...sent,
        ReceiptHandle: 'other',
      }),
      received('q2', packed(payload(7)), sent),
      // Nobody says when it was sent, nor what it is.
      received('q3', 'hello'),
      // The time is that of what it carries.
      received('q4', json(event(8)), {}),
    ],
  }),
  'function.json': [
    json({ Records: [{ EventSource: 'aws:sns', Sns: notification('n2', envelope('e2', {})) }] }),
    json({
      Records: [
        {
          messageId: 'q5',
          receiptHandle: 'r',
          body: json(notification('n3', json({ Records: [{ eventSource: 'aws:s3' }] }))),
          attributes: { SentTimestamp: '1762592407123' },
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:eu-central-1:111122223333:q',
        },
      ],
    }),
  ].join('\n'),
};

let dir = '';
let result: Imported;

beforeAll(async () => {
  dir = await sealedCase(FILES);
  result = await importCase(dir);
}, 600_000);

test('each lands in its own table, and leads back to what carries it', () => {
  expect(result.records).toBe(result.imported + result.duplicates + result.rejected);
  withDatabase(dir, (db) => {
    const all = (sql: string): unknown[] => db.prepare<[]>(sql).pluck().all();
    expect(all('SELECT event_id FROM cloudtrail ORDER BY event_id')).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => (event(n) as { eventID: string }).eventID),
    );
    expect(all('SELECT message_id FROM sns_sqs_message ORDER BY message_id')).toEqual(
      'n1 n2 n3 q1 q2 q5'.split(' '),
    );
    expect(all('SELECT event_id FROM eventbridge ORDER BY event_id')).toEqual(['e1', 'e2']);
    expect(all('SELECT count(*) FROM guardduty')).toEqual([1]);
    expect(
      all(`SELECT f.original_path || ' ' || r.source || ' ' || r.reason FROM main.reject r JOIN source_file f
             ON f.file_id = r.id >> 28 ORDER BY r.id`),
    ).toEqual(['queue.json sns_sqs_message bad_time', 'queue.json sns_sqs_message bad_time']);
    // From the finding to the message in the queue, step by step.
    const way = db
      .prepare<[], string>(
        `WITH RECURSIVE up (id, source) AS (
           SELECT id, source FROM inner_record JOIN (SELECT id FROM guardduty) USING (id)
           UNION ALL SELECT i.carrier_id, i.carrier FROM inner_record i JOIN up USING (id, source)
         ) SELECT source FROM up`,
      )
      .pluck()
      .all();
    expect(way).toEqual(['guardduty', 'eventbridge', 'sns_sqs_message', 'sns_sqs_message']);
  });
});

test('each is proved from the sealed bytes, through all of its packing', async () => {
  const ids = withDatabase(dir, (db) => [
    db.prepare<[], string>("SELECT 'guardduty:' || id FROM guardduty").pluck().get() ?? '',
    db
      .prepare<[], string>(
        "SELECT 'cloudtrail:' || id FROM cloudtrail WHERE event_id GLOB '*000000000007'",
      )
      .pluck()
      .get() ?? '',
  ]);
  for (const id of ids) {
    const { status } = await exhibitJson(['show', id, '--case', dir]);
    expect(status).toBe(0);
  }
}, 600_000);
