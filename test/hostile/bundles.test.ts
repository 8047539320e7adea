/**
 * Hostile bundles: evidence items whose seal, signature and ledger entry are all right (a dishonest examiner made them) and
 * whose volume is an archive of archives.ts. `verify` must fail each by the check `volume.archive` and no other, `import`
 * must refuse each with the archive's own code and exit status, and neither may leave a trace.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { importEvidence } from '#src/app/import.ts';
import type { Check } from '#src/core/check.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { rawTar } from '../helpers/tar.ts';
import { HOSTILE, NOT_CANONICAL } from './archives.ts';
import { forge } from './forge.ts';

interface Bundle {
  readonly reason: string;
  readonly id: string;
  readonly archive: Buffer;
  readonly code: 'E_HOSTILE_ARCHIVE' | 'E_TAMPERED';
  /** Of `import`; that of `verify` is 1, since a damaged bundle is an answer. */
  readonly status: number;
}

const BUNDLES: readonly Bundle[] = [
  ...Object.entries(HOSTILE).map(([reason, members]) => ({
    reason,
    archive: rawTar(members),
    code: 'E_HOSTILE_ARCHIVE' as const,
    status: 4,
  })),
  ...Object.entries(NOT_CANONICAL).map(([reason, archive]) => ({
    reason,
    archive,
    code: 'E_TAMPERED' as const,
    status: 1,
  })),
].map((bundle, index) => ({ ...bundle, id: `EV-${String(index + 1).padStart(4, '0')}` }));

/** The real command line imports one of each threat row (13 to 17), a call every fifth; EXHIBIT_FULL=1: it imports all. */
const THROUGH_CLI = new Set([
  'a path that climbs',
  'a symbolic link',
  'a pax header',
  'names that differ only by case',
  'a negative size in base 256',
  'bytes after the NUL of a name',
  'a size beyond the end of the archive',
  'a member after the end',
]);

let made: TestCase;
let checks: readonly Check[];
let status: number | null;
let before: string[];

beforeAll(async () => {
  made = await testCase();
  for (const { id, archive } of BUNDLES) await forge(made, id, archive);
  before = everything();
  const answer = await exhibitJson(['verify'], { cwd: made.case.paths.dir });
  status = answer.status;
  ({ checks } = answer.json as { checks: readonly Check[] });
});

/** Every name in the case and beside it. */
function everything(): string[] {
  const folder = dirname(made.case.paths.dir);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

describe('verify', () => {
  test('says that the case is bad, and nothing else in it', () => {
    expect(status).toBe(1);
    const failed = checks.filter((check) => check.status === 'fail');
    expect(new Set(failed.map(({ id }) => id))).toEqual(new Set(['volume.archive']));
  });

  test.each(BUNDLES.map(({ reason, id }) => [reason, id] as const))('%s', (_, id) => {
    const of = checks.filter(({ subject }) => subject.startsWith(`evidence/${id}`));
    expect(of.filter((check) => check.status === 'fail').map((check) => check.id)).toEqual([
      'volume.archive',
    ]);
    expect(of.find((check) => check.id === 'volume.sha256')?.status).toBe('pass');
    expect(of.find((check) => check.id === 'ledger.sealed')?.status).toBe('pass');
  });
});

const FULL = process.env['EXHIBIT_FULL'] === '1';
const IMPORTED = BUNDLES.filter(
  ({ reason }, index) => FULL || THROUGH_CLI.has(reason) || index % 5 === 0,
);

describe('import', () => {
  test.each(IMPORTED.map((bundle) => [bundle.reason, bundle] as const))(
    '%s',
    async (reason, { id, code, status: expected }) => {
      if (FULL || THROUGH_CLI.has(reason)) {
        const answer = await exhibitJson(['import', id], { cwd: made.case.paths.dir });
        expect(answer).toMatchObject({ status: expected, json: { error: { code } } });
      } else {
        await expect(
          importEvidence(made.case, made.fx, { evidence: [id], workers: 1 }),
        ).rejects.toMatchObject({
          code,
          hint: expect.stringContaining('exhibit verify') as string,
        });
      }
    },
  );

  test('leaves no trace: no database, no file, in the case or outside', () => {
    expect(everything()).toEqual(before);
  });
});
