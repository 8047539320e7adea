/** The main job on the samples, as a stranger would do it: the real command line, started by the machine's own Node. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exhibit, ROOT } from '../helpers/exhibit.ts';
import type { RunResult } from '../helpers/exhibit.ts';
import { otherNode } from '../helpers/nodes.ts';
import { tempDir } from '../helpers/temp.ts';

const node = otherNode() ?? process.execPath;
const MIRROR = join(ROOT, 'evidence-samples/mirror');
const HEX = /^[0-9a-f]{64}$/;

interface Counts {
  readonly files: number;
  readonly records: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly rejected: number;
}
interface Imported extends Counts {
  readonly by_source: Readonly<Record<string, Counts>>;
  readonly content_sha256: string;
}
interface Verified {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly id: string;
    readonly subject: string;
    readonly status: 'pass' | 'fail' | 'not_checked';
    readonly detail: string;
  }[];
}
interface Ran {
  readonly run_id: string;
  readonly name: string | null;
  readonly sql_sha256: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly row_count: number;
  readonly ordered_sha256: string;
  readonly multiset_sha256: string;
  readonly order: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

let dir = '';
const steps: Record<string, RunResult> = {};

/** Runs a verb inside the case folder; a step of the main job must succeed. */
async function step(name: string, args: readonly string[]): Promise<RunResult> {
  const result = await exhibit(args, { cwd: dir, node });
  steps[name] = result;
  expect(result.status, `exhibit ${args.join(' ')}\n${result.stdout}\n${result.stderr}`).toBe(0);
  return result;
}
const json = (name: string): unknown => JSON.parse(steps[name]?.stdout ?? '');

beforeAll(async () => {
  const parent = await tempDir();
  dir = parent;
  const words = ['--case-id', 'CASE-E2E', '--examiner', 'Ada Examiner', '--organization', 'Lab'];
  await step('init', ['init', join(parent, 'case'), ...words, '--json']);
  dir = join(parent, 'case');
  await step('collect', ['collect', 'dir', MIRROR, '--json']);
  await step('verify', ['verify', '--json']);
  await step('import', ['import', '--json']);
  await step('status', ['status', '--json']);
  await step('query', ['query', 'run', 'logging-off', '--json']);
  await step('again', ['import', '--json']);
});

test('collect seals', () => {
  const { evidence } = json('collect') as { evidence: string };
  expect(evidence).toBe('EV-0001');
  expect(readFileSync(join(dir, 'evidence/EV-0001/EV-0001.seal'), 'utf8')).toMatch(
    /^# evidence-seal v1\n/,
  );
});

describe('verify --json', () => {
  test('names every check and says what was not checked', () => {
    const { ok, checks } = json('verify') as Verified;
    expect(ok).toBe(true);
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(checks.some(({ status }) => status === 'not_checked')).toBe(true);
    for (const check of checks) {
      expect(check).toEqual({
        id: expect.stringMatching(/^[a-z_]+(\.[a-z_0-9]+)+$/) as string,
        subject: expect.any(String) as string,
        status: expect.stringMatching(/^(pass|fail|not_checked)$/) as string,
        detail: expect.any(String) as string,
      });
    }
  });

  test('exits 1 when one byte of a volume differs', async () => {
    const volume = join(dir, 'evidence/EV-0001/EV-0001.v001.tar');
    const bytes = readFileSync(volume);
    const other = join(await tempDir(), 'case');
    const { cpSync, writeFileSync } = await import('node:fs');
    cpSync(dir, other, { recursive: true });
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(other, 'evidence/EV-0001/EV-0001.v001.tar'), bytes);
    const { status, stdout } = await exhibit(['verify', '--json'], { cwd: other, node });
    expect(status).toBe(1);
    expect((JSON.parse(stdout) as Verified).ok).toBe(false);
  });
});

describe('import --json', () => {
  test('counts reconcile, in total and by source', () => {
    const imported = json('import') as Imported;
    expect(imported.content_sha256).toMatch(HEX);
    const sum = (field: keyof Counts): number =>
      Object.values(imported.by_source).reduce((total, counts) => total + counts[field], 0);
    for (const counts of [imported, ...Object.values(imported.by_source)]) {
      expect(counts.records).toBe(counts.imported + counts.duplicates + counts.rejected);
    }
    for (const field of ['records', 'imported', 'duplicates', 'rejected'] as const) {
      expect(sum(field), field).toBe(imported[field]);
    }
    expect(Object.keys(imported.by_source)).toEqual(
      expect.arrayContaining(['cloudtrail', 's3_access', 'vpc_flow']),
    );
  });

  test('the same again is a no-op', () => {
    const first = json('import') as Imported;
    expect(json('again')).toMatchObject({
      records: first.records,
      imported: first.imported,
      content_sha256: first.content_sha256,
    });
  });

  test('a lost database comes back the same', async () => {
    const first = json('import') as Imported;
    rmSync(join(dir, 'case.db'));
    const { stdout, status } = await exhibit(['import', '--json'], { cwd: dir, node });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Imported).content_sha256).toBe(first.content_sha256);
  });
});

test('status --json has the totals of the import', () => {
  const { totals } = json('status') as { totals: Imported };
  const { files, records, imported, duplicates, rejected, by_source, content_sha256 } = json(
    'import',
  ) as Imported;
  expect(totals).toMatchObject({
    files,
    records,
    imported,
    duplicates,
    rejected,
    by_source,
    content_sha256,
  });
});

describe('query', () => {
  test('run --json has both hashes, columns and rows', () => {
    const run = json('query') as Ran;
    expect(run).toMatchObject({ run_id: 'Q-0001', name: 'logging-off', order: 'determined' });
    for (const hash of [run.sql_sha256, run.ordered_sha256, run.multiset_sha256]) {
      expect(hash).toMatch(HEX);
    }
    expect(run.rows).toHaveLength(run.row_count);
    expect(run.rows[0]).toHaveLength(run.columns.length);
    expect(JSON.stringify(run.rows)).toContain('StopLogging');
  });

  test('replay says match', async () => {
    const { status, stdout } = await exhibit(['query', 'replay', 'Q-0001', '--json'], {
      cwd: dir,
      node,
    });
    expect(JSON.parse(stdout)).toMatchObject({ run_id: 'Q-0001', verdict: 'match' });
    expect(status).toBe(0);
  });
});

test('show gives a row back with its bytes and where they lie', async () => {
  const run = json('query') as Ran;
  const id = run.rows[0]?.[run.columns.indexOf('id')];
  if (typeof id !== 'number') return; // This query does not name its rows.
  const { status, stdout } = await exhibit(['show', String(id), '--json'], { cwd: dir, node });
  expect(status).toBe(0);
  expect(stdout).toContain('EV-0001');
});

test('report is one self-contained file without scripts', async () => {
  const { stdout } = await step('report', ['report', '--format', 'html', '--json']);
  expect(() => JSON.parse(stdout) as unknown).not.toThrow();
  const html = readFileSync(join(dir, 'report/report.html'), 'utf8');
  expect(html).not.toMatch(/<script|javascript:|src="http|href="http/i);
  expect(html).toContain('CASE-E2E');
});

test('the ledger tells the whole story', async () => {
  const { stdout } = await exhibit(['custody', 'log', '--json'], { cwd: dir, node });
  const events = Array.from(stdout.matchAll(/"event":"([a-z-]+)"/g), ([, event]) => event);
  for (const event of ['opened', 'acquired', 'sealed', 'imported', 'query']) {
    expect(events).toContain(event);
  }
  expect((await exhibit(['custody', 'verify'], { cwd: dir, node })).status).toBe(0);
});

describe('exit statuses', () => {
  test.each([
    [2, ['verify', '--no-such-flag']],
    [2, ['frobnicate']],
    [2, ['query', 'run', 'no-such-query']],
    [2, ['timeline', '--from', '2026-09-17T00:00:00']],
  ])('%i for %j', async (status, args) => {
    const plain = await exhibit(args, { cwd: dir, node });
    expect(plain.status, plain.stderr).toBe(status);
    const { stdout } = await exhibit([...args, '--json'], { cwd: dir, node });
    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(Object.keys(error)).toEqual(['code', 'message', 'where', 'hint']);
  });

  test('2 outside any case', async () => {
    const { status, stdout } = await exhibit(['status', '--json'], { cwd: await tempDir(), node });
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_NO_CASE' } });
  });
});
