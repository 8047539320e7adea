/** Every kind of trail and every tampering, through the product's own reading of files. */
import { describe, expect, test } from 'vitest';
import { REMARKS, STATUSES, type TrailReport } from '#src/witness/verdict.ts';
import { validateTrails } from '#src/witness/validate.ts';
import { baseWorld, subjectText, TAMPERED, VALID, type Case } from './cases.ts';
import { collected } from './trails.ts';

const GOOD = new Set(['valid', 'validated', 'keys_from_evidence']);

interface Result {
  readonly report: TrailReport;
  readonly expected: readonly string[];
}

const results = new Map<Case, Promise<Result>>();

// Each row once, whichever test asks first.
async function validated(row: Case): Promise<Result> {
  const result = results.get(row) ?? validateRow(row);
  results.set(row, result);
  return result;
}

async function validateRow({ make, how }: Case): Promise<Result> {
  const { world, eu, us } = baseWorld();
  const expected = make(world, eu, us).map(([of, status]) => `${status} ${subjectText(of)}`);
  return { report: validateTrails(await collected(world, how)), expected };
}

function said(report: TrailReport, expected: readonly string[]): readonly string[] {
  return report.findings
    .map(({ status, subject }) => `${status} ${subject}`)
    .filter((one) => expected.includes(one) || !GOOD.has(one.split(' ')[0] ?? ''));
}

function check(row: Case, { report, expected }: Result): void {
  const found = said(report, expected);
  expect(found).toEqual(expect.arrayContaining([...expected]));
  const allowed = new Set(row.also ?? []);
  const rest = found.filter(
    (one) => !expected.includes(one) && !allowed.has(one.split(' ')[0] ?? ''),
  );
  expect(rest).toEqual([]);
  expect(report.ok).toBe(row.ok);
  for (const { total, valid, invalid, missing, unproven, ...more } of [
    report.digests,
    report.logs,
  ]) {
    const { uncovered = 0 } = more as { readonly uncovered?: number };
    expect(valid + invalid + missing + unproven + uncovered).toBe(total);
  }
}

describe('a whole trail', () => {
  test.each(VALID)('$name', async (row) => {
    const result = await validated(row);
    check(row, result);
    expect(result.report.digests).toMatchObject({ invalid: 0, missing: 0 });
    expect(result.report.logs).toMatchObject({ invalid: 0, missing: 0 });
  });
});

describe('tampering', () => {
  test.each(TAMPERED)('$name', async (row) => {
    check(row, await validated(row));
  });
});

test('every status is met', async () => {
  const met = new Set<string>();
  for (const row of [...VALID, ...TAMPERED]) {
    const { report } = await validated(row);
    for (const { status } of report.findings) met.add(status);
  }
  const unmet = [...Object.keys(STATUSES), ...Object.keys(REMARKS)].filter((one) => !met.has(one));
  expect(unmet).toEqual([]);
});

test('the order of the files changes nothing', async () => {
  for (const row of [...VALID, ...TAMPERED].filter((_, index) => index % 5 === 0)) {
    const { world, eu, us } = baseWorld();
    row.make(world, eu, us);
    const evidence = await collected(world, row.how);
    const turned = {
      ...evidence,
      digests: evidence.digests.toReversed(),
      logs: evidence.logs.toReversed(),
    };
    expect(validateTrails(turned)).toEqual(validateTrails(evidence));
  }
});
