/** The list of a volume's files, as the bag holds it: acquisition/objects.jsonl, one object a line in payload order. */
import type { Buffer } from 'node:buffer';
import type { BagObject } from '../bundle/objects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { FileTask } from './task.ts';

const NEWLINE = 0x0a;

/** Reads the list line by line, as far as it is asked for. */
export class ObjectList {
  readonly #bytes: Buffer;
  readonly #file: string;
  #at = 0;
  #line = 0;

  /** @param file name for messages. */
  constructor(bytes: Buffer, file: string) {
    this.#bytes = bytes;
    this.#file = file;
  }

  /** The next object; undefined at the end. @throws ExhibitError `E_FORMAT`. */
  next(): BagObject | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const newline = this.#bytes.indexOf(NEWLINE, this.#at);
    const end = newline < 0 ? this.#bytes.length : newline;
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    this.#line++;
    try {
      const value = JSON.parse(text) as Partial<BagObject> | null;
      if (
        typeof value?.path === 'string' &&
        typeof value.original_path === 'string' &&
        typeof value.sha256 === 'string' &&
        typeof value.size === 'number'
      ) {
        return value as BagObject;
      }
    } catch {
      // Falls through to the one error for anything that is no object.
    }
    throw new ExhibitError('E_FORMAT', 'the list of objects does not have its documented form', {
      where: { file: this.#file, line: this.#line },
    });
  }
}

/** What a worker needs to know of a file. @param flowFields declared for the whole import. */
export function fileTask(
  object: BagObject,
  fileId: number,
  evidenceNo: number,
  flowFields: readonly string[] | undefined,
): FileTask {
  return {
    fileId,
    evidenceNo,
    path: object.path,
    originalPath: object.original_path,
    bucket: object.s3?.bucket ?? null,
    key: object.s3?.key ?? null,
    versionId: object.s3?.version_id ?? null,
    sha256: object.sha256,
    size: object.size,
    mtimeUs: timeOf(object.mtime_us),
    as: object.as ?? null,
    flowFields,
    metadata: object.metadata_for !== undefined,
  };
}

/** The list is read as it stands: an older one may name no time, a foreign one anything. */
function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
