/** `exhibit custody log` and `verify` as a person runs them. */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { caseRoot } from '#src/app/case.ts';
import { entryTool } from '#src/app/ledger.ts';
import { appendToLedger } from '#src/custody/append.ts';
import { otherCase, testCase, type TestCase } from '../helpers/case.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';

interface Verdict {
  readonly ok: boolean;
  readonly entries: number;
  readonly head: string;
  readonly checks: readonly { readonly id: string; readonly status: string }[];
}

let one: TestCase;
let dir: string;

beforeAll(async () => {
  one = await testCase();
  dir = one.case.paths.dir;
  // No verb records such words; somebody else's program may: cursor movement, a right-to-left override, a line feed.
  const { info, paths } = one.case;
  appendToLedger(
    paths,
    {
      event: 'sealed',
      reason: 'a\u001b[2J\u202eb\nc',
      evidence: [{ id: 'EV-0001', seal: 'a'.repeat(64) }],
      result: { ok: false, checks: [{ id: 'x', status: 'fail' }] },
    },
    {
      caseId: info.case,
      actor: info.examiner,
      tool: entryTool(one.fx),
      atUs: one.fx.now() * 1000,
      signer: one.signer,
      root: await caseRoot(one.case),
    },
  );
});

describe('custody', () => {
  test('log shows every entry, and hostile text as text', async () => {
    const { status, stdout } = await exhibit(['custody', 'log', '--case', dir]);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^no +time \(claimed\) +event +actor +evidence +result +entry hash +reason$/,
    );
    expect(lines[1]).toMatch(/^1 +2026-01-02T03:04:05Z +opened +Ada Test +- +- +[0-9a-f]{12} +the/);
    expect(lines[2]).toMatch(
      /^2 .* sealed +Ada Test +EV-0001 +FAILED +[0-9a-f]{12} +a\\u\{1b\}\[2J\\u\{202e\}b\\u\{a\}c$/,
    );
    expect(lines.slice(3)).toEqual(['']);
  });

  test('log --json gives every entry whole', async () => {
    const { json } = await exhibitJson(['custody', 'log', '--case', dir]);
    const { entries } = json as {
      entries: { seq: number; file: string; entry: { case: string } }[];
    };
    expect(entries.map(({ seq, file, entry }) => [seq, file, entry.case])).toEqual([
      [1, 'custody/00000001.json', 'TEST-1'],
      [2, 'custody/00000002.json', 'TEST-1'],
    ]);
  });

  test('verify: 0 on a good ledger, and the head to write on paper', async () => {
    const { status, json } = await exhibitJson(['custody', 'verify', '--case', dir]);
    const { ok, entries, head } = json as Verdict;
    expect([status, ok, entries]).toEqual([0, true, 2]);
    const { stdout } = await exhibit(['custody', 'verify'], { cwd: dir });
    expect(stdout).toContain(`Head, to be written on paper:\n  ${head}\n`);
    expect(stdout).toMatch(/^not checked +trust\.anchor /m);
  });

  test('verify with --trust and --head: 0 when they fit, 1 when they do not', async () => {
    const other = await otherCase('TEST-1');
    const verify = ['custody', 'verify', '--case', dir];
    const head = ((await exhibitJson(verify)).json as Verdict).head;
    const good = await exhibitJson([...verify, '--trust', one.case.paths.rootPem, '--head', head]);
    expect(good.status).toBe(0);
    const { checks } = good.json as Verdict;
    expect(checks.filter(({ status }) => status !== 'pass').map(({ id }) => id)).toEqual([
      'ledger.time',
    ]);
    expect((await exhibit([...verify, '--trust', other.case.paths.rootPem])).status).toBe(1);
    expect((await exhibit([...verify, '--head', '0'.repeat(64)])).status).toBe(1);
    expect((await exhibit([...verify, '--head', 'abc'])).status).toBe(2);
    expect((await exhibit([...verify, '--trust', one.case.paths.caseJson])).status).toBe(3);
    expect((await exhibit([...verify, '--trust', join(dir, 'absent.pem')])).status).toBe(3);
  });

  test('verify: 1 on a ledger that was changed, naming the place; log: 3', async () => {
    const changed = await testCase();
    const { custody, dir: folder } = changed.case.paths;
    await appendFile(join(custody, '00000001.json'), ' ');
    const { status, stdout } = await exhibit(['custody', 'verify', '--case', folder]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL +ledger\.form +custody\/00000001\.json /m);
    expect(stdout).toContain('THE LEDGER IS NOT INTACT');
    expect((await exhibit(['custody', 'log', '--case', folder])).status).toBe(3);
  });

  test('changes nothing in the case', async () => {
    const before = await readFile(join(dir, 'custody/00000002.json'));
    const { stdout } = await exhibit(['custody', 'verify', '--case', dir]);
    expect((await exhibit(['custody', 'verify', '--case', dir])).stdout).toBe(stdout);
    expect((await readFile(join(dir, 'custody/00000002.json'))).equals(before)).toBe(true);
  });
});
