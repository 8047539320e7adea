/** `exhibit timeline`: events of all sources in the order of time. */
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import { recordTimeline, timeline } from '../../app/timeline.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT } from '../../core/errors.ts';
import { eventOptions, filterOf, limitOf, printEvents, type EventFlags } from '../events.ts';
import { noteRun } from '../formats.ts';
import { findCase } from '../options.ts';

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  eventOptions(
    program.command('timeline').description('events of all sources in the order of time'),
  ).action(async (flags: EventFlags) => {
    const target = await openCase(findCase(flags, fx));
    const limit = limitOf(flags);
    const filter = filterOf(flags);
    const record =
      flags.record === true ? await recordTimeline(target, fx, filter, limit) : undefined;
    const runs = record === undefined ? undefined : [record.run_id];
    const count = printEvents(timeline(target, filter, limit), flags, fx, false, runs);
    if (flags.quiet !== true) {
      const more = limit > 0 && count === limit ? '; there may be more: --limit 0 shows all' : '';
      fx.err.write(`${String(count)} events${more}\n`);
    }
    if (record !== undefined) noteRun(fx, flags.quiet, record.run_id);
    done(EXIT.ok);
  });
}
