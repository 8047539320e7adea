/** Which credential came from which: keys and sign-ins as a forest, by what the records prove and by what they suggest. */
import { byTime, type Birth, type Origin, type SignIn } from './trail.ts';
import type { Use } from './use.ts';

/** What was read of the trail. */
export interface Found {
  readonly births: readonly Birth[];
  readonly signIns: readonly SignIn[];
  readonly passwords: readonly (Origin & { readonly user: string | null })[];
  readonly tokens: readonly Origin[];
  readonly uses: ReadonlyMap<string, Use>;
}

/**
 * Why a credential hangs where it does. Only `issued` is proof: the answer of a call names the key. The others are
 * inferred, by the rules of docs/sessions.md.
 */
export type Link =
  | 'issued'
  | 'creation_time'
  | 'console_token'
  | 'password'
  | 'same_principal'
  | 'switch'
  | 'portal'
  | 'none';

/** A key, or a sign-in to the console. */
export interface Credential {
  /** The key's id, or `sign-in:` and the row. */
  readonly id: string;
  readonly key: string | null;
  readonly kind: 'long_term' | 'temporary' | 'other' | 'sign_in';
  /** Whom it stands for. */
  readonly arn: string | null;
  /** The record that gave it out, of its copies the one that names the caller's key. */
  readonly birth: Birth | undefined;
  /** Further records of the birth: the same call in another account. */
  readonly copies: readonly Birth[];
  readonly signIn: SignIn | undefined;
  readonly use: Use | undefined;
  readonly parent: string | undefined;
  readonly link: Link;
}

/** From Identity Center's answer to the creation of the role's session. */
const PORTAL_US = 5_000_000;
/** Seconds between the creation that a key's calls name and the record of it: both are whole seconds. */
const SAME_MOMENT_US = 2_000_000;
/** A console token is good for 15 minutes (IAM User Guide, "Enabling custom identity broker access to the AWS console"). */
const TOKEN_US = 15 * 60_000_000;
/** From a federated AssumeRole to the sign-in that it was for. */
const FEDERATION_US = 5 * 60_000_000;

/** Kind of a key by its prefix (IAM User Guide, "Understanding unique ID prefixes"). */
function kindOf(key: string): Credential['kind'] {
  if (key.startsWith('AKIA')) return 'long_term';
  return key.startsWith('ASIA') ? 'temporary' : 'other';
}

/** Id of a sign-in's credential. */
function signInId(row: number): string {
  return `sign-in:${String(row)}`;
}

/** All credentials, in the order of their ids; parents form no circle. */
export function lineage(found: Found): ReadonlyMap<string, Credential> {
  const born = Map.groupBy(found.births, (birth) => birth.key);
  const moments = new Moments(found);
  const all = new Map<string, Credential>();
  for (const signIn of found.signIns) {
    const parent = parentOfSignIn(signIn, found, moments);
    all.set(signInId(signIn.id), {
      id: signInId(signIn.id),
      key: null,
      kind: 'sign_in',
      arn: signIn.by_arn ?? (signIn.sso === null ? null : (signIn.by_name ?? signIn.by_principal)),
      birth: undefined,
      copies: [],
      signIn,
      use: undefined,
      parent: parent?.[0],
      link: parent?.[1] ?? 'none',
    });
  }
  for (const key of new Set([...born.keys(), ...found.uses.keys()])) {
    const use = found.uses.get(key);
    const [birth, ...copies] = [...(born.get(key) ?? [])].sort(
      (a, b) => Number(a.by_key === null) - Number(b.by_key === null) || byTime(a, b),
    );
    const parent = birth === undefined ? moments.of(key, use) : issuer(birth, moments);
    all.set(key, {
      id: key,
      key,
      kind: kindOf(key),
      arn: birth?.arn ?? use?.arn ?? null,
      birth,
      copies,
      signIn: undefined,
      use,
      parent: parent?.[0],
      link: parent?.[1] ?? (birth === undefined ? 'none' : 'issued'),
    });
  }
  return opened(sorted(all));
}

type Parent = readonly [id: string, link: Link];

function issuer(birth: Birth, moments: Moments): Parent | undefined {
  if (birth.by_key !== null) return [birth.by_key, 'issued'];
  // The console calls STS itself: the record of the change of role stands beside it.
  if (birth.by_type === 'AWSService' || birth.by_arn === null) return undefined;
  const signIn = moments.latestSignIn(birth.by_arn, birth.time_us);
  return signIn === undefined ? undefined : [signInId(signIn.id), 'same_principal'];
}

function parentOfSignIn(signIn: SignIn, found: Found, moments: Moments): Parent | undefined {
  const arn = signIn.from_arn ?? signIn.by_arn;
  if (arn === null) return undefined;
  if (signIn.from_arn !== null) {
    const before = moments.latestSignIn(arn, signIn.time_us, signIn.id);
    return before === undefined ? undefined : [signInId(before.id), 'switch'];
  }
  const token = found.tokens.findLast(
    (one) =>
      one.event_name === 'GetSigninToken' &&
      one.by_arn === arn &&
      one.by_key !== null &&
      within(signIn.time_us - one.time_us, TOKEN_US),
  );
  const askedBy = token?.by_key ?? null;
  if (askedBy !== null) return [askedBy, 'console_token'];
  if (signIn.by_type === 'IAMUser') {
    const password = found.passwords.findLast(
      (one) =>
        one.user !== null &&
        one.by_key !== null &&
        one.account_id === signIn.by_account &&
        arn.endsWith(`/${one.user}`) &&
        one.time_us <= signIn.time_us,
    );
    const setBy = password?.by_key ?? null;
    return setBy === null ? undefined : [setBy, 'password'];
  }
  const birth = found.births.findLast(
    (one) => one.arn === arn && within(signIn.time_us - one.time_us, FEDERATION_US),
  );
  return birth === undefined ? undefined : [birth.key, 'same_principal'];
}

function within(us: number, most: number): boolean {
  return us >= 0 && us <= most;
}

/** Who was signed in, and whose session began, at a moment. */
class Moments {
  readonly #signIns: ReadonlyMap<string, readonly SignIn[]>;
  readonly #births: ReadonlyMap<string, readonly Birth[]>;
  readonly #portal: readonly SignIn[];

  constructor({ signIns, births }: Found) {
    this.#signIns = Map.groupBy(
      signIns.filter((one) => one.by_arn !== null),
      (one) => one.by_arn ?? '',
    );
    this.#portal = signIns.filter((one) => one.sso !== null);
    this.#births = Map.groupBy(
      births.filter((one) => one.arn !== null && kindOf(one.key) === 'temporary'),
      (one) => one.arn ?? '',
    );
  }

  latestSignIn(arn: string, timeUs: number, butRow?: number): SignIn | undefined {
    return this.#signIns
      .get(arn)
      ?.findLast((one) => one.time_us <= timeUs + SAME_MOMENT_US && one.id !== butRow);
  }

  /** What made a session key that no answer names: a sign-in, or a session of the same principal, at its creation. */
  of(key: string, use: Use | undefined): Parent | undefined {
    const { arn = null, made_us: made } = use ?? {};
    if (kindOf(key) !== 'temporary' || arn === null || made === undefined) return undefined;
    const near = (one: { readonly time_us: number }): boolean =>
      Math.abs(one.time_us - made) <= SAME_MOMENT_US;
    const nearest = <T extends { readonly time_us: number; readonly id: number }>(
      all: readonly T[] | undefined,
    ): T | undefined =>
      all
        ?.filter(near)
        .sort((a, b) => Math.abs(a.time_us - made) - Math.abs(b.time_us - made) || byTime(a, b))[0];
    const signIn = nearest(this.#signIns.get(arn));
    if (signIn !== undefined) return [signInId(signIn.id), 'creation_time'];
    const birth = nearest(this.#births.get(arn));
    if (birth !== undefined) return [birth.key, 'creation_time'];
    const portal = this.#portal.findLast((one) => gaveTo(one, arn, made));
    return portal === undefined ? undefined : [signInId(portal.id), 'portal'];
  }
}

// Identity Center names roles AWSReservedSSO_<permission set>_<16 hex digits>, and their sessions after the user (IAM
// Identity Center User Guide, "Referencing permission sets").
function gaveTo(
  { sso, by_name: user, time_us: timeUs }: SignIn,
  arn: string,
  made: number,
): boolean {
  if (sso === null || Math.abs(made - timeUs) > PORTAL_US) return false;
  const [, account, role, name] =
    /^arn:[^:]+:sts::(\d+):assumed-role\/AWSReservedSSO_(.+)_[0-9a-f]{16}\/(.+)$/.exec(arn) ?? [];
  const who = user === null || user === name;
  return role === sso.role && who && (sso.account ?? account) === account;
}

// Forged or damaged records may say that two keys made each other: the chain then begins at the first of them.
function opened(all: ReadonlyMap<string, Credential>): ReadonlyMap<string, Credential> {
  const whole = new Map<string, Credential>();
  const safe = new Set<string>();
  for (const [id] of all) {
    const path: string[] = [];
    let at: string | undefined = id;
    while (at !== undefined && !safe.has(at) && !path.includes(at)) {
      path.push(at);
      at = (whole.get(at) ?? all.get(at))?.parent;
    }
    for (const one of path) {
      const credential = all.get(one);
      if (credential === undefined) continue;
      const circle = at === one && !safe.has(one);
      const lost = credential.parent !== undefined && !all.has(credential.parent);
      whole.set(
        one,
        circle || lost ? { ...credential, parent: undefined, link: 'none' } : credential,
      );
    }
    for (const one of path) safe.add(one);
  }
  return sorted(whole);
}

function sorted(all: ReadonlyMap<string, Credential>): ReadonlyMap<string, Credential> {
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}
