/** Reads one file of the evidence again, by the same code as an import, to see what it makes of one record. */
import type { Buffer } from 'node:buffer';
import { storedOrder } from '../db/ddl.ts';
import { CellBuffer, type Cell } from '../db/record.ts';
import { readCell } from '../db/record-read.ts';
import { contentOf } from '../framing/content.ts';
import { newInflateReport } from '../framing/gzip.ts';
import type { Source } from '../sources/source.ts';
import { FileReader, type RowSink } from './file-reader.ts';
import type { FileTask } from './task.ts';

/** What an import makes of a record. */
export type Reread =
  | {
      readonly kind: 'row';
      readonly source: Source;
      /** Every stored column by its name, integers as bigint. */
      readonly columns: ReadonlyMap<string, Cell>;
      /** Its row of inner_record, if it has one. */
      readonly inner:
        | {
            readonly carrier: string | null;
            readonly carrier_id: number | null;
            readonly steps: string | null;
          }
        | undefined;
    }
  | {
      readonly kind: 'reject';
      readonly source: string;
      readonly offset: number;
      readonly length: number;
      readonly reason: string;
      readonly detail: string;
    };

/**
 * Reads a file, all of it (its end decides about its last records).
 * @param stored its bytes as collected.
 * @param id row id of the record.
 * @param onInflated gets every byte of the content (`contentOf`), whether a source reads it or not.
 * @returns undefined when the file has no such record.
 */
export async function reread(
  task: FileTask,
  stored: AsyncIterable<Uint8Array>,
  id: number,
  onInflated: (chunk: Buffer) => void,
): Promise<Reread | undefined> {
  let found: Reread | undefined;
  const take = (source: Source, row: number, cells: CellBuffer, from: number): void => {
    if (row !== id) return;
    const values = readCell(cells.bytes.subarray(from, cells.length));
    const names = storedNames(source);
    const columns = new Map(names.map((name, at) => [name, values[at] ?? null]));
    found = { kind: 'row', source, columns, inner: undefined };
  };
  const nothing = (): void => undefined;
  const sink: RowSink = {
    row: (source, row, _identity, _values, cells, from) => {
      take(source as Source, row, cells, from);
    },
    byteRow: (source, row, _bytes, cells, from) => {
      take(source as Source, row, cells, from);
    },
    reject: (row, source, offset, length, reason, detail) => {
      if (row === id) found = { kind: 'reject', source, offset, length, reason, detail };
    },
    inner: (row, _source, carrier, carrierId, steps) => {
      if (row === id && found?.kind === 'row')
        found = { ...found, inner: { carrier, carrier_id: carrierId, steps } };
    },
    block: nothing,
    group: nothing,
    anomaly: nothing,
    file: nothing,
  };
  const report = newInflateReport();
  const reader = new FileReader(task, sink, new CellBuffer(), report);
  let wanted = !task.metadata;
  for await (const chunk of contentOf(stored, report)) {
    onInflated(chunk);
    wanted &&= reader.push(chunk);
  }
  reader.end();
  return found;
}

/** Names of a source's stored columns, in the order in which the table stores them. */
function storedNames(source: Source): readonly string[] {
  const { before, behind } = storedOrder(source);
  const name = (index: number): string => source.columns[index]?.name ?? '';
  const place = ['offset', 'length', 'form', 'identity'];
  return ['id', ...before.map(name), ...place, ...behind.map(name)];
}
