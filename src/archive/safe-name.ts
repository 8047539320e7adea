/**
 * Names that may stand in a volume (docs/bundle-format.md, "Names"): the same on every file system, in every manifest
 * form and in every shell. Writer and reader both ask here, before a name reaches any file call.
 */

/** Longest part before the last slash that ustar can hold (POSIX.1-2017, pax, "ustar Interchange Format"). */
const MAX_PREFIX = 155;
/** Longest last part, in bytes; a folder's trailing slash counts. */
const MAX_LAST = 100;

const COMPONENT = /^[A-Za-z0-9._=@+,][A-Za-z0-9._=@+,-]*$/;
// Device names of Windows, with any extension (Microsoft, "Naming Files, Paths, and Namespaces").
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/** Why one component of a path is not allowed, or undefined if it is. */
function componentProblem(component: string): string | undefined {
  if (component === '') return 'an empty component';
  if (component === '.' || component === '..') return 'a component that walks the tree';
  if (!COMPONENT.test(component)) return 'a character that is not allowed';
  if (component.endsWith('.')) return 'a trailing dot';
  if (WINDOWS_DEVICE.test(component)) return 'a device name of Windows';
  return undefined;
}

/**
 * Why a path (no trailing slash) is not allowed in a volume, or undefined if it is.
 * @param folder true if it names a folder, whose trailing slash needs a byte too.
 */
export function pathProblem(path: string, folder: boolean): string | undefined {
  if (path.startsWith('/')) return 'an absolute path';
  for (const component of path.split('/')) {
    const problem = componentProblem(component);
    if (problem !== undefined) return problem;
  }
  return splitPath(folder ? `${path}/` : path) === undefined
    ? 'a path too long for ustar'
    : undefined;
}

/**
 * How ustar stores a stored name (a folder's ends in `/`): as GNU tar does, all in the name field up to 100 bytes, else
 * cut at the last slash that leaves the prefix at most 155 bytes. `undefined` if it does not fit.
 */
export function splitPath(
  stored: string,
): { readonly prefix: string; readonly name: string } | undefined {
  if (stored.length <= MAX_LAST) return { prefix: '', name: stored };
  if (stored.length > MAX_PREFIX + 1 + MAX_LAST) return undefined;
  // GNU tar 1.34, src/create.c, split_long_name(): a trailing slash is never the cut.
  const cut = stored.lastIndexOf('/', Math.min(MAX_PREFIX, stored.length - 2));
  if (cut <= 0 || stored.length - cut - 1 > MAX_LAST) return undefined;
  return { prefix: stored.slice(0, cut), name: stored.slice(cut + 1) };
}

/** Two names with the same key cannot lie in one folder on every file system. Safe names are ASCII, so NFC is itself. */
export function collisionKey(name: string): string {
  return name.toLowerCase();
}
