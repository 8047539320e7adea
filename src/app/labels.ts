/** Labels of addresses and names: internal ranges, AWS's own ranges and services, countries and networks from given files. */
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { isObject, parseJson, type JsonValue } from '../core/json.ts';
import { internalRange, parseAddress } from '../correlate/address.ts';
import { awsRanges, type AwsRanges } from '../correlate/aws-ranges.ts';
import { readMmdb, type Mmdb } from '../correlate/mmdb.ts';
import { readGiven } from './given-file.ts';

/** Files that the user gives. */
export interface LabelFiles {
  /** ip-ranges.json of AWS. */
  readonly ipRanges?: string;
  /** MaxMind-format files: country, city, ASN. */
  readonly mmdb: readonly string[];
}

/** Degrees, for the distance between two addresses. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** What is known of values. */
export interface Labels {
  /** Labels of a value, the nearest first; none for what is neither an address nor a service. */
  readonly of: (value: string) => readonly string[];
  /** Where an address is, if a file says. */
  readonly place: (value: string) => Place | undefined;
  /** A file knows places. */
  readonly placed: boolean;
}

/** What is known without a file. */
export const NO_FILES: Labels = {
  of: (value) => labelsOf(value, undefined, []),
  place: () => undefined,
  placed: false,
};

/**
 * Reads the files.
 * @throws ExhibitError `E_READ`, `E_FORMAT` for a file that is not what it is given as.
 */
export async function labelsFrom({ ipRanges, mmdb }: LabelFiles, fx: Effects): Promise<Labels> {
  if (ipRanges === undefined && mmdb.length === 0) return NO_FILES;
  const ranges =
    ipRanges === undefined ? undefined : rangesOf(await readGiven(ipRanges, fx), ipRanges);
  const files: Mmdb[] = [];
  for (const path of mmdb) files.push(readMmdb(await readGiven(path, fx), path));
  return {
    of: (value) => labelsOf(value, ranges, files),
    place: (value) => {
      if (parseAddress(value) === undefined) return undefined;
      for (const file of files) {
        const place = placeOf(file.get(value));
        if (place !== undefined) return place;
      }
      return undefined;
    },
    placed: files.length > 0,
  };
}

function rangesOf(bytes: Uint8Array, path: string): AwsRanges {
  const ranges = awsRanges(parseJson(Buffer.from(bytes).toString('utf8')));
  if (ranges !== undefined) return ranges;
  throw new ExhibitError('E_FORMAT', 'the file is not the ip-ranges.json of AWS', {
    where: { file: path },
    hint: 'give the file that AWS publishes as https://ip-ranges.amazonaws.com/ip-ranges.json',
  });
}

function labelsOf(
  value: string,
  ranges: AwsRanges | undefined,
  files: readonly Mmdb[],
): readonly string[] {
  if (/^(?:[a-z0-9-]+\.)+amazonaws\.com(?:\.cn)?$|^AWS Internal$/.test(value))
    return ['AWS service'];
  const address = parseAddress(value);
  if (address === undefined) return [];
  const internal = internalRange(address);
  if (internal !== undefined) return [internal];
  const aws = ranges?.of(address);
  const told = files.flatMap((file) => fileLabels(file.get(value)));
  return [...(aws === undefined ? [] : [aws]), ...new Set(told)];
}

// GeoIP2 and GeoLite2 Country, City, ASN; DB-IP and IPinfo write the same or flat members.
function fileLabels(record: JsonValue | undefined): readonly string[] {
  const country =
    text(record, 'country', 'iso_code') ??
    text(record, 'registered_country', 'iso_code') ??
    text(record, 'country_code') ??
    text(record, 'country');
  const city = text(record, 'city', 'names', 'en') ?? text(record, 'city');
  const number = member(record, 'autonomous_system_number') ?? member(record, 'asn');
  const asn =
    typeof number === 'number'
      ? `AS${String(number)}`
      : typeof number === 'string'
        ? number
        : undefined;
  const name = text(record, 'autonomous_system_organization') ?? text(record, 'as_name');
  const network = [asn, name].filter((part) => part !== undefined).join(' ');
  const where = [country, city].filter((part) => part !== undefined).join(' ');
  return [where, network].filter((label) => label !== '');
}

function placeOf(record: JsonValue | undefined): Place | undefined {
  const latitude = member(record, 'location', 'latitude');
  const longitude = member(record, 'location', 'longitude');
  return typeof latitude === 'number' && typeof longitude === 'number'
    ? { latitude, longitude }
    : undefined;
}

function member(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (inner, name) => (isObject(inner) ? inner[name] : undefined),
    value,
  );
}

function text(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = member(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
