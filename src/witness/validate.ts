/**
 * CloudTrail's own witness, offline: are the log files those that AWS delivered? As strict as `aws cloudtrail
 * validate-logs` everywhere and stricter where it is silent (docs/cloudtrail-validation.md): every link is checked both
 * ways, every missing digest is listed, and so is every log that no digest names.
 */
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
import { MINUTE_US, UnnamedJudge } from './unnamed.ts';
import {
  REMARKS,
  STATUSES,
  type DigestVerdict,
  type LogVerdict,
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
}

/** Validates every chain in the evidence. The answer does not depend on the order of its files. */
export function validateTrails(evidence: TrailEvidence): TrailReport {
  const { keys, window } = evidence;
  const reads = readDigests(evidence.digests);
  const places = new Places(reads, evidence.logs);
  const { links, loose } = proveDigests(reads, places, keys);
  const byDigest = new Map<Link | Loose, readonly DigestVerdict[]>([
    ...links.map((link) => [link, link.copies.map((copy) => ofCopy(link, copy, keys))] as const),
    ...loose.map((one) => [one, [ofLoose(one)]] as const),
  ]);
  const chains = chainSlots(links, loose, byDigest);
  const { verdicts, unnamed } = judgeNamed(
    links,
    evidence.logs,
    places,
    evidence.uncollected,
    window,
  );
  const survey = surveyChains(chains, unnamed, evidence.uncollected, window);
  const digestVerdicts = [
    ...[...byDigest.values()].flat().filter(({ start, end }) => inWindow(window, start, end)),
    ...survey.missing,
  ].sort(bySubject);
  const judge = new UnnamedJudge(
    chains,
    reads.map(({ file }) => ({ file, place: places.of(file) })),
  );
  const logVerdicts = [
    ...verdicts,
    ...unnamed.filter((log) => isAskedFor(window, log)).map((log) => ofUnnamed(log, judge)),
  ].sort(bySubject);
  return {
    ...summary(digestVerdicts, logVerdicts, [
      ...survey.remarks,
      ...twins(links),
      ...renamed(links),
      ...keyRemarks(evidence),
    ]),
    digestVerdicts,
    logVerdicts,
    periods: survey.periods.toSorted(
      (a, b) => compare(periodText(a), periodText(b)) || a.from - b.from || a.to - b.to,
    ),
  };
}

type Remark = Omit<ChainRemark, 'kind'> & { readonly kind: TrailFinding['kind'] };

function summary(
  digests: readonly DigestVerdict[],
  logs: readonly LogVerdict[],
  remarks: readonly Remark[],
): Pick<TrailReport, 'ok' | 'digests' | 'logs' | 'findings'> {
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
  return {
    ok: !bad,
    digests: counts(digests),
    logs: { ...counts(logs), uncovered: of(logs, 'uncovered') },
    findings: [
      ...digests.map(finding('digest')),
      ...logs.map(finding('log')),
      ...remarks.map((remark) => finding(remark.kind)(remark)),
    ].sort(bySubject),
  };
}

function ofCopy(link: Link, copy: Copy, keys: TrailKeys): DigestVerdict {
  const { digest, name, proof } = link;
  const { bucket, key, start, end, fingerprint } = digest;
  const { status, detail } = copyVerdict(link, copy, keys);
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

function twins(links: readonly Link[]): Remark[] {
  return [...Map.groupBy(links, ({ digest }) => `${digest.bucket}/${digest.key}`)]
    .filter(([, same]) => same.length > 1)
    .map(([subject, same]) => ({
      ...{ kind: 'digest', subject, status: 'fork' },
      detail: `${String(same.length)} different digests say that they are this one`,
    }));
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
      .filter(({ fingerprintMatches }) => !fingerprintMatches)
      .map((key) => say(key.fingerprint, 'fingerprint_differs', 'it is not the MD5 of the key')),
    ...all
      .filter(({ key }) => key === undefined)
      .map((key) => say(key.fingerprint, 'key_unusable', 'its Value is no RSA public key')),
    ...keys.conflicts.map((one) => say(one, 'key_conflict', 'it stands for two different keys')),
    ...keys.problems.map(({ path, detail }) => say(path, 'key_unusable', detail)),
    ...(keysFromEvidence
      ? all.map((key) =>
          say(key.fingerprint, 'keys_from_evidence', 'the key is the evidence’s own claim'),
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
