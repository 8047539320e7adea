/** What is far too large where the ledger's files or the lock lie, and words that nobody could read in a ledger. */
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addKey, newIdentity } from '#src/app/custody-keys.ts';
import { custodyAdd, custodyLog } from '#src/app/custody.ts';
import { receiveCase } from '#src/app/custody-transfer.ts';
import { caseRoot } from '#src/app/case.ts';
import { instructions } from '#src/app/instructions.ts';
import { appendToLedger } from '#src/custody/append.ts';
import { entryBytes, ledgerShape } from '#src/custody/shape.ts';
import { testCase, type TestCase } from '../helpers/case.ts';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { verifyCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

/** More than a file that is read whole may have in Node (2 GiB); sparse, so it takes no room. */
const GIANT = 3 * 2 ** 30;

function giant(made: TestCase, name: string): string {
  const file = join(made.case.paths.dir, name);
  if (!existsSync(file)) writeFileSync(file, '');
  truncateSync(file, GIANT);
  return file;
}

const note = (made: TestCase, reason = 'x', more: object = {}): Promise<unknown> =>
  custodyAdd(made.case, made.fx, { event: 'note', reason, ...more });

describe('a giant file', () => {
  test.each([
    ['custody/00000001.json', 'E_FORMAT'],
    ['custody/00000001.json.p7s', 'E_TAMPERED'],
  ])('in place of %s is a broken ledger, not a crash', async (name, code) => {
    const made = await testCase();
    giant(made, name);
    await expect(note(made)).rejects.toMatchObject({ code });
    const args = ['custody', 'checkpoint', '--case', made.case.paths.dir];
    expect((await exhibitJson(args)).json).toMatchObject({ error: { code: 'E_TAMPERED' } });
  });

  test('in place of an entry has no hash to compare', async () => {
    const made = await testCase();
    giant(made, 'custody/00000001.json');
    expect(() => entryBytes(made.case.paths.dir)).toThrow(
      expect.objectContaining({ code: 'E_TAMPERED' }),
    );
    expect(() => ledgerShape(made.case.paths.dir)).toThrow(/larger than any/);
  });

  test('in place of a signature without its entry is removed, and that is told', async () => {
    const made = await testCase();
    giant(made, 'custody/00000002.json.p7s');
    await note(made);
    expect(custodyLog(made.case).at(-1)?.entry.changes).toContain('larger than any signature');
  });

  test('that somebody brings is refused', async () => {
    const made = await testCase();
    const file = giant(made, 'big.pem');
    const added = addKey(made.case, made.fx, { name: 'Bob', certificate: file });
    await expect(added).rejects.toMatchObject({ code: 'E_READ' });
    for (const flag of ['--trust', '--tsa-trust', '--anchor']) {
      const args = ['custody', 'verify', '--case', made.case.paths.dir, flag, file];
      expect((await exhibitJson(args)).json).toMatchObject({ error: { code: 'E_READ' } });
    }
  });

  test('in place of the lock names no holder', async () => {
    const made = await testCase();
    giant(made, '.lock');
    await expect(note(made)).rejects.toMatchObject({ code: 'E_LOCKED' });
  });

  test('named like a lock is named by verify, and so is whatever else is called .lock-something', async () => {
    const made = await testCase();
    giant(made, '.lock');
    writeFileSync(join(made.case.paths.dir, '.lock.d'), 'x');
    writeFileSync(join(made.case.paths.dir, '.lock.after-1.0badcafe.0badcafe'), '{}');
    const { checks } = await verifyCase(made);
    const named = checks.filter(({ id }) => id === 'case.files').map(({ subject }) => subject);
    expect(named).toEqual(['.lock', '.lock.d']);
  });
});

test('compare is bad news where a ledger has a gap, or goes on with what does not hold', async () => {
  const made = await testCase();
  await note(made);
  await note(made);
  const copy = async (change: (dir: string) => void): Promise<string> => {
    const dir = join(await tempDir(), 'copy');
    cpSync(made.case.paths.dir, dir, { recursive: true });
    change(join(dir, 'custody'));
    return dir;
  };
  const gap = await copy((custody) => {
    for (const end of ['', '.p7s']) rmSync(join(custody, `00000002.json${end}`));
  });
  const forged = await copy((custody) => {
    cpSync(join(custody, '00000002.json.p7s'), join(custody, '00000003.json.p7s'));
  });
  const shorter = await copy((custody) => {
    for (const end of ['', '.p7s']) rmSync(join(custody, `00000003.json${end}`));
  });
  const compare = (other: string, dir = made.case.paths.dir): Promise<unknown> =>
    exhibit(['custody', 'compare', other, '--case', dir]);
  const notWhole = expect.stringMatching(/^The other ledger is NOT WHOLE/) as unknown;
  expect(await compare(gap)).toMatchObject({ status: 1, stdout: notWhole });
  const bad = expect.stringMatching(/ BAD$/m) as unknown;
  expect(await compare(forged, shorter)).toMatchObject({ status: 1, stdout: bad });
  expect(await compare(shorter)).toMatchObject({ status: 0 });
});

describe('words for the ledger', () => {
  test('of a sender who wrote what cannot be seen keep nobody from signing for the case', async () => {
    const made = await testCase();
    const out = join(await tempDir(), 'bob');
    await newIdentity(made.fx, { name: 'Bob', out, unprotected: true });
    const certificate = join(out, 'cert.pem');
    const added = await addKey(made.case, made.fx, { name: 'Bob', certificate });
    const { paths, info } = made.case;
    const root = await caseRoot(made.case);
    const actor = { name: 'Ada\u001b[2J', role: 'examiner' };
    const tool = { name: 'x', version: '1', hash: '0'.repeat(64), argv: [] };
    const context = { caseId: info.case, actor, tool, atUs: made.fx.now() * 1000 };
    const draft = {
      event: 'transfer-out',
      details: { recipient: { name: 'Bob', certificate: added.certificate } },
    } as const;
    appendToLedger(paths, draft, { ...context, signer: made.signer, root });
    const bob = { ...made.fx, env: { ...made.fx.env, EXHIBIT_KEY: join(out, 'key.pem') } };
    const early = receiveCase(made.case, bob, { reason: 'a\u001bb' });
    await expect(early).rejects.toMatchObject({ code: 'E_USAGE' });
    await receiveCase(made.case, bob, {});
    expect(custodyLog(made.case).at(-1)?.entry).toMatchObject({
      ...{ event: 'received', counterparty: 'Ada\\u{1b}[2J' },
    });
  });

  test.each([
    ['an escape sequence', 'x\u001b[2J'],
    ['a carriage return', 'good\rbad'],
    ['a NUL', 'a\0b'],
    ['a C1 control', 'a\u009bb'],
    ['an override of the direction', 'a\u202eb'],
    ['an isolate', 'a\u2066b'],
    ['half a surrogate pair', 'a\ud800b'],
    ['more than a page or two', 'x'.repeat(4001)],
  ])('with %s are refused in every place', async (_, words) => {
    const made = await testCase();
    const authority = { type: 'order', id: words };
    const places = [{ reason: words }, { place: words }, { counterparty: words }, { authority }];
    for (const more of places)
      await expect(note(made, 'x', more)).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(custodyLog(made.case)).toHaveLength(1);
  });

  test('of any language, over several lines, are kept as they are', async () => {
    const made = await testCase();
    const words = `Ablage in Tresor 3\n\tשלום, 証拠 – “safe” ${'x'.repeat(3900)}`;
    await note(made, words);
    expect(custodyLog(made.case).at(-1)?.entry.reason).toBe(words);
  });
});

test('a key whose entry is refused leaves neither certificate nor key', async () => {
  const made = await testCase();
  const out = join(await tempDir(), 'bob');
  await newIdentity(made.fx, { name: 'Bob', out, unprotected: true });
  const { paths } = made.case;
  const before = [readdirSync(paths.signers), readdirSync(paths.keys)];
  const registered = { name: 'Bob\u001b[1m', certificate: join(out, 'cert.pem') };
  await expect(addKey(made.case, made.fx, registered)).rejects.toMatchObject({ code: 'E_USAGE' });
  const fx = { ...made.fx, env: {} };
  const issued = addKey(made.case, fx, { name: 'Eve' });
  await expect(issued).rejects.toMatchObject({ code: 'E_NO_PASSPHRASE' });
  expect([readdirSync(paths.signers), readdirSync(paths.keys)]).toEqual(before);
});

test('instructions of an earlier version are told, and those of this one can be had', async () => {
  const made = await testCase();
  const { verifyTxt, caseJson, dir } = made.case.paths;
  const now = readFileSync(verifyTxt, 'utf8');
  const told = async (): Promise<unknown[]> =>
    (await verifyCase(made)).checks.filter(({ id }) => id === 'case.instructions');
  expect(await told()).toEqual([]);
  writeFileSync(verifyTxt, now.replace('HOW TO', 'How to'));
  const detail = expect.stringMatching(
    /those of the exhibit \d.*exhibit verify --instructions/,
  ) as unknown;
  const expected = {
    id: 'case.instructions',
    subject: 'VERIFY.txt',
    status: 'not_checked',
    detail,
  };
  expect(await told()).toEqual([expected]);
  expect(await exhibit(['verify', '--case', dir, '--instructions'])).toMatchObject({
    ...{ status: 0, stdout: now },
  });
  // A shell reads them.
  const hostile = readFileSync(caseJson, 'utf8').replace('TEST-1', "x'; touch x; '");
  writeFileSync(caseJson, hostile);
  expect(() => instructions(dir)).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
});
