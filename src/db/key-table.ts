/**
 * Keys of rows, each different one kept once, as bytes. No object is made for a row or a key: with strings and maps, the
 * garbage of gathering keys cost more than reading the records.
 */
import { Buffer } from 'node:buffer';
import { viewOf } from '../core/view.ts';

/** Kinds of keys, in SQLite's order; an integer is `safe` where a number holds it. */
export const KIND = { null: 0, safe: 1, integer: 2, text: 3 } as const;

const NULL_GROUP = 0;
/** Bytes at the end of a text that its hash is made of. */
const HASHED = 24;

/** Numbers the different keys of a column from 0 (which is NULL), in the order of their first row. */
export class KeyTable {
  /** Different keys, NULL among them whether it occurs or not. */
  size = 1;
  #slots = new Int32Array(1024);
  #kinds = new Uint8Array(512);
  #hashes = new Int32Array(512);
  #numbers = new Float64Array(512);
  /** Where a text or a large integer begins in the pool. */
  #starts = new Int32Array(513);
  #pool = Buffer.allocUnsafeSlow(16_384);
  #poolView = new DataView(this.#pool.buffer);
  #fill = 0;
  readonly #large = Buffer.alloc(8);

  /** Forgets all keys. */
  clear(): void {
    this.size = 1;
    this.#fill = 0;
    this.#starts[1] = 0;
    this.#slots.fill(0);
  }

  /** Number of a key in a column of integers or texts. */
  group(key: string | number | bigint | null): number {
    if (key === null) return NULL_GROUP;
    if (typeof key === 'number') return this.integer(key);
    if (typeof key === 'bigint') {
      if (Number.isSafeInteger(Number(key))) return this.integer(Number(key));
      this.#large.writeBigInt64BE(key);
      return this.#bytes(KIND.integer, this.#large, 0, 8);
    }
    // Written where it will stand if it is new.
    const most = 3 * key.length;
    this.#room(most);
    const length = this.#pool.write(key, this.#fill, 'utf8');
    return this.#bytes(KIND.text, this.#pool, this.#fill, this.#fill + length);
  }

  /** Number of a text that is bytes in UTF-8. */
  text(bytes: Buffer, from: number, to: number): number {
    return this.#bytes(KIND.text, bytes, from, to);
  }

  /** Number of a safe integer. */
  integer(key: number): number {
    const hash = Math.imul(key ^ Math.imul(Math.floor(key / 2 ** 32), 0x85ebca77), 0x9e3779b1);
    const mask = this.#slots.length - 1;
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const group = this.#slots[place] ?? 0;
      if (group === 0) break;
      if (this.#numbers[group] === key && this.#kinds[group] === KIND.safe) return group;
      place = (place + 1) & mask;
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
    return kind === KIND.safe ? 8 : (this.#starts[group + 1] ?? 0) - (this.#starts[group] ?? 0);
  }

  /** Writes a key: nothing, a double, a big-endian integer or a text. */
  put(target: Buffer, at: number, group: number): void {
    const kind = this.kind(group);
    if (kind === KIND.safe) target.writeDoubleLE(this.#numbers[group] ?? 0, at);
    else if (kind !== KIND.null)
      this.#pool.copy(target, at, this.#starts[group], this.#starts[group + 1]);
  }

  /** All groups in SQLite's order. */
  sorted(): Int32Array {
    const groups = Int32Array.from({ length: this.size }, (_, group) => group);
    // Times come nearly in order: where they are in order, there is nothing to do.
    for (let place = 1; place < groups.length; place++) {
      if (this.#compare(place - 1, place) > 0) return this.#sort(groups);
    }
    return groups;
  }

  #sort(groups: Int32Array): Int32Array {
    if (!this.#kinds.subarray(1, this.size).every((kind) => kind === KIND.safe)) {
      return groups.sort((a, b) => this.#compare(a, b));
    }
    // Numbers sort faster than places of numbers.
    const numbers = this.#numbers.slice(1, this.size).sort();
    for (const [place, number] of numbers.entries()) groups[place + 1] = this.integer(number);
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
    const [from, other] = [this.#starts[a] ?? 0, this.#starts[b] ?? 0];
    const length = (this.#starts[a + 1] ?? 0) - from;
    const otherLength = (this.#starts[b + 1] ?? 0) - other;
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
      : this.#pool.readBigInt64BE(this.#starts[group]);
  }

  #bytes(kind: number, bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    // The ends of identifiers, addresses and ARNs tell them apart.
    let hash = Math.imul(length ^ kind, 0x85ebca77);
    let at = Math.max(from, to - HASHED);
    const view = bytes === this.#pool ? this.#poolView : viewOf(bytes);
    for (; at + 4 < to; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    // The last word may overlap the one before.
    if (length >= 4) hash = Math.imul(hash ^ view.getInt32(to - 4), 0x01000193);
    else for (; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    const mask = this.#slots.length - 1;
    let place = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const group = this.#slots[place] ?? 0;
      if (group === 0) break;
      if (this.#hashes[group] === hash && this.#holds(group, kind, bytes, view, from, length))
        return group;
      place = (place + 1) & mask;
    }
    this.#room(length);
    // Of a text that was written into the pool to be looked up, this is its own place.
    bytes.copy(this.#pool, this.#fill, from, to);
    this.#fill += length;
    const group = this.#add(kind, hash, place);
    return group;
  }

  #holds(
    group: number,
    kind: number,
    bytes: Buffer,
    view: DataView,
    from: number,
    length: number,
  ): boolean {
    const start = this.#starts[group] ?? 0;
    if (this.#kinds[group] !== kind || (this.#starts[group + 1] ?? 0) - start !== length)
      return false;
    const pool = this.#pool;
    const poolView = this.#poolView;
    let index = 0;
    for (; index + 4 < length; index += 4) {
      if (poolView.getInt32(start + index) !== view.getInt32(from + index)) return false;
    }
    if (length >= 4)
      return poolView.getInt32(start + length - 4) === view.getInt32(from + length - 4);
    for (; index < length; index++) {
      if (pool[start + index] !== bytes[from + index]) return false;
    }
    return true;
  }

  /** A new group; its bytes, if it has some, end at the pool's end. */
  #add(kind: number, hash: number, place: number): number {
    const group = this.size++;
    if (group === this.#kinds.length) this.#growGroups();
    this.#slots[place] = group;
    this.#kinds[group] = kind;
    this.#hashes[group] = hash;
    this.#starts[group + 1] = this.#fill;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return group;
  }

  #growGroups(): void {
    const size = this.#kinds.length * 2;
    this.#kinds = copied(this.#kinds, new Uint8Array(size));
    this.#hashes = copied(this.#hashes, new Int32Array(size));
    this.#numbers = copied(this.#numbers, new Float64Array(size));
    this.#starts = copied(this.#starts, new Int32Array(size + 1));
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let group = 1; group < this.size; group++) {
      const hash = this.#hashes[group] ?? 0;
      let place = (hash ^ (hash >>> 15)) & mask;
      while (slots[place] !== 0) place = (place + 1) & mask;
      slots[place] = group;
    }
    this.#slots = slots;
  }

  #room(bytes: number): void {
    if (this.#fill + bytes <= this.#pool.length) return;
    const pool = Buffer.allocUnsafeSlow(this.#pool.length * 2 + bytes);
    this.#pool.copy(pool, 0, 0, this.#fill);
    this.#pool = pool;
    this.#poolView = new DataView(pool.buffer);
  }
}

function copied<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
