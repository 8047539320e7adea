/**
 * CloudTrail events in tables: the result files of CloudTrail Lake queries, the event history that the console downloads,
 * and what Athena gives of a table of CloudTrail. The header names the columns; each row becomes the record it was made of,
 * as far as the table has it.
 */
import { isUtf8 } from 'node:buffer';
import { hash53 } from '../../core/hash53.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  parseJson,
} from '../../core/json.ts';
import { peekJson } from '../../core/peek.ts';
import { csvFields, csvJoins } from '../_csv.ts';
import { cleanTexts, elementSpans, noteOddities, readObject } from '../_json.ts';
import { type Detection, FORM, type Head, type RecordReader, type RowOut } from '../source.ts';
import { mapRecord, recordTime } from './map.ts';

/** Small letters and digits alone: `Event name`, `eventName` and `eventname` are one column. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

const IDENTITY_NAMES = [
  ...['type', 'principalId', 'arn', 'accountId', 'accessKeyId', 'userName', 'sessionContext'],
  ...['attributes', 'creationDate', 'mfaAuthenticated', 'sessionIssuer', 'webIdFederationData'],
  ...[
    'federatedProvider',
    'sourceIdentity',
    'ec2RoleDelivery',
    'onBehalfOf',
    'userId',
    'inScopeOf',
  ],
  ...['identityStoreArn', 'sourceArn', 'sourceAccount', 'issuerType', 'credentialsIssuedTo'],
  ...['invokedBy', 'identityProvider', 'credentialId'],
];

const RECORD_NAMES = [
  ...['eventVersion', 'userIdentity', 'eventTime', 'eventSource', 'eventName', 'awsRegion'],
  ...['sourceIPAddress', 'userAgent', 'errorCode', 'errorMessage', 'requestParameters'],
  ...['responseElements', 'additionalEventData', 'requestID', 'eventID', 'readOnly', 'resources'],
  ...['eventType', 'apiVersion', 'managementEvent', 'recipientAccountId', 'sharedEventID'],
  ...['vpcEndpointId', 'vpcEndpointAccountId', 'eventCategory', 'serviceEventDetails'],
  ...['sessionCredentialFromConsole', 'edgeDeviceDetails', 'tlsDetails', 'addendum'],
  ...['insightDetails', 'eventContext'],
];

const NAMES: ReadonlyMap<string, string> = new Map(
  RECORD_NAMES.map((name): [string, string] => [plain(name), name]),
);
const IDENTITY: ReadonlyMap<string, string> = new Map(
  IDENTITY_NAMES.map((name): [string, string] => [plain(name), name]),
);
/** Columns of the console, and of queries that pick members of userIdentity, by where they belong in it. */
const IN_IDENTITY: ReadonlyMap<string, string> = new Map([
  ['username', 'userName'],
  ['awsaccesskey', 'accessKeyId'],
  ['accesskeyid', 'accessKeyId'],
  ...IDENTITY_NAMES.map((name): [string, string] => [`useridentity${plain(name)}`, name]),
]);

/** Nesting of a value; CloudTrail's own has less than ten. */
const MOST_DEPTH = 32;

/**
 * A value as the query engine prints it: `{type=Root, sessioncontext={attributes={…}}}`, `[{arn=…, type=…}]`. Nothing in
 * it is quoted, so a member ends where `, name=` or its bracket closes.
 */
class Printed {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The value; undefined if the text is not of that form. */
  read(): JsonValue | undefined {
    const value = this.#value();
    return this.#at === this.#text.length ? value : undefined;
  }

  #value(): JsonValue | undefined {
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (++this.#depth > MOST_DEPTH) return undefined;
      const value = first === '{' ? this.#object() : this.#list();
      this.#depth--;
      return value;
    }
    return this.#bare();
  }

  #object(): JsonObject | undefined {
    const members: Record<string, JsonValue> = {};
    this.#at++;
    if (this.#take('}')) return members;
    for (;;) {
      const equals = this.#text.indexOf('=', this.#at);
      if (equals < 0) return undefined;
      const name = this.#text.slice(this.#at, equals);
      if (!/^[\w.:/-]{1,200}$/.test(name)) return undefined;
      this.#at = equals + 1;
      const value = this.#value();
      if (value === undefined) return undefined;
      if (value !== 'null' && name !== '__proto__') members[name] = value;
      if (this.#take('}')) return members;
      if (!this.#take(', ')) return undefined;
    }
  }

  #list(): JsonValue[] | undefined {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#take(']')) return items;
    for (;;) {
      const value = this.#value();
      if (value === undefined) return undefined;
      items.push(value);
      if (this.#take(']')) return items;
      if (!this.#take(', ')) return undefined;
    }
  }

  /** Text up to the next member or the bracket that closes; brackets in it must pair. */
  #bare(): string | undefined {
    const from = this.#at;
    let depth = 0;
    for (let at = from; at <= this.#text.length; at++) {
      const character = this.#text[at];
      if (character === '{' || character === '[') depth++;
      else if ((character === '}' || character === ']') && depth > 0) depth--;
      else if (
        character === undefined ||
        character === '}' ||
        character === ']' ||
        (depth === 0 &&
          character === ',' &&
          /^, [\w.:/-]{1,200}=/.test(this.#text.slice(at, at + 210)))
      ) {
        this.#at = at;
        return this.#text.slice(from, at);
      }
    }
    return undefined;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }
}

/** An object or list in a cell, JSON or printed; undefined if it is neither. */
function nested(cell: string): JsonValue | undefined {
  const json = parseJson(cell);
  return typeof json === 'object' ? json : new Printed(cell).read();
}

/** Members under the names that CloudTrail gives them; query engines write them in small letters. */
function named(value: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((one) => named(one, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, JsonValue>>).map(([name, inner]) => [
      names.get(plain(name)) ?? name,
      named(inner, names),
    ]),
  );
}

const RESOURCE: ReadonlyMap<string, string> = new Map([
  ['arn', 'ARN'],
  ['accountid', 'accountId'],
  ['type', 'type'],
  ['arnprefix', 'ARNPrefix'],
]);

/** Counts that CloudTrail writes as numbers; maps of the query engine hold text alone. */
function counted(value: JsonValue): JsonValue {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name.startsWith('bytesTransferred') && typeof inner === 'string' && /^\d{1,15}$/.test(inner)
        ? Number(inner)
        : inner,
    ]),
  );
}

const NESTED: ReadonlySet<string> = new Set([
  ...['userIdentity', 'requestParameters', 'responseElements', 'additionalEventData', 'resources'],
  ...['insightDetails', 'tlsDetails', 'addendum', 'serviceEventDetails', 'eventContext'],
]);

function valueOf(name: string, cell: string, out: RowOut): JsonValue | undefined {
  if (!NESTED.has(name)) {
    // `2025-11-08 09:00:05.000`: UTC.
    return name === 'eventTime' ? cell.replace(/^(\d{4}-\d\d-\d\d) /, '$1T') : cell;
  }
  const value = nested(cell);
  if (value === undefined) {
    out.anomaly('bad_value', `${name} is neither JSON nor what a query engine prints`);
    return undefined;
  }
  if (name === 'userIdentity') return named(value, IDENTITY);
  if (name === 'resources') return named(value, RESOURCE);
  return name === 'additionalEventData' ? counted(value) : value;
}

/** The record that a row was made of. */
function recordOf(header: readonly string[], cells: readonly string[], out: RowOut): JsonObject {
  const record: Record<string, JsonValue> = {};
  const identity: Record<string, JsonValue> = {};
  const resource: Record<string, JsonValue> = {};
  for (const [index, column] of header.entries()) {
    const cell = (cells[index] ?? '').trim();
    if (cell === '' || cell === 'null' || cell === '-') continue;
    const name = NAMES.get(column);
    const member = IN_IDENTITY.get(column);
    if (name !== undefined) {
      const value = valueOf(name, cell, out);
      if (value !== undefined) record[name] = value;
    } else if (member !== undefined) identity[member] = cell;
    else if (column === 'resourcetype') resource['type'] = cell;
    else if (column === 'resourcename') resource['ARN'] = cell;
  }
  if (Object.keys(identity).length > 0 && !('userIdentity' in record)) {
    record['userIdentity'] = identity;
  }
  if ('ARN' in resource && !('resources' in record)) record['resources'] = [resource];
  return record;
}

function headerOf(text: string): readonly string[] | undefined {
  const end = text.search(/\r?\n/);
  const names = csvFields(end < 0 ? text : text.slice(0, end))?.map(plain);
  const known = names?.includes('eventtime') === true && names.includes('eventname');
  return known && (names.includes('eventsource') || names.includes('eventid')) ? names : undefined;
}

/** Claim on a file that begins with a header of CloudTrail's columns. */
export function detectTable(head: Head): Detection | undefined {
  // The header is short, and every other text is asked this.
  const first = head.text.slice(0, 4096);
  if (!/^"?event|^[^\n]{0,4000}event ?time/i.test(first)) return undefined;
  const header = headerOf(first);
  return header === undefined
    ? undefined
    : {
        confidence: 90,
        reason: `a header of ${String(header.length)} columns, eventTime and eventName among them`,
        shape: 'table',
      };
}

/** Member of what `aws cloudtrail get-query-results` prints whose array holds the rows. */
const RESULT_ROWS = 'QueryResultRows';

/** Claim on a file that GetQueryResults gave. */
export function detectResults(head: Head): Detection | undefined {
  if (!head.text.slice(0, 4096).includes(`"${RESULT_ROWS}"`)) return undefined;
  const [record] = peekJson(head.text, [], 1)?.records ?? [];
  return record?.keys.includes(RESULT_ROWS) === true
    ? {
        confidence: 90,
        reason: 'rows of a CloudTrail Lake query (query-results)',
        shape: 'query-results',
      }
    : undefined;
}

/** The rows of one document of GetQueryResults: each a list of objects with one member, a column and its value. */
const readResults: RecordReader['read'] = (bytes, start, end, offset, hints, out) => {
  const object = readObject(bytes, start, end, hints, out);
  if (object === undefined) return;
  const { value, text } = object;
  const list = value[RESULT_ROWS];
  const span = memberSpan(bytes, start, end, RESULT_ROWS);
  if (!Array.isArray(list) || span === undefined) {
    out.reject('not_this_source', `the record has no ${RESULT_ROWS}`);
    return;
  }
  noteOddities(value, text, hints.escaped, out);
  const spans = elementSpans(bytes, span);
  for (const [index, row] of (list as readonly JsonValue[]).entries()) {
    const cells = (Array.isArray(row) ? (row as readonly JsonValue[]) : []).flatMap((cell) =>
      isObject(cell) ? Object.entries(cell) : [],
    );
    const names = cells.map(([name]) => plain(name));
    const texts = cells.map(([, cell]) => (typeof cell === 'string' ? cell : ''));
    const record = recordOf(names, texts, out);
    const timeUs = recordTime(record);
    const at = spans[index];
    if (timeUs === undefined || at === undefined) {
      out.reject('bad_time', 'eventTime is missing or not a time');
      continue;
    }
    const values = mapRecord(record, timeUs, out);
    if (hints.escaped) cleanTexts(values, text, out);
    const id = record['eventID'];
    const place = {
      offset: offset + at.start - start,
      length: at.end - at.start,
      form: FORM.plain,
    };
    out.row(values, hash53(typeof id === 'string' ? id : texts.join('\0')), place);
  }
  if (list.length === 0) out.notARecord();
};

/**
 * Whether a record's text is what a table or a list says of the record, not the record: lines of CSV, arrays of cells,
 * entries of `lookup-events` that lost the event.
 */
export function isExtract(text: string): boolean {
  return !text.trimStart().startsWith('{') || /^\s*\{[^{}]*"EventId"/.test(text);
}

/** A reader for one file of GetQueryResults, of one document or several. */
export function resultsReader(): RecordReader {
  return {
    framing: { kind: 'json', wrappers: [], openers: ['QueryStatus', RESULT_ROWS] },
    read: readResults,
  };
}

/** A reader for one table. */
export function tableReader(head: Head): RecordReader {
  const header = headerOf(head.text) ?? [];
  const headerLine = head.text.split(/\r?\n/, 1)[0];
  return {
    framing: { kind: 'blocks', joins: csvJoins(header.length) },
    read: (bytes, start, end, _offset, hints, out) => {
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the row is not valid UTF-8');
        return;
      }
      const row = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
      if (row.trim() === '' || row === headerLine) {
        out.notARecord();
        return;
      }
      const cells = csvFields(row);
      if (cells?.length !== header.length) {
        const count = `${String(header.length)} cells of the header`;
        out.reject('bad_fields', `the row does not have the ${count}`);
        return;
      }
      const record = recordOf(header, cells, out);
      const timeUs = recordTime(record);
      if (timeUs === undefined) {
        out.reject('bad_time', 'eventTime is missing or not a time');
        return;
      }
      if (row.includes('\0')) out.anomaly('nul_character', 'the row contains NUL');
      const id = record['eventID'];
      const values = mapRecord(record, timeUs, out);
      if (row.includes('\\')) cleanTexts(values, row, out);
      out.row(values, hash53(typeof id === 'string' ? id : row));
    },
  };
}
