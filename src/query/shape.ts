/** The outline of a statement, read from its tokens: enough for the warnings of the lint, no more. */
import type { Token } from './tokens.ts';

/** One SELECT, compound parts apart. Lists are split at their commas. */
export interface SelectBlock {
  readonly distinct: boolean;
  readonly items: readonly (readonly Token[])[];
  readonly groupBy: readonly (readonly Token[])[];
  readonly orderBy: readonly (readonly Token[])[];
  readonly limited: boolean;
}

const CLAUSES = ['from', 'where', 'group', 'having', 'window', 'order', 'limit'];
const COMPOUND = ['union', 'intersect', 'except'];

/** Every SELECT of a statement, nested ones too. */
export function selectBlocks(tokens: readonly Token[]): readonly SelectBlock[] {
  return tokens.flatMap((token, index) =>
    isWord(token, 'select') ? [block(tokens, index, token.depth)] : [],
  );
}

function block(tokens: readonly Token[], index: number, depth: number): SelectBlock {
  const clauses = new Map<string, Token[]>();
  let current: Token[] = [];
  clauses.set('select', current);
  for (let at = index + 1; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.depth < depth || ends(token)) break;
    if (token.depth === depth && token.kind === 'word') {
      // The ORDER BY and LIMIT after the last part of a compound belong to the whole of it.
      if (COMPOUND.includes(token.value)) break;
      if (CLAUSES.includes(token.value)) {
        current = [];
        clauses.set(token.value, current);
        continue;
      }
    }
    current.push(token);
  }
  const list = (name: string): readonly (readonly Token[])[] => {
    const words = clauses.get(name) ?? [];
    const body = words.filter(
      (word, at) => !(at === 0 && ['by', 'distinct', 'all'].includes(word.value)),
    );
    return splitAtCommas(body, depth);
  };
  return {
    distinct: isWord(clauses.get('select')?.[0], 'distinct'),
    items: list('select'),
    groupBy: list('group'),
    orderBy: list('order'),
    limited: clauses.has('limit'),
  };
}

/** True for that bare word. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.value === word;
}

/** Calls of a function: index of the name, and the tokens between its parentheses. */
export function callsOf(
  tokens: readonly Token[],
  names: readonly string[],
): readonly { readonly at: number; readonly inside: readonly Token[]; readonly end: number }[] {
  return tokens.flatMap((token, at) => {
    const open = tokens[at + 1];
    if (token.kind !== 'word' || !names.includes(token.value) || open?.value !== '(') return [];
    let end = at + 2;
    while (end < tokens.length && (tokens[end]?.depth ?? 0) > open.depth) end += 1;
    return [{ at, inside: tokens.slice(at + 2, end), end }];
  });
}

/** The item without ` AS name`, and that name. */
export function withoutAlias(item: readonly Token[]): {
  readonly body: readonly Token[];
  readonly alias: string | undefined;
} {
  const as = item.findLastIndex((token) => isWord(token, 'as') && token.depth === item[0]?.depth);
  if (as >= 0 && as === item.length - 2)
    return { body: item.slice(0, as), alias: item[as + 1]?.value.toLowerCase() };
  const [before, last] = item.slice(-2);
  if (item.length < 2 || before === undefined || last === undefined)
    return { body: item, alias: undefined };
  // `count(*) n`: a name right behind an operand, where AS may be left out.
  const operand =
    before.value === ')' || (before.kind !== 'mark' && (isWord(before, 'end') || !inside(before)));
  const name = last.kind === 'name' || (last.kind === 'word' && !inside(last));
  return operand && name
    ? { body: item.slice(0, -1), alias: last.value.toLowerCase() }
    : { body: item, alias: undefined };
}

// Words of expressions and orders that are neither an operand nor a name.
const INSIDE = new Set(
  'and or not is null in like glob between case when then else end as distinct all collate nocase escape over filter exists isnull notnull regexp match asc desc nulls first last'.split(
    ' ',
  ),
);

function inside(token: Token): boolean {
  return token.kind === 'word' && INSIDE.has(token.value);
}

/** The tokens as one text, for comparing expressions. */
export function spelled(tokens: readonly Token[]): string {
  return tokens
    .map((token) => (token.kind === 'name' ? token.value.toLowerCase() : token.value))
    .join(' ');
}

function splitAtCommas(tokens: readonly Token[], depth: number): readonly (readonly Token[])[] {
  const parts: Token[][] = [];
  for (const token of tokens) {
    if (parts.length === 0) parts.push([]);
    if (token.value === ',' && token.kind === 'mark' && token.depth === depth) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function ends(token: Token): boolean {
  return token.kind === 'mark' && token.value === ';';
}
