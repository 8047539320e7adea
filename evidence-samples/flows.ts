/** Network flows: ordinary traffic at home, knocking on closed ports, and the copy that leaves from sa-east-1. */
import { ADDRESS, FAR, HOME, HOST } from './cast.ts';
import type { ExportObject } from './days.ts';
import { DIRECT_OBJECTS, MOMENT } from './night.ts';
import { randomStream } from './random.ts';
import type { Flow, World } from './world.ts';

const random = randomStream('flows');
/** Flow logs were copied from 2026-09-16 on. */
const FROM = Date.UTC(2026, 8, 16) / 1000;
/** DeleteFlowLogs at 01:24. */
const UNTIL = Date.UTC(2026, 8, 18, 1, 24) / 1000;
const SYN = 2;
const SYN_ACK = 18;

type Place = Pick<Flow, 'eni' | 'instance' | 'region'>;
const place = (host: { eni: string; instance: string }, region: string): Place => ({
  eni: host.eni,
  instance: host.instance,
  region,
});

/** Both directions of one conversation in one capture window; the bytes are those of the request and of the answer. */
function conversation(
  world: World,
  at: Place,
  start: number,
  seconds: number,
  client: string,
  server: string,
  port: number,
  up: number,
  down: number,
  clientInside: boolean,
): void {
  const clientPort = random.int(32768, 60999);
  const span = { start, end: start + seconds, ...at, action: 'ACCEPT' } as const;
  const packets = (bytes: number): number => Math.max(4, Math.ceil(bytes / 1420));
  world.flow(
    {
      ...span,
      source: client,
      target: server,
      sourcePort: clientPort,
      targetPort: port,
      packets: packets(up),
      bytes: up,
      flags: SYN | 1,
      direction: clientInside ? 'egress' : 'ingress',
    },
    {
      ...span,
      source: server,
      target: client,
      sourcePort: port,
      targetPort: clientPort,
      packets: packets(down),
      bytes: down,
      flags: SYN_ACK | 1,
      direction: clientInside ? 'ingress' : 'egress',
    },
  );
}

function refused(
  world: World,
  at: Place,
  start: number,
  source: string,
  target: string,
  port: number,
): void {
  const packets = random.int(1, 3);
  world.flow({
    start,
    end: start + random.int(20, 58),
    ...at,
    source,
    target,
    sourcePort: random.int(40000, 61000),
    targetPort: port,
    packets,
    bytes: packets * 44,
    action: 'REJECT',
    flags: SYN,
    direction: 'ingress',
  });
}

function home(world: World): void {
  for (let start = FROM; start < UNTIL; start += 2400) {
    for (const host of HOST.orders) {
      const at = place(host, HOME);
      conversation(
        world,
        at,
        start + random.int(0, 59),
        58,
        host.address,
        ADDRESS.database,
        5432,
        random.int(20_000, 90_000),
        random.int(200_000, 900_000),
        true,
      );
      conversation(
        world,
        at,
        start + random.int(60, 119),
        57,
        `10.20.1.${String(random.int(40, 60))}`,
        host.address,
        8080,
        random.int(4_000, 30_000),
        random.int(40_000, 300_000),
        false,
      );
    }
    if (random.chance(0.4))
      refused(
        world,
        place(HOST.bastion, HOME),
        start + random.int(0, 500),
        `198.51.100.${String(random.int(210, 250))}`,
        ADDRESS.bastion,
        random.pick([23, 80, 445, 5060, 8080]),
      );
  }
  // The evening before: somebody tries the doors, methodically.
  const evening = Date.UTC(2026, 8, 17, 19, 42) / 1000;
  for (let i = 0; i < 56; i += 1) {
    const start = evening + i * 170 + random.int(0, 90);
    refused(
      world,
      place(i % 5 === 4 ? (HOST.orders[i % 2] ?? HOST.bastion) : HOST.bastion, HOME),
      start,
      i % 3 === 0 ? '203.0.113.41' : ADDRESS.attacker,
      i % 5 === 4 ? (HOST.orders[i % 2]?.address ?? '') : ADDRESS.bastion,
      i % 2 === 0 ? 22 : 3389,
    );
  }
}

function far(world: World, exports: readonly ExportObject[]): void {
  const at = place(HOST.far, FAR);
  const up = MOMENT.instanceUp / 1000;
  const down = UNTIL;
  // Robots find the new address within minutes.
  for (let i = 0; i < 9; i += 1)
    refused(
      world,
      at,
      up + random.int(60, 3200),
      `198.51.100.${String(random.int(210, 250))}`,
      ADDRESS.farPrivate,
      random.pick([22, 23, 3389]),
    );
  const total = exports.slice(DIRECT_OBJECTS).reduce((sum, object) => sum + object.size, 0);
  const start = MOMENT.copyStart / 1000;
  const minutes = Math.floor((MOMENT.copyEnd - MOMENT.copyStart) / 60_000);
  let left = total;
  for (let minute = 0; minute < minutes; minute += 1) {
    const last = minute === minutes - 1;
    const share = last
      ? left
      : Math.min(left, Math.round((total / minutes) * (random.int(80, 120) / 100)));
    left -= share;
    const from = start + minute * 60;
    conversation(
      world,
      at,
      from,
      59,
      ADDRESS.farPrivate,
      ADDRESS.s3,
      443,
      Math.round(share / 90),
      Math.round(share * 1.02),
      true,
    );
    conversation(
      world,
      at,
      from + 2,
      57,
      ADDRESS.farPrivate,
      ADDRESS.drop,
      443,
      Math.round(share * 1.03),
      Math.round(share / 110),
      true,
    );
  }
  for (let from = up + 95; from < down - 60; from += 240) {
    conversation(
      world,
      at,
      from,
      58,
      ADDRESS.attacker,
      ADDRESS.farPrivate,
      22,
      random.int(2_000, 9_000),
      random.int(3_000, 40_000),
      false,
    );
  }
}

/** Adds the flows to the world. */
export function flows(world: World, exports: readonly ExportObject[]): void {
  home(world);
  far(world, exports);
}
