/** Closing chapters: limits and anomalies, tools, glossary, and the commands that check all of this without us. */
import { breakable, html, lines, type Markup } from './escape.ts';
import type { Report } from './model.ts';
import { facts, hash, said, table } from './parts.ts';
import { count, number } from './words.ts';

/** Chapter 9. */
export function limits(report: Report): Markup {
  const { data, verification } = report;
  const open = verification.checks.filter(({ status }) => status === 'not_checked');
  return html`<h3><span class="no">9.1</span>Checks that were not made</h3>
    ${
      open.length === 0
        ? html`<p>None.</p>`
        : table(
            ['Check', 'Of', 'What is missing for it'],
            open.map(({ id, subject, detail }) => [
              html`<code>${id}</code>`,
              breakable(subject),
              breakable(detail),
            ]),
            { widths: ['24%', '30%', '46%'] },
          )
    }
    ${data === null ? html`<p>No evidence has been imported; nothing can be said about records.</p>` : ofData(data)}
    <h3><span class="no">9.5</span>What no log can tell</h3>
    <ul class="plain">
      <li>
        A log holds what its service was configured to record and delivered. Data events, flow logs
        and access logs are off unless somebody switched them on, and some are delivered late or, by
        the service’s own documentation, on a best-effort basis.
      </li>
      <li>
        A name or address in a record says which credential or address was used, not which person
        used it.
      </li>
      <li>
        Times in records are those of the services; times of collection, custody and import are
        claims of the computers used. No offset between them has been measured unless an entry says
        so.
      </li>
      <li>
        Counts depend on the mapping of this version of the tool; the original bytes are kept, and
        every row names the file, record number and byte range that it was made from.
      </li>
    </ul>`;
}

function ofData(data: NonNullable<Report['data']>): Markup {
  const rest = data.unrecognised_total - data.unrecognised.length;
  return html`<h3><span class="no">9.2</span>Rejected records</h3>
    ${
      data.rejects.length === 0
        ? html`<p>None.</p>`
        : table(
            ['Source', 'Reason', 'Meaning', { num: 'Records' }],
            data.rejects.map(({ source, reason, about, count: some }) => [
              source,
              html`<code>${reason}</code>`,
              about,
              some,
            ]),
            { widths: ['18%', '20%', '48%', '14%'] },
          )
    }
    <h3><span class="no">9.3</span>Anomalies in what was kept</h3>
    ${
      data.anomalies.length === 0
        ? html`<p>None.</p>`
        : table(
            ['Kind', 'Meaning', { num: 'Times' }],
            data.anomalies.map(({ kind, about, count: some }) => [
              html`<code>${kind}</code>`,
              about,
              some,
            ]),
            { widths: ['22%', '64%', '14%'] },
          )
    }
    <h3><span class="no">9.4</span>Files that gave no records</h3>
    ${
      data.unrecognised.length === 0
        ? html`<p>None: every file was recognised and could be read.</p>`
        : table(
            ['Evidence', 'Path as collected', { num: 'Bytes' }, 'State', 'Why'],
            data.unrecognised.map(({ evidence, path, size, status, reason }) => [
              evidence,
              said(path),
              size,
              status,
              reason,
            ]),
            { widths: ['11%', '40%', '11%', '14%', '24%'] },
          )
    }
    ${rest > 0 ? html`<p class="soft">And ${count(rest, 'more file')}; <code>exhibit status</code> lists all ${number(data.unrecognised_total)}.</p>` : null}`;
}

/** Chapter 10. */
export function tools({ tool, data }: Report): Markup {
  return html`${facts([
      ['Tool', `${tool.name} ${tool.version}`],
      ['SHA-256 of its files', hash(tool.hash)],
      ['Node.js', tool.node],
      ['SQLite', tool.sqlite],
      [
        'Sources',
        data === null
          ? undefined
          : data.sources.map(({ source, version }) => `${source} ${String(version)}`).join(', '),
      ],
    ])}
    <p>
      The ledger names the tool, version and hash of every action, the seals those that sealed, and
      the records of questions the environment in which each ran. The evidence can be checked
      without this tool: volumes are ustar archives holding BagIt bags, the seal is a list for
      sha256sum, signatures are CMS (RFC 5652) with X.509 certificates.
    </p>`;
}

const TERMS: readonly (readonly [string, string])[] = [
  ['Evidence item', 'What was collected in one go; named EV-0001, EV-0002 and so on.'],
  [
    'SHA-256, hash',
    'A number computed from bytes. Two different files with the same SHA-256 have never been found; equal hashes mean equal bytes.',
  ],
  ['Volume', 'An archive file that holds collected files and the record of their collection.'],
  [
    'Seal',
    'A text that lists the hashes of all volumes of an evidence item. It is signed; a change of one bit in any volume no longer fits it.',
  ],
  [
    'Payload set',
    'The hash over the list of collected files and their hashes: the same files give the same payload-set hash, whoever collects them.',
  ],
  [
    'Signature, certificate',
    'Proof that the holder of a private key signed exactly these bytes. The certificate says whose key it is; the root certificate vouches for it, and its fingerprint is compared on paper.',
  ],
  [
    'Custody ledger',
    'The list of everything that was done with the case. Each entry is signed and names the hash of the one before it.',
  ],
  [
    'Claimed and proven time',
    'A computer’s clock can be wrong or set wrong: its time is a claim. A time stamp of an independent authority, or a signature of AWS inside the evidence, proves that something existed by a time.',
  ],
  [
    'Record, row',
    'One event as the log holds it, and the line of the database made from it. Each row names its record.',
  ],
  [
    'Copy (duplicate)',
    'A record that is in the evidence more than once. One is kept as a row; the places of the others are listed.',
  ],
  [
    'Rejected',
    'Bytes where a record was expected that could not be read as one. They are kept, with their place and the reason.',
  ],
  [
    'Coverage, gap',
    'The hours for which there are records, and stretches between them without any.',
  ],
  [
    'CloudTrail',
    'The service of AWS that records calls to its other services: who called what, when, from which address, and whether it was allowed.',
  ],
  [
    'Digest file',
    'A file by which CloudTrail itself signs the hashes of the log files that it delivered.',
  ],
  ['S3 server access log', 'A list of requests to a storage bucket.'],
  ['VPC flow log', 'A list of network connections: addresses, ports, bytes, accepted or rejected.'],
  ['SQL, query', 'The language in which questions are put to a database, and one such question.'],
  [
    'UTC',
    'Coordinated universal time. All times in this report are UTC and written as in RFC 3339.',
  ],
];

/** Chapter 11. */
export function glossary(): Markup {
  return html`<dl class="terms">
    ${TERMS.map(
      ([term, meaning]) =>
        html`<dt>${term}</dt>
          <dd>${meaning}</dd> `,
    )}
  </dl>`;
}

/** Appendix A. */
export function appendix({ verify_txt: text }: Report): Markup {
  if (text === null) return html`<p>The case holds no VERIFY.txt.</p>`;
  return html`<p>
      VERIFY.txt of the case, as it is: how to check evidence and custody with openssl, sha256sum
      and GNU tar alone.
    </p>
    <pre>${lines(text.trimEnd())}</pre>`;
}
