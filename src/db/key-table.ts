/**
 * Keys of rows, each different one kept once, as bytes. No object is made for a row or a key: with strings and maps, the
 * garbage of gathering keys cost more than reading the records.
 */
import { Buffer } from 'node:buffer';
import { release } from '../core/release.ts';
import { viewOf } from '../core/view.ts';

/** Kinds of keys, in SQLite's order; an integer is `safe` where a number holds it. */
export const KIND = { null: 0, safe: 1, integer: 2, text: 3 } as const;

const NULL_GROUP = 0;
/** Bytes at the end of a text that its hash is made of. */
const HASHED = 24;
/** Keys, and bytes of keys, that are kept from one run to the next. */
const KEPT_KEYS = 65_536;
const KEPT_BYTES = 4 * 2 ** 20;
/** Bytes before those of a key: its length and kind. */
const TAG = 4;
const KINDS = 4;

/** Numbers the different keys of a column from 0 (which is NULL), in the order of their first row. */
export class KeyTable {
  /** Different keys, NULL among them whether it occurs or not. */
  size = 1;
  /** Hash and group of each key, side by side: most lookups touch this, where the key begins, and the key. */
  #slots = new Int32Array(2048);
  #kinds = new Uint8Array(512);
  #numbers = new Float64Array(512);
  /** Where a text or a large integer begins in the pool. */
  #starts = new Int32Array(512);
  #pool = Buffer.allocUnsafeSlow(16_384);
  #view = new DataView(this.#pool.buffer);
  #fill = 0;
  readonly #large = Buffer.alloc(8);
  /** Groups that were sorted before, in their order. */
  #sorted = Int32Array.of(NULL_GROUP);

  /** A run is over: its keys are kept, as those of most columns come again and again, unless there are many. */
  endRun(): void {
    if (this.size > KEPT_KEYS || this.#fill > KEPT_BYTES) this.#clear();
  }

  /** Gives the memory back; the table may not be used any more. */
  close(): void {
    for (const array of [this.#slots, this.#numbers, this.#starts, this.#pool, this.#sorted])
      release(array);
  }

  #clear(): void {
    this.size = 1;
    this.#fill = 0;
    this.#slots.fill(0);
    this.#sorted = Int32Array.of(NULL_GROUP);
  }

  /** Number of a key in a column of integers or texts. */
  group(key: string | number | bigint | null): number {
    if (key === null) return NULL_GROUP;
    if (typeof key === 'number') return this.integer(key);
    if (typeof key === 'bigint') {
      if (Number.isSafeInteger(Number(key))) return this.integer(Number(key));
      this.#large.writeBigInt64BE(key);
      return this.#bytes(KIND.integer, this.#large, viewOf(this.#large), 0, 8);
    }
    // Written where it will stand if it is new.
    const most = 3 * key.length + TAG;
    this.#room(most);
    const from = this.#fill + TAG;
    const length = this.#pool.write(key, from, 'utf8');
    return this.#bytes(KIND.text, this.#pool, this.#view, from, from + length);
  }

  /** Number of a text that is bytes in UTF-8. */
  text(bytes: Buffer, from: number, to: number): number {
    return this.#bytes(KIND.text, bytes, viewOf(bytes), from, to);
  }

  /** Number of a safe integer. */
  integer(key: number): number {
    const hash = Math.imul(key ^ Math.imul(Math.floor(key / 2 ** 32), 0x85ebca77), 0x9e3779b1);
    const slots = this.#slots;
    const mask = slots.length - 2;
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const group = slots[place + 1] ?? 0;
      if (group === 0) break;
      if (this.#numbers[group] === key && this.#kinds[group] === KIND.safe) return group;
      place = (place + 2) & mask;
    }
    const group = this.#add(KIND.safe, hash, place);
    this.#numbers[group] = key;
    return group;
  }

  kind(group: number): number {
    return group === NULL_GROUP ? KIND.null : (this.#kinds[group] ?? 0);
  }

  /** Length of {@link KeyTable.put}. */
  length(group: number): number {
    const kind = this.kind(group);
    if (kind === KIND.null) return 0;
    return kind === KIND.safe ? 8 : this.#length(group);
  }

  /** Writes a key: nothing, a double, a big-endian integer or a text. */
  put(target: Buffer, at: number, group: number): void {
    const kind = this.kind(group);
    if (kind === KIND.safe) target.writeDoubleLE(this.#numbers[group] ?? 0, at);
    else if (kind !== KIND.null) {
      const from = this.#from(group);
      this.#pool.copy(target, at, from, from + this.#length(group));
    }
  }

  /** All groups in SQLite's order; valid until the next key. */
  sorted(): Int32Array {
    const before = this.#sorted;
    const first = before.length;
    if (first === this.size) return before;
    const added = this.#sort(first);
    // Keys that came since are few where there are many rows of each.
    const all = new Int32Array(this.size);
    let [left, right] = [0, 0];
    for (let place = 0; place < all.length; place++) {
      const one = before[left];
      const other = added[right];
      const takeLeft = other === undefined || (one !== undefined && this.#compare(one, other) < 0);
      all[place] = (takeLeft ? one : other) ?? 0;
      if (takeLeft) left++;
      else right++;
    }
    this.#sorted = all;
    return all;
  }

  /** The groups from `first` on, sorted. */
  #sort(first: number): Int32Array {
    const groups = Int32Array.from({ length: this.size - first }, (_, place) => first + place);
    // Times come nearly in order: where they are in order, there is nothing to do.
    let inOrder = true;
    for (let group = first + 1; inOrder && group < this.size; group++)
      inOrder = this.#compare(group - 1, group) < 0;
    if (inOrder) return groups;
    if (!this.#kinds.subarray(first, this.size).every((kind) => kind === KIND.safe)) {
      return groups.sort((a, b) => this.#compare(a, b));
    }
    // Numbers sort faster than places of numbers.
    const numbers = this.#numbers.slice(first, this.size).sort();
    for (const [place, number] of numbers.entries()) groups[place] = this.integer(number);
    return groups;
  }

  #compare(a: number, b: number): number {
    const [kind, other] = [this.kind(a), this.kind(b)];
    if (kind === KIND.text && other === KIND.text) return this.#compareTexts(a, b);
    if (kind === KIND.safe && other === KIND.safe) {
      return (this.#numbers[a] ?? 0) - (this.#numbers[b] ?? 0);
    }
    if (kind === KIND.null || other === KIND.null || kind === KIND.text || other === KIND.text) {
      return kind - other;
    }
    const difference = this.#integer(a) - this.#integer(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  // Keys are short: a call into native code would cost more than to compare them here.
  #compareTexts(a: number, b: number): number {
    const pool = this.#pool;
    const [from, other] = [this.#from(a), this.#from(b)];
    const [length, otherLength] = [this.#length(a), this.#length(b)];
    const common = Math.min(length, otherLength);
    for (let index = 0; index < common; index++) {
      const difference = (pool[from + index] ?? 0) - (pool[other + index] ?? 0);
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }

  #integer(group: number): bigint {
    return this.#kinds[group] === KIND.safe
      ? BigInt(this.#numbers[group] ?? 0)
      : this.#pool.readBigInt64BE(this.#from(group));
  }

  /** Where the bytes of a key begin that has some. */
  #from(group: number): number {
    return (this.#starts[group] ?? 0) + TAG;
  }

  #length(group: number): number {
    return this.#view.getInt32(this.#starts[group] ?? 0) >> 2;
  }

  #bytes(kind: number, bytes: Buffer, view: DataView, from: number, to: number): number {
    const length = to - from;
    const tag = length * KINDS + kind;
    // The ends of identifiers, addresses and ARNs tell them apart.
    let hash = Math.imul(tag, 0x85ebca77);
    let at = Math.max(from, to - HASHED);
    for (; at + 4 < to; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    // The last word may overlap the one before.
    if (length >= 4) hash = Math.imul(hash ^ view.getInt32(to - 4), 0x01000193);
    else for (; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    const slots = this.#slots;
    const mask = slots.length - 2;
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const group = slots[place + 1] ?? 0;
      if (group === 0) break;
      if (slots[place] === hash && this.#holds(group, kind, tag, bytes, view, from, length))
        return group;
      place = (place + 2) & mask;
    }
    this.#room(TAG + length);
    const start = this.#fill;
    this.#view.setInt32(start, tag);
    // Of a text that was written into the pool to be looked up, this is its own place.
    bytes.copy(this.#pool, start + TAG, from, to);
    this.#fill += TAG + length;
    const group = this.#add(kind, hash, place);
    this.#starts[group] = start;
    return group;
  }

  #holds(
    group: number,
    kind: number,
    tag: number,
    bytes: Buffer,
    view: DataView,
    from: number,
    length: number,
  ): boolean {
    const pool = this.#view;
    const start = this.#starts[group] ?? 0;
    if (this.#kinds[group] !== kind || pool.getInt32(start) !== tag) return false;
    const own = start + TAG;
    let index = 0;
    for (; index + 4 < length; index += 4) {
      if (pool.getInt32(own + index) !== view.getInt32(from + index)) return false;
    }
    if (length >= 4) return pool.getInt32(own + length - 4) === view.getInt32(from + length - 4);
    for (; index < length; index++) {
      if (this.#pool[own + index] !== bytes[from + index]) return false;
    }
    return true;
  }

  /** A new group. */
  #add(kind: number, hash: number, place: number): number {
    const group = this.size++;
    if (group === this.#kinds.length) this.#growGroups();
    this.#slots[place] = hash;
    this.#slots[place + 1] = group;
    this.#kinds[group] = kind;
    if (this.size * 3 > this.#slots.length) this.#growSlots();
    return group;
  }

  #growGroups(): void {
    const size = this.#kinds.length * 2;
    this.#kinds = copied(this.#kinds, new Uint8Array(size));
    this.#numbers = copied(this.#numbers, new Float64Array(size));
    this.#starts = copied(this.#starts, new Int32Array(size));
  }

  #growSlots(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 2;
    for (let from = 0; from < old.length; from += 2) {
      const [hash = 0, group = 0] = [old[from], old[from + 1]];
      if (group === 0) continue;
      let place = (hash ^ (hash >>> 15)) & mask;
      while (slots[place + 1] !== 0) place = (place + 2) & mask;
      slots[place] = hash;
      slots[place + 1] = group;
    }
    release(old);
    this.#slots = slots;
  }

  #room(bytes: number): void {
    if (this.#fill + bytes <= this.#pool.length) return;
    const pool = Buffer.allocUnsafeSlow(this.#pool.length * 2 + bytes);
    this.#pool.copy(pool, 0, 0, this.#fill);
    release(this.#pool);
    this.#pool = pool;
    this.#view = new DataView(pool.buffer);
  }
}

function copied<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  release(from);
  return to;
}
