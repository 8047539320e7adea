/** Handing over, keys, proofs and pins as persons run them, each in his own folder. */
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import { pinFolder } from '#src/app/pins.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibit, exhibitJson, ROOT, type RunResult } from '../helpers/exhibit.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

let world: string;
let ada: string;
let bob: string;
/** What Bob got, as he got it. */
let sent: string;
/** Certificate of Bob's key, and the head that Ada told him. */
let told: { certificate: string; head: string };

const env = (): Record<string, string> => ({
  EXHIBIT_PINS: join(world, 'state', 'pins'),
  EXHIBIT_NEW_PASSPHRASE: 'new passphrase',
});
const run = (args: string, dir: string, more: Record<string, string> = {}): Promise<RunResult> =>
  exhibit(args.split(' '), { cwd: dir, env: { ...env(), ...more } });
const json = async (args: string, dir: string): Promise<Record<string, unknown>> =>
  (await exhibitJson(args.split(' '), { cwd: dir, env: env() })).json as Record<string, unknown>;

beforeAll(async () => {
  world = await tempDir();
  ada = join(world, 'ada');
  bob = join(world, 'bob');
  await cp((await sealedCase()).case.paths.dir, ada, { recursive: true });
  await mkdir(join(world, 'receipt'));
  const made = await json('custody key new --examiner Bob --out ../bob-key --unprotected-key', ada);
  const certificate = String(made['certificate']);
  await json('custody key add --examiner Bob --role lab --certificate ../bob-key/cert.pem', ada);
  await json('custody checkpoint', ada);
  const out = await json(`custody transfer --to Bob --certificate ${certificate} --reason x`, ada);
  told = { certificate, head: String(out['head']) };
  await cp(ada, bob, { recursive: true });
  await rm(join(bob, 'keys'), { recursive: true });
  sent = join(world, 'sent');
  await cp(bob, sent, { recursive: true });
});

describe('handing over', () => {
  test('from folder to folder: head from elsewhere, receipt, rollback, fork', async () => {
    // In this order, for each goes on from the one before.
    await takesOver();
    await anchors();
    await forks();
  });

  async function takesOver(): Promise<void> {
    const receive = `custody receive --key ../bob-key/key.pem --receipt ../receipt --trust ../ada/pki/root.pem --head`;
    const wrong = await run(`${receive} ${'0'.repeat(64)}`, bob);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('ledger.head');
    const good = await run(`${receive} ${told.head}`, bob);
    expect(good.stderr).toContain('verifying EV-0001.v001.tar');
    expect(good.status).toBe(0);
    expect(good.stdout).toMatch(/^accepted +true\nentry +6\n/);
    const log = await run('custody log', bob);
    expect(log.stdout).toMatch(/^5 .* transfer-out +Ada Test .* handed to Bob; x$/m);
    expect(log.stdout).toMatch(/^6 .* received +Bob .* ok .* taken over from Ada Test$/m);
    expect((await run('custody receive --key ../bob-key/key.pem', bob)).status).toBe(2);
  }

  async function anchors(): Promise<void> {
    const missing = await run('custody verify --anchor ../receipt/00000006.json', ada);
    expect(missing.status, missing.stderr).toBe(1);
    expect(missing.stdout).toMatch(/^FAIL +ledger\.anchor .*CUT OFF/m);
    // Bob's machine is this one too, and has seen the sixth entry.
    expect(missing.stdout).toMatch(/^FAIL +ledger\.pin .*ROLLED BACK/m);
    const refused = await run('custody add note --reason late', ada);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('ROLLED BACK');
    const compared = await run('custody compare ../bob', ada);
    expect(compared.status).toBe(0);
    expect(compared.stdout).toContain('This ledger is the beginning of the other one.');
    for (const end of ['', '.p7s']) {
      await cp(
        join(world, `receipt/00000006.json${end}`),
        join(ada, `custody/00000006.json${end}`),
      );
    }
    const found = await run(
      'custody verify --trust ../bob/pki/root.pem --anchor ../receipt/00000006.json',
      ada,
    );
    expect(found.status).toBe(0);
    expect(found.stdout).toMatch(/^pass +ledger\.head .*anchored up to entry 6/m);
    expect((await run(`verify --anchor ../receipt/00000006.json`, ada)).status).toBe(0);
  }

  async function forks(): Promise<void> {
    const fork = join(world, 'fork');
    await cp(ada, fork, { recursive: true });
    const alone = { EXHIBIT_PINS: join(world, 'elsewhere') };
    expect((await run('custody add note --reason one', ada, alone)).status).toBe(0);
    expect((await run('custody add note --reason other', fork, alone)).status).toBe(0);
    const { status, stdout } = await run('custody compare ../fork', ada);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^FORK: TWO HISTORIES OF ONE CASE\. Both begin with the same 6 entries\.$/m,
    );
    expect(stdout.match(/^(?:7| ) +(?:this|other) +[0-9a-f]{16} +note .* good$/gm)).toHaveLength(2);
    expect((await json('custody compare ../fork', ada))['verdict']).toBe('fork');
  }
});

describe('the rest', () => {
  test('a refusal needs its reason, and is on record', async () => {
    const copy = join(world, 'refused');
    await cp(sent, copy, { recursive: true });
    const alone = { EXHIBIT_PINS: join(world, 'elsewhere-2'), EXHIBIT_KEY: '../bob-key/key.pem' };
    expect((await run('custody receive --refuse', copy, alone)).status).toBe(2);
    const refused = await run('custody receive --refuse --reason late', copy, alone);
    expect(refused.stdout).toMatch(/^accepted +false\n/);
    expect((await run('custody log', copy)).stdout).toMatch(
      /^6 .* FAILED .* REFUSED from Ada Test; late$/m,
    );
    expect(existsSync(join(world, 'elsewhere-2'))).toBe(false);
  });

  test('a new key is closed to others and has its own passphrase', async () => {
    const copy = join(world, 'keys');
    await cp((await sealedCase()).case.paths.dir, copy, { recursive: true });
    const added = await json('custody key add --examiner Eve --role second', copy);
    const file = join(copy, String(added['key_file']));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('ENCRYPTED');
    const eve = { EXHIBIT_KEY: file };
    expect((await run('custody add note --reason x', copy, eve)).status).toBe(2);
    const opened = { ...eve, EXHIBIT_PASSPHRASE: 'new passphrase' };
    expect((await run('custody add note --reason x', copy, opened)).status).toBe(0);
    const revoke = `custody key revoke ${String(added['certificate']).slice(0, 8)} --reason left --why cessationOfOperation`;
    expect((await run(revoke, copy)).status).toBe(0);
    const late = await run('custody add note --reason x', copy, opened);
    expect(late.status).toBe(4);
    expect(late.stderr).toContain('revokes its certificate (cessationOfOperation)');
    expect((await run('custody verify', copy)).status).toBe(0);
  });

  test('a proof stands alone', async () => {
    expect((await run('custody prove --entry 2 --out ../proof', sent)).status).toBe(0);
    const alone = await tempDir();
    await cp(join(world, 'proof'), join(alone, 'proof'), { recursive: true });
    await cp(join(sent, 'pki/root.pem'), join(alone, 'root.pem'));
    const good = await run('custody check-proof proof --trust root.pem', alone);
    expect(good.status).toBe(0);
    expect(good.stdout).toMatch(/^pass +proof\.inclusion .*number 2 of 4/m);
    await writeFile(join(alone, 'proof/entry.json'), '{}\n');
    const bad = await run('custody check-proof proof --trust root.pem', alone);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain('THE PROOF DOES NOT HOLD');
  });

  test('what is typed wrongly is status 2', async () => {
    for (const words of [
      'custody add eaten --reason x',
      'custody add note',
      'custody add correction --reason x',
      'custody add note --reason x --authority warrant',
      'custody prove --entry 0 --out x',
      'custody prove --out x',
      'custody key revoke 12345678 --reason x',
      'custody verify --head lusab',
    ]) {
      expect((await run(words, sent)).status, words).toBe(2);
    }
  });

  test('the launcher allows writing to the very folder of the pins', () => {
    const { pinFolders } = createRequire(import.meta.url)(`${ROOT}/bin/launch.js`) as {
      pinFolders: (env: Record<string, string>, cwd: string) => string[];
    };
    for (const set of [
      { EXHIBIT_PINS: 'pins' },
      { EXHIBIT_PINS: join(world, 'x') },
      { EXHIBIT_PINS: '', XDG_STATE_HOME: join(world, 'xdg'), HOME: '/h' },
      { HOME: world },
    ] as Record<string, string>[]) {
      expect(pinFolders(set, world)[0]).toBe(pinFolder(fakeEffects({ env: set, cwd: world })));
    }
    expect(pinFolders({}, world)).toEqual([]);
    expect(pinFolder(fakeEffects({ env: {} }))).toBeUndefined();
  });
});
