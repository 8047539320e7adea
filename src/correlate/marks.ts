/** What stands out in the use of one credential. Exact rules: docs/sessions.md. */
import type { Credential } from './lineage.ts';
import { agentFamily, firstSeen, isAddress, type Point, type Seen } from './use.ts';

/** Kinds of marks. */
export type MarkKind =
  'address' | 'agent' | 'region' | 'mfa' | 'travel' | 'after_end' | 'unborn' | 'unused';

/** One mark; the row is that of the first record that shows it. */
export interface Mark {
  readonly kind: MarkKind;
  readonly time_us: number | null;
  readonly id: number | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly detail: string;
}

/** Marks of one kind that are told one by one; of more, how many there are. */
const MOST_EACH = 20;

/** Marks of a credential, by kind in the order of {@link MarkKind}, each kind in the order of time. */
export function marksOf(one: Credential, parent: Credential | undefined): readonly Mark[] {
  const { use, birth, signIn } = one;
  const marks: Mark[] = [];
  if (signIn?.mfa_used === 0)
    marks.push({
      ...point(signIn),
      kind: 'mfa',
      from: null,
      to: null,
      detail: 'signed in without MFA',
    });
  if (use !== undefined) {
    const asked = birth !== undefined && birth.by_type !== 'AWSService' && one.kind === 'temporary';
    const from = asked && isAddress(birth.address) ? birth.address : undefined;
    marks.push(...changes('address', use.addresses, from));
    const agent = asked ? (agentFamily(birth.user_agent) ?? undefined) : undefined;
    marks.push(...changes('agent', use.agents, agent));
    marks.push(...changes('region', use.regions, undefined));
    marks.push(...changes('mfa', use.mfa, parentMfa(parent), mfaText));
    marks.push(...late(one));
  }
  if (one.kind !== 'sign_in' && birth === undefined && one.link === 'none')
    marks.push({ ...point(use?.first), kind: 'unborn', from: null, to: null, detail: '' });
  if (one.key !== null && use === undefined)
    marks.push({ ...point(birth), kind: 'unused', from: null, to: null, detail: '' });
  return marks;
}

// Only a temporary parent says whether its holder had a second factor.
function parentMfa(parent: Credential | undefined): string | undefined {
  if (parent?.kind === 'sign_in') {
    const used = parent.signIn?.mfa_used ?? null;
    return used === null ? undefined : String(used);
  }
  const values = [...(parent?.use?.mfa.keys() ?? [])];
  return parent?.kind === 'temporary' && values.length === 1 ? values[0] : undefined;
}

function mfaText(value: string): string {
  return value === '1' ? 'with MFA' : 'without MFA';
}

// Every value after the first, in the order in which they were seen; `from` is one that was there before.
function changes(
  kind: MarkKind,
  seen: ReadonlyMap<string, Seen>,
  from: string | undefined,
  say: (value: string) => string = (value) => value,
): readonly Mark[] {
  const values = firstSeen(seen);
  const first = from ?? values[0]?.[0];
  const marks: Mark[] = [];
  let before: readonly [string, Seen | undefined] = [first ?? '', seen.get(first ?? '')];
  for (const [value, range] of values) {
    if (value === first) continue;
    const last = before[1]?.last;
    const both = last !== undefined && range.first.time_us < last.time_us;
    marks.push({
      ...point(range.first),
      kind,
      from: say(before[0]),
      to: say(value),
      detail: both ? 'both in use at the same time' : '',
    });
    before = [value, range];
  }
  return bounded(marks);
}

/** The first marks, the last of them saying how many more there are. */
export function bounded(marks: readonly Mark[]): readonly Mark[] {
  const last = marks[MOST_EACH - 1];
  if (marks.length <= MOST_EACH || last === undefined) return marks;
  const more = String(marks.length - MOST_EACH);
  return [
    ...marks.slice(0, MOST_EACH - 1),
    { ...last, detail: `${last.detail === '' ? '' : `${last.detail}; `}and ${more} more` },
  ];
}

/**
 * Marks of instances whose sessions came from several addresses: an instance has one, and credentials that were taken from
 * it another. The address that was seen first needs no mark.
 * @returns by the credential's id.
 */
export function instanceMarks(all: Iterable<Credential>): ReadonlyMap<string, readonly Mark[]> {
  const instances = Map.groupBy(
    [...all].filter(
      ({ birth }) =>
        birth?.by_type === 'AWSService' &&
        /^(?:i|mi)-[0-9a-f]{8,17}$/.test(birth.session_name ?? ''),
    ),
    (one) => one.arn ?? '',
  );
  const marks = new Map<string, readonly Mark[]>();
  for (const sessions of instances.values()) {
    const seen = sessions.flatMap((one) =>
      firstSeen(one.use?.addresses ?? new Map<string, Seen>())
        .slice(0, 1)
        .map(([address, range]) => ({ id: one.id, address, first: range.first })),
    );
    seen.sort((a, b) => a.first.time_us - b.first.time_us || a.first.id - b.first.id);
    const [home] = seen;
    for (const { id, address, first } of seen) {
      if (home === undefined || address === home.address) continue;
      const detail = 'another session of this instance';
      marks.set(id, [
        { ...point(first), kind: 'address', from: home.address, to: address, detail },
      ]);
    }
  }
  return marks;
}

function late({ use, birth }: Credential): readonly Mark[] {
  const seen = use?.late.get('late');
  if (seen === undefined || (birth?.expires_us ?? null) === null) return [];
  return [
    {
      ...point(seen.first),
      kind: 'after_end',
      from: null,
      to: null,
      detail: `${String(seen.count)} after the end of the session`,
    },
  ];
}

function point(at: Point | undefined): {
  readonly time_us: number | null;
  readonly id: number | null;
} {
  return at === undefined ? { time_us: null, id: null } : { time_us: at.time_us, id: at.id };
}
