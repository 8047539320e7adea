/** Bad input of every source that its samples do not hold: times of 1969 and 9999, odd addresses, logs inside logs. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { alb_access } from '#src/sources/alb_access.ts';
import { cloudtrail } from '#src/sources/cloudtrail/index.ts';
import { cloudwatch_logs } from '#src/sources/cloudwatch_logs/index.ts';
import { guardduty } from '#src/sources/guardduty.ts';
import type { Source, Value } from '#src/sources/source.ts';
import { claims, headOf, read, type Row } from './run.ts';

function valueOf(source: Source, row: Row | undefined, name: string): Value | undefined {
  return row?.values[source.columns.findIndex((column) => column.name === name)];
}

describe.each(SOURCES.map((source) => [source.id, source] as const))('%s', (_id, source) => {
  it.each(['1969-12-31', '9999-12-31', '2025-02-30'])('keeps account of records of %s', (day) => {
    for (const { path, text } of source.samples) {
      const before = read(source, path, Buffer.from(text));
      const after = read(source, path, Buffer.from(text.replaceAll('2025-11-08', day)));
      expect(after.records).toBe(before.records);
      expect(after.rows.length + after.rejects.length).toBe(after.records);
      for (const row of after.rows) {
        const time = valueOf(source, row, 'time_us');
        if (time !== null) expect(Number.isSafeInteger(time) && Number(time) >= 0).toBe(true);
      }
    }
  });

  it('reads a file twice over as twice the records', () => {
    for (const { path, text } of source.samples) {
      // What ends inside a record takes the next one with it.
      const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
      const once = read(source, path, bytes);
      if (once.rejects.length > 0 || once.anomalies.length > 0) continue;
      const twice = read(source, path, Buffer.concat([bytes, bytes]));
      expect(twice.rows.length).toBe(2 * once.rows.length);
      expect(twice.rejects).toEqual([]);
    }
  });
});

const ALB = (alb_access.samples[0]?.text ?? '').split('\n')[0] ?? '';

it('an IPv6 zone is no address that a load balancer writes', () => {
  const line = ALB.replace('198.51.100.7', '[fe80::1%eth0]');
  expect(read(alb_access, 'x', Buffer.from(line)).rejects).toMatchObject([
    { reason: 'bad_fields', detail: 'client:port is not an address and a port' },
  ]);
});

it('a line of quotes takes no longer than its length allows', () => {
  const line = ALB.replace('curl/8.5.0', '" - - - "Root=" '.repeat(200_000));
  const result = read(alb_access, 'x', Buffer.from(line));
  expect(result.records).toBe(1);
});

it('nested too deep inside a string is no record, and no crash', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  for (const source of SOURCES) {
    for (const text of [
      JSON.stringify({ Type: 'Notification', Message: deep, invokingEvent: deep }),
      JSON.stringify({
        configurationItemCaptureTime: 0,
        resourceType: '',
        resourceId: '',
        configuration: deep,
      }),
    ]) {
      const { records, rows, rejects } = read(source, 'x', Buffer.from(text));
      expect(rows.length + rejects.length).toBe(records);
    }
  }
});

it('a log inside a log inside gzip stays whole', () => {
  const event = (cloudtrail.samples[0]?.text ?? '').slice(0, 500);
  const payload = {
    messageType: 'DATA_MESSAGE',
    owner: '111122223333',
    logGroup: 'trail',
    logStream: 's',
    logEvents: [{ id: '1', timestamp: 1_762_592_405_123, message: event }],
  };
  const data = gzipSync(JSON.stringify(payload)).toString('base64');
  const bytes = Buffer.from(JSON.stringify({ awslogs: { data } }));
  expect(claims(headOf('x', bytes)).map(({ source }) => source.id)).toEqual(['cloudwatch_logs']);
  const { rows } = read(cloudwatch_logs, 'x', bytes);
  expect(rows.map((row) => valueOf(cloudwatch_logs, row, 'message'))).toEqual([event]);
});

it('a payload that inflates without end is a reject', () => {
  const data = gzipSync(Buffer.alloc(80 * 2 ** 20)).toString('base64');
  const bytes = Buffer.from(JSON.stringify({ awslogs: { data } }));
  expect(read(cloudwatch_logs, 'x', bytes).rejects).toMatchObject([{ reason: 'not_json' }]);
});

it('a finding’s versions keep their id, and differ in identity', () => {
  const { rows } = read(guardduty, 'x', Buffer.from(guardduty.samples[0]?.text ?? ''));
  const [first, second, copy] = rows;
  expect(valueOf(guardduty, first, 'finding_id')).toBe(valueOf(guardduty, second, 'finding_id'));
  expect(first?.identity).not.toBe(second?.identity);
  expect(first?.identity).toBe(copy?.identity);
});
