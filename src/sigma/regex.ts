/**
 * Regular expressions in time that grows with the text alone, whatever the expression: all ways through it are followed
 * at once (Thompson's construction), and what a set of ways does at a kind of character is remembered. What cannot be
 * decided so, such as backreferences and look-around, is refused with its reason.
 * Sigma Modifiers Appendix, "Regular Expression": PCRE, of which rules may use `. ^ $ * + ? {n,m} [] () |`; accepted
 * besides: `\d \w \s` and their opposites, `\b \B \A \z \Z`, `\t \n \r \f \v \xHH \x{H} \uHHHH`, POSIX classes,
 * non-greedy and non-capturing forms, and flags `(?i) (?m) (?s)` at the start or for a group.
 */
import { fold } from './pattern.ts';

/** Flags: letters of either case are one; `^` and `$` at each line; `.` also a line's end. */
export interface RegexFlags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** A compiled expression. */
export interface Regex {
  readonly source: string;
  readonly flags: RegexFlags;
  /** ASCII text, in lower case, that every text it matches holds in some case; empty where none is certain. */
  readonly needs: string;
  /** True if it matches somewhere in the text. */
  readonly test: (text: string) => boolean;
}

/** Why an expression is not accepted, and where in it. */
export class RegexProblem extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** States of one expression; `{1,1000}` of a group multiplies them. */
const MAX_STATES = 5000;
/** Sets of states, and steps between them, that are remembered; beyond it they are forgotten and made anew. */
const MAX_SETS = 2000;
const MAX_STEPS = 100_000;
const MAX_DEPTH = 100;

type Range = readonly [number, number];

type Tree =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'cat' | 'alt'; readonly items: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly item: Tree; readonly min: number; readonly max: number };

/** Places without a character: line or text ends, word boundary or none; `z` is the very end. */
type Assertion = '^' | '$' | 'A' | 'Z' | 'z' | 'b' | 'B';

const LAST = 0x10ffff;
const DIGIT: readonly Range[] = [[0x30, 0x39]];
const WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const POSIX: Readonly<Record<string, readonly Range[]>> = {
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  digit: DIGIT,
  lower: [[0x61, 0x7a]],
  upper: [[0x41, 0x5a]],
  space: SPACE,
  word: WORD,
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  print: [[0x20, 0x7e]],
  graph: [[0x21, 0x7e]],
};
const ESCAPES: Readonly<Record<string, number>> = {
  t: 9,
  n: 10,
  r: 13,
  f: 12,
  v: 11,
  a: 7,
  e: 27,
  '0': 0,
};

/**
 * Compiles an expression.
 * @throws RegexProblem for what is no expression, or none that is accepted.
 */
export function compileRegex(source: string, flags: RegexFlags): Regex {
  const tree = new Parser(source, flags).all();
  const program = new Program();
  const start = program.add(tree, program.match);
  const machine = new Machine(program, start);
  return { source, flags, needs: longest(needed(tree)), test: (text) => machine.test(text) };
}

/** Texts that must be in what a tree matches, each where the one before was interrupted. */
function needed(tree: Tree): readonly string[] {
  switch (tree.kind) {
    case 'set':
      return [onlyLetter(tree.ranges)];
    case 'cat': {
      const texts = [''];
      for (const item of tree.items) {
        const [first = '', ...rest] = item.kind === 'assert' ? [] : needed(item);
        texts[texts.length - 1] = `${texts.at(-1) ?? ''}${first}`;
        // Anything but one certain character ends the text.
        if (item.kind !== 'assert' && (item.kind !== 'set' || first === ''))
          texts.push(...rest, '');
      }
      return texts;
    }
    case 'repeat':
      return tree.min > 0 ? ['', ...needed(tree.item), ''] : [];
    case 'alt':
    case 'assert':
      return [];
  }
}

/** The one ASCII character that a set stands for, in lower case; empty where it stands for several. */
function onlyLetter(ranges: readonly Range[]): string {
  const letters = new Set<string>();
  for (const [low, high] of ranges) {
    if (low !== high || low > 0x7e || low < 0x20) return '';
    letters.add(String.fromCodePoint(low).toLowerCase());
  }
  const [only = ''] = letters;
  return letters.size === 1 ? only : '';
}

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '');
}

class Parser {
  readonly #source: string;
  #flags: RegexFlags;
  #at = 0;
  #depth = 0;

  constructor(source: string, flags: RegexFlags) {
    this.#source = source;
    this.#flags = flags;
  }

  all(): Tree {
    const tree = this.#alternatives();
    if (this.#at < this.#source.length)
      throw new RegexProblem('a ")" that closes nothing', this.#at);
    return tree;
  }

  #alternatives(): Tree {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new RegexProblem('groups nested too deep', this.#at);
    const before = this.#flags;
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#flags = before;
    this.#depth -= 1;
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'alt', items };
  }

  #sequence(): Tree {
    const items: Tree[] = [];
    while (this.#at < this.#source.length) {
      const next = this.#source[this.#at];
      if (next === '|' || next === ')') break;
      const item = this.#atom();
      if (item !== undefined) items.push(this.#repeated(item));
    }
    return { kind: 'cat', items };
  }

  #repeated(item: Tree): Tree {
    let tree = item;
    for (;;) {
      const at = this.#at;
      const [, low = '', comma, high = ''] =
        /^\{(\d*)(,?)(\d*)\}/.exec(this.#source.slice(at, at + 24)) ?? [];
      let range: readonly [number, number] | undefined;
      if (this.#take('*')) range = [0, Infinity];
      else if (this.#take('+')) range = [1, Infinity];
      else if (this.#take('?')) range = [0, 1];
      else if (comma !== undefined && (low !== '' || high !== '')) {
        this.#at += low.length + comma.length + high.length + 2;
        const min = Number(low);
        range = [min, comma === '' ? min : high === '' ? Infinity : Number(high)];
      }
      if (range === undefined) return tree;
      if (tree !== item) throw new RegexProblem('a quantifier after a quantifier', at);
      if (range[0] > range[1]) throw new RegexProblem('a range that ends before it begins', at);
      if (item.kind === 'assert') throw new RegexProblem('a quantifier of nothing', at);
      if (this.#take('+')) throw new RegexProblem('possessive quantifiers are not supported', at);
      // Non-greedy: which match is found first does not matter where only one is asked for.
      this.#take('?');
      tree = { kind: 'repeat', item, min: range[0], max: range[1] };
    }
  }

  /** Undefined for flags, which stand for nothing. */
  #atom(): Tree | undefined {
    const at = this.#at;
    const point = this.#source.codePointAt(at) ?? 0;
    const character = String.fromCodePoint(point);
    this.#at += character.length;
    switch (character) {
      case '.':
        return set(this.#flags.s ? [[0, LAST]] : outside([[0x0a, 0x0a]]));
      case '^':
        return { kind: 'assert', what: this.#flags.m ? '^' : 'A' };
      case '$':
        return { kind: 'assert', what: this.#flags.m ? '$' : 'Z' };
      case '[':
        return this.#class(at);
      case '(':
        return this.#group(at);
      case '\\':
        return this.#escape(at);
      case '*':
      case '+':
      case '?':
        throw new RegexProblem(`nothing before "${character}" to repeat`, at);
      default:
        return this.#character(point);
    }
  }

  #character(point: number): Tree {
    return set(this.#cases([[point, point]]));
  }

  /** The ranges, and where case does not matter what folds to the same. */
  #cases(ranges: readonly Range[]): readonly Range[] {
    if (!this.#flags.i) return ranges;
    const more: Range[] = [...ranges];
    for (const [low, high] of ranges) {
      // Beyond the Basic Latin and its neighbours only ranges that a person would write out.
      if (high - low > 0x3000) continue;
      for (let point = low; point <= high; point += 1) {
        for (const other of variants(point)) more.push([other, other]);
      }
    }
    return more;
  }

  #group(at: number): Tree | undefined {
    const before = this.#flags;
    if (this.#take('?')) {
      const [whole, on = '', off = '', end] =
        /^([ims]*)(?:-([ims]+))?([:)])/.exec(this.#source.slice(this.#at)) ?? [];
      if (whole === undefined) {
        const named = /^(?:P?<[A-Za-z_]\w*>)/.exec(this.#source.slice(this.#at));
        if (named === null) {
          throw new RegexProblem('look-around, conditions and atomic groups are not supported', at);
        }
        this.#at += named[0].length;
      } else {
        this.#at += whole.length;
        const flag = (name: keyof RegexFlags): boolean =>
          !off.includes(name) && (on.includes(name) || this.#flags[name]);
        this.#flags = { i: flag('i'), m: flag('m'), s: flag('s') };
        if (end === ')') return undefined;
      }
    }
    const tree = this.#alternatives();
    if (!this.#take(')')) throw new RegexProblem('a "(" that nothing closes', at);
    this.#flags = before;
    return tree;
  }

  #escape(at: number): Tree {
    const character = this.#source[this.#at] ?? '';
    if (character === '') throw new RegexProblem('a backslash at the end', at);
    if ('bBAzZ'.includes(character)) {
      this.#at += 1;
      return { kind: 'assert', what: character as Assertion };
    }
    if (/[1-9]/.test(character)) throw new RegexProblem('backreferences are not supported', at);
    return set(this.#cases(this.#escaped(at)));
  }

  /** What an escape stands for, in a class or outside. */
  #escaped(at: number): readonly Range[] {
    const point = this.#source.codePointAt(this.#at) ?? 0;
    const character = String.fromCodePoint(point);
    this.#at += character.length;
    switch (character) {
      case 'd':
        return DIGIT;
      case 'D':
        return outside(DIGIT);
      case 'w':
        return WORD;
      case 'W':
        return outside(WORD);
      case 's':
        return SPACE;
      case 'S':
        return outside(SPACE);
      case 'x':
      case 'u': {
        const [whole, braced, plain] =
          /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2,4}))/.exec(
            this.#source.slice(this.#at, this.#at + 8),
          ) ?? [];
        const digits = braced ?? plain?.slice(0, character === 'x' ? 2 : 4);
        if (whole === undefined || digits === undefined || Number(`0x${digits}`) > LAST) {
          throw new RegexProblem('an escape without its hexadecimal digits', at);
        }
        this.#at += braced === undefined ? digits.length : whole.length;
        return [[Number(`0x${digits}`), Number(`0x${digits}`)]];
      }
      default: {
        const special = ESCAPES[character];
        if (special !== undefined) return [[special, special]];
        if (/[A-Za-z1-9]/.test(character)) {
          throw new RegexProblem(`the escape \\${character} is not supported`, at);
        }
        return [[point, point]];
      }
    }
  }

  #class(at: number): Tree {
    const negative = this.#take('^');
    const ranges: Range[] = [];
    for (let first = true; ; first = false) {
      const here = this.#at;
      if (here >= this.#source.length) throw new RegexProblem('a "[" that nothing closes', at);
      // A "]" that is the first is itself.
      if (!first && this.#take(']')) break;
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.#source.slice(here, here + 14));
      if (posix !== null) {
        const named = POSIX[posix[2] ?? ''];
        if (named === undefined) throw new RegexProblem('an unknown class of characters', here);
        this.#at += posix[0].length;
        ranges.push(...(posix[1] === '^' ? outside(named) : named));
        continue;
      }
      const low = this.#classItem(here);
      const [single] = low;
      const isRange =
        this.#source[this.#at] === '-' &&
        this.#at + 1 < this.#source.length &&
        this.#source[this.#at + 1] !== ']';
      if (!isRange || low.length !== 1 || single?.[0] !== single?.[1] || single === undefined) {
        ranges.push(...low);
        continue;
      }
      this.#at += 1;
      const [high, more] = this.#classItem(this.#at);
      if (high === undefined || more !== undefined || high[0] !== high[1] || high[0] < single[0]) {
        throw new RegexProblem('a range of characters that is none', here);
      }
      ranges.push([single[0], high[0]]);
    }
    const wide = this.#cases(ranges);
    return set(negative ? outside(wide) : wide);
  }

  #classItem(at: number): readonly Range[] {
    const point = this.#source.codePointAt(this.#at) ?? 0;
    this.#at += String.fromCodePoint(point).length;
    if (point !== 0x5c) return [[point, point]];
    if (this.#at >= this.#source.length) throw new RegexProblem('a backslash at the end', at);
    if (this.#source[this.#at] === 'b') {
      this.#at += 1;
      return [[8, 8]];
    }
    return this.#escaped(at);
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}

function set(ranges: readonly Range[]): Tree {
  return { kind: 'set', ranges };
}

/** Characters that fold to the same as this one. */
function variants(point: number): readonly number[] {
  const character = String.fromCodePoint(point);
  const folded = fold(character);
  return [character.toLowerCase(), character.toUpperCase()]
    .filter((other) => Array.from(other).length === 1 && fold(other) === folded)
    .map((other) => other.codePointAt(0) ?? point)
    .filter((other) => other !== point);
}

/** All characters but these. */
function outside(ranges: readonly Range[]): readonly Range[] {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const out: Range[] = [];
  let next = 0;
  for (const [low, high] of sorted) {
    if (low > next) out.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= LAST) out.push([next, LAST]);
  return out;
}

/** A state: goes on at a character of the set, or without one to each of `to`; `what` must hold at the place. */
interface State {
  readonly ranges: readonly Range[] | undefined;
  readonly what: Assertion | undefined;
  readonly to: number[];
}

class Program {
  readonly states: State[] = [];
  readonly match: number = this.#push({ ranges: undefined, what: undefined, to: [] });

  /** Adds a tree that goes on at `next`; its first state. */
  add(tree: Tree, next: number): number {
    switch (tree.kind) {
      case 'set':
        return this.#push({ ranges: tree.ranges, what: undefined, to: [next] });
      case 'assert':
        return this.#push({ ranges: undefined, what: tree.what, to: [next] });
      case 'cat':
        return tree.items.reduceRight((after, item) => this.add(item, after), next);
      case 'alt': {
        const to = tree.items.map((item) => this.add(item, next));
        return this.#push({ ranges: undefined, what: undefined, to });
      }
      case 'repeat':
        return this.#repeat(tree.item, tree.min, tree.max, next);
    }
  }

  #repeat(item: Tree, min: number, max: number, next: number): number {
    let at = next;
    if (max === Infinity) {
      const loop: State = { ranges: undefined, what: undefined, to: [next] };
      at = this.#push(loop);
      loop.to.push(this.add(item, at));
    } else {
      for (let more = max - min; more > 0; more -= 1) {
        at = this.#push({ ranges: undefined, what: undefined, to: [next, this.add(item, at)] });
      }
    }
    for (let left = min; left > 0; left -= 1) at = this.add(item, at);
    return at;
  }

  #push(state: State): number {
    if (this.states.length >= MAX_STATES) {
      throw new RegexProblem(`the expression has more than ${String(MAX_STATES)} states`, 0);
    }
    this.states.push(state);
    return this.states.length - 1;
  }
}

/** What stands before a place: nothing, a line's end, a character of words, another. */
type Before = 0 | 1 | 2 | 3;
const END = -1;

/** States that may be entered at a place, with what stands before it; what came of characters that were seen there. */
interface Place {
  readonly states: readonly number[];
  readonly before: Before;
  readonly next: Map<number, Place | true>;
}

class Machine {
  readonly #program: Program;
  readonly #start: number;
  #places = new Map<string, Place>();
  #steps = 0;
  #first: Place;

  constructor(program: Program, start: number) {
    this.#program = program;
    this.#start = start;
    this.#first = this.#place([start], 0);
  }

  test(text: string): boolean {
    let place = this.#first;
    for (let at = 0; at < text.length;) {
      const point = text.codePointAt(at) ?? 0;
      at += point > 0xffff ? 2 : 1;
      // A line feed before the end is the end for "$", so the two are told apart.
      const symbol = point === 0x0a && at === text.length ? LAST + 1 : point;
      const next = place.next.get(symbol) ?? this.#step(place, symbol);
      if (next === true) return true;
      place = next;
    }
    return (place.next.get(END) ?? this.#step(place, END)) === true;
  }

  #step(place: Place, symbol: number): Place | true {
    const point = symbol > LAST ? 0x0a : symbol;
    const reached = this.#closure(place, symbol);
    let next: Place | true;
    if (reached.has(this.#program.match)) next = true;
    else {
      const states = new Set<number>();
      for (const index of reached) {
        const state = this.#program.states[index];
        if (state?.ranges !== undefined && inRanges(state.ranges, point)) {
          for (const to of state.to) states.add(to);
        }
      }
      // A match may begin anywhere.
      states.add(this.#start);
      next = this.#place(
        [...states].sort((a, b) => a - b),
        beforeOf(point),
      );
    }
    place.next.set(symbol, next);
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) this.#forget();
    return next;
  }

  /** States that are reached without a character, as far as what stands around the place lets them. */
  #closure(place: Place, symbol: number): ReadonlySet<number> {
    const seen = new Set<number>(place.states);
    const open = [...place.states];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = this.#program.states[index];
      if (state === undefined || state.ranges !== undefined) continue;
      if (state.what !== undefined && !holds(state.what, place.before, symbol)) continue;
      for (const to of state.to) {
        if (seen.has(to)) continue;
        seen.add(to);
        open.push(to);
      }
    }
    return seen;
  }

  #place(states: readonly number[], before: Before): Place {
    const key = `${String(before)} ${states.join(' ')}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.#places.size >= MAX_SETS) this.#forget();
    const place: Place = { states, before, next: new Map() };
    this.#places.set(key, place);
    return place;
  }

  #forget(): void {
    this.#places = new Map();
    this.#steps = 0;
    this.#first = { ...this.#first, next: new Map() };
  }
}

function inRanges(ranges: readonly Range[], point: number): boolean {
  return point >= 0 && ranges.some(([low, high]) => point >= low && point <= high);
}

function beforeOf(point: number): Before {
  if (point === 0x0a) return 1;
  return inRanges(WORD, point) ? 2 : 3;
}

function holds(what: Assertion, before: Before, symbol: number): boolean {
  const word = symbol >= 0 && symbol <= LAST && inRanges(WORD, symbol);
  switch (what) {
    case 'A':
      return before === 0;
    case '^':
      return before === 0 || (before === 1 && symbol !== END);
    case 'z':
      return symbol === END;
    case 'Z':
      return symbol === END || symbol > LAST;
    case '$':
      return symbol === END || symbol === 0x0a || symbol > LAST;
    case 'b':
      return word !== (before === 2);
    case 'B':
      return word === (before === 2);
  }
}
