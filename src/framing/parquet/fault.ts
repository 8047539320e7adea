/** What is wrong with a Parquet file. */

/** Thrown inside this folder, where reading on makes no sense, and caught by the reader of rows; never leaves the folder. */
export class ParquetFault extends Error {}

/** A number that must be a whole one between two bounds. */
export function within(value: unknown, least: number, most: number, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw new ParquetFault(`${what} is ${shown(value)}`);
  return value;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : 'missing or no number';
}
