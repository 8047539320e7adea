/** Runs a file through detection, framing and a source's reader, as an import does. */
import type { Buffer } from 'node:buffer';
import { newFramer } from '#src/framing/framer.ts';
import { SOURCES } from '#src/sources/_registry.ts';
import {
  type Detection,
  FORM,
  type Head,
  HEAD_BYTES,
  type RejectReason,
  type RowOut,
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
}

/** What `detect` sees of a file. */
export function headOf(path: string, bytes: Buffer): Head {
  const head = bytes.subarray(0, HEAD_BYTES);
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  return { path, bytes: head, text, complete: head.length === bytes.length };
}

/** Claims of all sources, the strongest first. */
export function claims(head: Head): { readonly source: Source; readonly detection: Detection }[] {
  return SOURCES.flatMap((source) => {
    const detection = source.detect(head);
    return detection === undefined ? [] : [{ source, detection }];
  }).sort((a, b) => b.detection.confidence - a.detection.confidence);
}

/** Rows, rejects and anomalies of a file; `cuts` are the places where its bytes are cut into chunks. */
export function read(
  source: Source,
  path: string,
  bytes: Buffer,
  cuts: readonly number[] = [],
): Result {
  const head = headOf(path, bytes);
  const shape = source.detect(head)?.shape ?? '';
  const reader = source.reader(head, shape);
  const result: Result = { rows: [], rejects: [], anomalies: [], records: 0 };
  const anomaly = (kind: string, detail: string): void => {
    result.anomalies.push({ kind, detail });
  };
  const framer = newFramer(reader.framing, {
    record: (buffer, start, end, offset, hints) => {
      let answers = 0;
      const out: RowOut = {
        row: (values, identity, place = { offset, length: end - start, form: FORM.plain }) => {
          answers++;
          const token = bytes.toString('utf8', place.offset, place.offset + place.length);
          const raw = place.form === FORM.jsonString ? String(JSON.parse(token)) : token;
          result.rows.push({ values, identity, raw });
        },
        reject: (reason, detail) => {
          answers++;
          result.rejects.push({ reason, offset, length: end - start, detail });
        },
        notARecord: () => {
          answers++;
          result.records--;
        },
        anomaly,
      };
      result.records++;
      reader.read(buffer, start, end, offset, hints, out);
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
