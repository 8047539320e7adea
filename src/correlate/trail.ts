/**
 * What CloudTrail says of credentials: the calls that gave keys out, the sign-ins to the console, and how each key was
 * used. Rows that a table of CloudTrail events repeats (`partial_copy`) are left out: the record itself is there too.
 */
import { isObject, parseJson, type JsonObject, type JsonValue } from '../core/json.ts';
import type { Database } from '../db/open.ts';
import { peopleTime } from './people-time.ts';
import { Use, type UseRow } from './use.ts';

/** A record by which somebody got a credential. */
export interface Origin {
  readonly id: number;
  readonly time_us: number;
  readonly event_name: string;
  readonly event_id: string | null;
  readonly account_id: string | null;
  readonly region: string | null;
  /** `sourceIPAddress`: an address, or the host name of a service. */
  readonly address: string | null;
  readonly user_agent: string | null;
  readonly by_key: string | null;
  readonly by_arn: string | null;
  readonly by_type: string | null;
  readonly by_principal: string | null;
  readonly by_account: string | null;
  readonly by_name: string | null;
  readonly invoked_by: string | null;
  readonly role_arn: string | null;
  readonly mfa: number | null;
  readonly shared_event_id: string | null;
}

/** A call whose answer held a key. */
export interface Birth extends Origin {
  readonly key: string;
  /** Whom the key stands for: the session's ARN, or the user's where the call made a key for a user. */
  readonly arn: string | null;
  readonly session_name: string | null;
  readonly expires_us: number | null;
  readonly source_identity: string | null;
  /** Who an identity provider said it was, and which provider. */
  readonly subject: string | null;
  readonly provider: string | null;
}

/** A sign-in to the console, a change of role in it, or a role's credentials from IAM Identity Center. */
export interface SignIn extends Origin {
  /** Permission set and account that Identity Center gave credentials for. */
  readonly sso: { readonly role: string; readonly account: string | null } | null;
  /** `SwitchFrom`: who changed into the role. */
  readonly from_arn: string | null;
  readonly mfa_used: number | null;
}

const ORIGIN = `id, time_us, event_name, event_id, coalesce(recipient_account_id, user_identity_account_id) AS account_id,
  aws_region AS region, source_ip_address AS address, user_agent, user_identity_access_key_id AS by_key,
  user_identity_arn AS by_arn, user_identity_type AS by_type, user_identity_principal_id AS by_principal,
  user_identity_account_id AS by_account, user_identity_user_name AS by_name,
  user_identity_invoked_by AS invoked_by, role_arn, mfa_authenticated AS mfa, shared_event_id`;

const WHOLE = `NOT EXISTS (SELECT 1 FROM anomaly AS a WHERE a.file_id = t.id >> 28 AND a.record_no = t.id & 268435455
  AND a.kind = 'partial_copy')`;

/** Sign-ins, changes of role, and what prepares a sign-in. */
const SIGN_INS = ['ConsoleLogin', 'SwitchRole'];
const PASSWORDS = ['CreateLoginProfile', 'UpdateLoginProfile'];
const TOKENS = ['GetSigninToken'];
// IAM Identity Center User Guide, "CloudTrail events for IAM Identity Center": names of service events of the portal.
const PORTAL = ['Federate', 'GetRoleCredentials'];

/** What a record did. */
interface Call {
  readonly action: string | null;
  readonly target: string | null;
}

interface Mfa {
  readonly mfa_used: number | null;
}

/** Reads of one database; every answer is in the order of time, then row. */
export class Trail {
  readonly #db: Database;
  #raw: ReturnType<typeof rawOf> | undefined;
  #call: ReturnType<typeof callOf> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Calls that gave keys out; only these keys, if some are named. */
  births(keys?: readonly string[]): readonly Birth[] {
    const rows =
      keys === undefined
        ? this.#origins<{ readonly key: string }>(
            ', response_access_key_id AS key',
            'INDEXED BY cloudtrail_response_access_key_id',
            'response_access_key_id IS NOT NULL',
            [],
          )
        : keys.flatMap((key) =>
            this.#origins<{ readonly key: string }>(
              ', response_access_key_id AS key',
              'INDEXED BY cloudtrail_response_access_key_id',
              'response_access_key_id = ?',
              [key],
            ),
          );
    return this.#withRaw(rows, told);
  }

  /** Keys that a key gave out. */
  issuedBy(key: string): readonly string[] {
    return this.#db
      .prepare<[string], string>(
        `SELECT DISTINCT response_access_key_id FROM main.cloudtrail INDEXED BY cloudtrail_user_identity_access_key_id
          WHERE user_identity_access_key_id = ? AND response_access_key_id IS NOT NULL ORDER BY 1`,
      )
      .pluck()
      .all(key);
  }

  /** Sign-ins and changes of role that succeeded. */
  signIns(): readonly SignIn[] {
    const index = 'INDEXED BY cloudtrail_event_name';
    const find = (names: readonly string[], where: string): readonly (Origin & Mfa)[] =>
      names.flatMap((name) =>
        this.#origins<Mfa>(', mfa_used', index, `event_name = ? AND ${where}`, [name]),
      );
    const console = find(SIGN_INS, "console_result = 'Success'");
    const portal = find(PORTAL, "event_source = 'sso.amazonaws.com' AND error_code IS NULL");
    const plain = { from_arn: null, sso: null };
    return [
      ...console.map((row) =>
        row.event_name === 'SwitchRole'
          ? { ...row, ...plain, from_arn: this.#from(row) }
          : { ...row, ...plain },
      ),
      ...portal.map((row) => ({ ...row, ...plain, sso: this.#portal(row) })),
    ].sort(byTime);
  }

  /** Passwords that were set, with the user's name. */
  passwords(): readonly (Origin & { readonly user: string | null })[] {
    return this.#named(PASSWORDS);
  }

  /** Tokens for the console that were asked for with a key. */
  tokens(): readonly Origin[] {
    return this.#named(TOKENS);
  }

  /** How keys were used: all, or the ones named. @param ends when keys end, microseconds. */
  uses(ends: ReadonlyMap<string, number>, keys?: readonly string[]): ReadonlyMap<string, Use> {
    const columns = `id, time_us, user_identity_access_key_id AS key, user_identity_arn AS arn, user_identity_type AS type,
      source_ip_address AS address, user_agent, aws_region AS region, mfa_authenticated AS mfa,
      session_creation_time_us AS made_us, source_identity, user_identity_invoked_by AS invoked_by, event_source,
      error_code IS NOT NULL OR error_message IS NOT NULL AS failed`;
    const uses = new Map<string, Use>();
    const take = (row: UseRow): void => {
      const use = uses.get(row.key) ?? new Use(row.key, ends.get(row.key));
      uses.set(row.key, use);
      use.add(row);
    };
    if (keys === undefined) {
      // Every row in the order of the file, instead of a jump for each.
      const all = this.#db.prepare<[], UseRow>(
        `SELECT ${columns} FROM main.cloudtrail AS t NOT INDEXED WHERE user_identity_access_key_id IS NOT NULL AND ${WHOLE}`,
      );
      for (const row of all.iterate()) take(row);
    } else {
      const one = this.#db.prepare<[string], UseRow>(
        `SELECT ${columns} FROM main.cloudtrail AS t INDEXED BY cloudtrail_user_identity_access_key_id
          WHERE user_identity_access_key_id = ? AND ${WHOLE}`,
      );
      for (const key of keys) for (const row of one.iterate(key)) take(row);
    }
    return uses;
  }

  /** Keys that were used as a principal. @param arn whole, or its beginning if it ends with `/`. */
  keysOf(arn: string): readonly string[] {
    const [from, to] = arn.endsWith('/') ? [arn, `${arn.slice(0, -1)}0`] : [arn, `${arn}\0`];
    return this.#db
      .prepare<[string, string], string>(
        `SELECT DISTINCT user_identity_access_key_id FROM main.cloudtrail INDEXED BY cloudtrail_user_identity_arn
          WHERE user_identity_arn >= ? AND user_identity_arn < ? AND user_identity_access_key_id IS NOT NULL ORDER BY 1`,
      )
      .pluck()
      .all(from, to);
  }

  /** Whom a key stood for in its calls. */
  principalsOf(key: string): readonly string[] {
    return this.#db
      .prepare<[string], string>(
        `SELECT DISTINCT coalesce(user_identity_arn, '') FROM main.cloudtrail
           INDEXED BY cloudtrail_user_identity_access_key_id WHERE user_identity_access_key_id = ? ORDER BY 1`,
      )
      .pluck()
      .all(key);
  }

  /** Every ARN that called, each found by a jump in the index and not by reading its rows. */
  *arns(): Generator<string> {
    const next = this.#db
      .prepare<[string], string | null>(
        `SELECT min(user_identity_arn) FROM main.cloudtrail INDEXED BY cloudtrail_user_identity_arn
          WHERE user_identity_arn > ?`,
      )
      .pluck();
    for (let arn = next.get(''); typeof arn === 'string'; arn = next.get(arn)) yield arn;
  }

  /** What was done by a record. */
  call(id: number): Call {
    this.#call ??= callOf(this.#db);
    return this.#call.get(id) ?? { action: null, target: null };
  }

  /**
   * The record says that the console made the call: `sessionCredentialFromConsole` (CloudTrail User Guide, "CloudTrail
   * record contents").
   */
  readonly fromConsole = (id: number): boolean => {
    const record = this.#record(id);
    const said =
      record['sessionCredentialFromConsole'] ??
      part(record, 'userIdentity', 'sessionContext', 'attributes', 'sessionCredentialFromConsole');
    return said === 'true' || said === true;
  };

  /** Calls of a key that came from an address, in the order of time. */
  *calls(
    key: string,
  ): Generator<{ readonly id: number; readonly time_us: number; readonly address: string }> {
    yield* this.#db
      .prepare<[string], { id: number; time_us: number; address: string }>(
        `SELECT id, time_us, src_ip AS address FROM main.cloudtrail AS t INDEXED BY cloudtrail_user_identity_access_key_id
          WHERE user_identity_access_key_id = ? AND src_ip IS NOT NULL AND ${WHOLE} ORDER BY time_us, id`,
      )
      .iterate(key);
  }

  /** When the first record was made. */
  start(): number | undefined {
    return (
      this.#db
        .prepare<[], number | null>('SELECT min(time_us) FROM main.cloudtrail')
        .pluck()
        .get() ?? undefined
    );
  }

  #from(row: Origin): string | null {
    return text(part(this.#record(row.id), 'additionalEventData', 'SwitchFrom'));
  }

  #portal(row: Origin): SignIn['sso'] {
    const details = part(this.#record(row.id), 'serviceEventDetails');
    const role = text(part(details, 'role_name'));
    return role === null ? null : { role, account: text(part(details, 'account_id')) };
  }

  #named(names: readonly string[]): readonly (Origin & { readonly user: string | null })[] {
    return names
      .flatMap((name) =>
        this.#origins<{ readonly user: string | null }>(
          ', target_other AS user',
          'INDEXED BY cloudtrail_event_name',
          'event_name = ? AND error_code IS NULL',
          [name],
        ),
      )
      .sort(byTime);
  }

  #origins<T extends object>(
    columns: string,
    index: string,
    where: string,
    values: readonly string[],
  ): (Origin & T)[] {
    return this.#db
      .prepare<string[], Origin & T>(
        `SELECT ${ORIGIN}${columns} FROM main.cloudtrail AS t ${index} WHERE ${where} AND ${WHOLE}`,
      )
      .all(...values);
  }

  #withRaw<R extends Origin, T extends Origin>(
    rows: readonly R[],
    make: (row: R, raw: JsonObject) => T,
  ): readonly T[] {
    // In the order of the file: each block of text is taken apart once.
    return [...rows]
      .sort((a, b) => a.id - b.id)
      .map((row) => make(row, this.#record(row.id)))
      .sort(byTime);
  }

  // A row of a table is no JSON: it says nothing beyond its columns.
  #record(id: number): JsonObject {
    this.#raw ??= rawOf(this.#db);
    const value = parseJson(this.#raw.get(id) ?? '');
    return isObject(value) ? value : {};
  }
}

// Statements by row, made once: thousands of rows are asked for.
function rawOf(db: Database) {
  return db.prepare<[number], string>('SELECT raw FROM temp.cloudtrail WHERE id = ?').pluck();
}

function callOf(db: Database) {
  return db.prepare<[number], Call>('SELECT action, target FROM main.cloudtrail WHERE id = ?');
}

/** Order of time, then row. */
export function byTime(
  a: { readonly time_us: number; readonly id: number },
  b: { readonly time_us: number; readonly id: number },
): number {
  return a.time_us - b.time_us || a.id - b.id;
}

// STS API Reference, "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", Response
// Elements; IAM API Reference, "CreateAccessKey".
function told(row: Origin & { readonly key: string }, raw: JsonObject): Birth {
  const response = part(raw, 'responseElements');
  const request = part(raw, 'requestParameters');
  const expires = text(part(response, 'credentials', 'expiration'));
  const user = text(part(response, 'accessKey', 'userName'));
  const arn =
    text(part(response, 'assumedRoleUser', 'arn')) ??
    text(part(response, 'federatedUser', 'arn')) ??
    (user === null
      ? row.event_name === 'GetSessionToken'
        ? row.by_arn
        : assumedArn(row.role_arn, text(part(request, 'roleSessionName')))
      : userArn(row, user));
  return {
    ...row,
    arn,
    session_name: text(part(request, 'roleSessionName')) ?? text(part(request, 'name')),
    expires_us: expires === null ? null : (peopleTime(expires) ?? null),
    source_identity:
      text(part(response, 'sourceIdentity')) ?? text(part(request, 'sourceIdentity')),
    subject:
      text(part(response, 'subjectFromWebIdentityToken')) ??
      text(part(response, 'subject')) ??
      (row.by_type === 'SAMLUser' || row.by_type === 'WebIdentityUser' ? row.by_name : null),
    provider:
      text(part(raw, 'userIdentity', 'identityProvider')) ??
      text(part(response, 'provider')) ??
      text(part(response, 'issuer')),
  };
}

// The response of a service's AssumeRole names no assumedRoleUser. A role's path is no part of its sessions' ARNs (IAM User
// Guide, "IAM identifiers").
function assumedArn(role: string | null, session: string | null): string | null {
  const [, partition, account, path] =
    /^arn:([^:]+):iam::([^:]*):role\/(.+)$/.exec(role ?? '') ?? [];
  if (partition === undefined || account === undefined || path === undefined) return null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return session === null
    ? null
    : `arn:${partition}:sts::${account}:assumed-role/${name}/${session}`;
}

function userArn(row: Origin, user: string): string | null {
  const [, partition, account] = /^arn:([^:]+):[^:]*::([^:]*):/.exec(row.by_arn ?? '') ?? [];
  if (row.by_name === user && row.by_type === 'IAMUser') return row.by_arn;
  return account === undefined
    ? null
    : `arn:${partition ?? 'aws'}:iam::${row.account_id ?? account}:user/${user}`;
}

function part(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (inner, name) => (isObject(inner) ? inner[name] : undefined),
    value,
  );
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
