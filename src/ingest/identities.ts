/** Identities of all records, by source: which of them occur more than once. */

/** Identities of a source that are held in memory (64 MiB); of more, SQLite finds out by itself. */
const MOST = 2 ** 23;

/** Gathers what the workers saw. */
export class Identities {
  readonly #lists = new Map<string, { readonly pieces: Float64Array[]; count: number }>();

  add(identities: readonly (readonly [source: string, identities: Float64Array])[]): void {
    for (const [source, piece] of identities) {
      let list = this.#lists.get(source);
      if (list === undefined) {
        list = { pieces: [], count: 0 };
        this.#lists.set(source, list);
      }
      list.count += piece.length;
      if (list.count <= MOST) list.pieces.push(piece);
      else list.pieces.length = 0;
    }
  }

  /** True if the source has records. */
  any(source: string): boolean {
    return this.#lists.has(source);
  }

  /** Those that more than one record of the source has, ascending; undefined if there were too many to hold. */
  repeated(source: string): readonly number[] | undefined {
    const list = this.#lists.get(source);
    if (list === undefined) return [];
    if (list.count > MOST) return undefined;
    const all = new Float64Array(list.count);
    let at = 0;
    for (const piece of list.pieces.splice(0)) {
      all.set(piece, at);
      at += piece.length;
    }
    all.sort();
    const repeated: number[] = [];
    for (let index = 1; index < all.length; index++) {
      const identity = all[index] ?? 0;
      if (identity === all[index - 1] && identity !== repeated.at(-1)) repeated.push(identity);
    }
    return repeated;
  }
}
