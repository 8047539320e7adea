/** Cases for tests. RSA keys take a second to make, so one case is made per test file and copied for each test. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openCase, openSigner, type Case } from '#src/app/case.ts';
import { initCase } from '#src/app/init.ts';
import type { Signer } from '#src/crypto/signer.ts';
import { fakeEffects, type FakeEffects } from './effects.ts';
import { tempDir } from './temp.ts';

/** An opened case whose keys have no passphrase. */
export interface TestCase {
  readonly case: Case;
  readonly signer: Signer;
  readonly fx: FakeEffects;
}

let template: Promise<string> | undefined;

/** A new case `TEST-1` in a folder of its own; all of one test file share keys and first entry. */
export async function testCase(): Promise<TestCase> {
  template ??= makeCase('TEST-1');
  const dir = join(await tempDir(), 'case');
  await cp(await template, dir, { recursive: true });
  return openTestCase(dir);
}

/** Another case with keys of its own. */
export async function otherCase(caseId: string): Promise<TestCase> {
  return openTestCase(await makeCase(caseId));
}

async function makeCase(caseId: string): Promise<string> {
  const dir = join(await tempDir(), 'case');
  await initCase({ dir, caseId, examiner: 'Ada Test', unprotectedKey: true }, fakeEffects());
  return dir;
}

async function openTestCase(dir: string): Promise<TestCase> {
  const fx = fakeEffects();
  const opened = await openCase(dir);
  return { case: opened, signer: await openSigner(opened, fx), fx };
}
