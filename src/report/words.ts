/** Numbers and nouns as the report writes them: the same on every machine and in every locale. */

/** `1,234,567`. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 file`, `1,234 files`. */
export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${number(value)} ${value === 1 ? noun : plural}`;
}

/** `3.7 MB`, beside the exact number. */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  for (; scaled >= 1000 && unit < units.length - 1; unit += 1) scaled /= 1000;
  return unit === 0 ? count(value, 'byte') : `${scaled.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `1 hour`, `3 days`. */
export function span(hours: number): string {
  return hours % 24 === 0 ? count(hours / 24, 'day') : count(hours, 'hour');
}
