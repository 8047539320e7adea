/** What `verify` says of everything besides ledger and evidence: runs, reports, certificates, files that nobody vouches for. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { custodyAdd } from '#src/app/custody.ts';
import { newIdentity } from '#src/app/custody-keys.ts';
import { appendEntry } from '#src/app/ledger.ts';
import { makeReport } from '#src/app/report.ts';
import type { VerifyResult } from '#src/app/verify.ts';
import { canonicalLine, type CanonicalValue } from '#src/core/canonical.ts';
import { sha256Hex } from '#src/core/digest.ts';
import { coreHash, type RunRecord } from '#src/query/run-record.ts';
import { otherCase, type TestCase } from '../helpers/case.ts';
import { exhibit } from '../helpers/exhibit.ts';
import { fuzzRuns } from '../helpers/fuzz.ts';
import { failures, verifyCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { wholeCase } from '../helpers/whole-case.ts';

const RUN = 'queries/Q-0001';
const at = (made: TestCase, path: string): string => join(made.case.paths.dir, path);

function edit(made: TestCase, path: string, change: (text: string) => string): void {
  const text = readFileSync(at(made, path), 'latin1');
  expect(change(text)).not.toBe(text);
  writeFileSync(at(made, path), change(text), 'latin1');
}

/** Subjects of the answers to a question, with what they are. */
function answers({ checks }: VerifyResult, id: string): Record<string, string> {
  return Object.fromEntries(
    checks.filter((one) => one.id === id).map(({ subject, status }) => [subject, status]),
  );
}

test('a case with runs and a report is good, and says so in a line each', async () => {
  const made = await wholeCase();
  const result = await verifyCase(made);
  expect(failures(result)).toEqual([]);
  for (const id of ['query.files', 'query.signature', 'query.signer', 'ledger.query'])
    expect(answers(result, id)).toEqual({ queries: 'pass' });
  expect(answers(result, 'report.files')).toEqual({ report: 'pass' });
  expect(answers(result, 'trust.signers')).toEqual({ 'pki/signers': 'pass' });
  expect(answers(result, 'case.database')).toEqual({ 'case.db': 'not_checked' });
  expect(answers(result, 'case.files')).toEqual({});
  expect((await exhibit(['verify', '--case', made.case.paths.dir])).status).toBe(0);
});

/** A record with another core, and the files that go with it; not signed. */
function forge(made: TestCase, change: (record: RunRecord) => RunRecord): Uint8Array {
  const record = change(JSON.parse(readFileSync(at(made, `${RUN}/run.json`), 'utf8')) as RunRecord);
  const whole = { ...record, core_sha256: coreHash(record.core) };
  const bytes = canonicalLine(whole as unknown as CanonicalValue);
  writeFileSync(at(made, `${RUN}/run.json`), bytes);
  return bytes;
}

function withRows(record: RunRecord, rows: string): RunRecord {
  const { core } = record;
  const result = { ...core.result, ordered_sha256: sha256Hex(rows) };
  return { ...record, core: { ...core, result } };
}

/** What somebody who may sign can say of any file of the case. */
async function vouchByNote(made: TestCase, name: string): Promise<void> {
  const attachments = [{ name, sha256: sha256Hex(readFileSync(at(made, name))) }];
  await appendEntry(made.case, made.signer, made.fx, { event: 'note', attachments });
}

/** What was done, how, and the checks that must fail: these and no others. */
const TAMPERED: readonly (readonly [string, (made: TestCase) => unknown, readonly string[]])[] = [
  ...['query.sql', 'params.json', 'result.jsonl', 'result.csv'].map(
    (name) =>
      [
        `a byte of ${name}`,
        (made: TestCase): void => {
          edit(made, `${RUN}/${name}`, (text) => `${text} `);
        },
        ['query.files', 'ledger.query'],
      ] as const,
  ),
  [
    'a count in run.json',
    (made) => {
      edit(made, `${RUN}/run.json`, (text) => text.replace('"row_count":', '"row_count":1'));
    },
    ['query.files', 'ledger.query'],
  ],
  [
    'run.json and result.jsonl made to fit each other',
    (made) => {
      writeFileSync(at(made, `${RUN}/result.jsonl`), 'none\n');
      forge(made, (record) => withRows(record, 'none\n'));
    },
    ['query.signature', 'ledger.query'],
  ],
  [
    'a run made to fit, signed by its owner, that the ledger knows otherwise',
    (made) => {
      writeFileSync(at(made, `${RUN}/result.jsonl`), 'none\n');
      const bytes = forge(made, (record) => withRows(record, 'none\n'));
      writeFileSync(at(made, `${RUN}/run.json.p7s`), made.signer.sign(bytes));
    },
    ['ledger.query'],
  ],
  [
    'a run made to fit, signed by somebody else',
    async (made) => {
      const { signer } = await otherCase('TEST-9');
      const bytes = forge(made, (record) => ({
        ...record,
        signer_cert_sha256: signer.fingerprint,
      }));
      writeFileSync(at(made, `${RUN}/run.json.p7s`), signer.sign(bytes));
    },
    ['query.signer', 'ledger.query'],
  ],
  [
    'a record that names no hashes',
    (made) => {
      forge(made, (record) => ({ ...record, core: {} as RunRecord['core'] }));
    },
    ['query.files', 'ledger.query'],
  ],
  [
    'a run of another case',
    (made) => {
      const bytes = forge(made, (record) => ({ ...record, case: 'OTHER' }));
      writeFileSync(at(made, `${RUN}/run.json.p7s`), made.signer.sign(bytes));
    },
    ['query.files', 'ledger.query'],
  ],
  [
    'the signature of another run',
    (made) => {
      copyFileSync(at(made, 'queries/Q-0002/run.json.p7s'), at(made, `${RUN}/run.json.p7s`));
    },
    ['query.signature', 'ledger.query'],
  ],
  [
    'no signature',
    (made) => {
      rmSync(at(made, `${RUN}/run.json.p7s`));
    },
    ['query.files', 'query.signature', 'ledger.query'],
  ],
  [
    'a file more in a run',
    (made) => {
      writeFileSync(at(made, `${RUN}/notes.txt`), 'x');
    },
    ['query.files'],
  ],
  [
    'a link in place of a result',
    (made) => {
      renameSync(at(made, `${RUN}/result.csv`), at(made, 'moved.csv'));
      symlinkSync('../../moved.csv', at(made, `${RUN}/result.csv`));
    },
    ['query.files', 'ledger.query'],
  ],
  [
    'two runs exchanged',
    (made) => {
      renameSync(at(made, RUN), at(made, 'x'));
      renameSync(at(made, 'queries/Q-0002'), at(made, RUN));
      renameSync(at(made, 'x'), at(made, 'queries/Q-0002'));
    },
    ['query.files', 'ledger.query'],
  ],
  [
    'a run copied under a number that the ledger does not know',
    (made) => {
      cpSync(at(made, RUN), at(made, 'queries/Q-0009'), { recursive: true });
    },
    ['query.files'],
  ],
  [
    'a word of the report',
    (made) => {
      edit(made, 'report/report.html', (text) => text.replace('Tester', 'Nobody'));
    },
    ['report.files'],
  ],
  [
    'the facts of the report',
    (made) => {
      edit(made, 'report/report.json', (text) => text.replace('Tester', 'Nobody'));
    },
    ['report.files'],
  ],
  [
    'an older report put back',
    async (made) => {
      const old = readFileSync(at(made, 'report/report.html'));
      await makeReport(made.case, made.fx, { force: true });
      writeFileSync(at(made, 'report/report.html'), old);
    },
    ['report.files'],
  ],
  [
    'a certificate that nobody vouches for',
    async (made) => {
      const out = join(await tempDir(), 'eve');
      await newIdentity(made.fx, { name: 'Eve', out, unprotected: true });
      copyFileSync(join(out, 'cert.pem'), at(made, `pki/signers/${'0'.repeat(64)}.pem`));
    },
    ['trust.signers'],
  ],
  [
    'a certificate swapped for another that a note vouches for',
    async (made) => {
      const out = join(await tempDir(), 'eve');
      await newIdentity(made.fx, { name: 'Eve', out, unprotected: true });
      const name = `pki/signers/${made.signer.fingerprint}.pem`;
      copyFileSync(join(out, 'cert.pem'), at(made, name));
      await vouchByNote(made, name);
    },
    ['trust.signers', 'ledger.case_files'],
  ],
  [
    'a certificate under the name of another that a note vouches for',
    async (made) => {
      const name = `pki/signers/${'0'.repeat(64)}.pem`;
      copyFileSync(at(made, `pki/signers/${made.signer.fingerprint}.pem`), at(made, name));
      await vouchByNote(made, name);
    },
    ['trust.signers'],
  ],
  [
    'a report that only a note vouches for',
    async (made) => {
      edit(made, 'report/report.html', (text) => text.replace('Tester', 'Nobody'));
      await vouchByNote(made, 'report/report.html');
    },
    ['report.files'],
  ],
  [
    'a file among the certificates',
    (made) => {
      writeFileSync(at(made, 'pki/signers/notes.txt'), 'x');
    },
    ['trust.signers'],
  ],
  [
    'a whole evidence item copied under another number',
    (made) => {
      cpSync(at(made, 'evidence/EV-0001'), at(made, 'evidence/EV-0009'), { recursive: true });
    },
    ['evidence.sealed'],
  ],
  ...['EV-0009.v001.tar', 'EV-0009.seal.p7s', 'EV-0001.seal', 'notes.txt'].map(
    (name) =>
      [
        `an evidence folder with ${name} that was never sealed`,
        (made: TestCase): void => {
          mkdirSync(at(made, 'evidence/EV-0009'));
          writeFileSync(at(made, `evidence/EV-0009/${name}`), 'x');
        },
        ['evidence.sealed'],
      ] as const,
  ),
  [
    'a file that a note attached',
    async (made) => {
      mkdirSync(at(made, 'papers'));
      writeFileSync(at(made, 'papers/warrant.txt'), 'granted');
      await custodyAdd(made.case, made.fx, {
        event: 'note',
        reason: 'the warrant',
        attach: [at(made, 'papers/warrant.txt')],
      });
      expect(answers(await verifyCase(made), 'ledger.attachments')).toEqual({ custody: 'pass' });
      writeFileSync(at(made, 'papers/warrant.txt'), 'denied');
    },
    ['ledger.attachments'],
  ],
];

describe('fails, by the check that is there for it', () => {
  test.each(TAMPERED)('%s', async (_name, tamper, expected) => {
    const made = await wholeCase();
    await tamper(made);
    const result = await verifyCase(made);
    expect(failures(result).sort()).toEqual([...expected].sort());
    expect(result.ok).toBe(false);
  });
});

test('any bit of a run, a report or a certificate (a sample of them)', async () => {
  const made = await wholeCase();
  const files = [RUN, 'queries/Q-0002', 'report', 'pki/signers'].flatMap((folder) =>
    readdirSync(at(made, folder)).map((name) => `${folder}/${name}`),
  );
  const bit = fc.record({ file: fc.constantFrom(...files), at: fc.nat(), mask: fc.nat(7) });
  await fc.assert(
    fc.asyncProperty(bit, async ({ file, at: place, mask }) => {
      const bytes = readFileSync(at(made, file));
      if (bytes.length === 0) return;
      const mutant = Buffer.from(bytes);
      const index = place % bytes.length;
      mutant[index] = (mutant[index] ?? 0) ^ (1 << mask);
      writeFileSync(at(made, file), mutant);
      const result = await verifyCase(made);
      writeFileSync(at(made, file), bytes);
      expect(failures(result).length, file).toBeGreaterThan(0);
    }),
    { numRuns: fuzzRuns(40) },
  );
  expect((await verifyCase(made)).ok).toBe(true);
});

/** What lies there, and the answers that are neither good nor bad. */
const NAMED: readonly (readonly [
  string,
  (made: TestCase) => unknown,
  string,
  Readonly<Record<string, string>>,
])[] = [
  [
    'a file in the case folder',
    (made) => {
      writeFileSync(at(made, 'more-evidence.json'), '{}');
    },
    'case.files',
    { 'more-evidence.json': 'not_checked' },
  ],
  [
    'files beside keys and certificates',
    (made) => {
      writeFileSync(at(made, 'pki/other.pem'), 'x');
      mkdirSync(at(made, 'pki/tsa'));
      writeFileSync(at(made, 'pki/tsa/x-chain.pem'), 'x');
      writeFileSync(at(made, 'keys/x'), 'x');
      mkdirSync(at(made, 'staging/EV-0007'));
    },
    'case.files',
    {
      'keys/x': 'not_checked',
      'pki/other.pem': 'not_checked',
      'pki/tsa/x-chain.pem': 'not_checked',
      'staging/EV-0007': 'not_checked',
    },
  ],
  [
    'a report of somebody else',
    (made) => {
      writeFileSync(at(made, 'report/opinion.pdf'), 'x');
    },
    'report.files',
    { 'report/opinion.pdf': 'not_checked', report: 'pass' },
  ],
  [
    'a report of somebody else that a note vouches for',
    async (made) => {
      writeFileSync(at(made, 'report/opinion.pdf'), 'x');
      await vouchByNote(made, 'report/opinion.pdf');
    },
    'report.files',
    { 'report/opinion.pdf': 'pass', report: 'pass' },
  ],
  [
    'a report that is gone',
    (made) => {
      rmSync(at(made, 'report'), { recursive: true });
    },
    'report.files',
    { 'report/report.html': 'not_checked', 'report/report.json': 'not_checked' },
  ],
  [
    'runs that are gone',
    (made) => {
      rmSync(at(made, 'queries'), { recursive: true });
    },
    'ledger.query',
    { 'queries/Q-0001': 'not_checked', 'queries/Q-0002': 'not_checked' },
  ],
  [
    'what is no run',
    (made) => {
      mkdirSync(at(made, 'queries/.Q-0003.part'));
      writeFileSync(at(made, 'queries/notes.txt'), 'x');
    },
    'query.files',
    { 'queries/.Q-0003.part': 'not_checked', 'queries/notes.txt': 'not_checked' },
  ],
  [
    'an evidence folder that is empty',
    (made) => {
      mkdirSync(at(made, 'evidence/EV-0009'));
    },
    'evidence.sealed',
    { 'evidence/EV-0009': 'not_checked' },
  ],
  [
    'what a stopped seal left',
    (made) => {
      mkdirSync(at(made, 'staging/EV-0009'));
      mkdirSync(at(made, 'evidence/EV-0009'));
      writeFileSync(at(made, 'evidence/EV-0009/EV-0009.v001.tar'), 'x');
      writeFileSync(at(made, 'evidence/EV-0009/EV-0009.seal.p7s.part'), 'x');
    },
    'evidence.sealed',
    { 'evidence/EV-0009': 'not_checked' },
  ],
  [
    'a million strangers, as far as a person reads',
    (made) => {
      for (let n = 0; n < 60; n++) writeFileSync(at(made, `x${String(n).padStart(2, '0')}`), '');
    },
    'case.files',
    Object.fromEntries(
      Array.from({ length: 51 }, (_, n) => [`x${String(n).padStart(2, '0')}`, 'not_checked']),
    ),
  ],
];

describe('names, and calls neither good nor bad', () => {
  test.each(NAMED)('%s', async (_name, change, id, expected) => {
    const made = await wholeCase();
    await change(made);
    const result = await verifyCase(made);
    expect(failures(result)).toEqual([]);
    expect(answers(result, id)).toEqual(expected);
  });
});
