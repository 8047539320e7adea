/**
 * The order of members in a volume: that of GNU tar's `--sort=name` in the C locale. Depth first, each folder's names in
 * bytewise order, so `a/..` comes before `a-b/` although `-` is below `/`.
 */
import type { Member } from './header.ts';
import { collisionKey } from './safe-name.ts';

/**
 * Text that sorts paths of safe names (by code unit) in the archive's order: below every character of a name stands the
 * end of the name.
 */
export function orderKey(path: string): string {
  return path.replaceAll('/', '\0');
}

/** Files and all their folders, in the archive's order. */
export function inArchiveOrder<F extends Member>(files: readonly F[]): (F | Member)[] {
  const sorted = files
    .map((file) => ({ key: orderKey(file.path), file }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const members: (F | Member)[] = [];
  let open: string[] = [];
  for (const { file } of sorted) {
    const folders = file.path.split('/').slice(0, -1);
    let same = 0;
    while (same < folders.length && folders[same] === open[same]) same += 1;
    for (let depth = same + 1; depth <= folders.length; depth += 1) {
      members.push({ path: folders.slice(0, depth).join('/'), type: 'folder', size: 0 });
    }
    open = folders;
    members.push(file);
  }
  return members;
}

/** Checks the order of members as they come: each folder before its members, and every name once, whatever its case. */
export class MemberOrder {
  readonly #open: { readonly name: string; last: string; readonly keys: Set<string> }[] = [
    { name: '', last: '', keys: new Set() },
  ];

  add(
    path: string,
    folder: boolean,
  ): { readonly problem: string; readonly hostile: boolean } | undefined {
    const components = path.split('/');
    const name = components.at(-1) ?? '';
    const parents = components.length - 1;
    // Leave the folders that this member is not in.
    if (parents >= this.#open.length)
      return { problem: 'lies in a folder that has no member of its own', hostile: false };
    for (let depth = 0; depth < parents; depth += 1) {
      if (this.#open[depth + 1]?.name !== components[depth]) {
        return {
          problem: 'lies in a folder that has no member of its own, or that was left',
          hostile: false,
        };
      }
    }
    this.#open.length = parents + 1;
    const parent = this.#open[parents];
    if (parent === undefined) return { problem: 'has no parent', hostile: false };
    const key = collisionKey(name);
    if (parent.keys.has(key))
      return {
        problem: 'repeats a name of its folder or differs from one only by case',
        hostile: true,
      };
    if (name <= parent.last) return { problem: 'is out of order', hostile: false };
    if (parents === 0 && (!folder || parent.last !== '')) {
      return { problem: 'lies beside the one top folder', hostile: true };
    }
    parent.keys.add(key);
    parent.last = name;
    if (folder) this.#open.push({ name, last: '', keys: new Set() });
    return undefined;
  }
}
