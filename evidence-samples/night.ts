/** What the acts of the intrusion share: moments, places, and how a call or a refusal is written. */
import { ADDRESS, AGENT, HOME, PROD } from './cast.ts';
import { randomStream } from './random.ts';
import { trailEvent, type Call, type Caller } from './trail.ts';
import { type World } from './world.ts';

/** Choices of the night, one stream for all acts. */
export const random = randomStream('intrusion');
/** The attacker at a command line. */
export const CLI = { ip: ADDRESS.attacker, agent: AGENT.attackerCli } as const;
/** The attacker in a browser. */
export const WEB = { ip: ADDRESS.attackerBrowser, agent: AGENT.attackerBrowser } as const;
/** The user whose key leaked. */
export const ME = `arn:aws:iam::${PROD}:user/ci-deploy`;

/** `at('17 22:41:07')`: day of September 2026 and time, UTC. */
export function at(text: string): number {
  return Date.UTC(
    2026,
    8,
    Number(text.slice(0, 2)),
    Number(text.slice(3, 5)),
    Number(text.slice(6, 8)),
    Number(text.slice(9, 11)),
  );
}

/** Moments that other generators and the tests need. */
export const MOMENT = {
  firstUse: at('17 22:41:07'),
  instanceUp: at('18 00:24:40'),
  copyStart: at('18 00:31:05'),
  copyEnd: at('18 01:16:30'),
  stopLogging: at('18 01:26:44'),
  startLogging: at('18 07:04:19'),
  end: at('18 09:30:00'),
} as const;

/** How many objects go straight to the attacker before the instance takes over. */
export const DIRECT_OBJECTS = 24;

type Step = Partial<Call> & {
  readonly at: number;
  readonly service: string;
  readonly name: string;
  readonly caller: Caller;
};

/** A call in the production account at home, by command line, unless the step says otherwise. */
export function call(world: World, step: Step): void {
  world.event(trailEvent({ account: PROD, region: HOME, ...CLI, ...step }));
}

/** Code and message of a refusal, as the service words it. */
export function denied(
  service: string,
  action: string,
  resource = '*',
  who = ME,
): readonly [string, string] {
  return service === 'ec2'
    ? [
        'Client.UnauthorizedOperation',
        `You are not authorized to perform this operation. User: ${who} is not authorized to perform: ec2:${action} because no identity-based policy allows the ec2:${action} action`,
      ]
    : [
        'AccessDenied',
        `User: ${who} is not authorized to perform: ${service}:${action} on resource: ${resource} because no identity-based policy allows the ${service}:${action} action`,
      ];
}
