/** Times as AWS writes them for people in the answers that CloudTrail keeps: `Jul 10, 2023, 12:17:54 PM`. */
import { parseRfc3339 } from '../core/time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
// Records before 2021 have no comma behind the year; newer Java puts U+202F before AM and PM.
const PEOPLE = /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)[ \u202f]([AP])M$/;

/** Microseconds UTC of such a time, or of an RFC 3339 one; undefined for anything else. */
export function peopleTime(text: string): number | undefined {
  const [, month = '', day = '', year = '', hour = '', minute = '', second = '', half] =
    PEOPLE.exec(text) ?? [];
  if (half === undefined) return parseRfc3339(text);
  const hours = Number(hour);
  const at = MONTHS.indexOf(month) + 1;
  if (hours < 1 || hours > 12 || at === 0) return undefined;
  const two = (value: number | string): string => String(value).padStart(2, '0');
  return parseRfc3339(
    `${year}-${two(at)}-${two(day)}T${two((hours % 12) + (half === 'P' ? 12 : 0))}:${minute}:${second}Z`,
  );
}
