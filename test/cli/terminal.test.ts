/** No verb lets text it was given drive the terminal, whatever form it prints. */
import { expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { terminalSafeJson } from '#src/core/text.ts';
import { fakeEffects } from '../helpers/effects.ts';

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
