/** A row whose texts are still bytes of the record: what a reader that scans bytes gives instead of values. */
import { Buffer } from 'node:buffer';

/** What stands in a place; a constant is a text of other bytes than the record's. */
export const BYTE_KIND = { nothing: 0, number: 1, text: 2, constant: 3 } as const;
const { nothing: NOTHING, number: NUMBER, text: TEXT, constant: CONSTANT } = BYTE_KIND;

/** Numbers that the import adds to a row, behind all other places. */
const ADDED = 4;

/** Values by place; texts are ASCII. One is used again for every record. */
export class ByteRow {
  /** The first of four places for numbers that the import adds. */
  readonly added: number;
  bytes: Buffer = Buffer.alloc(0);
  /** Identity of the record. */
  identity = 0;
  /** A {@link BYTE_KIND} for each place. Read where every row passes; else the methods say it better. */
  readonly kinds: Uint8Array;
  /** First byte of each text, and one past its last. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly numbers: Float64Array;
  /** No place behind this one holds anything, but for those that the import adds. */
  last = -1;
  readonly #constants: Buffer[] = [];

  /** @param places at least as many as the source has columns; those behind are the reader's own. */
  constructor(places: number) {
    this.added = places;
    this.kinds = new Uint8Array(places + ADDED);
    this.from = new Int32Array(places + ADDED);
    this.to = new Int32Array(places + ADDED);
    this.numbers = new Float64Array(places + ADDED);
  }

  /** Every place becomes NULL. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    const { kinds, last } = this;
    for (let place = 0; place <= last; place++) kinds[place] = NOTHING;
    this.last = -1;
  }

  /** @param text ASCII, not the record's own. */
  setConstant(place: number, text: Buffer): void {
    if (place > this.last) this.last = place;
    this.kinds[place] = CONSTANT;
    this.#constants[place] = text;
    this.from[place] = 0;
    this.to[place] = text.length;
  }

  /** Bytes in which a text stands. */
  source(place: number): Buffer {
    return this.kinds[place] === CONSTANT ? (this.#constants[place] ?? this.bytes) : this.bytes;
  }

  setText(place: number, from: number, to: number): void {
    if (place > this.last) this.last = place;
    this.kinds[place] = TEXT;
    this.from[place] = from;
    this.to[place] = to;
  }

  /** @param value a safe integer. */
  setNumber(place: number, value: number): void {
    if (place > this.last) this.last = place;
    this.kinds[place] = NUMBER;
    this.numbers[place] = value;
  }

  /** Puts a number into a place that the import adds. */
  add(index: number, value: number): void {
    const place = this.added + index;
    this.kinds[place] = NUMBER;
    this.numbers[place] = value;
  }

  clear(place: number): void {
    this.kinds[place] = NOTHING;
  }

  copy(from: number, to: number): void {
    if (to > this.last) this.last = to;
    this.kinds[to] = this.kinds[from] ?? NOTHING;
    this.from[to] = this.from[from] ?? 0;
    this.to[to] = this.to[from] ?? 0;
    this.numbers[to] = this.numbers[from] ?? 0;
    const constant = this.#constants[from];
    if (constant !== undefined) this.#constants[to] = constant;
  }

  isText(place: number): boolean {
    return (this.kinds[place] ?? NOTHING) >= TEXT;
  }

  isNumber(place: number): boolean {
    return this.kinds[place] === NUMBER;
  }

  number(place: number): number {
    return this.numbers[place] ?? 0;
  }

  /** First byte of a text. */
  start(place: number): number {
    return this.from[place] ?? 0;
  }

  /** One past the last byte of a text. */
  stop(place: number): number {
    return this.to[place] ?? 0;
  }

  length(place: number): number {
    return this.stop(place) - this.start(place);
  }

  startsWith(place: number, beginning: Buffer): boolean {
    const start = this.start(place);
    return (
      this.length(place) >= beginning.length &&
      this.source(place).compare(
        beginning,
        0,
        beginning.length,
        start,
        start + beginning.length,
      ) === 0
    );
  }

  equals(place: number, text: Buffer): boolean {
    return this.length(place) === text.length && this.startsWith(place, text);
  }

  /** The value as one. */
  value(place: number): string | number | null {
    if (this.isText(place))
      return this.source(place).toString('latin1', this.start(place), this.stop(place));
    return this.isNumber(place) ? this.number(place) : null;
  }
}
