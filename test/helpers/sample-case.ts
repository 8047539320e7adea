/** A case made from the committed samples, in process: collected, sealed and imported. */
import { join } from 'node:path';
import { openCase, type Case } from '#src/app/case.ts';
import { collectDir } from '#src/app/collect.ts';
import { importEvidence } from '#src/app/import.ts';
import { initCase } from '#src/app/init.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { fakeEffects } from './effects.ts';
import { ROOT } from './exhibit.ts';
import { tempDir } from './temp.ts';

/** How a case is made; `paths` default to the samples' mirror. */
export interface SampleOptions {
  readonly paths?: readonly string[];
  readonly workers?: number;
  readonly now?: () => number;
}

/** Makes a case in a temporary folder that goes away with the test file. */
export async function sampleCase(options: SampleOptions = {}): Promise<Case> {
  const dir = join(await tempDir(), 'case');
  const fx = fakeEffects(options.now === undefined ? {} : { now: options.now });
  await initCase({ dir, caseId: 'SAMPLES-1', examiner: 'Tester', unprotectedKey: true }, fx);
  const target = await openCase(dir);
  const paths = options.paths ?? [join(ROOT, 'evidence-samples', 'mirror')];
  const { evidence } = await collectDir(target, fx, { paths, onProgress: () => {} });
  await sealEvidence(target, evidence, fx);
  await importEvidence(
    target,
    fx,
    options.workers === undefined ? {} : { workers: options.workers },
  );
  return target;
}
