/** Entry point: real effects, the exit status of the process. bin/exhibit starts it under the pinned Node. */
import { realEffects } from './effects.ts';
import { isSupervised, leaveStuck } from './leave.ts';
import { run } from './main.ts';

const status = await run(process.argv.slice(2), realEffects());
process.exitCode = status;

// A query that was given up may go on inside SQLite, where no thread can be ended; by now the error has been printed. Only verbs
// that can be given up are ended so: to others a busy machine may give no time for half a second.
const PATIENCE_MS = 500;
if (isSupervised()) {
  setTimeout(() => {
    leaveStuck(status);
  }, PATIENCE_MS).unref();
}
