/**
 * HTML from a template in which every value is escaped: the one place where text becomes markup. Evidence text is
 * hostile; characters that could hide or reorder text are shown as `\u{hex}`, as on a terminal.
 */
import { terminalSafe } from '../core/text.ts';

/** Markup that was made here and is not escaped again. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes. */
export type Part = Markup | string | number | null | undefined | readonly Part[];

/** Template tag: markup with its values escaped. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, piece, at) => text + partText(parts[at - 1]) + piece));
}

/** Markup from a constant of this program (a style sheet). */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/**
 * Text that may be broken where a word of a name ends: at `/`, `:`, `.` and before a capital; hashes in it are set as
 * such. It copies without the breaks.
 */
export function breakable(text: string): Markup {
  const pieces = text.split(/([0-9a-f]{64})/).map((piece, at) => {
    if (at % 2 === 1) return `<span class="hash">${piece}</span>`;
    return piece
      .split(/(?<=[/:.=,])(?=[^/:.=,])|(?<=[a-z])(?=[A-Z])/)
      .map(escapeText)
      .join('<wbr>');
  });
  return new Markup(pieces.join(''));
}

/** Text of several lines, for `<pre>`: line feeds and tabs stay. */
export function lines(text: string): Markup {
  return new Markup(
    text
      .split(/(\n|\t)/)
      .map((piece) => (piece === '\n' || piece === '\t' ? piece : escapeText(piece)))
      .join(''),
  );
}

function partText(part: Part): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return escapeText(String(part));
}

function escapeText(text: string): string {
  return terminalSafe(text).replace(
    /[&<>"'`]/g,
    (character) => `&#${String(character.charCodeAt(0))};`,
  );
}
