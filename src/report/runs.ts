/** Chapter on the recorded questions: what was asked, what came out, and how to ask again. */
import type { CanonicalCell } from '../query/canonical.ts';
import { plainCell } from '../query/display.ts';
import { breakable, html, lines, type Markup } from './escape.ts';
import type { Report, RunFacts } from './model.ts';
import { alert, facts, hash, table } from './parts.ts';
import { count, number } from './words.ts';

/** Results with more columns than fit side by side on paper are shown row by row. */
const MOST_COLUMNS = 8;
/** Rows shown of such a result. */
const MOST_RECORDS = 10;

const TIME = /^(\d{4}-\d\d-\d\dT)([\d:.]+Z)$/;

/** Chapter 8. */
export function runs(report: Report): Markup {
  if (report.runs.length === 0) {
    return html`<p>None. <code>exhibit query run NAME</code> puts a question and records it.</p>`;
  }
  return html`<p>
      Each question is SQL that was run on the imported records, or a verb that was asked about
      them, with its parameters and the hashes of its answer, in a record that was signed when it
      ran. The ordered hash is over the rows in their order, the set hash over the rows whatever
      their order. To put a question again and compare: <code>exhibit query replay</code> with its
      number. All rows are in the folder of that number under <code>queries/</code>.
    </p>
    ${overview(report)} ${report.runs.map((run, index) => one(run, index, report))}`;
}

function overview({ runs: all }: Report): Markup {
  return table(
    ['', 'Number', 'Question', { num: 'Rows' }],
    all.map(({ id, run }, index) => [
      html`<span class="soft">8.${index + 1}</span>`,
      html`<a href="#${id}">${id}</a>`,
      run === undefined ? 'cannot be shown' : (run.question ?? run.name ?? 'SQL that was typed'),
      run === undefined ? '' : run.row_count,
    ]),
    { widths: ['7%', '13%', '68%', '12%'] },
  );
}

function one({ id, run, problem }: RunFacts, index: number, { data }: Report): Markup {
  const title = html`<h3 id="${id}">
    <span class="no">8.${index + 1}</span
    >${id}${run === undefined ? null : html` – ${run.question ?? run.name ?? 'SQL that was typed'}`}
  </h3>`;
  if (run === undefined) {
    return html`<div class="run">${title}${alert('Not shown:', problem)}</div>`;
  }
  const same = data !== null && data.content_sha256 === run.content_sha256;
  return html`<div class="run">
    ${title}
    ${facts([
      ['Named query', run.name === null ? 'none' : html`<code>${run.name}</code>`],
      ['Run at (claimed)', run.started_at],
      ['Parameters', parameters(run.params)],
      [
        'Rows',
        html`${number(run.row_count)}<span class="soft"
            >, in an order that the query
            ${run.order === 'determined' ? 'determines' : 'does not determine'}</span
          >`,
      ],
      ['Ordered SHA-256', hash(run.ordered_sha256)],
      ['Set SHA-256', hash(run.multiset_sha256)],
      ['SQL SHA-256', hash(run.sql_sha256)],
      ['Run SHA-256', hash(run.core_sha256)],
      [
        'Asked of',
        html`${same ? 'the content that the database holds now' : html`other content than the database holds now: ${hash(run.content_sha256)}`},
        SQLite ${run.sqlite_version}`,
      ],
      [
        'To be kept in mind',
        run.warnings.length === 0
          ? undefined
          : run.warnings.map((warning) => html`<div>${warning}</div>`),
      ],
      ['To ask again', html`<code>exhibit query replay ${id}</code>`],
    ])}
    <h4>Answer</h4>
    ${answer(run)}
    <h4>SQL</h4>
    <pre>${lines(run.sql.trimEnd())}</pre>
  </div>`;
}

function parameters(params: NonNullable<RunFacts['run']>['params']): Markup {
  if (params.length === 0) return html`<span class="soft">none</span>`;
  return html`${params.map(({ name, value: text }) => html`<div><code>${name}</code> = ${value(text)}</div>`)}`;
}

function answer(run: NonNullable<RunFacts['run']>): Markup {
  if (run.row_count === 0) return html`<p>No row.</p>`;
  const wide = run.columns.length > MOST_COLUMNS;
  const rows = wide ? run.rows.slice(0, MOST_RECORDS) : run.rows;
  const note =
    rows.length < run.row_count
      ? html`<p class="soft">
          The first ${number(rows.length)} of ${count(run.row_count, 'row')}.
        </p>`
      : null;
  if (!wide) {
    const numeric = run.columns.map((_, at) => rows.every((row) => isNumber(row[at])));
    const heads = run.columns.map((name, at) =>
      numeric[at] === true ? { num: spaced(name) } : spaced(name),
    );
    return html`${table(
      heads,
      rows.map((row) => row.map((cell) => value(cell))),
      { className: 'result' },
    )}${note}`;
  }
  return html`${rows.map(
    (row) =>
      html`<dl class="record">
        ${run.columns.map(
          (name, at) =>
            html`<dt>${spaced(name)}</dt>
              <dd>${value(row[at] ?? null)}</dd>`,
        )}
      </dl>`,
  )}${note}`;
}

function isNumber(cell: CanonicalCell | undefined): boolean {
  return typeof cell === 'object' && cell !== null && ('i' in cell || 'r' in cell);
}

function value(cell: CanonicalCell): Markup {
  const text = plainCell(cell);
  if (text === null) return html`<span class="null">NULL</span>`;
  if (isNumber(cell)) return html`${text}`;
  // A time breaks between day and hour, or not at all.
  const [, day, hour] = TIME.exec(text) ?? [];
  return day === undefined
    ? html`<span class="said">${breakable(text)}</span>`
    : html`<span class="said"
        ><span class="whole">${day}</span><wbr /><span class="whole">${hour}</span></span
      >`;
}

// Column names may break at their underscores.
function spaced(name: string): string {
  return name.replaceAll('_', ' ');
}
