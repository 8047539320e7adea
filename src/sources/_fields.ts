/**
 * The quick way through lines of fields between single spaces, some of them in quotes: finds the fields in the bytes, and
 * takes values from them without making a string. What is not plain (a byte beyond ASCII, a backslash or a quote inside
 * quotes, two spaces) it declines, and the source's reader of strings takes the line.
 */
import type { Buffer } from 'node:buffer';
import { isAddressBytes } from '../core/address.ts';
import { ByteRow } from '../core/byte-row.ts';
import { hash53Bytes } from '../core/hash53.ts';
import { isoTime } from './_lines.ts';
import type { RecordReader, RowOut } from './source.ts';

const SPACE = 0x20;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DASH = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

const IN_FIELD = 1;
const IN_QUOTES = 2;
const CLASS = new Uint8Array(256);
for (let byte = SPACE; byte < 0x7f; byte++) {
  const plain = byte !== SPACE && byte !== QUOTE ? IN_FIELD : 0;
  CLASS[byte] = plain | (byte === QUOTE || byte === BACKSLASH ? 0 : IN_QUOTES);
}

/** Fields of a line that are looked at; a line of more is declined. */
const MOST_FIELDS = 64;
/** Digits of a number that is always exact. */
const SAFE_DIGITS = 15;
/** `yyyy-mm-dd`. */
const DATE = 10;
/** `dd/Mon/yyyy` is longer. */
const MOST_DAY = 11;
const MICRO_DIGITS = 6;
/** Microseconds of the last digit of a fraction, by its digits. */
const MICROS = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1];

/**
 * Adds the quick way to a reader of lines.
 * @param take puts the values of the fields that were found into the row; false if the reader has to take the line.
 */
export function withFields(
  reader: RecordReader,
  columns: number,
  take: (fields: Fields, out: RowOut) => boolean,
): RecordReader {
  const fields = new Fields(columns);
  const quick = (bytes: Buffer, start: number, end: number, out: RowOut): number => {
    const stop = fields.find(bytes, start, end);
    if (stop < 0 || !take(fields, out)) return -1;
    fields.row.identity = hash53Bytes(bytes, start, stop);
    out.byteRow(fields.row, stop - start);
    return stop;
  };
  return { ...reader, quick };
}

/** Fields of the line at hand, and the row that is made of them. */
export class Fields {
  readonly row: ByteRow;
  count = 0;
  bytes: Buffer;
  readonly #from = new Int32Array(MOST_FIELDS);
  readonly #to = new Int32Array(MOST_FIELDS);
  readonly #quoted = new Uint8Array(MOST_FIELDS);
  /** The day of the time read last, as it stood. */
  readonly #day = new Uint8Array(MOST_DAY);
  #dayUs = NaN;

  /** @param columns of the source. */
  constructor(columns: number) {
    this.row = new ByteRow(columns);
    this.bytes = this.row.bytes;
  }

  /** Finds the fields of the line that begins at `start`: the place of its `\n`, negative if it is declined. */
  find(bytes: Buffer, start: number, end: number): number {
    this.bytes = bytes;
    this.row.reset(bytes);
    let at = start;
    for (let count = 0; count < MOST_FIELDS;) {
      let byte = bytes[at] ?? 0;
      const quoted = byte === QUOTE;
      if (quoted) byte = bytes[++at] ?? 0;
      const mask = quoted ? IN_QUOTES : IN_FIELD;
      this.#from[count] = at;
      while (((CLASS[byte] ?? 0) & mask) !== 0) byte = bytes[++at] ?? 0;
      this.#to[count] = at;
      this.#quoted[count] = quoted ? 1 : 0;
      if (quoted) {
        if (byte !== QUOTE) return -1;
        byte = bytes[++at] ?? 0;
      } else if (at === this.#from[count]) {
        return -1;
      }
      count++;
      if (byte === NEWLINE) {
        this.count = count;
        return at < end ? at : -1;
      }
      if (byte !== SPACE) return -1;
      at++;
    }
    return -1;
  }

  from(field: number): number {
    return this.#from[field] ?? 0;
  }

  to(field: number): number {
    return this.#to[field] ?? 0;
  }

  isQuoted(field: number): boolean {
    return this.#quoted[field] === 1;
  }

  isDash(field: number): boolean {
    const from = this.from(field);
    return this.to(field) - from === 1 && this.bytes[from] === DASH;
  }

  /** True if the field begins with this text. */
  begins(field: number, text: Buffer): boolean {
    const from = this.from(field);
    if (this.to(field) - from < text.length) return false;
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[from + index] !== text[index]) return false;
    }
    return true;
  }

  /** A text; a dash or nothing is NULL. */
  text(field: number, place: number): void {
    const from = this.from(field);
    const to = this.to(field);
    if (to > from && !this.isDash(field)) this.row.setText(place, from, to);
  }

  /** Texts of several fields in a row, as far as the line has them. */
  texts(field: number, to: number, place: number): void {
    const end = Math.min(to, this.count);
    for (let index = field; index < end; index++) this.text(index, place + index - field);
  }

  /** An integer, at most `most`; a dash or nothing is NULL. False for anything else. */
  integer(field: number, place: number, most = Infinity): boolean {
    const from = this.from(field);
    const to = this.to(field);
    if (to === from || this.isDash(field)) return true;
    const negative = this.bytes[from] === DASH;
    const value = this.#digits(negative ? from + 1 : from, to);
    if (!(value <= most) || (negative && value === 0)) return false;
    this.row.setNumber(place, negative ? -value : value);
    return true;
  }

  /** Decimal seconds as microseconds; a dash, nothing or -1 is NULL. False for anything else. */
  microseconds(field: number, place: number): boolean {
    const { bytes } = this;
    const from = this.from(field);
    const to = this.to(field);
    if (bytes[from] === DASH || to === from) {
      return to - from < 2 || (to - from === 2 && bytes[from + 1] === ZERO + 1);
    }
    let at = from;
    while (at < to && bytes[at] !== POINT) at++;
    const whole = this.#digits(from, at);
    if (at === to) {
      if (!(whole < 1e9)) return false;
      this.row.setNumber(place, whole * 1_000_000);
      return true;
    }
    const digits = to - at - 1;
    const fraction = this.#digits(at + 1, Math.min(to, at + 1 + MICRO_DIGITS));
    if (!(whole < 1e9) || !(fraction >= 0) || digits > MICRO_DIGITS) return false;
    this.row.setNumber(place, whole * 1_000_000 + fraction * (MICROS[digits] ?? NaN));
    return true;
  }

  /** Address and port, parted at the last colon; a dash or nothing is NULL. False for anything else. */
  endpoint(field: number, addressPlace: number, portPlace: number): boolean {
    const { bytes } = this;
    const from = this.from(field);
    const to = this.to(field);
    if (to === from || this.isDash(field)) return true;
    let colon = to - 1;
    while (colon > from && bytes[colon] !== COLON) colon--;
    const port = this.#digits(colon + 1, to);
    if (colon === from || !(port <= 65_535)) return false;
    const bracketed = bytes[from] === 0x5b && bytes[colon - 1] === 0x5d;
    return (
      this.address(bracketed ? from + 1 : from, bracketed ? colon - 1 : colon, addressPlace) &&
      this.#set(portPlace, port)
    );
  }

  /** The address that stands from `from` to `to`. False if it is none. */
  address(from: number, to: number, place: number): boolean {
    if (!isAddressBytes(this.bytes, from, to)) return false;
    this.row.setText(place, from, to);
    return true;
  }

  /** `yyyy-mm-ddThh:mm:ss`, with a fraction of at most six digits or none, with Z or without. False for anything else. */
  isoTime(field: number, place: number): boolean {
    const { bytes } = this;
    const from = this.from(field);
    let to = this.to(field);
    if (to - from < 19) return false;
    const clock = this.clock(from + 11);
    if (bytes[from + 10] !== 0x54 || !(clock >= 0)) return false;
    const day = this.day(from, DATE, isoDay);
    if (bytes[to - 1] === 0x5a) to--;
    let fraction = 0;
    const digits = to - from - 20;
    if (to > from + 19) {
      fraction = this.#digits(from + 20, to) * (MICROS[digits] ?? NaN);
      if (bytes[from + 19] !== POINT || digits > MICRO_DIGITS || !(fraction >= 0)) return false;
    }
    const timeUs = day + clock * 1_000_000 + fraction;
    return timeUs >= 0 && Number.isSafeInteger(timeUs) && this.#set(place, timeUs);
  }

  /** Seconds of `hh:mm:ss`; NaN if it is none. */
  clock(at: number): number {
    const { bytes } = this;
    if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return NaN;
    const hour = this.#digits(at, at + 2);
    const minute = this.#digits(at + 3, at + 5);
    const second = this.#digits(at + 6, at + 8);
    return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : NaN;
  }

  /**
   * Start of the day that is written in `length` bytes, in microseconds.
   * @param read the day that a text says, undefined for none: asked only where the day is another than last time.
   */
  day(at: number, length: number, read: (text: string) => number | undefined): number {
    const { bytes } = this;
    let same = 0;
    while (same < length && bytes[at + same] === this.#day[same]) same++;
    if (same < length) {
      this.#dayUs = read(bytes.toString('latin1', at, at + length)) ?? NaN;
      for (let index = 0; index < length; index++) this.#day[index] = bytes[at + index] ?? 0;
    }
    return this.#dayUs;
  }

  #set(place: number, value: number): boolean {
    this.row.setNumber(place, value);
    return true;
  }

  /** The number that the digits spell; NaN for none, for other bytes and for more than are exact. */
  #digits(from: number, to: number): number {
    if (to <= from || to - from > SAFE_DIGITS) return NaN;
    let value = 0;
    for (let at = from; at < to; at++) {
      const digit = (this.bytes[at] ?? 0) - ZERO;
      if (!(digit >= 0 && digit <= 9)) return NaN;
      value = value * 10 + digit;
    }
    return value;
  }
}

function isoDay(date: string): number | undefined {
  return isoTime(`${date}T00:00:00Z`);
}
