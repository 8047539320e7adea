/** What people may write into the ledger, which cannot forget: words that every reader sees as they are. */
import { ExhibitError } from '../core/errors.ts';
import type { EntryDraft } from '../custody/entry.ts';

/** Characters of one text. What is longer is a document: attach it. */
export const MAX_WORDS = 4000;
/** Control characters but line feed and tab; what reorders text around it (Unicode Standard Annex 9, section 2). */
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/**
 * Refuses words of a person that a terminal, a report or a court would not show as they were given.
 * @throws ExhibitError `E_USAGE`.
 */
export function refuseWords({
  event,
  reason,
  place,
  counterparty,
  authority,
  details,
}: EntryDraft): void {
  const added = event === 'key-added' ? (details ?? {}) : {};
  const words = {
    ...{ reason, place, counterparty, 'type of the authority': authority?.type },
    'id of the authority': authority?.id,
    ...{ name: added['name'], organization: added['organization'], role: added['role'] },
  };
  for (const [what, text] of Object.entries(words)) {
    if (typeof text !== 'string') continue;
    const problem = flaw(text);
    if (problem === undefined) continue;
    throw new ExhibitError('E_USAGE', `the ${what} cannot be put on record: ${problem}`, {
      hint: 'the ledger keeps words as they are, for ever; a longer text belongs in a file: --attach FILE',
    });
  }
}

function flaw(text: string): string | undefined {
  if (!text.isWellFormed()) return 'it is no Unicode text';
  if (text.length > MAX_WORDS) return `it has more than ${String(MAX_WORDS)} characters`;
  return UNSEEN.test(text.replace(/[\n\t]/g, ' '))
    ? 'it holds control characters, or others that change the order in which text is shown'
    : undefined;
}
