/**
 * Builds CloudTrail records in the field order and shapes AWS writes (AWS CloudTrail User Guide, "CloudTrail record
 * contents" and "CloudTrail userIdentity element").
 */
import { ADDRESS, AGENT, type Role, type User } from './cast.ts';
import { accessKeyId, guid, randomStream, sessionToken } from './random.ts';

/** A JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = Readonly<Record<string, Json>>;

/** The text of a member that is one; empty otherwise. */
export const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Temporary credentials and the session they open. */
export interface Session {
  readonly kind: 'session';
  readonly role: Role;
  readonly name: string;
  readonly key: string;
  readonly created: number;
  readonly mfa: boolean;
  readonly sourceIdentity?: string;
  /** Version of the instance metadata service that handed the keys out. */
  readonly delivery?: string;
}

/** A person signed in to the console. */
export interface ConsoleSession {
  readonly kind: 'console';
  readonly user: User;
  readonly key: string;
  readonly created: number;
  readonly mfa: boolean;
}

/** An AWS service calling for itself. */
interface Service {
  readonly kind: 'service';
  readonly name: string;
}

/** Any identity, written out. */
interface Literal {
  readonly kind: 'literal';
  readonly identity: JsonObject;
}

/** Who makes a call. */
export type Caller = User | Session | ConsoleSession | Service | Literal;

/** One API call. Times are milliseconds since 1970 UTC. */
export interface Call {
  readonly at: number;
  readonly account: string;
  readonly region: string;
  /** `ec2` for ec2.amazonaws.com. */
  readonly service: string;
  readonly name: string;
  readonly caller: Caller;
  readonly ip: string;
  readonly agent: string;
  readonly params?: Json;
  readonly response?: Json;
  readonly error?: readonly [code: string, message: string];
  readonly write?: boolean;
  /** Another long-term key than the one the user started with. */
  readonly key?: string;
  readonly more?: JsonObject;
  readonly requestId?: string;
  readonly data?: boolean;
  readonly type?: string;
  readonly sharedEventId?: string;
  readonly resources?: Json;
  /** Set where a service forwards the call for the caller (`secretsmanager.amazonaws.com`). */
  readonly invokedBy?: string;
}

/** A record and where CloudTrail would deliver it. */
export interface TrailEvent {
  readonly at: number;
  readonly account: string;
  readonly region: string;
  readonly data: boolean;
  readonly record: JsonObject;
}

const random = randomStream('records');

/** `2026-09-17T22:41:07Z`. */
export function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sep 17, 2026, 11:41:07 PM`, the form of times inside responseElements. */
export function proseTime(at: number): string {
  const date = new Date(at);
  const hour = date.getUTCHours();
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${String(hour % 12 === 0 ? 12 : hour % 12)}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${MONTHS[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate())}, ${String(date.getUTCFullYear())}, ${clock} ${hour < 12 ? 'AM' : 'PM'}`;
}

function identity(call: Call): JsonObject {
  const { caller } = call;
  if (caller.kind === 'literal') return caller.identity;
  if (caller.kind === 'service')
    return { type: 'AWSService', invokedBy: `${caller.name}.amazonaws.com` };
  const invokedBy: JsonObject = call.invokedBy === undefined ? {} : { invokedBy: call.invokedBy };
  if (caller.kind === 'session') {
    const issuer = {
      type: 'Role',
      principalId: caller.role.id,
      arn: `arn:aws:iam::${caller.role.account}:role/${caller.role.name}`,
      accountId: caller.role.account,
      userName: caller.role.name,
    };
    return {
      type: 'AssumedRole',
      principalId: `${caller.role.id}:${caller.name}`,
      arn: `arn:aws:sts::${caller.role.account}:assumed-role/${caller.role.name}/${caller.name}`,
      accountId: caller.role.account,
      accessKeyId: caller.key,
      sessionContext: {
        sessionIssuer: issuer,
        webIdFederationData: {},
        attributes: {
          creationDate: isoSeconds(caller.created),
          mfaAuthenticated: String(caller.mfa),
        },
        ...(caller.sourceIdentity === undefined ? {} : { sourceIdentity: caller.sourceIdentity }),
        ...(caller.delivery === undefined ? {} : { ec2RoleDelivery: caller.delivery }),
      },
      ...invokedBy,
    };
  }
  const who = caller.kind === 'console' ? caller.user : caller;
  const key = call.key ?? (caller.kind === 'console' ? caller.key : caller.key);
  return {
    type: 'IAMUser',
    principalId: who.id,
    arn: `arn:aws:iam::${who.account}:user/${who.name}`,
    accountId: who.account,
    ...(key === '' ? {} : { accessKeyId: key }),
    userName: who.name,
    ...(caller.kind === 'console'
      ? {
          sessionContext: {
            sessionIssuer: {},
            webIdFederationData: {},
            attributes: {
              creationDate: isoSeconds(caller.created),
              mfaAuthenticated: String(caller.mfa),
            },
          },
        }
      : {}),
    ...invokedBy,
  };
}

const GLOBAL_HOSTS: Readonly<Record<string, string>> = {
  iam: 'iam.amazonaws.com',
  signin: 'eu-west-1.signin.aws.amazon.com',
};

/** The record of one call. */
export function trailEvent(call: Call): TrailEvent {
  const internal =
    call.caller.kind === 'service' || call.invokedBy !== undefined || call.ip === 'AWS Internal';
  const host = GLOBAL_HOSTS[call.service] ?? `${call.service}.${call.region}.amazonaws.com`;
  const record: Record<string, Json> = {
    eventVersion: '1.11',
    userIdentity: identity(call),
    eventTime: isoSeconds(call.at),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.name,
    awsRegion: call.region,
    sourceIPAddress: call.ip,
    userAgent: call.agent,
  };
  if (call.error !== undefined) [record['errorCode'], record['errorMessage']] = call.error;
  if (call.error?.[0] === '') delete record['errorCode'];
  record['requestParameters'] = call.params ?? null;
  record['responseElements'] =
    call.error === undefined || call.type !== undefined ? (call.response ?? null) : null;
  if (call.more !== undefined) record['additionalEventData'] = call.more;
  if (call.type !== 'AwsConsoleSignIn') record['requestID'] = call.requestId ?? guid(random);
  record['eventID'] = guid(random);
  record['readOnly'] = call.write !== true;
  if (call.resources !== undefined) record['resources'] = call.resources;
  record['eventType'] = call.type ?? 'AwsApiCall';
  record['managementEvent'] = call.data !== true;
  record['recipientAccountId'] = call.account;
  if (call.sharedEventId !== undefined) record['sharedEventID'] = call.sharedEventId;
  record['eventCategory'] = call.data === true ? 'Data' : 'Management';
  if (!internal) {
    record['tlsDetails'] = {
      tlsVersion: 'TLSv1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      clientProvidedHostHeader: call.data === true ? `s3.${call.region}.amazonaws.com` : host,
    };
  }
  if (call.caller.kind === 'console' && call.type === undefined)
    record['sessionCredentialFromConsole'] = 'true';
  return {
    at: call.at,
    account: call.account,
    region: call.region,
    data: call.data === true,
    record,
  };
}

/** What an AssumeRole needs beside caller, place and time. */
export interface Assume {
  readonly at: number;
  readonly caller: Caller;
  readonly role: Role;
  readonly name: string;
  readonly region: string;
  readonly ip: string;
  readonly agent: string;
  readonly sourceIdentity?: string;
  readonly key?: string;
  readonly delivery?: string;
  /** Life of the credentials in seconds; one hour, the most a chained session can have. */
  readonly seconds?: number;
}

/**
 * AssumeRole: the session it opens, and its record in the role's account; when the caller is of another account, a
 * second record in the caller's account with the same sharedEventID (as AWS delivers cross-account calls).
 */
export function assumeRole(assume: Assume): {
  readonly session: Session;
  readonly events: readonly TrailEvent[];
} {
  const { at, caller, role, name } = assume;
  const key = accessKeyId(random, 'ASIA');
  const sourceIdentity =
    assume.sourceIdentity ?? (caller.kind === 'session' ? caller.sourceIdentity : undefined);
  const session: Session = {
    kind: 'session',
    role,
    name,
    key,
    created: at,
    mfa: caller.kind === 'console' && caller.mfa,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(assume.delivery === undefined ? {} : { delivery: assume.delivery }),
  };
  const roleArn = `arn:aws:iam::${role.account}:role/${role.name}`;
  const call: Call = {
    at,
    account: role.account,
    region: assume.region,
    service: 'sts',
    name: 'AssumeRole',
    caller,
    ip: assume.ip,
    agent: assume.agent,
    params: {
      roleArn,
      roleSessionName: name,
      ...(assume.sourceIdentity === undefined ? {} : { sourceIdentity: assume.sourceIdentity }),
      durationSeconds: assume.seconds ?? 3600,
    },
    response: {
      credentials: {
        accessKeyId: key,
        sessionToken: sessionToken(random),
        expiration: proseTime(at + (assume.seconds ?? 3600) * 1000),
      },
      assumedRoleUser: {
        assumedRoleId: `${role.id}:${name}`,
        arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${name}`,
      },
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    },
    resources: [{ accountId: role.account, type: 'AWS::IAM::Role', ARN: roleArn }],
    ...(assume.key === undefined ? {} : { key: assume.key }),
  };
  const account =
    caller.kind === 'session'
      ? caller.role.account
      : caller.kind === 'user'
        ? caller.account
        : caller.kind === 'console'
          ? caller.user.account
          : role.account;
  if (account === role.account) return { session, events: [trailEvent(call)] };
  const principal =
    caller.kind === 'session'
      ? `${caller.role.id}:${caller.name}`
      : caller.kind === 'console'
        ? caller.user.id
        : caller.kind === 'user'
          ? caller.id
          : '';
  const sharedEventId = guid(random);
  return {
    session,
    events: [
      trailEvent({ ...call, account, sharedEventId }),
      trailEvent({
        ...call,
        caller: {
          kind: 'literal',
          identity: { type: 'AWSAccount', principalId: principal, accountId: account },
        },
        sharedEventId,
      }),
    ],
  };
}

/** A console sign-in and the session it opens. `failure` makes it a failed one. */
export function consoleLogin(
  at: number,
  user: User,
  ip: string,
  agent: string,
  mfa: boolean,
  failure = false,
): { readonly session: ConsoleSession; readonly event: TrailEvent } {
  const session: ConsoleSession = {
    kind: 'console',
    user,
    key: accessKeyId(random, 'ASIA'),
    created: at,
    mfa,
  };
  const event = trailEvent({
    at,
    account: user.account,
    region: 'us-east-1',
    service: 'signin',
    name: 'ConsoleLogin',
    caller: { ...user, key: '' },
    ip,
    agent,
    response: { ConsoleLogin: failure ? 'Failure' : 'Success' },
    ...(failure ? { error: ['', 'Failed authentication'] as const } : {}),
    write: true,
    type: 'AwsConsoleSignIn',
    more: {
      LoginTo:
        'https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1&state=hashArgs%23&isauthcode=true',
      MobileVersion: 'No',
      ...(mfa ? { MFAIdentifier: `arn:aws:iam::${user.account}:mfa/${user.name}` } : {}),
      MFAUsed: mfa ? 'Yes' : 'No',
    },
  });
  return { session, event };
}

/** Where each person or machine normally calls from. */
export const PLACE = {
  ci: { ip: ADDRESS.ciRunner, agent: AGENT.terraform },
  lena: { ip: ADDRESS.officeLena, agent: AGENT.cliMac },
  amara: { ip: ADDRESS.officeAmara, agent: AGENT.chrome },
  tomas: { ip: ADDRESS.officeTomas, agent: AGENT.chrome },
  orders: { ip: ADDRESS.nat, agent: AGENT.java },
  nightly: { ip: ADDRESS.lambda, agent: AGENT.lambda },
} as const;
