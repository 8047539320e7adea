/** A revocation list of the root counts wherever a signature is judged or made, not for `verify` alone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkProof } from '#src/app/check-proof.ts';
import { custodyAdd, custodyCheckpoint } from '#src/app/custody.ts';
import { addKey, newIdentity } from '#src/app/custody-keys.ts';
import { prove } from '#src/app/custody-proof.ts';
import { recordTransferOut } from '#src/app/custody-transfer.ts';
import { importEvidence } from '#src/app/import.ts';
import { replay } from '#src/app/query-replay.ts';
import { runAndRecord } from '#src/app/query.ts';
import { makeReport } from '#src/app/report.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { showRecord } from '#src/app/show.ts';
import { verify } from '#src/app/verify.ts';
import { validateCloudTrail } from '#src/app/cloudtrail.ts';
import { ExhibitError } from '#src/core/errors.ts';
import type { TestCase } from '../helpers/case.ts';
import { revocationList } from '../helpers/crl.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { collectedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { wholeCase } from '../helpers/whole-case.ts';

/** Everything here was signed in January 2026. */
const BEFORE = '20250101000000Z';
const AFTER = '20270101000000Z';

async function revoke(made: TestCase, at: string, pem = made.signer.certificatePem): Promise<void> {
  const serial = new X509Certificate(pem).serialNumber;
  const list = await revocationList(made, [{ serial, at, reason: 'superseded' }]);
  writeFileSync(join(made.case.paths.dir, 'pki/crl.pem'), list);
}

async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (error instanceof ExhibitError) return error.code;
    throw error;
  }
}

/** Everything that reads or makes a signature of the case. */
const VERBS: readonly (readonly [string, (made: TestCase) => unknown])[] = [
  ['custody add', (made) => custodyAdd(made.case, made.fx, { event: 'note', reason: 'x' })],
  ['custody checkpoint', (made) => custodyCheckpoint(made.case, made.fx)],
  ['custody transfer', (made) => recordTransferOut(made.case, made.fx, { to: 'Bob' })],
  ['import', (made) => importEvidence(made.case, made.fx, {})],
  ['show', (made) => shown(made)],
  ['cloudtrail validate', (made) => validateCloudTrail(made.case, made.fx, { record: false })],
  ['query run', (made) => runAndRecord(made.case, made.fx, { name: 'failed-calls' })],
  ['query replay', (made) => replay(made.case, made.fx, 'Q-0001')],
  ['report', (made) => makeReport(made.case, made.fx, { force: true })],
];

async function shown(made: TestCase): Promise<void> {
  const csv = readFileSync(join(made.case.paths.queries, 'Q-0002/result.csv'), 'utf8');
  const id = csv.split(/[\r\n]+/)[1]?.split(',')[0] ?? '';
  const { checks } = await showRecord(made.case, made.fx, `cloudtrail:${id}`);
  if (checks.find((check) => check.id === 'seal.signature')?.status === 'fail')
    throw new ExhibitError('E_TAMPERED', 'the seal is not signed');
}

function files(made: TestCase): string[] {
  return readdirSync(made.case.paths.dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.lock'))
    .sort();
}

describe.skipIf(!hasTool('openssl'))(needs('revocation lists', 'openssl'), () => {
  test.each(VERBS)(
    '%s works without one, and with one about later days reads and signs no more',
    async (name, verb) => {
      const made = await wholeCase();
      expect(await outcome(() => verb(made)), 'no list').toBe('done');
      await revoke(made, AFTER);
      const before = files(made);
      const reads = ['import', 'show', 'cloudtrail validate', 'query replay'].includes(name);
      expect(await outcome(() => verb(made)), 'later').toBe(reads ? 'done' : 'E_SIGNER');
      expect(files(made)).toEqual(before);
    },
  );

  test.each(VERBS)('%s refuses what was signed after the key was revoked', async (_name, verb) => {
    const made = await wholeCase();
    await revoke(made, BEFORE);
    const before = files(made);
    expect(await outcome(() => verb(made))).toMatch(/^E_(?:TAMPERED|SIGNER)$/);
    expect(files(made)).toEqual(before);
  });

  test.each(VERBS)('%s refuses a list that does not hold', async (_name, verb) => {
    const made = await wholeCase();
    writeFileSync(join(made.case.paths.dir, 'pki/crl.pem'), 'no list');
    expect(await outcome(() => verb(made))).toBe('E_TAMPERED');
  });

  test('seal writes nothing with a key that was revoked', async () => {
    const made = await collectedCase();
    await revoke(made, AFTER);
    expect(await outcome(() => sealEvidence(made.case, 'EV-0001', made.fx))).toBe('E_SIGNER');
    expect(existsSync(join(made.case.paths.evidence, 'EV-0001'))).toBe(false);
  });

  test('a proof takes the list along', async () => {
    const made = await wholeCase();
    await custodyCheckpoint(made.case, made.fx);
    const trust = { trust: made.case.paths.rootPem };
    const signers = async (): Promise<string[]> => {
      const out = join(await tempDir(), 'proof');
      prove(made.case, made.fx, { entry: 2, out });
      const { checks } = await checkProof(out, made.fx, trust);
      return checks
        .filter(({ id }) => id === 'proof.signer' || id === 'trust.crl')
        .map(({ id, status }) => `${id} ${status}`);
    };
    expect(await signers()).toEqual(['proof.signer pass', 'proof.signer pass']);
    await revoke(made, BEFORE);
    expect(await signers()).toEqual(['trust.crl pass', 'proof.signer fail', 'proof.signer fail']);
  });

  test('evidence outside its case says that there is no list to ask', async () => {
    const made = await wholeCase();
    const { checks } = await verify(
      {
        caseDir: undefined,
        target: copyOut(made, await tempDir()),
        trust: made.case.paths.rootPem,
        head: undefined,
        deep: false,
      },
      made.fx,
    );
    expect(checks.find(({ id }) => id === 'trust.crl')?.status).toBe('not_checked');
  });

  test('a signer whom the ledger vouches for runs, seals and replays like any other', async () => {
    const made = await wholeCase();
    const out = join(await tempDir(), 'bob');
    await newIdentity(made.fx, { name: 'Bob', out, unprotected: true });
    const certificate = join(out, 'cert.pem');
    await addKey(made.case, made.fx, { name: 'Bob', certificate });
    const env = { EXHIBIT_KEY: join(out, 'key.pem') };
    const cli = (...words: string[]): ReturnType<typeof exhibitJson> =>
      exhibitJson([...words, '--case', made.case.paths.dir], { env });
    expect((await cli('query', 'run', 'failed-calls')).status).toBe(0);
    expect(await cli('query', 'replay', 'Q-0003')).toMatchObject({ json: { verdict: 'match' } });
    const logs = join(await tempDir(), 'logs');
    mkdirSync(logs);
    writeFileSync(join(logs, 'b_CloudTrail_.json'), '{"Records":[]}');
    expect((await cli('collect', 'dir', logs)).status).toBe(0);
    expect((await cli('import')).status).toBe(0);
    const { json } = await cli('verify');
    expect((json as { ok: boolean }).ok).toBe(true);
  });
});

function copyOut(made: TestCase, dir: string): string {
  const into = join(dir, 'EV-0001');
  mkdirSync(into);
  const from = join(made.case.paths.evidence, 'EV-0001');
  for (const name of readdirSync(from))
    writeFileSync(join(into, name), readFileSync(join(from, name)));
  return into;
}
