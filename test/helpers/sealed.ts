/** A case with one sealed evidence item in several volumes, made once per test file and copied for each test. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCase, openSigner } from '#src/app/case.ts';
import { collectDir } from '#src/app/collect.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { verify, type VerifyRequest, type VerifyResult } from '#src/app/verify.ts';
import { testCase, type TestCase } from './case.ts';
import { fakeEffects } from './effects.ts';
import { tempDir } from './temp.ts';
import type { Tree } from './tar.ts';

/** What is collected by default: two volumes' worth, with a name that cannot be kept. */
export const TREE: Tree = {
  'logs/AWSLogs/a.json': '{"Records":[]}\n',
  'logs/AWSLogs-b/c.json': Buffer.alloc(40_000, 'c'),
  'logs/b/big.json': Buffer.alloc(50_000, 'b'),
  'logs/empty': '',
  'logs/naïve name.txt': 'mapped\n',
};

/** Writes a tree into a new folder. */
export async function folderOf(tree: Tree): Promise<string> {
  const folder = await tempDir();
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** A case whose staging holds a finished collection of the tree. */
export async function collectedCase(tree: Tree = TREE): Promise<TestCase> {
  const made = await testCase();
  const source = join(await folderOf(tree), 'logs');
  await collectDir(made.case, made.fx, {
    paths: [source],
    seal: false,
    onProgress: () => undefined,
  });
  return made;
}

let template: Promise<string> | undefined;

/** A case with EV-0001 sealed in two volumes. */
export async function sealedCase(): Promise<TestCase> {
  template ??= (async () => {
    const made = await collectedCase();
    await sealEvidence(made.case, 'EV-0001', made.fx, { volumeBytes: 110_000 });
    return made.case.paths.dir;
  })();
  const dir = join(await tempDir(), 'case');
  await cp(await template, dir, { recursive: true });
  const fx = fakeEffects();
  const opened = await openCase(dir);
  return { case: opened, signer: await openSigner(opened, fx), fx };
}

/** Verifies a whole case, or as asked. */
export async function verifyCase(
  made: TestCase,
  request: Partial<VerifyRequest> = {},
): Promise<VerifyResult> {
  const asked = {
    caseDir: made.case.paths.dir,
    target: undefined,
    trust: undefined,
    head: undefined,
    deep: false,
  };
  return verify({ ...asked, ...request }, made.fx);
}

/** `id` of every failed check, each once, in order of first appearance. */
export function failures({ checks }: VerifyResult): string[] {
  return [...new Set(checks.filter(({ status }) => status === 'fail').map(({ id }) => id))];
}
