/** One configuration item and one result in every carrier, and whatever becomes of them when the carriers are cut or mixed. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { config_compliance } from '#src/sources/config_compliance.ts';
import { config_item } from '#src/sources/config_item/index.ts';
import type { Source } from '#src/sources/source.ts';
import { claims, headOf, read } from './run.ts';

const ITEM = {
  configurationItemVersion: '1.3',
  configurationItemCaptureTime: '2025-11-08T09:00:05.123Z',
  configurationStateId: 1762592405123,
  awsAccountId: '111122223333',
  configurationItemStatus: 'OK',
  resourceType: 'AWS::S3::Bucket',
  resourceId: 'größe-🙂',
  awsRegion: 'eu-central-1',
  tags: { 'a"b': 'c\\d' },
  relationships: [{ resourceType: 'AWS::EC2::VPC', resourceId: 'vpc-1', name: 'Is in' }],
  configuration: { policy: '{"Statement":[]}' },
};

const RESULT = {
  awsAccountId: '111122223333',
  configRuleName: 'rule',
  resourceId: 'größe-🙂',
  newEvaluationResult: {
    evaluationResultIdentifier: {
      evaluationResultQualifier: { configRuleName: 'rule', resourceType: 'x', resourceId: 'y' },
    },
    complianceType: 'COMPLIANT',
    resultRecordedTime: '2025-11-08T10:00:05.000Z',
  },
  oldEvaluationResult: null,
};

/** What carries a notification. */
function carriers(notification: object): Readonly<Record<string, string>> {
  const text = JSON.stringify(notification);
  const sns = JSON.stringify({ Type: 'Notification', Message: text });
  return {
    bare: text,
    pretty: JSON.stringify(notification, null, 2),
    sns,
    lambda: JSON.stringify({ Records: [{ Sns: { Message: text } }] }),
    'sqs to lambda': JSON.stringify({ Records: [{ body: sns }] }),
    'sqs to lambda, raw delivery': JSON.stringify({ Records: [{ body: text }] }),
    'sqs output': JSON.stringify({ Messages: [{ Body: sns }] }, null, 4),
  };
}

const NOTIFICATION = {
  configurationItem: ITEM,
  messageType: 'ConfigurationItemChangeNotification',
};

describe.each([
  [
    config_item,
    ITEM,
    {
      ...carriers(NOTIFICATION),
      rule: JSON.stringify({ invokingEvent: JSON.stringify(NOTIFICATION) }),
    },
  ],
  [config_compliance, RESULT, carriers(RESULT)],
] as [Source, object, Record<string, string>][])('a record of %#', (source, record, files) => {
  const plain = JSON.stringify(record);

  it.each(Object.entries(files))(
    'in %s: its own text, same identity, same columns',
    (_name, text) => {
      const bytes = Buffer.from(text);
      expect(claims(headOf('x', bytes))[0]?.source.id).toBe(source.id);
      const { rows, rejects } = read(source, 'x', bytes);
      expect(rejects).toEqual([]);
      expect(rows).toHaveLength(1);
      const wrapped = source === config_item ? `{"configurationItems":[${plain}]}` : plain;
      const [own] = read(source, 'x', Buffer.from(wrapped)).rows;
      expect(rows[0]?.identity).toBe(own?.identity);
      expect(rows[0]?.values).toEqual(own?.values);
      expect(source.sameText?.(rows[0]?.raw ?? '')).toBe(source.sameText?.(plain));
    },
  );

  it('is a row or a reject wherever carriers are cut, spliced and mixed', () => {
    const texts = [...Object.values(files), '{"a":1}', '"text"'];
    const edit = fc.record({
      at: fc.nat(2000),
      remove: fc.nat(40),
      insert: fc.constantFrom('', '"', '}', '\\', ']', ','),
    });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 6 }),
        fc.array(edit, { maxLength: 3 }),
        (chosen, edits) => {
          const whole = read(source, 'x', Buffer.from(chosen.join('\n')));
          expect(whole.records).toBe(whole.rows.length + whole.rejects.length);
          expect(whole.rows).toHaveLength(
            chosen.filter((text) => Object.values(files).includes(text)).length,
          );
          let text = chosen.join('\n');
          for (const { at, remove, insert } of edits) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + insert + text.slice(place + remove);
          }
          const damaged = read(source, 'x', Buffer.from(text));
          expect(damaged.records).toBe(damaged.rows.length + damaged.rejects.length);
          // Its text is found in the file: what was read is what is there.
          for (const { raw } of damaged.rows)
            expect(() => JSON.parse(raw) as unknown).not.toThrow();
        },
      ),
      { numRuns: 120 },
    );
  });
});

it('an item in the spelling of the API says the same as in a file', () => {
  const { configurationItemVersion: version, awsAccountId: accountId, ...rest } = ITEM;
  const api = {
    ...rest,
    version,
    accountId,
    configurationItemCaptureTime: 1762592405.123,
    configurationStateId: '1762592405123',
    configurationItemMD5Hash: '',
    relatedEvents: [],
    relationships: [
      { relationshipName: 'Is in', resourceId: 'vpc-1', resourceType: 'AWS::EC2::VPC' },
    ],
    configuration: JSON.stringify(ITEM.configuration),
  };
  const rows = [ITEM, api].map(
    (one) =>
      read(config_item, 'x', Buffer.from(JSON.stringify({ configurationItems: [one] }))).rows[0],
  );
  expect(rows[0]?.identity).toBe(rows[1]?.identity);
  const same = config_item.sameText!;
  expect(same(rows[1]?.raw ?? '')).toBe(same(rows[0]?.raw ?? ''));
  for (const other of [
    { ...api, tags: {} },
    { ...api, unknown: 1 },
    { ...api, configuration: '{"policy":"{}"}' },
    { ...api, configurationStateId: '1' },
    { ...api, relationships: [] },
  ]) {
    expect(same(JSON.stringify(other))).not.toBe(same(JSON.stringify(ITEM)));
  }
  expect(same('{')).toBe('{');
});
