/** Pictures of when there are records: a heat map and bars, inline SVG without script, readable in grey. */
import { formatUs } from '../core/time.ts';
import { shorten } from '../core/text.ts';
import { html, type Markup } from './escape.ts';
import type { Grid } from './model.ts';
import { count, number, span } from './words.ts';

const WIDTH = 1000;
const LABEL = 232;
const HOUR_US = 3_600_000_000;
/** Series that get a row of their own; the rest of them is in the table of report.json. */
const MOST_ROWS = 60;
/** Steps of the scale, light to dark: one hue, evenly darker, so that a grey printer keeps their order. */
const SCALE = ['#dbe5f0', '#b3c8df', '#86a7ca', '#5b84b1', '#365f90', '#1f3a5f'];

/** Records per account, region and source over time; a darker cell is more records, an empty one is none. */
export function heatMap(grid: Grid): Markup {
  const rows = grid.series.slice(0, MOST_ROWS);
  const most = Math.max(1, ...rows.flatMap((row) => row.counts.map(([, records]) => records)));
  const cell = (WIDTH - LABEL) / grid.bins;
  const groups = Map.groupBy(rows, (row) => row.source);
  const parts: Markup[] = [];
  let y = 0;
  for (const [source, members] of groups) {
    parts.push(
      html`<text x="0" y="${y + 13}" font-size="12.5" font-weight="600" fill="#1b1f24"
        >${shorten(source, 30)}</text
      >`,
    );
    y += 20;
    for (const { account_id: account, region, counts } of members) {
      const label = `${account === '' ? 'no account' : account}  ${region === '' ? 'no region' : region}`;
      parts.push(
        html`<text x="8" y="${y + 11.5}" font-size="11" fill="#57606a"
          >${shorten(label, 34)}</text
        >`,
        html`<rect x="${LABEL}" y="${y}" width="${WIDTH - LABEL}" height="15" fill="#f4f6f8" />`,
        ...counts.map(
          ([bin, records]) =>
            html`<rect
              x="${place(LABEL + bin * cell)}"
              y="${y}"
              width="${place(Math.max(cell - (cell > 4 ? 1 : 0), 0.8))}"
              height="15"
              fill="${shade(records, most)}"
              ><title>
                ${formatUs(grid.start_us + bin * grid.bin_us)}: ${count(records, 'record')}
              </title></rect
            >`,
        ),
      );
      y += 18;
    }
    y += 6;
  }
  const height = y + 24;
  return html`<figure>
    <figcaption>
      Each cell is ${span(grid.bin_us / HOUR_US)} (UTC). A darker cell holds more records, on a
      logarithmic scale up to ${number(most)}; a cell without colour holds none.
      ${rows.length < grid.series.length ? `The first ${String(rows.length)} of ${number(grid.series.length)} series are drawn; all are in report.json.` : ''}
    </figcaption>
    <svg
      viewBox="0 0 ${WIDTH} ${height}"
      role="img"
      aria-label="Coverage by source, account, region and time"
    >
      ${parts}${axis(grid, y, y)}
    </svg>
    ${legend(most)}
  </figure>`;
}

function legend(most: number): Markup {
  const boxes = SCALE.map((fill, step) => {
    const from = Math.ceil(most ** (step / SCALE.length));
    return html`<rect x="${LABEL + step * 92}" y="0" width="14" height="14" fill="${fill}" /><text
        x="${LABEL + step * 92 + 20}"
        y="11.5"
        font-size="11"
        fill="#57606a"
        >${step === 0 ? 1 : number(Math.max(from, step + 1))}+</text
      >`;
  });
  return html`<svg viewBox="0 0 ${WIDTH} 16" aria-hidden="true">
    <text x="8" y="11.5" font-size="11" fill="#57606a">records in a cell</text>
    ${boxes}
  </svg>`;
}

/** Records of each source over time, one row of bars a source, each on its own scale. */
export function activity(grid: Grid): Markup {
  const sums = new Map<string, Map<number, number>>();
  for (const { source, counts } of grid.series) {
    const bins = sums.get(source) ?? new Map<number, number>();
    sums.set(source, bins);
    for (const [bin, records] of counts) bins.set(bin, (bins.get(bin) ?? 0) + records);
  }
  const bar = (WIDTH - LABEL) / grid.bins;
  const row = 84;
  const rows = [...sums].map(([source, bins], index) => {
    const top = index * row + 8;
    const most = Math.max(1, ...bins.values());
    const total = [...bins.values()].reduce((sum, records) => sum + records, 0);
    const base = top + 60;
    return html`<text x="0" y="${top + 13}" font-size="12.5" font-weight="600" fill="#1b1f24"
        >${shorten(source, 30)}</text
      >
      <text x="0" y="${top + 30}" font-size="11" fill="#57606a">${count(total, 'record')}</text>
      <text x="0" y="${top + 46}" font-size="11" fill="#57606a">highest bar ${number(most)}</text>
      <line
        x1="${LABEL}"
        y1="${top}"
        x2="${WIDTH}"
        y2="${top}"
        stroke="#d0d7de"
        stroke-width="0.7"
        stroke-dasharray="3 3"
      />
      ${[...bins].map(([bin, records]) => {
        const height = Math.max(1.2, (records / most) * 60);
        return html`<rect
          x="${place(LABEL + bin * bar)}"
          y="${place(base - height)}"
          width="${place(Math.max(bar - (bar > 4 ? 1 : 0), 0.8))}"
          height="${place(height)}"
          fill="#365f90"
          ><title>
            ${formatUs(grid.start_us + bin * grid.bin_us)}: ${count(records, 'record')}
          </title></rect
        >`;
      })}
      <line
        x1="${LABEL}"
        y1="${base}"
        x2="${WIDTH}"
        y2="${base}"
        stroke="#1b1f24"
        stroke-width="0.8"
      />`;
  });
  const height = sums.size * row;
  return html`<figure>
    <figcaption>
      Records per ${span(grid.bin_us / HOUR_US)} (UTC); each source on its own linear scale.
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} ${height + 24}" role="img" aria-label="Activity over time by source">
      ${rows}${axis(grid, height - 8, 0)}
    </svg>
  </figure>`;
}

// Times below a picture, and thin lines up to `top`.
function axis(grid: Grid, y: number, height: number): Markup {
  const cell = (WIDTH - LABEL) / grid.bins;
  const ticks = tickBins(grid);
  return html`${ticks.map((bin) => {
    const x = place(LABEL + bin * cell);
    const anchor = bin * cell > WIDTH - LABEL - 60 ? 'end' : 'start';
    return html`<line
        x1="${x}"
        y1="${y - height}"
        x2="${x}"
        y2="${y + 5}"
        stroke="#8c959f"
        stroke-width="0.6"
      /><text
        x="${anchor === 'end' ? x - 3 : x + 3}"
        y="${y + 16}"
        font-size="10.5"
        fill="#57606a"
        text-anchor="${anchor}"
        >${tickText(grid, bin)}</text
      >`;
  })}`;
}

// Seven labels fit; they fall on whole days where bins are hours.
function tickBins(grid: Grid): number[] {
  const hours = grid.bin_us / HOUR_US;
  const perDay = hours < 24 && 24 % hours === 0 ? 24 / hours : 1;
  const step =
    grid.bins > perDay * 3 ? perDay * Math.ceil(grid.bins / perDay / 7) : Math.ceil(grid.bins / 7);
  const startOfDay =
    grid.start_us - (((grid.start_us % (24 * HOUR_US)) + 24 * HOUR_US) % (24 * HOUR_US));
  const offset = step % perDay === 0 && perDay > 1 ? (grid.start_us - startOfDay) / grid.bin_us : 0;
  const first = offset === 0 ? 0 : perDay - offset;
  return Array.from({ length: grid.bins }, (_, bin) => bin).filter(
    (bin) => bin >= first && (bin - first) % step === 0,
  );
}

function tickText(grid: Grid, bin: number): string {
  const text = formatUs(grid.start_us + bin * grid.bin_us);
  const midnight = text.slice(11, 16) === '00:00';
  return midnight ? text.slice(0, 10) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

function shade(records: number, most: number): string {
  const level = most <= 1 ? SCALE.length - 1 : (Math.log(records) / Math.log(most)) * SCALE.length;
  return SCALE[Math.min(SCALE.length - 1, Math.max(0, Math.floor(level)))] ?? '';
}

// Coordinates with two digits: short, and the same text on every machine.
function place(value: number): number {
  return Math.round(value * 100) / 100;
}
