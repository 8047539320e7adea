/** How the text of a record is taken out of the bytes around it, where a range of the file alone does not say it. */
import { Buffer } from 'node:buffer';
import { gunzipSync, inflateSync } from 'node:zlib';

/** `string`: the value of the JSON string that the bytes are; `csv`: of the quoted cell (RFC 4180); a pair: a range of the bytes, as offset and length. */
export type Step =
  'string' | 'csv' | 'base64' | 'gzip' | 'zlib' | readonly [offset: number, length: number];

/** What a packed record is inflated up to: a hundred times what AWS sends. */
const MOST_UNPACKED = 64 * 2 ** 20;

/** The text at the end of the steps; undefined if the bytes are not what the steps say. */
export function followSteps(bytes: Buffer, steps: readonly Step[]): Buffer | undefined {
  let text = bytes;
  for (const step of steps) {
    const next = follow(text, step);
    if (next === undefined) return undefined;
    text = next;
  }
  return text;
}

function follow(bytes: Buffer, step: Step): Buffer | undefined {
  if (typeof step !== 'string') {
    const [offset, length] = step;
    const end = offset + length;
    return end <= bytes.length ? bytes.subarray(offset, end) : undefined;
  }
  try {
    if (step === 'csv') return cellOf(bytes);
    if (step === 'base64') return Buffer.from(bytes.toString('latin1'), 'base64');
    if (step === 'gzip') return gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED });
    if (step === 'zlib') return inflateSync(bytes, { maxOutputLength: MOST_UNPACKED });
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'string' ? Buffer.from(value) : undefined;
  } catch {
    // Cut, damaged, too large or no JSON: not what the step says.
    return undefined;
  }
}

function cellOf(bytes: Buffer): Buffer | undefined {
  const cell = bytes.toString('latin1');
  return /^"(?:[^"]|"")*"$/.test(cell)
    ? Buffer.from(cell.slice(1, -1).replaceAll('""', '"'), 'latin1')
    : undefined;
}

/** The steps of a text as it is stored; undefined for what is none. */
export function parseSteps(text: string): readonly Step[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(value) && value.every(isStep) ? value : undefined;
}

function isStep(value: unknown): value is Step {
  if (typeof value === 'string') return ['string', 'csv', 'base64', 'gzip', 'zlib'].includes(value);
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((one) => Number.isSafeInteger(one) && Number(one) >= 0)
  );
}
