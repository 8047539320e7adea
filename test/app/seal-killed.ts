/**
 * Child process of seal.test.ts: seals, and is killed with SIGKILL just before its n-th change of the disk. Nothing of the
 * product is replaced: the functions of node:fs are counted where they are.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [dir = '', killAt = ''] = process.argv.slice(2);
let count = 0;

function counted<F extends (...args: never[]) => unknown>(work: F): F {
  return function (this: unknown, ...args: never[]) {
    count += 1;
    if (count === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return work.apply(this, args);
  } as F;
}

type Work = (...args: never[]) => unknown;
function patch(owner: object, names: readonly string[]): void {
  const functions = owner as Record<string, Work>;
  for (const name of names) {
    const work = functions[name];
    if (work === undefined) throw new Error(`no ${name}`);
    functions[name] = counted(work);
  }
}

const probe = await fs.promises.open(import.meta.filename);
patch(Object.getPrototypeOf(probe) as object, ['write', 'writeFile', 'sync']);
await probe.close();
patch(fs.promises, ['rename', 'rm', 'mkdir', 'unlink']);
patch(fs, [
  'renameSync',
  'rmSync',
  'linkSync',
  'writeSync',
  'writeFileSync',
  'fsyncSync',
  'mkdirSync',
]);
syncBuiltinESMExports();

const { openCase } = await import('#src/app/case.ts');
const { sealEvidence } = await import('#src/app/seal.ts');
const { realEffects } = await import('#src/cli/effects.ts');
await sealEvidence(await openCase(dir), 'EV-0001', realEffects(), { volumeBytes: 110_000 });
process.stdout.write(`${String(count)} changes of the disk\n`);
