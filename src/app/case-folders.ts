/** The folders of a case must be folders: through a link, what is read and written would lie outside the case. */
import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';

/**
 * Folders of the case that are there and are none: links, files, devices; and links in place of those that verbs make and
 * write into (an evidence item, its staging, a run, the certificates of time-stamp authorities). Relative to the case.
 * `keys` is left out: whoever keeps keys on a medium of their own may link to it, and a key counts only with its certificate.
 */
export function brokenFolders(paths: CasePaths): string[] {
  const { dir, evidence, staging, custody, signers, queries, report } = paths;
  const pki = dirname(signers);
  return [
    ...[evidence, staging, custody, pki, signers, queries, report].filter(
      (folder) => lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false,
    ),
    ...linksIn(evidence, /^EV-/),
    ...linksIn(staging, /^EV-/),
    ...foldersIn(staging, /^EV-/).flatMap((folder) => linksIn(folder, /^objects$/)),
    ...linksIn(pki, /^tsa$/),
    ...linksIn(queries, /^Q-/),
  ].map((folder) => relative(dir, folder).split(sep).join('/'));
}

function linksIn(folder: string, names: RegExp): string[] {
  return entriesOf(folder, names)
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) => join(folder, name));
}

function foldersIn(folder: string, names: RegExp): string[] {
  return entriesOf(folder, names)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
}

/** In bytewise order; nothing of what is no folder itself: that is named already, and not followed. */
function entriesOf(folder: string, names: RegExp): Dirent[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => names.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `case.folders`: the answer for `verify`. */
export function foldersCheck(paths: CasePaths): Check {
  const broken = brokenFolders(paths);
  const keys = lstatSync(paths.keys, { throwIfNoEntry: false })?.isDirectory() === false;
  return {
    id: 'case.folders',
    subject: broken[0] ?? 'case.json',
    status: broken.length === 0 ? 'pass' : 'fail',
    detail:
      broken.length === 0
        ? `the folders of the case are folders, none leads elsewhere${keys ? ' but keys, which may' : ''}`
        : `${broken.join(', ')} ${broken.length === 1 ? 'is' : 'are'} no folder but a link or a file`,
  };
}
