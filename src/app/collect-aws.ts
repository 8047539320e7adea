/** `collect aws`: answers and objects of AWS into a new evidence item, or on with one that was interrupted. */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import {
  AWS_ROOTS,
  collectAws,
  previewAws,
  type Asked,
  type AwsPreview,
} from '../collect-aws/run.ts';
import { policyFor, type Policy } from '../collect-aws/policy.ts';
import { KINDS, type Delivery, type Kind } from '../collect-aws/table.ts';
import type { Reach } from '../collect-aws/session.ts';
import type { OnProgress } from '../collect/run.ts';
import { parseS3 } from '../collect/s3.ts';
import { readCollection, type AwsRequest, type Collection } from '../collect/staging.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs, parseRfc3339, parseUserTime } from '../core/time.ts';
import { replaceFile } from '../disk/durable.ts';
import { openSigner, type Case } from './case.ts';
import { describe, readResult, type CollectResult } from './collect.ts';
import { chooseEvidence, type Wanted } from './evidence-id.ts';
import { withLock } from './lock.ts';
import { STAGED_KEYS } from './public-keys.ts';
import { sealEvidence } from './seal.ts';

/** What the command line said. Times are as given. */
export interface AwsWords {
  /** `s3://bucket/prefix`, kinds, or `all`. */
  readonly what: readonly string[];
  readonly profile?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly externalId?: string | undefined;
  readonly mfaSerial?: string | undefined;
  readonly mfaCode?: string | undefined;
  readonly regions?: string | undefined;
  readonly accounts?: string | undefined;
  readonly orgRole?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly logGroups?: readonly string[] | undefined;
  readonly logStreams?: readonly string[] | undefined;
  readonly lakeQueries?: readonly string[] | undefined;
  readonly restoreDays?: string | undefined;
  readonly restoreTier?: string | undefined;
  readonly endpointUrl?: string | undefined;
  readonly concurrency?: string | undefined;
  readonly rate?: string | undefined;
  readonly attempts?: string | undefined;
}

/** The same, understood. */
export interface AwsPlan {
  readonly wanted: Wanted & { readonly aws: AwsRequest };
  readonly reach: Reach;
  /** Without the end of the window where none was given: that is when the collection began. */
  readonly asked: Omit<Asked, 'to'> & { readonly to: string | undefined };
  readonly policy: Policy;
}

/** Options of {@link collectFromAws}. */
export interface CollectAwsRequest {
  readonly plan: AwsPlan;
  readonly evidence?: string | undefined;
  readonly seal: boolean;
  readonly onProgress: OnProgress;
  readonly onAnswers: (answers: number, bytes: number) => void;
  readonly onSealing: (copied: CollectResult, volume?: string) => void;
}

const DEFAULT_ORG_ROLE = 'OrganizationAccountAccessRole';
const DEFAULT_AT_ONCE = 16;
const DEFAULT_ATTEMPTS = 8;

/**
 * Understands the words.
 * @throws ExhibitError `E_USAGE`, `E_TIME_ZONE`.
 */
export function planAws(words: AwsWords, fx: Effects): AwsPlan {
  const kinds = new Set<Kind>();
  const places: Delivery[] = [];
  const all = words.what.includes('all');
  for (const word of words.what) {
    if (word.startsWith('s3://')) places.push(placeOf(word));
    else if (isKind(word)) kinds.add(word);
    else if (word !== 'all') {
      throw usage(
        `"${word}" is nothing that can be collected from AWS`,
        `name s3://bucket/prefix, all, or one of ${KINDS.join(', ')}`,
      );
    }
  }
  if (all) KINDS.forEach((kind) => kinds.add(kind));
  const what = [
    ...KINDS.filter((kind) => kinds.has(kind)),
    ...places.map(({ bucket, prefix }) => `s3://${bucket}/${prefix}`).sort(),
  ];
  const [from, to] = [words.from, words.to].map((time) =>
    time === undefined ? undefined : wholeSecond(time),
  );
  if (from !== undefined && to !== undefined && from > to) {
    throw usage('--from is after --to', 'give the earlier time first');
  }
  const regions = listOf(words.regions) ?? ['all'];
  const accounts = listOf(words.accounts) ?? [];
  const orgRole = words.orgRole ?? DEFAULT_ORG_ROLE;
  const home =
    regions.find((region) => region !== 'all') ??
    fx.env['AWS_REGION'] ??
    fx.env['AWS_DEFAULT_REGION'] ??
    'us-east-1';
  const restoreDays = number('--restore', words.restoreDays, 1, 30);
  const tier = words.restoreTier ?? 'Standard';
  if (tier !== 'Bulk' && tier !== 'Standard' && tier !== 'Expedited') {
    throw usage(`"${tier}" is no tier of a restore`, 'give Bulk, Standard or Expedited');
  }
  const rate = number('--rate', words.rate, 1, 100_000);
  const aws: AwsRequest = {
    what,
    regions,
    ...(accounts.length === 0 ? {} : { accounts, org_role: orgRole }),
    ...given({
      from,
      to,
      log_groups: words.logGroups,
      log_streams: words.logStreams,
      lake_queries: words.lakeQueries,
      role_arn: words.roleArn,
      source_identity: words.sourceIdentity,
      profile: words.profile,
      endpoint_url: words.endpointUrl === undefined ? undefined : endpointOf(words.endpointUrl),
    }),
  };
  return {
    wanted: { roots: AWS_ROOTS, method: 'aws', aws },
    reach: {
      identity: given({
        profile: words.profile,
        roleArn: words.roleArn,
        sourceIdentity: words.sourceIdentity,
        externalId: words.externalId,
        mfaSerial: words.mfaSerial,
        mfaCode: words.mfaCode,
      }),
      homeRegion: home,
      atOnce: number('--concurrency', words.concurrency, 1, 256) ?? DEFAULT_AT_ONCE,
      attempts: number('--attempts', words.attempts, 1, 50) ?? DEFAULT_ATTEMPTS,
      ...given({ endpointUrl: aws.endpoint_url, rate }),
    },
    asked: {
      kinds: [...kinds],
      places,
      deliveries: true,
      ...{ regions, accounts, orgRole, from, to },
      windowed: from !== undefined || to !== undefined,
      logGroups: (words.logGroups ?? []).map(glob),
      logStreams: (words.logStreams ?? []).map(glob),
      lakeQueries: words.lakeQueries ?? [],
      restore: restoreDays === undefined ? undefined : { days: restoreDays, tier },
    },
    policy: policyFor({
      kinds: [...kinds],
      places,
      anyBucket: ['cloudtrail', 'config', 'findings', 'context'].some((kind) =>
        kinds.has(kind as Kind),
      ),
      restore: restoreDays !== undefined,
      roleArn: words.roleArn,
      orgRole: accounts.length === 0 ? undefined : `arn:aws:iam::*:role/${orgRole}`,
    }),
  };
}

/**
 * Collects into staging, and seals, unless something is missing that the same command could still get.
 * @throws ExhibitError `E_EXISTS`, `E_SEALED`, `E_LOCKED`, those of {@link collectAws} and of {@link sealEvidence}.
 */
export async function collectFromAws(
  target: Case,
  fx: Effects,
  request: CollectAwsRequest,
): Promise<CollectResult> {
  const { plan } = request;
  return await withLock(target, fx, async () => {
    const { evidence, sealed } = await chooseEvidence(target.paths, request.evidence, plan.wanted);
    const signer = request.seal ? await openSigner(target, fx) : undefined;
    const dir = join(target.paths.staging, evidence);
    const collection = (await begunAt(dir)) ?? describe(target, fx, evidence, plan.wanted);
    let again = false;
    let resumed = true;
    if (!sealed) {
      const started = parseRfc3339(collection.started_at) ?? fx.now() * 1000;
      const outcome = await collectAws({
        ...{ dir, collection, reach: plan.reach, fx },
        asked: { ...plan.asked, to: plan.asked.to ?? wholeSecondOf(started) },
        onProgress: request.onProgress,
        onAnswers: request.onAnswers,
      });
      resumed = outcome.resumed;
      again = outcome.incomplete;
      if (outcome.publicKeys.length > 0) {
        const keys = [...new Set(outcome.publicKeys)].sort().join(',\n');
        replaceFile(join(dir, STAGED_KEYS), Buffer.from(`{"PublicKeyList":[\n${keys}\n]}\n`), dir);
      }
    }
    const copied = { ...(await readResult(evidence, resumed, dir)), again };
    if (signer === undefined || again) return copied;
    request.onSealing(copied);
    return {
      ...copied,
      sealed: await sealEvidence(target, evidence, fx, {
        signer,
        onVolume: (name) => {
          request.onSealing(copied, name);
        },
      }),
    };
  });
}

/**
 * What {@link collectFromAws} would find now. Needs no case and writes nothing.
 * @throws ExhibitError those of {@link previewAws}.
 */
export async function lookAtAws(
  plan: AwsPlan,
  fx: Effects,
  onProgress: OnProgress,
): Promise<AwsPreview> {
  const to = plan.asked.to ?? wholeSecondOf(fx.now() * 1000);
  return await previewAws({ asked: { ...plan.asked, to }, reach: plan.reach, fx, onProgress });
}

async function begunAt(dir: string): Promise<Collection | undefined> {
  try {
    return await readCollection(dir);
  } catch (error) {
    if (error instanceof ExhibitError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}

function isKind(word: string): word is Kind {
  return (KINDS as readonly string[]).includes(word);
}

// A prefix is taken as it is: without a slash at its end it also names what only begins like it.
function placeOf(url: string): Delivery {
  const { bucket } = parseS3(url);
  return { bucket, prefix: url.slice(`s3://${bucket}`.length).replace(/^\//, '') };
}

function listOf(words: string | undefined): string[] | undefined {
  if (words === undefined) return undefined;
  const list = [
    ...new Set(
      words
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
  ].sort();
  if (list.length === 0)
    throw usage('a list is empty', 'give names with commas between them, or all');
  return list;
}

function number(
  flag: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw usage(
    `${flag} ${text} is no number that can be used`,
    `give a whole number from ${String(least)} to ${String(most)}`,
  );
}

/** `*` stands for any text, `?` for one character. */
function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

function wholeSecond(time: string): string {
  return wholeSecondOf(parseUserTime(time));
}

function wholeSecondOf(us: number): string {
  return formatUs(Math.floor(us / 1_000_000) * 1_000_000);
}

// What the journal keeps must not hold a password that somebody put into a URL.
function endpointOf(text: string): string {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.search === ''
  ) {
    return text.replace(/\/+$/, '');
  }
  throw usage(
    `"${text}" is no endpoint`,
    'give a URL like http://127.0.0.1:5000, without a user or a query',
  );
}

function usage(message: string, hint: string): ExhibitError {
  return new ExhibitError('E_USAGE', message, { hint });
}

/** Members that have a value. */
function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
