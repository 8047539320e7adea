/**
 * Modifiers of fields, and what they make of a rule's values.
 * Sigma Modifiers Appendix 2.1.0; where it is silent, what pySigma does (its names `ignorecase`, `multiline` and `dotall`
 * included).
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { kindOf, misfit, type Node } from '../detect/positioned-json.ts';
import type { Leaf, Operator, Place, Test, TimeUnit } from './model.ts';
import {
  joinPatterns,
  normal,
  parsePattern,
  plainPattern,
  plainText,
  type Pattern,
} from './pattern.ts';
import { compileRegex, RegexProblem } from './regex.ts';
import { rangeOf } from './values.ts';

/** Something that a rule may say and that is not supported here: the rule is listed with this reason. */
export class NotCompiled extends Error {}

/** Values that stand for `%name%`. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

const OPERATORS: readonly string[] = ['lt', 'lte', 'gt', 'gte'];
const UNITS: readonly string[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];
const PLACES: Readonly<Record<string, Place>> = {
  startswith: 'start',
  endswith: 'end',
  contains: 'within',
};
const FLAGS: Readonly<Record<string, 'i' | 'm' | 's'>> = {
  i: 'i',
  ignorecase: 'i',
  m: 'm',
  multiline: 'm',
  s: 's',
  dotall: 's',
};
const OTHERS = [
  ...['all', 'cased', 'neq', 're', 'base64', 'base64offset', 'utf16', 'utf16le', 'utf16be', 'wide'],
  ...['windash', 'cidr', 'exists', 'fieldref', 'expand'],
];
const ALL = [...OTHERS, ...OPERATORS, ...UNITS, ...Object.keys(PLACES), ...Object.keys(FLAGS)];

/** Strings that one value may become: dashes of windash, values of placeholders. */
const MAX_FORMS = 1000;
const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'];

/** A string on its way through the modifiers; `bytes` once it has been encoded. */
interface Text {
  readonly pattern: Pattern;
  readonly bytes: Buffer | undefined;
}

/** What a field, its modifiers and its values ask. */
export interface Asked {
  readonly leaf: Leaf<string>;
  readonly negated: boolean;
}

/**
 * Reads a member of a detection.
 * @param key `field|modifier|...`; without a field for keywords.
 * @param at offset of the key.
 * @throws ExhibitError `E_PATTERN` for what is no rule, NotCompiled for what is not supported.
 */
export function readItem(
  text: string,
  key: string,
  at: number,
  values: Node,
  placeholders: Placeholders,
): Asked {
  const [name = '', ...modifiers] = normal(key).split('|');
  for (const one of modifiers) {
    if (!ALL.includes(one)) {
      throw misfit(text, at, 'a modifier of the Sigma specification', JSON.stringify(one));
    }
  }
  const field = name === '' ? undefined : name;
  const list = values.kind === 'array' ? values.items : [values];
  if (list.length === 0) throw misfit(text, values.at, 'a value or more', 'an empty list');
  const item = new Item(text, at, field, modifiers, placeholders);
  return {
    leaf: {
      field,
      named: field,
      tests: list.flatMap((value) => item.tests(value)),
      all: modifiers.includes('all'),
    },
    negated: modifiers.includes('neq'),
  };
}

class Item {
  readonly #text: string;
  readonly #at: number;
  readonly #field: string | undefined;
  readonly #modifiers: readonly string[];
  readonly #placeholders: Placeholders;

  constructor(
    text: string,
    at: number,
    field: string | undefined,
    modifiers: readonly string[],
    placeholders: Placeholders,
  ) {
    this.#text = text;
    this.#at = at;
    this.#field = field;
    this.#modifiers = modifiers;
    this.#placeholders = placeholders;
  }

  /** One value's tests: more than one where a modifier makes several of it, of which one is enough. */
  tests(value: Node): readonly Test<string>[] {
    const has = (name: string): boolean => this.#modifiers.includes(name);
    if (has('exists')) return [this.#exists(value)];
    const unit = this.#modifiers.find((name) => UNITS.includes(name)) as TimeUnit | undefined;
    const operator = this.#modifiers.find((name) => OPERATORS.includes(name)) as
      Operator | undefined;
    if (unit !== undefined) {
      this.#only([unit, ...(operator === undefined ? [] : [operator]), 'all', 'neq']);
      return [{ kind: 'part', unit, operator: operator ?? 'eq', number: this.#number(value) }];
    }
    if (operator !== undefined) {
      this.#only([operator, 'all', 'neq']);
      return [{ kind: 'compare', operator, number: this.#number(value) }];
    }
    if (has('fieldref')) return [this.#fieldref(value)];
    if (has('cidr')) return this.#expanded(value, ['cidr']).map((one) => this.#cidr(value, one));
    if (has('re')) return this.#regexes(value);
    if (value.kind === 'literal' && value.value === null) {
      this.#only(['all', 'neq', 'cased']);
      return [{ kind: 'null' }];
    }
    return this.#strings(value);
  }

  /** Modifiers that make no sense together are a mistake of the rule. */
  #only(allowed: readonly string[]): void {
    const wrong = this.#modifiers.find((name) => !allowed.includes(name));
    if (wrong !== undefined) {
      throw misfit(
        this.#text,
        this.#at,
        `no "${wrong}" beside the others`,
        this.#modifiers.join('|'),
      );
    }
  }

  #exists(value: Node): Test<string> {
    this.#only(['exists']);
    if (value.kind === 'literal' && typeof value.value === 'boolean' && this.#field !== undefined) {
      return { kind: 'exists', wanted: value.value };
    }
    throw misfit(this.#text, value.at, 'a field, and true or false', kindOf(value));
  }

  #number(value: Node): number | bigint {
    if (value.kind === 'number') return value.value;
    throw misfit(this.#text, value.at, 'a number', kindOf(value));
  }

  #string(value: Node): string {
    switch (value.kind) {
      case 'string':
        return normal(value.value);
      case 'number':
        return String(value.value);
      case 'literal':
        if (value.value !== null) return String(value.value);
        break;
      case 'array':
      case 'object':
        break;
    }
    throw misfit(this.#text, value.at, 'a string or a number', kindOf(value));
  }

  #fieldref(value: Node): Test<string> {
    const place = this.#modifiers.map((name) => PLACES[name]).find((one) => one !== undefined);
    this.#only(['fieldref', 'all', 'neq', 'cased', ...Object.keys(PLACES)]);
    if (value.kind !== 'string' || value.value === '' || this.#field === undefined) {
      throw misfit(this.#text, value.at, 'the name of a field', kindOf(value));
    }
    const cased = this.#modifiers.includes('cased');
    return { kind: 'field', field: normal(value.value), place: place ?? 'whole', cased };
  }

  #cidr(value: Node, word: string): Test<string> {
    const range = rangeOf(word);
    if (range === undefined) {
      throw misfit(
        this.#text,
        value.at,
        'an address, "/" and the length of the mask',
        JSON.stringify(word),
      );
    }
    return { kind: 'cidr', range, text: word };
  }

  #regexes(value: Node): readonly Test<string>[] {
    const flags = { i: false, m: false, s: false };
    for (const name of this.#modifiers) {
      const flag = FLAGS[name];
      if (flag !== undefined) flags[flag] = true;
    }
    const places = this.#modifiers.filter((name) => name in PLACES);
    return this.#expanded(value, ['re', 'cased', ...places, ...Object.keys(FLAGS)], true).map(
      (source) => {
        try {
          return { kind: 'regex', regex: compileRegex(source, flags) };
        } catch (error) {
          if (!(error instanceof RegexProblem)) throw error;
          const reason = `the regular expression ${JSON.stringify(source)}, at character ${String(error.at + 1)}: ${error.message}`;
          if (/not supported|more than/.test(error.message)) throw new NotCompiled(reason);
          throw misfit(this.#text, value.at, 'a regular expression', reason);
        }
      },
    );
  }

  /** The value as text, with its placeholders filled in where `expand` asks for it. */
  #expanded(value: Node, allowed: readonly string[], raw = false): readonly string[] {
    this.#only([...allowed, 'expand', 'all', 'neq']);
    const source = this.#string(value);
    if (!this.#modifiers.includes('expand')) return [source];
    return this.#fill(
      source,
      raw ? (word) => word.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') : (word) => word,
    );
  }

  #fill(source: string, change: (word: string) => string): readonly string[] {
    let forms = [''];
    for (const piece of source.split(/(\\%|%[A-Za-z0-9_-]+%)/)) {
      if (piece === '\\%') forms = forms.map((form) => `${form}%`);
      else if (!/^%[^%]+%$/.test(piece)) forms = forms.map((form) => form + piece);
      else {
        const words = this.#placeholders.get(piece.slice(1, -1));
        if (words === undefined) throw new NotCompiled(`the placeholder ${piece} has no values`);
        forms = forms.flatMap((form) => words.map((word) => form + change(word)));
      }
      if (forms.length > MAX_FORMS) throw new NotCompiled('placeholders stand for too many values');
    }
    return forms;
  }

  #strings(value: Node): readonly Test<string>[] {
    const cased = this.#modifiers.includes('cased');
    const source = this.#string(value);
    // Placeholders are filled in first, wherever `expand` stands.
    const words = this.#modifiers.includes('expand')
      ? this.#fill(source, (word) => word)
      : [source];
    let texts: readonly Text[] = words.map((word) => ({
      pattern: parsePattern(word),
      bytes: undefined,
    }));
    for (const name of this.#modifiers) texts = this.#change(name, value, texts);
    const keyword = this.#field === undefined && !this.#modifiers.some((name) => name in PLACES);
    return texts.map((one) => {
      const pattern = this.#decoded(one).pattern;
      // A keyword may stand anywhere in the event.
      return { kind: 'match', pattern: keyword ? around(pattern) : pattern, cased };
    });
  }

  #change(name: string, value: Node, texts: readonly Text[]): readonly Text[] {
    switch (name) {
      case 'startswith':
        return texts.map((one) => sized(this.#decoded(one).pattern, false, true));
      case 'endswith':
        return texts.map((one) => sized(this.#decoded(one).pattern, true, false));
      case 'contains':
        return texts.map((one) => sized(this.#decoded(one).pattern, true, true));
      case 'windash':
        return texts.flatMap((one) => windash(this.#decoded(one).pattern));
      case 'wide':
      case 'utf16le':
      case 'utf16be':
      case 'utf16':
        return texts.map((one) => ({ pattern: [], bytes: utf16(this.#plain(value, one), name) }));
      case 'base64':
        return texts.map((one) => {
          const bytes = one.bytes ?? Buffer.from(this.#plain(value, one), 'utf8');
          return { pattern: plainPattern(bytes.toString('base64')), bytes: undefined };
        });
      case 'base64offset':
        return texts.flatMap((one) =>
          base64offset(one.bytes ?? Buffer.from(this.#plain(value, one), 'utf8')),
        );
      case 'cidr':
      case 're':
      case 'i':
      case 'm':
      case 's':
      case 'ignorecase':
      case 'multiline':
      case 'dotall':
        throw misfit(this.#text, this.#at, `"re" before "${name}"`, this.#modifiers.join('|'));
      default:
        return texts;
    }
  }

  #plain(value: Node, { pattern, bytes }: Text): string {
    const plain = bytes === undefined ? plainText(pattern) : undefined;
    if (plain !== undefined) return plain;
    throw misfit(this.#text, value.at, 'a string without wildcards to encode', 'another');
  }

  /** Encoded text that was not made base64 is looked for as it stands, if it is text at all. */
  #decoded(one: Text): Text {
    if (one.bytes === undefined) return one;
    if (!isUtf8(one.bytes)) {
      throw new NotCompiled('UTF-16 of such text is no text to look for; put base64 behind it');
    }
    return { pattern: plainPattern(one.bytes.toString('utf8')), bytes: undefined };
  }
}

function around(pattern: Pattern): Pattern {
  return joinPatterns(['*'], pattern, ['*']);
}

function sized(pattern: Pattern, before: boolean, after: boolean): Text {
  const any: Pattern = ['*'];
  return {
    pattern: joinPatterns(before ? any : [], pattern, after ? any : []),
    bytes: undefined,
  };
}

/** All forms of a command line's dashes: those that begin a word, as pySigma takes them. */
function windash(pattern: Pattern): readonly Text[] {
  let forms: Pattern[] = [[]];
  let before = '';
  for (const piece of pattern) {
    if (typeof piece === 'string') {
      forms = forms.map((form) => joinPatterns(form, [piece]));
      before = piece;
      continue;
    }
    const parts = piece.text.split(/([-/\u2013\u2014\u2015])/);
    for (const [index, part] of parts.entries()) {
      const next = parts[index + 1] ?? '';
      const begins = index % 2 === 1 && !/\w$/.test(before) && /^\w/.test(next);
      const ways = begins ? DASHES : [part];
      forms = forms.flatMap((form) => ways.map((way) => joinPatterns(form, plainPattern(way))));
      if (forms.length > MAX_FORMS)
        throw new NotCompiled('windash makes too many forms of the value');
      if (part !== '') before = part;
    }
  }
  return forms.map((one) => ({ pattern: one, bytes: undefined }));
}

function utf16(text: string, name: string): Buffer {
  const little = Buffer.from(text, 'utf16le');
  switch (name) {
    case 'utf16be':
      return little.swap16();
    case 'utf16':
      return Buffer.concat([Buffer.from([0xff, 0xfe]), little]);
    default:
      return little;
  }
}

/** What all encodings of a text have in common wherever it stands in what was encoded: three cuts, one for each shift. */
function base64offset(bytes: Buffer): readonly Text[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, 0x20), bytes]).toString('base64');
    const start = [0, 2, 3][shift] ?? 0;
    const cut = [0, 3, 2][(bytes.length + shift) % 3] ?? 0;
    const pattern = plainPattern(encoded.slice(start, encoded.length - cut));
    return { pattern, bytes: undefined };
  });
}
