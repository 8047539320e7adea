/** Which time of which account and region chains of digests cover: what log files are held against. */
import { isOver } from './coverage.ts';
import type { Claim } from './gather.ts';
import type { ChainSlots, Slot } from './slots.ts';

/** The name of a log says a minute. */
export const MINUTE_US = 60_000_000;
/**
 * How much later than the minute in its name a log may be delivered, and so be named by the next digest. In AWS's own
 * sample a log named 14:45 holds an event of 14:52:27 (CloudTrail User Guide, "CloudTrail digest file structure").
 */
export const LATE_US = 10 * MINUTE_US;

type Span = readonly [start: number, end: number];

/** What one chain covers. */
interface Covered {
  readonly account: string;
  readonly region: string;
  readonly trees: ReadonlySet<string>;
  readonly spans: readonly Span[];
}

/** Time that digests cover without a break. */
export class Spans {
  readonly #chains: readonly Covered[];
  readonly #byRegion: ReadonlyMap<string, readonly Covered[]>;

  /** @param counts the digests that count. */
  constructor(chains: readonly ChainSlots[], counts: (slot: Slot) => boolean) {
    this.#chains = chains.map(({ id, trees, slots }) => {
      const spans: [number, number][] = [];
      for (const { start, end } of slots.filter(counts)) {
        const last = spans.at(-1);
        if (last?.[1] === start) last[1] = end;
        else spans.push([start, end]);
      }
      return { account: id.account, region: id.region, trees, spans };
    });
    this.#byRegion = Map.groupBy(this.#chains, ({ account, region }) => `${account} ${region}`);
  }

  /** Whether the minute of a delivery lies in a span; `end` if so near its end that the next digest may name the log. */
  hold(
    account: string,
    region: string,
    tree: string | undefined,
    minute: number,
  ): 'no' | 'end' | 'yes' {
    const spans = this.#of(account, region, tree).filter(
      ([start, end]) => minute >= start && minute < end,
    );
    if (spans.length === 0) return 'no';
    return spans.some(([, end]) => minute + MINUTE_US + LATE_US <= end) ? 'yes' : 'end';
  }

  /** Whether any span has a part of what is claimed. */
  touch({ account, region, from, to }: Claim, tree: string | undefined): boolean {
    return this.#of(account, region, tree).some(([start, end]) => from < end && to >= start);
  }

  // What is not said may be any.
  #of(account: string | undefined, region: string | undefined, tree: string | undefined): Span[] {
    const chains =
      account !== undefined && region !== undefined
        ? (this.#byRegion.get(`${account} ${region}`) ?? [])
        : this.#chains.filter(
            (chain) =>
              (account === undefined || account === chain.account) &&
              (region === undefined || region === chain.region),
          );
    return chains.filter((chain) => isOver(chain, tree)).flatMap(({ spans }) => spans);
  }
}
