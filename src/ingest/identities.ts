/** Identities of all records, by source: which records share theirs with another. */

/** Records of a source whose identities are held in memory (64 MiB); of more, SQLite finds out by itself. */
const MOST = 2 ** 22;

/** Identities of some rows: `ids` and `identities` in pairs. */
export interface IdentityList {
  readonly source: string;
  readonly ids: Float64Array;
  readonly identities: Float64Array;
}

/** A list of doubles that grows: eight bytes each, nothing for the garbage collector. */
class Doubles {
  #numbers = new Float64Array(1024);
  length = 0;

  append(more: Float64Array): void {
    const length = this.length + more.length;
    if (length > this.#numbers.length) {
      const larger = new Float64Array(Math.max(length, 2 * this.#numbers.length));
      larger.set(this.numbers());
      this.#numbers = larger;
    }
    this.#numbers.set(more, this.length);
    this.length = length;
  }

  /** What it holds, not copied. */
  numbers(): Float64Array<ArrayBuffer> {
    return this.#numbers.subarray(0, this.length);
  }
}

interface Own {
  readonly ids: Doubles;
  readonly identities: Doubles;
}

/** Gathers what the workers saw. */
export class Identities {
  /** By source; undefined where they were too many to hold. */
  readonly #sources = new Map<string, Own | undefined>();

  add(lists: readonly IdentityList[]): void {
    for (const { source, ids, identities } of lists) {
      if (!this.#sources.has(source)) {
        this.#sources.set(source, { ids: new Doubles(), identities: new Doubles() });
      }
      const own = this.#sources.get(source);
      own?.ids.append(ids);
      own?.identities.append(identities);
      if (own !== undefined && own.ids.length > MOST) this.#sources.set(source, undefined);
    }
  }

  /** True if the source has records. */
  any(source: string): boolean {
    return this.#sources.has(source);
  }

  /** Row ids of the records that share their identity, ascending; undefined if there were too many to hold. */
  shared(source: string): Float64Array | undefined {
    const own = this.#sources.get(source);
    return own === undefined ? undefined : sharedIds(own.ids.numbers(), own.identities.numbers());
  }
}

function sharedIds(ids: Float64Array, identities: Float64Array<ArrayBuffer>): Float64Array {
  // Identities are hashes: half the bits of their form as doubles spread them well.
  const bits = new Uint32Array(identities.buffer);
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * identities.length + 2)));
  const mask = slots.length - 1;
  const found = new Set<number>();
  for (let index = 0; index < identities.length; index++) {
    const identity = identities[index];
    let place = ((bits[2 * index] ?? 0) ^ (bits[2 * index + 1] ?? 0)) & mask;
    // A place holds one more than an index: 0 is empty.
    let first = slots[place] ?? 0;
    while (first !== 0 && identities[first - 1] !== identity) {
      place = (place + 1) & mask;
      first = slots[place] ?? 0;
    }
    if (first === 0) {
      slots[place] = index + 1;
    } else {
      found.add(ids[first - 1] ?? 0);
      found.add(ids[index] ?? 0);
    }
  }
  return Float64Array.from(found).sort();
}
