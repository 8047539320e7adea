/** Cover and summary: what the case is, its hashes, and the facts in plain words. */
import { html, type Markup, type Part } from './escape.ts';
import type { Report } from './model.ts';
import { alert, facts, hash, said } from './parts.ts';
import { bytes, count, number } from './words.ts';

/** The first page. `contents` are the chapters: anchor, number, title. */
export function cover(
  report: Report,
  contents: readonly { readonly id: string; readonly no: string; readonly title: string }[],
): Markup {
  const { examiner } = report.case;
  const hashes: [string, Part][] = report.evidence.flatMap(({ id, seal }): [string, Part][] =>
    seal === null
      ? [[id, html`<span class="soft">no readable seal</span>`]]
      : [
          [`${id} payload set`, hash(seal.payload_set_sha256)],
          [`${id} seal`, hash(seal.sha256)],
        ],
  );
  return html`<header class="cover">
    <p class="kicker">Report on digital evidence</p>
    <h1>${said(report.case.id)}</h1>
    <p class="lead">
      Logs of Amazon Web Services: evidence, custody, verification, records and recorded questions
    </p>
    ${facts([
      ['Case', said(report.case.id)],
      [
        'Exhibits',
        report.evidence.length === 0
          ? 'none sealed'
          : report.evidence.map(({ id }) => id).join(', '),
      ],
      [
        'Examiner',
        html`${said(examiner.name)}${examiner.organization === undefined ? null : html`, ${said(examiner.organization)}`}
        (${examiner.role})`,
      ],
      ['Case opened', report.case.created_at],
      [
        'State of the case',
        html`${report.as_of}, the newest entry of the custody ledger
          <span class="soft">(times are claims of the computers that wrote them, in UTC)</span>`,
      ],
      ['Made with', `${report.tool.name} ${report.tool.version}`],
    ])}
    <div class="box">
      <h4>Hashes to compare (SHA-256)</h4>
      ${facts([
        ...hashes,
        ['Ledger head', hash(report.custody.head)],
        ['Root certificate', hash(report.case.root_cert_sha256)],
        ['Examiner’s certificate', hash(report.case.examiner_cert_sha256)],
        ...(report.data === null
          ? []
          : [['Imported content', hash(report.data.content_sha256)] as [string, Part]]),
      ])}
      <p class="small soft">
        Compare the root certificate and the ledger head with the values that were written on paper
        when the case was opened and when it changed hands.
      </p>
    </div>
    <div class="sign">
      <div>Examiner, signature</div>
      <div>Place and date</div>
    </div>
    <nav>
      <h4>Contents</h4>
      <ol>
        ${contents.map(
          ({ id, no, title }) =>
            html`<li>
              <a href="#${id}"><span class="no">${no}</span><span>${title}</span></a>
            </li>`,
        )}
      </ol>
    </nav>
  </header>`;
}

/** Chapter 1: counts in plain words, no conclusions. */
export function summary(report: Report): Markup {
  const { evidence, verification, data, runs, witness } = report;
  const files = evidence.reduce((sum, item) => sum + (item.files ?? 0), 0);
  const size = evidence.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const missing = evidence.reduce((sum, item) => sum + item.not_collected.total, 0);
  const checks = (status: string): number =>
    verification.checks.filter((check) => check.status === status).length;
  const sentences: Part[] = [
    `The case holds ${count(evidence.length, 'sealed evidence item')} with ${count(files, 'collected file')} of ${bytes(size)} (${number(size)} bytes).`,
    missing === 0
      ? 'Everything that was found where evidence was collected was copied.'
      : `${count(missing, 'thing was', 'things were')} found where evidence was collected and not copied; chapter 2 names the reasons.`,
    `Verification put ${count(verification.checks.length, 'question')} to seals, signatures, volumes and the custody ledger: ${number(checks('pass'))} were answered well, ${number(checks('fail'))} were not, and ${number(checks('not_checked'))} could not be put. A question that could not be put counts as neither.`,
  ];
  if (witness !== null) {
    sentences.push(
      `Of the log files, ${number(witness.logs['valid'] ?? 0)} are exactly those that CloudTrail’s own signed digest files name; ${number(witness.logs['invalid'] ?? 0)} differ, ${number(witness.logs['missing'] ?? 0)} are missing, ${number(witness.logs['unproven'] ?? 0)} could not be proven either way, and no digest in the evidence speaks of ${number(witness.logs['uncovered'] ?? 0)}.`,
    );
  }
  if (data === null)
    sentences.push('No evidence has been imported, so nothing is said about records.');
  else {
    const { records, imported, duplicates, rejected } = data.totals;
    sentences.push(
      `${count(records, 'record')} were found in the files: ${number(imported)} were kept as rows, ${number(duplicates)} are copies of one of those, and ${number(rejected)} could not be read as a record. Nothing was dropped: ${number(imported)} + ${number(duplicates)} + ${number(rejected)} = ${number(records)}.`,
      data.first_event === null || data.last_event === null
        ? 'No record carries a time.'
        : `The earliest event is of ${data.first_event}, the latest of ${data.last_event}, by the clocks of the services that wrote them.`,
    );
  }
  sentences.push(
    runs.length === 0
      ? 'No question put to the records has been recorded.'
      : `${count(runs.length, 'question')} put to the records ${runs.length === 1 ? 'is' : 'are'} recorded, each with its exact text, parameters and the hashes of its answer, so that anyone who holds the evidence can put it again and compare.`,
  );
  return html`${warnings(report)} ${data === null ? null : tiles(data.totals)}
    <ul class="plain">
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    <p class="soft">
      This report states what was found and counted. It draws no conclusion about who did what, or
      why. Text that was typed by a person or taken from evidence is set like ${said('this')};
      characters in it that cannot be seen, or that would change the order of reading, are written
      as their number, such as ${said('\\u{202e}')}.
    </p>`;
}

function tiles(totals: NonNullable<Report['data']>['totals']): Markup {
  const tile = (value: number, name: string): Markup =>
    html`<div><b>${number(value)}</b><span>${name}</span></div>`;
  return html`<div class="tiles">
    ${tile(totals.records, 'records found')}${tile(totals.imported, 'kept as rows')}${tile(totals.duplicates, 'copies')}${tile(totals.rejected, 'rejected')}
  </div>`;
}

// What a reader must not overlook, each only if it is so.
function warnings({ verification, data, runs, evidence }: Report): Markup[] {
  const found: Markup[] = [];
  const failed = verification.checks.filter(({ status }) => status === 'fail').length;
  if (failed > 0)
    found.push(
      alert(
        `${count(failed, 'check')} failed.`,
        'Chapter 4 names each. Until they are explained, the evidence concerned should not be relied on.',
      ),
    );
  for (const { id, problem } of evidence) {
    if (problem !== undefined) found.push(alert(`${id}:`, problem));
  }
  if (data !== null && data.recorded_content_sha256 !== data.content_sha256) {
    found.push(
      alert(
        'The database is not the one on record.',
        'Its content hash differs from the one that the ledger’s newest import entry names. Import again before relying on chapters 6 to 9.',
      ),
    );
  }
  if (data !== null && data.unreconciled.length > 0) {
    found.push(alert('Counts do not agree:', data.unreconciled.join('; ')));
  }
  const broken = runs.filter(({ problem }) => problem !== undefined).length;
  if (broken > 0)
    found.push(
      alert(
        `${count(broken, 'recorded question')} cannot be shown.`,
        'Their files are not the ones that were signed; chapter 8 names them.',
      ),
    );
  return found;
}
