/** Bags for tests, made from RFC 8493's rules: a sound one, and whatever is done to it. */
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RawMember } from './tar.ts';

/** Files of a bag by their paths in it; a folder's path ends in `/`, a link is what it points to. */
export type BagTree = Map<string, Uint8Array | string | { readonly link: string }>;

/** How a sound bag is made. */
export interface BagPlan {
  readonly version?: string;
  readonly payload?: Readonly<Record<string, string>>;
  readonly algorithms?: readonly string[];
  /** Text of bag-info.txt; default: a Payload-Oxum. */
  readonly info?: string;
  readonly encoding?: string;
}

/** A sound bag; every tag file but the tag manifests is in the tag manifests. */
export function bagTree(plan: BagPlan = {}): BagTree {
  const version = plan.version ?? '1.0';
  const payload = plan.payload ?? { 'data/a.txt': 'alpha\n', 'data/sub/b.txt': 'beta\n' };
  const bytes = Object.values(payload).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const oxum = `Payload-Oxum: ${String(bytes)}.${String(Object.keys(payload).length)}\n`;
  const info = ['0.93', '0.94', '0.95'].includes(version) ? 'package-info.txt' : 'bag-info.txt';
  const encoding = plan.encoding ?? 'UTF-8';
  const tree: BagTree = new Map<string, string>([
    ['bagit.txt', `BagIt-Version: ${version}\nTag-File-Character-Encoding: ${encoding}\n`],
    [info, plan.info ?? oxum],
    ['data/', ''],
    ...Object.entries(payload),
  ]);
  for (const algorithm of plan.algorithms ?? ['sha256', 'sha512']) {
    tree.set(
      `manifest-${algorithm}.txt`,
      list(tree, algorithm, (path) => path.startsWith('data/')),
    );
  }
  retag(tree, plan.algorithms ?? ['sha256', 'sha512']);
  return tree;
}

/** Writes the tag manifests anew, so that only what was done on purpose is wrong. */
export function retag(tree: BagTree, algorithms: readonly string[] = ['sha256', 'sha512']): void {
  for (const algorithm of algorithms) tree.delete(`tagmanifest-${algorithm}.txt`);
  const texts = algorithms.map((algorithm) => [
    `tagmanifest-${algorithm}.txt`,
    list(tree, algorithm, (path) => !path.startsWith('data/') && !path.startsWith('tagmanifest-')),
  ]);
  for (const [path, text] of texts) tree.set(path ?? '', text ?? '');
}

function list(tree: BagTree, algorithm: string, wanted: (path: string) => boolean): string {
  return [...tree]
    .filter(([path]) => wanted(path) && !path.endsWith('/'))
    .map(([path, content]) => {
      const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : '';
      const hex = createHash(algorithm).update(bytes).digest('hex');
      const name = path.replaceAll('%', '%25').replaceAll('\n', '%0A').replaceAll('\r', '%0D');
      return `${hex}  ${name}\n`;
    })
    .join('');
}

/** Text of a file of the tree. */
export function textOf(tree: BagTree, path: string): string {
  const content = tree.get(path);
  if (content === undefined) throw new Error(`no ${path}`);
  return Buffer.from(content as Uint8Array).toString('utf8');
}

/** Lays the bag out as a folder. */
export function layBag(folder: string, tree: BagTree): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of tree) {
    const place = join(folder, path);
    mkdirSync(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (path.endsWith('/')) continue;
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, place);
    else writeFileSync(place, content);
  }
}

/** The bag as members of an archive, below one top folder; links are left out. */
export function bagMembers(tree: BagTree, top: string): RawMember[] {
  const members = [...tree].flatMap(([path, content]): RawMember[] => {
    if (path.endsWith('/')) return [{ name: `${top}/${path}`, type: '5' }];
    if (typeof content === 'object' && 'link' in content) return [];
    const name = Buffer.from(`${top}/${path}`).toString('latin1');
    return [{ name, body: Buffer.from(content as Uint8Array).toString('latin1') }];
  });
  return [{ name: `${top}/`, type: '5' }, ...members];
}
