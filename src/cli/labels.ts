/** Flags that name files of labels for addresses. */
import type { Command } from 'commander';
import type { LabelFiles } from '../app/labels.ts';
import { repeated } from './options.ts';

/** Values of {@link labelOptions}. */
export interface LabelFlags {
  readonly ipRanges?: string;
  readonly mmdb?: readonly string[];
}

/** Adds `--ip-ranges` and `--mmdb`. */
export function labelOptions(command: Command): Command {
  return command
    .option('--ip-ranges <file>', "AWS's ip-ranges.json: which addresses are AWS's own")
    .option(
      '--mmdb <file>',
      "countries, cities or networks of addresses in MaxMind's format; may be repeated",
      repeated,
    );
}

/** The files that the flags name. */
export function labelFiles({ ipRanges, mmdb }: LabelFlags): LabelFiles {
  return { ...(ipRanges === undefined ? {} : { ipRanges }), mmdb: mmdb ?? [] };
}
