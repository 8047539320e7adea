/** Identities of all records, by source: which records share theirs with another. */

import { joinDoubles } from '../core/doubles.ts';

/** Records of a source whose identities are held in memory (64 MiB); of more, SQLite finds out by itself. */
const MOST = 2 ** 22;

/** Identities of some rows: `ids` and `identities` in pairs. */
export interface IdentityList {
  readonly source: string;
  readonly ids: Float64Array;
  readonly identities: Float64Array;
}

/** Gathers what the workers saw. */
export class Identities {
  readonly #sources = new Map<string, { lists: IdentityList[]; count: number }>();

  add(lists: readonly IdentityList[]): void {
    for (const list of lists) {
      let own = this.#sources.get(list.source);
      if (own === undefined) {
        own = { lists: [], count: 0 };
        this.#sources.set(list.source, own);
      }
      own.count += list.ids.length;
      if (own.count <= MOST) own.lists.push(list);
      else own.lists = [];
    }
  }

  /** True if the source has records. */
  any(source: string): boolean {
    return this.#sources.has(source);
  }

  /** Row ids of the records that share their identity, ascending; undefined if there were too many to hold. Once for each source. */
  shared(source: string): Float64Array | undefined {
    const own = this.#sources.get(source);
    if (own === undefined) return new Float64Array();
    if (own.count > MOST) return undefined;
    const { lists } = own;
    own.lists = [];
    return sharedIds(
      joinDoubles(lists.map(({ ids }) => ids)),
      joinDoubles(lists.map((list) => list.identities)),
    );
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
