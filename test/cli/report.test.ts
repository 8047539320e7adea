/** `exhibit report` on a real case: what is in it, what it puts on record, that it can be made again. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../../src/core/digest.ts';
import type { Report } from '../../src/report/model.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

let made: string;

const EVENTS = ['2026-01-02T03:04:05Z', '2026-01-02T09:00:00Z', '2026-01-02T09:00:00Z'].map(
  (eventTime, index) => ({
    eventVersion: '1.08',
    eventTime,
    eventName: '<script>GetObject</script>',
    eventSource: 's3.amazonaws.com',
    awsRegion: 'eu-west-1',
    eventID: `event-${String(Math.min(index, 1))}`,
    recipientAccountId: '111122223333',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/ada' },
  }),
);

/** A copy of a case with evidence, an import and two recorded questions. */
async function copyOfCase(): Promise<string> {
  const caseDir = join(await tempDir(), 'case');
  await cp(made, caseDir, { recursive: true });
  return caseDir;
}

async function ok(...args: string[]): Promise<void> {
  const { status, stderr } = await exhibit(args);
  expect(status, `${args.join(' ')}\n${stderr}`).toBe(0);
}

async function reportOf(caseDir: string): Promise<Report> {
  return JSON.parse(await readFile(join(caseDir, 'report', 'report.json'), 'utf8')) as Report;
}

beforeAll(async () => {
  const dir = await tempDir();
  const root = join(dir, 'evidence');
  await mkdir(root);
  await writeFile(join(root, 'a_CloudTrail_.json'), JSON.stringify({ Records: EVENTS }));
  await writeFile(join(root, 'notes.txt'), 'no log');
  await symlink('/nowhere', join(root, 'link'));
  made = join(dir, 'case');
  await ok('init', made, '--case-id', 'CASE-1', '--examiner', 'Ada Example');
  await ok('collect', 'dir', root, '--case', made);
  await ok('import', '--case', made);
  await ok('query', 'run', 'failed-calls', '--case', made);
  await ok('query', 'sql', 'SELECT event_name FROM cloudtrail ORDER BY id', '--case', made);
});

test('the facts of the case, and the files on record', async () => {
  const caseDir = await copyOfCase();
  const { status, json } = await exhibitJson(['report', '--case', caseDir]);
  expect(status).toBe(0);
  const report = await reportOf(caseDir);
  expect(report).toMatchObject({
    type: 'report/1',
    case: { id: 'CASE-1', examiner: { name: 'Ada Example' } },
    evidence: [
      {
        id: 'EV-0001',
        files: 2,
        not_collected: { total: 1, by_reason: [{ state: 'skipped', reason: 'symlink', count: 1 }] },
      },
    ],
    verification: { ok: true },
    witness: null,
    data: {
      totals: { files: 2, records: 3, imported: 2, duplicates: 1, rejected: 0 },
      unreconciled: [],
      first_event: '2026-01-02T03:04:05Z',
      unrecognised_total: 1,
      gaps: [{ from: '2026-01-02T04:00:00Z', to: '2026-01-02T09:00:00Z', hours: 5 }],
    },
  });
  expect(report.data?.recorded_content_sha256).toBe(report.data?.content_sha256);
  expect(report.custody.entries.map(({ event, signature }) => `${event} ${signature}`)).toEqual([
    'opened valid',
    'acquired valid',
    'sealed valid',
    'imported valid',
    'query valid',
    'query valid',
  ]);
  expect(report.runs.map(({ run }) => run?.row_count)).toEqual([0, 2]);
  expect(report.runs[0]?.run?.question).toMatch(/\?$/);
  const page = await readFile(join(caseDir, 'report', 'report.html'));
  expect(page.toString()).not.toContain('<script>');
  const result = json as { readonly sha256: string; readonly json_sha256: string };
  expect(result.sha256).toBe(sha256Hex(page));
  const entry = await readFile(join(caseDir, 'custody', '00000007.json'), 'utf8');
  expect(JSON.parse(entry)).toMatchObject({
    event: 'export',
    attachments: [
      { name: 'report/report.html', sha256: result.sha256 },
      { name: 'report/report.json', sha256: result.json_sha256 },
    ],
  });
});

test('the same case gives the same bytes, wherever and whenever', async () => {
  const [one, two] = [await copyOfCase(), await copyOfCase()];
  await exhibit(['report', '--case', one, '--quiet']);
  const env = { TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
  await exhibit(['report', '--case', two, '--quiet'], { env });
  for (const name of ['report.json', 'report.html']) {
    const bytes = await readFile(join(one, 'report', name));
    expect(bytes.equals(await readFile(join(two, 'report', name))), name).toBe(true);
  }
});

test('an earlier report stays unless --force is given; --out puts it elsewhere', async () => {
  const caseDir = await copyOfCase();
  expect((await exhibit(['report', '--case', caseDir])).status).toBe(0);
  const refused = await exhibitJson(['report', '--case', caseDir]);
  expect(refused).toMatchObject({ status: 4, json: { error: { code: 'E_EXISTS' } } });
  expect((await exhibit(['report', '--case', caseDir, '--force'])).status).toBe(0);
  const out = join(await tempDir(), 'for', 'court');
  expect((await exhibit(['report', '--case', caseDir, '--out', out])).status).toBe(0);
  expect((await readdir(out)).sort()).toEqual(['report.html', 'report.json']);
});

test('what is wrong with the case is in the report', async () => {
  const caseDir = await copyOfCase();
  await writeFile(join(caseDir, 'queries', 'Q-0002', 'result.jsonl'), '["event_name"]\n');
  const volume = join(caseDir, 'evidence', 'EV-0001', 'EV-0001.v001.tar');
  const bytes = await readFile(volume);
  const at = bytes.indexOf('no log');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(volume, bytes);
  expect((await exhibit(['report', '--case', caseDir])).status).toBe(0);
  const report = await reportOf(caseDir);
  expect(report.verification.ok).toBe(false);
  expect(report.runs[1]?.problem).toBeDefined();
  const page = await readFile(join(caseDir, 'report', 'report.html'), 'utf8');
  expect(page).toContain('class="alert"');
});

test('another format is refused', async () => {
  expect((await exhibit(['report', '--case', made, '--format', 'docx'])).status).toBe(2);
});
