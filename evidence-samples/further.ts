/** The files of every log beyond CloudTrail, S3 access and VPC flow. */
import { alarmFiles } from './alarms.ts';
import { appFiles } from './apps.ts';
import { configFiles } from './config.ts';
import { damagedFiles } from './damaged.ts';
import { databaseFiles } from './databases.ts';
import { insideFiles } from './inside.ts';
import { lakeFiles } from './lakes.ts';
import { messageFiles } from './messages.ts';
import { networkFiles } from './network.ts';
import { postureFiles } from './posture.ts';
import type { SampleFile } from './sample-file.ts';
import { stateFiles } from './states.ts';
import { webFiles } from './web.ts';
import type { World } from './world.ts';

/** Made once per run: each part draws from streams of its own. */
export function furtherFiles(world: World): SampleFile[] {
  const files = [
    ...webFiles(),
    ...networkFiles(world),
    ...alarmFiles(world),
    ...postureFiles(world),
    ...configFiles(),
    ...stateFiles(),
    ...insideFiles(world),
    ...databaseFiles(),
    ...appFiles(),
    ...lakeFiles(world),
    ...messageFiles(world),
  ];
  return [...files, ...damagedFiles(files)];
}
