/** Entry point: real effects, the exit status of the process. bin/exhibit starts it under the pinned Node. */
import { realEffects } from './effects.ts';
import { leaveStuck } from './leave.ts';
import { run } from './main.ts';

const status = await run(process.argv.slice(2), realEffects());
process.exitCode = status;

// A query that was given up may go on inside SQLite, where no thread can be ended; by now the error has been printed.
const PATIENCE_MS = 500;
setTimeout(() => {
  leaveStuck(status);
}, PATIENCE_MS).unref();
