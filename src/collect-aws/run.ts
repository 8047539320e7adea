/** One collection from AWS, from the first question to the last object; goes on where an earlier process was stopped. */
import { Interrupted } from '../collect/copy.ts';
import { realDisk, type Disk } from '../collect/disk.ts';
import { journalEvents, type RequestEvent } from '../collect/journal.ts';
import { openStaging } from '../collect/open.ts';
import type { OnProgress } from '../collect/run.ts';
import { stagingPaths, type Collection } from '../collect/staging.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { Asker, type Output, type Question } from './asker.ts';
import type { Parameters } from './calls.ts';
import { Keeper, noShelf, type Shelf } from './keeper.ts';
import { sideBySide } from './pace.ts';
import { ROOTS } from './place.ts';
import { fetchObject, type PlannedObject, type Restore } from './s3-get.ts';
import { listPlace, placeName, type Bucket } from './s3-list.ts';
import { AwsState } from './state.ts';
import { GLOBAL, Session, type Place, type Reach } from './session.ts';
import {
  TABLE,
  KINDS,
  type Ask,
  type Delivery,
  type Follow,
  type Given,
  type Kind,
} from './table.ts';
import { makeWindow, type Window } from './window.ts';

/** What {@link collectAws} needs. */
export interface AwsOptions {
  /** `CASE/staging/EV-0001`. */
  readonly dir: string;
  /** Written as `collection.json` when the folder is new, else ignored: pass what is there. */
  readonly collection: Collection;
  readonly asked: Asked;
  readonly reach: Reach;
  readonly fx: Effects;
  readonly onProgress: OnProgress;
  readonly onAnswers: (answers: number, bytes: number) => void;
  readonly disk?: Disk;
}

/** What is to be collected. */
export interface Asked {
  readonly kinds: readonly Kind[];
  /** Places named by the person. */
  readonly places: readonly Delivery[];
  /** Whether buckets that answers name are collected too. */
  readonly deliveries: boolean;
  /** `all`, or names. */
  readonly regions: readonly string[];
  /** Accounts besides the own one, or `all` of the organisation. */
  readonly accounts: readonly string[];
  readonly orgRole: string;
  /** RFC 3339 UTC, or undefined for no beginning. `to` is the time of the first start where none was given. */
  readonly from: string | undefined;
  readonly to: string;
  /** Whether the window limits objects too. */
  readonly windowed: boolean;
  readonly logGroups: readonly RegExp[];
  readonly logStreams: readonly RegExp[];
  readonly lakeQueries: readonly string[];
  readonly restore?: Restore | undefined;
}

/** What came of it. */
export interface AwsOutcome {
  readonly resumed: boolean;
  /** True if the same command could get what this run did not. */
  readonly incomplete: boolean;
  /** Answers of ListPublicKeys, as they came. */
  readonly publicKeys: readonly string[];
}

/**
 * Collects.
 * @throws ExhibitError `E_WRITE`, `E_UNFINISHED` when the signal stopped it, `E_FORMAT` when the journal is broken, `E_READ` where
 * there are no credentials or nobody answers. After each of them the same call goes on.
 */
export async function collectAws(options: AwsOptions): Promise<AwsOutcome> {
  const run = await Run.open(options);
  try {
    return await run.collect();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw stopped(options.dir);
  } finally {
    await run.close();
  }
}

/** What a collection would find, as far as can be told without collecting. */
export interface AwsPreview {
  readonly account: string;
  /** `s3://bucket/prefix`, those that answers named among them. */
  readonly places: readonly string[];
  /** Objects in them that would be fetched, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly {
    readonly path: string;
    readonly reason: string;
    readonly detail: string;
  }[];
  readonly clock: { readonly atLeastMs: number; readonly atMostMs: number } | undefined;
}

/**
 * Looks at what would be collected: asks who we are and where logs are delivered to, and lists that. Writes nothing.
 * @throws ExhibitError `E_READ` where there are no credentials, `E_UNFINISHED`.
 */
export async function previewAws(
  options: Pick<AwsOptions, 'asked' | 'reach' | 'fx' | 'onProgress'>,
): Promise<AwsPreview> {
  const run = await Run.dry(options);
  try {
    return await run.look();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw stopped('');
  } finally {
    await run.close();
  }
}

function tellsDeliveries(ask: Ask | Follow): boolean {
  return ask.delivers !== undefined || (ask.then ?? []).some(tellsDeliveries);
}

function stopped(dir: string): ExhibitError {
  return new ExhibitError('E_UNFINISHED', 'interrupted before everything was collected', {
    where: { file: dir },
    hint: 'run the same command again; it goes on where it stopped',
  });
}

class Run {
  readonly #options: Omit<AwsOptions, 'collection'>;
  readonly #disk: Disk;
  readonly #state: AwsState;
  readonly #keeper: Shelf;
  readonly #session: Session;
  readonly #asker: Asker;
  readonly #window: Window;
  readonly #resumed: boolean;
  readonly #publicKeys: string[] = [];
  /** Account that a bucket is read in. */
  readonly #buckets = new Map<string, Place>();
  #home: Place = { account: '', region: '' };
  #answers = 0;
  #answerBytes = 0;

  private constructor(
    options: Omit<AwsOptions, 'collection'>,
    opened: {
      readonly disk: Disk;
      readonly state: AwsState;
      readonly keeper: Shelf;
      readonly session: Session;
      readonly resumed: boolean;
    },
  ) {
    this.#options = options;
    this.#disk = opened.disk;
    this.#state = opened.state;
    this.#keeper = opened.keeper;
    this.#session = opened.session;
    this.#resumed = opened.resumed;
    const { asked, fx, dir } = options;
    this.#window = asked.windowed
      ? makeWindow(asked.from, asked.to)
      : makeWindow(undefined, undefined);
    this.#asker = new Asker({
      session: opened.session,
      keeper: opened.keeper,
      state: opened.state,
      dir,
      now: fx.now,
      signal: fx.signal,
      onAnswer: (bytes) => {
        this.#answers += 1;
        this.#answerBytes += bytes;
        options.onAnswers(this.#answers, this.#answerBytes);
      },
    });
  }

  static async dry(
    options: Pick<AwsOptions, 'asked' | 'reach' | 'fx' | 'onProgress'>,
  ): Promise<Run> {
    const state = new AwsState();
    const keeper = noShelf(state);
    const session = await Session.open(options.fx, options.reach, () => Promise.resolve());
    return new Run(
      { ...options, dir: '', onAnswers: () => undefined },
      { disk: realDisk, state, keeper, session, resumed: false },
    );
  }

  static async open(options: AwsOptions): Promise<Run> {
    const { dir, collection, fx, reach, onProgress, disk = realDisk } = options;
    const state = new AwsState();
    const { journal, resumed } = await openStaging(
      {
        ...{ dir, collection, disk, at: () => formatUs(fx.now() * 1000) },
        onCheck: (done, total) => {
          if (fx.signal.aborted) throw stopped(dir);
          onProgress('check', done, total);
        },
      },
      state,
    );
    state.forgetStored();
    const keeper = new Keeper(disk, dir, journal, state);
    try {
      const session = await Session.open(fx, reach, (event: RequestEvent) => keeper.note([event]));
      return new Run(options, { disk, state, keeper, session, resumed });
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  /** Asks where logs are delivered to and lists what lies there; keeps nothing. */
  async look(): Promise<AwsPreview> {
    const places = outermost(await this.#askAll(true));
    await this.#plan(places);
    return {
      account: this.#home.account,
      ...{ places: places.map(placeName), ...this.#state.planned },
      problems: [...this.#state.failures.values()].map(({ path, reason, detail }) => ({
        ...{ path, reason, detail },
      })),
      clock: this.#session.clock.bounds,
    };
  }

  async collect(): Promise<AwsOutcome> {
    const state = this.#state;
    if (!state.finished || state.incomplete) {
      if (state.finished)
        await this.#keeper.note([{ state: 'resumed', at: this.#at(), cut_bytes: 0 }]);
      const places = await this.#askAll();
      await this.#plan(places);
      await this.#fetchAll();
      await this.#finish();
    } else await this.#replayKeys();
    return { resumed: this.#resumed, incomplete: state.incomplete, publicKeys: this.#publicKeys };
  }

  async close(): Promise<void> {
    this.#session.close();
    await this.#keeper.close();
  }

  #at(): string {
    return formatUs(this.#options.fx.now() * 1000);
  }

  // Who we are, which accounts and regions there are, then every question of the kinds that were asked for.
  async #askAll(deliveriesOnly = false): Promise<Bucket[]> {
    const { asked, reach } = this.#options;
    await this.#whoAmI();
    const places: Bucket[] = asked.places.map((place) => ({ ...this.#home, ...place }));
    if (asked.kinds.length === 0 && asked.accounts.length === 0) return places;
    for (const account of await this.#accounts()) {
      const regions = await this.#regions(account);
      const found: Bucket[] = [];
      for (const kind of KINDS.filter((one) => asked.kinds.includes(one))) {
        const asks = TABLE[kind].filter((ask) => !deliveriesOnly || tellsDeliveries(ask));
        const jobs = asks.flatMap((ask) =>
          (ask.where === 'once' ? [GLOBAL] : regions).map((region) => ({ ask, region })),
        );
        await sideBySide(jobs, reach.atOnce, async ({ ask, region }) => {
          const given = this.#given(account, region);
          for (const parameters of ask.inputs?.(given) ?? [{}]) {
            await this.#askOne(ask, parameters, given, deliveriesOnly, (delivery) => {
              found.push({ account, region: this.#home.region, ...delivery });
            });
          }
        });
      }
      places.push(...found);
    }
    return places;
  }

  async #askOne(
    ask: Ask | Follow,
    parameters: Parameters,
    given: Given,
    deliveriesOnly: boolean,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<void> {
    const { account, region } = given;
    const { service, operation, token } = ask;
    const question = { service, operation, parameters, token };
    for await (const output of this.#asker.pages({ account, region }, question)) {
      if (operation === 'ListPublicKeys') this.#publicKeys.push(...keysOf(output));
      for (const delivery of ask.delivers?.(output, given) ?? []) onDelivery(delivery);
      for (const follow of ask.then ?? []) {
        if (deliveriesOnly && !tellsDeliveries(follow)) continue;
        for (const input of follow.inputs(output, given, parameters)) {
          await this.#askOne(follow, input, given, deliveriesOnly, onDelivery);
        }
      }
    }
  }

  async #whoAmI(): Promise<void> {
    const { homeRegion: region } = this.#options.reach;
    const unknown = { account: 'caller', region };
    const question = { service: 'sts', operation: 'GetCallerIdentity', parameters: {} } as const;
    let account = 'unknown';
    for await (const output of this.#asker.pages(unknown, question)) {
      if (typeof output['Account'] === 'string') account = output['Account'];
    }
    const expired = this.#asker.expiredIn('caller');
    if (expired !== undefined) this.#asker.expired(account, expired);
    this.#home = { account, region };
  }

  async #accounts(): Promise<string[]> {
    const { accounts, orgRole } = this.#options.asked;
    const own = this.#home.account;
    if (accounts.length === 0) return [own];
    const wanted = new Set([own]);
    if (accounts.includes('all')) {
      const question: Question = {
        service: 'organizations',
        operation: 'ListAccounts',
        parameters: {},
        token: ['NextToken', 'NextToken'],
      };
      for await (const output of this.#asker.pages({ account: own, region: GLOBAL }, question)) {
        for (const { Id, Status } of (output['Accounts'] ?? []) as Output[]) {
          if (typeof Id === 'string' && Status === 'ACTIVE') wanted.add(Id);
        }
      }
    } else accounts.forEach((account) => wanted.add(account));
    for (const account of wanted) {
      if (account !== own)
        this.#session.useRole(account, `arn:aws:iam::${account}:role/${orgRole}`);
    }
    return [...wanted].sort();
  }

  async #regions(account: string): Promise<readonly string[]> {
    const { regions } = this.#options.asked;
    if (!regions.includes('all')) return regions;
    const question = { service: 'ec2', operation: 'DescribeRegions', parameters: {} } as const;
    const names: string[] = [];
    for await (const output of this.#asker.pages(
      { account, region: this.#home.region },
      question,
    )) {
      for (const { RegionName } of (output['Regions'] ?? []) as Output[]) {
        if (typeof RegionName === 'string') names.push(RegionName);
      }
    }
    return names.length === 0 ? [this.#home.region] : names.sort();
  }

  #given(account: string, region: string): Given {
    const { from, to, logGroups, logStreams, lakeQueries } = this.#options.asked;
    return { account, region, from, to, logGroups, logStreams, lakeQueries };
  }

  // Lists every place once; of places that lie in each other the outer one is enough.
  async #plan(found: readonly Bucket[]): Promise<void> {
    const { fx, onProgress } = this.#options;
    const places = outermost(found);
    const withoutVersions = new Set<string>();
    for (const place of places) {
      this.#buckets.set(place.bucket, place);
      await listPlace(
        {
          ...{
            session: this.#session,
            keeper: this.#keeper,
            state: this.#state,
            asker: this.#asker,
          },
          ...{ window: this.#window, withoutVersions, now: fx.now },
          stopIfAsked: () => {
            if (fx.signal.aborted) throw new Interrupted();
          },
          onPlanned: () => {
            onProgress('plan', this.#state.planned);
          },
        },
        place,
      );
    }
    await this.#keeper.settle([{ state: 'plan_complete', at: this.#at(), ...this.#state.planned }]);
  }

  async #fetchAll(): Promise<void> {
    const { fx, reach, asked, onProgress } = this.#options;
    const total = { ...this.#state.planned };
    let under = 0;
    await sideBySide(this.#pending(total.files), reach.atOnce, async (object) => {
      let mine = 0;
      await fetchObject(
        {
          ...{
            session: this.#session,
            keeper: this.#keeper,
            state: this.#state,
            asker: this.#asker,
          },
          ...{ disk: this.#disk, region: this.#home.region, now: fx.now, signal: fx.signal },
          account: (bucket) => this.#buckets.get(bucket)?.account ?? this.#home.account,
          restore: asked.restore,
          onBytes: (bytes) => {
            mine += bytes;
            under += bytes;
            const { files, bytes: done } = this.#state.done;
            onProgress('copy', { files, bytes: done + under }, total);
          },
        },
        object,
      );
      under -= mine;
    });
    onProgress('copy', this.#state.done, total);
  }

  // The plan is read from the journal again, a piece at a time.
  async *#pending(count: number): AsyncGenerator<PlannedObject> {
    if (this.#state.done.files >= count && this.#state.again === 0) return;
    let seen = 0;
    for await (const events of journalEvents(stagingPaths(this.#options.dir).journal)) {
      for (const event of events) {
        if (event.state !== 'planned' || event.n === undefined || event.s3 === undefined) continue;
        seen += 1;
        if (this.#options.fx.signal.aborted) throw new Interrupted();
        if (!this.#state.ended.has(event.n)) yield event as PlannedObject;
      }
      // What follows is being written while we read.
      if (seen >= count) return;
    }
  }

  async #finish(): Promise<void> {
    if (this.#options.fx.signal.aborted) throw new Interrupted();
    const bounds = this.#session.clock.bounds;
    await this.#keeper.settle();
    await this.#keeper.settle([
      ...(bounds === undefined
        ? []
        : [
            {
              state: 'clock' as const,
              at: this.#at(),
              offset_at_least_ms: bounds.atLeastMs,
              offset_at_most_ms: bounds.atMostMs,
              answers: bounds.answers,
            },
          ]),
      { state: 'finished', at: this.#at() },
    ]);
  }

  // A finished collection that is asked for again: nothing is sent, and the keys are those it has.
  async #replayKeys(): Promise<void> {
    for (const { api } of this.#state.answers.values()) {
      if (api?.operation !== 'ListPublicKeys') continue;
      const { account, region, parameters } = api;
      const question = { service: 'cloudtrail', operation: api.operation, parameters } as const;
      for await (const output of this.#asker.pages({ account, region }, question)) {
        this.#publicKeys.push(...keysOf(output));
      }
    }
  }
}

/** Entries of a key list as `aws cloudtrail list-public-keys` prints them. */
function keysOf(output: Output): string[] {
  return ((output['PublicKeyList'] ?? []) as readonly Record<string, unknown>[]).map((key) => {
    const value = key['Value'];
    const bytes = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    return JSON.stringify({ ...key, Value: bytes });
  });
}

/** Places without those that lie inside of another, in bytewise order; each once. */
function outermost(places: readonly Bucket[]): Bucket[] {
  const sorted = [...places].sort((a, b) => (placeName(a) < placeName(b) ? -1 : 1));
  const kept: Bucket[] = [];
  for (const place of sorted) {
    const outer = kept.at(-1);
    if (outer?.bucket === place.bucket && place.prefix.startsWith(outer.prefix)) continue;
    kept.push(place);
  }
  return kept;
}

/** Roots of `collection.json`. */
export const AWS_ROOTS: Collection['roots'] = ROOTS.map((path) => ({ path }));
