/** Collections from the stub, with a case around them and without. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectFromAws, planAws, type AwsWords } from '#src/app/collect-aws.ts';
import type { CollectResult } from '#src/app/collect.ts';
import { readStaging, type Staging } from '#src/collect/staging.ts';
import type { JournalEvent } from '#src/collect/journal.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { fakeEffects } from '../helpers/effects.ts';
import type { Stub } from './stub.ts';

/** Credentials that must show up nowhere. */
export const SECRET = 'wJalrXUtnFEMI-planted-secret-key';
export const TOKEN = 'planted-session-token-IQoJb3JpZ2luX2Vj';
export const CREDENTIALS: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: 'AKIAPLANTEDPLANTED11',
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_SESSION_TOKEN: TOKEN,
  AWS_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};

/** A collection and what it left in staging. */
export interface Collected {
  readonly made: TestCase;
  readonly result: CollectResult;
  readonly staging: Staging;
  readonly journal: readonly JournalEvent[];
}

/** Collects without sealing. The environment of this process holds the credentials while it does. */
export async function collectFrom(
  stub: Stub,
  what: readonly string[],
  words: Partial<AwsWords> = {},
  made?: TestCase,
): Promise<Collected> {
  const used = made ?? (await testCase());
  const before = { ...process.env };
  Object.assign(process.env, CREDENTIALS);
  try {
    const fx = fakeEffects({ now: () => Date.now(), env: { ...process.env } });
    const plan = planAws(
      { endpointUrl: stub.url, regions: 'us-east-1', attempts: '2', ...words, what },
      fx,
    );
    const result = await collectFromAws(used.case, fx, {
      plan,
      seal: false,
      onProgress: () => {},
      onAnswers: () => {},
      onSealing: () => {},
    });
    const dir = join(used.case.paths.staging, result.evidence);
    return { made: used, result, staging: await readStaging(dir), journal: await journalOf(dir) };
  } finally {
    for (const name of Object.keys(process.env))
      if (!(name in before)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
}

/** Lines of a staging folder's journal. */
async function journalOf(dir: string): Promise<JournalEvent[]> {
  const text = await readFile(join(dir, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent);
}
