/** Judges the time-stamps that lie beside a signature. */
import { join } from 'node:path';
import type { CheckStatus } from '../core/check.ts';
import { formatUs } from '../core/time.ts';
import type { ProvenTime } from '../crypto/judge-signer.ts';
import { readRequest, type TimestampRequest } from '../crypto/timestamp-request.ts';
import { MAX_RESPONSE_BYTES, verifyTimestamp, type Timestamp } from '../crypto/timestamp.ts';
import { readSmall, stampName, stampNumbers } from './names.ts';
import type { StampTrust } from './trust.ts';

/** Ours are 70 bytes. */
const MAX_REQUEST_BYTES = 4096;

/** The answer about one time-stamp. */
export interface StampAnswer {
  /** Its file's name, beside the signature. */
  readonly file: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** What it says, unless it is bad. */
  readonly stamp: Timestamp | undefined;
}

/** All answers, and what they prove together. */
export interface Stamped {
  readonly stamps: readonly StampAnswer[];
  /** The earliest moment that a good stamp by a trusted authority proves. */
  readonly proven: ProvenTime | undefined;
}

/**
 * Judges every time-stamp of a signature. Bad files are answers.
 * @param folder where the signature lies, with `names` in it.
 * @param signed name of the signature's file, and its bytes.
 */
export function judgeStamps(
  folder: string,
  names: readonly string[],
  signed: string,
  bytes: Uint8Array,
  trust: StampTrust,
): Stamped {
  const stamps = stampNumbers(names, signed, 'tsr').map((number): StampAnswer => {
    const file = stampName(signed, 'tsr', number);
    const response = readSmall(join(folder, file), MAX_RESPONSE_BYTES);
    if (response === undefined) return bad(file, 'not a regular file of the size of a time-stamp');
    const request = requestOf(join(folder, stampName(signed, 'tsq', number)));
    if (typeof request === 'string') return bad(file, request);
    const verdict = verifyTimestamp(response, { stamped: bytes, request, ...trust });
    if (!verdict.ok) return bad(file, verdict.reason);
    const nonce = request === undefined ? '; its request is not here, so no nonce to compare' : '';
    return {
      file,
      status: verdict.trusted ? 'pass' : 'not_checked',
      detail: `${stampWords(verdict)}${verdict.trusted ? '' : NOBODY}${nonce}`,
      stamp: verdict,
    };
  });
  const times = stamps.flatMap(({ stamp }) => (stamp?.trusted === true ? [provenBy(stamp)] : []));
  return { stamps, proven: earliest(times) };
}

const NOBODY =
  '; no root of such an authority was given to ask whether to believe it: give --tsa-trust ROOTS.pem';

/** `existed at TIME (within 1 s) says NAME`: for people, hostile text. */
export function stampWords({ genTimeUs, accuracyUs, name, serial }: Timestamp): string {
  const within = accuracyUs === 0 ? '' : ` (within ${String(accuracyUs / 1_000_000)} s)`;
  return `existed at ${formatUs(genTimeUs)}${within}, says ${name}, token ${serial}`;
}

/** The latest moment that the stamp allows. */
export function provenBy({ genTimeUs, accuracyUs, name }: Timestamp): ProvenTime {
  return { us: genTimeUs + accuracyUs, by: name };
}

/** The first of them in time. */
export function earliest(times: readonly (ProvenTime | undefined)[]): ProvenTime | undefined {
  return times.reduce(
    (a, b) => (a === undefined || (b !== undefined && b.us < a.us) ? b : a),
    undefined,
  );
}

/** A request's content; undefined when there is none; a text when it is not as we write them. */
function requestOf(path: string): TimestampRequest | string | undefined {
  const bytes = readSmall(path, MAX_REQUEST_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return readRequest(bytes);
  } catch {
    // Whatever the reason: its nonce cannot be compared, and somebody changed it.
    return 'the request beside it is not of the documented form';
  }
}

function bad(file: string, detail: string): StampAnswer {
  return { file, status: 'fail', detail, stamp: undefined };
}
