/**
 * Which time the digests cover: runs of proven digests, holes of any length, periods without validation, and whether
 * digests were taken away at the end, which the chain itself cannot show.
 */
import { formatUs } from '../core/time.ts';
import type { Uncollected } from './gather.ts';
import type { UnnamedLog } from './logs.ts';
import { baseName, digestKeyAt, looseName, parseDigestName, type ChainId } from './names.ts';
import type { Link } from './proof.ts';
import type { ChainSlots, Slot } from './slots.ts';
import type { DigestVerdict, Period, RemarkStatus } from './verdict.ts';
import { HOUR_US, isAsked, touches, type Window } from './window.ts';

/** Something about a chain or a period. */
export interface ChainRemark {
  readonly kind: 'chain' | 'period';
  readonly subject: string;
  readonly status: RemarkStatus;
  readonly detail: string;
  /** Set where a status is bad news only here. */
  readonly bad?: boolean;
}

/** What {@link surveyChains} found. */
export interface Survey {
  readonly missing: readonly DigestVerdict[];
  readonly periods: readonly Period[];
  readonly remarks: readonly ChainRemark[];
}

/** Missing digests that are listed one by one; a signed pair of digests decades apart must not fill the memory. */
const MAX_LISTED = 20_000;
/** A digest is delivered within this time of its end, going by the ranges that the AWS CLI asks for. */
const LATE_US = HOUR_US;
/** The name of a log says the minute of delivery. */
const MINUTE_US = 60_000_000;

/** Looks at every chain, and at the logs that no digest names. */
export function surveyChains(
  chains: readonly ChainSlots[],
  unnamed: readonly UnnamedLog[],
  uncollected: readonly Uncollected[],
  window: Window,
): Survey {
  const surveyor = new Surveyor(chains, unnamed, uncollected, window);
  for (const chain of chains) surveyor.chain(chain);
  surveyor.logsWithoutChain();
  surveyor.lonelyDigests();
  return surveyor;
}

class Surveyor implements Survey {
  readonly missing: DigestVerdict[] = [];
  readonly periods: Period[] = [];
  readonly remarks: ChainRemark[] = [];
  readonly #chains: readonly ChainSlots[];
  /** Delivery minutes of logs that no digest names, by account and region; sorted. */
  readonly #logs = new Map<string, { readonly tree: string | undefined; readonly at: number }[]>();
  readonly #uncollected: ReadonlyMap<string, Uncollected>;
  readonly #window: Window;
  /** Digests that start a chain and are proven by nothing, in neither direction. */
  readonly #lonely: { readonly id: ChainId; readonly start: number; readonly end: number }[] = [];
  /** Of each trail the two regions whose digests reach furthest, and how far. */
  readonly #ends = new Map<string, readonly { readonly region: string; readonly end: number }[]>();

  constructor(
    chains: readonly ChainSlots[],
    unnamed: readonly UnnamedLog[],
    uncollected: readonly Uncollected[],
    window: Window,
  ) {
    this.#chains = chains;
    this.#window = window;
    this.#uncollected = new Map(uncollected.map((one) => [looseName(one.path), one]));
    for (const { id, slots } of chains) {
      const known = this.#ends.get(trailText(id)) ?? [];
      const all = [...known, { region: id.region, end: slots.at(-1)?.end ?? 0 }];
      this.#ends.set(trailText(id), all.sort((a, b) => b.end - a.end).slice(0, 2));
    }
    for (const { name, place } of unnamed) {
      if (name?.inDigests !== true) continue;
      if (!touches(window, name.delivered, name.delivered + MINUTE_US)) continue;
      const id = `${name.account} ${name.region}`;
      const list = this.#logs.get(id) ?? [];
      list.push({ tree: place?.tree, at: name.delivered });
      this.#logs.set(id, list);
    }
    for (const list of this.#logs.values()) list.sort((a, b) => a.at - b.at);
  }

  chain(chain: ChainSlots): void {
    const known = this.periods.length;
    const inside = chain.slots.filter(({ start, end }) => touches(this.#window, start, end));
    const names = new Map(chain.slots.map((slot) => [slot.name, slot]));
    this.#forks(chain);
    let before: Slot | undefined;
    for (const slot of inside) {
      this.#joint(chain, slot, before, names);
      this.#period(
        chain.id,
        slot.start,
        slot.end,
        slot.state === 'valid' ? 'validated' : slot.state,
      );
      before = slot;
    }
    this.#runs(chain, inside);
    for (const { unsigned, link, start, end } of inside) {
      if (unsigned && link?.digest.previous === null)
        this.#lonely.push({ id: chain.id, start, end });
    }
    const [first, last] = [inside[0], inside.at(-1)];
    if (first !== undefined && last !== undefined) {
      this.#begin(chain, first);
      this.#end(chain, last);
    } else if (isAsked(this.#window)) {
      const { from, to } = this.#window;
      const [start, end] = [from ?? to ?? 0, to ?? from ?? 0];
      this.#gap(chain, start, end, 'no digest of this chain touches the window', true);
    }
    for (const { status, from, to, detail } of this.periods.slice(known)) {
      if (status === 'validated') this.#say(chain, 'period', 'validated', span(from, to));
      if (status === 'unproven') {
        const bad = isAsked(this.#window) && touches(this.#window, from + 1, to - 1);
        const why = detail === '' ? '' : `: ${detail}`;
        this.#say(chain, 'period', 'not_proven', `${span(from, to)}${why}`, bad);
      }
    }
  }

  // Where logging stopped and began again the last digest before may lack proof, and the newest one. More is no trail.
  #runs(chain: ChainSlots, slots: readonly Slot[]): void {
    let run: Slot[] = [];
    const end = (): void => {
      const [first, second] = run;
      const last = run.at(-1);
      if (first !== undefined && second !== undefined && last !== undefined) {
        if (run.length > 2 || second.start <= first.end) {
          const detail = `${String(run.length)} digests ${span(first.start, last.end)} each start anew, and nothing proves any of them`;
          this.#say(chain, 'chain', 'unproven_run', detail);
        }
      }
      run = [];
    };
    for (const slot of slots) {
      if (!slot.unsigned || slot.link?.digest.previous !== null) end();
      if (slot.unsigned) run.push(slot);
    }
    end();
  }

  // Two digests after the same one, or two contents under one key: history was written twice.
  #forks(chain: ChainSlots): void {
    const followers = new Map<string, string>();
    for (const { link, name } of chain.slots) {
      const previous = link?.digest.previous;
      if (link === undefined || previous === null || previous === undefined) continue;
      const other = followers.get(previous.key);
      if (other === undefined) followers.set(previous.key, name);
      else this.#say(chain, 'chain', 'fork', `${other} and ${name} both follow ${previous.key}`);
    }
  }

  #joint(
    chain: ChainSlots,
    slot: Slot,
    before: Slot | undefined,
    names: ReadonlyMap<string, Slot>,
  ): void {
    const gap = before === undefined ? 0 : slot.start - before.end;
    if (before !== undefined && gap < 0 && slot.link !== undefined && before.link !== undefined) {
      const detail = `${slot.name} starts before ${formatUs(before.end)}, when ${before.name} ends`;
      this.#say(chain, 'chain', 'overlap', detail);
    }
    const previous = slot.link?.digest.previous;
    if (previous === undefined) {
      // Not readable: what it follows is not known, but hours in between there must be.
      if (before !== undefined && gap > HOUR_US / 2) this.#hole(chain, slot, before, undefined);
    } else if (previous === null) {
      if (before !== undefined && gap > 0) {
        this.#gap(chain, before.end, slot.start, 'validation or logging was off');
      }
    } else {
      const target = names.get(baseName(previous.key));
      if (target === undefined) this.#hole(chain, slot, before, previous);
      else if (before !== undefined && target !== before && target.end < before.end) {
        const detail = `${slot.name} follows ${target.name}, although ${before.name} lies between them`;
        this.#say(chain, 'chain', 'fork', detail);
      } else if (target === before && gap > 0) {
        const detail = `${span(before.end, slot.start)} lies between linked digests`;
        this.#say(chain, 'chain', 'times_do_not_meet', detail);
        this.#gap(chain, before.end, slot.start, 'no digest covers the time between linked ones');
      }
    }
  }

  // From the digest that is named back to the one that is there, hour by hour.
  #hole(
    chain: ChainSlots,
    slot: Slot,
    before: Slot | undefined,
    named: { readonly bucket: string; readonly key: string } | undefined,
  ): void {
    const { start } = slot;
    const since = before?.end ?? this.#window.from;
    const hours =
      since === undefined || since >= start
        ? 1
        : Math.max(1, Math.round((start - since) / HOUR_US));
    const from = start - hours * HOUR_US;
    if (!touches(this.#window, start - HOUR_US, start)) return;
    const by = slot.link?.digest.key ?? slot.name;
    const listed = Math.min(hours, Math.max(1, MAX_LISTED - this.missing.length));
    const unlisted = hours - listed;
    const tail = unlisted > 0 ? `; so are about ${String(unlisted)} hourly digests before it` : '';
    const older =
      before === undefined && this.#window.from === undefined
        ? '; the evidence holds nothing older of this chain'
        : '';
    const known = this.missing.length;
    for (let back = 0; back < listed; back += 1) {
      const end = start - back * HOUR_US;
      const detail =
        back === 0 && named !== undefined
          ? `${by} follows it${older}${tail}`
          : `one digest an hour must lie ${span(from, start)}; its name is presumed${back === 0 ? tail : ''}`;
      const exact = back === 0 ? named : undefined;
      const near = slot.link ?? before?.link ?? anyLink(chain);
      const key = exact?.key ?? (near === undefined ? '' : digestKeyAt(near.name, end));
      this.#absent(chain, exact?.bucket ?? near?.digest.bucket ?? '', key, end, detail);
    }
    const begin = since !== undefined && since < start ? since : from;
    if (this.missing.slice(known).some(({ status }) => status === 'missing')) {
      this.#period(chain.id, begin, start, 'missing');
    } else {
      this.#period(chain.id, begin, start, 'unproven', 'the collection could not read its digest');
    }
  }

  #absent(chain: ChainSlots, bucket: string, key: string, presumed: number, detail: string): void {
    const end = parseDigestName(key)?.end ?? presumed;
    const failed = this.#uncollected.get(looseName(key));
    this.missing.push({
      status: failed === undefined ? 'missing' : 'not_collected',
      detail:
        failed === undefined
          ? detail
          : `${detail}; the collection could not read it: ${failed.detail}`,
      ...{ bucket, key, subject: `${bucket}/${key}` },
      account: chain.id.account,
      region: chain.id.region,
      trail: chain.id.trail,
      homeRegion: chain.id.homeRegion,
      ...{ backfill: false, start: end - HOUR_US, end, fingerprint: undefined },
      ...{ proof: undefined, file: undefined },
    });
  }

  #begin(chain: ChainSlots, first: Slot): void {
    const { from } = this.#window;
    if (first.link?.digest.previous !== null) return;
    if (from !== undefined) {
      if (first.start > from) {
        this.#gap(
          chain,
          from,
          first.start,
          'the chain starts only then: validation or logging was off',
          true,
        );
      }
      return;
    }
    const older = this.#logsOf(chain).filter(({ at }) => at + MINUTE_US < first.start);
    const [oldest] = older;
    if (oldest === undefined) return;
    const detail = `${logCount(older.length)} delivered before the chain starts`;
    this.#gap(chain, oldest.at, first.start, detail);
  }

  #end(chain: ChainSlots, last: Slot): void {
    const { to } = this.#window;
    if (to === undefined) {
      this.#openEnd(chain, last);
      return;
    }
    const hours = Math.floor((to - last.end) / HOUR_US);
    if (to <= last.end) return;
    const detail =
      'no digest reaches so far: deleted, not copied, or validation or logging was off';
    this.#gap(chain, last.end, to, detail, hours > 0);
    const link = last.link ?? anyLink(chain);
    const listed = Math.min(hours, Math.max(0, MAX_LISTED - this.missing.length));
    for (let hour = 1; hour <= listed && link !== undefined; hour += 1) {
      const end = last.end + hour * HOUR_US;
      const key = digestKeyAt(link.name, end);
      this.#absent(
        chain,
        link.digest.bucket,
        key,
        end,
        `the window asks for it, and the chain ends at ${formatUs(last.end)}; its name is presumed`,
      );
    }
  }

  // Nobody said how far the digests must reach; the logs and the other regions say something about it.
  #openEnd(chain: ChainSlots, last: Slot): void {
    const younger = this.#logsOf(chain).filter(({ at }) => at >= last.end);
    const newest = younger.at(-1);
    if (newest !== undefined) {
      const detail = `${logCount(younger.length)} delivered after the chain ends`;
      this.#gap(chain, last.end, newest.at + MINUTE_US, detail);
      if (newest.at >= last.end + HOUR_US + LATE_US) {
        const ends = `it ends at ${formatUs(last.end)}, logs of its account and region were delivered until ${formatUs(newest.at)}: digests are gone, or validation was switched off`;
        this.#say(chain, 'chain', 'ends_before_logs', ends);
      }
    }
    const latest = this.#elsewhere(chain.id);
    if (latest < last.end + HOUR_US + LATE_US) return;
    const detail = `it ends at ${formatUs(last.end)}, in another region the trail has digests until ${formatUs(latest)}`;
    this.#say(chain, 'chain', 'ends_before_other_regions', detail);
  }

  // End of the trail's newest digest in any other region of the account.
  #elsewhere(id: ChainId): number {
    const [first, second] = this.#ends.get(trailText(id)) ?? [];
    const other = first?.region === id.region ? second : first;
    return other?.end ?? 0;
  }

  /** Regions with logs and without any digest. */
  logsWithoutChain(): void {
    const byRegion = Map.groupBy(this.#chains, ({ id }) => `${id.account} ${id.region}`);
    for (const [id, logs] of [...this.#logs].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [account = '', region = ''] = id.split(' ');
      const chains = byRegion.get(id) ?? [];
      const rest = logs.filter(({ tree }) => !chains.some((chain) => isOver(chain, tree)));
      const [first, last] = [rest[0], rest.at(-1)];
      if (first === undefined || last === undefined) continue;
      const detail = `${logCount(rest.length)} delivered, and no digest of this account and region is in the evidence`;
      const [from, to] = [first.at, last.at + MINUTE_US];
      this.periods.push({
        ...{ account, region, trail: undefined, homeRegion: undefined, org: '', from, to },
        ...{ status: 'not_validated', detail },
      });
      this.remarks.push({
        kind: 'period',
        subject: `${account}/CloudTrail/${region}`,
        status: 'not_validated',
        detail: `${span(from, to)}: ${detail}`,
        bad: isAsked(this.#window),
      });
    }
  }

  /** One trail for each hour would need no key either: more than a new trail or two are none. */
  lonelyDigests(): void {
    const groups = Map.groupBy(this.#lonely, ({ id }) => `${id.account} ${id.region}`);
    for (const [, lonely] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const apart: (typeof lonely)[number][] = [];
      for (const one of lonely.toSorted((a, b) => a.end - b.end || a.start - b.start)) {
        if (one.start >= (apart.at(-1)?.end ?? -Infinity)) apart.push(one);
      }
      const [first, last] = [apart[0], apart.at(-1)];
      const trails = new Set(apart.map(({ id }) => trailText(id)));
      if (first === undefined || last === undefined || apart.length < 3 || trails.size < 2)
        continue;
      const { account, region } = first.id;
      this.remarks.push({
        ...{ kind: 'chain', subject: `${account}/CloudTrail-Digest/${region}` },
        status: 'unproven_run',
        detail: `${String(apart.length)} digests ${span(first.start, last.end)}, of ${String(trails.size)} trails, each start a chain, and nothing proves any of them`,
      });
    }
  }

  #logsOf(chain: ChainSlots): readonly { readonly at: number }[] {
    const logs = this.#logs.get(`${chain.id.account} ${chain.id.region}`) ?? [];
    return logs.filter(({ tree }) => isOver(chain, tree));
  }

  /** @param asked bad news by itself; in a window that was asked for every gap is. */
  #gap(chain: ChainSlots, from: number, to: number, why: string, asked?: boolean): void {
    this.#period(chain.id, from, to, 'not_validated', why);
    const bad = asked ?? (isAsked(this.#window) && touches(this.#window, from + 1, to - 1));
    this.remarks.push({
      ...{ kind: 'period', subject: folderOf(chain), status: 'not_validated', bad },
      detail: `${ofTrail(chain.id)}${span(from, to)}: ${why}`,
    });
  }

  #say(
    chain: ChainSlots,
    kind: 'chain' | 'period',
    status: RemarkStatus,
    text: string,
    bad?: boolean,
  ): void {
    this.remarks.push({
      ...{ kind, subject: folderOf(chain), status, detail: `${ofTrail(chain.id)}${text}` },
      ...(bad === undefined ? {} : { bad }),
    });
  }

  #period(id: ChainId, from: number, to: number, status: Period['status'], detail = ''): void {
    const last = this.periods.at(-1);
    if (
      last?.status === status &&
      last.to === from &&
      last.detail === detail &&
      sameChain(last, id)
    ) {
      this.periods[this.periods.length - 1] = { ...last, to };
      return;
    }
    this.periods.push({ ...id, from, to, status, detail });
  }
}

function trailText({ account, trail, homeRegion, org }: ChainId): string {
  return `${account} ${trail} ${homeRegion} ${org}`;
}

function anyLink(chain: ChainSlots): Link | undefined {
  return chain.slots.find(({ link }) => link !== undefined)?.link;
}

function sameChain(a: Pick<Period, keyof ChainId>, b: ChainId): boolean {
  return (
    a.account === b.account &&
    a.region === b.region &&
    a.trail === b.trail &&
    a.homeRegion === b.homeRegion &&
    a.org === b.org
  );
}

/** Whether a log in a folder can be held against a chain; where no layout shows a folder it can against any. */
export function isOver({ trees }: Pick<ChainSlots, 'trees'>, tree: string | undefined): boolean {
  return tree === undefined || trees.size === 0 || trees.has(tree);
}

function folderOf(chain: ChainSlots): string {
  const { account, region } = chain.id;
  const link = chain.slots.findLast((slot) => slot.link !== undefined)?.link;
  const root = link === undefined ? '?/' : `${link.digest.bucket}/${link.name.root}`;
  return `${root}${account}/CloudTrail-Digest/${region}`;
}

function ofTrail({ trail, homeRegion, org }: ChainId): string {
  return `trail ${trail} of ${homeRegion}${org === '' ? '' : ` of the organisation ${org}`}, `;
}

function span(from: number, to: number): string {
  return `from ${formatUs(from)} to ${formatUs(to)}`;
}

function logCount(count: number): string {
  return count === 1 ? '1 log file was' : `${String(count)} log files were`;
}
