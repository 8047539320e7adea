/** The folders of a case must be folders: through a link, what is read and written would lie outside the case. */
import { lstatSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { CasePaths } from '../bundle/layout.ts';
import type { Check } from '../core/check.ts';

/**
 * Folders of the case that are there and are none: links, files, devices. Relative to the case. `keys` is left out: whoever
 * keeps keys on a medium of their own may link to it, and a key counts only with its certificate.
 */
export function brokenFolders(paths: CasePaths): string[] {
  const { dir, evidence, staging, custody, signers, queries, report } = paths;
  return [evidence, staging, custody, dirname(signers), signers, queries, report]
    .filter((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    .map((folder) => relative(dir, folder));
}

/** `case.folders`: the answer for `verify`. */
export function foldersCheck(paths: CasePaths): Check {
  const broken = brokenFolders(paths);
  return {
    id: 'case.folders',
    subject: broken[0] ?? 'case.json',
    status: broken.length === 0 ? 'pass' : 'fail',
    detail:
      broken.length === 0
        ? 'the folders of the case are folders, none leads elsewhere'
        : `${broken.join(', ')} ${broken.length === 1 ? 'is' : 'are'} no folder but a link or a file`,
  };
}
