/**
 * What the flow logs share that are text (of VPCs and of transit gateways): rows of fields between spaces, whose names
 * and order a header line gives, or a format that was declared, or the default. Usual rows are read as bytes; the reader
 * of strings is the measure, and takes all others.
 */
import { Buffer } from 'node:buffer';
import { isAddress, isAddressBytes } from '../core/address.ts';
import { ByteRow } from '../core/byte-row.ts';
import { hash53Bytes } from '../core/hash53.ts';
import { exactUs } from '../core/time.ts';
import { lineReader } from './_lines.ts';
import type { Column, Detection, Head, RecordReader, RowOut, Value } from './source.ts';

/** What a field holds besides the dash that stands for nothing. */
const HOLDS = { text: 0, address: 1, words: 2, number: 3, seconds: 4 } as const;
type Holds = (typeof HOLDS)[keyof typeof HOLDS];

/** A field of a flow log. */
export interface FlowField {
  readonly name: string;
  readonly unit?: string;
  readonly about: string;
  readonly holds: Holds;
  /** Of a number: the largest that it can be. */
  readonly most: number;
  /** All that it can be, of `words`. */
  readonly words: readonly string[];
  /** Version of the format that brought the field, as far as AWS says so. */
  readonly since?: number;
}

const PLAIN = { most: Infinity, words: [] };

/** A field of text. */
export function textField(name: string, about: string): FlowField {
  return { ...PLAIN, name, about, holds: HOLDS.text };
}

/** An IPv4 or IPv6 address. */
export function addressField(name: string, about: string): FlowField {
  return { ...PLAIN, name, about, holds: HOLDS.address };
}

/** One of a few words. */
export function wordField(name: string, words: readonly string[], about: string): FlowField {
  return { ...PLAIN, name, about, holds: HOLDS.words, words };
}

/** A whole number, at most `most`. */
export function numberField(name: string, unit: string, about: string, most = Infinity): FlowField {
  return { ...PLAIN, name, unit, about, holds: HOLDS.number, most };
}

/** Seconds since 1970. */
export function secondsField(name: string, about: string): FlowField {
  return { ...PLAIN, name, unit: 's', about, holds: HOLDS.seconds };
}

/** A flow log. */
export interface FlowLog {
  readonly fields: readonly FlowField[];
  /** Columns of `time_us` and of the fields. */
  readonly columns: readonly Column[];
  /** Names of the fields where nothing else is said. */
  readonly defaults: readonly string[];
  /** Names in a header line; undefined if the line is none. */
  readonly header: (line: string) => readonly string[] | undefined;
  /** Account and region in the path of a file. */
  readonly path: RegExp;
}

/** Columns of a flow log. */
export function flowColumns(fields: readonly FlowField[]): readonly Column[] {
  return [
    {
      name: 'time_us',
      type: 'INTEGER',
      unit: 'us',
      about: 'start of the window; its end where the format has no start.',
    },
    ...fields.map(({ name, unit, about }): Column => {
      const column = name.replaceAll('-', '_');
      return unit === undefined
        ? { name: column, type: 'TEXT', about }
        : { name: column, type: 'INTEGER', unit, about };
    }),
  ];
}

/** `AWSLogs/ACCOUNT/vpcflowlogs/REGION/`, or its Hive form; transit gateways share it. */
export const FLOW_PATH =
  /(?:\/|^)AWSLogs\/(?:aws-account-id=)?(\d{12})\/(?:aws-service=)?vpcflowlogs\/(?:aws-region=)?([a-z0-9-]+)\//;

/** Largest port. */
export const MOST_PORT = 65_535;
/** Protocol numbers and TCP flags are octets (RFC 791 section 3.1, RFC 9293 section 3.1). */
export const MOST_OCTET = 255;

/** A line that begins with a name as fields have them, and goes on like one. */
export function mayBeHeader(line: string): boolean {
  return /^[a-z][a-z-]* [a-z]/.test(line);
}

const MOST_INTEGER = 2n ** 63n - 1n;

/** A format: the fields of a row in their order. */
class Format {
  readonly names: readonly string[];
  /** Place of each field among those of the log; -1 where it is not known. */
  readonly places: readonly number[];
  /** The row's version has to be this, or at least this. */
  readonly version: number;
  readonly versionIsExact: boolean;
  readonly unknown: readonly string[];
  /** Why no row can be read by it. */
  readonly fault: string | undefined;

  constructor(log: FlowLog, names: readonly string[]) {
    this.names = names;
    this.places = names.map((name) => log.fields.findIndex((field) => field.name === name));
    this.unknown = names.filter((_name, index) => (this.places[index] ?? -1) < 0);
    const own = this.places.flatMap((place) => log.fields[place] ?? []);
    const since = own.map((field) => field.since);
    this.version = Math.max(0, ...since.filter((version) => version !== undefined));
    this.versionIsExact = this.unknown.length === 0 && !since.includes(undefined);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    this.fault = twice === undefined ? undefined : `the format names ${twice} twice`;
  }

  /** True if a row of this format can say that it is of a version. */
  allows(version: number): boolean {
    return this.versionIsExact && this.version > 0
      ? version === this.version
      : version >= this.version;
  }
}

/** Account and region in the path of a file. */
export function ownerOf(log: FlowLog, head: Head): readonly (string | undefined)[] {
  return (log.path.exec(head.path) ?? []).slice(1);
}

/**
 * Reader of one file; it keeps the format that the last header line gave.
 * @param declared names of the fields where the file has no header.
 */
export function flowReader(log: FlowLog, head: Head, declared?: readonly string[]): RecordReader {
  const [account, region] = ownerOf(log, head);
  const place = (name: string): number => log.fields.findIndex((field) => field.name === name) + 1;
  const given: readonly (readonly [number, string | undefined])[] = [
    [place('account-id'), account],
    [place('region'), region],
  ];
  const [version, start, end] = [place('version'), place('start'), place('end')];
  let format = new Format(log, declared ?? log.defaults);
  /** By default lines may be longer: a format of one's own that begins like it. */
  let open = declared === undefined;
  let notedExtra = 0;
  let notedUnknown = format.unknown.length === 0;
  const scan = new FlowScan(log, given);
  scan.use(format);

  const map = (line: string, out: RowOut): readonly Value[] | undefined => {
    // Rows begin with a digit unless the format puts another field first.
    const first = line.charCodeAt(0);
    const names = first >= 0x61 && first <= 0x7a ? log.header(line) : undefined;
    if (names !== undefined) {
      takeHeader(names, out);
      return undefined;
    }
    const parts = line.split(' ').filter((part) => part !== '');
    if (parts.length === 0) {
      out.notARecord();
      return undefined;
    }
    const { length } = format.names;
    const extra = open && parts.length > length;
    const fault =
      format.fault ??
      (parts.length === length || extra
        ? undefined
        : `${String(parts.length)} fields where the ${open ? 'default ' : ''}format has ${String(length)}`);
    if (fault !== undefined) {
      out.reject('bad_fields', fault);
      return undefined;
    }
    const values = valuesOf(parts, extra, out);
    if (values === undefined) return undefined;
    for (const [column, text] of given) values[column] ??= text ?? null;
    note(extra ? parts.length : 0, out);
    return values;
  };

  function takeHeader(names: readonly string[], out: RowOut): void {
    if (declared !== undefined && names.join(' ') !== declared.join(' ')) {
      out.anomaly('format_differs', 'the header names other fields than the declared format');
    }
    format = new Format(log, names);
    open = false;
    notedUnknown = format.unknown.length === 0;
    scan.use(format);
    if (format.fault === undefined) out.notARecord();
    else out.reject('bad_fields', format.fault);
  }

  // Once for each header, and for each length of longer lines, is enough.
  function note(longer: number, out: RowOut): void {
    if (longer > 0 && longer !== notedExtra) {
      notedExtra = longer;
      const known = String(format.names.length);
      out.anomaly(
        'extra_fields',
        `lines of ${String(longer)} fields, of which the first ${known} are read: their format was not declared`,
      );
    }
    if (notedUnknown) return;
    notedUnknown = true;
    const unknown = format.unknown.join(' ');
    out.anomaly('extra_fields', `the format names fields that are not known: ${unknown}`);
  }

  function valuesOf(parts: readonly string[], extra: boolean, out: RowOut): Value[] | undefined {
    const values = new Array<Value>(log.columns.length).fill(null);
    for (const [index, at] of format.places.entries()) {
      const field = log.fields[at];
      const part = parts[index] ?? '-';
      if (field === undefined || part === '-') continue;
      const value = fieldValue(field, part);
      if (value === undefined) {
        const reason = field.holds === HOLDS.seconds ? 'bad_time' : 'bad_fields';
        out.reject(reason, `${field.name} is not ${expected(field)}`);
        return undefined;
      }
      values[at + 1] = value;
    }
    const said = values[version];
    if (typeof said === 'number' && !extra && !format.allows(said)) {
      const of = `${format.versionIsExact ? '' : 'at least '}${String(format.version)}`;
      out.reject('bad_fields', `a row of version ${String(said)} where the format is of ${of}`);
      return undefined;
    }
    const seconds = values[start] ?? values[end];
    const timeUs = exactUs(typeof seconds === 'number' ? seconds * 1_000_000 : NaN);
    if (timeUs === undefined) {
      out.reject(
        'bad_time',
        seconds === null || seconds === undefined
          ? 'the row has no start and no end'
          : `${String(seconds)} s is beyond the year 2255`,
      );
      return undefined;
    }
    values[0] = timeUs;
    return values;
  }

  return {
    ...lineReader(map),
    quick: (bytes, from, to, out) => {
      if (!notedUnknown) return -1;
      const stop = scan.scan(bytes, from, to);
      if (stop > 0) out.byteRow(scan.row, stop - from);
      return stop;
    },
  };
}

/** True for a line that has the fields of a format, each as it has to be. */
export function hasFields(log: FlowLog, names: readonly string[], line: string): boolean {
  const parts = line.split(' ').filter((part) => part !== '');
  return (
    parts.length === names.length &&
    names.every((name, index) => {
      const field = log.fields.find((one) => one.name === name);
      const part = parts[index] ?? '-';
      return field === undefined || part === '-' || fieldValue(field, part) !== undefined;
    })
  );
}

/** What rows of a flow log hold in whatever order: a time, and words, names or addresses that say what it is. */
const SECONDS = /^1\d{9}$/;
const VERDICT = /^(?:ACCEPT|REJECT|NODATA|SKIPDATA)$/;
const NAMED = /^(?:eni|vpc|subnet|i|tgw|tgw-attach)-[0-9a-f]{8,17}$/;

function isUnnamedRow(line: string, count: number): boolean {
  const parts = line.split(' ');
  if (parts.length !== count || !parts.some((part) => SECONDS.test(part))) return false;
  const addresses = parts.filter(isAddress).length;
  return addresses > 1 || parts.some((part) => VERDICT.test(part) || NAMED.test(part));
}

/**
 * No claim, but a reason: lines that look like rows of a flow log in an order that nobody told. Which number is a port and
 * which a count of bytes, the rows do not say.
 */
export function unnamedRows(head: Head, lines: readonly string[]): Detection | undefined {
  if (head.inside === true) return undefined;
  const count = lines[0]?.split(' ').length ?? 0;
  if (count < 3 || !lines.every((line) => isUnnamedRow(line, count))) return undefined;
  return {
    confidence: 0,
    reason: `its lines look like rows of a flow log of ${String(count)} fields without a header: say their order with \`import --vpc-format\`, as \`aws ec2 describe-flow-logs\` prints it in LogFormat`,
    shape: 'unnamed',
  };
}

/** A field's value; undefined if it is none. */
export function fieldValue(field: FlowField, part: string): Value | undefined {
  switch (field.holds) {
    case HOLDS.text:
      return part;
    case HOLDS.address:
      return isAddress(part) ? part : undefined;
    case HOLDS.words:
      return field.words.includes(part) ? part : undefined;
    case HOLDS.number:
    case HOLDS.seconds: {
      if (!/^\d{1,19}$/.test(part)) return undefined;
      // Exact: above 2^53 as bigint, as far as 64 bits go.
      const value = part.length < 16 ? Number(part) : BigInt(part);
      return value <= field.most && value <= MOST_INTEGER ? value : undefined;
    }
  }
}

/** What a field holds, for messages. */
export function expected({ holds, most, words }: FlowField): string {
  switch (holds) {
    case HOLDS.text:
      return 'a text';
    case HOLDS.address:
      return 'an address';
    case HOLDS.words:
      return words.join(' or ');
    case HOLDS.number:
    case HOLDS.seconds:
      return most === Infinity ? 'a number' : `a number up to ${String(most)}`;
  }
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const DASH = 0x2d;
const ZERO = 0x30;
const DECLINED = -1;
/** Digits of a number that is always exact. */
const SAFE_DIGITS = 15;

/** What bytes may stand in a field that holds text, or an address. */
const IN_TEXT = 1;
const IN_ADDRESS = 2;
const CLASS = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte++) {
  CLASS[byte] = IN_TEXT | (/[0-9a-fA-F.:]/.test(String.fromCharCode(byte)) ? IN_ADDRESS : 0);
}

/** True for a text of small letters and dashes alone: a header line begins so. */
function mayBeName(bytes: Buffer, from: number, to: number): boolean {
  if ((bytes[from] ?? 0) < 0x61) return false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== DASH && (byte < 0x61 || byte > 0x7a)) return false;
  }
  return true;
}

/** Reads usual rows of a format: ASCII, a space between fields, `\n` behind. */
class FlowScan {
  readonly row: ByteRow;
  readonly #log: FlowLog;
  readonly #given: readonly (readonly [column: number, text: Buffer])[];
  readonly #start: number;
  readonly #end: number;
  // By field of the format.
  #count = 0;
  #holds = new Uint8Array();
  #columns = new Int32Array();
  #least = new Float64Array();
  #most = new Float64Array();
  #words: readonly (readonly Buffer[])[] = [];

  constructor(log: FlowLog, given: readonly (readonly [number, string | undefined])[]) {
    this.#log = log;
    // One place more, for fields that are not known.
    this.row = new ByteRow(log.columns.length + 1);
    this.#given = given.flatMap(([column, text]) =>
      text === undefined ? [] : [[column, Buffer.from(text)] as const],
    );
    this.#start = log.fields.findIndex(({ name }) => name === 'start') + 1;
    this.#end = log.fields.findIndex(({ name }) => name === 'end') + 1;
  }

  /** The rows that follow have this format. */
  use(format: Format): void {
    const fields = format.places.map((place) => this.#log.fields[place]);
    this.#count = format.fault === undefined ? fields.length : 0;
    this.#columns = Int32Array.from(format.places, (place) =>
      place < 0 ? this.#log.columns.length : place + 1,
    );
    this.#holds = Uint8Array.from(fields, (field) => field?.holds ?? HOLDS.text);
    const versions = (field: FlowField | undefined): boolean => field?.name === 'version';
    this.#least = Float64Array.from(fields, (field) => (versions(field) ? format.version : 0));
    this.#most = Float64Array.from(fields, (field) =>
      versions(field) && format.versionIsExact && format.version > 0
        ? format.version
        : (field?.most ?? 0),
    );
    this.#words = fields.map((field) => (field?.words ?? []).map((word) => Buffer.from(word)));
  }

  /** Reads the row that begins at `start`: the place of its `\n`, negative if it is declined. */
  scan(bytes: Buffer, start: number, end: number): number {
    const { row } = this;
    row.reset(bytes);
    const count = this.#count;
    let at = start;
    for (let field = 0; field < count; field++) {
      const holds = this.#holds[field] ?? HOLDS.text;
      const column = this.#columns[field] ?? 0;
      const from = at;
      let byte = bytes[at] ?? 0;
      if (holds >= HOLDS.number) {
        let value = 0;
        while (byte >= ZERO && byte <= ZERO + 9) {
          value = value * 10 + (byte - ZERO);
          byte = bytes[++at] ?? 0;
        }
        if (at > from) {
          if (at - from > SAFE_DIGITS || value > (this.#most[field] ?? 0)) return DECLINED;
          if (value < (this.#least[field] ?? 0)) return DECLINED;
          row.setNumber(column, value);
        } else {
          if (byte !== DASH) return DECLINED;
          byte = bytes[++at] ?? 0;
        }
      } else {
        const mask = holds === HOLDS.address ? IN_ADDRESS : IN_TEXT;
        while (((CLASS[byte] ?? 0) & mask) !== 0) byte = bytes[++at] ?? 0;
        if (at - from > 1) {
          if (holds !== HOLDS.text && !this.#holdsOne(holds, field, from, at)) return DECLINED;
          row.setText(column, from, at);
        } else if (at > from) {
          if (bytes[from] !== DASH) {
            if (holds !== HOLDS.text) return DECLINED;
            row.setText(column, from, at);
          }
        } else {
          if (byte !== DASH) return DECLINED;
          byte = bytes[++at] ?? 0;
        }
      }
      if (byte !== (field + 1 < count ? SPACE : NEWLINE)) return DECLINED;
      if (field === 0 && mayBeName(bytes, from, at)) return DECLINED;
      at++;
    }
    return at > start && at <= end && this.#complete(bytes, start, at - 1) ? at - 1 : DECLINED;
  }

  /** True if what stands from `from` to `to` is an address, or a word that is allowed. */
  #holdsOne(holds: number, field: number, from: number, to: number): boolean {
    const { bytes } = this.row;
    const length = to - from;
    if (holds === HOLDS.address) return isAddressBytes(bytes, from, to);
    for (const word of this.#words[field] ?? []) {
      if (word.length !== length) continue;
      let index = 0;
      while (index < length && word[index] === bytes[from + index]) index++;
      if (index === length) return true;
    }
    return false;
  }

  #complete(bytes: Buffer, from: number, to: number): boolean {
    const { row } = this;
    const time = row.isNumber(this.#start) ? this.#start : this.#end;
    const timeUs = row.isNumber(time) ? row.number(time) * 1_000_000 : NaN;
    if (!Number.isSafeInteger(timeUs)) return false;
    row.setNumber(0, timeUs);
    for (const [column, text] of this.#given) {
      if (!row.isText(column)) row.setConstant(column, text);
    }
    row.identity = hash53Bytes(bytes, from, to);
    return true;
  }
}
