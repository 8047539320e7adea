/** Chapters on evidence, custody and verification. */
import { breakable, html, type Markup } from './escape.ts';
import type { CustodyRow, EvidenceFacts, ProvenAt, Report } from './model.ts';
import { alert, facts, hash, mark, said, table, time } from './parts.ts';
import { bytes, count, number } from './words.ts';

/** Chapter 2. */
export function evidence(report: Report): Markup {
  if (report.evidence.length === 0) return html`<p>Nothing has been sealed in this case.</p>`;
  return html`<p>
      Each evidence item was copied byte for byte, hashed while it was copied, and sealed: one or
      more volumes, a seal that lists their hashes, and a signature over the seal. The payload-set
      hash depends on the collected bytes and their names alone; collecting the same files again
      gives the same hash.
    </p>
    ${report.evidence.map(item)}`;
}

function item(about: EvidenceFacts, index: number): Markup {
  const { id, seal, collection, problem } = about;
  const signed = seal?.signed ?? null;
  const existed = signed?.not_after ?? null;
  const size =
    about.bytes === null
      ? undefined
      : html`${bytes(about.bytes)} <span class="soft">(${number(about.bytes)} bytes)</span>`;
  return html`<h3><span class="no">2.${index + 1}</span>${id}</h3>
    ${problem === undefined ? null : alert('Not readable:', problem)}
    ${facts([
      ['Files', about.files === null ? undefined : number(about.files)],
      ['Size', size],
      ['Collected from', collection?.roots.map((root) => html`<div>${said(root)}</div>`)],
      ['Mirror of', collection?.s3 === undefined ? undefined : said(collection.s3)],
      ['Taken for source', collection?.as === undefined ? undefined : said(collection.as)],
      [
        'Method',
        collection === null
          ? undefined
          : `${collection.method === 'dir' ? 'copied from a folder or mounted disk' : collection.method}, on ${collection.acquiring_os}`,
      ],
      ['Collected by', collection === null ? undefined : said(collection.examiner)],
      [
        'Collected (claimed)',
        seal === null ? undefined : html`${time(seal.acquired_from)} to ${time(seal.acquired_to)}`,
      ],
      ['Seal signed (claimed)', signed === null ? undefined : time(signed.claimed)],
      [
        'Seal existed (proven)',
        existed === null
          ? 'nobody but the signer says when'
          : html`by ${time(existed.at)}, says ${said(existed.by)}`,
      ],
      [
        'Not older than (proven)',
        seal === null
          ? undefined
          : seal.anchor_not_before === 'none'
            ? 'nothing in the evidence proves a time'
            : said(seal.anchor_not_before),
      ],
      ['Tool', seal === null ? undefined : seal.tool],
      ['Payload set SHA-256', seal === null ? undefined : hash(seal.payload_set_sha256)],
      ['Seal SHA-256', seal === null ? undefined : hash(seal.sha256)],
      ['Signer’s certificate', seal === null ? undefined : hash(seal.signer_cert_sha256)],
    ])}
    ${seal === null ? null : volumes(seal.volumes)} ${notCollected(about)}`;
}

function volumes(all: NonNullable<EvidenceFacts['seal']>['volumes']): Markup {
  return html`<h4>Volumes</h4>
    ${table(
      ['Volume', { num: 'Bytes' }, 'SHA-256 of the file', 'SHA-256 of its tag manifest'],
      all.map(({ file, size, sha256, tagmanifest_sha256: tags }) => [
        file,
        size ?? 'missing',
        hash(sha256),
        hash(tags),
      ]),
      { widths: ['19%', '13%', '34%', '34%'] },
    )}`;
}

function notCollected({ not_collected: missing }: EvidenceFacts): Markup {
  if (missing.total === 0) {
    return html`<h4>Not collected</h4>
      <p>Nothing: every file that was found was copied.</p>`;
  }
  const rest = missing.total - missing.first.length;
  return html`<h4>Not collected</h4>
    <p>
      ${missing.by_reason.map(({ state, reason, count: some }) => `${number(some)} ${state} (${reason})`).join(', ')}.
      “Skipped” is by rule (links and devices are never followed), “failed” could not be read,
      “gone” vanished while the collection ran.
    </p>
    ${table(
      ['Path', 'State', 'Reason', 'Detail'],
      missing.first.map(({ path, state, reason, detail }) => [
        said(path),
        state,
        reason,
        said(detail),
      ]),
      { widths: ['42%', '10%', '13%', '35%'] },
    )}
    ${rest > 0 ? html`<p class="soft">And ${count(rest, 'more')}; all are in acquisition/errors.jsonl of the bundle.</p>` : null}`;
}

// Evidence ids have a hyphen that must not end a line; anything else may break.
function whole(id: string): Markup {
  return /^EV-\d{4}$/.test(id) ? html`<span class="whole">${id}</span>` : html`${id}`;
}

/** What is proven of an entry's time, below what is claimed. */
function proof({ not_before: after, not_after: before }: CustodyRow): Markup {
  if (after === null && before === null) {
    return html`<span class="soft small">claimed, not proven</span>`;
  }
  const bound = (word: string, proven: ProvenAt | null): Markup | null =>
    proven === null
      ? null
      : html`<br />${word} ${time(proven.at.slice(0, 10))} ${time(proven.at.slice(11))}
          (${said(proven.by)})`;
  return html`<span class="soft small"
    >claimed${bound('proven: not before', after)}${bound('proven: existed by', before)}</span
  >`;
}

/** Chapter 3. */
export function custody({ custody: ledger }: Report): Markup {
  return html`<p>
      Every action on the case appended one signed entry; each entry names the hash of the one
      before it, so that none can be changed, left out or moved without breaking the chain. The time
      of an entry is what the writer’s computer claimed. A time is proven only by a time stamp of
      somebody else whom the reader trusts; where none is held, “not proven” stands. A stamp proves
      that everything up to its entry existed by then, and that an entry which names it came after.
    </p>
    ${table(
      ['No.', 'Time', 'Event', 'By', 'What', 'Signature'],
      ledger.entries.map((row) => [
        number(row.seq),
        html`${time(row.at.slice(0, 10))} ${time(row.at.slice(11))}<br />${proof(row)}`,
        html`<b>${row.event}</b>${row.evidence.map((id) => html`<br />${whole(id)}`)}`,
        html`${said(row.actor.name)}${row.actor.org === undefined ? null : html`<br />${said(row.actor.org)}`}<br /><span
            class="soft"
            >${row.actor.role}</span
          >`,
        html`${row.notes.map((note) => html`<div>${breakable(note)}</div>`)}
          <div class="soft">SHA-256 ${hash(row.sha256)}</div>`,
        html`${mark(row.signature)}${row.problem === undefined ? null : html`<br />${row.problem}`}`,
      ]),
      { widths: ['5%', '14%', '13%', '15%', '41%', '12%'] },
    )}
    <p>
      Head of the ledger, the hash of its newest entry: ${hash(ledger.head)}. Entries cut off at the
      end can be noticed only by comparing this hash with one kept outside of the case. The report
      itself is put on record by an entry that follows these.
    </p>`;
}

/** Chapter 4. */
export function verification({ verification: { checks } }: Report): Markup {
  const of = (status: string): number => checks.filter((check) => check.status === status).length;
  const subjects = Map.groupBy(checks, ({ subject }) => subject);
  return html`<p>
      ${count(checks.length, 'question')} put when this report was made: ${number(of('pass'))}
      passed, ${number(of('fail'))} failed, ${number(of('not_checked'))} not checked. “Not checked”
      means that the question could not be put, and the detail says what is missing for it; it is
      never counted as passed. VERIFY.txt (the appendix) puts the same questions with openssl,
      sha256sum and GNU tar alone.
    </p>
    ${[...subjects].map(
      ([subject, members]) =>
        html`<h4 style="text-transform:none;letter-spacing:0">${said(subject)}</h4>
          ${table(
            ['Check', 'Answer', 'Detail'],
            members.map(({ id, status, detail }) => [
              html`<code>${id}</code>`,
              mark(status),
              breakable(detail),
            ]),
            { widths: ['24%', '14%', '62%'] },
          )}`,
    )}`;
}
