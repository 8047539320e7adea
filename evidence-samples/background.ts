/** Four and a half ordinary days: deployments, people, machines and AWS services at work. */
import { ADDRESS, AGENT, BUCKET, GLOBAL, HOME, PROD, USER } from './cast.ts';
import { randomStream } from './random.ts';
import { PLACE, consoleLogin, trailEvent } from './trail.ts';
import { type World } from './world.ts';
import { DAY, HOUR, MINUTE, START, type ExportObject } from './days.ts';
import { deployment, developer, person, support } from './people.ts';
import { instances, nightlyExport, services, visitors } from './machines.ts';

/** Fills the world with ordinary work until `end`; returns the exports written before the night of the intrusion. */
export function background(world: World, end: number): readonly ExportObject[] {
  const random = randomStream('background');
  const exports: ExportObject[] = [];
  let run = 5301;
  for (let day = START; day < end; day += DAY) {
    const night = nightlyExport(world, random, day);
    if (day === START + 4 * DAY) break;
    exports.push(...night);
    for (let i = 0; i < 5; i += 1) {
      deployment(world, random, day + (8 + 2 * i) * HOUR + random.int(0, 80) * MINUTE, run);
      run += random.int(3, 17);
    }
    person(world, random, day, USER.amara, PLACE.amara, 24);
    developer(world, random, day);
    support(world, random, day, exports);
  }
  // The owner's yearly look at the bill: a root sign-in that is what it seems.
  const root = START + 9 * HOUR + 41 * MINUTE;
  world.event(
    trailEvent({
      at: root,
      account: PROD,
      region: GLOBAL,
      service: 'signin',
      name: 'ConsoleLogin',
      ip: ADDRESS.officeAmara6,
      agent: AGENT.chrome,
      write: true,
      type: 'AwsConsoleSignIn',
      caller: {
        kind: 'literal',
        identity: {
          type: 'Root',
          principalId: PROD,
          arn: `arn:aws:iam::${PROD}:root`,
          accountId: PROD,
        },
      },
      response: { ConsoleLogin: 'Success' },
      more: {
        LoginTo: 'https://console.aws.amazon.com/billing/home',
        MobileVersion: 'No',
        MFAIdentifier: `arn:aws:iam::${PROD}:mfa/root-account-mfa-device`,
        MFAUsed: 'Yes',
      },
    }),
  );
  // The day before: log file validation is switched on for both trails.
  const validation = START + 3 * DAY + 11 * HOUR + 47 * MINUTE;
  const admin = consoleLogin(
    validation - 20 * MINUTE,
    USER.amara,
    ADDRESS.officeAmara6,
    AGENT.chrome,
    true,
  );
  world.event(admin.event);
  world.event(
    trailEvent({
      at: validation,
      account: PROD,
      region: HOME,
      service: 'cloudtrail',
      name: 'UpdateTrail',
      caller: admin.session,
      ip: ADDRESS.officeAmara6,
      agent: AGENT.chrome,
      write: true,
      params: {
        name: `arn:aws:cloudtrail:${HOME}:${PROD}:trail/main`,
        enableLogFileValidation: true,
      },
      response: {
        name: 'main',
        s3BucketName: BUCKET.trail,
        includeGlobalServiceEvents: true,
        isMultiRegionTrail: true,
        trailARN: `arn:aws:cloudtrail:${HOME}:${PROD}:trail/main`,
        logFileValidationEnabled: true,
        isOrganizationTrail: false,
      },
    }),
  );
  instances(world, random, START, end);
  services(world, random, START, end);
  visitors(world, random, START, end);
  return exports;
}
