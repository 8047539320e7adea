/** Programs of the machine that some tests compare us with (openssl, GNU tar, certtool, ...). */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** True if the program is on PATH. Tests that need one that is absent skip: see {@link needs}. */
export function hasTool(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Adds to a test's name which of its tools are missing, so that a skip says why. */
export function needs(title: string, ...tools: readonly string[]): string {
  const missing = tools.filter((tool) => !hasTool(tool));
  return missing.length === 0 ? title : `${title} (SKIPPED: ${missing.join(', ')} not installed)`;
}
