/** Threads can be ended at any moment; the fault sweep found imports that Node aborted (src/db/threads.ts). */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProcess } from '../helpers/exhibit.ts';

test('ending threads while they start, or fail to, never ends the process', async () => {
  const file = join(import.meta.dirname, 'fixtures', 'end-threads.ts');
  const { status, stdout, stderr } = await runProcess(process.execPath, [file]);
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '20\n' });
});
