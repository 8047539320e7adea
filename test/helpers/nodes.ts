/** Nodes of the machine besides the pinned one: the launcher must work when one of them starts it. */
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A Node on PATH that is not this one (the machine's own, usually older), or undefined. */
export function otherNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      const file = realpathSync(join(folder, 'node'));
      const version = execFileSync(file, ['--version'], { encoding: 'utf8', env: {} }).trim();
      if (version !== process.version) return file;
    } catch {
      // No node in this folder, or not one that runs.
    }
  }
  return undefined;
}
