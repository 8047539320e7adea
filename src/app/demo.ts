/**
 * `exhibit demo`: the main job on the samples, from nothing, in one process. It composes the functions that the verbs
 * call, in the order in which an examiner would call the verbs.
 */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { readLedger } from '../custody/read.ts';
import { openCase, type Case } from './case.ts';
import { validateCloudTrail, type ValidateResult } from './cloudtrail.ts';
import { collectDir, type CollectResult } from './collect.ts';
import { importEvidence, type ImportResult } from './import.ts';
import { initCase, type InitResult } from './init.ts';
import { listQueries, runAndRecord, type QueryRun } from './query.ts';
import { makeReport, type ReportResult } from './report.ts';
import { sealEvidence, type SealResult } from './seal.ts';
import { recordVerification, verify, type VerifyResult } from './verify.ts';

/** Id of the demo's case: a case folder with it may be replaced. */
const DEMO_CASE_ID = 'DEMO-HARBORLINE';

/** The mirror of S3 buckets that comes with exhibit. */
const SAMPLES: string = fileURLToPath(new URL('../../evidence-samples/mirror', import.meta.url));

/** AWS's keys as the story's examiner fetched them: a list that only lay among the evidence would prove nothing. */
const KEYS: string = join(SAMPLES, 'harborline-ir-workspace', 'public-keys.json');

/** Values for the parameters of the pack that have no default: the address that the samples' alarm leads to. */
const PARAMS: Readonly<Record<string, string>> = { ip: '203.0.113.66' };

/** Steps in their order, with what each came to. */
export type DemoStep =
  | { readonly step: 'init'; readonly result: InitResult; readonly replaced: boolean }
  | { readonly step: 'collect'; readonly result: CollectResult; readonly from: string }
  | { readonly step: 'seal'; readonly result: SealResult }
  | { readonly step: 'verify'; readonly result: VerifyResult }
  | { readonly step: 'import'; readonly result: ImportResult }
  | { readonly step: 'digests'; readonly result: ValidateResult }
  | { readonly step: 'queries'; readonly runs: readonly QueryRun[]; readonly known: number }
  | { readonly step: 'report'; readonly result: ReportResult };

/**
 * Runs the demo.
 * @param dir folder of the demo, absolute; the case is its folder `case`, made anew on each run.
 * @param told called as each step ends.
 * @returns the case.
 * @throws ExhibitError `E_EXISTS` when something that this demo did not make is in the way, and those of the steps.
 */
export async function runDemo(
  dir: string,
  fx: Effects,
  told: (step: DemoStep) => void,
): Promise<Case> {
  const folder = join(dir, 'case');
  const replaced = await clear(folder);
  const opened = await initCase(
    { dir: folder, caseId: DEMO_CASE_ID, examiner: 'Demo Examiner', unprotectedKey: true },
    // The demo says itself that its key is not protected; the warning for real cases would only frighten.
    { ...fx, err: { ...fx.err, write: () => undefined } },
  );
  told({ step: 'init', result: opened, replaced });
  const target = await openCase(folder);
  const collected = await collectDir(target, fx, {
    paths: [SAMPLES],
    onProgress: () => undefined,
  });
  told({ step: 'collect', result: collected, from: SAMPLES });
  told({ step: 'seal', result: await sealEvidence(target, collected.evidence, fx) });
  const head = readLedger(folder).at(-1)?.hash;
  const verified = await verify(
    { caseDir: folder, target: undefined, trust: target.paths.rootPem, head, deep: true },
    fx,
  );
  await recordVerification(folder, verified, fx);
  told({ step: 'verify', result: verified });
  told({ step: 'import', result: await importEvidence(target, fx, {}) });
  const digests = await validateCloudTrail(target, fx, { publicKeys: [KEYS], record: true });
  told({ step: 'digests', result: digests });
  told({ step: 'queries', runs: await askChosen(target, fx), known: listQueries().length });
  told({ step: 'report', result: await makeReport(target, fx, {}) });
  return target;
}

/** Removes the case of an earlier demo; true if there was one. */
async function clear(folder: string): Promise<boolean> {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isDirectory() || !isDemoCase(join(folder, 'case.json'))) {
    throw new ExhibitError('E_EXISTS', 'something that the demo did not make is in its place', {
      where: { file: folder },
      hint: 'choose another folder with --dir',
    });
  }
  await rm(folder, { recursive: true });
  return true;
}

function isDemoCase(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    const info = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return (info as { case?: unknown } | null)?.case === DEMO_CASE_ID;
  } catch {
    return false;
  }
}

/** What a responder asks first, each question a run of its own, in the order of the catalogue. */
async function askChosen(target: Case, fx: Effects): Promise<QueryRun[]> {
  const runs: QueryRun[] = [];
  for (const query of listQueries({ pack: 'triage' })) {
    const params = query.params
      .filter((spec) => spec.default === undefined)
      .map((spec) => `${spec.name}=${PARAMS[spec.name] ?? ''}`);
    runs.push(await runAndRecord(target, fx, { name: query.id }, { params }));
  }
  return runs;
}
