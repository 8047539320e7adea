/** Which source a file belongs to: the first bytes decide. */
import type { Buffer } from 'node:buffer';
import { SOURCES } from '../sources/_registry.ts';
import { sniffCompression } from '../framing/gzip.ts';
import { notRead } from '../framing/kinds.ts';
import {
  type Detection,
  type Head,
  HEAD_BYTES,
  type InnerText,
  type Source,
} from '../sources/source.ts';

/** The source of a file, or why there is none. */
export type Verdict =
  | { readonly source: Source; readonly shape: string; readonly reason: string }
  | { readonly source: undefined; readonly reason: string };

/** Confidence from which on no other source is asked. */
const SURE = 90;

/** What `detect` of the sources gets to see. */
export function headOf(
  path: string,
  bytes: Buffer,
  complete: boolean,
  changedUs: number | undefined,
  flowFields: readonly string[] | undefined,
): Head {
  const read = bytes.toString('utf8');
  const text = read.startsWith('\ufeff') ? read.slice(1) : read;
  const changed = changedUs === undefined ? {} : { changedUs };
  const declared = flowFields === undefined ? {} : { flowFields };
  return { path, bytes, complete, text, ...changed, ...declared };
}

/** The same for a text inside a record. @param told what its carrier says of it. */
export function innerHead(
  { path, timeUs, account }: Pick<InnerText, 'path' | 'timeUs' | 'account'>,
  text: Buffer,
  flowFields: readonly string[] | undefined,
): Head {
  const bytes = text.subarray(0, HEAD_BYTES);
  const head = headOf(path, bytes, bytes.length === text.length, undefined, flowFields);
  return {
    ...head,
    inside: true,
    ...(timeUs === undefined ? {} : { carrierUs: timeUs }),
    ...(account === undefined || account === null ? {} : { carrierAccount: account }),
  };
}

/**
 * Asks every source.
 * @param as source that the collector named, or null; it wins over what the bytes say.
 */
export function recognise(head: Head, as: string | null, compression: string): Verdict {
  const claims: { readonly source: Source; readonly claim: Detection | undefined }[] = [];
  for (const source of SOURCES) {
    const claim = source.detect(head);
    claims.push({ source, claim });
    // No two sources are sure of one file (a test sees to it), so the others need not be asked.
    if (as === null && claim !== undefined && claim.confidence >= SURE) break;
  }
  if (as !== null) {
    const named = claims.find(({ source }) => source.id === as);
    if (named === undefined) {
      return { source: undefined, reason: `the collector named the unknown source "${as}"` };
    }
    const seen = named.claim?.reason ?? 'its first bytes do not look like it';
    return {
      source: named.source,
      shape: named.claim?.shape ?? 'as-named',
      reason: `named by the collector; ${seen}`,
    };
  }
  let best: { readonly source: Source; readonly claim: Detection } | undefined;
  for (const { source, claim } of claims) {
    if (claim !== undefined && claim.confidence > (best?.claim.confidence ?? 0))
      best = { source, claim };
  }
  if (best !== undefined) {
    return { source: best.source, shape: best.claim.shape, reason: best.claim.reason };
  }
  return { source: undefined, reason: whyNone(head, claims, compression) };
}

function whyNone(
  { bytes, path }: Head,
  claims: readonly { readonly claim: Detection | undefined }[],
  compression: string,
): string {
  // Kept as evidence, byte for byte, and never unpacked: what lies inside is a question for another tool.
  const what = notRead(bytes);
  const layer = sniffCompression(bytes);
  const packed = compression !== 'none' && compression !== layer ? `in ${compression}: ` : '';
  if (what !== undefined) return packed + what;
  if (layer !== 'none') return `${packed}more ${layer}, which is not unpacked so deep`;
  // A claim without confidence: known, and nothing reads it yet.
  const known = claims.find(({ claim }) => claim !== undefined)?.claim;
  if (known !== undefined) return known.reason;
  if (compression.endsWith('parquet')) return 'a Parquet file whose rows no source knows';
  const named = /\.(gz|zst|parquet)$/.exec(path)?.[1];
  return named === undefined || compression !== 'none'
    ? 'no source recognises its first bytes'
    : `no source recognises its first bytes, and they are not what .${named} in its name says`;
}
