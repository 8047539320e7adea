/** The rendered report: hostile text stays text, nothing is loaded or run, and the same facts give the same file. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalLine, type CanonicalValue } from '../../src/core/canonical.ts';
import { terminalSafe } from '../../src/core/text.ts';
import { breakable, html, lines } from '../../src/report/escape.ts';
import { renderReport } from '../../src/report/html.ts';
import type { Report } from '../../src/report/model.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';
import { hostileReport } from './sample.ts';

function render(report: Report): string {
  return renderReport(canonicalLine(report as unknown as CanonicalValue));
}

describe('text', () => {
  test('values are escaped, markup is not escaped twice', () => {
    expect(html`<b>${'<&>"\'`'}${html`<i>${1}</i>`}${[html`x`, null, undefined]}</b>`.text).toBe(
      '<b>&#60;&#38;&#62;&#34;&#39;&#96;<i>1</i>x</b>',
    );
  });

  test('what cannot be seen, or reorders, is written as its number', () => {
    expect(html`${'a\u202eb\0\n'}`.text).toBe('a\\u{202e}b\\u{0}\\u{a}');
    expect(lines('a\n\tb\r<').text).toBe('a\n\tb\\u{d}&#60;');
  });

  test('names may break, and copy without the breaks', () => {
    expect(breakable('arn:aws/GetObject.x').text).toBe('arn:<wbr>aws/<wbr>Get<wbr>Object.<wbr>x');
    expect(breakable(`x ${'0a'.repeat(32)}<`).text).toBe(
      `x <span class="hash">${'0a'.repeat(32)}</span>&#60;`,
    );
  });
});

describe('a report whose every text is hostile', () => {
  const page = render(hostileReport());

  test('holds no script, no handler, and nothing to load', () => {
    expect(page).not.toMatch(/<script|<img|<iframe|<link|<object|<embed|javascript:/i);
    const tags = [...page.matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag);
    expect(tags.length).toBeGreaterThan(300);
    for (const tag of tags) {
      expect(tag, 'an event handler').not.toMatch(/\son[a-z]+\s*=/i);
      expect(tag, 'a reference to elsewhere').not.toMatch(
        /\s(?:src|href|xlink:href|action|data)\s*=\s*"(?!#)/i,
      );
    }
    expect(page).not.toMatch(/url\(|@import/i);
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`,
    );
  });

  test('holds no character that hides or reorders text', () => {
    // The template itself needs line feeds; everything else must be visible.
    expect(terminalSafe(page.replaceAll('\n', ''))).toBe(page.replaceAll('\n', ''));
    expect(page).toContain('\\u{202e}');
  });

  test('the style sheet cannot be left', () => {
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    expect(style).not.toContain('<');
    expect(style.match(/content: '[^'\\]*'/g)?.length).toBeGreaterThan(0);
  });

  test.skipIf(!hasTool('chromium'))(
    needs('Chromium runs none of it, and no page is wider than its paper', 'chromium'),
    async () => {
      const dir = await tempDir();
      const file = join(dir, 'report.html');
      await writeFile(file, page);
      const flags = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        `--user-data-dir=${join(dir, 'profile')}`,
      ];
      const { stdout } = await runProcess('chromium', [...flags, '--dump-dom', `file://${file}`]);
      expect(stdout).toContain('Recorded questions');
      expect(stdout).not.toContain('<title>RAN');
      expect(stdout).not.toMatch(/<script|<img/i);
      // A probe beside the report (the report itself may hold no script): is anything wider than the window?
      const probe = join(dir, 'probe.html');
      const open = page.replace(/<meta http-equiv[^>]*>/, '');
      const wide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
      await writeFile(
        probe,
        open.replace('</body>', `<script>document.title = 'wider: ' + (${wide})</script></body>`),
      );
      const probed = await runProcess('chromium', [
        ...flags,
        '--window-size=800,1000',
        '--dump-dom',
        `file://${probe}`,
      ]);
      expect(probed.stdout).toContain('<title>wider: false</title>');
    },
  );
});

describe('a report', () => {
  test('is a function of report.json', () => {
    expect(render(hostileReport())).toBe(render(hostileReport()));
    expect(render(hostileReport('x'))).not.toBe(render(hostileReport('y')));
  });

  test('says so when there is no data, no run, no evidence', () => {
    const page = render({
      ...hostileReport('x'),
      evidence: [],
      data: null,
      runs: [],
      witness: null,
      verify_txt: null,
      custody: { head: null, entries: [] },
      verification: { ok: true, checks: [] },
    });
    expect(page).toContain('No evidence has been imported');
    expect(page).toContain('Nothing has been sealed');
    expect(page).toContain('No question put to the records has been recorded');
    expect(page).not.toContain('class="alert"');
  });

  test('shows bad news first: failed checks, another database, runs that were changed', () => {
    const page = render(hostileReport('x'));
    const summary = page.slice(page.indexOf('id="summary"'), page.indexOf('id="evidence"'));
    expect(summary).toContain('1 check failed.');
    expect(summary).toContain('The database is not the one on record.');
    expect(summary).toContain('1 recorded question cannot be shown.');
    expect(summary).toContain('Counts do not agree:');
  });
});
