/** What stands in evidence never drives a terminal, whatever verb prints it in whatever form. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run } from '#src/cli/main.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const HOSTILE = '\u001b]0;x\u0007\u009b31m\u202e\u200b\ufeff\u007f\r\n,"=cmd()';
// eslint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\ufeff]/;
let dir: string;

beforeAll(async () => {
  const folder = join(await tempDir(), 'logs');
  await mkdir(folder);
  const event = {
    ...{ eventVersion: '1.08', eventTime: '2026-01-02T03:04:05Z', eventID: '1' },
    ...{ eventSource: `s3${HOSTILE}`, eventName: `Get${HOSTILE}`, awsRegion: `eu${HOSTILE}` },
    ...{ sourceIPAddress: HOSTILE, userAgent: HOSTILE, errorCode: HOSTILE, errorMessage: HOSTILE },
    userIdentity: { type: HOSTILE, arn: `arn:aws:iam::1:user/${HOSTILE}`, accessKeyId: HOSTILE },
    ...{ requestParameters: { bucketName: HOSTILE }, recipientAccountId: '111122223333' },
  };
  await writeFile(join(folder, 'a_CloudTrail_.json'), JSON.stringify({ Records: [event] }));
  dir = (await sampleCase({ paths: [folder], workers: 1 })).paths.dir;
});

const EVENT_FORMS = ['table', 'csv', 'json', 'jsonl'];
const VERBS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['timeline'], [...EVENT_FORMS, 'timesketch-csv', 'timesketch-jsonl', 'l2tcsv', 'plaso-jsonl']],
  [['search', 'get'], EVENT_FORMS],
  [['summary'], EVENT_FORMS],
  [['summary', 'user'], ['table']],
  [['metrics', 'action'], EVENT_FORMS],
  [['metrics', 'userIdentity.arn', '--source', 'cloudtrail'], ['table']],
  [['query', 'run', 'failed-calls'], EVENT_FORMS],
  [
    ['query', 'sql', 'SELECT raw, actor FROM cloudtrail', '--stream'],
    ['csv', 'jsonl'],
  ],
  [
    ['query', 'run-pack', 'foothold'],
    ['table', 'csv'],
  ],
];

test.each(VERBS.flatMap(([argv, forms]) => forms.map((form) => [argv, form] as const)))(
  '%j as %s',
  async (argv, form) => {
    const fx = fakeEffects({ cwd: dir });
    const screen = { ...fx, out: { ...fx.out, isTTY: true } };
    const words = form === 'json' ? [...argv, '--json'] : [...argv, '--format', form];
    expect(await run([...words, '--case', dir], screen)).toBe(0);
    expect(fx.stdout()).not.toBe('');
    expect(fx.stdout() + fx.stderr()).not.toMatch(UNSAFE);
  },
);
