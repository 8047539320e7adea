/** The Markdown files that a reader of the repository meets, and what is in them. */
import { globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../helpers/exhibit.ts';

/** A fenced block: its language, its text, and the line (1-based) of its opening fence. */
export interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

const ELSEWHERE = /^(node_modules|demo|coverage|\.git)$/;

/** Every Markdown file of the repository, by path from the root, sorted; what is installed or made by a run left out. */
export function markdownFiles(): string[] {
  const found = readdirSync(ROOT)
    .filter((name) => !ELSEWHERE.test(name))
    .flatMap((name) =>
      name.endsWith('.md') ? [name] : globSync(`${name}/**/*.md`, { cwd: ROOT }),
    );
  return found.filter((file) => !file.includes('/fixtures/')).sort();
}

/** A file of the repository as text. */
export function readDoc(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The fenced blocks of a Markdown text, in order. */
export function blocks(markdown: string): Block[] {
  const found: Block[] = [];
  let open: { language: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\S*)\s*$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { language: fence[1] ?? '', lines: [], line: index + 1 };
    else {
      found.push({ language: open.language, text: `${open.lines.join('\n')}\n`, line: open.line });
      open = undefined;
    }
  }
  return found;
}
