/**
 * What a file that may be a trail's log holds, as an import reads it: by the same recognition, framing and mapping, so
 * that no record enters the database of which the validation saw nothing.
 */
import { Buffer } from 'node:buffer';
import { newFramer } from '../framing/framer.ts';
import type { Framer } from '../framing/sink.ts';
import { headOf, recognise } from '../ingest/detect.ts';
import { HEAD_BYTES, type RowOut, type Source, type Value } from '../sources/source.ts';
import type { Claim, LogContent } from '../witness/gather.ts';

const CLOUDTRAIL = 'cloudtrail';
/** Claims that are told apart; what is more goes into one that names no account and no region. */
const MAX_CLAIMS = 256;

/** Reads one file's inflated bytes. */
export class ContentReader {
  readonly #path: string;
  readonly #as: string | null;
  #head: Buffer[] = [];
  #headBytes = 0;
  #form: LogContent['form'] | undefined;
  #framer: Framer | undefined;
  readonly #claims = new Map<string, Claim>();
  /** Of CloudTrail: a file with its wrapper alone holds none. */
  #rows = 0;

  /**
   * @param path as a source sees it: the S3 key where it is known.
   * @param as source that the collector named.
   */
  constructor(path: string, as: string | null) {
    this.#path = path;
    this.#as = as;
  }

  /** What it is as far as its beginning was seen; undefined before. */
  get form(): LogContent['form'] | undefined {
    return this.#form;
  }

  push(chunk: Buffer): void {
    if (this.#form !== undefined) {
      this.#framer?.push(chunk);
      return;
    }
    this.#head.push(Buffer.from(chunk));
    this.#headBytes += chunk.length;
    if (this.#headBytes >= HEAD_BYTES) this.#decide(false);
  }

  /** The file is over. */
  end(): LogContent {
    if (this.#form === undefined) this.#decide(true);
    this.#framer?.end();
    const empty = this.#framer !== undefined && this.#rows === 0;
    const form = empty ? 'none' : (this.#form ?? 'none');
    return { form, claims: [...this.#claims.values()] };
  }

  #decide(complete: boolean): void {
    const held = Buffer.concat(this.#head);
    this.#head = [];
    const first = held.subarray(0, HEAD_BYTES);
    const whole = complete && held.length <= HEAD_BYTES;
    const head = headOf(this.#path, first, whole, undefined, undefined);
    const { source, ...rest } = recognise(head, this.#as, 'none');
    if (source === undefined || !('shape' in rest)) {
      this.#form = 'none';
      return;
    }
    // Only what a trail delivers stands in an object's `Records` (CloudTrail User Guide, "CloudTrail log file examples").
    this.#form = source.id === CLOUDTRAIL && rest.shape === 'records' ? 'trail' : 'other';
    if (source.id !== CLOUDTRAIL) return;
    const reader = source.reader(head, rest.shape);
    const out = this.#taker(source);
    this.#framer = newFramer(reader.framing, {
      record: (bytes, start, end, offset, hints) => {
        reader.read(bytes, start, end, offset, hints, out);
      },
      problem: nothing,
      anomaly: nothing,
    });
    this.#framer.push(held);
  }

  #taker({ columns }: Source): RowOut {
    const at = (name: string): number => columns.findIndex((column) => column.name === name);
    const account = at('recipient_account_id');
    const region = at('aws_region');
    const category = at('event_category');
    const caller = at('user_identity_type');
    const time = at('time_us');
    const row = (values: readonly Value[]): void => {
      this.#rows++;
      const us = Number(values[time]);
      if (!Number.isFinite(us)) return;
      const kind = textOf(values[category]);
      this.#claim({
        account: textOf(values[account]),
        region: textOf(values[region]),
        // Insights events have no caller: one that has is another event that only says so.
        category: kind === 'Insight' && values[caller] !== null ? undefined : kind,
        ...{ from: us, to: us },
      });
    };
    return {
      ...{ row, inner: nothing, byteRow: nothing, reject: nothing },
      ...{ anomaly: nothing, notARecord: nothing },
    };
  }

  #claim(claim: Claim): void {
    const id = JSON.stringify([claim.account, claim.region, claim.category]);
    const known = this.#claims.get(id);
    const told = [claim.account, claim.region, claim.category].some((one) => one !== undefined);
    if (known === undefined && told && this.#claims.size >= MAX_CLAIMS) {
      this.#claim({ ...claim, account: undefined, region: undefined, category: undefined });
      return;
    }
    this.#claims.set(
      id,
      known === undefined
        ? claim
        : { ...known, from: Math.min(known.from, claim.from), to: Math.max(known.to, claim.to) },
    );
  }
}

// What is longer than any name of AWS's is none, and must not be held.
function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' && value.length <= 64 ? value : undefined;
}

function nothing(): void {
  // What an import counts and keeps is of no use here.
}
