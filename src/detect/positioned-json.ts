/** JSON that remembers where each value stands, so that a mistake in a pattern can be pointed at; members may repeat. */
import { ExhibitError } from '../core/errors.ts';

/** A value and the offset of its first character in the text, in UTF-16 units. */
export type Node =
  | { readonly kind: 'object'; readonly at: number; readonly members: readonly Member[] }
  | { readonly kind: 'array'; readonly at: number; readonly items: readonly Node[] }
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'number'; readonly at: number; readonly value: number | bigint }
  | { readonly kind: 'literal'; readonly at: number; readonly value: boolean | null };

/** A member of an object; `at` is where its name stands. */
export interface Member {
  readonly name: string;
  readonly at: number;
  readonly value: Node;
}

/** Patterns nest a few levels; more than this is somebody's attempt at our stack. */
const MAX_DEPTH = 200;

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\[^])*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * The error for a text that is not what it should be at a place.
 * @param offset of the first character that is wrong.
 */
export function misfit(
  text: string,
  offset: number,
  expected: string,
  found: string,
): ExhibitError {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return new ExhibitError(
    'E_PATTERN',
    `line ${String(line)}, column ${String(column)}: expected ${expected}, found ${found}`,
    { where: { line } },
  );
}

/** What a value is, for messages. */
export function kindOf(node: Node): string {
  switch (node.kind) {
    case 'object':
      return 'an object';
    case 'array':
      return node.items.length === 0 ? 'an empty array' : 'an array';
    case 'string':
      return node.value === '' ? 'an empty string' : 'a string';
    case 'number':
      return 'a number';
    case 'literal':
      return String(node.value);
  }
}

/**
 * Reads a whole text.
 * @throws ExhibitError `E_PATTERN` with line, column and what was expected.
 */
export function readJson(text: string): Node {
  const start = text.startsWith('\ufeff') ? 1 : 0;
  const reader = new Reader(text, start);
  const node = reader.value(0);
  reader.end();
  return node;
}

/** The last member of that name. */
export function memberOf(node: Node, name: string): Node | undefined {
  return node.kind === 'object'
    ? node.members.findLast((member) => member.name === name)?.value
    : undefined;
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  value(depth: number): Node {
    this.#skip();
    const at = this.#at;
    if (depth > MAX_DEPTH) {
      throw misfit(this.#text, at, `at most ${String(MAX_DEPTH)} levels`, 'more');
    }
    if (this.#next('{')) return this.#object(at, depth);
    if (this.#next('[')) return this.#array(at, depth);
    if (this.#text[at] === '"') return { kind: 'string', at, value: this.#string() };
    const number = this.#match(NUMBER);
    if (number !== undefined) return { kind: 'number', at, value: numberOf(number) };
    const word = this.#match(WORD);
    if (word !== undefined) return { kind: 'literal', at, value: WORDS[word] ?? null };
    throw this.#wrong('a JSON value');
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.#wrong('the end of the text');
  }

  #object(at: number, depth: number): Node {
    const members: Member[] = [];
    this.#skip();
    if (this.#next('}')) return { kind: 'object', at, members };
    for (;;) {
      this.#skip();
      const named = this.#at;
      if (this.#text[named] !== '"') throw this.#wrong('the name of a member in quotes');
      const name = this.#string();
      this.#skip();
      if (!this.#next(':')) throw this.#wrong('":"');
      members.push({ name, at: named, value: this.value(depth + 1) });
      this.#skip();
      if (this.#next('}')) return { kind: 'object', at, members };
      if (!this.#next(',')) throw this.#wrong('"," or "}"');
    }
  }

  #array(at: number, depth: number): Node {
    const items: Node[] = [];
    this.#skip();
    if (this.#next(']')) return { kind: 'array', at, items };
    for (;;) {
      items.push(this.value(depth + 1));
      this.#skip();
      if (this.#next(']')) return { kind: 'array', at, items };
      if (!this.#next(',')) throw this.#wrong('"," or "]"');
    }
  }

  #string(): string {
    const at = this.#at;
    const source = this.#match(STRING);
    if (source === undefined) throw misfit(this.#text, at, 'a closing quote', 'the end');
    try {
      return JSON.parse(source) as string;
    } catch {
      // JSON.parse raises one error: the escapes or control characters in it are none of JSON's.
      throw misfit(this.#text, at, 'a JSON string', 'one with a control character or a bad escape');
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #next(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    this.#match(SPACE);
  }

  #wrong(expected: string): ExhibitError {
    const found = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const end = this.#at >= this.#text.length;
    return misfit(this.#text, this.#at, expected, end ? 'the end' : JSON.stringify(found));
  }
}

function numberOf(source: string): number | bigint {
  const value = Number(source);
  return /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? BigInt(source) : value;
}
