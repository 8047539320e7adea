/**
 * Preloaded before inject.ts in a process that makes many runs, and loaded by the sweep itself: what node:fs does in another
 * thread is done at once in this one. Three fifths of a run went into waiting for that thread. Opening and closing of handles
 * stays with it: there is no other way to a handle.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Work = (this: unknown, ...args: unknown[]) => unknown;
type Done = (error: unknown, ...results: unknown[]) => void;

const sync = { ...fs } as unknown as Record<string, Work>;

for (const name of [
  'rename',
  'link',
  'rm',
  'rmdir',
  'unlink',
  'mkdir',
  'readdir',
  'lstat',
  'stat',
  'readlink',
  'realpath',
]) {
  atOnce(fs.promises, name, () => sync[`${name}Sync`]);
}
atOnce(fs.promises, 'readFile', (args) =>
  typeof args[0] === 'string' ? sync['readFileSync'] : undefined,
);

const probe = await fs.promises.open(import.meta.filename);
const handles = Object.getPrototypeOf(probe) as object;
await probe.close();
for (const [name, known] of Object.entries({
  sync: 'fsyncSync',
  datasync: 'fdatasyncSync',
  stat: 'fstatSync',
  truncate: 'ftruncateSync',
})) {
  atOnce(handles, name, () => onDescriptor(sync[known]));
}
for (const [name, moved] of [
  ['read', 'bytesRead'],
  ['write', 'bytesWritten'],
] as const) {
  atOnce(handles, name, (args) =>
    args[0] instanceof Uint8Array
      ? function (...given) {
          const count = onDescriptor(sync[`${name}Sync`]).apply(this, given);
          return { [moved]: count, buffer: given[0] };
        }
      : undefined,
  );
}
for (const name of ['open', 'read', 'close']) {
  (fs as unknown as Record<string, Work>)[name] = (...args) => {
    const done = args.pop() as Done;
    let result: unknown;
    try {
      result = sync[`${name}Sync`]?.(...args);
    } catch (error) {
      process.nextTick(done, error);
      return;
    }
    process.nextTick(done, null, result, args[1]);
  };
}
syncBuiltinESMExports();

function onDescriptor(work: Work | undefined): Work {
  return function (...args) {
    return work?.((this as fs.promises.FileHandle).fd, ...args);
  };
}

/** @param choose the function that does it at once; undefined: this call stays as it is. */
function atOnce(
  owner: object,
  name: string,
  choose: (args: readonly unknown[]) => Work | undefined,
): void {
  const functions = owner as Record<string, Work>;
  const before = functions[name];
  functions[name] = async function (...args) {
    return await (choose(args) ?? before)?.apply(this, args);
  };
}
