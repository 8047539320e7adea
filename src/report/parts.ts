/** Small pieces that many chapters use: marks, hashes, tables. */
import { html, type Markup, type Part } from './escape.ts';
import { number } from './words.ts';

/** A hash, in monospace, broken anywhere. */
export function hash(hex: string | null): Markup {
  return hex === null
    ? html`<span class="soft">none</span>`
    : html`<span class="hash">${hex}</span>`;
}

/** Text that came from evidence or that a person typed: marked as such. */
export function said(text: string): Markup {
  return html`<span class="said">${text}</span>`;
}

/** A point in time. */
export function time(at: string | null): Markup {
  return at === null ? html`<span class="soft">none</span>` : html`<time>${at}</time>`;
}

/** The answer of a check: told by word and form, not by colour alone. */
export function mark(status: string): Markup {
  if (status === 'pass' || status === 'valid')
    return html`<span class="mark">&#10003; ${status}</span>`;
  if (status === 'fail' || status === 'invalid')
    return html`<span class="mark no">&#10007; ${status}</span>`;
  return html`<span class="mark open">${status.replaceAll('_', ' ')}</span>`;
}

/** A column: its head, and whether numbers stand in it. */
export type ColumnHead = string | { readonly num: string };

/** A table whose head is repeated on every printed page; `foot` is a last row of sums. */
export function table(
  heads: readonly ColumnHead[],
  rows: readonly (readonly Part[])[],
  options: {
    readonly foot?: readonly Part[];
    readonly className?: string;
    readonly widths?: readonly string[];
  } = {},
): Markup {
  const cells = (row: readonly Part[]): Markup[] =>
    row.map((part, at) =>
      typeof heads[at] === 'object'
        ? html`<td class="num">${typeof part === 'number' ? number(part) : part}</td>`
        : html`<td>${part}</td>`,
    );
  const columns = (options.widths ?? []).map((width) => html`<col style="width:${width}" />`);
  return html`<table class="${options.className ?? 'list'}">
    ${
      columns.length === 0
        ? null
        : html`<colgroup>
            ${columns}
          </colgroup>`
    }
    <thead>
      <tr>
        ${heads.map((head) => (typeof head === 'object' ? html`<th class="num">${head.num}</th>` : html`<th>${head}</th>`))}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${cells(row)}
          </tr> `,
      )}
    </tbody>
    ${
      options.foot === undefined
        ? null
        : html`<tfoot>
            <tr>
              ${cells(options.foot)}
            </tr>
          </tfoot>`
    }
  </table>`;
}

/** Names and values, one a row; rows whose value is undefined are left out. */
export function facts(rows: readonly (readonly [string, Part])[], className = 'facts'): Markup {
  return html`<table class="${className}">
    <tbody>
      ${rows
        .filter(([, value]) => value !== undefined)
        .map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${value}</td>
            </tr> `,
        )}
    </tbody>
  </table>`;
}

/** A frame for what a reader must not miss. */
export function alert(title: string, text: Part): Markup {
  return html`<div class="alert"><b>${title}</b> ${text}</div>`;
}
