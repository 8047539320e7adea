/** What an error of AWS or of the way there means for a collection. */
import type { FailState } from '../collect/journal.ts';
import { nameOf } from './recorder.ts';

/** How a request ended that gave nothing. */
export interface Failure {
  readonly state: FailState;
  readonly reason: Reason;
  readonly detail: string;
}

/** Why something is not there; docs/collect-aws.md lists them. */
export type Reason =
  | 'access_denied'
  | 'vanished'
  | 'changed'
  | 'corrupt'
  | 'delete_marker'
  | 'not_restored'
  | 'not_offered'
  | 'nothing_there'
  | 'expired_credentials'
  | 'throttled'
  | 'unreachable'
  | 'refused';

/** What another run of the same command tries again; all else stays as it ended. */
export const AGAIN: ReadonlySet<string> = new Set<Reason>([
  'expired_credentials',
  'throttled',
  'unreachable',
  'not_restored',
  'corrupt',
]);

const EXPIRED =
  /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired|CredentialsProviderError|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|InvalidToken)$/;
const DENIED =
  /AccessDenied|UnauthorizedOperation|AuthorizationError|NotAuthorized|Forbidden|AllAccessDisabled|AccessDeniedException|SubscriptionRequired|OptInRequired/i;
const THROTTLED =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Bandwidth|PriorRequestNotComplete|LimitExceededException|ServiceUnavailable/i;
/** The service says that this was never set up, or is not there: an answer too, and not a fault. */
const NOTHING =
  /NoSuch(Bucket|Tag|Lifecycle|CORS|Bucket|Website|Public|Entity|Key|Version)|NotFound|DoesNotExist|NotConfigured|InsightNotEnabled|ReportNotPresent|ConfigurationNotFoundError|NoAvailable|NoRunning|AWSOrganizationsNotInUse|ResourceNotFound|PolicyNotFound/i;
const NOT_OFFERED =
  /UnknownOperation|NotImplemented|UnsupportedOperation|InvalidAction|ENOTFOUND|EndpointNotFound|NotSubscribed|not (?:enabled|subscribed)|UnknownService/i;

/** The service, or a type of it, is there and was never turned on in the account. */
const NOT_SUBSCRIBED = /is not subscribed|not enabled|not signed up/i;

interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** Errors of the network, and of the SDK about the way there: they have codes of the system, or say themselves retryable. */
function isFromOutside(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string')
    return /^E[A-Z]+$|^(HPE|CERT|UNABLE|DEPTH|SELF|ERR_TLS|ERR_SSL)_/.test(code);
  return (
    /^(TimeoutError|AbortError|CredentialsProviderError|TokenProviderError|EndpointError)$/.test(
      error.name,
    ) || '$fault' in error
  );
}

/** Judges a thrown error. @param hide takes secrets out of a text. */
export function failureOf(error: unknown, hide: (text: string) => string): Failure {
  if (!(error instanceof Error)) throw error;
  const { name, $metadata, $response } = error as AwsError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  // Neither an answer nor the way to one: a mistake of ours.
  if (status === undefined && !isFromOutside(error)) throw error;
  const message =
    name === 'SyntaxError' ? 'an answer in a form that the API does not have' : error.message;
  const short = name === 'Error' ? nameOf(error) : name;
  const detail = hide(
    `${short}${status === undefined ? '' : ` (${String(status)})`}: ${message}`.slice(0, 500),
  );
  const failed = (reason: Reason): Failure => ({ state: 'failed', reason, detail });
  const nothing: Failure = { state: 'skipped', reason: 'nothing_there', detail };
  if (EXPIRED.test(name)) return failed('expired_credentials');
  if (name === 'InvalidObjectState') return { state: 'skipped', reason: 'not_restored', detail };
  if (name === 'PreconditionFailed' || status === 412) return failed('changed');
  if (DENIED.test(name)) return failed('access_denied');
  if (THROTTLED.test(name) || status === 429 || status === 503) return failed('throttled');
  if (NOT_OFFERED.test(short) || NOT_SUBSCRIBED.test(message))
    return { state: 'skipped', reason: 'not_offered', detail };
  if (NOTHING.test(name)) return nothing;
  if (status === undefined) return failed('unreachable');
  if (status === 403) return failed('access_denied');
  if (status === 404) return nothing;
  return failed(status >= 500 ? 'unreachable' : 'refused');
}
