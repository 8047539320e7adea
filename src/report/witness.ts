/** Chapter on CloudTrail's own digests: what AWS itself vouches for, and for which time. */
import { breakable, html, type Markup, type Part } from './escape.ts';
import type { Report, WitnessFacts } from './model.ts';
import { alert, hash, said, table, time } from './parts.ts';
import { count, number } from './words.ts';

/** Chapter 5. */
export function witness({ witness: found }: Report): Markup {
  if (found === null) {
    return html`<p>
      No validation of CloudTrail’s own digest files is on record (<code
        >exhibit cloudtrail validate</code
      >). What the seals prove holds from the time of collection on; this validation is what can
      reach back to the delivery by AWS.
    </p>`;
  }
  return html`<p>
      CloudTrail signs digest files that name the hash of each log file it delivered. They were
      validated from the sealed evidence alone${asked(found)}, with public keys that were
      ${keys(found.keys_origin)}. Ledger entry ${number(found.ledger_seq)} records the result
      ${hash(found.file_sha256)}.
    </p>
    ${found.ok ? null : alert('Not everything is as AWS delivered it.', 'The findings below say what is not, and why.')}
    ${unproven(found)} ${counts(found)} ${periods(found)} ${findings(found)}`;
}

// Neither good nor bad: whoever reads only the alerts must not take it for good.
function unproven({ ok, digests, logs }: WitnessFacts): Markup | null {
  const open = (digests['unproven'] ?? 0) + (logs['unproven'] ?? 0);
  if (!ok || open === 0) return null;
  return alert(
    `${count(open, 'file is', 'files are')} not proven either way.`,
    'Nothing was found changed or missing among them, and nothing shows that they are as AWS delivered them.',
  );
}

function asked({ asked: { from, to } }: WitnessFacts): Markup | null {
  if (from === null && to === null) return null;
  return html`, ${from === null ? null : html`from ${time(from)}`}
  ${to === null ? null : html`to ${time(to)}`}`;
}

function keys(origin: string): string {
  if (origin === 'given') return 'given by the examiner';
  if (origin === 'acquisition') return 'sealed with the evidence by whoever collected it';
  if (origin === 'none') return 'not to be had, so that nothing could be proven';
  return 'found in the evidence, which is the evidence’s own claim and proves nothing';
}

function counts({ digests, logs }: WitnessFacts): Markup {
  const names = ['total', 'valid', 'invalid', 'missing', 'unproven'];
  const cells = (of: Readonly<Record<string, number>>): Part[] =>
    names.map((name) => number(of[name] ?? 0));
  return table(
    [
      '',
      { num: 'Total' },
      { num: 'Valid' },
      { num: 'Invalid' },
      { num: 'Missing' },
      { num: 'Unproven' },
      { num: 'Named by no digest' },
    ],
    [
      ['Digest files', ...cells(digests), '–'],
      ['Log files', ...cells(logs), number(logs['uncovered'] ?? 0)],
    ],
  );
}

function periods({ periods: some, periods_total: total }: WitnessFacts): Markup | null {
  if (total === 0) return null;
  return html`<h4>Which time the digests stand for</h4>
    ${table(
      ['Account and region', 'Trail', 'From', 'To', 'State'],
      some.map((one) => [
        html`${said(one.account)}<br />${said(one.region)}`,
        one.trail === null ? html`<span class="soft">not known</span>` : said(one.trail),
        time(one.from),
        time(one.to),
        html`<b>${one.status.replaceAll('_', ' ')}</b
          >${one.detail === '' ? null : html`<br />${breakable(one.detail)}`}`,
      ]),
      { widths: ['18%', '14%', '17%', '17%', '34%'] },
    )}
    ${more(total - some.length, 'more period')}`;
}

function findings({ findings: some, findings_total: total }: WitnessFacts): Markup {
  if (total === 0) return html`<p>No finding beyond these.</p>`;
  return html`<h4>Findings</h4>
    ${table(
      ['Object', 'Status', 'Detail'],
      some.map(({ subject, status, detail }) => [
        said(subject),
        status.replaceAll('_', ' '),
        breakable(detail),
      ]),
      { widths: ['46%', '14%', '40%'] },
    )}
    ${more(total - some.length, 'more finding')}`;
}

function more(rest: number, what: string): Markup | null {
  if (rest <= 0) return null;
  return html`<p class="soft">
    And ${count(rest, what)}; all are in report/cloudtrail-validation.json.
  </p>`;
}
