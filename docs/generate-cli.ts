/** Writes the reference part of docs/cli.md from the command line's own help; `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { run } from '../src/cli/main.ts';
import type { Effects } from '../src/core/effects.ts';

const FILE = new URL('cli.md', import.meta.url);
const MARK = '<!-- Everything below is written by `npm run gen` from `exhibit --help`. -->\n';

/** What `exhibit ...words --help` prints. */
async function help(words: readonly string[]): Promise<string> {
  let text = '';
  const out = {
    isTTY: false,
    write: (piece: string): void => {
      text += piece;
    },
  };
  const fx: Effects = {
    now: () => 0,
    env: {},
    cwd: '/',
    out,
    err: out,
    askSecret: undefined,
    signal: new AbortController().signal,
  };
  await run([...words, '--help'], fx);
  return text;
}

/** Names of the commands that a help text lists. */
function subcommands(text: string): string[] {
  const list = text.split('\nCommands:\n')[1] ?? '';
  return Array.from(list.matchAll(/^ {2}([a-z-]+)/gm), ([, name]) => name ?? '').filter(
    (name) => name !== 'help' && name !== '',
  );
}

async function section(words: readonly string[]): Promise<string> {
  const text = await help(words);
  const below = await Promise.all(subcommands(text).map((name) => section([...words, name])));
  const level = words.length > 1 ? '###' : '##';
  const title = `${level} exhibit${words.map((word) => ` ${word}`).join('')}`;
  return `\n${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n${below.join('')}`;
}

// Commander wraps to the terminal's width; a document has none.
Object.defineProperty(process.stdout, 'isTTY', { value: false });
const before = readFileSync(FILE, 'utf8');
const [written] = before.split(MARK);
const after = `${written ?? ''}${MARK}${await section([])}`;
if (!process.argv.includes('--check')) writeFileSync(FILE, after);
else if (before !== after) {
  process.stderr.write('docs/cli.md is not what `exhibit --help` says: run `npm run gen`\n');
  process.exitCode = 1;
}
