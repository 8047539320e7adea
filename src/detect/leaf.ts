/**
 * What a pattern may demand of one value: the entries of the arrays in a pattern.
 * Amazon EventBridge User Guide, "Comparison operators for use in event patterns in Amazon EventBridge".
 */
import { inRange, parseAddress, parseRange } from './cidr.ts';
import { kindOf, misfit, type Member, type Node } from './positioned-json.ts';

/** A value that is neither object nor array. */
export type Scalar = string | number | bigint | boolean | null;

/** Whether a value is what an entry demands. */
export type Test = (value: Scalar) => boolean;

/** An entry: a test of a value, or the demand that there be none. */
export type Entry = { readonly test: Test } | { readonly absent: true };

/**
 * Reads an entry of a pattern's array.
 * @throws ExhibitError `E_PATTERN`.
 */
export function readEntry(text: string, node: Node): Entry {
  if (node.kind === 'array') {
    throw misfit(
      text,
      node.at,
      'a string, a number, true, false, null or one operator',
      kindOf(node),
    );
  }
  if (node.kind !== 'object') return { test: equals(node.value) };
  const { name, at, value } = onlyMember(text, node);
  switch (name) {
    // An operator of AWS's own matcher (event-ruler) that says what a bare string says.
    case 'exactly':
      return { test: equals(stringOf(text, value, 'a string')) };
    case 'prefix':
    case 'suffix':
      return { test: end(text, name, value) };
    case 'equals-ignore-case':
      return { test: ignoringCase(stringOf(text, value, 'a string')) };
    case 'wildcard':
      return { test: wildcard(text, value) };
    case 'anything-but':
      return { test: anythingBut(text, value) };
    case 'numeric':
      return { test: numeric(text, value) };
    case 'cidr':
      return { test: cidr(text, value) };
    case 'exists':
      if (value.kind !== 'literal' || value.value === null) {
        throw misfit(text, value.at, 'true or false', kindOf(value));
      }
      return value.value ? { test: () => true } : { absent: true };
    default:
      throw misfit(
        text,
        at,
        'prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists or cidr',
        JSON.stringify(name),
      );
  }
}

function onlyMember(text: string, node: Node & { kind: 'object' }): Member {
  const [member, second] = node.members;
  if (member === undefined) throw misfit(text, node.at, 'one operator', 'an empty object');
  if (second !== undefined) {
    throw misfit(text, second.at, 'one operator alone in its object', JSON.stringify(second.name));
  }
  return member;
}

function stringOf(text: string, node: Node, expected: string): string {
  if (node.kind === 'string') return node.value;
  throw misfit(text, node.at, expected, kindOf(node));
}

function equals(wanted: Scalar): Test {
  return isNumber(wanted)
    ? (value) => isNumber(value) && !(value < wanted) && !(value > wanted)
    : (value) => value === wanted;
}

function isNumber(value: Scalar): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** A test of strings; anything else is not what it asks for. */
function ofString(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

function end(text: string, side: 'prefix' | 'suffix', node: Node): Test {
  if (node.kind !== 'object') {
    const wanted = stringOf(text, node, 'a string or {"equals-ignore-case": ...}');
    return ofString((value) =>
      side === 'prefix' ? value.startsWith(wanted) : value.endsWith(wanted),
    );
  }
  const { name, at, value } = onlyMember(text, node);
  if (name !== 'equals-ignore-case') {
    throw misfit(text, at, '"equals-ignore-case"', JSON.stringify(name));
  }
  const letters = folded(stringOf(text, value, 'a string'));
  return ofString((given) => {
    // By code points from that end: at most two units each, however long the value is.
    const units = letters.length * 2;
    const near = side === 'prefix' ? given.slice(0, units) : given.slice(-units);
    const points = units === 0 ? [] : Array.from(near);
    if (points.length < letters.length) return false;
    return sameLetters(
      letters,
      side === 'prefix'
        ? points.slice(0, letters.length)
        : points.slice(points.length - letters.length),
    );
  });
}

/** The forms in which each character may stand; a character whose other case is longer has only its own. */
function folded(text: string): readonly (readonly string[])[] {
  return Array.from(text, (character) =>
    [character, character.toLowerCase(), character.toUpperCase()].filter(
      (form) => Array.from(form).length === 1,
    ),
  );
}

function sameLetters(
  letters: readonly (readonly string[])[],
  characters: readonly string[],
): boolean {
  return (
    letters.length === characters.length &&
    letters.every((forms, at) => forms.includes(characters[at] ?? ''))
  );
}

function ignoringCase(wanted: string): Test {
  const letters = folded(wanted);
  return ofString(
    (value) => value.length <= letters.length * 2 && sameLetters(letters, Array.from(value)),
  );
}

/** Text between the asterisks; `\*` and `\\` stand for themselves. */
function wildcardParts(text: string, node: Node): readonly string[] {
  const source = stringOf(text, node, 'a string');
  const parts = [''];
  for (let at = 0; at < source.length; at++) {
    let character = source[at] ?? '';
    if (character === '*') {
      if (source[at + 1] === '*') throw misfit(text, node.at, 'single asterisks', '"**"');
      parts.push('');
      continue;
    }
    if (character === '\\') {
      at += 1;
      character = source[at] ?? '';
      if (character !== '*' && character !== '\\') {
        throw misfit(
          text,
          node.at,
          'an asterisk or a backslash after a backslash',
          character === '' ? 'the end of the string' : JSON.stringify(character),
        );
      }
    }
    parts.push(`${parts.pop() ?? ''}${character}`);
  }
  return parts;
}

// Each part at the first place where it fits: no way back is ever needed, so no pattern takes long.
function wildcard(text: string, node: Node): Test {
  const parts = wildcardParts(text, node);
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  const between = parts.slice(1, -1);
  if (parts.length === 1) return equals(first);
  return ofString((value) => {
    if (value.length < first.length + last.length) return false;
    if (!value.startsWith(first) || !value.endsWith(last)) return false;
    let at = first.length;
    const stop = value.length - last.length;
    for (const part of between) {
      const found = value.indexOf(part, at);
      if (found < 0 || found + part.length > stop) return false;
      at = found + part.length;
    }
    return true;
  });
}

function anythingBut(text: string, node: Node): Test {
  const none = (tests: readonly Test[]): Test => {
    return (value) => !tests.some((test) => test(value));
  };
  if (node.kind !== 'object') {
    const values = listed(text, node, 'a string, a number, a list of one of them, or an operator');
    const [sort] = values;
    for (const one of values) {
      if (one.kind !== 'string' && one.kind !== 'number') {
        throw misfit(text, one.at, 'strings or numbers', kindOf(one));
      }
      if (one.kind !== sort?.kind) {
        throw misfit(text, one.at, 'only strings or only numbers', kindOf(one));
      }
    }
    return none(values.map((one) => equals((one as Node & { kind: 'string' | 'number' }).value)));
  }
  const { name, at, value } = onlyMember(text, node);
  const make = ANYTHING_BUT[name];
  if (!Object.hasOwn(ANYTHING_BUT, name) || make === undefined) {
    throw misfit(text, at, 'prefix, suffix, wildcard or equals-ignore-case', JSON.stringify(name));
  }
  return none(
    listed(text, value, 'a string or a list of strings').map((one) => {
      const wanted = stringOf(text, one, 'a string');
      if (wanted === '' && (name === 'prefix' || name === 'suffix')) {
        throw misfit(text, one.at, 'a string that is not empty', 'an empty string');
      }
      return make(text, one);
    }),
  );
}

const ANYTHING_BUT: Readonly<Record<string, (text: string, node: Node) => Test>> = {
  prefix: (text, node) => end(text, 'prefix', node),
  suffix: (text, node) => end(text, 'suffix', node),
  wildcard,
  'equals-ignore-case': (text, node) => ignoringCase(stringOf(text, node, 'a string')),
};

function listed(text: string, node: Node, expected: string): readonly Node[] {
  if (node.kind === 'object' || node.kind === 'literal') {
    throw misfit(text, node.at, expected, kindOf(node));
  }
  if (node.kind !== 'array') return [node];
  if (node.items.length === 0) throw misfit(text, node.at, expected, 'an empty array');
  return node.items;
}

const COMPARE: Readonly<Record<string, (a: number | bigint, b: number | bigint) => boolean>> = {
  '=': (a, b) => !(a < b) && !(a > b),
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function numeric(text: string, node: Node): Test {
  if (node.kind !== 'array') {
    throw misfit(text, node.at, 'an array such as [">", 0, "<=", 5]', kindOf(node));
  }
  const [operator, number, second, top, more] = node.items;
  const low = bound(text, node, operator, number, ['=', '<', '<=', '>', '>=']);
  if (second === undefined) return (value) => isNumber(value) && low.holds(value);
  if (!low.operator.startsWith('>')) {
    throw misfit(text, second.at, `nothing after "${low.operator}" and its number`, kindOf(second));
  }
  const high = bound(text, node, second, top, ['<', '<=']);
  if (more !== undefined) throw misfit(text, more.at, 'the end of the array', kindOf(more));
  if (!(low.number < high.number)) {
    throw misfit(text, top?.at ?? node.at, 'a number above the first', String(high.number));
  }
  return (value) => isNumber(value) && low.holds(value) && high.holds(value);
}

function bound(
  text: string,
  list: Node,
  operator: Node | undefined,
  number: Node | undefined,
  operators: readonly string[],
): {
  readonly operator: string;
  readonly number: number | bigint;
  readonly holds: (value: number | bigint) => boolean;
} {
  const expected = operators.map((one) => JSON.stringify(one)).join(', ');
  if (operator?.kind !== 'string' || !operators.includes(operator.value)) {
    const found = operator?.kind === 'string' ? JSON.stringify(operator.value) : undefined;
    throw misfit(
      text,
      operator?.at ?? list.at,
      `one of ${expected}`,
      found ?? (operator === undefined ? 'an empty array' : kindOf(operator)),
    );
  }
  if (number?.kind !== 'number') {
    throw misfit(
      text,
      number?.at ?? operator.at,
      `a number after "${operator.value}"`,
      number === undefined ? 'the end of the array' : kindOf(number),
    );
  }
  const compare = COMPARE[operator.value];
  const limit = number.value;
  return {
    operator: operator.value,
    number: limit,
    holds: (value) => compare?.(value, limit) === true,
  };
}

function cidr(text: string, node: Node): Test {
  const range = parseRange(stringOf(text, node, 'an address and a mask, such as "10.0.0.0/24"'));
  if (range === undefined) {
    throw misfit(
      text,
      node.at,
      'an IPv4 or IPv6 address, "/" and the length of the mask',
      node.kind === 'string' ? JSON.stringify(node.value) : kindOf(node),
    );
  }
  return ofString((value) => {
    const address = parseAddress(value);
    return address !== undefined && inRange(address, range);
  });
}
