/** `exhibit show` with records of every size. */
import { expect, test } from 'vitest';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { event, importCase, log, sealedCase, withDatabase } from '../ingest/world.ts';

function rejected(dir: string): string {
  return withDatabase(
    dir,
    (db) => `reject:${String(db.prepare('SELECT id FROM reject').pluck().get())}`,
  );
}

test('a record of many megabytes is shown in part, and its bytes are checked whole', async () => {
  const long = event(1, { requestParameters: { x: 'A'.repeat(65 * 1024 * 1024) } });
  const dir = await sealedCase({ 'a.json': log(long, event(2)) });
  await importCase(dir);
  const row = rejected(dir);
  const size = JSON.stringify(long).length;
  const { status, stdout } = await exhibit(['show', row, '--case', dir]);
  expect(status).toBe(0);
  expect(stdout.length).toBeLessThan(100_000);
  expect(stdout).toContain(`… ${String(size - 64 * 1024)} bytes more: --raw FILE writes all`);
  const answer = await exhibitJson(['show', row, '--case', dir]);
  expect(answer.status).toBe(0);
  expect(answer.json).toMatchObject({ raw: null, raw_base64: null, provenance: { length: size } });
});

test('line feeds are kept in a record and written out in a reject', async () => {
  const dir = await sealedCase({
    'a.json': `{"Records":[${JSON.stringify(event(1), undefined, 1)},{"a":\nVERIFIED]}`,
  });
  await importCase(dir);
  const reject = await exhibit(['show', rejected(dir), '--case', dir]);
  expect(reject.stdout).toContain('{"a":\\u{a}VERIFIED');
  const id = withDatabase(dir, (db) =>
    String(db.prepare('SELECT id FROM cloudtrail').pluck().get()),
  );
  const row = await exhibit(['show', `cloudtrail:${id}`, '--case', dir]);
  expect(row.stdout).toContain('\nThe record\n  {\n   "');
});
