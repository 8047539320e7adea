/** `exhibit timeline`: events of all sources in the order of time. */
import type { Command } from 'commander';
import { openCase, type Case } from '../../app/case.ts';
import { withOut } from '../../app/out-file.ts';
import {
  around,
  recordTimeline,
  timeline,
  timelineFile,
  type EventFilter,
  type TimelineFormat,
} from '../../app/timeline.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { eventFlags, filterOf, limitOf, printEvents, type EventFlags } from '../events.ts';
import {
  duration,
  isTimelineFormat,
  noteRun,
  timelineFormatOption,
  writeTimeline,
  type Format,
} from '../formats.ts';
import { commonOptions, findCase } from '../options.ts';

interface Flags extends Omit<EventFlags, 'format'> {
  readonly format: Format | TimelineFormat;
  readonly around?: string;
  readonly window?: number;
  readonly out?: string;
}

/** What `--around` shows unless `--window` says otherwise. */
const WINDOW_US = 600_000_000;

export function register(program: Command, fx: Effects, done: (status: number) => void): void {
  const command = program
    .command('timeline')
    .description('events of all sources in the order of time');
  eventFlags(timelineFormatOption(commonOptions(command)))
    .option('--around <row>', 'what happened before and after this row')
    .option('--window <time>', 'how long before and after: 500ms, 30s, 10m, 2h, 1d', duration)
    .option('--out <file>', 'write to this new file instead of stdout')
    .action(async (flags: Flags) => {
      const target = await openCase(findCase(flags, fx));
      const filter = await windowOf(target, flags);
      const limit = limitOf(flags);
      const record =
        flags.record === true ? await recordTimeline(target, fx, filter, limit) : undefined;
      const runs = record === undefined ? undefined : [record.run_id];
      const count = await withOut(flags.out, fx, (to) =>
        print(target, flags, to, filter, limit, runs),
      );
      if (flags.quiet !== true && count !== undefined) {
        const more = limit > 0 && count === limit ? '; there may be more: --limit 0 shows all' : '';
        fx.err.write(`${String(count)} events${more}\n`);
      }
      if (record !== undefined) noteRun(fx, flags.quiet, record.run_id);
      done(EXIT.ok);
    });
}

async function windowOf(target: Case, flags: Flags): Promise<EventFilter> {
  const filter = filterOf(flags);
  if (flags.around !== undefined)
    return around(target, filter, flags.around, flags.window ?? WINDOW_US);
  if (flags.window === undefined) return filter;
  throw new ExhibitError('E_USAGE', '--window says how far --around looks', {
    hint: 'give --around ROW too, or --from and --to',
  });
}

/** Prints the events; how many they were, where that is counted. */
async function print(
  target: Case,
  flags: Flags,
  fx: Effects,
  filter: EventFilter,
  limit: number,
  runs: readonly string[] | undefined,
): Promise<number | undefined> {
  const { format } = flags;
  if (flags.json !== true && isTimelineFormat(format)) {
    await writeTimeline(fx, format, timelineFile(target, format, filter, limit), flags.out);
    return undefined;
  }
  const shown = { ...flags, format: isTimelineFormat(format) ? 'json' : format } as const;
  return printEvents(timeline(target, filter, limit), shown, fx, false, runs);
}
