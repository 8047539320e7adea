/**
 * What a worker says of the rows of a part besides the rows: a mark of each row's identity, by which copies are found, and
 * how many rows there are for each account, region and hour.
 */
import { Buffer } from 'node:buffer';
import { type ByteRow, BYTE_KIND } from '../core/byte-row.ts';
import type { Cell } from './record.ts';
import type { TableShape } from './ddl.ts';

/** Rows of a part, of one source. */
export interface RowMarks {
  readonly source: string;
  /** Low 32 bits of the identity of each row: rows of one identity share their mark. */
  readonly marks: Uint32Array;
  /** Ids of the rows: for each run of consecutive ones the place of its first mark, and its first id, alternating. */
  readonly runs: Float64Array;
  /** Rows by account, region and hour; undefined where only SQL can say what these are. */
  readonly hours: readonly HourCount[] | undefined;
}

/** How many rows there are; '' stands for no account, or no region. */
export interface HourCount {
  readonly account: string;
  readonly region: string;
  /** Start of the hour. */
  readonly hourUs: number;
  readonly rows: number;
}

/** Gathers what {@link RowMarks} says. */
export class RowMarker {
  readonly #source: string;
  readonly #hours: HourCounter | undefined;
  #marks = new Uint32Array(1024);
  #rows = 0;
  #runs: number[] = [];
  #next = -1;

  constructor(shape: TableShape) {
    this.#source = shape.id;
    this.#hours = HourCounter.of(shape);
  }

  row(id: number, identity: number, values: readonly Cell[]): void {
    this.#mark(id, identity);
    this.#hours?.row(values);
  }

  byteRow(id: number, row: ByteRow): void {
    this.#mark(id, row.identity);
    this.#hours?.byteRow(row);
  }

  /** Ends a part. */
  take(): RowMarks {
    const taken = {
      source: this.#source,
      marks: this.#marks.slice(0, this.#rows),
      runs: Float64Array.from(this.#runs),
      hours: this.#hours?.take(),
    };
    this.#rows = 0;
    this.#runs = [];
    this.#next = -1;
    return taken;
  }

  #mark(id: number, identity: number): void {
    const place = this.#rows++;
    if (place === this.#marks.length) {
      const larger = new Uint32Array(2 * place);
      larger.set(this.#marks);
      this.#marks = larger;
    }
    // Storing takes the low 32 bits.
    this.#marks[place] = identity;
    if (id !== this.#next) this.#runs.push(place, id);
    this.#next = id + 1;
  }
}

const HOUR_US = 3_600_000_000;

/** A count that still grows. */
interface Counted {
  readonly account: string;
  readonly region: string;
  readonly hourUs: number;
  rows: number;
}

/** Counts that are compared with a row before one is looked up by its texts: a file has few accounts and hours. */
const RECENT = 8;

/** Counts rows by account, region and hour. */
class HourCounter {
  /** Stored columns of which the first that is not NULL counts. */
  readonly #account: readonly number[];
  readonly #region: readonly number[];
  readonly #counts = new Map<string, Counted>();
  /** At most {@link RECENT}. */
  #recent: Counted[] = [];
  readonly #accountText = new LastText();
  readonly #regionText = new LastText();

  private constructor(account: readonly number[], region: readonly number[]) {
    this.#account = account;
    this.#region = region;
  }

  /** Undefined for a source whose account or region is more than a choice of stored columns. */
  static of({ columns, common }: TableShape): HourCounter | undefined {
    const stored = columns.map(({ name }) => name);
    const choice = (name: string): readonly number[] | undefined => {
      if (stored.includes(name)) return [stored.indexOf(name)];
      const expression = common[name];
      if (expression === undefined) return [];
      const names = (/^coalesce\(([a-z0-9_, ]+)\)$/.exec(expression)?.[1] ?? expression).split(
        ', ',
      );
      return names.every((one) => stored.includes(one))
        ? names.map((one) => stored.indexOf(one))
        : undefined;
    };
    const [account, region] = [choice('account_id'), choice('region')];
    return account === undefined || region === undefined || stored[0] !== 'time_us'
      ? undefined
      : new HourCounter(account, region);
  }

  row(values: readonly Cell[]): void {
    const time = values[0];
    if (typeof time !== 'number') return;
    this.#count(textOf(values, this.#account), textOf(values, this.#region), time);
  }

  byteRow(row: ByteRow): void {
    if (!row.isNumber(0)) return;
    const account = this.#accountText.of(row, firstText(row, this.#account));
    const region = this.#regionText.of(row, firstText(row, this.#region));
    const time = row.number(0);
    for (const counted of this.#recent) {
      const since = time - counted.hourUs;
      if (since < 0 || since >= HOUR_US) continue;
      if (counted.account !== account || counted.region !== region) continue;
      counted.rows++;
      return;
    }
    this.#count(account, region, time);
  }

  take(): readonly HourCount[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    this.#recent = [];
    return counts;
  }

  #count(account: string, region: string, time: number): void {
    const hourUs = Math.floor(time / HOUR_US) * HOUR_US;
    const key = JSON.stringify([account, region, hourUs]);
    let found = this.#counts.get(key);
    if (found === undefined) {
      found = { account, region, hourUs, rows: 0 };
      this.#counts.set(key, found);
    }
    found.rows++;
    if (this.#recent.length === RECENT) this.#recent.shift();
    if (!this.#recent.includes(found)) this.#recent.push(found);
  }
}

function textOf(values: readonly Cell[], places: readonly number[]): string {
  for (const place of places) {
    const value = values[place] ?? null;
    if (value !== null) return String(value);
  }
  return '';
}

/** The first place that holds something; a place that never does if there is none. */
function firstText(row: ByteRow, places: readonly number[]): number {
  for (const place of places) {
    if (row.kinds[place] !== BYTE_KIND.nothing) return place;
  }
  return -1;
}

/** Makes a string of a text when it is another than the one before: most rows of a file have the same account and region. */
class LastText {
  #bytes: Buffer = Buffer.alloc(0);
  #text = '';
  /** A constant that was the text. */
  #constant: Buffer | undefined;

  /** Text or number in a place; '' if there is none, or no place. */
  of(row: ByteRow, place: number): string {
    if (place < 0) return '';
    if (!row.isText(place)) return String(row.value(place) ?? '');
    const source = row.source(place);
    if (source === this.#constant) return this.#text;
    const from = row.start(place);
    const length = row.length(place);
    if (length !== this.#bytes.length || !this.#same(source, from)) {
      this.#bytes = Buffer.from(source.subarray(from, from + length));
      this.#text = this.#bytes.toString('latin1');
    }
    this.#constant = source === row.bytes ? undefined : source;
    return this.#text;
  }

  #same(source: Buffer, from: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < bytes.length; index++) {
      if (bytes[index] !== source[from + index]) return false;
    }
    return true;
  }
}
