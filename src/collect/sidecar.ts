/**
 * Object metadata kept beside an object as `<file>.metadata.json`, in the form that `aws s3api head-object` prints
 * (AWS CLI Command Reference, "s3api head-object", Output).
 */
import { readFile } from 'node:fs/promises';

export const SIDECAR_SUFFIX = '.metadata.json';

/** Object metadata is at most 2 KB of user data and some headers; anything larger is no sidecar. */
const SIDECAR_BYTES = 65_536;
/** Members that head-object always prints for an object. */
const EXPECTED = ['ETag', 'LastModified', 'ContentLength'] as const;

/**
 * Reads a file that has a sidecar's name.
 * @returns undefined when it is not in that form and therefore evidence like any other file.
 */
export async function readSidecar(
  path: string,
  size: number,
): Promise<{ readonly versionId?: string } | undefined> {
  if (size > SIDECAR_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (!EXPECTED.some((name) => Object.hasOwn(value, name))) return undefined;
  const version = (value as { readonly VersionId?: unknown }).VersionId;
  return typeof version === 'string' && version.isWellFormed() ? { versionId: version } : {};
}
