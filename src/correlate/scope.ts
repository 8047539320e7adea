/** The part of the forest that a question names: keys, ARNs, names of users, roles and sessions. */
import { ExhibitError } from '../core/errors.ts';
import type { Credential } from './lineage.ts';
import type { Trail } from './trail.ts';

/** Keys to read, and what of them belongs to the question. */
export interface Scope {
  readonly keys: readonly string[];
  /** The credentials that were asked for, what they came from, and what came from them. */
  readonly related: (all: ReadonlyMap<string, Credential>) => ReadonlyMap<string, Credential>;
}

/** Keys that one question follows. */
const MOST_KEYS = 20_000;

/**
 * Finds what the names stand for.
 * @throws ExhibitError `E_NOT_FOUND` when a name is that of no key, ARN, user, role or session; `E_USAGE` for more than
 *   20,000 keys.
 */
export function scopeOf(trail: Trail, names: readonly string[]): Scope {
  const keys = new Set<string>();
  const asked = new Set<string>();
  const arns = new Set<string>();
  for (const name of names) {
    const { keys: own, arns: who } = named(trail, name);
    if (own.length === 0 && who.length === 0)
      throw new ExhibitError('E_NOT_FOUND', `nothing in CloudTrail is named "${name}"`, {
        hint: 'name an access key, an ARN, or the name of a user, role or session, as the records spell it',
      });
    for (const key of own) asked.add(key);
    for (const arn of who) arns.add(arn);
  }
  const signIns = trail.signIns();
  const passwords = trail.passwords();
  const tokens = trail.tokens();
  const waiting: string[] = [];
  const add = (key: string | null): void => {
    if (key === null || keys.has(key)) return;
    keys.add(key);
    if (keys.size > MOST_KEYS)
      throw new ExhibitError('E_USAGE', `more than ${String(MOST_KEYS)} keys hang together`, {
        hint: 'ask for one key, or for all of them without a name',
      });
    waiting.push(key);
  };
  const reached = new Set<string>();
  // A principal that signed in has keys that no answer names, and got its password or token from somebody.
  const signedIn = (arn: string): void => {
    if (reached.has(arn) || !signIns.some((one) => one.by_arn === arn || one.from_arn === arn))
      return;
    reached.add(arn);
    for (const key of trail.keysOf(arn)) add(key);
    for (const one of passwords)
      if (one.user !== null && arn.endsWith(`/${one.user}`)) add(one.by_key);
    for (const one of tokens) if (one.by_arn === arn) add(one.by_key);
    for (const one of signIns) {
      if (one.by_arn === arn && one.from_arn !== null) signedIn(one.from_arn);
      if (one.from_arn === arn && one.by_arn !== null) signedIn(one.by_arn);
    }
  };
  for (const key of asked) add(key);
  for (const arn of arns) signedIn(arn);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    for (const birth of trail.births([key])) {
      add(birth.by_key);
      if (birth.arn !== null) signedIn(birth.arn);
    }
    for (const next of trail.issuedBy(key)) add(next);
    for (const arn of trail.principalsOf(key)) signedIn(arn);
    for (const one of passwords) {
      if (one.by_key !== key || one.user === null) continue;
      for (const signIn of signIns)
        if (signIn.by_arn?.endsWith(`/${one.user}`) === true) signedIn(signIn.by_arn);
    }
  }
  return {
    keys: [...keys].sort(),
    related: (all) =>
      relatedTo(all, (one) => asked.has(one.id) || (one.arn !== null && arns.has(one.arn))),
  };
}

function named(
  trail: Trail,
  name: string,
): { readonly keys: readonly string[]; readonly arns: readonly string[] } {
  if (/^A[A-Z]{3}[A-Z0-9]{12,}$/.test(name)) {
    const known = trail.births([name]).length > 0 || trail.principalsOf(name).length > 0;
    return { keys: known ? [name] : [], arns: [] };
  }
  const [, partition = '', account = '', role] =
    /^arn:([^:]+):iam::([^:]*):role\/(?:.*\/)?([^/]+)$/.exec(name) ?? [];
  const arns =
    role === undefined
      ? [...trail.arns()].filter((arn) => arn === name || parts(arn).includes(name))
      : [...trail.arns()].filter((arn) =>
          arn.startsWith(`arn:${partition}:sts::${account}:assumed-role/${role}/`),
        );
  return { keys: [...new Set(arns.flatMap((arn) => trail.keysOf(arn)))], arns };
}

// `role/session` and both of its words; the name of a user without its path.
function parts(arn: string): readonly string[] {
  const resource = arn.split(':').slice(5).join(':');
  const [kind = '', ...words] = resource.split('/');
  const last = words.at(-1);
  if (kind === 'assumed-role') return [words.join('/'), ...words];
  return last === undefined ? [resource] : [last];
}

function relatedTo(
  all: ReadonlyMap<string, Credential>,
  asked: (one: Credential) => boolean,
): ReadonlyMap<string, Credential> {
  const below = Map.groupBy(all.values(), (one) => one.parent ?? '');
  const kept = new Set<string>();
  const waiting = [...all.values()].filter(asked);
  for (const one of [...waiting]) {
    let at: Credential | undefined = one;
    while (at !== undefined && !kept.has(at.id)) {
      kept.add(at.id);
      at = at.parent === undefined ? undefined : all.get(at.parent);
    }
  }
  const seen = new Set<string>();
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (seen.has(one.id)) continue;
    seen.add(one.id);
    kept.add(one.id);
    for (const child of below.get(one.id) ?? []) waiting.push(child);
  }
  return new Map([...all].filter(([id]) => kept.has(id)));
}
