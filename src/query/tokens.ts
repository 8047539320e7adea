/**
 * Cuts SQL into tokens the way SQLite's own tokenizer does (sqlite3 source, tokenize.c), so that the lint sees words
 * where SQLite sees words and never looks inside strings or comments.
 */

/** What a token is; `word` covers keywords and bare names, `name` quoted ones. */
export type TokenKind = 'word' | 'name' | 'string' | 'blob' | 'number' | 'param' | 'mark';

/** One token; `text` as written, `value` unquoted and, for words, lower case. */
export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** How many parentheses are open around it; a parenthesis itself belongs to the outside. */
  readonly depth: number;
}

const SKIP = /(?:[ \t\n\f\r]+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))/y;
const BLOB = /[xX]'[0-9a-fA-F]*'/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)/y;
const PARAM = /(?:\?\d*|[:@$#][A-Za-z0-9_$\u0080-\uffff]+)/y;
const STRING = /'(?:[^']|'')*(?:'|$)/y;
const NAME = /(?:"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$))/y;
const MARK = /(?:->>|->|\|\||<=|>=|<>|!=|==|<<|>>|[\s\S])/y;

const FORMS: readonly (readonly [TokenKind, RegExp])[] = [
  ['blob', BLOB],
  ['word', WORD],
  ['number', NUMBER],
  ['param', PARAM],
  ['string', STRING],
  ['name', NAME],
  ['mark', MARK],
];

/** Tokens of an SQL text, comments and white space left out. Never throws: SQLite judges the grammar. */
export function sqlTokens(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let depth = 0;
  const match = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    return form.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const skipped = match(SKIP);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    for (const [kind, form] of FORMS) {
      const text = match(form);
      if (text === undefined) continue;
      if (text === ')') depth = Math.max(0, depth - 1);
      tokens.push({ kind, value: unquoted(kind, text), start: at, end: at + text.length, depth });
      if (text === '(') depth += 1;
      at += text.length;
      break;
    }
  }
  return tokens;
}

function unquoted(kind: TokenKind, text: string): string {
  if (kind === 'word') return text.toLowerCase();
  if (kind === 'string') return text.slice(1, -1).replaceAll("''", "'");
  if (kind !== 'name') return text;
  const inner = text.slice(1, -1);
  if (text.startsWith('[')) return inner;
  return inner.replaceAll(text.startsWith('"') ? '""' : '``', text.startsWith('"') ? '"' : '`');
}

/** The statement without the semicolons and comments after its last token, so that it can stand in parentheses. */
export function bareStatement(sql: string): string {
  const tokens = sqlTokens(sql);
  let last = tokens.length - 1;
  while (last >= 0 && tokens[last]?.kind === 'mark' && tokens[last]?.value === ';') last -= 1;
  return sql.slice(tokens[0]?.start ?? 0, tokens[last]?.end ?? 0);
}

/** Names of the parameters a statement uses (`:name`, `@name`, `$name`), sorted, without their first character. */
export function usedParams(sql: string): readonly string[] {
  const names = sqlTokens(sql)
    .filter((token) => token.kind === 'param')
    .map((token) => token.value.slice(1));
  return [...new Set(names)].sort();
}
