/**
 * The corpus of hostile bundles: one for each refusal, named by its reason, with the verb that must refuse it, the checks or
 * the error code that it must name, and the exit status; run through the real command line. EXHIBIT_FULL=1 runs all, else one
 * in twenty and the first of each kind. Archives that no volume can be are imported in bundles.test.ts too.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { FORGED, rewrite, TAMPERED } from '../bundle/tampered.ts';
import { testCase } from '../helpers/case.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { rawTar } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';
import { event, importCase, log, sealedCase as caseWith } from '../ingest/world.ts';
import { HOSTILE, NOT_CANONICAL } from './archives.ts';
import { REFUSED } from './databases.ts';
import { forge } from './forge.ts';

/** What the answer must say, exactly. */
type Expected =
  | { readonly failed: readonly string[] }
  | { readonly code: string }
  /** Evidence that is imported, its file closed or cut: why, as `status` has it. */
  | { readonly anomaly: string }
  | { readonly reason: string };

interface Bundle {
  readonly kind: string;
  readonly reason: string;
  /** Makes it; gives the case's folder. */
  readonly build: () => Promise<string>;
  readonly words: readonly string[];
  readonly expected: Expected;
  readonly status: number;
}

const archives: readonly Bundle[] = [
  ...Object.entries(HOSTILE).map(([reason, members]) => [reason, rawTar(members)] as const),
  ...Object.entries(NOT_CANONICAL),
].map(([reason, archive]) => ({
  kind: 'archive',
  reason,
  build: async () => {
    const made = await testCase();
    await forge(made, 'EV-0001', archive);
    return made.case.paths.dir;
  },
  words: ['verify'],
  expected: { failed: ['volume.archive'] },
  status: 1,
}));

const evidence: readonly Bundle[] = TAMPERED.map(([reason, tamper, failed]) => ({
  kind: 'evidence',
  reason,
  build: async () => {
    const made = await sealedCase();
    await tamper(made);
    return made.case.paths.dir;
  },
  words: ['verify'],
  expected: { failed },
  status: 1,
}));

const bags: readonly Bundle[] = FORGED.map(([reason, change, failed]) => ({
  kind: 'bag',
  reason,
  build: async () => {
    const made = await sealedCase();
    await rewrite(made, 'EV-0001.v001', change);
    return made.case.paths.dir;
  },
  words: ['verify'],
  expected: { failed: [...failed, 'ledger.sealed'] },
  status: 1,
}));

let imported: Promise<string> | undefined;

async function importedCase(): Promise<string> {
  imported ??= (async () => {
    const dir = await caseWith({ 'a.json': log(event(1)) });
    await importCase(dir);
    return dir;
  })();
  const copy = join(await tempDir(), 'case');
  cpSync(await imported, copy, { recursive: true });
  return copy;
}

const databases: readonly Bundle[] = Object.entries(REFUSED).map(([reason, change]) => ({
  kind: 'database',
  reason,
  build: async () => {
    const dir = await importedCase();
    change(join(dir, 'case.db'));
    return dir;
  },
  words: ['timeline'],
  expected: { code: 'E_FORMAT' },
  status: 3,
}));

const UNPACK = ': unpack it and collect what comes of it too';
const ZIP = Buffer.from('504b0304140000000000', 'hex');

/** Of evidence that is no refusal of a case: `import` takes it, keeps it closed or cuts it, and says so. */
const FILES: readonly (readonly [string, () => string | Uint8Array, Expected])[] = [
  ['a zip archive', () => ZIP, { reason: `a zip archive, which is not unpacked${UNPACK}` }],
  [
    'a tar archive in gzip',
    () => gzipSync(rawTar([{ name: 'log.json', body: log(event(1)) }])),
    { reason: `in gzip: a tar archive, which is not unpacked${UNPACK}` },
  ],
  [
    'gzip in gzip in gzip in gzip',
    () => gzipSync(gzipSync(gzipSync(gzipSync(log(event(1)))))),
    { reason: 'in gzip+gzip+gzip: more gzip, which is not unpacked so deep' },
  ],
  [
    'bytes behind the last gzip member',
    () => Buffer.concat([gzipSync(log(event(1))), Buffer.from('junk')]),
    { anomaly: 'gzip_trailing' },
  ],
  [
    'a bomb of good lines',
    () =>
      Buffer.concat([
        gzipSync(`${JSON.stringify(event(1))}\n`),
        ...Array.from({ length: 6 }, () => gzipSync(Buffer.alloc(2 ** 26, '\n'), { level: 9 })),
      ]),
    { anomaly: 'gzip_bomb' },
  ],
];

const files: readonly Bundle[] = FILES.map(([reason, content, expected]) => ({
  kind: reason.includes('bomb') ? 'bomb' : 'nesting',
  reason,
  build: async () => {
    const dir = await caseWith({ 'logs.json.gz': content() });
    await importCase(dir);
    return dir;
  },
  words: ['status'],
  expected,
  status: 0,
}));

const CORPUS = [...archives, ...evidence, ...bags, ...databases, ...files];
const FULL = process.env['EXHIBIT_FULL'] === '1';
const chosen = CORPUS.filter(
  ({ kind }, index) =>
    FULL ||
    (kind !== 'bomb' &&
      (index % 20 === 0 || CORPUS.findIndex((one) => one.kind === kind) === index)),
);

test('has no two of one kind for the same reason', () => {
  expect(new Set(CORPUS.map(({ kind, reason }) => `${kind}: ${reason}`)).size).toBe(CORPUS.length);
});

interface Answer {
  readonly checks?: readonly { readonly id: string; readonly status: string }[];
  readonly error?: { readonly code: string };
  readonly unrecognised?: readonly { readonly reason: string }[];
  readonly anomalies?: readonly { readonly name: string }[];
}

test.each(chosen.map((bundle) => [bundle.kind, bundle.reason, bundle] as const))(
  '%s: %s',
  async (_, __, { build, words, expected, status }) => {
    const dir = await build();
    const answer = await exhibitJson([...words, '--case', dir]);
    const json = answer.json as Answer;
    expect(answer.status, JSON.stringify(json)).toBe(status);
    if ('failed' in expected) {
      const failed = (json.checks ?? []).filter((check) => check.status === 'fail');
      expect([...new Set(failed.map(({ id }) => id))].sort()).toEqual([...expected.failed].sort());
    } else if ('code' in expected) expect(json.error?.code).toBe(expected.code);
    else if ('reason' in expected)
      expect(json.unrecognised?.map(({ reason }) => reason)).toEqual([expected.reason]);
    else expect(json.anomalies?.map(({ name }) => name)).toContain(expected.anomaly);
  },
);
