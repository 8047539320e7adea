/** Values of request headers, which AWS WAF logs and no column names, are found by `search`, and their labels by SQL. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { search } from '#src/app/search.ts';
import { openDatabase } from '#src/db/open.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const HEADERS = [
  { name: 'Host', value: 'shop.example.com' },
  { name: 'User-Agent', value: 'sqlmap/1.8' },
  { name: 'X-Api-Key', value: 'Tiger"Lily\\7' },
  { name: 'x-api-key', value: 'zweiter Schlüssel' },
  { name: 'authorization', value: 'REDACTED' },
];

function request(time: number, headers: readonly object[], label: string): string {
  return JSON.stringify({
    timestamp: time,
    formatVersion: 1,
    webaclId: 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/shop/0a1b',
    terminatingRuleId: 'Default_Action',
    action: 'ALLOW',
    httpRequest: { clientIp: '198.51.100.7', headers, uri: '/', args: '', requestId: String(time) },
    labels: [{ name: label }],
  });
}

const fx = fakeEffects();
let target: Case;

beforeAll(async () => {
  const folder = join(await tempDir(), 'logs');
  mkdirSync(folder);
  const lines = [
    request(1_762_592_405_123, HEADERS, 'awswaf:clientip:geo:country:NL'),
    request(1_762_592_406_123, HEADERS.slice(0, 1), 'awswaf:clientip:geo:country:DE'),
  ];
  writeFileSync(join(folder, 'waf.log'), lines.join('\n'));
  target = await sampleCase({ paths: [folder] });
});

it.each([
  ['sqlmap', 'httpRequest.headers[1].value'],
  ['lily\\7', 'httpRequest.headers[2].value'],
  ['"zweiter schlüssel"', 'httpRequest.headers[3].value'],
  ['value:redacted', 'httpRequest.headers[4].value'],
  ['headers:lily', 'headers'],
  ['x-api-key', 'httpRequest.headers[2].name'],
])('search %s', async (words, place) => {
  const { events, total } = await search(target, fx, { text: words, filter: {}, limit: 0 });
  expect(total).toBe(1);
  expect(events[0]?.found_in?.split(' ')[0]).toBe(place);
  expect(events[0]?.time).toBe('2025-11-08T09:00:05.123Z');
});

it('labels lead to their requests', () => {
  const db = openDatabase(target.paths.database, { readonly: true });
  const rows = db
    .prepare(
      "SELECT w.request_id FROM waf AS w JOIN waf_label AS l ON l.parent_id = w.id WHERE l.name GLOB '*:NL'",
    )
    .pluck()
    .all();
  db.close();
  expect(rows).toEqual(['1762592405123']);
});
