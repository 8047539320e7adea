/** Who asks: the usual chain of the SDK, a role on top of it, and a role in each account of the organisation. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import type { Secrets } from './secrets.ts';

/** Credentials as the SDK wants them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Gives credentials that hold now. */
export type Provider = () => Promise<Credentials>;

/** What the person said about who asks. */
export interface Identity {
  readonly profile?: string;
  readonly roleArn?: string;
  readonly sourceIdentity?: string;
  readonly externalId?: string;
  readonly mfaSerial?: string;
  /** A current code of the device; asked for on the terminal where it is needed and absent. */
  readonly mfaCode?: string;
  /** Seconds that the session of the role lasts. */
  readonly duration?: number;
}

/** Sends AssumeRole with credentials; its answer is written down without its body. */
export type AssumeRole = (by: Provider, input: AssumeRoleInput) => Promise<Credentials>;

/** Parameters of AssumeRole. TokenCode is never written down. */
export interface AssumeRoleInput {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly SourceIdentity?: string;
  readonly ExternalId?: string;
  readonly SerialNumber?: string;
  readonly TokenCode?: string;
  readonly DurationSeconds?: number;
}

/** The chain: environment, SSO, web identity, shared files, process, container, instance (SDK, "credential provider chain"). */
export async function chain(profile: string | undefined, secrets: Secrets): Promise<Provider> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const provider = defaultProvider(profile === undefined ? {} : { profile });
  // Called without the client's configuration: what the chain itself sends must not go through the recorder.
  return async () => {
    try {
      const found = (await provider()) as Credentials;
      remember(secrets, found);
      return found;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') throw error;
      throw new ExhibitError('E_READ', 'no credentials for AWS were found', {
        hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile NAME; `aws sts get-caller-identity` must work',
        cause: error,
      });
    }
  };
}

/** A role's credentials, asked for again shortly before they end. */
export function roleOf(
  by: Provider,
  assume: AssumeRole,
  input: AssumeRoleInput,
  code: (() => Promise<string>) | undefined,
  secrets: Secrets,
  now: () => number,
): Provider {
  let held: Promise<Credentials> | undefined;
  let until = 0;
  return async () => {
    if (held !== undefined && now() < until) return held;
    held = (async () => {
      const token = await code?.();
      const got = await assume(by, {
        ...input,
        ...(token === undefined ? {} : { TokenCode: token }),
      });
      remember(secrets, got);
      until = (got.expiration?.getTime() ?? now() + 3_600_000) - RENEW_MS;
      return got;
    })();
    until = Infinity;
    try {
      return await held;
    } catch (error) {
      held = undefined;
      throw error;
    }
  };
}

/** Sessions are renewed this long before they end. */
const RENEW_MS = 5 * 60_000;

/** Asks for a code of the MFA device. @throws ExhibitError `E_USAGE` where there is no terminal. */
export async function askCode(fx: Effects, serial: string, given?: string): Promise<string> {
  const code = given ?? (await fx.askSecret?.(`MFA code of ${serial}: `));
  if (code !== undefined && /^\d{6}$/.test(code)) return code;
  throw new ExhibitError('E_USAGE', 'the MFA device needs a code of six digits', {
    hint: 'run on a terminal, or give --mfa-code CODE',
  });
}

function remember(secrets: Secrets, { secretAccessKey, sessionToken }: Credentials): void {
  secrets.add(secretAccessKey, sessionToken);
}
