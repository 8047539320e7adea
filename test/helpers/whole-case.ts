/** A small case with everything in it that a case can hold: evidence, import, two recorded runs, a report; made once a file. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCase, openSigner } from '#src/app/case.ts';
import { runAndRecord } from '#src/app/query.ts';
import { makeReport } from '#src/app/report.ts';
import type { TestCase } from './case.ts';
import { fakeEffects } from './effects.ts';
import { sampleCase } from './sample-case.ts';
import { tempDir } from './temp.ts';

const EVENT = {
  eventVersion: '1.08',
  eventTime: '2026-01-02T03:04:05Z',
  eventName: 'GetObject',
  eventSource: 's3.amazonaws.com',
  awsRegion: 'eu-west-1',
  eventID: 'event-1',
  recipientAccountId: '111122223333',
  userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/ada' },
};

let template: Promise<string> | undefined;

/** A copy of it; `EV-0001`, `Q-0001`, `Q-0002`, `report/report.html` and `report/report.json`. */
export async function wholeCase(): Promise<TestCase> {
  template ??= (async () => {
    const logs = join(await tempDir(), 'logs');
    await mkdir(logs);
    await writeFile(join(logs, 'a_CloudTrail_.json'), JSON.stringify({ Records: [EVENT] }));
    const made = await sampleCase({ paths: [logs], workers: 1 });
    const fx = fakeEffects();
    await runAndRecord(made, fx, { name: 'failed-calls' });
    await runAndRecord(made, fx, { sql: 'SELECT id, event_name FROM cloudtrail ORDER BY id' });
    await makeReport(made, fx, {});
    return made.paths.dir;
  })();
  const dir = join(await tempDir(), 'case');
  await cp(await template, dir, { recursive: true });
  const fx = fakeEffects();
  const opened = await openCase(dir);
  return { case: opened, signer: await openSigner(opened, fx), fx };
}
