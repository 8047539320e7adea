/** `custody timestamp` on the command line, and clocks that are turned while it signs (faketime). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '#src/core/check.ts';
import type { Report } from '#src/report/model.ts';
import { exhibit, exhibitJson, ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { makeTsa, type Tsa } from '../helpers/tsa.ts';

const SEAL = 'evidence/EV-0001/EV-0001.seal.p7s';
const ready = hasTool('openssl') && hasTool('faketime');

let tsa: Tsa;

/** A new case with one sealed item, made on the sixth of May of a year. */
async function newCase(year: number): Promise<string> {
  const dir = await tempDir();
  mkdirSync(join(dir, 'logs'));
  writeFileSync(join(dir, 'logs/a.json'), '{"Records":[]}\n');
  const at = join(dir, 'case');
  const steps = [
    ['init', at, '--case-id', 'T-1', '--examiner', 'Ada', '--unprotected-key'],
    ['collect', 'dir', join(dir, 'logs'), '--case', at, '--quiet'],
  ];
  for (const [hour, args] of steps.entries()) {
    const time = `${String(year)}-05-06 0${String(hour)}:08:09`;
    const { status, stderr } = await runProcess('faketime', [
      time,
      join(ROOT, 'bin/exhibit'),
      ...args,
    ]);
    expect(status, stderr).toBe(0);
  }
  return at;
}

/** Asks, and has the authority answer; gives the answer's file. */
async function answerFor(dir: string): Promise<string> {
  const asked = await exhibitJson(['custody', 'timestamp', 'EV-0001', '--request', '--case', dir]);
  expect(asked).toMatchObject({ status: 0, json: { request: `${SEAL}.tsq` } });
  const file = join(dir, '../answer.tsr');
  writeFileSync(file, await tsa.answer(readFileSync(join(dir, `${SEAL}.tsq`))));
  return file;
}

async function signerIn(dir: string, ...flags: string[]): Promise<Check | undefined> {
  const { json } = await exhibitJson(['verify', '--case', dir, ...flags]);
  return (json as { checks: readonly Check[] }).checks.find(({ id }) => id === 'seal.signer');
}

describe.skipIf(!ready)(needs('clocks', 'openssl', 'faketime'), () => {
  beforeAll(async () => {
    tsa = await makeTsa();
  });

  test('set back: both times are shown, and nobody believes the claim', async () => {
    const dir = await newCase(2019);
    const asked = await exhibit(['custody', 'timestamp', 'EV-0001', '--request', '--case', dir]);
    expect(asked.stdout).toMatch(
      /sha256 +[0-9a-f]{64}\n[^]*curl -sS[^]*openssl ts -query -digest [0-9a-f]{64}/,
    );
    const args = [
      'custody',
      'timestamp',
      'EV-0001',
      '--attach',
      await answerFor(dir),
      '--case',
      dir,
    ];
    const { status, stdout } = await exhibit([...args, '--tsa-trust', tsa.rootFile]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /claimed +2019-05-06T\S+\nproven +20(?!19)\S+ by Test TSA \(a root given/,
    );
    const signer = await signerIn(dir, '--tsa-trust', tsa.rootFile);
    expect(signer?.status).toBe('pass');
    expect(signer?.detail).toMatch(/claimed 2019-05-06T\S+, proven 20(?!19)\S+ by Test TSA/);
    const ledger = await exhibitJson([
      'custody',
      'verify',
      '--case',
      dir,
      '--tsa-trust',
      tsa.rootFile,
    ]);
    expect(ledger.status).toBe(0);

    // A report shows both: from the entry that names the stamp on, nothing is older; the seal existed by then.
    const report = async (...flags: string[]): Promise<Report> => {
      const made = await exhibitJson(['report', '--force', '--case', dir, ...flags]);
      expect(made.status).toBe(0);
      return JSON.parse(readFileSync(join(dir, 'report/report.json'), 'utf8')) as Report;
    };
    const stamp = { at: expect.stringMatching(/^20(?!19)/) as string, by: 'Test TSA' };
    const trusted = await report('--tsa-trust', tsa.rootFile);
    const claimed = expect.stringMatching(/^2019-05-06T/) as string;
    expect(trusted.evidence[0]?.seal?.signed).toEqual({ claimed, not_after: stamp });
    expect(
      trusted.custody.entries.map((one) => [one.event, one.not_before, one.not_after]),
    ).toEqual([
      ['opened', null, null],
      ['acquired', null, null],
      ['sealed', null, null],
      ['timestamped', stamp, null],
    ]);
    expect(trusted.verification.checks.find(({ id }) => id === 'seal.timestamp')?.status).toBe(
      'pass',
    );
    const page = readFileSync(join(dir, 'report/report.html'), 'utf8');
    expect(page).toContain('proven: not before');
    expect(page).toMatch(/Seal existed \(proven\)[^]{0,120}says[^]{0,60}Test TSA/);
    // Who trusts no authority is shown claims only.
    const untrusted = await report();
    expect(untrusted.evidence[0]?.seal?.signed).toEqual({ claimed, not_after: null });
    expect(untrusted.custody.entries.every((one) => one.not_before === null)).toBe(true);
  });

  test('set forward: a signature that claims a time after its time-stamp is refused', async () => {
    const dir = await newCase(2091);
    const answer = await answerFor(dir);
    const args = ['custody', 'timestamp', 'EV-0001', '--attach', answer, '--case', dir];
    expect(await exhibitJson(args)).toMatchObject({
      status: 1,
      json: { error: { code: 'E_TAMPERED' } },
    });
    const neither = ['custody', 'timestamp', 'EV-0001', '--case', dir];
    expect(await exhibitJson(neither)).toMatchObject({
      status: 2,
      json: { error: { code: 'E_USAGE' } },
    });
    // Laid there by hand.
    writeFileSync(join(dir, `${SEAL}.tsr`), readFileSync(answer));
    const signer = await signerIn(dir, '--tsa-trust', tsa.rootFile);
    expect(signer?.status).toBe('fail');
    expect(signer?.detail).toContain('after the time-stamp');
    // Who trusts no authority is told nothing by its time-stamp, for or against.
    expect((await signerIn(dir))?.status).toBe('pass');
  });
});
