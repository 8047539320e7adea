/** Entry point: real effects, the exit status of the process. bin/exhibit starts it under the pinned Node. */
import { realEffects } from './effects.ts';
import { run } from './main.ts';

process.exitCode = await run(process.argv.slice(2), realEffects());
