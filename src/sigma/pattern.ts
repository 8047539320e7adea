/**
 * Strings of rules: text, `*` for any text and `?` for one character, compared without regard to case.
 * Sigma Rules Specification, "String Wildcard" and "Escaping".
 */

/** A piece of a string: text, any number of characters, or exactly one. */
export type Piece = { readonly text: string } | '*' | '?';

/** The pieces of a string; neighbouring texts are one, `*` never stands twice in a row. */
export type Pattern = readonly Piece[];

/**
 * Text as rules and values have it: U+FFFD in the place of U+0000, at which SQLite ends a text, and of halves of
 * surrogate pairs, which UTF-8 has not.
 */
export function normal(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The string of a rule with its escapes resolved: a backslash counts only before `*`, `?` or a backslash. */
export function parsePattern(word: string): Pattern {
  const source = normal(word);
  const pieces: Piece[] = [];
  let text = '';
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at] ?? '';
    const next = source[at + 1];
    if (character === '\\' && (next === '*' || next === '?' || next === '\\')) {
      text += next;
      at += 1;
    } else if (character === '*' || character === '?') {
      pieces.push({ text }, character);
      text = '';
    } else text += character;
  }
  pieces.push({ text });
  return tidy(pieces);
}

/** A string without wildcards. */
export function plainPattern(text: string): Pattern {
  return tidy([{ text: normal(text) }]);
}

/** The pieces of several patterns, one after another. */
export function joinPatterns(...patterns: readonly Pattern[]): Pattern {
  return tidy(patterns.flat());
}

function tidy(pieces: readonly Piece[]): Pattern {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (piece === '*') {
      if (last !== '*') out.push(piece);
    } else if (piece === '?') out.push(piece);
    else if (piece.text !== '') {
      if (typeof last === 'object') out[out.length - 1] = { text: last.text + piece.text };
      else out.push(piece);
    }
  }
  return out;
}

/** The text of a pattern without wildcards; undefined where it has one. */
export function plainText(pattern: Pattern): string | undefined {
  const [only, more] = pattern;
  if (more !== undefined) return undefined;
  if (only === undefined) return '';
  return typeof only === 'object' ? only.text : undefined;
}

const ASCII = /^\p{ASCII}*$/u;

/** True if every character is ASCII. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/**
 * Letters in lower case, one character for one: `É` is `é`, while a letter whose lower case is longer, or ASCII without
 * being ASCII itself (the Kelvin sign), stays. So SQLite's own comparison, which knows ASCII only, decides the same
 * wherever the rule's text is ASCII.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  let out = '';
  for (const character of text) out += foldOne(character);
  return out;
}

function foldOne(character: string): string {
  const lower = character.toLowerCase();
  if (ASCII.test(character)) return lower;
  return Array.from(lower).length === 1 && !ASCII.test(lower) ? lower : character;
}

/**
 * A test of texts, made once for a pattern. Each part goes to the first place where it fits: there is no way back, so
 * that time is bounded by the lengths of both.
 */
export function matcher(pattern: Pattern, cased: boolean): (value: string) => boolean {
  const change = cased ? (text: string): string => text : fold;
  const plain = plainText(pattern);
  if (plain !== undefined) {
    const wanted = change(plain);
    return (value) => change(value) === wanted;
  }
  const parts = split(pattern, change);
  const [first = ANY_LENGTH, ...rest] = parts;
  const last = rest.pop();
  return (text) => {
    const value = change(text);
    // Positions count characters only where a pattern does; else UTF-16 units are quicker and come to the same.
    const characters = pattern.includes('?') ? Array.from(value) : value;
    if (last === undefined) return characters.length === first.length && fits(first, characters, 0);
    const stop = characters.length - last.length;
    if (first.length > stop || !fits(first, characters, 0) || !fits(last, characters, stop)) {
      return false;
    }
    let at: number = first.length;
    for (const part of rest) {
      at = find(part, characters, at, stop);
      if (at < 0) return false;
    }
    return true;
  };
}

/** What stands between two `*`: its text, or its characters where `?` (null) is among them. */
type Part = string | readonly (string | null)[];
const ANY_LENGTH: Part = '';

function split(pattern: Pattern, change: (text: string) => string): readonly Part[] {
  const parts: (string | null)[][] = [[]];
  for (const piece of pattern) {
    const part = parts.at(-1) ?? [];
    if (piece === '*') parts.push([]);
    else if (piece === '?') part.push(null);
    else part.push(...Array.from(change(piece.text)));
  }
  return pattern.includes('?') ? parts : parts.map((part) => part.join(''));
}

function fits(part: Part, value: string | readonly string[], at: number): boolean {
  if (typeof part === 'string') return typeof value === 'string' && value.startsWith(part, at);
  return part.every((one, index) =>
    one === null ? at + index < value.length : one === value[at + index],
  );
}

/** Where what follows the part begins, or -1. */
function find(part: Part, value: string | readonly string[], from: number, stop: number): number {
  if (typeof part === 'string' && typeof value === 'string') {
    const at = value.indexOf(part, from);
    return at < 0 || at + part.length > stop ? -1 : at + part.length;
  }
  for (let at = from; at + part.length <= stop; at += 1) {
    if (fits(part, value, at)) return at + part.length;
  }
  return -1;
}

/** SQLite's LIKE pattern with `\` as its escape. */
export function likePattern(pattern: Pattern): string {
  return pattern
    .map((piece) => {
      if (piece === '*') return '%';
      return piece === '?' ? '_' : piece.text.replaceAll(/[%_\\]/g, '\\$&');
    })
    .join('');
}

/** The pattern as a rule would write it. */
export function patternText(pattern: Pattern): string {
  return pattern
    .map((piece) => (typeof piece === 'string' ? piece : piece.text.replaceAll(/[*?\\]/g, '\\$&')))
    .join('');
}
