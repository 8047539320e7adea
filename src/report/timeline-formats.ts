/**
 * A time line in the forms that other tools read without a change: Timesketch's CSV and JSONL, and plaso's l2tcsv and
 * json_line. All of them are derived views for people and programs; the exact bytes are found by `row`.
 */
import type { CanonicalCell } from '../query/canonical.ts';
import { csvPieces } from './csv.ts';

/** The forms, by the name of `--format`. */
export const TIMELINE_FORMATS = [
  'timesketch-csv',
  'timesketch-jsonl',
  'l2tcsv',
  'plaso-jsonl',
] as const;

/** One of {@link TIMELINE_FORMATS}. */
export type TimelineFormat = (typeof TIMELINE_FORMATS)[number];

/** Something that happened at a time: an event, or a finding. */
export interface TimelineEntry {
  /** Microseconds UTC. */
  readonly timeUs: number;
  /** One sentence. */
  readonly message: string;
  /** What the time is: `Event Time`, `Finding Time`. */
  readonly timestampDesc: string;
  /** Source table, such as `cloudtrail`. */
  readonly source: string;
  /** Row for `show`: `cloudtrail:268435457`. */
  readonly row: string;
  readonly user?: string | null;
  /** Address or machine that it came from. */
  readonly host?: string | null;
  /** File of the evidence, where it is known. */
  readonly file?: string | null;
  /** Timesketch's labels. */
  readonly tags?: readonly string[];
  /** Further columns, those of `fieldNames`. */
  readonly fields: Readonly<Record<string, string | number | null | undefined>>;
}

/**
 * The entries in a form, in pieces of bounded size, while they come.
 * @param fieldNames members of `fields` that are written, in the order of the columns; the same for all entries.
 */
export function timelinePieces(
  format: TimelineFormat,
  entries: Iterable<TimelineEntry>,
  fieldNames: readonly string[],
): Iterable<string> {
  switch (format) {
    case 'timesketch-csv':
      return csvPieces(timesketchColumns(fieldNames), timesketchRows(entries, fieldNames));
    case 'timesketch-jsonl':
      return jsonLines(entries, (entry) => timesketchObject(entry, fieldNames));
    case 'l2tcsv':
      return l2tLines(entries, fieldNames);
    case 'plaso-jsonl':
      return jsonLines(entries, (entry) => plasoObject(entry, fieldNames));
  }
}

// Timesketch User Guide, "Create timeline from JSON/JSONL/CSV file": mandatory are message, datetime (ISO 8601) and
// timestamp_desc; timestamp is microseconds; `tag` is a list, in CSV as JSON.
function timesketchColumns(fieldNames: readonly string[]): readonly string[] {
  return ['message', 'timestamp', 'datetime', 'timestamp_desc', 'data_type', 'tag', ...fieldNames];
}

function* timesketchRows(
  entries: Iterable<TimelineEntry>,
  fieldNames: readonly string[],
): Generator<readonly CanonicalCell[]> {
  for (const entry of entries) {
    yield [
      entry.message,
      { i: String(entry.timeUs) },
      isoMicroseconds(entry.timeUs),
      entry.timestampDesc,
      dataType(entry),
      JSON.stringify(entry.tags ?? []),
      ...fieldNames.map((name): CanonicalCell => {
        const value = entry.fields[name] ?? null;
        return typeof value === 'number' ? { i: String(value) } : value;
      }),
    ];
  }
}

function timesketchObject(entry: TimelineEntry, fieldNames: readonly string[]): object {
  return {
    message: entry.message,
    timestamp: entry.timeUs,
    datetime: isoMicroseconds(entry.timeUs),
    timestamp_desc: entry.timestampDesc,
    data_type: dataType(entry),
    ...(entry.tags === undefined ? {} : { tag: entry.tags }),
    ...given(entry, fieldNames),
  };
}

// plaso, plaso/output/shared_json.py: members of an event, sorted by name. It has no file system to point into, so there
// is no pathspec.
function plasoObject(entry: TimelineEntry, fieldNames: readonly string[]): object {
  const members: Readonly<Record<string, unknown>> = {
    ...given(entry, fieldNames),
    __container_type__: 'event',
    __type__: 'AttributeContainer',
    data_type: dataType(entry),
    date_time: {
      __class_name__: 'PosixTimeInMicroseconds',
      __type__: 'DateTimeValues',
      timestamp: entry.timeUs,
    },
    display_name: entry.file ?? entry.row,
    filename: entry.file ?? entry.row,
    hostname: entry.host ?? '-',
    inode: '-',
    message: entry.message,
    parser: `exhibit/${entry.source}`,
    timestamp: entry.timeUs,
    timestamp_desc: entry.timestampDesc,
    username: entry.user ?? '-',
    ...(entry.tags === undefined
      ? {}
      : {
          tag: {
            __container_type__: 'event_tag',
            __type__: 'AttributeContainer',
            labels: entry.tags,
          },
        }),
  };
  return Object.fromEntries(
    Object.keys(members)
      .sort()
      .map((name) => [name, members[name]]),
  );
}

// plaso, plaso/output/l2t_csv.py: 17 fields, date as MM/DD/YYYY.
const L2T_FIELDS = [
  ...['date', 'time', 'timezone', 'MACB', 'source', 'sourcetype', 'type', 'user', 'host', 'short'],
  ...['desc', 'version', 'filename', 'inode', 'notes', 'format', 'extra'],
];

/** Characters of `short`, as plaso cuts it. */
const SHORT = 80;

function* l2tLines(
  entries: Iterable<TimelineEntry>,
  fieldNames: readonly string[],
): Generator<string> {
  yield `${L2T_FIELDS.join(',')}\n`;
  for (const entry of entries) {
    const iso = isoMicroseconds(entry.timeUs);
    const extra = fieldNames.flatMap((name) => {
      const value = entry.fields[name];
      return value === undefined || value === null ? [] : [`${name}: ${String(value)}`];
    });
    const fields = [
      `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)}`,
      iso.slice(11, 19),
      'UTC',
      '....',
      'LOG',
      `AWS ${entry.source}`,
      entry.timestampDesc,
      entry.user ?? '-',
      entry.host ?? '-',
      Array.from(entry.message).slice(0, SHORT).join(''),
      entry.message,
      '2',
      entry.file ?? entry.row,
      '-',
      (entry.tags ?? []).length === 0 ? '-' : (entry.tags ?? []).join(' '),
      `exhibit/${entry.source}`,
      extra.join('; '),
    ];
    yield `${fields.map(l2tField).join(',')}\n`;
  }
}

/**
 * plaso writes no quotes and puts a blank for a comma in a field, and its readers split at commas. A quote would begin a
 * quoted field for a reader that follows RFC 4180, so it becomes an apostrophe; both kinds of readers see 17 fields.
 */
function l2tField(text: string): string {
  return text.replace(/[,\r\n\u2028\u2029]+/g, ' ').replaceAll('"', "'");
}

function* jsonLines(
  entries: Iterable<TimelineEntry>,
  object: (entry: TimelineEntry) => object,
): Generator<string> {
  for (const entry of entries) yield `${JSON.stringify(object(entry))}\n`;
}

function given(
  entry: TimelineEntry,
  fieldNames: readonly string[],
): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    fieldNames.flatMap((name): [string, string | number][] => {
      const value = entry.fields[name];
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

function dataType(entry: TimelineEntry): string {
  return `exhibit:${entry.source}`;
}

/** Always six digits and an offset: pandas, by which Timesketch reads CSV, expects one form in all rows of a chunk. */
function isoMicroseconds(timeUs: number): string {
  const microseconds = ((timeUs % 1_000_000) + 1_000_000) % 1_000_000;
  const base = new Date((timeUs - microseconds) / 1000).toISOString().slice(0, 19);
  return `${base}.${String(microseconds).padStart(6, '0')}+00:00`;
}
