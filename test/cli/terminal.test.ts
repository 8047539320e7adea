/** No verb lets text it was given drive the terminal, whatever form it prints. */
import { describe, expect, test } from 'vitest';
import { EVENT_COLUMNS, type ShownEvent } from '#src/app/events.ts';
import { printEvents } from '#src/cli/events.ts';
import { writeRows } from '#src/cli/formats.ts';
import { run } from '#src/cli/main.ts';
import { terminalSafeJson } from '#src/core/text.ts';
import { fakeEffects, type FakeEffects } from '../helpers/effects.ts';

const HOSTILE = '\u001b]0;x\u0007\u009b31m\u202e\u200b\ufeff\u007f';
// eslint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\ufeff]/;

test('JSON escapes what it may leave as it is, and reads back the same', () => {
  const value = { [HOSTILE]: [HOSTILE, '\n', 'é 😀 \ud800'] };
  const text = terminalSafeJson(`${JSON.stringify(value)}\n`);
  expect(text).not.toMatch(UNSAFE);
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toEqual(value);
});

test.each([
  [[HOSTILE]],
  [[`--${HOSTILE}`]],
  [['verify', `--${HOSTILE}`]],
  [['verify', HOSTILE]],
  [['verify', HOSTILE, '--json']],
  [['seal', '--case', HOSTILE, 'EV-0001', '--json']],
  [['query', 'run', HOSTILE]],
  [['query', 'run', HOSTILE, '--json']],
  [['query', 'run', 'x', '--limit', HOSTILE]],
])('%j', async (argv) => {
  const fx = fakeEffects();
  expect(await run(argv, fx)).not.toBe(0);
  expect(fx.stdout() + fx.stderr()).not.toMatch(UNSAFE);
});

describe('rows as csv and jsonl', () => {
  const pieces = [`["a"]\n`, `${JSON.stringify([HOSTILE, '\u0085'])}\n`];

  test.each(['csv', 'jsonl'] as const)('%s is exact in a file, escaped on a terminal', (format) => {
    const file = fakeEffects();
    writeRows(file, format, pieces);
    expect([file.stdout(), file.stderr()]).toEqual([pieces.join(''), '']);
    const screen = onTerminal();
    writeRows(screen, format, pieces);
    expect(screen.stdout()).not.toMatch(UNSAFE);
    expect(screen.stderr()).toContain('a file or pipe gets the exact bytes');
    if (format === 'jsonl') {
      const read = (text: string): unknown[] =>
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
      expect(read(screen.stdout())).toEqual(read(file.stdout()));
    }
  });

  test('events too; and --excel-safe disarms formulas', async () => {
    const names = EVENT_COLUMNS.map((name) => [name, null]);
    const event = {
      ...(Object.fromEntries(names) as unknown as ShownEvent),
      ...{ time: '2026-01-02T03:04:05Z', actor: HOSTILE, action: '=cmd()' },
    };
    const screen = onTerminal();
    await printEvents([event], { format: 'csv', excelSafe: true }, screen, false);
    await printEvents([event], { format: 'jsonl' }, screen, false);
    await printEvents([event], { format: 'table' }, screen, false);
    expect(screen.stdout()).not.toMatch(UNSAFE);
    expect(screen.stdout()).toContain(",'=cmd(),");
    expect(screen.stderr()).toContain('--excel-safe');
  });
});

function onTerminal(): FakeEffects {
  const fx = fakeEffects();
  return { ...fx, out: { ...fx.out, isTTY: true } };
}
