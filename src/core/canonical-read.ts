/** Reads signed JSON: only bytes that are the canonical form of their own value are accepted. */
import { canonicalLine, type CanonicalValue } from './canonical.ts';

/**
 * Value of a file that {@link canonicalLine} wrote; `undefined` for any other bytes. Writing the value again must give
 * the same bytes, so duplicate keys, other number forms, blanks, a BOM and invalid UTF-8 are all refused, and what a
 * person reads in the file is what was parsed.
 */
export function parseCanonicalLine(bytes: Uint8Array): CanonicalValue | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value = JSON.parse(text) as CanonicalValue;
    return canonicalLine(value).equals(bytes) ? value : undefined;
  } catch (error) {
    // Not UTF-8 or not canonical (TypeError), not JSON (SyntaxError), nested too deep for the stack (RangeError).
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
