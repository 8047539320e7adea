/** A report whose every text is hostile, for tests of the rendering. */
import type { Report } from '../../src/report/model.ts';

/** Markup, script, entities, quotes, control and bidirectional characters, and a very long word. */
const HOSTILE =
  `</td></pre><script>document.title='RAN'</script><img src=x onerror="document.title='RAN'">` +
  `&lt;'"\`\u001b[31m\u202eevil\u2066\0\u200b ${'W'.repeat(3000)}`;

const HEX = 'ab'.repeat(32);

/** The report; `text` stands wherever text from evidence, from a person or from the case's files can stand. */
export function hostileReport(text = HOSTILE): Report {
  const counts = { files: 1, records: 1_234_567, imported: 1_234_560, duplicates: 4, rejected: 3 };
  return {
    type: 'report/1',
    as_of: text,
    case: {
      id: text,
      created_at: text,
      examiner: { name: text, organization: text, role: text },
      examiner_cert_sha256: text,
      root_cert_sha256: HEX,
    },
    tool: { name: text, version: text, hash: text, node: text, sqlite: text },
    evidence: [
      {
        id: text,
        seal: {
          sha256: HEX,
          payload_set_sha256: text,
          signer_cert_sha256: HEX,
          acquired_from: text,
          acquired_to: text,
          anchor_not_before: text,
          tool: text,
          signed: { claimed: text, not_after: { at: text, by: text } },
          volumes: [{ file: text, size: 10, sha256: HEX, tagmanifest_sha256: HEX }],
        },
        collection: {
          method: text,
          roots: [text],
          s3: text,
          as: text,
          examiner: text,
          started_at: text,
          acquiring_os: text,
        },
        files: 1,
        bytes: 5,
        not_collected: {
          total: 2,
          by_reason: [{ state: text, reason: text, count: 2 }],
          first: [{ path: text, state: text, reason: text, detail: text }],
        },
      },
      {
        id: 'EV-0002',
        seal: null,
        problem: text,
        collection: null,
        files: null,
        bytes: null,
        not_collected: { total: 0, by_reason: [], first: [] },
      },
    ],
    custody: {
      head: HEX,
      entries: [
        {
          seq: 1,
          at: text,
          not_before: { at: text, by: text },
          not_after: { at: text, by: text },
          event: text,
          actor: { name: text, org: text, role: text },
          evidence: [text],
          notes: [text],
          sha256: HEX,
          signature: 'invalid',
          problem: text,
        },
      ],
    },
    verification: {
      ok: false,
      checks: [
        { id: text, subject: text, status: 'fail', detail: text },
        { id: 'seal.timestamp', subject: text, status: 'not_checked', detail: text },
      ],
    },
    witness: {
      file_sha256: HEX,
      ledger_seq: 2,
      ok: false,
      digests: { total: 1 },
      logs: { total: 1 },
      asked: { from: text, to: text },
      keys_origin: text,
      periods: [
        {
          account: text,
          region: text,
          trail: text,
          from: text,
          to: text,
          status: text,
          detail: text,
        },
      ],
      periods_total: 9,
      findings: [{ kind: text, subject: text, status: text, detail: text }],
      findings_total: 9,
    },
    data: {
      content_sha256: HEX,
      recorded_content_sha256: null,
      evidence_set_sha256: text,
      schema_sha256: text,
      totals: counts,
      sources: [{ source: text, title: text, version: 1, ...counts }],
      files: [{ evidence: text, status: text, files: 1 }],
      unreconciled: [text],
      first_event: text,
      last_event: text,
      coverage: [
        {
          start_us: 1_767_225_600_000_000,
          bin_us: 3_600_000_000,
          bins: 30,
          series: [
            {
              source: text,
              account_id: text,
              region: text,
              records: 3,
              counts: [
                [0, 1],
                [29, 2],
              ],
            },
          ],
        },
      ],
      gaps: [{ source: text, account_id: text, region: text, from: text, to: text, hours: 28 }],
      gaps_total: 3,
      rejects: [{ source: text, reason: text, about: text, count: 3 }],
      anomalies: [{ kind: text, about: text, count: 1 }],
      unrecognised: [{ evidence: text, path: text, size: 1, status: text, reason: text }],
      unrecognised_total: 2,
      imports: [{ started_at: text, finished_at: text, tool: text, workers: 1, evidence: text }],
    },
    runs: [
      { id: 'Q-0001', problem: text },
      run('Q-0002', text, ['a', text]),
      run(
        'Q-0003',
        text,
        Array.from({ length: 12 }, (_, at) => `${text}${String(at)}`),
      ),
    ],
    verify_txt: text,
  };
}

function run(id: string, text: string, columns: readonly string[]): Report['runs'][number] {
  return {
    id,
    run: {
      name: text,
      question: text,
      sql: `SELECT 1\n${text}`,
      params: [{ name: text, value: text }],
      started_at: text,
      columns,
      row_count: 40,
      order: 'determined',
      ordered_sha256: HEX,
      multiset_sha256: HEX,
      sql_sha256: HEX,
      core_sha256: HEX,
      content_sha256: HEX,
      sqlite_version: text,
      warnings: [text],
      rows: [
        columns.map(() => text),
        columns.map(() => null),
        columns.map(() => ({ i: '9007199254740993' })),
      ],
    },
  };
}
