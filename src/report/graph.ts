/** A graph as one HTML page: an inline picture that needs no script, and its tables; nothing to load, every text escaped. */
import { shorten } from '../core/text.ts';
import { html, trusted, type Markup } from './escape.ts';
import { styleSheet } from './style.ts';

/** A node; `at` places it, in units of the page. */
export interface GraphNode {
  readonly label: string;
  /** Second line. */
  readonly note: string;
  /** Shown when the pointer rests on it. */
  readonly tip: string;
  readonly x: number;
  readonly y: number;
  readonly tone: 'root' | 'plain' | 'marked' | 'faint';
}

/** A line between two nodes, by their places in the list. */
export interface GraphEdge {
  readonly from: number;
  readonly to: number;
  readonly tip: string;
  readonly dashed: boolean;
}

/** A table below the picture. */
export interface GraphTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A page. */
export interface GraphPage {
  readonly title: string;
  readonly about: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly tables: readonly GraphTable[];
}

/** Width of a node's box. */
export const NODE_WIDTH = 250;
/** Height of a node's box. */
export const NODE_HEIGHT = 40;

/** Characters that fit into a box, as wide as they commonly are. */
const [LABEL_CHARACTERS, NOTE_CHARACTERS] = [29, 37];

/** Times and keys: broken, they cannot be read. */
const WHOLE = /^(?:[-\d]{10}T[\d:.]+Z|A[A-Z]{3}[A-Z0-9]{12,}|[a-z0-9_]+:\d+)$/;

const FILL: Readonly<Record<GraphNode['tone'], readonly [fill: string, line: string]>> = {
  root: ['#1f3a5f', '#1f3a5f'],
  plain: ['#ffffff', '#57606a'],
  marked: ['#fdf0ef', '#8c1d18'],
  faint: ['#f4f6f8', '#d0d7de'],
};

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The page's HTML: the same graph gives the same bytes. */
export function graphPage({ title, about, nodes, edges, tables }: GraphPage): string {
  const width = Math.max(NODE_WIDTH, ...nodes.map(({ x }) => x + NODE_WIDTH)) + 20;
  const height = Math.max(NODE_HEIGHT, ...nodes.map(({ y }) => y + NODE_HEIGHT)) + 20;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>
          ${trusted(styleSheet('exhibit'))} body {
            max-width: none;
          }
          .graph {
            overflow: auto;
            border: 1px solid var(--line);
          }
          .graph svg {
            width: auto;
            max-width: none;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${about.map((line) => html`<p>${line}</p>`)}
        <div class="graph">
          <svg
            width="${width}"
            height="${height}"
            viewBox="-10 -10 ${width} ${height}"
            role="img"
            aria-label="${title}"
          >
            ${edges.map((edge) => line(edge, nodes))}${nodes.map(box)}
          </svg>
        </div>
        ${tables.map(table)}
      </body>
    </html> `.text;
}

function line(edge: GraphEdge, nodes: readonly GraphNode[]): Markup {
  const [from, to] = [nodes[edge.from], nodes[edge.to]];
  if (from === undefined || to === undefined) return html``;
  const [x1, y1] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2];
  const [x2, y2] = [to.x, to.y + NODE_HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  // Within a column the line runs beside it.
  const [end, bend] =
    to.x > from.x ? [x2, middle] : [to.x + NODE_WIDTH, Math.max(x1, to.x + NODE_WIDTH) + 45];
  return html`<path
    d="M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${end} ${y2}"
    fill="none"
    stroke="#8c959f"
    stroke-width="1.2"
    stroke-dasharray="${edge.dashed ? '4 4' : 'none'}"
    ><title>${edge.tip}</title></path
  >`;
}

function box({ label, note, tip, x, y, tone }: GraphNode): Markup {
  const [fill, stroke] = FILL[tone];
  const ink = tone === 'root' ? '#ffffff' : '#1b1f24';
  return html`<g
    ><title>${tip}</title
    ><rect
      x="${x}"
      y="${y}"
      width="${NODE_WIDTH}"
      height="${NODE_HEIGHT}"
      rx="4"
      fill="${fill}"
      stroke="${stroke}"
    /><text x="${x + 8}" y="${y + 16}" font-size="12" font-weight="600" fill="${ink}"
      >${shorten(label, LABEL_CHARACTERS)}</text
    ><text x="${x + 8}" y="${y + 32}" font-size="11" fill="${tone === 'root' ? ink : '#57606a'}"
      >${shorten(note, NOTE_CHARACTERS)}</text
    ></g
  >`;
}

function table({ title, columns, rows }: GraphTable): Markup {
  return html`<h2>${title}</h2>
    <table>
      <thead>
        <tr>
          ${columns.map((name) => html`<th>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td class="${WHOLE.test(String(cell)) ? 'time' : ''}">${cell ?? '-'}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table> `;
}
