import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { otherNode } from '../helpers/nodes.ts';
import { tempDir } from '../helpers/temp.ts';

const node = otherNode() ?? process.execPath;

describe('exhibit demo', () => {
  test('does the main job twice in the same place, without a passphrase', async () => {
    const cwd = await tempDir();
    const options = { cwd, node, env: { EXHIBIT_PASSPHRASE: undefined } };
    for (const again of [false, true]) {
      const { status, stdout, stderr } = await exhibit(['demo'], options);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain('StopLogging');
      expect(stdout.includes('was replaced')).toBe(again);
    }
    expect(readdirSync(cwd)).toEqual(['demo']);
    expect(readdirSync(join(cwd, 'demo'))).toEqual(['case']);
    expect(existsSync(join(cwd, 'demo/case/report/report.html'))).toBe(true);
    const verified = await exhibit(['verify', '--case', 'demo/case'], options);
    expect(verified.status, verified.stdout).toBe(0);
  });

  test('--json is one document', async () => {
    const cwd = await tempDir();
    const { status, json } = await exhibitJson(['demo', '--dir', 'elsewhere'], { cwd, node });
    expect(status).toBe(0);
    expect(json).toMatchObject({
      case: join(cwd, 'elsewhere/case'),
      collect: { failed: 0, gone: 0 },
      verify: { ok: true },
      import: { status: 'imported' },
    });
  });

  test.each([
    [
      'a folder of somebody',
      (at: string): void => {
        mkdirSync(at);
      },
    ],
    [
      'a file',
      (at: string): void => {
        writeFileSync(at, 'mine');
      },
    ],
    [
      'another case',
      (at: string): void => {
        mkdirSync(at);
        writeFileSync(join(at, 'case.json'), '{"case":"CASE-2026-014"}');
      },
    ],
    [
      'a link to a case of an earlier demo',
      (at: string): void => {
        mkdirSync(`${at}-real`);
        writeFileSync(join(`${at}-real`, 'case.json'), '{"case":"DEMO-HARBORLINE"}');
        symlinkSync(`${at}-real`, at);
      },
    ],
  ])('never replaces %s', async (_what, put) => {
    const cwd = await tempDir();
    mkdirSync(join(cwd, 'demo'));
    put(join(cwd, 'demo/case'));
    const before = readdirSync(cwd, { recursive: true }).sort();
    const { status, json } = await exhibitJson(['demo'], { cwd, node });
    expect(status).toBe(4);
    expect(json).toMatchObject({ error: { code: 'E_EXISTS' } });
    expect(readdirSync(cwd, { recursive: true }).sort()).toEqual(before);
  });
});

test('the README shows a real run of the demo', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const shown = /```text\n(Five days[\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const cwd = await tempDir();
  const { stdout } = await exhibit(['demo'], { cwd, node });
  // Hashes of a seal hold the time it was made.
  const settled = (text: string): string => text.replace(/\b[0-9a-f]{64}\b/g, '<sha256>');
  expect(settled(shown)).toBe(settled(stdout));
});
