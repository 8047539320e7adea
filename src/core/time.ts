/** Times: integers of microseconds since 1970 UTC inside (`_us`), RFC 3339 UTC outside. */
import { ExhibitError } from './errors.ts';

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d))$/;

/**
 * Microseconds that are exact as a JavaScript number, which ends on 5 June 2255; `undefined` beyond. Evidence that
 * names a later time is damaged or misread: it is rejected with its bytes, never rounded.
 */
export function exactUs(timeUs: number): number | undefined {
  return Number.isSafeInteger(timeUs) ? timeUs : undefined;
}

/**
 * Strict RFC 3339 (also `+hhmm`) to microseconds UTC; digits below a microsecond are cut.
 * `undefined` when the text is not such a time, names a day that does not exist, or lies outside {@link exactUs}.
 */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    ,
    sign,
    offsetHour = '0',
    offsetMinute = '0',
  ] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (h > 23 || mi > 59 || s > 60 || Number(offsetHour) > 23 || Number(offsetMinute) > 59)
    return undefined;
  const milliseconds = Date.UTC(y, mo - 1, d, h, mi, s);
  const check = new Date(Date.UTC(y, mo - 1, d));
  if (y < 100 || check.getUTCMonth() !== mo - 1 || check.getUTCDate() !== d) return undefined;
  const offset =
    (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  return exactUs((milliseconds - offset) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)));
}

/** A time in a log: {@link parseRfc3339}, `undefined` also before 1970, from when AWS has no record. */
export function logTime(text: string): number | undefined {
  const timeUs = parseRfc3339(text);
  return timeUs === undefined || timeUs < 0 ? undefined : timeUs;
}

/**
 * A time typed by a person: RFC 3339 with a zone.
 * @throws ExhibitError `E_TIME_ZONE` for a time without zone, `E_USAGE` for anything else unreadable.
 */
export function parseUserTime(text: string): number {
  const time = parseRfc3339(text);
  if (time !== undefined) return time;
  if (parseRfc3339(`${text}Z`) !== undefined || /^\d{4}-\d\d-\d\d$/.test(text)) {
    throw new ExhibitError('E_TIME_ZONE', `the time "${text}" has no zone`, {
      hint: 'write it with its zone, for example 2026-11-24T08:00:00Z or 2026-11-24T09:00:00+01:00',
    });
  }
  throw new ExhibitError('E_USAGE', `"${text}" is not a time`, {
    hint: 'write times as RFC 3339, for example 2026-11-24T08:00:00Z',
  });
}

/** Microseconds UTC to RFC 3339: no fraction, three or six digits, as many as the value has. */
export function formatUs(timeUs: number): string {
  const microseconds = ((timeUs % 1_000_000) + 1_000_000) % 1_000_000;
  const base = new Date((timeUs - microseconds) / 1000).toISOString().slice(0, 19);
  if (microseconds === 0) return `${base}Z`;
  const digits = String(microseconds).padStart(6, '0');
  return `${base}.${digits.endsWith('000') ? digits.slice(0, 3) : digits}Z`;
}
