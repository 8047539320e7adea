/** Runs a file through detection, framing and a source's reader, as an import does. */
import type { Buffer } from 'node:buffer';
import { followSteps, type Step } from '#src/core/steps.ts';
import { newFramer } from '#src/framing/framer.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import {
  type Detection,
  FORM,
  type Head,
  HEAD_BYTES,
  type RejectReason,
  type RowOut,
  type Sample,
  type Source,
  type Value,
} from '#src/sources/source.ts';

/** A row and the record it came from. */
export interface Row {
  readonly values: readonly Value[];
  readonly identity: number;
  /** The record's own text. */
  readonly raw: string;
}

/** All that came out of a file. */
export interface Result {
  readonly rows: Row[];
  readonly rejects: {
    readonly reason: RejectReason;
    readonly offset: number;
    readonly length: number;
    readonly detail: string;
  }[];
  readonly anomalies: { readonly kind: string; readonly detail: string }[];
  /** Framed records and framing problems, without headers and blank lines. */
  records: number;
  /** Of these, records that were read the quick way. */
  quick: number;
  /** What the reader said is no record: headers, comments, blank lines. */
  readonly skipped: { readonly offset: number; readonly text: string }[];
}

/** What `detect` sees of a file. */
export function headOf(path: string, bytes: Buffer, facts: Sample['facts'] = {}): Head {
  const head = bytes.subarray(0, HEAD_BYTES);
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  return { path, bytes: head, text, complete: head.length === bytes.length, ...facts };
}

/** Claims of all sources, the strongest first. */
export function claims(head: Head): { readonly source: Source; readonly detection: Detection }[] {
  return SOURCES.flatMap((source) => {
    const detection = source.detect(head);
    return detection === undefined ? [] : [{ source, detection }];
  }).sort((a, b) => b.detection.confidence - a.detection.confidence);
}

/** Rows, rejects and anomalies of a file; `cuts` are the places where its bytes are cut into chunks; `framed` does without the quick way; `facts` are what is known besides. */
export function read(
  source: Source,
  path: string,
  bytes: Buffer,
  cuts: readonly number[] = [],
  way: 'framed' | 'quick' = 'quick',
  facts: Sample['facts'] = {},
): Result {
  const head = headOf(path, bytes, facts);
  const shape = source.detect(head)?.shape ?? '';
  const reader = source.reader(head, shape);
  const result: Result = {
    rows: [],
    rejects: [],
    anomalies: [],
    records: 0,
    quick: 0,
    skipped: [],
  };
  const anomaly = (kind: string, detail: string): void => {
    result.anomalies.push({ kind, detail });
  };
  let answers = 0;
  /** Where a row goes that came from the record at `offset`. */
  const outAt = (offset: number, length: number): RowOut => ({
    row: (values, identity, place = { offset, length, form: FORM.plain }) => {
      answers++;
      const token = bytes.subarray(place.offset, place.offset + place.length);
      const steps: readonly Step[] =
        place.form === FORM.jsonString ? ['string'] : (place.steps ?? []);
      const raw = followSteps(token, steps)?.toString('utf8') ?? 'no such text';
      result.rows.push({ values, identity, raw });
    },
    byteRow: (row, size) => {
      answers++;
      const raw = bytes.toString('utf8', offset, offset + size);
      const values = source.columns.map((_column, place) => row.value(place));
      result.rows.push({ values, identity: row.identity, raw });
    },
    reject: (reason, detail) => {
      answers++;
      result.rejects.push({ reason, offset, length, detail });
    },
    inner: () => undefined,
    notARecord: () => {
      answers++;
      result.records--;
      result.skipped.push({ offset, text: bytes.toString('utf8', offset, offset + length) });
    },
    anomaly,
  });
  const framer = newFramer(reader.framing, {
    ...(way === 'framed'
      ? {}
      : {
          quick: (buffer: Buffer, start: number, end: number, offset: number): number => {
            const stop = reader.quick?.(buffer, start, end, outAt(offset, 0)) ?? -1;
            if (stop > 0) {
              result.records++;
              result.quick++;
            }
            return stop;
          },
        }),
    record: (buffer, start, end, offset, hints) => {
      answers = 0;
      result.records++;
      reader.read(buffer, start, end, offset, hints, outAt(offset, end - start));
      if (answers < 1) throw new Error('a record got no answer');
      // A record that carries several counts as so many.
      result.records += answers - 1;
    },
    problem: (reason, offset, length, detail) => {
      result.records++;
      result.rejects.push({ reason, offset, length, detail });
    },
    anomaly,
  });
  let from = 0;
  for (const to of [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort(
    (a, b) => a - b,
  )) {
    if (to > from) framer.push(bytes.subarray(from, to));
    from = to;
  }
  framer.end();
  return result;
}
