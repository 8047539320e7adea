/** Copies of a case's data in forms that other tools read. */
import { createHash } from 'node:crypto';
import { createReadStream, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { writePlain } from '../db/plain.ts';
import { partOf } from '../disk/durable.ts';
import { isThere } from '../disk/there.ts';
import { type Case, openSigner } from './case.ts';
import { checkedContent } from './imported-content.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';

/** What was exported. */
export interface PlainExport {
  readonly file: string;
  /** Of the exported file. */
  readonly sha256: string;
  readonly bytes: number;
  /** Of the case database it was made from. */
  readonly content_sha256: string;
}

/**
 * Writes a plain SQLite database in which every record's text stands in a column, and puts that on record.
 * @param out path of a file that does not exist.
 * @throws ExhibitError `E_EXISTS`, `E_NOT_IMPORTED`, `E_CONTENT_CHANGED`, `E_WRITE`, `E_LOCKED`.
 */
export async function exportPlain(opened: Case, out: string, fx: Effects): Promise<PlainExport> {
  return withLock(opened, fx, async () => {
    if (isThere(out)) {
      throw new ExhibitError('E_EXISTS', 'the file exists already', {
        where: { file: out },
        hint: 'choose another name, or remove the file yourself',
      });
    }
    const content = checkedContent(opened);
    const signer = await openSigner(opened, fx);
    const part = partOf(out);
    rmSync(part, { force: true });
    writePlain(opened.paths.database, part);
    const { sha256, bytes } = await hashFile(part);
    await appendEntry(opened, signer, fx, {
      event: 'export',
      attachments: [{ name: basename(out), sha256 }],
      details: { form: 'plain', bytes, content_sha256: content },
    });
    // Only now: a run that is stopped before can be repeated, and no copy is there that the ledger does not know.
    renameSync(part, out);
    return { file: out, sha256, bytes, content_sha256: content };
  });
}

async function hashFile(
  path: string,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, {
    highWaterMark: 2 ** 20,
  }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
