/** The services that are asked: their package of the SDK, their name in IAM's policies, and the form of their answers. */

interface Service {
  /** `@aws-sdk/client-<this>`. */
  readonly sdk: string;
  /** Prefix of its actions in a policy (Service Authorization Reference). */
  readonly iam: string;
  /** Ending of the file that an answer is kept in. */
  readonly ending: 'json' | 'xml';
  /** One endpoint for the whole partition. */
  readonly global?: true;
}

/** By the name that files and the journal use. */
export const SERVICES = {
  s3: { sdk: 's3', iam: 's3', ending: 'xml' },
  sts: { sdk: 'sts', iam: 'sts', ending: 'xml' },
  cloudtrail: { sdk: 'cloudtrail', iam: 'cloudtrail', ending: 'json' },
  logs: { sdk: 'cloudwatch-logs', iam: 'logs', ending: 'json' },
  events: { sdk: 'eventbridge', iam: 'events', ending: 'json' },
  config: { sdk: 'config-service', iam: 'config', ending: 'json' },
  guardduty: { sdk: 'guardduty', iam: 'guardduty', ending: 'json' },
  securityhub: { sdk: 'securityhub', iam: 'securityhub', ending: 'json' },
  inspector2: { sdk: 'inspector2', iam: 'inspector2', ending: 'json' },
  macie2: { sdk: 'macie2', iam: 'macie2', ending: 'json' },
  accessanalyzer: { sdk: 'accessanalyzer', iam: 'access-analyzer', ending: 'json' },
  ec2: { sdk: 'ec2', iam: 'ec2', ending: 'xml' },
  elb: { sdk: 'elastic-load-balancing', iam: 'elasticloadbalancing', ending: 'xml' },
  elbv2: { sdk: 'elastic-load-balancing-v2', iam: 'elasticloadbalancing', ending: 'xml' },
  iam: { sdk: 'iam', iam: 'iam', ending: 'xml', global: true },
  organizations: { sdk: 'organizations', iam: 'organizations', ending: 'json', global: true },
  route53: { sdk: 'route-53', iam: 'route53', ending: 'xml', global: true },
  wafv2: { sdk: 'wafv2', iam: 'wafv2', ending: 'json' },
} as const satisfies Readonly<Record<string, Service>>;

/** A name of {@link SERVICES}. */
export type ServiceName = keyof typeof SERVICES;

/** A client of the SDK. */
export interface Client {
  readonly send: (
    command: object,
    options?: { readonly abortSignal?: AbortSignal },
  ) => Promise<unknown>;
  readonly destroy: () => void;
  readonly middlewareStack: {
    readonly add: (
      middleware: (next: (args: unknown) => unknown) => (args: unknown) => unknown,
      options: object,
    ) => void;
  };
}

type Made<T> = new (input: object) => T;

/** The SDK of one service. */
export interface Sdk {
  readonly Client: Made<Client>;
  readonly command: (operation: string, input: object) => object;
}

/**
 * Loads the SDK of a service. By a name that is made here, for the compiler would otherwise read the types of all 18, of
 * which nothing is used: tables name operations as text. A test makes every command of the tables once.
 */
export async function loadSdk(name: ServiceName): Promise<Sdk> {
  const loaded = (await import(`@aws-sdk/client-${SERVICES[name].sdk}`)) as {
    readonly default?: unknown;
  };
  // CommonJS below: all exports are members of the default one.
  const all = (loaded.default ?? loaded) as Readonly<Record<string, Made<object> | undefined>>;
  const client = Object.keys(all).find((key) => /^[A-Z]\w*Client$/.test(key));
  const made = client === undefined ? undefined : all[client];
  if (made === undefined) throw new TypeError(`no client in the SDK of ${name}`);
  return {
    Client: made as Made<Client>,
    command: (operation, input) => {
      const Command = all[`${operation}Command`];
      if (Command === undefined) throw new TypeError(`${name} has no operation ${operation}`);
      return new Command(input);
    },
  };
}
