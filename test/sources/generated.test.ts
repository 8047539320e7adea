import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { ROOT, runProcess } from '../helpers/exhibit.ts';

it('the registry and the pages of the sources are what the sources say', async () => {
  const args = ['docs/generate.ts', '--check'];
  const { status, stderr } = await runProcess(process.execPath, args, { cwd: ROOT });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

it('each variant on the page of sources is the name of a test of its own, in the file that the page names', () => {
  const page = readFileSync(join(ROOT, 'docs', 'sources.md'), 'utf8');
  const named = [...page.matchAll(/`(test\/[\w/.-]+\.test\.ts)`/g)].map(([, path]) => path ?? '');
  expect(named).toContain('test/sources/conformance.test.ts');
  for (const path of named) expect(existsSync(join(ROOT, path)), path).toBe(true);
  const text = readFileSync(join(ROOT, 'test/sources/conformance.test.ts'), 'utf8');
  // One test for each sample of each source, called by the source and the sample.
  expect(text).toContain('describe.each(SOURCES.map((source) => [source.id, source] as const))');
  expect(text).toMatch(/it\.each\(source\.samples\.map\(\(sample\) => \[sample\.name, sample\]/);
  expect(text).toContain("'reads %s'");
  const rows = new Map(
    [...page.matchAll(/^\| \[(\w+)\]\(sources\/\w+\.md\)\s*\| (.*?)\s*\|$/gm)].map(
      ([, id, cell]) => [id, cell ?? ''],
    ),
  );
  for (const { id, samples } of SOURCES) {
    const names = samples.map(({ name }) => name);
    expect(new Set(names).size, id).toBe(names.length);
    expect(rows.get(id), id).toBe(names.join('; '));
  }
});
