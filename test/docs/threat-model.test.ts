/** docs/threat-model.md has its thirty rows, and what they name is there: code, tests, and the titles of the tests. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../helpers/exhibit.ts';
import { readDoc } from './markdown.ts';

const ROWS = readDoc('docs/threat-model.md')
  .split(/^### (?=\d+\. )/m)
  .slice(1)
  .map((text) => (text.split(/^## /m)[0] ?? '').trim());

function part(row: string, name: string): string {
  const found = new RegExp(`^- ${name}: (.+)$`, 'm').exec(row)?.[1];
  if (found === undefined) throw new Error(`no "${name}" in ${row.split('\n')[0] ?? ''}`);
  return found;
}

function paths(text: string): string[] {
  return Array.from(
    text.matchAll(/`((?:src|bin|test|\.ci)\/[^`]+|bin\/[^`]+)`/g),
    ([, path]) => path ?? '',
  );
}

test('has thirty rows in order', () => {
  expect(ROWS.map((row) => Number.parseInt(row, 10))).toEqual(
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
});

test.each(ROWS.map((row) => [row.split('\n')[0] ?? '', row] as const))('%s', (_, row) => {
  const code = paths(part(row, 'Defence'));
  expect(code.length).toBeGreaterThan(0);
  expect(code.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(part(row, 'Not defended')).not.toBe('');

  // A file, then the titles in it, up to the next file.
  const shown = part(row, 'Test')
    .split(/(?=`test\/)/)
    .filter((piece) => piece.startsWith('`test/'));
  expect(shown.length).toBeGreaterThan(0);
  for (const piece of shown) {
    const [path = ''] = paths(piece);
    // Titles may be broken over lines or quoted either way in the file.
    const text = readFileSync(join(ROOT, path), 'utf8').replaceAll("\\'", "'");
    const titles = Array.from(piece.matchAll(/“([^”]+)”/g), ([, title]) => title ?? '');
    expect(titles.length, path).toBeGreaterThan(0);
    const unquoted = (title: string): boolean => {
      const words = title.split(' ');
      return words.length === 1 && new RegExp(`^\\s+(?:async )?${title}:`, 'm').test(text);
    };
    expect(
      titles.filter((title) => !text.includes(title) && !unquoted(title)),
      path,
    ).toEqual([]);
  }
});
