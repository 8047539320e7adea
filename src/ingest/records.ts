/**
 * The records of one file on their way into a part: rows, rejects and anomalies with their ids, and the hashes of the
 * rows. Texts inside records are read by the sources that know them, with the same rules, at a level of their own.
 */
import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { ExhibitError } from '../core/errors.ts';
import { MAX_RECORDS_PER_FILE, rowId } from '../core/ids.ts';
import { storedOrder } from '../db/ddl.ts';
import type { PartWriter } from '../db/part.ts';
import type { CellBuffer } from '../db/record.ts';
import { GROUP_RECORDS, groupHash, groupOf } from '../db/row-group.ts';
import { newFramer } from '../framing/framer.ts';
import type { FrameSink } from '../framing/sink.ts';
import {
  type AnomalyKind,
  FORM,
  type Head,
  type InnerText,
  type Place,
  type RecordReader,
  type RejectReason,
  type RowOut,
  type Source,
} from '../sources/source.ts';
import { innerHead } from './detect.ts';
import { type Known, MOST_LEVELS, placeIn, recogniseInner } from './inner.ts';
import type { FileTask } from './task.ts';

/** Where records go. */
export type RecordSink = Pick<
  PartWriter,
  'row' | 'byteRow' | 'group' | 'reject' | 'anomaly' | 'inner'
>;

/** The row that carries a text. */
interface Carrier {
  readonly source: string;
  readonly id: number;
  readonly recordNo: number;
}

/** A text inside a record, or a record of another source. */
interface Inside {
  /** In the file. */
  readonly place: Place;
  readonly size: number;
  /** Undefined for a record that stands in the file by itself. */
  readonly carrier: Carrier | undefined;
  readonly depth: number;
  /** Oddities of the record that is being read: its row's, or its carrier's if there will be no row. */
  readonly noted: (readonly [AnomalyKind, string])[];
}

/** A text whose records are being read: the file, or one inside it. */
interface Level {
  readonly source: Source;
  readonly order: ReturnType<typeof storedOrder>;
  readonly reader: RecordReader;
  readonly inside: Inside | undefined;
  /** Of the framed record, in the text. */
  offset: number;
  length: number;
  /** Id of the row or reject that was given last; negative if that was said of the record around it. */
  last: number;
  /** Places of a byte row's values in the order in which the table stores them. */
  places: Int32Array;
  /** Where the rows that `places` was made for hold what is added to them. */
  added: number;
}

/** A record that its source does not take. */
interface Refusal {
  readonly reason: RejectReason;
  readonly detail: string;
}

/** What may be said of a whole record of another source: it has not the form of the file's. */
const FOREIGN: ReadonlySet<RejectReason> = new Set(['not_this_source', 'bad_fields', 'bad_time']);

/** After so many records that nobody else took, the rest of the file is believed to be broken, not mixed. */
const MOST_ASKED = 10_000;

/** Reads the records of one file. */
export class Records {
  readonly #fileId: number;
  readonly #flowFields: readonly string[] | undefined;
  readonly #path: string;
  readonly #part: RecordSink;
  /** Cells of the rows of {@link Records.#group}. */
  readonly #cells: CellBuffer;
  /** Group of rows that is being hashed; 0 before the first row. */
  #group = 0;
  /** Number of the first record that belongs to another group. */
  #nextGroup = 0;
  readonly #groups = createHash('sha256');
  #level: Level;
  /** By depth, the source that knew the text before. */
  readonly #known: (Source | undefined)[] = [];
  /** Why the source of the file does not take the record; it said nothing else of it so far. */
  #unknown: Refusal | undefined;
  /** Records since the last one that another source took. */
  #askedInVain = 0;
  /** Set while others are asked about a record that its own source knows and found broken: then only a row counts. */
  #onlyRows = false;
  #answers = 0;

  records = 0;
  imported = 0;
  rejected = 0;

  /**
   * @param path what sources see as the path of the file.
   * @param cells memory for rows, empty between files.
   */
  constructor(
    { fileId, flowFields }: Pick<FileTask, 'fileId' | 'flowFields'>,
    path: string,
    part: RecordSink,
    cells: CellBuffer,
    source: Source,
    reader: RecordReader,
  ) {
    this.#fileId = fileId;
    this.#flowFields = flowFields;
    this.#path = path;
    this.#part = part;
    this.#cells = cells;
    this.#level = newLevel(source, reader, undefined);
  }

  /** Takes the framed records of the file. @param anomaly told of oddities of the file. */
  sink(anomaly: FrameSink['anomaly']): FrameSink {
    return {
      quick: (bytes, start, end, offset) => {
        const level = this.#level;
        level.offset = offset;
        return level.reader.quick?.(bytes, start, end, this.#out) ?? -1;
      },
      record: (bytes, start, end, offset, hints) => {
        const level = this.#level;
        level.offset = offset;
        level.length = end - start;
        this.#answers = 0;
        level.reader.read(bytes, start, end, offset, hints, this.#out);
        if (this.#unknown !== undefined) this.#askOthers(bytes.subarray(start, end), this.#unknown);
      },
      problem: (reason, offset, length, detail, text) => {
        this.#level.offset = offset;
        this.#level.length = length;
        if (text === undefined || !this.#readForeign(text)) this.#addReject(reason, detail);
      },
      anomaly,
    };
  }

  /** Ends the reading: `rows_sha256` of the file. */
  end(): string {
    this.#endGroup();
    return this.#groups.digest('hex');
  }

  readonly #out: RowOut = {
    row: (values, identity, place) => {
      const level = this.#level;
      const { source, order, inside } = level;
      const own = place ?? { offset: level.offset, length: level.length, form: FORM.plain };
      const at = inside === undefined ? own : placeIn(inside.place, inside.size, own);
      const id = this.#beginRow(level);
      const cells = this.#cells;
      const start = cells.length;
      cells.begin();
      cells.null();
      for (const index of order.before) cells.value(values[index] ?? null);
      cells.integer(at.offset);
      cells.integer(at.length);
      cells.integer(at.form);
      cells.integer(identity);
      for (const index of order.behind) cells.value(values[index] ?? null);
      cells.end(id);
      this.#part.row(source, id, identity, values, cells, start);
      if (inside !== undefined || at.steps !== undefined) this.#addInner(level, id, at);
    },
    byteRow: (row, length) => {
      const level = this.#level;
      const { source, inside } = level;
      const id = this.#beginRow(level);
      const cells = this.#cells;
      const start = cells.length;
      row.add(0, level.offset);
      row.add(1, length);
      row.add(2, FORM.plain);
      row.add(3, row.identity);
      let at: Place | undefined;
      if (inside !== undefined) {
        const own = { offset: level.offset, length, form: FORM.plain };
        at = placeIn(inside.place, inside.size, own);
        row.add(0, at.offset);
        row.add(1, at.length);
        row.add(2, at.form);
      }
      cells.byteRow(row, placesOf(level, row.added), id);
      this.#part.byteRow(source, id, row, cells, start);
      if (at !== undefined) this.#addInner(level, id, at);
    },
    inner: (text, told) => {
      // What a refused record carries hangs on its reject.
      if (this.#unknown !== undefined) this.#answer();
      this.#readInner(text, told);
    },
    reject: (reason, detail) => {
      const first = this.#answers === 0 && this.#level.inside === undefined;
      const mayBeForeign = FOREIGN.has(reason) && this.#askedInVain < MOST_ASKED;
      if (first && mayBeForeign) {
        this.#unknown = { reason, detail };
        this.#answers++;
        return;
      }
      this.#answer();
      this.#reject(reason, detail);
    },
    anomaly: (kind, detail) => {
      const { inside } = this.#level;
      if (inside?.carrier !== undefined) inside.noted.push([kind, detail]);
      else this.#part.anomaly(this.#fileId, this.records + 1, kind, detail);
    },
    notARecord: () => undefined,
  };

  /** Something more is said of a record: if it was refused before, that stands. */
  #answer(): void {
    this.#answers++;
    if (this.#unknown === undefined) return;
    const { reason, detail } = this.#unknown;
    this.#unknown = undefined;
    this.#level.last = this.#addReject(reason, detail);
  }

  /** Id of the row that comes now. */
  #beginRow(level: Level): number {
    this.#answer();
    const noted = level.inside?.noted;
    if (noted !== undefined) {
      for (const [kind, detail] of noted.splice(0))
        this.#part.anomaly(this.#fileId, this.records + 1, kind, detail);
    }
    const id = this.#nextId();
    if (this.records >= this.#nextGroup) {
      this.#endGroup();
      this.#group = groupOf(id);
      this.#nextGroup = this.records - (this.records % GROUP_RECORDS) + GROUP_RECORDS;
    }
    this.imported++;
    level.last = id;
    return id;
  }

  #addInner({ source, inside }: Level, id: number, { steps }: Place): void {
    const carrier = inside?.carrier;
    const way = steps === undefined ? null : JSON.stringify(steps);
    this.#part.inner(id, source.id, carrier?.source ?? null, carrier?.id ?? null, way);
  }

  #endGroup(): void {
    if (this.#group === 0) return;
    const sha256 = groupHash(this.#cells);
    this.#cells.clear();
    this.#groups.update(sha256);
    this.#part.group(this.#group, sha256);
    this.#group = 0;
  }

  #reject(reason: RejectReason, detail: string): void {
    const level = this.#level;
    const { source, inside } = level;
    if (inside?.carrier === undefined) {
      if (!this.#onlyRows) level.last = this.#addReject(reason, detail);
    } else {
      level.last = -1;
      this.#addBroken(inside.carrier, source.id, reason, detail, inside);
    }
  }

  /** @returns its id. */
  #addReject(reason: RejectReason, detail: string): number {
    const { source, inside, offset, length } = this.#level;
    const id = this.#nextId();
    this.rejected++;
    const from = offset + (inside?.place.offset ?? 0);
    this.#part.reject(id, source.id, from, length, reason, detail);
    return id;
  }

  /** A record inside another is no record of the file until it is a row: what is wrong with it is said of its carrier. */
  #addBroken(
    carrier: Carrier,
    source: string,
    reason: string,
    detail: string,
    inside?: Inside,
  ): void {
    for (const [kind, odd] of inside?.noted.splice(0) ?? [])
      this.#part.anomaly(this.#fileId, carrier.recordNo, kind, `${source}: ${odd}`);
    const text = `${source}: ${reason}: ${detail}`;
    this.#part.anomaly(this.#fileId, carrier.recordNo, 'inner_broken', text);
  }

  #readInner(text: Buffer, told: InnerText): void {
    const { place } = told;
    const { source, inside, last } = this.#level;
    if (text.length === 0) return;
    const depth = (inside?.depth ?? 0) + 1;
    const own = { source: source.id, id: last, recordNo: last - rowId(this.#fileId, 0) };
    const carrier = last < 0 ? (inside?.carrier ?? own) : own;
    const head = innerHead(told, text, this.#flowFields);
    const known = recogniseInner(head, this.#known[depth], undefined);
    if (known === undefined) return;
    if (depth > MOST_LEVELS) {
      this.#addBroken(carrier, known.source.id, 'too_deep', 'records inside records without end');
      return;
    }
    this.#known[depth] = known.source;
    const at = inside === undefined ? place : placeIn(inside.place, inside.size, place);
    const size = text.length;
    this.#readText(head, known, text, { place: at, size, carrier, depth, noted: [] });
  }

  /** A record that the source of the file does not take may be one of another source: a reject if not. */
  #askOthers(text: Buffer, { reason, detail }: Refusal): void {
    const level = this.#level;
    this.#unknown = undefined;
    const head = innerHead({ path: this.#path, timeUs: undefined }, text, this.#flowFields);
    const known = recogniseInner(head, this.#known[0], level.source);
    const before = this.records;
    if (known !== undefined) {
      this.#known[0] = known.source;
      const place = { offset: level.offset, length: text.length, form: FORM.plain };
      const inside = { place, size: text.length, carrier: undefined, depth: 0, noted: [] };
      this.#onlyRows = reason !== 'not_this_source';
      this.#readText(head, known, text, inside);
      this.#onlyRows = false;
    }
    if (this.records > before) {
      this.#askedInVain = 0;
      return;
    }
    this.#askedInVain++;
    this.#addReject(reason, detail);
  }

  /** Lines between the records of the file may be another source's: it rejects what it does not take of them. */
  #readForeign(text: Buffer): boolean {
    if (this.#askedInVain >= MOST_ASKED) return false;
    const level = this.#level;
    const head = innerHead({ path: this.#path, timeUs: undefined }, text, this.#flowFields);
    const known = recogniseInner(head, this.#known[0], level.source);
    const before = this.records;
    if (known !== undefined) {
      this.#known[0] = known.source;
      const place = { offset: level.offset, length: text.length, form: FORM.plain };
      const inside = { place, size: text.length, carrier: undefined, depth: 0, noted: [] };
      this.#readText(head, known, text, inside);
    }
    if (this.records === before) {
      this.#askedInVain++;
      return false;
    }
    this.#askedInVain = 0;
    return true;
  }

  #readText(head: Head, { source, shape }: Known, text: Buffer, inside: Inside): void {
    const outer = this.#level;
    const level = newLevel(source, source.reader(head, shape), inside);
    this.#level = level;
    const framer = newFramer(level.reader.framing, this.#innerSink);
    framer.push(text);
    framer.end();
    this.#level = outer;
  }

  readonly #innerSink: FrameSink = {
    quick: (bytes, start, end, offset) => {
      const level = this.#level;
      level.offset = offset;
      return level.reader.quick?.(bytes, start, end, this.#out) ?? -1;
    },
    record: (bytes, start, end, offset, hints) => {
      const level = this.#level;
      level.offset = offset;
      level.length = end - start;
      level.reader.read(bytes, start, end, offset, hints, this.#out);
    },
    problem: (reason, offset, length, detail) => {
      this.#level.offset = offset;
      this.#level.length = length;
      this.#reject(reason, detail);
    },
    anomaly: (kind, detail) => {
      const no = this.#level.inside?.carrier?.recordNo ?? this.records;
      this.#part.anomaly(this.#fileId, no, kind, `${this.#level.source.id}: ${detail}`);
    },
  };

  #nextId(): number {
    this.records++;
    if (this.records > MAX_RECORDS_PER_FILE) {
      throw new ExhibitError('E_FORMAT', 'the file has more records than one file can hold', {
        where: { file: this.#path },
      });
    }
    return rowId(this.#fileId, this.records);
  }
}

function newLevel(source: Source, reader: RecordReader, inside: Inside | undefined): Level {
  const order = storedOrder(source);
  const places = new Int32Array();
  return { source, order, reader, inside, offset: 0, length: 0, last: 0, places, added: -1 };
}

function placesOf(level: Level, added: number): Int32Array {
  if (level.added !== added) {
    const { before, behind } = level.order;
    level.added = added;
    level.places = Int32Array.of(...before, added, added + 1, added + 2, added + 3, ...behind);
  }
  return level.places;
}
