/** What a search looks for: words, "phrases", /expressions/, each anywhere or in one field. */
import { ExhibitError } from '../core/errors.ts';

/** One thing that must be there. */
export interface Term {
  /** Column or JSON member that must hold it, lower case; undefined: anywhere. */
  readonly field: string | undefined;
  /** Lower case text to be found; empty for an expression. */
  readonly value: string;
  /** The whole word lower case, field and colon too: `arn:aws` is text, whatever its colon looks like. */
  readonly text: string;
  readonly expression: RegExp | undefined;
}

// A quote or a slash that is never closed, or closed in the middle of a word, is text like any other.
const TOKEN =
  /(?:([A-Za-z_][\w.]*):)?(?:"((?:[^"\\]|\\.)*)"|\/((?:[^/\\\n]|\\.)+)\/([imsu]*))(?=\s|$)|(\S+)/gs;
const FIELD = /^([a-z_][\w.]*):(.+)$/s;

/**
 * Reads a search. In a phrase `\"` is a quote and `\\` a backslash. Text is found in either case, an expression as its
 * flags (i, m, s, u) say.
 * @throws ExhibitError `E_USAGE` for an expression that JavaScript does not read.
 */
export function parseTerms(search: string): readonly Term[] {
  return Array.from(search.matchAll(TOKEN), (match): Term => {
    const [, field, phrase, source, flags, word] = match;
    if (source !== undefined) {
      const expression = compile(source, flags ?? '');
      return { field: field?.toLowerCase(), value: '', text: '', expression };
    }
    if (phrase !== undefined) {
      const value = phrase.replace(/\\(["\\])/g, '$1').toLowerCase();
      const name = field?.toLowerCase();
      return { field: name, value, text: name === undefined ? value : '', expression: undefined };
    }
    const text = (word ?? '').toLowerCase();
    const [, name, value] = FIELD.exec(text) ?? [];
    return { field: name, value: value ?? text, text, expression: undefined };
  }).filter(({ value, expression }) => value !== '' || expression !== undefined);
}

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, [...new Set(flags)].join(''));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ExhibitError('E_USAGE', `/${source}/ is not a regular expression: ${message}`, {
      hint: 'to look for the text itself, put it in double quotes',
      cause,
    });
  }
}
