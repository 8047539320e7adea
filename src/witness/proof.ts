/**
 * What proves each digest: its own signature from the object's metadata; where that was lost, the signature that the next
 * digest quotes for it; and the hash of it in a next digest that is itself proven. Every link is checked both ways.
 */
import { sameHex } from '../core/digest.ts';
import { parseRfc3339 } from '../core/time.ts';
import { checkSignature, signedText, type Digest } from './digest.ts';
import type { DigestFile, Place, Places, ReadDigest } from './gather.ts';
import { looseName, splitKey, type DigestName } from './names.ts';
import { validityProblem, type TrailKey, type TrailKeys } from './public-keys.ts';
import type { ObjectStatus, ProofKind } from './verdict.ts';

/** Why something is not as it must be. */
export interface Fault {
  readonly status: ObjectStatus;
  readonly detail: string;
}

/** One file that holds a digest. */
export interface Copy {
  readonly file: DigestFile;
  readonly place: Place | undefined;
  fault: Fault | undefined;
  /** Its name is not the digest's own, and nothing says where it lay. */
  readonly renamed: boolean;
  /** Its object metadata is not there, and that of other digests around it is. */
  bare: boolean;
}

/** One digest, whatever number of files hold it. */
export interface Link {
  readonly digest: Digest;
  readonly name: DigestName;
  readonly sha256: string;
  readonly copies: Copy[];
  proof: { readonly kind: ProofKind; readonly detail: string } | undefined;
  fault: Fault | undefined;
  /** Digests that name this one as the one before them. */
  readonly quotedBy: Link[];
  /** It follows a proven digest as the next one of a true chain does. */
  follows: boolean;
}

/** A digest file that is no link of any chain, and why. */
export interface Loose {
  readonly file: DigestFile;
  readonly digest: Digest | undefined;
  readonly place: Place | undefined;
  readonly fault: Fault;
}

/** Links in the order of their end, and what is none. */
export interface Proven {
  readonly links: readonly Link[];
  readonly loose: readonly Loose[];
  /** Digests whose hash of the one before them could not be compared, and why. */
  readonly unchecked: readonly { readonly link: Link; readonly detail: string }[];
}

/** Proves what can be proven. */
export function proveDigests(
  reads: readonly ReadDigest[],
  places: Places,
  keys: TrailKeys,
): Proven {
  const links = new Map<string, Link>();
  const loose: Loose[] = [];
  for (const read of reads) {
    const { file } = read;
    const place = places.of(file);
    const digest = 'digest' in read ? read.digest : undefined;
    const name = 'digest' in read ? read.name : undefined;
    const problem = 'problem' in read ? read.problem : undefined;
    if (digest === undefined || digest.end < digest.start) {
      const detail = problem ?? 'it ends before it starts';
      loose.push({ file, digest, place, fault: { status: 'invalid_format', detail } });
    } else if (name?.end !== digest.end) {
      const detail = `it says that it was delivered to ${digest.bucket}/${digest.key}, which is no place of a digest that ends at ${digest.endText}`;
      loose.push({ file, digest, place, fault: { status: 'invalid_key', detail } });
    } else {
      const id = `${digest.key}\n${file.sha256}`;
      const link = links.get(id) ?? newLink(digest, name, file.sha256);
      links.set(id, link);
      link.copies.push(newCopy(read.file, digest, name, place));
    }
  }
  const sorted = [...links.values()].sort(inOrder);
  for (const link of sorted) settleDisplaced(link);
  settleBare(sorted);
  const chain = new Chain(sorted, keys);
  chain.signatures();
  chain.links();
  return { links: sorted, loose, unchecked: chain.unchecked };
}

function newLink(digest: Digest, name: DigestName, sha256: string): Link {
  return {
    ...{ digest, name, sha256, copies: [], proof: undefined, fault: undefined, quotedBy: [] },
    follows: false,
  };
}

function inOrder(a: Link, b: Link): number {
  if (a.digest.end !== b.digest.end) return a.digest.end - b.digest.end;
  const [left, right] = [`${a.digest.key}\n${a.sha256}`, `${b.digest.key}\n${b.sha256}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

// The file for itself, in the order in which `aws cloudtrail validate-logs` looks.
function newCopy(
  file: DigestFile,
  digest: Digest,
  name: DigestName,
  place: Place | undefined,
): Copy {
  const renamed = place === undefined && looseName(file.path) !== looseName(digest.key);
  const fault = metadataFault(file, name) ?? placeFault(digest, place);
  return { file, place, renamed, bare: false, fault };
}

function metadataFault({ metadata }: DigestFile, name: DigestName): Fault | undefined {
  if (metadata === undefined) return undefined;
  const { signature, algorithm, backfillGenerated } = metadata;
  if (signature === undefined || algorithm === undefined) {
    const missing = signature === undefined ? 'signature' : 'signature-algorithm';
    return { status: 'signature_missing', detail: `its object metadata has no ${missing}` };
  }
  if (algorithm.toLowerCase() !== 'sha256withrsa') {
    return {
      status: 'signature_invalid',
      detail: `its object metadata says ${JSON.stringify(algorithm)}, not SHA256withRSA`,
    };
  }
  return name.backfill && backfillGenerated === undefined
    ? {
        status: 'backfill_timestamp_missing',
        detail: 'its object metadata has no backfill-generation-timestamp',
      }
    : undefined;
}

function placeFault(digest: Digest, place: Place | undefined): Fault | undefined {
  if (place?.bucket === undefined || place.displaced) return undefined;
  if (place.key === digest.key && place.bucket === digest.bucket) return undefined;
  return { status: 'moved', detail: `it was delivered to ${digest.bucket}/${digest.key}` };
}

// A copy in a second folder is only a copy if the digest is also where it belongs.
function settleDisplaced(link: Link): void {
  const atHome = link.copies.some(({ place }) => place?.displaced !== true);
  for (const copy of link.copies) {
    if (copy.place?.displaced !== true || atHome) continue;
    const { bucket, key } = link.digest;
    copy.fault ??= { status: 'moved', detail: `it was delivered to ${bucket}/${key}` };
  }
}

// A download keeps metadata or loses it, for a whole tree of the bucket: one digest without was not downloaded like the others.
function settleBare(links: readonly Link[]): void {
  const kept = new Set<string>();
  for (const link of links) {
    for (const { file } of link.copies) {
      if (file.metadata !== undefined) for (const one of around(link, file)) kept.add(one);
    }
  }
  for (const link of links) {
    for (const copy of link.copies) {
      const { file } = copy;
      copy.bare = file.metadata === undefined && around(link, file).some((one) => kept.has(one));
    }
  }
}

// Its folder of the evidence, its trail, and bucket and prefix, each in one evidence item.
function around({ digest, name }: Link, { evidence, path }: DigestFile): readonly string[] {
  const { account, trail, homeRegion, org } = name.chain;
  return [
    `${evidence}\nfolder ${path.slice(0, path.lastIndexOf('/') + 1)}`,
    `${evidence}\ntrail ${account} ${trail} ${homeRegion} ${org}`,
    `${evidence}\ntree ${digest.bucket} ${splitKey(digest.key)?.before ?? ''}`,
  ];
}

/** Of digests that claim to follow the same one; a true chain has one, a fork of a few is told, a planted crowd is not. */
const MAX_QUOTES = 64;

function placeText(of: { readonly bucket: string; readonly key: string }): string {
  return `${of.bucket}/${of.key}`;
}

class Chain {
  readonly unchecked: { readonly link: Link; readonly detail: string }[] = [];
  readonly #links: readonly Link[];
  readonly #keys: TrailKeys;
  readonly #byPlace: ReadonlyMap<string, readonly Link[]>;

  constructor(links: readonly Link[], keys: TrailKeys) {
    this.#links = links;
    this.#keys = keys;
    this.#byPlace = Map.groupBy(links, ({ digest }) => placeText(digest));
    for (const link of links) {
      const { previous } = link.digest;
      if (previous === null) continue;
      for (const before of this.#byPlace.get(placeText(previous)) ?? []) {
        if (before === link || before.digest.end > link.digest.start) {
          const detail = `it follows ${previous.key}, which ends after it starts`;
          link.fault ??= { status: 'chain_order', detail };
        }
        if (before !== link && before.quotedBy.length < MAX_QUOTES) before.quotedBy.push(link);
      }
    }
  }

  /** Signatures need no other proof: each is AWS's word or it is not. */
  signatures(): void {
    for (const link of this.#links) {
      const key = this.#keyOf(link);
      if (key?.key === undefined) continue;
      const text = signedText(link.digest, link.sha256);
      for (const copy of link.copies) {
        const hex = copy.file.metadata?.signature;
        if (hex === undefined) continue;
        const verdict = checkSignature(text, hex, key.key);
        if (verdict === 'valid') prove(link, 'object_metadata', key);
        else copy.fault ??= signatureFault(verdict, 'in its object metadata');
      }
      for (const next of link.quotedBy) {
        const hex = next.digest.previous?.signature ?? '';
        if (link.proof !== undefined) break;
        if (checkSignature(text, hex, key.key) === 'valid') {
          prove(link, 'next_digest_signature', key, next);
        }
      }
    }
  }

  // A key that was not valid then proves nothing.
  #keyOf(link: Link): TrailKey | undefined {
    const key = this.#keys.byFingerprint.get(link.digest.fingerprint);
    if (key === undefined) return undefined;
    const times = link.copies.map(({ file }) => file.metadata?.backfillGenerated);
    const generated = parseRfc3339(times.find((time) => time !== undefined) ?? '');
    const { start, end } = link.digest;
    // When a backfill digest was made is only in its metadata: any time after its start is possible without.
    const range = link.name.backfill
      ? { start, end: generated ?? Number.MAX_SAFE_INTEGER }
      : { start, end };
    const problem = validityProblem(key, range, link.name.backfill ? generated : undefined);
    if (problem === undefined) return key;
    link.fault ??= { status: 'public_key_not_valid_then', detail: problem };
    return undefined;
  }

  /** A proven digest holds the hash of the one before it, so proof runs from the newest backwards. */
  links(): void {
    for (const link of this.#links.toReversed()) {
      for (const next of link.quotedBy) this.#link(link, next);
    }
    for (const { proof, quotedBy } of this.#links) {
      for (const next of quotedBy) next.follows ||= proof !== undefined && next.fault === undefined;
    }
  }

  #link(link: Link, next: Link): void {
    const quoted = next.digest.previous;
    if (quoted === null) return;
    if (quoted.algorithm !== 'SHA-256') {
      const by = JSON.stringify(quoted.algorithm);
      const detail = `it names the hash of ${link.digest.key} by ${by}: it was not compared`;
      this.unchecked.push({ link: next, detail });
    }
    if (quoted.algorithm === 'SHA-256' && !sameHex(quoted.hash, link.sha256)) {
      // The one of the two that is proven is right; the twin of a digest that was exchanged needs no blame for it.
      if (link.proof !== undefined) {
        const detail = `it names another hash for ${link.digest.key}, which is proven`;
        if (!this.#hasTwin(link, next)) next.fault ??= { status: 'hash_link_broken', detail };
      } else {
        const unsure =
          next.proof === undefined ? '; neither is proven: one of the two was changed' : '';
        const detail = `${next.digest.key} names another hash for it${unsure}`;
        link.fault ??= { status: 'hash_link_broken', detail };
      }
      return;
    }
    if (quoted.algorithm === 'SHA-256' && next.proof !== undefined) {
      prove(link, 'next_digest_hash', undefined, next);
    }
    this.#quote(link, next, quoted.signature);
  }

  // Another content under the same key has the hash that is named.
  #hasTwin(link: Link, next: Link): boolean {
    const hash = next.digest.previous?.hash ?? '';
    const twins = this.#byPlace.get(placeText(link.digest)) ?? [];
    return twins.some((other) => other !== link && sameHex(other.sha256, hash));
  }

  // PKCS #1 v1.5 signatures are a function of key and text: the quoted one is the carried one, or one of them is wrong.
  #quote(link: Link, next: Link, quoted: string): void {
    const key = this.#keys.byFingerprint.get(link.digest.fingerprint)?.key;
    if (key === undefined || link.proof === undefined) return;
    if (checkSignature(signedText(link.digest, link.sha256), quoted, key) === 'valid') return;
    const detail = `the signature it quotes for ${link.digest.key} does not verify`;
    next.fault ??= { status: 'signature_link_broken', detail };
  }
}

function prove(link: Link, kind: ProofKind, key: TrailKey | undefined, next?: Link): void {
  const by = {
    object_metadata: `signature in the object metadata verified with key ${key?.fingerprint ?? ''}`,
    next_digest_signature: `signature quoted by ${next?.digest.key ?? ''} verified with key ${key?.fingerprint ?? ''}`,
    next_digest_hash: `the proven digest ${next?.digest.key ?? ''} names its hash`,
  };
  link.proof ??= { kind, detail: by[kind] };
}

function signatureFault(verdict: 'invalid' | 'weak' | 'not_hex', where: string): Fault {
  if (verdict === 'weak') {
    return {
      status: 'signature_weak',
      detail: `the signature ${where} is by the right key, but not over SHA-256`,
    };
  }
  const what = verdict === 'not_hex' ? 'is not hex' : 'does not verify';
  return { status: 'signature_invalid', detail: `the signature ${where} ${what}` };
}

/**
 * The verdict on one file of a link.
 * @param trusted the keys are not the evidence's own claim.
 */
export function copyVerdict(link: Link, copy: Copy, keys: TrailKeys, trusted: boolean): Fault {
  const proven =
    link.proof === undefined ? '' : `; its content is proven all the same: ${link.proof.detail}`;
  const fault = copy.fault ?? link.fault ?? keyFault(link, keys);
  if (fault !== undefined) return { ...fault, detail: `${fault.detail}${proven}` };
  if (link.proof !== undefined) {
    const { gzip } = copy.file;
    if (gzip === undefined) {
      return { status: trusted ? 'valid' : 'key_from_evidence', detail: link.proof.detail };
    }
    const status = gzip.kind === 'extra' ? 'extra_bytes' : 'gzip_damaged';
    return { status, detail: `its content verifies, the file around it does not: ${gzip.detail}` };
  }
  if (keys.byFingerprint.size === 0) {
    return { status: 'no_public_keys', detail: 'there are no public keys to check it with' };
  }
  const next = link.quotedBy.find(({ proof }) => proof !== undefined) ?? link.quotedBy[0];
  if (next === undefined && copy.bare) {
    return {
      status: 'signature_missing',
      detail:
        'its object metadata is not there, that of other digests around it is; no later digest in the evidence quotes its signature',
    };
  }
  if (next === undefined) {
    return {
      status: 'no_signature',
      detail:
        'its object metadata was not kept and no later digest in the evidence quotes its signature',
    };
  }
  const unsure = next.proof === undefined ? ': one of the two was changed' : '';
  const detail = `its object metadata was not kept, and the signature that ${next.digest.key} quotes for it does not verify${unsure}`;
  return { status: next.proof === undefined ? 'signature_disputed' : 'signature_invalid', detail };
}

function keyFault(link: Link, keys: TrailKeys): Fault | undefined {
  const { fingerprint } = link.digest;
  if (keys.byFingerprint.size === 0) return undefined;
  const key = keys.byFingerprint.get(fingerprint);
  if (key === undefined) {
    const detail = `none of the ${String(keys.byFingerprint.size)} public keys has the fingerprint ${fingerprint}`;
    return { status: 'public_key_not_found', detail };
  }
  return key.key === undefined
    ? { status: 'public_key_unusable', detail: `the key ${fingerprint} is no RSA public key` }
    : undefined;
}
