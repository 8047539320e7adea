/**
 * The quick way through a CloudTrail record: one pass over its bytes, which checks the JSON and notes where the values of
 * the columns lie, without making a string or an object. It answers only for records as AWS writes them, in ASCII and without escapes, whose
 * members have their documented types and are named once. Anything else it declines, and read.ts, which is the
 * measure of what a record means, takes it from the beginning.
 */
import { Buffer } from 'node:buffer';
import { ByteRow } from '../../core/byte-row.ts';
import { hash53Ascii } from '../../core/hash53.ts';
import { CLOUDTRAIL_COLUMNS } from './columns.ts';
import { CONSOLE_RESULTS, cloudTrailTime, STS, TARGET_NAMES } from './map.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const DOT = 0x2e;

/** Deeper nesting is declined: the tables below have so many rows. */
const MAX_DEPTH = 24;
/** Members of an object that are told apart; places in its row of the table. */
const MAX_MEMBERS = 96;
const NAME_PLACES = 256;

/** Bytes that a string holds as they stand: printable ASCII but quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== 0x5c ? 1 : 0,
);

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Objects whose members are looked at; 0 is any other. */
const AT = {
  other: 0,
  record: 1,
  identity: 2,
  session: 3,
  attributes: 4,
  issuer: 5,
  request: 6,
  response: 7,
  credentials: 8,
  accessKey: 9,
  additional: 10,
  resource: 11,
  instances: 12,
  instance: 13,
} as const;

/** What is done with a member. */
const DO = {
  skip: 0,
  text: 1,
  /** A text where there is one; of other types nothing is said. */
  textOrNothing: 2,
  flag: 3,
  time: 4,
  count: 5,
  object: 6,
  /** The array of resources. */
  resources: 7,
  /** One of several names, of which the least rank counts. */
  ranked: 8,
  /** An array whose first item counts. */
  first: 9,
  decline: 10,
} as const;

interface Member {
  readonly name: Buffer;
  readonly action: number;
  /** Place in the row, or kind of object. */
  readonly to: number;
  readonly rank: number;
}

/** Values that are put together from several members have places behind the columns. */
const COLUMN_COUNT = CLOUDTRAIL_COLUMNS.length;
const PLACE = {
  credentialsKey: COLUMN_COUNT,
  accessKey: COLUMN_COUNT + 1,
  resourceUpper: COLUMN_COUNT + 2,
  resourceLower: COLUMN_COUNT + 3,
  requestTarget: COLUMN_COUNT + 4,
  instance: COLUMN_COUNT + 5,
} as const;
const PLACES = COLUMN_COUNT + 6;

function column(name: string): number {
  const place = CLOUDTRAIL_COLUMNS.findIndex((one) => one.name === name);
  if (place < 0) throw new Error(`no column ${name}`);
  return place;
}

const TIME = column('time_us');
const EVENT_NAME = column('event_name');
const EVENT_SOURCE = column('event_source');
const EVENT_ID = column('event_id');
const ACCESS_KEY = column('user_identity_access_key_id');
const CONSOLE_RESULT = column('console_result');
const ISSUED_KEY = column('response_access_key_id');
const ROLE_ARN = column('role_arn');
const BUCKET = column('bucket_name');
const OBJECT_KEY = column('object_key');
const TARGET = column('target_other');

type Spec = readonly [at: number, name: string, action: number, to: number, rank?: number];

const SPECS: readonly Spec[] = [
  [AT.record, 'eventTime', DO.time, TIME],
  [AT.record, 'eventVersion', DO.text, column('event_version')],
  [AT.record, 'eventSource', DO.text, EVENT_SOURCE],
  [AT.record, 'eventName', DO.text, EVENT_NAME],
  [AT.record, 'awsRegion', DO.text, column('aws_region')],
  [AT.record, 'sourceIPAddress', DO.text, column('source_ip_address')],
  [AT.record, 'userAgent', DO.text, column('user_agent')],
  [AT.record, 'errorCode', DO.text, column('error_code')],
  [AT.record, 'errorMessage', DO.text, column('error_message')],
  [AT.record, 'requestID', DO.text, column('request_id')],
  [AT.record, 'eventID', DO.text, EVENT_ID],
  [AT.record, 'eventType', DO.text, column('event_type')],
  [AT.record, 'eventCategory', DO.text, column('event_category')],
  [AT.record, 'readOnly', DO.flag, column('read_only')],
  [AT.record, 'managementEvent', DO.flag, column('management_event')],
  [AT.record, 'recipientAccountId', DO.text, column('recipient_account_id')],
  [AT.record, 'sharedEventID', DO.text, column('shared_event_id')],
  [AT.record, 'vpcEndpointId', DO.text, column('vpc_endpoint_id')],
  [AT.record, 'userIdentity', DO.object, AT.identity],
  [AT.record, 'requestParameters', DO.object, AT.request],
  [AT.record, 'responseElements', DO.object, AT.response],
  [AT.record, 'additionalEventData', DO.object, AT.additional],
  [AT.record, 'resources', DO.resources, AT.resource],
  // Other kinds of records, and carriers of records.
  ...[
    'eventId',
    'accountId',
    'insightDetails',
    'eventData',
    'timeWindow',
    'summary',
    'detail',
    'detail-type',
    'CloudTrailEvent',
    'Records',
    'Events',
  ].map((name): Spec => [AT.record, name, DO.decline, 0]),
  [AT.identity, 'type', DO.text, column('user_identity_type')],
  [AT.identity, 'principalId', DO.text, column('user_identity_principal_id')],
  [AT.identity, 'arn', DO.text, column('user_identity_arn')],
  [AT.identity, 'accountId', DO.text, column('user_identity_account_id')],
  [AT.identity, 'accessKeyId', DO.text, ACCESS_KEY],
  [AT.identity, 'userName', DO.text, column('user_identity_user_name')],
  [AT.identity, 'invokedBy', DO.text, column('user_identity_invoked_by')],
  [AT.identity, 'sessionContext', DO.object, AT.session],
  [AT.session, 'sessionIssuer', DO.object, AT.issuer],
  [AT.session, 'attributes', DO.object, AT.attributes],
  [AT.session, 'sourceIdentity', DO.text, column('source_identity')],
  [AT.issuer, 'arn', DO.text, column('session_issuer_arn')],
  [AT.attributes, 'mfaAuthenticated', DO.flag, column('mfa_authenticated')],
  [AT.attributes, 'creationDate', DO.time, column('session_creation_time_us')],
  [AT.additional, 'MFAUsed', DO.flag, column('mfa_used')],
  [AT.additional, 'bytesTransferredIn', DO.count, column('bytes_transferred_in')],
  [AT.additional, 'bytesTransferredOut', DO.count, column('bytes_transferred_out')],
  [AT.response, 'credentials', DO.object, AT.credentials],
  [AT.response, 'accessKey', DO.object, AT.accessKey],
  ...CONSOLE_RESULTS.map((name, rank): Spec => [
    AT.response,
    name,
    DO.ranked,
    CONSOLE_RESULT,
    rank,
  ]),
  [AT.credentials, 'accessKeyId', DO.text, PLACE.credentialsKey],
  [AT.accessKey, 'accessKeyId', DO.text, PLACE.accessKey],
  [AT.resource, 'ARN', DO.text, PLACE.resourceUpper],
  [AT.resource, 'arn', DO.text, PLACE.resourceLower],
  [AT.request, 'bucketName', DO.textOrNothing, BUCKET],
  [AT.request, 'key', DO.textOrNothing, OBJECT_KEY],
  [AT.request, 'roleArn', DO.textOrNothing, ROLE_ARN],
  [AT.request, 'instancesSet', DO.object, AT.instances],
  [AT.instances, 'items', DO.first, AT.instance],
  [AT.instance, 'instanceId', DO.textOrNothing, PLACE.instance],
  ...[...TARGET_NAMES].map(([name, rank]): Spec => [
    AT.request,
    name,
    DO.ranked,
    PLACE.requestTarget,
    rank,
  ]),
];

const SKIP: Member = { name: bytesOf(''), action: DO.skip, to: AT.other, rank: 0 };

/** First step of the hash of a name. */
const SEED = 0x1b873593;

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x85ebca77);
}

/** Members by kind of object and hash of the name: open addressing, so that looking one up makes nothing. */
const MEMBER_PLACES = 1024;
const MEMBERS: (Member | undefined)[] = new Array<Member | undefined>(MEMBER_PLACES).fill(
  undefined,
);
const MEMBER_AT = new Uint8Array(MEMBER_PLACES);

function memberPlace(hash: number, at: number): number {
  return (hash ^ (hash >>> 15) ^ Math.imul(at, 0x9e3779b1)) & (MEMBER_PLACES - 1);
}

for (const [at, text, action, to, rank = 0] of SPECS) {
  const name = bytesOf(text);
  let hash = SEED;
  for (const byte of name) hash = step(hash, byte);
  let place = memberPlace(hash, at);
  while (MEMBERS[place] !== undefined) place = (place + 1) & (MEMBER_PLACES - 1);
  MEMBERS[place] = { name, action, to, rank };
  MEMBER_AT[place] = at;
}

const PROTO = bytesOf('__proto__');
const AWS_EVENT = bytesOf('aws:');
const STS_BYTES = bytesOf(STS);

/** A position that is none: the record is declined. */
const DECLINED = -1;

/** Scans records; what it finds is in {@link RecordScan.row}. */
export class RecordScan {
  readonly row = new ByteRow(PLACES);
  #bytes: Buffer = SKIP.name;
  #end = 0;
  readonly #ranks = new Int32Array(PLACES);
  /** Value of the string or number read last. */
  #from = 0;
  #to = 0;
  // Names of the objects that are open, a row of the table for each depth: hash, and the object it belongs to.
  readonly #names = new Int32Array((MAX_DEPTH + 1) * NAME_PLACES);
  readonly #owners = new Int32Array((MAX_DEPTH + 1) * NAME_PLACES);
  #objects = 0;

  /**
   * Reads the record that opens at `start`.
   * @param end one past the last byte that may belong to it.
   * @returns one past its last byte; negative if it is declined.
   */
  scan(bytes: Buffer, start: number, end: number): number {
    const { row } = this;
    this.#bytes = bytes;
    this.#end = end;
    row.reset(bytes);
    this.#ranks.fill(0x7fffffff);
    if (this.#objects > 0x7fff0000) this.#restart();
    const stop = this.#object(start + 1, AT.record, 1);
    return stop < 0 || stop > end || !this.#complete() ? DECLINED : stop;
  }

  #restart(): void {
    this.#owners.fill(0);
    this.#objects = 0;
  }

  /** Puts the columns together that come from several members; false if the record is not a usual one. */
  #complete(): boolean {
    const { row } = this;
    if (!row.isNumber(TIME) || !row.isText(EVENT_NAME) || !row.isText(EVENT_SOURCE)) return false;
    if (!row.isText(EVENT_ID) || row.startsWith(EVENT_SOURCE, AWS_EVENT)) return false;
    if (row.isText(ACCESS_KEY) && row.length(ACCESS_KEY) === 0) row.clear(ACCESS_KEY);
    const issued = row.isText(PLACE.credentialsKey) ? PLACE.credentialsKey : PLACE.accessKey;
    row.copy(issued, ISSUED_KEY);
    if (!row.isText(BUCKET)) row.clear(OBJECT_KEY);
    const said =
      row.isText(BUCKET) || (row.isText(ROLE_ARN) && row.equals(EVENT_SOURCE, STS_BYTES));
    if (said) row.clear(TARGET);
    else if (!row.isText(TARGET)) {
      row.copy(row.isText(PLACE.requestTarget) ? PLACE.requestTarget : PLACE.instance, TARGET);
    }
    row.identity = hash53Ascii(this.#bytes, row.start(EVENT_ID), row.stop(EVENT_ID));
    return true;
  }

  /** Reads the members of an object, from behind its brace; position behind its end. */
  #object(start: number, kind: number, depth: number): number {
    if (depth > MAX_DEPTH) return DECLINED;
    const bytes = this.#bytes;
    const object = ++this.#objects;
    let at = this.#space(start);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (let members = 0; members < MAX_MEMBERS; members++) {
      if (bytes[at] !== QUOTE) return DECLINED;
      const from = ++at;
      let hash = SEED;
      let byte = bytes[at] ?? 0;
      while (PLAIN[byte] === 1) {
        hash = step(hash, byte);
        byte = bytes[++at] ?? 0;
      }
      if (byte !== QUOTE || this.#seen(hash, object, depth)) return DECLINED;
      if (at - from === PROTO.length && bytes[from] === 0x5f && this.#isProto(from))
        return DECLINED;
      const member = kind === AT.other ? SKIP : this.#member(hash, kind, from, at);
      at++;
      if (bytes[at] !== COLON) {
        at = this.#space(at);
        if (bytes[at] !== COLON) return DECLINED;
      }
      at = this.#space(at + 1);
      at = member.action === DO.skip ? this.#value(at, depth) : this.#take(at, member, depth);
      if (at < 0 || at > this.#end) return DECLINED;
      at = this.#space(at);
      const next = bytes[at];
      if (next === CLOSE_BRACE) return at + 1;
      if (next !== COMMA) return DECLINED;
      at = this.#space(at + 1);
    }
    return DECLINED;
  }

  #isProto(from: number): boolean {
    return this.#bytes.compare(PROTO, 0, PROTO.length, from, from + PROTO.length) === 0;
  }

  /** True if the object may have a member of this name already. */
  #seen(hash: number, object: number, depth: number): boolean {
    const row = depth * NAME_PLACES;
    let place = (hash ^ (hash >>> 13)) & (NAME_PLACES - 1);
    while (this.#owners[row + place] === object) {
      if (this.#names[row + place] === hash) return true;
      place = (place + 1) & (NAME_PLACES - 1);
    }
    this.#owners[row + place] = object;
    this.#names[row + place] = hash;
    return false;
  }

  #member(hash: number, kind: number, from: number, to: number): Member {
    const bytes = this.#bytes;
    let place = memberPlace(hash, kind);
    for (;;) {
      const member = MEMBERS[place];
      if (member === undefined) return SKIP;
      const { name } = member;
      if (MEMBER_AT[place] === kind && name.length === to - from) {
        let index = 0;
        while (index < name.length && name[index] === bytes[from + index]) index++;
        if (index === name.length) return member;
      }
      place = (place + 1) & (MEMBER_PLACES - 1);
    }
  }

  /** Reads the value of a member that is looked at. */
  #take(at: number, member: Member, depth: number): number {
    const { action, to } = member;
    const byte = this.#bytes[at] ?? 0;
    if (action === DO.decline) return DECLINED;
    if (action === DO.object) {
      return byte === OPEN_BRACE ? this.#object(at + 1, to, depth + 1) : this.#value(at, depth);
    }
    if (action === DO.resources) {
      return byte === OPEN_BRACKET ? this.#resources(at + 1, depth + 1) : this.#value(at, depth);
    }
    if (action === DO.first) {
      return byte === OPEN_BRACKET ? this.#array(at + 1, to, depth + 1) : this.#value(at, depth);
    }
    const stop = this.#value(at, depth);
    if (stop < 0) return DECLINED;
    if (byte === QUOTE) return this.#takeText(member) ? stop : DECLINED;
    // null says nothing, whatever is expected.
    if (byte === 0x6e || action === DO.textOrNothing || action === DO.ranked) return stop;
    if (action === DO.flag && (byte === 0x74 || byte === 0x66)) {
      this.row.setNumber(to, byte === 0x74 ? 1 : 0);
      return stop;
    }
    return action === DO.count && this.#takeCount(to) ? stop : DECLINED;
  }

  #takeText({ action, to, rank }: Member): boolean {
    const { row } = this;
    switch (action) {
      case DO.text:
      case DO.textOrNothing:
        row.setText(to, this.#from, this.#to);
        return true;
      case DO.ranked:
        if (rank < (this.#ranks[to] ?? 0)) {
          this.#ranks[to] = rank;
          row.setText(to, this.#from, this.#to);
        }
        return true;
      case DO.time: {
        const time = cloudTrailTime(this.#text());
        if (time !== undefined) row.setNumber(to, time);
        return time !== undefined;
      }
      case DO.flag: {
        const text = this.#text();
        if (text === 'true' || text === 'Yes' || text === 'YES') row.setNumber(to, 1);
        else if (text === 'false' || text === 'No' || text === 'NO') row.setNumber(to, 0);
        else return false;
        return true;
      }
      default:
        return false;
    }
  }

  /** An integer that was written as one. */
  #takeCount(to: number): boolean {
    const text = this.#text();
    if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) return false;
    this.row.setNumber(to, Number(text));
    return true;
  }

  #text(): string {
    return this.#bytes.toString('latin1', this.#from, this.#to);
  }

  /** The array of resources, from behind its bracket: the first that has an ARN counts. */
  #resources(start: number, depth: number): number {
    const bytes = this.#bytes;
    const { row } = this;
    let at = this.#space(start);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      at =
        bytes[at] === OPEN_BRACE
          ? this.#object(at + 1, AT.resource, depth + 1)
          : this.#value(at, depth);
      if (at < 0) return DECLINED;
      if (!row.isText(TARGET)) {
        row.copy(
          row.isText(PLACE.resourceUpper) ? PLACE.resourceUpper : PLACE.resourceLower,
          TARGET,
        );
      }
      row.clear(PLACE.resourceUpper);
      row.clear(PLACE.resourceLower);
      at = this.#space(at);
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return DECLINED;
      at = this.#space(at + 1);
    }
  }

  /** Reads any value; of a string or number the place is kept. */
  #value(at: number, depth: number): number {
    const bytes = this.#bytes;
    let byte = bytes[at] ?? 0;
    switch (byte) {
      case QUOTE: {
        let stop = at + 1;
        byte = bytes[stop] ?? 0;
        while (PLAIN[byte] === 1) byte = bytes[++stop] ?? 0;
        this.#from = at + 1;
        this.#to = stop;
        return byte === QUOTE ? stop + 1 : DECLINED;
      }
      case OPEN_BRACE:
        return this.#object(at + 1, AT.other, depth + 1);
      case OPEN_BRACKET:
        return this.#array(at + 1, AT.other, depth + 1);
      case 0x74:
        return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65
          ? at + 4
          : DECLINED;
      case 0x66:
        return bytes[at + 1] === 0x61 &&
          bytes[at + 2] === 0x6c &&
          bytes[at + 3] === 0x73 &&
          bytes[at + 4] === 0x65
          ? at + 5
          : DECLINED;
      case 0x6e:
        return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c
          ? at + 4
          : DECLINED;
      default:
        return this.#number(at);
    }
  }

  /** Reads the items of an array, of which the first may be looked at. */
  #array(start: number, first: number, depth: number): number {
    if (depth > MAX_DEPTH) return DECLINED;
    const bytes = this.#bytes;
    let at = this.#space(start);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    let kind = first;
    for (;;) {
      at =
        kind !== AT.other && bytes[at] === OPEN_BRACE
          ? this.#object(at + 1, kind, depth + 1)
          : this.#value(at, depth);
      kind = AT.other;
      if (at < 0 || at > this.#end) return DECLINED;
      at = this.#space(at);
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return DECLINED;
      at = this.#space(at + 1);
    }
  }

  /** A number of at most 15 digits (RFC 8259, section 6), so exact; exponents are declined. */
  #number(start: number): number {
    const bytes = this.#bytes;
    let at = bytes[start] === MINUS ? start + 1 : start;
    const first = at;
    while (isDigit(bytes[at] ?? 0)) at++;
    if (at === first || (bytes[first] === 0x30 && at > first + 1)) return DECLINED;
    let digits = at - first;
    if (bytes[at] === DOT) {
      const fraction = ++at;
      while (isDigit(bytes[at] ?? 0)) at++;
      if (at === fraction) return DECLINED;
      digits = Math.max(digits, at - fraction);
    }
    if (digits > 15 || ((bytes[at] ?? 0) | 0x20) === 0x65) return DECLINED;
    this.#from = start;
    this.#to = at;
    return at;
  }

  #space(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    for (;;) {
      const byte = bytes[at] ?? 0;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09))
        return at;
      at++;
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
