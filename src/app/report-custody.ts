/** What a report says of the ledger: each entry in a few words, with the answer to whether its signature holds. */
import { canonicalJson } from '../core/canonical.ts';
import type { Check } from '../core/check.ts';
import { formatUs } from '../core/time.ts';
import type { Entry } from '../custody/entry.ts';
import { meaningOf } from '../custody/describe.ts';
import type { EntryView } from '../custody/read.ts';
import type { ProvenTime } from '../crypto/judge-signer.ts';
import type { CustodyRow, ProvenAt } from '../report/model.ts';
import { notBefore, provenFor, type TimeBounds } from '../stamps/ledger-times.ts';

/** Checks that are put to single entries. */
const OF_ENTRIES = [
  'ledger.files',
  'ledger.form',
  'ledger.chain',
  'ledger.signature',
  'ledger.signer',
];

/**
 * One row an entry.
 * @param bounds what trusted time-stamps prove.
 */
export function custodyRows(
  entries: readonly EntryView[],
  checks: readonly Check[],
  bounds: TimeBounds,
): CustodyRow[] {
  const open = checks.some(({ id, status }) => OF_ENTRIES.includes(id) && status === 'not_checked');
  return entries.map(({ seq, file, hash, entry }) => {
    const wrong = checks.filter(
      ({ id, subject, status }) =>
        status === 'fail' &&
        OF_ENTRIES.includes(id) &&
        (subject === file || subject === `${file}.p7s`),
    );
    const { name, org, role } = entry.actor;
    return {
      seq,
      at: entry.at,
      not_before: provenAt(notBefore(bounds, seq)),
      not_after: provenAt(provenFor(bounds, seq)),
      event: entry.event,
      actor: { name, ...(org === undefined ? {} : { org }), role },
      evidence: (entry.evidence ?? []).map(({ id }) => id),
      notes: notes(entry),
      sha256: hash,
      signature: wrong.length > 0 ? 'invalid' : open ? 'not_checked' : 'valid',
      ...(wrong.length === 0 ? {} : { problem: wrong.map(({ detail }) => detail).join('; ') }),
    };
  });
}

/** A proven time as a report holds it. */
export function provenAt(proven: ProvenTime | undefined): ProvenAt | null {
  return proven === undefined ? null : { at: formatUs(proven.us), by: proven.by };
}

function notes(entry: Entry): string[] {
  const { reason, place, counterparty, authority, changes, corrects, result, attachments } = entry;
  const lines: string[] = [];
  const meaning = meaningOf(entry);
  if (meaning !== undefined) lines.push(meaning);
  if (reason !== undefined) lines.push(reason);
  if (place !== undefined) lines.push(`place: ${place}`);
  if (counterparty !== undefined && meaning === undefined)
    lines.push(`counterparty: ${counterparty}`);
  if (authority !== undefined) lines.push(`authority: ${authority.type} ${authority.id}`);
  if (changes !== undefined) lines.push(`changes: ${changes}`);
  if (corrects !== undefined) lines.push(`corrects entry ${String(corrects)}`);
  if (result !== undefined && result.checks.length > 0) lines.push(checkCounts(result.checks));
  if (result?.ok === false) lines.push('the result was not good');
  if (meaning === undefined) lines.push(...details(entry.details ?? {}));
  const files = (attachments ?? []).map(({ name }) => name);
  if (files.length > 0) lines.push(`vouches for ${named(files)}`);
  return lines;
}

// Files of one folder together: their names are in the entry.
function named(files: readonly string[]): string {
  const folder = files[0]?.slice(0, files[0].lastIndexOf('/') + 1) ?? '';
  const together =
    files.length > 2 && folder !== '' && files.every((file) => file.startsWith(folder));
  return together ? `${String(files.length)} files in ${folder}` : files.join(', ');
}

function checkCounts(checks: readonly { readonly status: string }[]): string {
  const count = (status: string): string =>
    String(checks.filter((check) => check.status === status).length);
  return `${count('pass')} checks passed, ${count('fail')} failed, ${count('not_checked')} not made`;
}

// Short figures on one line; hashes and larger values are in the entry's file and in the chapters they belong to.
function details(all: NonNullable<Entry['details']>): string[] {
  const short = Object.entries(all).flatMap(([name, value]) => {
    if (value === null) return [];
    const json = typeof value === 'string' ? value : canonicalJson(value);
    // A group of figures: {"total":69,"valid":69} is for programs.
    const text = /^\{("\w+":\d+,?)+\}$/.test(json)
      ? `(${json.slice(1, -1).replaceAll('"', '').replaceAll(':', ' ').replaceAll(',', ', ')})`
      : json;
    return json.length <= 60 ? [`${name.replaceAll('_', ' ')} ${text}`] : [];
  });
  return short.length === 0 ? [] : [short.join(', ')];
}
