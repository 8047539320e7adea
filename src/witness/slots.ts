/** The hours of each chain: what digest, good or bad, stands for which time. */
import { treeText } from './gather.ts';
import { baseName, orgOf, parseDigestName, type ChainId } from './names.ts';
import type { Link, Loose } from './proof.ts';
import { STATUSES, type DigestVerdict } from './verdict.ts';
import { HOUR_US } from './window.ts';

/** A digest in its chain. Times are microseconds UTC. */
export interface Slot {
  readonly start: number;
  readonly end: number;
  /** Last part of its key: what the next digest points to. */
  readonly name: string;
  readonly state: 'valid' | 'unproven' | 'invalid';
  /** There are keys, and no signature for it anywhere. */
  readonly unsigned: boolean;
  /** Undefined for a file that has a digest's name and could not be read as one. */
  readonly link: Link | undefined;
}

/** One chain of standard digests, in the order of their end. */
export interface ChainSlots {
  readonly id: ChainId;
  readonly slots: readonly Slot[];
  /** Bucket, prefix and organisation of its readable digests: what lies there can be held against the chain. */
  readonly trees: ReadonlySet<string>;
}

/**
 * Chains of standard digests; backfill digests stand for no hour of their own.
 * @param verdicts of each file, by link or loose file.
 */
export function chainSlots(
  links: readonly Link[],
  loose: readonly Loose[],
  verdicts: ReadonlyMap<Link | Loose, readonly DigestVerdict[]>,
): readonly ChainSlots[] {
  const chains = new Map<string, { readonly id: ChainId; readonly slots: Map<string, Slot> }>();
  const add = (chainId: ChainId, slot: Slot): void => {
    const id = chainText(chainId);
    const chain = chains.get(id) ?? { id: chainId, slots: new Map<string, Slot>() };
    chains.set(id, chain);
    const known = chain.slots.get(slot.name);
    // Of several contents under one name the proven one stands for the hour.
    if (
      known === undefined ||
      (known.link?.proof === undefined && slot.link?.proof !== undefined)
    ) {
      chain.slots.set(slot.name, slot);
    }
  };
  for (const link of links) {
    const { start, end, key } = link.digest;
    if (link.name.backfill) continue;
    const own = verdicts.get(link) ?? [];
    const unsigned = own.some(({ status }) => status === 'no_signature');
    const state = stateOf(own);
    add(link.name.chain, { start, end, name: baseName(key), state, unsigned, link });
  }
  // A file that is no digest, or another hour's, still lies where one must lie: that hour is spoilt, not missing.
  const moved = links.flatMap(({ copies }) =>
    copies.filter(({ fault, place }) => fault?.status === 'moved' && place?.displaced === false),
  );
  for (const { file, place } of [...loose, ...moved]) {
    const path = place?.key ?? file.path;
    const name = parseDigestName(path);
    if (name === undefined || name.backfill) continue;
    const [start, end] = [name.end - HOUR_US, name.end];
    const own = baseName(path).replace(/(?:\.gz)?$/, '.gz');
    const org = place === undefined ? onlyOrg(chains, name.chain) : orgOf(place.key);
    const slot = { start, end, name: own, state: 'invalid', unsigned: false } as const;
    add({ ...name.chain, org }, { ...slot, link: undefined });
  }
  return [...chains]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { id, slots }]) => {
      const sorted = [...slots.values()].sort(
        (a, b) => a.end - b.end || (a.name < b.name ? -1 : 1),
      );
      const trees = sorted.flatMap(({ link }) =>
        link === undefined ? [] : [treeText(link.digest.bucket, link.digest.key)],
      );
      return { id, slots: sorted, trees: new Set(trees) };
    });
}

// A file outside of any layout says no organisation: it is of the one chain that has its name, if there is one.
function onlyOrg(
  chains: ReadonlyMap<string, { readonly id: ChainId }>,
  { account, region, trail, homeRegion }: Omit<ChainId, 'org'>,
): string {
  const same = [...chains.values()].filter(
    ({ id }) =>
      id.account === account &&
      id.region === region &&
      id.trail === trail &&
      id.homeRegion === homeRegion,
  );
  return same.length === 1 ? (same[0]?.id.org ?? '') : '';
}

function stateOf(verdicts: readonly DigestVerdict[]): Slot['state'] {
  const classes = new Set<string>(verdicts.map(({ status }) => STATUSES[status].class));
  if (classes.has('valid')) return 'valid';
  return classes.has('unproven') ? 'unproven' : 'invalid';
}

/** A chain's name, for sorting and grouping. */
function chainText({ account, region, trail, homeRegion, org }: ChainId): string {
  return `${account} ${region} ${trail} ${homeRegion} ${org}`;
}
