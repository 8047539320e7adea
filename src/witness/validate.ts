/**
 * CloudTrail's own witness, offline: are the log files those that AWS delivered? As strict as `aws cloudtrail
 * validate-logs` everywhere and stricter where it is silent (docs/cloudtrail-validate.md): every link is checked both
 * ways, every missing digest is counted, and every log that no digest names is listed.
 */
import { sameHex, sha256Hex } from '../core/digest.ts';
import { formatUs } from '../core/time.ts';
import {
  checkSignature,
  parseDigest,
  parseDigestKey,
  parseLogKey,
  signedText,
  type ChainId,
  type Digest,
  type TrailKey,
} from './digest.ts';

/** An object of the trail's bucket as the evidence has it. */
export interface TrailObject {
  /** Bucket, where the collection was told it; a folder's name alone proves nothing and is left undefined. */
  readonly bucket: string | undefined;
  readonly key: string;
  /** `bucket/key` for findings, the bucket perhaps guessed or `?`. */
  readonly place: string;
  /** SHA-256 of the inflated bytes; undefined if they could not be inflated. */
  readonly sha256: string | undefined;
  /** What is wrong with the gzip file around them: more members, trailing bytes, a cut or a bad checksum. */
  readonly gzipProblem: string | undefined;
}

/** A digest file. */
export interface DigestObject extends TrailObject {
  /** Inflated bytes. */
  readonly bytes: Uint8Array;
  /** `x-amz-meta-signature` of the object, where its metadata was kept. */
  readonly signature: string | undefined;
}

/** What to validate. */
export interface TrailEvidence {
  readonly digests: readonly DigestObject[];
  readonly logs: readonly TrailObject[];
  readonly keys: readonly TrailKey[];
  /** Asked window, microseconds UTC; without it, what the digests span. */
  readonly from?: number;
  readonly to?: number;
}

/** A verdict or remark. `subject` is `bucket/key`, or the chain for what concerns no single object. */
export interface TrailFinding {
  readonly kind: 'digest' | 'log' | 'chain' | 'key';
  readonly subject: string;
  readonly status: string;
  readonly detail: string;
}

/** Answer of {@link validateTrails}; docs/cli.md fixes the names. */
export interface TrailReport {
  /** No digest or log invalid or missing, no uncovered log inside a validated period, no broken chain. */
  readonly ok: boolean;
  readonly digests: {
    readonly total: number;
    readonly valid: number;
    readonly invalid: number;
    readonly missing: number;
    /** Present and unbroken, but nothing in the evidence proves them (no signature or no public key). */
    readonly unproven: number;
  };
  readonly logs: {
    readonly total: number;
    readonly valid: number;
    readonly invalid: number;
    readonly missing: number;
    readonly uncovered: number;
    /** Their hash is as the digest says, but the digest itself is not proven. */
    readonly unproven: number;
  };
  readonly findings: readonly TrailFinding[];
}

const HOUR_US = 3_600_000_000;

interface Link {
  readonly object: DigestObject;
  readonly chain: ChainId;
  readonly digest: Digest;
  status: 'valid' | 'invalid' | 'unproven';
  detail: string;
  /** Status text of the finding where it is not `valid` or `unproven`. */
  reason: string;
}

/** Validates every chain in the evidence. Findings are ordered by subject, then kind and status. */
export function validateTrails(evidence: TrailEvidence): TrailReport {
  return new Validation(evidence).run();
}

class Validation {
  readonly #evidence: TrailEvidence;
  readonly #findings: TrailFinding[] = [];
  readonly #keys = new Map<string, TrailKey>();
  readonly #logsByKey = new Map<string, TrailObject[]>();
  readonly #named = new Set<string>();
  readonly #periods: { account: string; region: string; start: number; end: number }[] = [];
  readonly #digests = { total: 0, valid: 0, invalid: 0, missing: 0, unproven: 0 };
  readonly #logs = { total: 0, valid: 0, invalid: 0, missing: 0, uncovered: 0, unproven: 0 };
  #ok = true;

  constructor(evidence: TrailEvidence) {
    this.#evidence = evidence;
    for (const key of evidence.keys) {
      this.#keys.set(key.fingerprint, key);
      if (!key.fingerprintMatches) {
        this.#say('key', key.fingerprint, 'fingerprint_differs', 'not the MD5 of the key', false);
      }
    }
    for (const log of evidence.logs) push(this.#logsByKey, log.key, log);
  }

  run(): TrailReport {
    const chains = new Map<string, Link[]>();
    const seen = new Map<string, string>();
    for (const object of this.#evidence.digests) {
      const subject = object.place;
      const twin = seen.get(object.key);
      if (twin !== undefined && twin === object.sha256) continue;
      seen.set(object.key, object.sha256 ?? '');
      this.#digests.total += 1;
      const link = this.#read(object, subject);
      if (link !== undefined) push(chains, chainName(link.chain), link);
    }
    for (const [name, links] of [...chains].sort(([a], [b]) => (a < b ? -1 : 1))) {
      this.#chain(name, links);
    }
    this.#findUncovered();
    this.#findings.sort((a, b) => {
      const left = `${a.subject}\n${a.kind}\n${a.status}\n${a.detail}`;
      const right = `${b.subject}\n${b.kind}\n${b.status}\n${b.detail}`;
      return left < right ? -1 : left > right ? 1 : 0;
    });
    return { ok: this.#ok, digests: this.#digests, logs: this.#logs, findings: this.#findings };
  }

  #say(
    kind: TrailFinding['kind'],
    subject: string,
    status: string,
    detail: string,
    bad: boolean,
  ): void {
    this.#findings.push({ kind, subject, status, detail });
    if (bad) this.#ok = false;
  }

  #invalid(subject: string, status: string, detail: string): undefined {
    this.#digests.invalid += 1;
    this.#say('digest', subject, status, detail, true);
    return undefined;
  }

  // The digest for itself: readable, where it says it is.
  #read(object: DigestObject, subject: string): Link | undefined {
    const named = parseDigestKey(object.key);
    if (named === undefined) {
      this.#invalid(subject, 'invalid_key', 'the key is not that of a digest');
      return;
    }
    const parsed = parseDigest(object.bytes);
    if ('problem' in parsed) {
      this.#invalid(subject, 'invalid_format', parsed.problem);
      return;
    }
    const { digest } = parsed;
    if (
      digest.key !== object.key ||
      (object.bucket !== undefined && digest.bucket !== object.bucket)
    ) {
      this.#invalid(subject, 'moved', `it was delivered to ${digest.bucket}/${digest.key}`);
      return;
    }
    if (digest.end < digest.start) {
      this.#invalid(subject, 'invalid_format', 'it ends before it starts');
      return;
    }
    return { object, chain: named.chain, digest, status: 'unproven', detail: '', reason: '' };
  }

  #chain(name: string, links: Link[]): void {
    links.sort((a, b) => a.digest.end - b.digest.end || (a.object.key < b.object.key ? -1 : 1));
    const byKey = new Map(links.map((link) => [link.object.key, link]));
    const quotedBy = new Map<string, Link>();
    for (const link of links) {
      const previous = link.digest.previous;
      if (previous === null) continue;
      const other = quotedBy.get(previous.key);
      if (other === undefined) quotedBy.set(previous.key, link);
      else {
        this.#say(
          'chain',
          name,
          'fork',
          `${other.object.key} and ${link.object.key} both follow ${previous.key}`,
          true,
        );
      }
    }
    // A proven digest holds the hash of the one before it, so proof runs from the newest backwards.
    const newestFirst = links.toReversed();
    for (const link of newestFirst) this.#signature(link, quotedBy.get(link.object.key));
    for (const link of newestFirst) this.#previous(link, byKey);
    for (const link of links) {
      this.#digests[link.status] += 1;
      const status = link.status === 'invalid' ? link.reason : link.status;
      this.#say('digest', link.object.place, status, link.detail, link.status === 'invalid');
      this.#logsOf(link);
    }
    this.#continuity(name, links, byKey);
  }

  // Its own signature from the object's metadata, or the one that the next digest quotes.
  #signature(link: Link, next: Link | undefined): void {
    const { object, digest } = link;
    const quoted = next?.digest.previous?.signature;
    const own = object.signature;
    const hex = own ?? quoted;
    const origin = own === undefined ? 'quoted by the next digest' : 'object metadata';
    if (hex === undefined) {
      link.detail = 'no signature: its object metadata was not kept and no later digest quotes it';
      return;
    }
    const key = this.#keys.get(digest.fingerprint);
    if (key === undefined) {
      link.detail = `no public key with fingerprint ${digest.fingerprint}`;
      return;
    }
    const verdict = checkSignature(signedText(digest, object.bytes), hex, key);
    if (verdict !== 'valid' && own === undefined && next?.status !== 'valid') {
      // What a digest that is itself not proven quotes cannot speak against this one.
      link.detail = `no signature of its own, and ${next?.object.key ?? ''}, which quotes one, is not proven`;
      return;
    }
    if (verdict !== 'valid') {
      const weak = verdict === 'weak';
      const what = weak ? 'is by the right key, but not over SHA-256' : 'does not verify';
      condemn(
        link,
        weak ? 'signature_weak' : 'signature_invalid',
        `the signature (${origin}) ${verdict === 'not_hex' ? 'is not hex' : what}`,
      );
      return;
    }
    link.status = 'valid';
    link.detail = `signature (${origin}) verified with key ${digest.fingerprint}`;
    if (!validAt(key, digest.end)) link.detail += '; outside the key’s validity period';
    if (own !== undefined && quoted !== undefined && !sameHex(own, quoted) && next !== undefined) {
      condemn(next, 'signature_differs', `it quotes another signature for ${object.key}`);
    }
    if (object.gzipProblem !== undefined) {
      condemn(
        link,
        'extra_bytes',
        `the digest verifies, the file around it: ${object.gzipProblem}`,
      );
    }
  }

  #previous(link: Link, byKey: ReadonlyMap<string, Link>): void {
    const previous = link.digest.previous;
    const before = previous === null ? undefined : byKey.get(previous.key);
    if (previous === null || before === undefined) return;
    if (before.digest.end > link.digest.start || before === link) {
      condemn(link, 'chain_order', 'it follows a digest that ends after it starts');
      return;
    }
    if (!sameHex(sha256Hex(before.object.bytes), previous.hash)) {
      // The newer one is signed, the older one is not what it quotes: the older one was changed.
      const suspect = link.status === 'valid' ? before : link;
      condemn(
        suspect,
        'hash_link_broken',
        `${link.object.key} quotes another hash for ${before.object.key}`,
      );
    } else if (link.status === 'valid' && before.status === 'unproven') {
      before.status = 'valid';
      before.detail = `its hash is in the proven digest ${link.object.key}`;
    }
  }

  #logsOf(link: Link): void {
    for (const log of link.digest.logs) {
      const subject = `${log.bucket}/${log.key}`;
      if (this.#named.has(subject)) continue;
      this.#named.add(subject);
      this.#logs.total += 1;
      const copies = (this.#logsByKey.get(log.key) ?? []).filter(
        (object) => object.bucket === undefined || object.bucket === log.bucket,
      );
      if (copies.length === 0) {
        this.#logs.missing += 1;
        this.#say('log', subject, 'missing', `named by ${link.object.key}`, true);
        continue;
      }
      for (const copy of copies) this.#log(copy, log.hash, subject, link);
    }
  }

  #log(copy: TrailObject, hash: string, subject: string, link: Link): void {
    if (copy.sha256 === undefined || !sameHex(copy.sha256, hash)) {
      this.#logs.invalid += 1;
      this.#say('log', subject, 'hash_mismatch', `${link.object.key} names ${hash}`, true);
    } else if (copy.gzipProblem !== undefined) {
      this.#logs.invalid += 1;
      this.#say('log', subject, 'extra_bytes', copy.gzipProblem, true);
    } else if (link.status === 'valid') {
      this.#logs.valid += 1;
      this.#say('log', subject, 'valid', `named by ${link.object.key}`, false);
    } else {
      this.#logs.unproven += 1;
      this.#say('log', subject, 'unproven', `${link.object.key} is ${link.status}`, false);
    }
  }

  // Start, end, missing digests and periods without validation.
  #continuity(name: string, links: readonly Link[], byKey: ReadonlyMap<string, Link>): void {
    const { from, to } = this.#evidence;
    let before: Link | undefined;
    for (const link of links) {
      const { digest, chain } = link;
      const { start, end, previous } = digest;
      this.#periods.push({ account: chain.account, region: chain.region, start, end });
      const gap = before === undefined ? 0 : start - before.digest.end;
      if (before !== undefined && gap < 0) {
        this.#say(
          'chain',
          name,
          'overlap',
          `${link.object.key} starts before ${formatUs(before.digest.end)}`,
          !chain.backfill,
        );
      }
      const linked = previous !== null && byKey.has(previous.key);
      if (linked && gap > 0) {
        this.#say(
          'chain',
          name,
          'times_do_not_meet',
          `${period(before?.digest.end ?? start, start)} lies between linked digests`,
          true,
        );
      } else if (previous === null && gap > 0) {
        this.#say(
          'chain',
          name,
          'not_validated',
          `validation or logging was off ${period(before?.digest.end ?? start, start)}`,
          false,
        );
      } else if (previous !== null && !linked) {
        this.#missing(name, link, before);
      }
      before = link;
    }
    const [first, last] = [links[0], links.at(-1)];
    if (first === undefined || last === undefined || first.chain.backfill) return;
    this.#say('chain', name, 'spans', period(first.digest.start, last.digest.end), false);
    if (from !== undefined && first.digest.start > from && first.digest.previous === null) {
      this.#say(
        'chain',
        name,
        'not_validated',
        `the chain starts in the window: no digests ${period(from, first.digest.start)}`,
        false,
      );
    }
    if (to !== undefined && last.digest.end < to) {
      const hours = Math.floor((to - last.digest.end) / HOUR_US);
      this.#digests.missing += hours;
      this.#digests.total += hours;
      this.#say(
        'chain',
        name,
        'ends_early',
        `no digests ${period(last.digest.end, to)}`,
        hours > 0,
      );
    }
  }

  #missing(name: string, link: Link, before: Link | undefined): void {
    const { from } = this.#evidence;
    const { start, previous } = link.digest;
    const since = before?.digest.end ?? from;
    if (since === undefined || since >= start) {
      if (before === undefined) {
        this.#say(
          'chain',
          name,
          'starts_before_evidence',
          `the digest before ${formatUs(start)} is not in the evidence: ${previous?.key ?? ''}`,
          false,
        );
        return;
      }
    }
    const count = since === undefined ? 1 : Math.max(1, Math.round((start - since) / HOUR_US));
    this.#digests.missing += count;
    this.#digests.total += count;
    this.#say(
      'digest',
      `${previous?.bucket ?? ''}/${previous?.key ?? ''}`,
      'missing',
      `${String(count)} hourly digest${count === 1 ? '' : 's'} missing ${period(since ?? start, start)}`,
      true,
    );
  }

  // Logs that no digest names: planted, or delivered while nothing was validated.
  #findUncovered(): void {
    const namedKeys = new Set(
      [...this.#named].map((subject) => subject.slice(subject.indexOf('/') + 1)),
    );
    for (const log of this.#evidence.logs) {
      const known =
        log.bucket === undefined
          ? namedKeys.has(log.key)
          : this.#named.has(`${log.bucket}/${log.key}`);
      if (known) continue;
      const place = parseLogKey(log.key);
      this.#logs.uncovered += 1;
      this.#logs.total += 1;
      const inPeriod =
        place !== undefined &&
        this.#periods.some(
          (span) =>
            span.account === place.account &&
            span.region === place.region &&
            place.delivered >= span.start &&
            place.delivered < span.end,
        );
      const detail = inPeriod
        ? 'no digest names it, though digests cover the time in its name'
        : 'no digest in the evidence covers the time in its name';
      this.#say('log', log.place, inPeriod ? 'not_in_digest' : 'uncovered', detail, inPeriod);
    }
  }
}

function condemn(link: Link, reason: string, detail: string): void {
  if (link.status === 'invalid') return;
  link.status = 'invalid';
  link.reason = reason;
  link.detail = detail;
}

function validAt(key: TrailKey, time: number): boolean {
  return (key.validFrom ?? time) <= time && time <= (key.validTo ?? time);
}

function chainName(chain: ChainId): string {
  const kind = chain.backfill ? ' (backfill)' : '';
  return `${chain.prefix}${chain.account} ${chain.region} ${chain.trail}@${chain.homeRegion}${kind}`;
}

function period(from: number, to: number): string {
  return `from ${formatUs(from)} to ${formatUs(to)}`;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
