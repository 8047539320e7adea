/** The way from the identity at the root to a credential, in words and steps. */
import type { Credential } from './lineage.ts';
import type { Birth } from './trail.ts';
import { firstSeen } from './use.ts';

/** One step of a chain: who, and by what it came to be. */
export interface Step {
  /** ARN of the principal; the name of a service, a subject or an account where a record has no ARN. */
  readonly arn: string | null;
  /** Name of the call, or why there is none. */
  readonly via: string;
  readonly time_us: number | null;
  readonly event_id: string | null;
  /** Row of the record in table cloudtrail. */
  readonly id: number | null;
  readonly key: string | null;
}

/** What is known of a credential's birth. */
export type BirthState = 'in_evidence' | 'inferred' | 'not_in_evidence';

/** Whether the record of its birth is there; of a sign-in it is the sign-in. */
export function birthState({ birth, signIn, link }: Credential): BirthState {
  if (birth !== undefined || signIn !== undefined) return 'in_evidence';
  return link === 'none' ? 'not_in_evidence' : 'inferred';
}

/** Steps of a chain that are told; of a longer one the root and the last ones. Real ones have a handful. */
const MOST_STEPS = 64;

/** What the words of a step need besides the credentials. */
export interface Known {
  /** First record of the trail. */
  readonly startUs: number | undefined;
  /** True if the record of a row says that the console made the call. */
  readonly fromConsole: (id: number) => boolean;
}

/**
 * Steps from the root to the credential, itself last.
 * @param root first step of the chain, where it is known already.
 */
export function chainOf(
  credential: Credential,
  all: ReadonlyMap<string, Credential>,
  known: Known,
  root: Step | undefined,
): readonly Step[] {
  const steps: Step[] = [];
  let at: Credential | undefined = credential;
  for (let room = MOST_STEPS; at !== undefined && room > 0; room--) {
    steps.unshift(stepOf(at, known));
    if (at.parent === undefined && at.birth !== undefined) steps.unshift(callerOf(at.birth));
    at = at.parent === undefined ? undefined : all.get(at.parent);
  }
  return at === undefined || root === undefined ? steps : [root, ...steps.slice(1)];
}

function stepOf(one: Credential, known: Known): Step {
  const record = one.birth ?? one.signIn;
  return {
    arn: one.arn,
    via: record?.event_name ?? withoutRecord(one, known),
    time_us: record?.time_us ?? one.use?.made_us ?? null,
    event_id: record?.event_id ?? null,
    id: record?.id ?? null,
    key: one.key,
  };
}

/** Why a key has no record of its birth, as far as its calls tell. */
function withoutRecord(one: Credential, { startUs, fromConsole }: Known): string {
  if (one.kind === 'long_term') return 'long-term key';
  if (one.link === 'portal') return 'access portal';
  if (one.link === 'creation_time') return 'same creation time';
  const { use } = one;
  const [service] = firstSeen(use?.services ?? new Map())[0] ?? [];
  if (use !== undefined && use.forwarded === use.events && service !== undefined)
    return `called by ${service}`;
  const made = use?.made_us;
  // The first call that no service made says it, if one does.
  if (use?.own !== undefined && fromConsole(use.own.id)) return 'console session';
  if (made !== undefined && startUs !== undefined && made < startUs) return 'before the evidence';
  return 'not in evidence';
}

// Who asked, where no key of theirs leads further.
function callerOf(birth: Birth): Step {
  const at = { time_us: null, event_id: null, id: null, key: null };
  if (birth.by_type === 'AWSService')
    return { ...at, arn: birth.invoked_by ?? birth.address, via: serviceRole(birth) };
  if (birth.subject !== null || birth.provider !== null) {
    const who = [birth.provider, birth.subject].filter((part) => part !== null).join(' ');
    return { ...at, arn: who, via: birth.by_type ?? 'identity provider' };
  }
  if (birth.by_arn !== null) return { ...at, arn: birth.by_arn, via: 'no key in the record' };
  const account = birth.by_account === null ? '' : `account ${birth.by_account} `;
  return {
    ...at,
    arn: `${account}${birth.by_principal ?? ''}`.trimEnd(),
    via: 'another account',
  };
}

// EC2 opens an instance profile's sessions under the instance's id (EC2 User Guide, "IAM roles for Amazon EC2").
function serviceRole(birth: Birth): string {
  const instance = /^(?:i|mi)-[0-9a-f]{8,17}$/.test(birth.session_name ?? '');
  return instance ? 'instance profile' : 'AWS service';
}
