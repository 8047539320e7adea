/** Every `sh` block of every document is run, file by file and block by block, in a folder that looks like a clone. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { blocks, markdownFiles, readDoc } from './markdown.ts';

const NOT_IN_A_CLONE = new Set(['.git', 'demo', 'coverage']);

/** A folder with everything of the repository in it (as links) where a document's commands may leave their traces. */
async function clone(): Promise<string> {
  const folder = await tempDir();
  for (const name of readdirSync(ROOT)) {
    if (!NOT_IN_A_CLONE.has(name)) symlinkSync(join(ROOT, name), join(folder, name));
  }
  mkdirSync(join(folder, '.bin'));
  symlinkSync(join(ROOT, 'bin/exhibit'), join(folder, '.bin/exhibit'));
  return folder;
}

/** Documents whose commands use programs that a machine for development may lack. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  'docs/transfer.md': ['age', 'age-keygen', 'openssl'],
};

const runnable = markdownFiles()
  .map((file) => ({
    file,
    commands: blocks(readDoc(file)).filter(({ language }) => language === 'sh'),
  }))
  .filter(({ commands }) => commands.length > 0);

for (const { file, commands } of runnable) {
  const tools = TOOLS[file] ?? [];
  const runs = test.skipIf(!tools.every(hasTool));
  runs(needs(`the commands of ${file} run`, ...tools), { timeout: 600_000 }, async () => {
    const cwd = await clone();
    const path = [join(cwd, '.bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(
      ':',
    );
    for (const { text, line } of commands) {
      writeFileSync(join(cwd, 'block.sh'), text);
      const { status, stdout, stderr } = await runProcess(
        'bash',
        ['-euo', 'pipefail', 'block.sh'],
        {
          cwd,
          env: { PATH: path },
        },
      );
      const said = `${file}:${String(line)}\n${text}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`;
      expect(status, said).toBe(0);
    }
  });
}

test('a block says what it is, so that none escapes by accident', () => {
  const untold = markdownFiles().flatMap((file) =>
    blocks(readDoc(file))
      .filter(({ language }) => !/^(sh|console|text|sql|json|jsonl|ts|html|csv)$/.test(language))
      .map(({ language, line }) => `${file}:${String(line)} ${language}`),
  );
  expect(untold).toEqual([]);
});
