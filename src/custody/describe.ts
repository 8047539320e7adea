/** What an entry says beyond its event, in few words for a line of a list. The text may be hostile. */
import type { Entry } from './entry.ts';
import { addedKey } from './signers.ts';

/** Parts of a sentence: what the fields of this kind of entry mean, then the signer's own reason. */
export function describeEntry(entry: Entry): string {
  const { reason, corrects, place, authority } = entry;
  const parts = [
    meaningOf(entry) ??
      (entry.counterparty === undefined ? undefined : `with ${entry.counterparty}`),
    corrects === undefined ? undefined : `corrects entry ${String(corrects)}`,
    reason,
    place === undefined ? undefined : `at ${place}`,
    authority === undefined ? undefined : `by ${authority.type} ${authority.id}`,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}

/** What the fields of an entry about people and keys say in words; undefined for other events. */
export function meaningOf(entry: Entry): string | undefined {
  const { event, counterparty, details = {} } = entry;
  const someone = counterparty ?? 'somebody';
  switch (event) {
    case 'transfer-out':
      return `handed to ${someone}`;
    case 'received':
      return details['accepted'] === false
        ? `REFUSED from ${someone}`
        : `taken over from ${someone}`;
    case 'key-added': {
      const key = addedKey(entry);
      return key === undefined
        ? undefined
        : `${key.how} ${key.certificate.slice(0, 12)} for ${key.name} (${key.role})`;
    }
    case 'key-revoked': {
      const { certificate, reason, from } = details;
      return `${textOf(certificate).slice(0, 12)} from ${textOf(from)} on (${textOf(reason)})`;
    }
    default:
      return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '?';
}
