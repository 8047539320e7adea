/**
 * `case.tar`: everything of a case that its recipient needs besides the volumes, as a canonical archive with the one top
 * folder `case/`. Keys, staging, database, queries and reports stay at home (docs/transfer.md).
 */
import type { Buffer } from 'node:buffer';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Chunks } from '../archive/chunks.ts';
import { inArchiveOrder } from '../archive/order.ts';
import { readVolume } from '../archive/read.ts';
import { pathProblem } from '../archive/safe-name.ts';
import { archiveStream } from '../archive/stream.ts';
import { BLOCK, archiveLength, paddingOf, type Member } from '../archive/header.ts';
import type { MemberToWrite } from '../archive/write.ts';
import { ExhibitError } from '../core/errors.ts';
import { writeNewFile } from '../disk/new-file.ts';

/** Top folder of the archive. */
const CASE_FOLDER = 'case';

/** What may be in it, relative to the case. A volume or a private key is not. */
const BELONGS =
  /^(?:case\.json|TRUST\.txt|VERIFY\.txt|(?:pki|custody)\/(?:[A-Za-z0-9._-]+\/){0,3}[A-Za-z0-9._-]+|evidence\/(EV-\d{4})\/\1\.seal(?:\.[A-Za-z0-9._-]+)?)$/;
const PARTS = ['case.json', 'TRUST.txt', 'VERIFY.txt', 'pki', 'custody', 'evidence'];

/** No such file is larger; a hostile archive could name a folder of zeros. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** An archive that can be written out. */
export interface CaseArchive {
  /** Bytes of the archive. */
  readonly size: number;
  readonly pieces: () => AsyncIterable<Uint8Array>;
}

/**
 * The archive of a case, with the bytes its files have when they are read.
 * @throws ExhibitError `E_TAMPERED` for a link, an odd name or a stranger where a case has none.
 */
export function caseArchive(caseDir: string, signal: AbortSignal): CaseArchive {
  const files = PARTS.flatMap((part) => filesUnder(caseDir, part)).map(
    ({ path, size }): MemberToWrite => ({
      path: `${CASE_FOLDER}/${path}`,
      type: 'file',
      size,
      body: () => readFile(join(caseDir, path), signal),
    }),
  );
  const members: readonly (MemberToWrite | Member)[] = inArchiveOrder(files);
  const end = members.reduce((sum, { size }) => sum + BLOCK + size + paddingOf(size), 0);
  return { size: archiveLength(end), pieces: () => archiveStream(members) };
}

function filesUnder(
  caseDir: string,
  path: string,
): { readonly path: string; readonly size: number }[] {
  const facts = lstatSync(join(caseDir, path), { throwIfNoEntry: false });
  if (facts === undefined) return [];
  if (facts.isDirectory()) {
    return readdirSync(join(caseDir, path)).flatMap((name) =>
      filesUnder(caseDir, `${path}/${name}`),
    );
  }
  if (/^evidence\/[^/]+\/[^/]+\.tar$/.test(path)) return [];
  if (
    facts.isFile() &&
    BELONGS.test(path) &&
    pathProblem(`${CASE_FOLDER}/${path}`, false) === undefined
  ) {
    return [{ path, size: facts.size }];
  }
  throw new ExhibitError('E_TAMPERED', `${JSON.stringify(path)} does not belong in a case`, {
    where: { file: join(caseDir, path) },
    hint: 'run `exhibit verify`, which names everything that is wrong',
  });
}

async function* readFile(path: string, signal: AbortSignal): AsyncGenerator<Buffer, undefined> {
  const chunks = await Chunks.open(path, 'same-thread', signal);
  try {
    for (let piece = await chunks.next(); piece !== undefined; piece = await chunks.next()) {
      yield piece;
    }
  } finally {
    await chunks.close();
  }
}

/**
 * Unpacks the archive of a case into an empty folder. Names are judged before anything is made.
 * @param file the decrypted archive.
 * @throws ExhibitError `E_HOSTILE_ARCHIVE` for a name that does not belong in a case or a file that is too large, and what
 *   `readVolume` throws; `E_WRITE`.
 */
export async function unpackCase(file: string, into: string, signal: AbortSignal): Promise<void> {
  await readVolume(
    file,
    async ({ path, type, size, offset, body }) => {
      const [top, ...rest] = path.split('/');
      const name = rest.join('/');
      const fits =
        top === CASE_FOLDER &&
        (type === 'folder'
          ? name === '' || /^(?:pki|custody|evidence)(?:\/[A-Za-z0-9._-]+){0,3}$/.test(name)
          : BELONGS.test(name) && size <= MAX_FILE_BYTES);
      if (!fits) {
        throw new ExhibitError(
          'E_HOSTILE_ARCHIVE',
          `${JSON.stringify(path)} does not belong in the archive of a case`,
          { where: { file, offset } },
        );
      }
      if (name === '') return;
      if (type === 'folder') mkdirSync(join(into, name));
      else await writeNewFile(join(into, name), body);
    },
    { signal },
  );
}
