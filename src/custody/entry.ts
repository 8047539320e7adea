/** The custody entry, type `custody-entry/1` (docs/custody.md): its fields, how it is built and how it is read. */
import type { CanonicalValue } from '../core/canonical.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import { parseRfc3339 } from '../core/time.ts';

export const ENTRY_TYPE = 'custody-entry/1';

/** `prev` of the first entry. */
export const NO_PREVIOUS = '0'.repeat(64);

/** What can happen to a case. */
export const ENTRY_EVENTS = [
  'opened',
  'acquired',
  'sealed',
  'copied',
  'transfer-out',
  'received',
  'verified',
  'imported',
  'query',
  'export',
  'timestamped',
  'key-added',
  'key-revoked',
  'correction',
  'disposed',
  'note',
] as const;

/** One of {@link ENTRY_EVENTS}. */
export type EntryEvent = (typeof ENTRY_EVENTS)[number];

/** Evidence an entry is about. */
export interface EvidenceRef {
  /** `EV-0001`. */
  readonly id: string;
  /** SHA-256 of the seal file. */
  readonly seal?: string;
  /** SHA-256 that names the payload whatever the day it was collected. */
  readonly payload_set?: string;
}

/** What the writer of an entry says happened. */
export interface EntryDraft {
  readonly event: EntryEvent;
  readonly reason?: string;
  readonly place?: string;
  readonly counterparty?: string;
  readonly authority?: { readonly type: string; readonly id: string };
  readonly evidence?: readonly EvidenceRef[];
  readonly result?: {
    readonly ok: boolean;
    readonly checks: readonly {
      readonly id: string;
      readonly status: string;
      readonly detail?: string;
    }[];
  };
  /** Alterations that could not be avoided, in words. */
  readonly changes?: string;
  /** Files of the case this entry vouches for, paths relative to the case. */
  readonly attachments?: readonly { readonly name: string; readonly sha256: string }[];
  /** Number of the entry that this one corrects. */
  readonly corrects?: number;
  /** Figures of the event, such as an import's counts. */
  readonly details?: Readonly<Record<string, CanonicalValue>>;
}

/** A whole entry as it is signed. */
export interface Entry extends EntryDraft {
  readonly type: typeof ENTRY_TYPE;
  /** Id of the case: an entry of one case is none of another. */
  readonly case: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** SHA-256 of the previous entry's file; 64 zeros in the first. */
  readonly prev: string;
  /** A random UUID, so that other systems can name the entry. */
  readonly id: string;
  /** Claimed time, RFC 3339 UTC. */
  readonly at: string;
  /** Where the time came from; `offset_ms` null when it was compared with nothing. */
  readonly clock: { readonly source: string; readonly offset_ms: number | null };
  readonly actor: {
    readonly name: string;
    readonly org?: string;
    readonly role: string;
    /** SHA-256 of the certificate that signs this entry. */
    readonly cert: string;
  };
  readonly tool: {
    readonly name: string;
    readonly version: string;
    readonly hash: string;
    readonly argv: readonly string[];
    /** How many known answers it gave before it signed, `14 of 14`; entries of earlier versions have none. */
    readonly self_test?: string;
  };
}

/** `00000001.json` for 1. */
export function entryFile(seq: number): string {
  return `${String(seq).padStart(8, '0')}.json`;
}

/** An entry, or every reason why the bytes are none. */
export type ParsedEntry =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads an entry's file. Fields that this version does not know are kept: they are signed like the others.
 * @param bytes untrusted.
 */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  const value = parseCanonicalLine(bytes);
  if (value === undefined)
    return { ok: false, problems: ['not canonical JSON with one line feed'] };
  if (!isObject(value)) return { ok: false, problems: ['not a JSON object'] };
  const problems = FIELDS.filter(([name, good]) => !good(value[name])).map(
    ([name]) => `field "${name}" is missing or of the wrong form`,
  );
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, entry: value as unknown as Entry };
}

type Guard = (value: CanonicalValue | undefined) => boolean;
type JsonObject = Readonly<Record<string, CanonicalValue | undefined>>;

const HEX = /^[0-9a-f]{64}$/;
const isObject = (value: CanonicalValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Guard = (value) => typeof value === 'string';
const hex: Guard = (value) => typeof value === 'string' && HEX.test(value);
const optional =
  (good: Guard): Guard =>
  (value) =>
    value === undefined || good(value);
const listOf =
  (good: Guard): Guard =>
  (value) =>
    Array.isArray(value) && (value as readonly CanonicalValue[]).every(good);
const shape =
  (fields: Readonly<Record<string, Guard>>): Guard =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, good]) => good(value[name]));

const FIELDS: readonly (readonly [string, Guard])[] = Object.entries({
  type: (value) => value === ENTRY_TYPE,
  case: text,
  seq: (value) => typeof value === 'number' && value >= 1,
  prev: hex,
  id: text,
  at: (value) => typeof value === 'string' && parseRfc3339(value) !== undefined,
  clock: shape({
    source: text,
    offset_ms: (value) => value === null || typeof value === 'number',
  }),
  event: (value) => ENTRY_EVENTS.some((event) => event === value),
  actor: shape({ name: text, org: optional(text), role: text, cert: hex }),
  tool: shape({
    name: text,
    version: text,
    hash: hex,
    argv: listOf(text),
    self_test: optional(text),
  }),
  reason: optional(text),
  place: optional(text),
  counterparty: optional(text),
  authority: optional(shape({ type: text, id: text })),
  evidence: optional(listOf(shape({ id: text, seal: optional(hex), payload_set: optional(hex) }))),
  result: optional(
    shape({
      ok: (value) => typeof value === 'boolean',
      checks: listOf(shape({ id: text, status: text, detail: optional(text) })),
    }),
  ),
  changes: optional(text),
  attachments: optional(listOf(shape({ name: text, sha256: hex }))),
  corrects: optional((value) => typeof value === 'number'),
  details: optional(isObject),
} satisfies Record<string, Guard>);
