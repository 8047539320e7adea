/** A connection to AWS: clients by service, account and region, all of them through the one recorder. */
import type { RequestEvent } from '../collect/journal.ts';
import type { Effects } from '../core/effects.ts';
import { currentCall, type Call, type Handler, type Parameters } from './calls.ts';
import { ClockBounds } from './clock.ts';
import {
  askCode,
  chain,
  roleOf,
  type AssumeRoleInput,
  type Credentials,
  type Identity,
  type Provider,
} from './credentials.ts';
import { pacer } from './pace.ts';
import { recordingHandler } from './recorder.ts';
import { Secrets } from './secrets.ts';
import { loadSdk, SERVICES, type Client, type Sdk, type ServiceName } from './services.ts';

/** How to reach AWS. */
export interface Reach {
  readonly identity: Identity;
  readonly endpointUrl?: string;
  /** Region of services that have one endpoint, and of the first questions. */
  readonly homeRegion: string;
  /** Requests a second, at most. */
  readonly rate?: number;
  /** Requests at the same time. */
  readonly atOnce: number;
  /** Attempts of one request, the first one included. */
  readonly attempts: number;
}

/** Silence of a connection after which the attempt is given up. */
const IDLE_MS = 60_000;
const CONNECT_MS = 10_000;

/** Where a request goes, and as whom. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Everything that speaks to AWS goes through here. */
export class Session {
  readonly clock: ClockBounds = new ClockBounds();
  readonly secrets: Secrets = new Secrets();
  readonly #fx: Effects;
  readonly #reach: Reach;
  readonly #handler: Handler;
  readonly #sdks = new Map<ServiceName, Promise<Sdk>>();
  readonly #clients = new Map<string, Promise<Client>>();
  readonly #base: Provider;
  readonly #accounts = new Map<string, Provider>();

  private constructor(
    fx: Effects,
    reach: Reach,
    handler: Handler,
    base: Provider,
    secrets: Secrets,
    clock: ClockBounds,
  ) {
    this.#fx = fx;
    this.#reach = reach;
    this.#handler = handler;
    this.secrets = secrets;
    this.clock = clock;
    this.#base = base;
  }

  /**
   * Opens a session; nothing is sent yet.
   * @param record takes the line of every attempt.
   */
  static async open(
    fx: Effects,
    reach: Reach,
    record: (event: RequestEvent) => Promise<void>,
  ): Promise<Session> {
    const { NodeHttpHandler } = await import('@smithy/node-http-handler');
    const secrets = new Secrets();
    const clock = new ClockBounds();
    const agent = { keepAlive: true, maxSockets: reach.atOnce * 2 };
    const inner = new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      socketTimeout: IDLE_MS,
      httpAgent: agent,
      httpsAgent: agent,
    }) as unknown as Handler;
    const handler = recordingHandler({
      ...{ inner, now: fx.now, clock, secrets, record },
      turn: pacer(reach.rate, fx.signal),
    });
    const { profile, roleArn, sourceIdentity, externalId, mfaSerial, mfaCode, duration } =
      reach.identity;
    const own = await chain(profile, secrets);
    // The role is assumed by the session that is made with it.
    const later: { session?: Session } = {};
    const base =
      roleArn === undefined
        ? own
        : roleOf(
            own,
            (by, input) => {
              if (later.session === undefined) throw new TypeError('nobody asks yet');
              return later.session.assume(by, input);
            },
            {
              RoleArn: roleArn,
              RoleSessionName: SESSION_NAME,
              ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
              ...(externalId === undefined ? {} : { ExternalId: externalId }),
              ...(mfaSerial === undefined ? {} : { SerialNumber: mfaSerial }),
              ...(duration === undefined ? {} : { DurationSeconds: duration }),
            },
            mfaSerial === undefined ? undefined : () => askCode(fx, mfaSerial, mfaCode),
            secrets,
            fx.now,
          );
    const session = new Session(fx, reach, handler, base, secrets, clock);
    later.session = session;
    return session;
  }

  /** From now on requests for the account are made with this role in it. */
  useRole(account: string, roleArn: string): void {
    const { sourceIdentity } = this.#reach.identity;
    const input: AssumeRoleInput = {
      RoleArn: roleArn,
      RoleSessionName: SESSION_NAME,
      ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
    };
    this.#accounts.set(
      account,
      roleOf(
        this.#base,
        (by, asked) => this.assume(by, asked),
        input,
        undefined,
        this.secrets,
        this.#fx.now,
      ),
    );
  }

  /** Sends one request; the caller reads what it wants from `call` afterwards. */
  async send(service: ServiceName, place: Place, call: Call, operation: string): Promise<unknown> {
    const sdk = await this.#sdk(service);
    const client = await this.#client(service, place);
    const command = sdk.command(operation, withDates(call.parameters));
    return await currentCall.run(call, () =>
      client.send(command, { abortSignal: this.#fx.signal }),
    );
  }

  async assume(by: Provider, input: AssumeRoleInput): Promise<Credentials> {
    const sdk = await this.#sdk('sts');
    const client = new sdk.Client(this.#config(this.#reach.homeRegion, by));
    const call: Call = {
      api: 'sts:AssumeRole',
      account: /^arn:[^:]*:iam::(\d{12}):/.exec(input.RoleArn)?.[1] ?? '',
      region: this.#reach.homeRegion,
      // The code of the device is not written down.
      parameters: Object.fromEntries(
        Object.entries(input).filter(([name]) => name !== 'TokenCode'),
      ),
      keep: 'secret',
      attempts: 0,
    };
    const { Credentials: got } = (await currentCall.run(call, () =>
      client.send(sdk.command('AssumeRole', input), { abortSignal: this.#fx.signal }),
    )) as { readonly Credentials?: AssumedCredentials };
    if (got === undefined) throw new Error('AssumeRole gave no credentials');
    return {
      accessKeyId: got.AccessKeyId,
      secretAccessKey: got.SecretAccessKey,
      sessionToken: got.SessionToken,
      expiration: got.Expiration,
    };
  }

  close(): void {
    this.#handler.destroy?.();
  }

  #sdk(service: ServiceName): Promise<Sdk> {
    let sdk = this.#sdks.get(service);
    if (sdk === undefined) this.#sdks.set(service, (sdk = loadSdk(service)));
    return sdk;
  }

  #client(service: ServiceName, { account, region }: Place): Promise<Client> {
    const key = `${account}/${region}/${service}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      const global = 'global' in SERVICES[service];
      client = this.#sdk(service).then((sdk) => {
        const config = this.#config(
          global || region === GLOBAL ? this.#reach.homeRegion : region,
          this.#accounts.get(account) ?? this.#base,
        );
        const made = new sdk.Client(
          service === 's3'
            ? {
                ...config,
                forcePathStyle: this.#reach.endpointUrl !== undefined,
                followRegionRedirects: true,
                // We check what S3 says of the bytes ourselves, with ranges and resumed objects too.
                responseChecksumValidation: 'WHEN_REQUIRED',
                requestChecksumCalculation: 'WHEN_REQUIRED',
              }
            : config,
        );
        if (service === 's3') askForChecksums(made);
        return made;
      });
      this.#clients.set(key, client);
    }
    return client;
  }

  #config(region: string, credentials: Provider): object {
    const { endpointUrl, attempts } = this.#reach;
    return {
      region,
      credentials,
      requestHandler: this.#handler,
      retryMode: 'adaptive',
      maxAttempts: attempts,
      // Without it the SDK's own rules hold: partition, region, and AWS_ENDPOINT_URL where somebody set that.
      ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    };
  }
}

/** Parameters that the SDK wants as dates; the journal has them as text. */
const DATES: ReadonlySet<string> = new Set(['StartTime', 'EndTime', 'laterTime', 'earlierTime']);

function withDates(parameters: Parameters): object {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      DATES.has(name) && typeof value === 'string' ? new Date(value) : value,
    ]),
  );
}

interface AssumedCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: Date;
}

/** Stands for "no region" in paths and the journal. */
export const GLOBAL = 'global';

const SESSION_NAME = 'exhibit-collect';

/** The header that makes S3 send an object's checksum; asked for through the SDK, the SDK would check it a second time. */
function askForChecksums(client: Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as {
        readonly request: { readonly method: string; readonly headers: Record<string, string> };
      };
      if (request.method === 'GET' || request.method === 'HEAD') {
        request.headers['x-amz-checksum-mode'] = 'ENABLED';
      }
      return next(args);
    },
    { step: 'build', name: 'askForChecksums' },
  );
}
