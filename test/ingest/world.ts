/** Files into a case and its database, through the real command line. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Database, openDatabase } from '#src/db/open.ts';
import { testCase } from '../helpers/case.ts';
import { exhibit, exhibitJson, type RunOptions } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

/** What `import --json` prints, as far as tests read it. */
export interface Imported {
  readonly files: number;
  readonly records: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly content_sha256: string;
  readonly status: string;
}

/** Path of a file, byte by byte one character, to its content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** When the files were last changed: no test depends on the clock. */
export const FILES_CHANGED = '2025-11-10T00:00:00Z';

/** Writes files below a new folder named `bucket`. */
export async function writeFiles(files: Files): Promise<string> {
  const root = join(await tempDir(), 'bucket');
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await utimes(path, new Date(FILES_CHANGED), new Date(FILES_CHANGED));
  }
  return root;
}

/** A case with sealed evidence, one item per set of files. */
export async function sealedCase(...sets: readonly Files[]): Promise<string> {
  const { case: opened } = await testCase();
  for (const files of sets) await collect(opened.paths.dir, await writeFiles(files));
  return opened.paths.dir;
}

/** Collects and seals a folder. */
export async function collect(dir: string, folder: string): Promise<void> {
  const { status, stderr } = await exhibit(['collect', 'dir', folder, '--case', dir]);
  if (status !== 0) throw new Error(stderr);
}

/** `exhibit import` on the case. */
export async function importCase(
  dir: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Imported> {
  const { status, json } = await exhibitJson(['import', '--case', dir, ...args], options);
  if (status !== 0) throw new Error(JSON.stringify(json));
  return json as Imported;
}

/** Opens a case's database for the time of `work`. */
export function withDatabase<T>(dir: string, work: (db: Database) => T): T {
  const db = openDatabase(join(dir, 'case.db'), { readonly: true });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** A CloudTrail event; `more` is laid over it. */
export function event(n: number, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    eventVersion: '1.08',
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::111122223333:user/u${String(n % 7)}` },
    eventTime: `2026-01-02T03:${String(n % 60).padStart(2, '0')}:00Z`,
    eventSource: 's3.amazonaws.com',
    eventName: n % 2 === 0 ? 'GetObject' : 'PutObject',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '192.0.2.1',
    eventID: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    recipientAccountId: '111122223333',
    ...more,
  };
}

/** A delivered log file. */
export function log(...events: readonly object[]): string {
  return JSON.stringify({ Records: events });
}
