/** The hours of each chain: what digest, good or bad, stands for which time. */
import { splitKey, baseName, parseDigestName, type ChainId, type DigestBaseName } from './names.ts';
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
  /** Undefined for a file that has a digest's name and could not be read as one. */
  readonly link: Link | undefined;
}

/** One chain of standard digests, in the order of their end. */
export interface ChainSlots {
  readonly id: ChainId;
  readonly slots: readonly Slot[];
  /** Bucket and prefix of its newest readable digest: what lies under it can be held against the chain. */
  readonly tree: string;
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
  const add = (name: DigestBaseName, slot: Slot): void => {
    if (name.backfill) return;
    const id = chainText(name.chain);
    const chain = chains.get(id) ?? { id: name.chain, slots: new Map<string, Slot>() };
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
    add(link.name, { start, end, name: baseName(key), state: stateOf(verdicts.get(link)), link });
  }
  // A file that is no digest, or another hour's, still lies where one must lie: that hour is spoilt, not missing.
  const moved = links.flatMap(({ copies }) =>
    copies.filter(({ fault, place }) => fault?.status === 'moved' && place?.displaced === false),
  );
  for (const { file, place } of [...loose, ...moved]) {
    const path = place?.key ?? file.path;
    const name = parseDigestName(path);
    if (name === undefined) continue;
    const [start, end] = [name.end - HOUR_US, name.end];
    const own = baseName(path).replace(/(?:\.gz)?$/, '.gz');
    add(name, { start, end, name: own, state: 'invalid', link: undefined });
  }
  return [...chains]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { id, slots }]) => {
      const sorted = [...slots.values()].sort(
        (a, b) => a.end - b.end || (a.name < b.name ? -1 : 1),
      );
      const newest = sorted.findLast(({ link }) => link !== undefined)?.link;
      return { id, slots: sorted, tree: newest === undefined ? '' : treeText(newest) };
    });
}

function stateOf(verdicts: readonly DigestVerdict[] = []): Slot['state'] {
  const classes = new Set<string>(verdicts.map(({ status }) => STATUSES[status].class));
  if (classes.has('valid')) return 'valid';
  return classes.has('unproven') ? 'unproven' : 'invalid';
}

/** A chain's name, for sorting and grouping. */
function chainText({ account, region, trail, homeRegion }: ChainId): string {
  return `${account} ${region} ${trail} ${homeRegion}`;
}

/** Bucket and prefix as gather.ts writes them. */
function treeText(link: Link): string {
  const { bucket, key } = link.digest;
  return `${bucket}\n${splitKey(key)?.before ?? ''}`;
}
