import { expect, it } from 'vitest';
import { ROOT, runProcess } from '../helpers/exhibit.ts';

it('the registry and the pages of the sources are what the sources say', async () => {
  const args = ['docs/generate.ts', '--check'];
  const { status, stderr } = await runProcess(process.execPath, args, { cwd: ROOT });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
