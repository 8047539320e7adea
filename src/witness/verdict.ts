/** What a validation says: one verdict for each object, what it found about chains, keys and time, and the counts. */

/** The classes that are counted. `unproven`: cannot be decided from what is there; never counted as good or bad. */
export type Verdict = 'valid' | 'invalid' | 'missing' | 'unproven' | 'uncovered';

/**
 * Every status, the class it counts in and one sentence; docs/cloudtrail-validation.md has the table. `bad` statuses make
 * the whole answer bad news even where their class does not.
 */
export const STATUSES = {
  valid: { class: 'valid', bad: false, about: 'As AWS delivered it.' },
  missing: {
    class: 'missing',
    bad: true,
    about: 'A digest names it, or an hour must have it, and it is not in the evidence.',
  },
  invalid_format: { class: 'invalid', bad: true, about: 'Not the JSON of a digest.' },
  invalid_key: {
    class: 'invalid',
    bad: true,
    about:
      'The digest names a place where CloudTrail puts no digest, or another time than its own.',
  },
  moved: {
    class: 'invalid',
    bad: true,
    about: 'It does not lie where it was delivered.',
  },
  extra_bytes: {
    class: 'invalid',
    bad: true,
    about:
      'Its content is as signed, but more gzip members, more layers or other bytes were added to the file.',
  },
  gzip_damaged: {
    class: 'invalid',
    bad: true,
    about:
      'Its content is as signed, but the gzip file around it is cut or its checksums are wrong.',
  },
  signature_missing: {
    class: 'invalid',
    bad: true,
    about:
      'Its object metadata holds no signature or no signature-algorithm, or is not there though other digests of its tree have theirs.',
  },
  signature_invalid: { class: 'invalid', bad: true, about: 'Its signature does not verify.' },
  signature_weak: {
    class: 'invalid',
    bad: true,
    about: 'Signed by the right key over another hash than SHA-256; the AWS CLI accepts that.',
  },
  backfill_timestamp_missing: {
    class: 'invalid',
    bad: true,
    about:
      'A backfill digest whose object metadata was kept without backfill-generation-timestamp.',
  },
  public_key_not_found: {
    class: 'invalid',
    bad: true,
    about: 'None of the public keys has its fingerprint.',
  },
  public_key_unusable: {
    class: 'invalid',
    bad: true,
    about: 'The public key with its fingerprint is no RSA key.',
  },
  public_key_not_valid_then: {
    class: 'invalid',
    bad: true,
    about: 'Its public key was not valid when it must have been signed.',
  },
  hash_link_broken: {
    class: 'invalid',
    bad: true,
    about: 'A digest names another hash for the one before it than that one has.',
  },
  signature_link_broken: {
    class: 'invalid',
    bad: true,
    about: 'It quotes another signature for the digest before it than that one carries.',
  },
  chain_order: {
    class: 'invalid',
    bad: true,
    about: 'It follows itself, or a digest that ends after it starts.',
  },
  no_signature: {
    class: 'unproven',
    bad: false,
    about: 'Its object metadata was not kept, and no digest that follows quotes its signature.',
  },
  signature_disputed: {
    class: 'invalid',
    bad: true,
    about:
      'Its object metadata was not kept, and the signature that the digest after it quotes for it does not verify: one of the two was changed.',
  },
  key_from_evidence: {
    class: 'unproven',
    bad: false,
    about:
      'It verifies, but with a public key that came with the evidence: who makes a digest can make a key for it.',
  },
  no_public_keys: { class: 'unproven', bad: false, about: 'There are no public keys at all.' },
  not_collected: {
    class: 'unproven',
    bad: false,
    about: 'It was there, but the collection could not read it.',
  },
  hash_mismatch: {
    class: 'invalid',
    bad: true,
    about: 'The SHA-256 of its inflated bytes is not the one that a digest names.',
  },
  hash_unknown: {
    class: 'unproven',
    bad: false,
    about: 'The digest names a hash algorithm that is not SHA-256.',
  },
  digest_unproven: {
    class: 'unproven',
    bad: false,
    about: 'The digest that names it is itself not proven, or was changed.',
  },
  not_in_proven_digest: {
    class: 'uncovered',
    bad: true,
    about:
      'Only digests that nothing proves name it, though proven digests cover its time: it was planted, or the signature of a backfill digest was lost.',
  },
  not_in_digest: {
    class: 'uncovered',
    bad: true,
    about:
      'No digest names it, though digests cover the time that its name, folder or records say: it was planted, or a backfill digest is missing.',
  },
  near_end: {
    class: 'uncovered',
    bad: false,
    about:
      'No digest names it, and the one that covers the time in its name ends within ten minutes of it: the next one, which is not in the evidence, may name it.',
  },
  uncovered: {
    class: 'uncovered',
    bad: false,
    about: 'No digest in the evidence covers the time in its name.',
  },
  outside_trail: {
    class: 'uncovered',
    bad: false,
    about:
      'It holds CloudTrail records as a trail delivers them, of a time that digests cover, and lies in no trail’s folder: somebody’s copy, or planted. No digest names it.',
  },
  name_unknown: {
    class: 'uncovered',
    bad: false,
    about:
      'CloudTrail gives no log file its name, and it holds no records, or none of a time that digests cover. No digest names it.',
  },
} as const satisfies Readonly<
  Record<string, { readonly class: Verdict; readonly bad: boolean; readonly about: string }>
>;

/** A status of an object. */
export type ObjectStatus = keyof typeof STATUSES;

/** What can be said about chains, periods and keys; those that are `bad` make the whole answer bad news. */
export const REMARKS = {
  renamed: {
    bad: false,
    about:
      'A digest, found by its content, in a file that has another name than the digest gives itself.',
  },
  fork: { bad: true, about: 'Two different digests follow the same one, or have the same key.' },
  overlap: { bad: true, about: 'Two digests of a chain cover the same time.' },
  times_do_not_meet: { bad: true, about: 'Time lies between two digests that are linked.' },
  ends_before_logs: {
    bad: true,
    about: 'Log files were delivered hours after the chain’s last digest.',
  },
  ends_before_other_regions: {
    bad: true,
    about: 'The chain ends hours before those of the trail’s other regions.',
  },
  unproven_run: {
    bad: true,
    about:
      'Digests that follow each other each start anew, and nothing proves them: at a true restart at most one is left without proof on either side.',
  },
  hash_link_unchecked: {
    bad: false,
    about: 'It names a hash for the digest before it by another algorithm than SHA-256.',
  },
  newer_than_seal: {
    bad: true,
    about:
      'AWS signed it for a time after the one at which the evidence claims to be sealed: the seal was backdated, or its clock was behind.',
  },
  validated: { bad: false, about: 'An unbroken run of proven digests.' },
  not_proven: {
    bad: false,
    about:
      'Digests stand for the period and nothing proves them. In a window that was asked for it is bad news.',
  },
  not_validated: {
    bad: false,
    about:
      'No digest covers the period: validation or logging was off, or digests are gone. In a window that was asked for it is bad news.',
  },
  fingerprint_differs: { bad: false, about: 'The fingerprint is not the MD5 of the key.' },
  key_conflict: { bad: true, about: 'One fingerprint stands for two different keys.' },
  key_unusable: { bad: false, about: 'An entry of a key list is no RSA public key.' },
  keys_from_evidence: {
    bad: false,
    about:
      'The public key comes from the evidence itself and proves nothing until it was compared with AWS’s own list.',
  },
} as const satisfies Readonly<Record<string, { readonly bad: boolean; readonly about: string }>>;

/** A status of {@link REMARKS}. */
export type RemarkStatus = keyof typeof REMARKS;

/** A file of the evidence. */
export interface FileRef {
  /** Evidence id. */
  readonly evidence: string;
  /** Path in the bag: `data/...`. */
  readonly bagPath: string;
  /** Path as collected. */
  readonly path: string;
}

/** The verdict on a digest file. Times are microseconds UTC; undefined where it could not be read. */
export interface DigestVerdict {
  readonly status: ObjectStatus;
  readonly detail: string;
  readonly bucket: string;
  readonly key: string;
  /** `bucket/key`, or the path of a copy that lies elsewhere. */
  readonly subject: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly trail: string | undefined;
  readonly homeRegion: string | undefined;
  readonly backfill: boolean;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly fingerprint: string | undefined;
  /** How its content is proven: by its own signature, the one that the next digest quotes, or the hash in that. */
  readonly proof: ProofKind | undefined;
  readonly file: FileRef | undefined;
}

/** See {@link DigestVerdict.proof}. */
export type ProofKind = 'object_metadata' | 'next_digest_signature' | 'next_digest_hash';

/** The verdict on a log file. */
export interface LogVerdict {
  readonly status: ObjectStatus;
  readonly detail: string;
  readonly bucket: string;
  readonly key: string;
  readonly subject: string;
  /** Hash that the digest names; undefined for a log that none names. */
  readonly named: string | undefined;
  /** SHA-256 of the inflated bytes; undefined for one that is not there. */
  readonly found: string | undefined;
  /** Key of the digest that names it. */
  readonly digest: string | undefined;
  readonly file: FileRef | undefined;
}

/** A stretch of time of one trail and region, microseconds UTC. */
export interface Period {
  readonly account: string;
  readonly region: string;
  /** Undefined where log files were delivered and no digest says by which trail. */
  readonly trail: string | undefined;
  readonly homeRegion: string | undefined;
  /** `o-...` of an organisation's trail, else empty. */
  readonly org: string;
  readonly from: number;
  readonly to: number;
  readonly status: 'validated' | 'unproven' | 'invalid' | 'missing' | 'not_validated';
  readonly detail: string;
}

/** A verdict or remark as `cloudtrail validate --json` prints it. */
export interface TrailFinding {
  readonly kind: 'digest' | 'log' | 'chain' | 'period' | 'key';
  /** `bucket/key`; for a chain or period the folder of its digests, for a key its fingerprint. */
  readonly subject: string;
  readonly status: string;
  readonly detail: string;
}

/** Counts of digest files; total is the sum of the others. */
export interface DigestCounts {
  readonly total: number;
  readonly valid: number;
  readonly invalid: number;
  readonly missing: number;
  readonly unproven: number;
}

/** Counts of log files; total is the sum of the others. */
export interface LogCounts extends DigestCounts {
  /** Named by no digest. */
  readonly uncovered: number;
}

/** The whole answer. */
export interface TrailReport {
  /**
   * No bad news: nothing is invalid or missing, no log was planted, no chain is broken, and a window that was asked for is
   * covered by proven digests. Whether all is proven {@link TrailReport.proven} says.
   */
  readonly ok: boolean;
  /** No bad news, there are digests, and no file is unproven. */
  readonly proven: boolean;
  readonly digests: DigestCounts;
  readonly logs: LogCounts;
  /** Verdicts and remarks together, ordered by subject, status and detail. */
  readonly findings: readonly TrailFinding[];
  readonly digestVerdicts: readonly DigestVerdict[];
  readonly logVerdicts: readonly LogVerdict[];
  readonly periods: readonly Period[];
  /** Of each evidence item the newest digest that is proven: what is sealed there is not older than its end. */
  readonly notBefore: readonly NotBefore[];
}

/** See {@link TrailReport.notBefore}. */
export interface NotBefore {
  readonly evidence: string;
  /** End of the digest, microseconds UTC. */
  readonly at: number;
  /** `bucket/key` of the digest. */
  readonly digest: string;
}
