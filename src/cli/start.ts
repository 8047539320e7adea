/** Entry point: real effects, the exit status of the process. bin/exhibit starts it under the pinned Node. */
import { realEffects } from './effects.ts';
import { run } from './main.ts';

process.exitCode = await run(process.argv.slice(2), realEffects());

// A query that was given up may go on inside SQLite, where no thread can be ended; by now the error has been printed.
const PATIENCE_MS = 1000;
setTimeout(() => {
  process.kill(process.pid, 'SIGKILL');
}, PATIENCE_MS).unref();
