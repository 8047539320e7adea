/** Chapters on what the database holds: records reconciled, coverage and activity. */
import { formatUs } from '../core/time.ts';
import { html, type Markup } from './escape.ts';
import type { DataFacts, Grid, Report } from './model.ts';
import { facts, hash, said, table, time } from './parts.ts';
import { activity, heatMap } from './svg.ts';
import { count, number } from './words.ts';

/** Said in every chapter that needs the database, when there is none. */
const NOT_IMPORTED = html`<p>No evidence has been imported into the database of this case.</p>`;

/** Chapter 6. */
export function records({ data }: Report): Markup {
  if (data === null) return NOT_IMPORTED;
  const { totals } = data;
  const recognised = data.sources.reduce((sum, source) => sum + source.files, 0);
  const found = data.sources.filter((source) => source.files > 0);
  const absent = data.sources.filter((source) => source.files === 0);
  return html`<p>
      Each file was read once from its sealed volume, and its rows were kept only because the volume
      had the sealed hash. A record is either kept as a row, a copy of a row, or rejected with its
      place and reason; the three add up to the records found, file by file, which the database
      itself enforces.
    </p>
    ${table(
      [
        'Source',
        'Table',
        { num: 'Files' },
        { num: 'Records' },
        { num: 'Rows' },
        { num: 'Copies' },
        { num: 'Rejected' },
        'Adds up',
      ],
      [
        ...found.map((source) => [
          source.title,
          html`<code>${source.source}</code>`,
          source.files,
          source.records,
          source.imported,
          source.duplicates,
          source.rejected,
          source.records === source.imported + source.duplicates + source.rejected ? '✓' : 'no',
        ]),
        ['no source recognised them', '', totals.files - recognised, '', '', '', '', ''],
      ],
      {
        foot: [
          'All files',
          '',
          totals.files,
          totals.records,
          totals.imported,
          totals.duplicates,
          totals.rejected,
          totals.records === totals.imported + totals.duplicates + totals.rejected ? '✓' : 'no',
        ],
      },
    )}
    ${absent.length === 0 ? '' : html`<p class="soft">No file of other sources that exhibit reads: ${absent.map(({ title }) => title).join(', ')}.</p>`}
    <h4>Files by state</h4>
    ${fileStates(data)}
    <h4>Identity of the data</h4>
    ${facts([
      [
        'Content SHA-256',
        html`${hash(data.content_sha256)}<br /><span class="soft"
            >${data.content_sha256 === data.recorded_content_sha256 ? 'equal to the one that the ledger’s newest import entry names' : 'NOT equal to the one on record'};
            the same evidence gives the same hash on any machine</span
          >`,
      ],
      ['Evidence set SHA-256', hash(data.evidence_set_sha256)],
      ['Schema SHA-256', hash(data.schema_sha256)],
      ['First event', time(data.first_event)],
      ['Last event', time(data.last_event)],
    ])}
    <h4>Imports</h4>
    ${table(
      ['Started (claimed)', 'Finished (claimed)', 'Tool', { num: 'Workers' }, 'Evidence'],
      data.imports.map((run) => [
        time(run.started_at),
        time(run.finished_at),
        run.tool,
        run.workers,
        run.evidence.replaceAll(',', ', '),
      ]),
    )}`;
}

/** What the states of files mean. */
const STATES: Readonly<Record<string, string>> = {
  imported: 'read to its end, all records accounted for',
  partial: 'damaged: records before the damage were kept',
  empty: 'of a known source, without a record in it',
  unrecognised: 'no source recognised it; kept in the bundle',
  unreadable: 'could not be decompressed or read; kept in the bundle',
  metadata: 'object metadata that lies beside an object',
};

function fileStates(data: DataFacts): Markup {
  return table(
    ['Evidence', 'State', { num: 'Files' }, 'Meaning'],
    data.files.map(({ evidence, status, files }) => [
      evidence,
      status,
      files,
      STATES[status] ?? '',
    ]),
    { widths: ['14%', '18%', '12%', '56%'] },
  );
}

/** Chapter 7. */
export function coverage({ data }: Report): Markup {
  if (data === null) return NOT_IMPORTED;
  if (data.coverage.length === 0) return html`<p>No record carries a time.</p>`;
  return html`<p>
      Where and when there are records. An empty stretch is a fact about the evidence, not about the
      account: nothing may have happened, the log may have been switched off, or it was not
      collected.
    </p>
    <h3><span class="no">7.1</span>Activity over time</h3>
    ${data.coverage.map((grid) => html`${stretch(data, grid)}${activity(grid)}`)}
    <h3><span class="no">7.2</span>Coverage by source, account and region</h3>
    ${data.coverage.map((grid) => html`${stretch(data, grid)}${heatMap(grid)}`)}
    <h3><span class="no">7.3</span>Longest gaps</h3>
    ${gaps(data)}`;
}

// A heading for each stretch, where there are several.
function stretch(data: DataFacts, grid: Grid): Markup | null {
  if (data.coverage.length === 1) return null;
  const day = (us: number): string => formatUs(us).slice(0, 10);
  return html`<h4>
    ${day(grid.start_us)} to ${day(grid.start_us + grid.bins * grid.bin_us - 1)}
  </h4>`;
}

function gaps(data: DataFacts): Markup {
  if (data.gaps.length === 0) {
    return html`<p>
      None: between its first and its last hour, every series has a record in each hour.
    </p>`;
  }
  const rest = data.gaps_total - data.gaps.length;
  return html`<p>
      Hours without any record between hours with records, longest first. Services that are seldom
      used have gaps by nature.
    </p>
    ${table(
      ['Source', 'Account', 'Region', 'From', 'Until', { num: 'Hours' }],
      data.gaps.map(({ source, account_id: account, region, from, to, hours }) => [
        source,
        account === '' ? html`<span class="soft">none named</span>` : said(account),
        region === '' ? html`<span class="soft">none named</span>` : said(region),
        time(from),
        time(to),
        hours,
      ]),
    )}
    ${rest > 0 ? html`<p class="soft">And ${count(rest, 'shorter gap')} (<code>exhibit status</code> lists all ${number(data.gaps_total)}).</p>` : null}`;
}
