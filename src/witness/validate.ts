/**
 * CloudTrail's own witness, offline: are the log files those that AWS delivered? As strict as `aws cloudtrail
 * validate-logs` everywhere and stricter where it is silent (docs/cloudtrail-validation.md): every link is checked both
 * ways, every missing digest is listed, and so is every log that no digest names.
 */
import { sameHex } from '../core/digest.ts';
import { formatUs } from '../core/time.ts';
import { surveyChains, type ChainRemark } from './coverage.ts';
import {
  Places,
  readDigests,
  type DigestFile,
  type TrailFile,
  type Uncollected,
} from './gather.ts';
import { judgeNamed, type UnnamedLog } from './logs.ts';
import { parseDigestName } from './names.ts';
import { copyVerdict, proveDigests, type Copy, type Link, type Loose } from './proof.ts';
import type { TrailKeys } from './public-keys.ts';
import { chainSlots } from './slots.ts';
import { MINUTE_US, Spans } from './spans.ts';
import { UnnamedJudge } from './unnamed.ts';
import {
  REMARKS,
  STATUSES,
  type DigestVerdict,
  type LogVerdict,
  type NotBefore,
  type ObjectStatus,
  type RemarkStatus,
  type TrailFinding,
  type TrailReport,
  type Verdict,
} from './verdict.ts';
import { touches, type Window } from './window.ts';

/** What to validate. */
export interface TrailEvidence {
  readonly digests: readonly DigestFile[];
  readonly logs: readonly TrailFile[];
  readonly keys: TrailKeys;
  readonly keysFromEvidence: boolean;
  readonly uncollected: readonly Uncollected[];
  readonly window: Window;
  /** By when each evidence item claims to be collected and sealed, microseconds UTC. */
  readonly sealedAt: ReadonlyMap<string, number>;
}

/** Validates every chain in the evidence. The answer does not depend on the order of its files. */
export function validateTrails(evidence: TrailEvidence): TrailReport {
  const { keys, window } = evidence;
  const trusted = !evidence.keysFromEvidence;
  const reads = readDigests(evidence.digests);
  const places = new Places(reads, evidence.logs);
  const { links, loose, unchecked } = proveDigests(reads, places, keys);
  const byDigest = new Map<Link | Loose, readonly DigestVerdict[]>([
    ...links.map(
      (link) => [link, link.copies.map((copy) => ofCopy(link, copy, keys, trusted))] as const,
    ),
    ...loose.map((one) => [one, [ofLoose(one)]] as const),
  ]);
  const chains = chainSlots(links, loose, byDigest);
  const folders = reads.map(({ file }) => ({ file, place: places.of(file) }));
  const proven = new Spans(chains, ({ link }) => link?.proof !== undefined);
  const strict = new UnnamedJudge(proven, folders);
  const { verdicts, unnamed } = judgeNamed(links, evidence.logs, {
    ...{ places, uncollected: evidence.uncollected, window, trusted },
    doubt: (log) => (strict.judge(log).status === 'not_in_digest' ? UNPROVEN_NAMING : undefined),
  });
  const survey = surveyChains(chains, unnamed, evidence.uncollected, window);
  const digestVerdicts = [
    ...[...byDigest.values()].flat().filter(({ start, end }) => inWindow(window, start, end)),
    ...survey.missing,
  ].sort(bySubject);
  const judge = new UnnamedJudge(new Spans(chains, ({ state }) => state !== 'invalid'), folders);
  const notBefore = newest(links);
  const logVerdicts = [
    ...verdicts,
    ...unnamed.filter((log) => isAskedFor(window, log)).map((log) => ofUnnamed(log, judge)),
  ].sort(bySubject);
  return {
    ...summary(digestVerdicts, logVerdicts, [
      ...survey.remarks,
      ...twins(links),
      ...renamed(links),
      ...unchecked
        .filter(({ link: { digest } }) => inWindow(window, digest.start, digest.end))
        .map(({ link, detail }) => ofDigest(placeText(link.digest), 'hash_link_unchecked', detail)),
      ...newerThanSeals(notBefore, evidence.sealedAt),
      ...keyRemarks(evidence),
    ]),
    notBefore: trusted ? notBefore : [],
    digestVerdicts,
    logVerdicts,
    periods: survey.periods.toSorted(
      (a, b) => compare(periodText(a), periodText(b)) || a.from - b.from || a.to - b.to,
    ),
  };
}

const UNPROVEN_NAMING = {
  status: 'not_in_proven_digest',
  detail: 'no proven digest names it, though proven digests cover its time',
} as const;

type Remark = Omit<ChainRemark, 'kind'> & { readonly kind: TrailFinding['kind'] };

function summary(
  digests: readonly DigestVerdict[],
  logs: readonly LogVerdict[],
  remarks: readonly Remark[],
): Pick<TrailReport, 'ok' | 'proven' | 'digests' | 'logs' | 'findings'> {
  const of = (all: readonly { readonly status: ObjectStatus }[], verdict: Verdict): number =>
    all.filter(({ status }) => STATUSES[status].class === verdict).length;
  const counts = (all: readonly { readonly status: ObjectStatus }[]) => ({
    total: all.length,
    valid: of(all, 'valid'),
    invalid: of(all, 'invalid'),
    missing: of(all, 'missing'),
    unproven: of(all, 'unproven'),
  });
  const bad =
    [...digests, ...logs].some(({ status }) => STATUSES[status].bad) ||
    remarks.some((remark) => remark.bad ?? REMARKS[remark.status].bad);
  const finding =
    (kind: TrailFinding['kind']) =>
    (one: Omit<TrailFinding, 'kind'>): TrailFinding => {
      return { kind, subject: one.subject, status: one.status, detail: one.detail };
    };
  const unproven = of(digests, 'unproven') + of(logs, 'unproven');
  return {
    ok: !bad,
    proven: !bad && digests.length > 0 && unproven === 0,
    digests: counts(digests),
    logs: { ...counts(logs), uncovered: of(logs, 'uncovered') },
    findings: [
      ...digests.map(finding('digest')),
      ...logs.map(finding('log')),
      ...remarks.map((remark) => finding(remark.kind)(remark)),
    ].sort(bySubject),
  };
}

function ofCopy(link: Link, copy: Copy, keys: TrailKeys, trusted: boolean): DigestVerdict {
  const { digest, name, proof } = link;
  const { bucket, key, start, end, fingerprint } = digest;
  const { status, detail } = copyVerdict(link, copy, keys, trusted);
  // A file that was moved speaks for itself, not for the place where it belongs.
  const elsewhere = status === 'moved' || copy.place?.displaced === true;
  return {
    ...{ status, detail, bucket, key, subject: elsewhere ? whereabouts(copy) : `${bucket}/${key}` },
    ...{ ...name.chain, backfill: name.backfill, start, end, fingerprint, proof: proof?.kind },
    file: copy.file,
  };
}

function ofLoose(loose: Loose): DigestVerdict {
  const { file, digest, place, fault } = loose;
  const key = place?.key ?? file.path;
  const bucket = place?.bucket ?? file.s3?.bucket ?? '';
  const name = parseDigestName(key);
  return {
    ...{ ...fault, bucket, key, subject: whereabouts(loose) },
    account: name?.chain.account,
    region: name?.chain.region,
    trail: name?.chain.trail,
    homeRegion: name?.chain.homeRegion,
    backfill: name?.backfill ?? false,
    ...{ start: digest?.start, end: digest?.end ?? name?.end, fingerprint: digest?.fingerprint },
    ...{ proof: undefined, file },
  };
}

function whereabouts({ file, place }: Pick<UnnamedLog, 'file' | 'place'>): string {
  const bucket = place?.bucket ?? file.s3?.bucket;
  return place === undefined || bucket === undefined ? file.path : `${bucket}/${place.key}`;
}

function inWindow(window: Window, start: number | undefined, end: number | undefined): boolean {
  // What names no time cannot be shown to lie outside.
  const [from, to] = [start ?? end, end ?? start];
  return from === undefined || to === undefined || touches(window, from, to);
}

function isAskedFor(window: Window, { name }: UnnamedLog): boolean {
  return name === undefined || touches(window, name.delivered, name.delivered + MINUTE_US);
}

function ofUnnamed(log: UnnamedLog, judge: UnnamedJudge): LogVerdict {
  const { file, place } = log;
  const bucket = place?.bucket ?? file.s3?.bucket ?? '';
  return {
    ...judge.judge(log),
    ...{ bucket, key: place?.key ?? file.path, subject: whereabouts(log) },
    ...{ named: undefined, found: file.sha256, digest: undefined, file },
  };
}

function placeText({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  return `${bucket}/${key}`;
}

function ofDigest(subject: string, status: RemarkStatus, detail: string): Remark {
  return { kind: 'digest', subject, status, detail };
}

// Of digests that end together the first in bytewise order.
function newest(links: readonly Link[]): readonly NotBefore[] {
  const found = new Map<string, NotBefore>();
  for (const { digest, proof, copies } of links) {
    if (proof === undefined) continue;
    for (const { evidence } of copies.map(({ file }) => file)) {
      const known = found.get(evidence);
      if (known !== undefined && known.at >= digest.end) continue;
      found.set(evidence, { evidence, at: digest.end, digest: placeText(digest) });
    }
  }
  return [...found.values()].sort((a, b) => compare(a.evidence, b.evidence));
}

function newerThanSeals(
  notBefore: readonly NotBefore[],
  sealedAt: ReadonlyMap<string, number>,
): Remark[] {
  return notBefore.flatMap(({ evidence, at, digest }) => {
    const sealed = sealedAt.get(evidence);
    if (sealed === undefined || sealed >= at) return [];
    const detail = `it ends at ${formatUs(at)}, and ${evidence}, which holds it, claims to be collected and sealed by ${formatUs(sealed)}`;
    return [ofDigest(digest, 'newer_than_seal', detail)];
  });
}

function twins(links: readonly Link[]): Remark[] {
  return [...Map.groupBy(links, ({ digest }) => placeText(digest))]
    .filter(([, same]) => same.length > 1)
    .map(([subject, same]) =>
      ofDigest(
        subject,
        'fork',
        `${String(same.length)} different digests say that they are this one`,
      ),
    );
}

function renamed(links: readonly Link[]): Remark[] {
  return links.flatMap(({ digest, copies }) =>
    copies
      .filter((copy) => copy.renamed)
      .map(({ file }) => ({
        ...{ kind: 'digest', subject: file.path, status: 'renamed' },
        detail: `it is the digest ${digest.bucket}/${digest.key}`,
      })),
  );
}

function keyRemarks({ keys, keysFromEvidence }: TrailEvidence): Remark[] {
  const say = (subject: string, status: RemarkStatus, detail: string): Remark => {
    return { kind: 'key', subject, status, detail };
  };
  const all = [...keys.byFingerprint.values()];
  return [
    ...all
      .filter(({ fingerprint, md5 }) => !sameHex(fingerprint, md5))
      .map(({ fingerprint, md5 }) =>
        say(fingerprint, 'fingerprint_differs', `the MD5 of the key is ${md5}`),
      ),
    ...all
      .filter(({ key }) => key === undefined)
      .map((key) => say(key.fingerprint, 'key_unusable', 'its Value is no RSA public key')),
    ...keys.conflicts.map((one) => say(one, 'key_conflict', 'it stands for two different keys')),
    ...keys.problems.map(({ path, detail }) => say(path, 'key_unusable', detail)),
    ...(keysFromEvidence
      ? all.map((key) =>
          say(
            key.fingerprint,
            'keys_from_evidence',
            'the key is the evidence’s own claim: who makes a digest can make a key for it',
          ),
        )
      : []),
  ];
}

function bySubject(
  a: { readonly subject: string; readonly status: string; readonly detail: string },
  b: { readonly subject: string; readonly status: string; readonly detail: string },
): number {
  return (
    compare(a.subject, b.subject) || compare(a.status, b.status) || compare(a.detail, b.detail)
  );
}

function periodText(period: {
  readonly account: string;
  readonly region: string;
  readonly trail: string | undefined;
}): string {
  return `${period.account} ${period.region} ${period.trail ?? ''}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
