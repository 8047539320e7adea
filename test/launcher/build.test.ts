/** dist/ is src/ without types, and is started only while it is. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

async function builtPackage(below: string): Promise<string> {
  const folder = join(await tempDir(), below);
  mkdirSync(join(folder, 'src/cli'), { recursive: true });
  for (const name of ['bin', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'src/cli/start.ts'),
    "import { where } from '../where.ts';\nprocess.stdout.write(where(import.meta.url) as string);\n",
  );
  writeFileSync(
    join(folder, 'src/where.ts'),
    'export function where(url: string): string {\n  return url.slice(-17);\n}\n',
  );
  const { status, stderr } = await runProcess(process.execPath, [join(folder, 'bin/build.js')]);
  expect([status, stderr]).toEqual([0, '']);
  return folder;
}

async function started(folder: string): Promise<string> {
  return (await runProcess(process.execPath, [join(folder, 'bin/exhibit'), 'init'])).stdout;
}

test('it is started while it is made from src as it stands', async () => {
  const folder = await builtPackage('exhibit');
  expect(await started(folder)).toBe('dist/cli/start.js');
  const built = readFileSync(join(folder, 'dist/cli/start.js'), 'utf8');
  expect(built).toContain("'../where.js'");
  expect(built).not.toContain('as string');
  writeFileSync(join(folder, 'src/where.ts'), "export const where = (): string => 'changed';\n");
  expect(await started(folder)).toBe('changed');
});

test('below node_modules, where Node takes no types out, it is started always', async () => {
  const folder = await builtPackage('node_modules/exhibit');
  writeFileSync(join(folder, 'src/where.ts'), '');
  expect(await started(folder)).toBe('dist/cli/start.js');
});

test('a Node that cannot build leaves src in place', async () => {
  const folder = await builtPackage('exhibit');
  const { stderr, status } = await runProcess(process.execPath, [
    '--import',
    "data:text/javascript,import m from 'node:module';m.stripTypeScriptTypes=undefined",
    join(folder, 'bin/build.js'),
  ]);
  expect([status, existsSync(join(folder, 'src/where.ts'))]).toEqual([0, true]);
  expect(stderr).toContain('src/ is started');
});
