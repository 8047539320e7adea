/**
 * CloudTrail's own witness, offline: are the log files those that AWS delivered? As strict as `aws cloudtrail
 * validate-logs` everywhere and stricter where it is silent (docs/cloudtrail-validation.md): every link is checked both
 * ways, every missing digest is listed, and so is every log that no digest names.
 */
import { isOver, surveyChains, type ChainRemark } from './coverage.ts';
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
import { chainSlots, type ChainSlots } from './slots.ts';
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

/** An unnamed log stands near the end of what is covered if a digest that is not there could still name it. */
const NEAR_US = 5 * 60_000_000;
const MINUTE_US = 60_000_000;

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
  const spans = new Spans(chains);
  const logVerdicts = [
    ...verdicts,
    ...unnamed.filter((log) => isAskedFor(window, log)).map((log) => ofUnnamed(log, spans)),
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

function whereabouts({ file, place }: Pick<Copy, 'file' | 'place'>): string {
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

function ofUnnamed({ file, place, name }: UnnamedLog, spans: Spans): LogVerdict {
  const bucket = place?.bucket ?? file.s3?.bucket ?? '';
  const key = place?.key ?? file.path;
  const said = {
    ...{ bucket, key, subject: whereabouts({ file, place } as Pick<Copy, 'file' | 'place'>) },
    ...{ named: undefined, found: file.sha256, digest: undefined, file },
  };
  if (name === undefined) {
    const detail = 'no digest names it, and its name says no time';
    return { ...said, status: 'name_unknown', detail };
  }
  if (!name.inDigests) {
    const detail = 'no digest names it; whether digests name files of this kind is not documented';
    return { ...said, status: 'uncovered', detail };
  }
  return spans.cover(name.account, name.region, place?.tree, name.delivered)
    ? {
        ...said,
        status: 'not_in_digest',
        detail: 'no digest names it, though digests cover the time in its name',
      }
    : {
        ...said,
        status: 'uncovered',
        detail: 'no digest in the evidence covers the time in its name',
      };
}

/** Time that digests cover without a break. */
class Spans {
  readonly #chains = new Map<
    string,
    { readonly tree: string; readonly spans: readonly (readonly [number, number])[] }[]
  >();

  constructor(chains: readonly ChainSlots[]) {
    for (const chain of chains) {
      const spans: [number, number][] = [];
      for (const { start, end, state } of chain.slots) {
        const last = spans.at(-1);
        if (state === 'invalid') continue;
        if (last?.[1] === start) last[1] = end;
        else spans.push([start, end]);
      }
      const id = `${chain.id.account} ${chain.id.region}`;
      this.#chains.set(id, [...(this.#chains.get(id) ?? []), { tree: chain.tree, spans }]);
    }
  }

  cover(account: string, region: string, tree: string | undefined, minute: number): boolean {
    const to = minute + MINUTE_US + NEAR_US;
    return (this.#chains.get(`${account} ${region}`) ?? []).some(
      (chain) =>
        isOver(chain, tree) && chain.spans.some(([start, end]) => minute >= start && to <= end),
    );
  }
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
