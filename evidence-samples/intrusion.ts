/** The night of 17 to 18 September 2026. README.md tells it in prose. */
import { type World } from './world.ts';
import { type ExportObject } from './days.ts';
import { persistence, reconnaissance, roleChain } from './entry.ts';
import { exfiltration, farInstance } from './theft.ts';
import { backdoors } from './backdoors.ts';
import { blinding, inTheDark, response } from './cover.ts';

/** Adds the intrusion to the world. */
export function intrusion(world: World, exports: readonly ExportObject[]): void {
  reconnaissance(world);
  persistence(world);
  const sessions = roleChain(world);
  farInstance(world);
  exfiltration(world, sessions, exports);
  blinding(world);
  inTheDark(world);
  response(world);
  // Last, although it happened before: what is drawn for the other acts stays as it is.
  backdoors(world);
}
