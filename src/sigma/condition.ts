/**
 * Conditions: `selection and not 1 of filter_*`. From the weakest binding to the strongest: or, and, not.
 * Sigma Rules Specification, "Condition".
 */
import { misfit, type Node } from '../detect/positioned-json.ts';
import { NotCompiled } from './modifiers.ts';
import type { Tree } from './model.ts';

const MAX_DEPTH = 100;

interface Token {
  readonly word: string;
  readonly at: number;
}

/**
 * Reads a condition.
 * @param node the string; its place is that of the error.
 * @param named what an identifier stands for; undefined where nothing has that name.
 * @param names all identifiers, for `1 of` and `all of`.
 * @throws ExhibitError `E_PATTERN`, NotCompiled for the aggregations of Sigma 1 (`| count() > 5`).
 */
export function readCondition<L>(
  text: string,
  node: Node & { readonly kind: 'string' },
  named: (name: string) => Tree<L> | undefined,
  names: readonly string[],
): Tree<L> {
  const source = node.value;
  const fail = (at: number, expected: string, found: string): Error =>
    misfit(text, node.at, `${expected} at character ${String(at + 1)} of the condition`, found);
  const [pipe] = /\|\s*(?:count|min|max|avg|sum|near)\b.*$/s.exec(source) ?? [];
  if (pipe !== undefined) {
    throw new NotCompiled(
      `the aggregation "${pipe.trim()}" of Sigma 1: correlation rules took its place`,
    );
  }
  const tokens: Token[] = [];
  let end = 0;
  for (const match of source.matchAll(/\s*([()]|[A-Za-z0-9_*?.-]+)/gy)) {
    const word = match[1] ?? '';
    end = match.index + match[0].length;
    tokens.push({ word, at: end - word.length });
  }
  if (source.slice(end).trim() !== '') {
    throw fail(end, 'an identifier or an operator', JSON.stringify(source.slice(end).trim()));
  }
  let next = 0;
  const peek = (): string => tokens[next]?.word ?? '';
  const isWord = (word: string): boolean => peek().toLowerCase() === word;
  const here = (): number => tokens[next]?.at ?? source.length;
  const found = (): string => (peek() === '' ? 'its end' : JSON.stringify(peek()));

  const chain = (word: 'or' | 'and', below: (depth: number) => Tree<L>, depth: number): Tree<L> => {
    const items = [below(depth)];
    while (isWord(word)) {
      next += 1;
      items.push(below(depth));
    }
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: word, items };
  };
  const any = (depth: number): Tree<L> => {
    if (depth > MAX_DEPTH) throw fail(here(), 'fewer nested parts', 'more');
    return chain('or', (below) => chain('and', one, below), depth);
  };
  const one = (depth: number): Tree<L> => {
    if (depth > MAX_DEPTH) throw fail(here(), 'fewer nested parts', 'more');
    if (isWord('not')) {
      next += 1;
      return { kind: 'not', item: one(depth + 1) };
    }
    if (peek() === '(') {
      next += 1;
      const inner = any(depth + 1);
      if (peek() !== ')') throw fail(here(), '")"', found());
      next += 1;
      return inner;
    }
    const of = tokens[next + 1]?.word.toLowerCase() === 'of';
    if (of && /^(?:1|any|all)$/i.test(peek())) return selector();
    const name = peek();
    const tree = /^(?:|and|or|of|\))$/i.test(name) ? undefined : named(name);
    if (tree === undefined) throw fail(here(), 'the name of a search identifier', found());
    next += 1;
    return tree;
  };
  const selector = (): Tree<L> => {
    const all = isWord('all');
    next += 2;
    const pattern = peek();
    if (/^(?:|\(|\)|and|or|not)$/i.test(pattern))
      throw fail(here(), '"them" or a pattern', found());
    const chosen = names.filter(
      (name) =>
        !name.startsWith('_') && (pattern.toLowerCase() === 'them' || globbed(pattern, name)),
    );
    if (chosen.length === 0) throw fail(here(), 'a pattern of search identifiers', found());
    next += 1;
    const items = chosen.map((name) => named(name)).filter((tree) => tree !== undefined);
    return { kind: all ? 'and' : 'or', items };
  };

  if (tokens.length === 0) throw fail(0, 'a condition', 'none');
  const tree = any(0);
  if (next < tokens.length) throw fail(here(), '"and", "or" or the end', found());
  return tree;
}

/** `*` stands for any characters, as in `1 of selection_*`. */
function globbed(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === first;
  let at = first.length;
  if (!name.startsWith(first)) return false;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
