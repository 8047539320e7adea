/** Times that name a month and a day and no year: the year is inferred, and said to be. */
import { formatUs, logTime } from '../core/time.ts';
import type { Column, Head, RowOut } from './source.ts';

/** Where the year of a time comes from. */
export type YearFrom = 'line' | 'log event' | 'file name' | 'file time';

/** The column that says it. */
export const YEAR_FROM: Column = {
  name: 'year_from',
  type: 'TEXT',
  about:
    'What the year of the time comes from: line, log event, file name, file time (when the file was last changed).',
};

/** A date in the name of a file or folder, as log rotation and exports write it: the lines are not later than it. */
const DATED = /(?:^|[^0-9])(20\d\d)[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])(?![0-9])/g;

const DAY_US = 86_400_000_000;

/** The latest time that lines without a year can have, and what says so. */
interface Anchor {
  readonly us: number;
  readonly from: Exclude<YearFrom, 'line'>;
}

/**
 * In this order: the log event that carries the line, the last date in the path, when the file was last changed. A day is
 * added: clocks differ, and lines are in the zone of their machine.
 */
function anchorOf(head: Head): Anchor | undefined {
  if (head.carrierUs !== undefined) return { us: head.carrierUs + DAY_US, from: 'log event' };
  const date = [...head.path.matchAll(DATED)].at(-1);
  const day = date === undefined ? '' : `${String(date[1])}-${String(date[2])}-${String(date[3])}`;
  const dated = logTime(`${day}T23:59:59Z`);
  if (dated !== undefined) return { us: dated + DAY_US, from: 'file name' };
  return head.changedUs === undefined || head.changedUs <= 0
    ? undefined
    : { us: head.changedUs + DAY_US, from: 'file time' };
}

/** Years that are tried: 29 February is in one of eight at least. */
const YEARS = 9;

/** The last time of that day and clock which exists and is not after `latestUs`. */
function timeBefore(monthDay: string, clock: string, latestUs: number): number | undefined {
  const latest = Number(formatUs(latestUs).slice(0, 4));
  for (let year = latest; year > latest - YEARS; year--) {
    const timeUs = logTime(`${String(year).padStart(4, '0')}-${monthDay}T${clock}Z`);
    if (timeUs !== undefined && timeUs <= latestUs) return timeUs;
  }
  return undefined;
}

/** Dates the lines of one file. */
export class Years {
  readonly #anchor: Anchor | undefined;
  readonly #what: string;
  #told = false;
  /** Time of the first line without a year, and of the one before: whether the file holds more than twelve months. */
  #firstUs: number | undefined;
  #lastUs: number | undefined;
  #tooLong = false;

  /** @param what the form whose times name no year: `RFC 3164`. */
  constructor(head: Head, what: string) {
    this.#anchor = anchorOf(head);
    this.#what = what;
  }

  /** Where years come from; undefined if nothing names one. */
  get from(): Anchor['from'] | undefined {
    return this.#anchor?.from;
  }

  /**
   * Microseconds UTC of a month and day (`11-08`) and clock (`09:00:05.123456`); notes once a file what was assumed.
   * Undefined for what is no time, or if nothing names a year.
   */
  timeOf(monthDay: string, clock: string, out: RowOut): number | undefined {
    const anchor = this.#anchor;
    if (anchor === undefined) return undefined;
    const timeUs = timeBefore(monthDay, clock, anchor.us);
    // Lines in log events have readers of their own; the carrier's time leaves nothing to guess.
    if (timeUs !== undefined && anchor.from !== 'log event') this.#tell(timeUs, anchor, out);
    return timeUs;
  }

  #tell(timeUs: number, { from, us }: Anchor, out: RowOut): void {
    if (!this.#told) {
      this.#told = true;
      const by = `the ${from}, ${formatUs(us - DAY_US).slice(0, 10)}`;
      out.anomaly(
        'assumed_time',
        `${this.#what} names no year and no zone: year by ${by}; zone UTC`,
      );
    }
    const back = this.#lastUs !== undefined && timeUs < this.#lastUs - 180 * DAY_US;
    const before = this.#firstUs !== undefined && timeUs < this.#firstUs - 2 * DAY_US;
    if ((back || before) && !this.#tooLong) {
      this.#tooLong = true;
      const detail = 'the lines are of more than twelve months: older ones are dated too late';
      out.anomaly('assumed_time', detail);
    }
    this.#firstUs ??= timeUs;
    this.#lastUs = timeUs;
  }
}
