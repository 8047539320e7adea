/** `exhibit import` as a process: again, in parts, changed evidence, stopped, killed, a full disk. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { BIN, exhibit, exhibitJson, ROOT, runProcess } from '../helpers/exhibit.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { collect, event, importCase, log, sealedCase, withDatabase, writeFiles } from './world.ts';

const first = {
  'a.json': log(event(1), event(2), event(3)),
  'b.json.gz': gzipSync(log(event(4), event(5))),
};
// Another carrier's spelling of event 2, a byte-for-byte copy of 4, and a liar that took the id of 5.
const second = {
  'c.json': JSON.stringify({ Records: [event(2), event(6)] }, null, 1),
  'd.json': log(event(4), event(5, { awsRegion: 'us-east-1' })),
};

test('counts, the ledger, and a second import that changes nothing', async () => {
  const dir = await sealedCase(first);
  const result = await importCase(dir);
  expect(result).toMatchObject({ files: 2, records: 5, imported: 5, duplicates: 0, rejected: 0 });
  const before = readFileSync(join(dir, 'case.db'));
  const again = await importCase(dir);
  expect(again).toEqual({ ...result, status: 'already_imported' });
  expect(readFileSync(join(dir, 'case.db')).equals(before)).toBe(true);
  const entries = readdirSync(join(dir, 'custody'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map(
      (name) => JSON.parse(readFileSync(join(dir, 'custody', name), 'utf8')) as { event: string },
    );
  const imports = entries.filter((entry) => entry.event === 'imported');
  expect(imports).toHaveLength(1);
  expect(imports[0]).toMatchObject({
    details: { content_sha256: result.content_sha256, imported: 5 },
  });
});

test('evidence imported one after the other is the same as all at once', async () => {
  const dir = await sealedCase(first);
  await importCase(dir);
  await collect(dir, await writeFiles(second));
  const stepwise = await importCase(dir, ['EV-0002']);
  const once = await importCase(await sealedCase(first, second));
  expect(stepwise.content_sha256).toBe(once.content_sha256);
  expect(stepwise).toMatchObject({ files: 4, records: 9, imported: 7, duplicates: 2 });
});

test('copies are kept once, rewritten ones too; a record with a borrowed id stays', async () => {
  const dir = await sealedCase(first, second);
  await importCase(dir);
  withDatabase(dir, (db) => {
    const copies = db
      .prepare(
        'SELECT how, raw, (SELECT raw FROM cloudtrail WHERE id = kept_id) AS kept FROM duplicate ORDER BY id',
      )
      .all() as { how: string; raw: string; kept: string }[];
    expect(copies.map(({ how }) => how)).toEqual(['same_content', 'same_bytes']);
    expect(copies[0]?.raw).not.toBe(copies[0]?.kept);
    expect(JSON.parse(copies[0]?.raw ?? '')).toEqual(JSON.parse(copies[0]?.kept ?? ''));
    expect(copies[1]?.raw).toBe(copies[1]?.kept);
    expect(db.prepare('SELECT kind FROM anomaly').pluck().all()).toEqual(['id_conflict']);
    const wrong = db
      .prepare('SELECT count(*) FROM source_file WHERE records <> imported + duplicates + rejected')
      .pluck()
      .get();
    expect(wrong).toBe(0);
    expect(db.prepare('SELECT sum(records) FROM coverage').pluck().get()).toBe(7);
  });
});

test('a row of a table is a partial copy of its record, unless it says something else', async () => {
  const row = (n: number, name: string): string => {
    const { eventID, eventTime, eventSource } = event(n) as Readonly<Record<string, string>>;
    return [eventID, eventTime, eventSource, name].map((cell) => `"${String(cell)}"`).join(',');
  };
  const table = ['eventID,eventTime,eventSource,eventName', row(1, 'PutObject'), row(2, 'Lied')];
  // Before the records and after them: the order of the evidence decides nothing.
  for (const path of ['0.csv', 'z.csv']) {
    const files = { 'a.json': log(event(1), event(2)), [path]: table.join('\n') };
    const dir = await sealedCase(files);
    expect(await importCase(dir)).toMatchObject({ records: 4, imported: 4, rejected: 0 });
    const odd = withDatabase(dir, (db) =>
      db
        .prepare(
          'SELECT original_path, record_no, kind FROM anomaly JOIN source_file USING (file_id)',
        )
        .raw()
        .all(),
    );
    expect(odd).toEqual([
      [path, 1, 'partial_copy'],
      [path, 2, 'id_conflict'],
    ]);
  }
});

test('hours are counted of what is on the time line alone', async () => {
  const report = SOURCES.find(({ id }) => id === 'iam_credential_report')?.samples[0];
  const dir = await sealedCase({ 'a.json': log(event(1)), 'report.csv': report?.text ?? '' });
  await importCase(dir);
  withDatabase(dir, (db) => {
    expect(db.prepare('SELECT count(*) > 0 FROM iam_credential_report').pluck().get()).toBe(1);
    expect(db.prepare('SELECT DISTINCT source FROM coverage').pluck().all()).toEqual([
      'cloudtrail',
    ]);
  });
});

test('a changed volume is not imported, and what was there stays', async () => {
  const dir = await sealedCase(first, second);
  await importCase(dir, ['EV-0001']);
  const before = readFileSync(join(dir, 'case.db'));
  const volume = join(dir, 'evidence/EV-0002/EV-0002.v001.tar');
  const bytes = readFileSync(volume);
  const at = bytes.indexOf('us-east-1');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(volume, bytes);
  const { status, json } = await exhibitJson(['import', '--case', dir]);
  expect({ status, json }).toMatchObject({ status: 1, json: { error: { code: 'E_TAMPERED' } } });
  expect(readFileSync(join(dir, 'case.db')).equals(before)).toBe(true);
  expect(leftovers(dir)).toEqual([]);
});

test('a changed seal is not imported', async () => {
  const dir = await sealedCase(first);
  const seal = join(dir, 'evidence/EV-0001/EV-0001.seal');
  writeFileSync(seal, readFileSync(seal, 'utf8').replace('# tool: exhibit', '# tool: exhibiT'));
  const { status, json } = await exhibitJson(['import', '--case', dir]);
  expect({ status, json }).toMatchObject({ status: 1, json: { error: { code: 'E_TAMPERED' } } });
  expect(leftovers(dir)).toEqual([]);
});

test('a case without sealed evidence, and a wrong number of workers', async () => {
  const dir = await sealedCase();
  expect(await exhibitJson(['import', '--case', dir])).toMatchObject({
    status: 3,
    json: { error: { code: 'E_NOT_SEALED' } },
  });
  expect(await exhibitJson(['import', '--case', dir, '--workers', '0'])).toMatchObject({
    status: 2,
    json: { error: { code: 'E_USAGE' } },
  });
});

test('a damaged database is built anew', async () => {
  const dir = await sealedCase(first);
  const { content_sha256 } = await importCase(dir);
  writeFileSync(join(dir, 'case.db'), 'this is no database');
  expect(await importCase(dir)).toMatchObject({ status: 'imported', content_sha256 });
});

const large = {
  'large.jsonl': Array.from({ length: 60_000 }, (_, n) => JSON.stringify(event(n))).join('\n'),
};

function leftovers(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith('case.db.'));
}

/** Starts an import and sends a signal as soon as it reads; its exit status. */
async function interrupt(dir: string, signal: NodeJS.Signals): Promise<number | null> {
  const env = { ...process.env, NODE_OPTIONS: undefined, VITEST: undefined };
  const child = spawn(process.execPath, [BIN, 'import', '--case', dir], { env });
  child.stderr.on('data', (text: Buffer) => {
    if (text.includes('reading')) setTimeout(() => child.kill(signal), 150);
  });
  return new Promise((resolve) => child.on('close', resolve));
}

test('Ctrl-C stops an import cleanly; kill -9 leaves nothing that matters', async () => {
  const dir = await sealedCase(large);
  expect(await interrupt(dir, 'SIGINT')).toBe(3);
  expect(readdirSync(dir)).not.toContain('case.db');
  expect(leftovers(dir)).toEqual([]);
  await interrupt(dir, 'SIGKILL');
  expect(readdirSync(dir)).not.toContain('case.db');
  expect(await importCase(dir)).toMatchObject({ imported: 60_000 });
  expect(leftovers(dir)).toEqual([]);
});

test.skipIf(!hasTool('bash') || process.platform === 'win32')(
  needs('a full disk: a clear error, and nothing is left', 'bash'),
  async () => {
    const dir = await sealedCase(large);
    // Kilobytes a file may have: too few for a part, for the database, and for its first pages.
    for (const limit of [16, 600, 6000]) {
      const script = `ulimit -f ${String(limit)}; exec "${BIN}" import --json --case "${dir}"`;
      const { status, stdout } = await runProcess('bash', ['-c', script], { cwd: ROOT });
      expect(JSON.parse(stdout), String(limit)).toMatchObject({ error: { code: 'E_WRITE' } });
      expect(status).toBe(3);
      expect(leftovers(dir)).toEqual([]);
    }
    expect((await exhibit(['import', '--case', dir])).status).toBe(0);
  },
);
