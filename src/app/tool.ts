/** Which exhibit this is: version, and one hash over its own files, so that a report can be traced to its code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256Hex } from '../core/digest.ts';
import { sqliteVersion } from '../db/version.ts';

/** Names and versions. */
export interface ToolVersions {
  readonly name: string;
  readonly version: string;
  readonly node: string;
  readonly sqlite: string;
}

/** Versions, and the hash of the code that runs. */
export interface ToolIdentity extends ToolVersions {
  /** SHA-256 over the sorted lines `<sha256>  <path>` of {@link OWN_FILES}. */
  readonly hash: string;
}

/** Folder of the code that runs: src, or dist, which is made from it. */
const CODE = basename(join(import.meta.dirname, '..'));

/** What decides how exhibit behaves, relative to the package; absent ones (an npm package has no lockfile) are skipped. */
const OWN_FILES = ['bin', CODE, 'migrations', 'queries', 'package.json', 'package-lock.json'];

const PACKAGE_ROOT = join(import.meta.dirname, '..', '..');

/** Versions of the tool, its Node and its SQLite. */
export function toolVersions(): ToolVersions {
  const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
  };
  return {
    name: manifest.name,
    version: manifest.version,
    node: process.versions.node,
    sqlite: sqliteVersion(),
  };
}

let identity: ToolIdentity | undefined;

/** Identity of the running tool; the files are hashed once per process. */
export function toolIdentity(): ToolIdentity {
  identity ??= { ...toolVersions(), hash: hashOfFiles(PACKAGE_ROOT, OWN_FILES) };
  return identity;
}

/** As `sha256sum` over the files in bytewise order of their paths, and SHA-256 of that list. */
export function hashOfFiles(root: string, places: readonly string[]): string {
  const paths = places
    .filter((place) => existsSync(join(root, place)))
    .flatMap((place) => filesUnder(root, place));
  const lines = paths
    .map((path) => Buffer.from(path, 'utf8'))
    .sort((a, b) => Buffer.compare(a, b))
    .map(
      (path) =>
        `${sha256Hex(readFileSync(join(root, path.toString('utf8'))))}  ${path.toString('utf8')}\n`,
    );
  return sha256Hex(lines.join(''));
}

/** Paths of regular files, `/` between parts. */
function filesUnder(root: string, place: string): string[] {
  if (place.endsWith('.json')) return [place];
  return readdirSync(join(root, place), { withFileTypes: true }).flatMap((entry) => {
    const path = `${place}/${entry.name}`;
    if (entry.isDirectory()) return filesUnder(root, path);
    return entry.isFile() ? [path] : [];
  });
}
