/** docs/cloudtrail-validation.md: its tables are the code's, and its openssl steps notice what they must. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { REMARKS, STATUSES } from '#src/witness/verdict.ts';
import { blocks, readDoc } from '../docs/markdown.ts';
import { ROOT, runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const PAGE = readDoc('docs/cloudtrail-validation.md');

test('every status stands in the page as the code has it', () => {
  const rows = PAGE.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const yes = (bad: boolean): string => (bad ? 'yes' : 'no');
  expect(rows).toEqual([
    ...Object.entries(STATUSES).map(([name, one]) => [
      ...[`\`${name}\``, one.class, yes(one.bad), one.about],
    ]),
    ...Object.entries(REMARKS).map(([name, one]) => [`\`${name}\``, yes(one.bad), one.about]),
  ]);
});

const steps = blocks(PAGE).find(({ text }) => text.includes('openssl dgst'))?.text ?? '';
const place = /name=(\S+)/.exec(steps)?.[1] ?? '';
const LOGS = 'evidence-samples/mirror/harborline-cloudtrail-logs';

test.skipIf(!hasTool('openssl'))(
  needs('the openssl steps fail for a digest, a signature and a log that were changed', 'openssl'),
  async () => {
    const changes: readonly (readonly [string, (dir: string) => void])[] = [
      ['as it is', () => undefined],
      [
        'white space in the digest',
        (dir) => {
          const file = join(dir, LOGS, place);
          writeFileSync(file, gzipSync(`${gunzipSync(readFileSync(file)).toString()} `));
        },
      ],
      [
        'another signature',
        (dir) => {
          const file = join(dir, LOGS, `${place}.metadata.json`);
          const text = readFileSync(file, 'utf8');
          writeFileSync(
            file,
            text.replace(/("signature": *")./, (all) => `${all.slice(0, -1)}0`),
          );
        },
      ],
      [
        'a log',
        (dir) => {
          const digest = gunzipSync(readFileSync(join(dir, LOGS, place))).toString();
          const key = /"s3Object":"([^"]+)"/.exec(digest)?.[1] ?? '';
          writeFileSync(join(dir, LOGS, key), gzipSync('{"Records":[]}'));
        },
      ],
    ];
    for (const [what, change] of changes) {
      const dir = await tempDir();
      cpSync(join(ROOT, 'evidence-samples/mirror'), join(dir, 'evidence-samples/mirror'), {
        recursive: true,
      });
      change(dir);
      const { status, stdout } = await runProcess('bash', ['-euo', 'pipefail', '-c', steps], {
        cwd: dir,
      });
      expect(status === 0, what).toBe(what === 'as it is');
      expect(stdout.includes('Verified OK'), what).toBe(what === 'as it is' || what === 'a log');
    }
  },
);
