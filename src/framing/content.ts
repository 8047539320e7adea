/**
 * The content of a file as sources see it: its bytes, unpacked where they are gzip or zstd, the rows of Parquet as lines of
 * text, and text in UTF-16 as UTF-8. What a row's place counts is this text; it comes again from the stored bytes alone.
 */
import { Buffer } from 'node:buffer';
import { inflate, type InflateReport } from './gzip.ts';
import { beginsAsParquet, type FileBytes } from './parquet/footer.ts';
import { parquetText } from './parquet/rows.ts';
import { utf16Of, utf16Text } from './utf16.ts';

/** Bytes that show whether a file is Parquet. */
const MAGIC_BYTES = 4;
/**
 * A Parquet file begins to be read at its end, so it is held as it came. AWS's have 75 MB at most (flow logs); larger
 * ones are listed, and not read.
 */
const MOST_PARQUET = 256 * 2 ** 20;

/** What {@link InflateReport.compression} ends with for Parquet. */
const PARQUET = 'parquet';

/** True if a file's content is text made of Parquet rows. */
export function isParquet({ compression }: Pick<InflateReport, 'compression'>): boolean {
  return compression === PARQUET || compression.endsWith(`+${PARQUET}`);
}

/** True for bytes that {@link contentOf} makes other bytes of. */
export function isPacked(head: Buffer): boolean {
  return beginsAsParquet(head) || utf16Of(head) !== undefined;
}

/**
 * The content of a file.
 * @param stored its bytes as collected; a piece may not be reused by the caller.
 * @param report filled in; read it after the last chunk.
 */
export async function* contentOf(
  stored: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  report: InflateReport,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = inflate(stored, report);
  let held: Buffer[] = [];
  let size = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    held.push(next.value);
    size += next.value.length;
    if (size >= MAGIC_BYTES) break;
  }
  const [first] = held;
  const head = held.length === 1 && first !== undefined ? first : Buffer.concat(held);
  const order = utf16Of(head);
  if (order !== undefined) {
    addLayer(report, order);
    const odd = (detail: string): void => {
      report.problems.push({ kind: 'encoding', detail });
    };
    odd(`the text is in ${order}: places count its bytes in UTF-8`);
    yield* utf16Text(joined(held, chunks), order, odd);
    return;
  }
  if (!beginsAsParquet(head)) {
    yield* held;
    yield* chunks;
    return;
  }
  addLayer(report, PARQUET);
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MOST_PARQUET) held = [];
    else held.push(chunk);
  }
  if (size > MOST_PARQUET) {
    const detail = `a Parquet file of more than ${String(MOST_PARQUET)} bytes, which is not read`;
    report.problems.push({ kind: 'parquet_corrupt', detail });
    return;
  }
  yield* parquetText(new HeldBytes(held, size), {
    odd: (kind, detail) => {
      report.problems.push({ kind, detail });
    },
    columns: (row) => {
      report.columns = row;
    },
  });
}

function addLayer(report: InflateReport, name: string): void {
  report.compression = report.compression === 'none' ? name : `${report.compression}+${name}`;
}

async function* joined(
  first: readonly Buffer[],
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* first;
  yield* rest;
}

/** A file held in the pieces in which it came. */
class HeldBytes implements FileBytes {
  readonly length: number;
  readonly #pieces: readonly Buffer[];
  /** Where each piece begins. */
  readonly #starts: Float64Array;

  constructor(pieces: readonly Buffer[], length: number) {
    this.#pieces = pieces;
    this.length = length;
    this.#starts = new Float64Array(pieces.length);
    let at = 0;
    for (const [index, piece] of pieces.entries()) {
      this.#starts[index] = at;
      at += piece.length;
    }
  }

  read(from: number, length: number): Buffer {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= from) low = middle;
      else high = middle - 1;
    }
    const parts: Buffer[] = [];
    let left = length;
    let at = from - (this.#starts[low] ?? 0);
    for (let index = low; left > 0; index++) {
      const piece = this.#pieces[index]?.subarray(at, at + left);
      if (piece === undefined) break;
      parts.push(piece);
      left -= piece.length;
      at = 0;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }
}
