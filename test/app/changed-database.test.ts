/**
 * A case database whose rows were changed by hand (threat row 22): whatever would sign its content or hand it on computes
 * `content_sha256` again from the rows, and refuses.
 */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { exhibitJson } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { event, importCase, log, sealedCase, type Imported } from '../ingest/world.ts';

let made = '';
let imported: Imported;

beforeAll(async () => {
  made = await sealedCase({ 'a.json': log(event(1), event(2), event(3)) });
  imported = await importCase(made);
});

/** A copy of the case after statements were run on its database. */
async function changedBy(...statements: readonly string[]): Promise<string> {
  const dir = join(await tempDir(), 'case');
  cpSync(made, dir, { recursive: true });
  const db = new Sqlite(join(dir, 'case.db'));
  for (const statement of statements) db.exec(statement);
  db.close();
  return dir;
}

const CHANGES: Readonly<Record<string, string>> = {
  'another name of an event': "UPDATE cloudtrail SET event_name = 'Harmless'",
  'records that are gone': 'DELETE FROM cloudtrail WHERE record_no > 1',
  'other counts': 'UPDATE source_file SET records = records + 1, imported = imported + 1',
};

const VERBS: readonly (readonly string[])[] = [
  ['custody', 'checkpoint', '--records'],
  ['export', 'case', '--plain'],
  ['report'],
  ['import'],
];

describe.each(VERBS.map((words) => [words.join(' '), words] as const))('%s', (_, words) => {
  // Which change it is makes no difference to a verb: each gets one of its own, `checkpoint --records` sees them all.
  const some = Object.entries(CHANGES).filter(
    (__, index) => words[0] === 'custody' || index === VERBS.indexOf(words) % 3,
  );

  test.each(some)('refuses %s', async (__, change) => {
    const dir = await changedBy(change);
    const entries = readdirSync(join(dir, 'custody'));
    const { status, json } = await exhibitJson([...words, '--case', dir]);
    expect({ status, json }).toMatchObject({
      status: 1,
      json: {
        error: {
          code: 'E_CONTENT_CHANGED',
          hint: expect.stringContaining('delete case.db and run `exhibit import`') as string,
        },
      },
    });
    expect(readdirSync(join(dir, 'custody'))).toEqual(entries);
    expect(readdirSync(dir)).not.toContain('plain.db');
  });
});

test('an import never puts on record what a database says of itself', async () => {
  // Whoever knows the rules can make all hashes fit; what he cannot do is sign.
  const dir = await changedBy(
    `UPDATE case_meta SET value = '${'0'.repeat(64)}' WHERE key = 'content_sha256'`,
  );
  const entries = readdirSync(join(dir, 'custody'));
  const { status, content_sha256: content } = await importCase(dir);
  expect({ status, content }).toEqual({ status: 'imported', content: imported.content_sha256 });
  expect(readdirSync(join(dir, 'custody'))).toEqual(entries);
});
