/** Bad input that text samples cannot hold, and one record in several carriers. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { cloudtrail } from '#src/sources/cloudtrail/index.ts';
import { s3_access } from '#src/sources/s3_access.ts';
import type { Source, Value } from '#src/sources/source.ts';
import { vpc_flow } from '#src/sources/vpc_flow.ts';
import { read } from './run.ts';

const EVENT = {
  eventVersion: '1.11',
  userIdentity: { type: 'Root', accountId: '111122223333' },
  eventTime: '2025-11-08T09:00:05Z',
  eventSource: 'iam.amazonaws.com',
  eventName: 'ListUsers',
  awsRegion: 'us-east-1',
  errorMessage: 'größer 🙂',
  eventID: '0d9fb7a2-0001-4000-8000-000000000001',
  recipientAccountId: '111122223333',
};
const TEXT = JSON.stringify(EVENT);

function value(
  source: Source,
  values: readonly Value[] | undefined,
  name: string,
): Value | undefined {
  return values?.[source.columns.findIndex((column) => column.name === name)];
}

describe('invalid UTF-8', () => {
  it('rejects the record of a JSON file and keeps its neighbours', () => {
    const good = Buffer.from(TEXT);
    const file = Buffer.concat([
      Buffer.from('['),
      good,
      Buffer.from(','),
      Buffer.from(TEXT.replace('Root', 'R?ot')),
      Buffer.from(']'),
    ]);
    file.writeUInt8(0xff, file.indexOf('R?ot') + 1);
    const result = read(cloudtrail, 'x.json', file);
    expect(result.rows).toHaveLength(1);
    expect(result.rejects).toMatchObject([{ reason: 'invalid_utf8', offset: good.length + 2 }]);
  });

  it.each([
    ['s3_access', s3_access],
    ['vpc_flow', vpc_flow],
  ])('rejects the line of %s and keeps its neighbours', (_id, source) => {
    const line = (source.samples[0]?.text ?? '').split('\n')[0] ?? '';
    const broken = Buffer.from(line);
    broken.writeUInt8(0xff, 60);
    const newline = Buffer.from('\n');
    const file = Buffer.concat([Buffer.from(line), newline, broken, newline, Buffer.from(line)]);
    const result = read(source, 'x.log', file);
    expect(result.rows).toHaveLength(2);
    expect(result.rejects).toMatchObject([
      { reason: 'invalid_utf8', offset: line.length + 1, length: line.length },
    ]);
  });
});

describe('one record in several carriers', () => {
  const reordered = `{ "eventID" : "${EVENT.eventID}", ${TEXT.slice(1).replace(`"eventID":"${EVENT.eventID}",`, '')}`;
  const files = {
    delivery: JSON.stringify({ Records: [EVENT] }),
    lookup: JSON.stringify({ Events: [{ EventId: EVENT.eventID, CloudTrailEvent: reordered }] }),
    strings: JSON.stringify([TEXT]),
    pretty: JSON.stringify([EVENT], null, 2),
  };

  it.each(Object.entries(files))('%s: same identity, same content, its own text', (name, text) => {
    const bytes = Buffer.from(text);
    const [row] = read(cloudtrail, 'x.json', bytes).rows;
    const [plain] = read(cloudtrail, 'x.json', Buffer.from(TEXT)).rows;
    expect(row?.identity).toBe(plain?.identity);
    expect(row?.values).toEqual(plain?.values);
    expect(cloudtrail.sameText?.(row?.raw ?? '')).toBe(cloudtrail.sameText?.(TEXT));
    if (name === 'lookup') expect(row?.raw).toBe(reordered);
    if (name === 'delivery') expect(row?.raw).toBe(TEXT);
  });

  it('tells records apart that differ only beyond 2^53', () => {
    const one = TEXT.replace('{', '{"n":9007199254740993,');
    const other = TEXT.replace('{', '{"n":9007199254740992,');
    expect(cloudtrail.sameText?.(one)).not.toBe(cloudtrail.sameText?.(other));
  });
});

describe('a record inside a string', () => {
  it.each([
    ['nested too deep', '['.repeat(100_000) + ']'.repeat(100_000), 'too_deep'],
    ['no object', '5', 'not_an_object'],
    ['no JSON', '{', 'not_json'],
    ['not of CloudTrail', '{"a":1}', 'not_this_source'],
  ])('%s', (_name, inner, reason) => {
    const result = read(
      cloudtrail,
      'x',
      Buffer.from(JSON.stringify({ Events: [{ CloudTrailEvent: inner }] })),
    );
    expect(result.rejects).toMatchObject([{ reason }]);
  });
});

it('minus zero is zero', () => {
  const text = TEXT.replace('{', '{"additionalEventData":{"bytesTransferredOut":-0},');
  const [row] = read(cloudtrail, 'x', Buffer.from(text)).rows;
  expect(Object.is(value(cloudtrail, row?.values, 'bytes_transferred_out'), 0)).toBe(true);
});

it('a line of quotes takes no longer than its length allows', () => {
  const line = `${'a'.repeat(64)} b [08/Nov/2025:09:00:05 +0000] - - - - - "${'" 200 - 1 1 1 1 "'.repeat(50_000)}`;
  const result = read(s3_access, 'x', Buffer.from(line));
  expect(result.records).toBe(1);
});
