/** Two writers at once: one is refused and told who holds the case, whatever the two are doing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { tempDir } from '../helpers/temp.ts';
import { start, type Running } from './child.ts';
import { envOf, VERBS, type Verb } from './verbs.ts';
import { copyWorld, say, wordsIn, Worlds } from './world.ts';

/** Everything that writes into a case that is there. */
const WRITERS = VERBS.filter(
  ({ beside, prepare, state }) => beside !== true && prepare === undefined && state !== 'requested',
);

let original: string;
beforeAll(async () => {
  original = await new Worlds(await tempDir()).original('known');
});

let holder: Running | undefined;
afterEach(() => {
  holder?.kill();
});

async function stoppedInside(verb: Verb): Promise<string> {
  const world = join(await tempDir(), 'world');
  await copyWorld(original, world);
  holder = start(world, verb, { at: 'locked', fault: 'pause' });
  await holder.struck;
  expect(existsSync(join(world, 'case', '.lock'))).toBe(true);
  return join(world, 'case');
}

async function expectRefused(dir: string, verb: Verb): Promise<void> {
  const { status, json } = await say(
    dir,
    wordsIn(join(dir, '..'), verb.argv),
    envOf(join(dir, '..'), verb),
  );
  expect(json, verb.name).toMatchObject({ error: { code: 'E_LOCKED' } });
  const { error } = json as { readonly error: { readonly message: string } };
  expect(error.message).toContain(`process ${String(holder?.pid)} on ${hostname()}`);
  expect(status).toBe(4);
}

test('while one writes, no verb that writes goes on', async () => {
  const [first] = WRITERS;
  const dir = await stoppedInside(first!);
  for (const verb of WRITERS) await expectRefused(dir, verb);
});

test.each(WRITERS)('$name holds the case, and dead it does not', async (verb) => {
  const dir = await stoppedInside(verb);
  const other = VERBS.find(({ name }) => name === 'verify --record')!;
  await expectRefused(dir, other);
  holder?.kill();
  await holder?.ended;
  const { status, stderr } = await say(dir, other.argv);
  expect(stderr).toContain(`took over the lock of process ${String(holder?.pid)}`);
  expect(status).toBe(0);
});
