/**
 * Cuts JSON files of any framing into records without parsing them: an object with an array member (`Records`), arrays,
 * JSON lines, objects one after another with or without white space between. One pass over the bytes, bounded memory,
 * exact offsets; the same records and problems whatever the chunks.
 *
 * Arrays and wrapper objects are containers; every other object or string that stands in a container, or outermost, is
 * a record. Only what a bracket and string matcher sees is checked here (the reader parses): brackets that do not
 * match, control bytes in strings, letters outside strings that no JSON literal has, an object where none can stand.
 * That is enough to notice a lost quote or bracket within a few bytes, so that one bad record does not take its
 * neighbours with it: the framer goes on at the next record opener.
 */
import { Buffer } from 'node:buffer';
import { type Framing, MAX_DEPTH, type RejectReason } from '../sources/source.ts';
import { type Framer, type FrameSink, MAX_RECORD_BYTES } from './sink.ts';

/** Bounds of the framer; tests lower them. */
export interface JsonLimits {
  readonly recordBytes: number;
  /** Nesting inside a record. `JSON.parse` goes deeper, but walking the value would exhaust the stack. */
  readonly depth: number;
}

const LIMITS: JsonLimits = { recordBytes: MAX_RECORD_BYTES, depth: MAX_DEPTH };

/** White space looked over when a byte's neighbour is asked for; more is taken as "unknown". */
const MAX_SPACE = 256;
/** An error shows at most this many bytes after the opener of the record that it swallowed. */
const LOOK_BACK = 1024;
/** How far ahead an opener is looked for at a time. */
const SEARCH_STEP = 65_536;
/** Arrays in arrays that are still containers. */
const MAX_CONTAINERS = 16;
/** Bytes between records that are kept for whoever else may know them. */
const MOST_LOST = 65_536;
/** Longest number or literal that is told from junk. */
const MAX_SCALAR = 40;

const OBJECT = 1;
const ARRAY = 2;
/** A wrapper object on the stack of containers. */
const WRAPPER = 3;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NEWLINE = 0x0a;

const JSON_BEGINS: ReadonlySet<number> = new Set([
  ...[QUOTE, COMMA, COLON, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE],
]);

/** Bytes inside a string: 0 goes on, 1 needs a look. */
const IN_STRING = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  IN_STRING[byte] = byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte >= 0x80 ? 1 : 0;
}

const PLAIN = 1;
const STRING = 2;
const MEMBER = 3;
const DIGIT = 4;
const OPEN = 5;
const CLOSE = 6;

/** Bytes outside strings; 0 is one that no JSON has there. */
const OUTSIDE = new Uint8Array(256);
for (const character of ' \t\r\n,+-.eEtrufalsn') OUTSIDE[character.charCodeAt(0)] = PLAIN;
for (const character of '0123456789') OUTSIDE[character.charCodeAt(0)] = DIGIT;
OUTSIDE[QUOTE] = STRING;
OUTSIDE[COLON] = MEMBER;
OUTSIDE[OPEN_BRACE] = OPEN;
OUTSIDE[OPEN_BRACKET] = OPEN;
OUTSIDE[CLOSE_BRACE] = CLOSE;
OUTSIDE[CLOSE_BRACKET] = CLOSE;

/** What the next byte belongs to. */
type Mode = 'start' | 'between' | 'value' | 'lost';

interface MutableHints {
  members: number;
  bigNumber: boolean;
  ascii: boolean;
  escaped: boolean;
}

/** Streaming framer of one JSON file; see the head of this file. */
export class JsonFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #limits: JsonLimits;
  readonly #wrappers: readonly Buffer[];
  readonly #openerKeys: readonly Buffer[];
  readonly #lists: boolean;
  /** Longest opener: brace, white space, key. */
  readonly #openerBytes: number;

  /** Unfinished bytes, `#held` of them; grown by doubling. */
  #carry: Buffer = Buffer.alloc(0);
  #held = 0;
  /** File offset of the first byte of what is scanned now. */
  #base = 0;
  /** Bytes pushed. */
  #size = 0;
  /** Next byte to look at. */
  #at = 0;

  #mode: Mode = 'start';
  readonly #containers: number[] = [];
  /** True once one outermost value has ended. */
  #documents = 0;

  /** The value that is open: a record, or the rest of a wrapper object behind its array. */
  #valueOffset = 0;
  #wrapperRest = false;
  #depth = 0;
  readonly #stack: Uint8Array;
  #inString = false;
  #digits = 0;
  #deep = false;
  readonly #hints: MutableHints = { members: 0, bigNumber: false, ascii: true, escaped: false };

  /** Bytes that are no record, from here until the next opener. */
  #lostOffset = 0;
  /** One past the last byte of the lost ones that is no separator. */
  #lostEnd = 0;
  #lostTail = false;
  #lostDetail = '';

  constructor(
    framing: Extract<Framing, { kind: 'json' }>,
    sink: FrameSink,
    limits: Partial<JsonLimits> = {},
  ) {
    this.#sink = sink;
    this.#limits = { ...LIMITS, ...limits };
    this.#wrappers = framing.wrappers.map((name) => Buffer.from(JSON.stringify(name)));
    this.#lists = framing.lists === true;
    this.#openerKeys = framing.openers.map((name) => Buffer.from(JSON.stringify(name)));
    this.#openerBytes = MAX_SPACE + 1 + Math.max(0, ...this.#openerKeys.map((key) => key.length));
    this.#stack = new Uint8Array(this.#limits.depth + 1);
  }

  push(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#held === 0) {
      this.#run(chunk, chunk.length, false);
      return;
    }
    this.#reserve(this.#held + chunk.length);
    chunk.copy(this.#carry, this.#held);
    this.#held += chunk.length;
    this.#run(this.#carry, this.#held, false);
  }

  end(): void {
    this.#run(this.#carry, this.#held, true);
    const size = this.#size;
    if (this.#mode === 'value' && !this.#wrapperRest) {
      this.#sink.problem(
        'truncated',
        this.#valueOffset,
        size - this.#valueOffset,
        'the file ends inside a record',
      );
    } else if (this.#mode === 'lost') {
      this.#reportLost(this.#lostTail ? 'after_end' : 'not_json', this.#carry);
    } else if (this.#containers.length > 0) {
      this.#sink.anomaly(
        'unclosed',
        `the file ends at byte ${String(size)} inside an array or object`,
      );
    }
  }

  /** Scans `bytes[#at..end)` and keeps what is unfinished. */
  #run(bytes: Buffer, end: number, last: boolean): void {
    let going = true;
    while (going) {
      switch (this.#mode) {
        case 'start':
          going = this.#start(bytes, end, last);
          break;
        case 'between':
          going = this.#between(bytes, end, last);
          break;
        case 'value':
          going = this.#value(bytes, end);
          break;
        case 'lost':
          going = this.#lost(bytes, end, last);
          break;
      }
    }
    this.#keep(bytes, end);
  }

  /** Moves the bytes that are still needed to the front of the carry. */
  #keep(bytes: Buffer, end: number): void {
    let from = this.#at;
    if (this.#mode === 'value') {
      const start = this.#valueOffset - this.#base;
      const tooLong = this.#at - start > this.#limits.recordBytes + LOOK_BACK;
      from = tooLong || this.#wrapperRest ? Math.max(start, this.#at - 2 * LOOK_BACK) : start;
    } else if (this.#mode === 'lost') {
      from = this.#at - MAX_SPACE - 1;
      if (this.#lostEnd - this.#lostOffset <= MOST_LOST) {
        from = Math.min(from, this.#lostOffset - this.#base);
      }
    }
    from = Math.max(0, from);
    const length = end - from;
    if (bytes === this.#carry) {
      if (from > 0) this.#carry.copyWithin(0, from, end);
    } else if (length > 0) {
      this.#reserve(length);
      bytes.copy(this.#carry, 0, from, end);
    }
    this.#held = length;
    this.#base += from;
    this.#at -= from;
  }

  #reserve(length: number): void {
    if (length <= this.#carry.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#carry.length * 2, 65_536));
    this.#carry.copy(grown, 0, 0, this.#held);
    this.#carry = grown;
  }

  /** A byte order mark at the start of the file. */
  #start(bytes: Buffer, end: number, last: boolean): boolean {
    if (end < 3 && !last) return false;
    if (end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.#at = 3;
      this.#sink.anomaly('encoding', 'the file starts with a UTF-8 byte order mark');
    }
    this.#mode = 'between';
    return true;
  }

  /** Outermost, or inside an array: looks for the next value. False when more bytes are needed. */
  #between(bytes: Buffer, end: number, last: boolean): boolean {
    let at = this.#at;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte === COMMA || isSpace(byte)) {
        at++;
        continue;
      }
      this.#at = at;
      if (byte === OPEN_BRACE && this.#sink.quick !== undefined) {
        const most = Math.min(end, at + this.#limits.recordBytes);
        const stop = this.#sink.quick(bytes, at, most, this.#base + at);
        if (stop > 0) {
          at = stop;
          if (this.#containers.length === 0) this.#documents++;
          continue;
        }
      }
      if (byte === OPEN_BRACE || byte === QUOTE) {
        this.#open(byte === OPEN_BRACE ? OBJECT : 0);
        return true;
      }
      if (byte === OPEN_BRACKET && this.#lists && this.#containers.at(-1) === ARRAY) {
        this.#open(ARRAY);
        return true;
      }
      if (byte === OPEN_BRACKET && this.#containers.length < MAX_CONTAINERS) {
        this.#containers.push(ARRAY);
        at++;
        continue;
      }
      if (byte === CLOSE_BRACKET && this.#containers.length > 0) {
        this.#containers.pop();
        at++;
        if (this.#containers.at(-1) === WRAPPER) {
          this.#at = at;
          this.#openRest();
          return true;
        }
        if (this.#containers.length === 0) this.#documents++;
        continue;
      }
      if (this.#containers.length > 0) {
        if (end - at < MAX_SCALAR && !last) return false;
        const length = scalarLength(bytes, at, end);
        if (length > 0) {
          this.#sink.problem(
            'not_an_object',
            this.#base + at,
            length,
            'a number or literal stands where a record should',
          );
          at += length;
          continue;
        }
      }
      // Behind a whole document such bytes are its tail, unless a record turns up later.
      this.#lostTail = this.#containers.length === 0 && this.#documents > 0;
      this.#lose(bytes, this.#base + at, at, 'bytes that are no JSON record');
      return true;
    }
    this.#at = at;
    return false;
  }

  /** A record starts at `#at`: an object, an array, or a string (0). */
  #open(kind: number): void {
    this.#mode = 'value';
    this.#wrapperRest = false;
    this.#valueOffset = this.#base + this.#at;
    this.#depth = kind === 0 ? 0 : 1;
    this.#stack[1] = kind;
    this.#inString = kind === 0;
    this.#digits = 0;
    this.#deep = false;
    const hints = this.#hints;
    hints.members = 0;
    hints.bigNumber = false;
    hints.ascii = true;
    hints.escaped = false;
    this.#at++;
  }

  /** The array of a wrapper object has ended: its other members follow. */
  #openRest(): void {
    this.#at--;
    this.#open(OBJECT);
    this.#wrapperRest = true;
  }

  /** Goes on in the open value. False when more bytes are needed. */
  #value(bytes: Buffer, end: number): boolean {
    const stack = this.#stack;
    const hints = this.#hints;
    const maxDepth = this.#limits.depth;
    let at = this.#at;
    let depth = this.#depth;
    let members = hints.members;
    let inString = this.#inString;
    let digits = this.#digits;
    let failure = '';
    scan: for (;;) {
      if (inString) {
        while (at < end && IN_STRING[bytes[at] ?? 0] === 0) at++;
        if (at >= end) break;
        const byte = bytes[at] ?? 0;
        if (byte === QUOTE) {
          at++;
          inString = false;
          if (depth === 0) break;
        } else if (byte === BACKSLASH) {
          if (at + 1 >= end) break;
          if ((bytes[at + 1] ?? 0) < 0x20) {
            failure = 'a control byte stands in a string';
            break;
          }
          hints.escaped = true;
          at += 2;
        } else if (byte >= 0x80) {
          hints.ascii = false;
          at++;
        } else {
          failure = 'a control byte stands in a string';
          break;
        }
        continue;
      }
      if (at >= end) break;
      const byte = bytes[at] ?? 0;
      switch (OUTSIDE[byte]) {
        case STRING:
          inString = true;
          at++;
          break;
        case PLAIN:
          at++;
          break;
        case MEMBER:
          members++;
          at++;
          break;
        case DIGIT: {
          // A run of digits may go on from the chunk before.
          digits = at === this.#at ? digits : 0;
          const from = at;
          while (at < end && OUTSIDE[bytes[at] ?? 0] === DIGIT) at++;
          digits += at - from;
          if (digits > 15) hints.bigNumber = true;
          break;
        }
        case OPEN: {
          const kind = byte === OPEN_BRACE ? OBJECT : ARRAY;
          const floor = Math.max(0, this.#valueOffset - this.#base);
          if (depth <= maxDepth && !canOpen(bytes, at, floor, stack[depth] ?? 0)) {
            failure = 'an object or array stands where none can';
            break scan;
          }
          if (
            kind === ARRAY &&
            depth === 1 &&
            stack[1] === OBJECT &&
            this.#isWrapper(bytes, at, floor)
          ) {
            this.#at = at + 1;
            if (!this.#wrapperRest) this.#containers.push(WRAPPER);
            this.#containers.push(ARRAY);
            this.#mode = 'between';
            return true;
          }
          depth++;
          if (depth <= maxDepth) stack[depth] = kind;
          else this.#deep = true;
          at++;
          break;
        }
        case CLOSE: {
          const kind = byte === CLOSE_BRACE ? OBJECT : ARRAY;
          if (depth <= maxDepth && stack[depth] !== kind) {
            failure = 'brackets do not match';
            break scan;
          }
          depth--;
          at++;
          if (depth === 0) break scan;
          break;
        }
        default:
          failure = 'a byte stands outside strings that JSON does not allow there';
          break scan;
      }
    }
    this.#at = at;
    this.#depth = depth;
    this.#inString = inString;
    this.#digits = digits;
    hints.members = members;
    if (failure !== '') {
      const start = this.#valueOffset - this.#base;
      if (this.#wrapperRest) this.#containers.pop();
      const detail = `${failure}, at byte ${String(this.#base + at)}`;
      this.#lostTail = false;
      this.#lose(bytes, this.#valueOffset, Math.max(start + 1, at - LOOK_BACK), detail);
      return true;
    }
    if (depth > 0 || inString) return false;
    this.#close(bytes);
    return true;
  }

  /** The open value ends before `#at`. */
  #close(bytes: Buffer): void {
    this.#mode = 'between';
    if (this.#wrapperRest) {
      this.#containers.pop();
      if (this.#containers.length === 0) this.#documents++;
      return;
    }
    if (this.#containers.length === 0) this.#documents++;
    const length = this.#base + this.#at - this.#valueOffset;
    if (this.#deep) {
      const detail = `nested deeper than ${String(this.#limits.depth)}`;
      this.#sink.problem('too_deep', this.#valueOffset, length, detail);
    } else if (length > this.#limits.recordBytes) {
      const detail = `longer than ${String(this.#limits.recordBytes)} bytes`;
      this.#sink.problem('too_long', this.#valueOffset, length, detail);
    } else {
      this.#sink.record(bytes, this.#at - length, this.#at, this.#valueOffset, this.#hints);
    }
  }

  /** True if the array that opens at `at` is the value of a member that holds records. */
  #isWrapper(bytes: Buffer, at: number, floor: number): boolean {
    if (!this.#wrapperRest && this.#containers.includes(WRAPPER)) return false;
    let colon = at - 1;
    while (colon > floor && isSpace(bytes[colon] ?? 0)) colon--;
    let end = colon - 1;
    while (end > floor && isSpace(bytes[end] ?? 0)) end--;
    end++;
    return this.#wrappers.some(
      (name) =>
        end - name.length >= floor &&
        bytes.compare(name, 0, name.length, end - name.length, end) === 0,
    );
  }

  /** From `offset` on the bytes are no record; the next opener is looked for from `from` on. */
  #lose(bytes: Buffer, offset: number, from: number, detail: string): void {
    this.#mode = 'lost';
    this.#lostDetail = detail;
    this.#lostOffset = offset;
    let significant = from;
    while (significant > 0 && isSeparator(bytes[significant - 1] ?? 0)) significant--;
    this.#lostEnd = Math.max(this.#base + significant, offset + 1);
    this.#at = from;
  }

  /** Looks for the next record opener. False when more bytes are needed. */
  #lost(bytes: Buffer, end: number, last: boolean): boolean {
    const found = this.#findOpener(bytes, this.#at, end);
    // Without one, the last bytes may be the first of an opener.
    const until = found >= 0 ? found : last ? end : Math.max(this.#at, end - this.#openerBytes);
    let significant = until;
    while (significant > this.#at && isSeparator(bytes[significant - 1] ?? 0)) significant--;
    if (significant > this.#at) this.#lostEnd = this.#base + significant;
    this.#at = until;
    if (found < 0) return false;
    this.#reportLost('not_json', bytes);
    this.#mode = 'between';
    return true;
  }

  #reportLost(reason: RejectReason, bytes: Buffer): void {
    const length = this.#lostEnd - this.#lostOffset;
    const start = this.#lostOffset - this.#base;
    const outermost = this.#containers.length === 0 && start >= 0 && length <= MOST_LOST;
    // What begins as JSON does is a record that is broken.
    const foreign = outermost && !JSON_BEGINS.has(bytes[start] ?? 0);
    const text = foreign ? bytes.subarray(start, start + length) : undefined;
    this.#sink.problem(reason, this.#lostOffset, length, this.#lostDetail, text);
  }

  /** Index of the next `{` that opens a record, at or after `from`; -1 if none is wholly in `bytes`. */
  #findOpener(bytes: Buffer, from: number, end: number): number {
    // By windows, so that a file of broken records is not searched to its end for each of them.
    for (let at = from; at < end; at += SEARCH_STEP) {
      const window = bytes.subarray(0, Math.min(end, at + SEARCH_STEP + this.#openerBytes));
      let found = window.length;
      for (const key of this.#openerKeys) {
        found = Math.min(found, openerByKey(window.subarray(0, found), key, from, at));
      }
      // Records that stand on lines of their own.
      if (this.#containers.length === 0) {
        const line = window.subarray(0, found).indexOf('\n{', Math.max(0, at - 1));
        if (line >= 0) found = Math.min(found, line + 1);
      }
      if (found < window.length) return found;
    }
    return -1;
  }
}

/** Index of the first `{` at or after `from` whose first member is `key`, looking from `at` on; the length if none. */
function openerByKey(bytes: Buffer, key: Buffer, from: number, at: number): number {
  for (let place = bytes.indexOf(key, at); place >= 0; place = bytes.indexOf(key, place + 1)) {
    const brace = previous(bytes, place, from);
    if (brace < from || bytes[brace] !== OPEN_BRACE) continue;
    const before = previous(bytes, brace, 0);
    // A member's value: an object inside a record that looks like one.
    if (before < 0 || bytes[before] !== COLON) return brace;
  }
  return bytes.length;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

function isSeparator(byte: number): boolean {
  return byte === COMMA || isSpace(byte);
}

/** Index of the last byte before `at` that is no white space, not before `floor`; -1 if there is none near. */
function previous(bytes: Buffer, at: number, floor: number): number {
  const lowest = Math.max(floor, at - MAX_SPACE);
  let index = at - 1;
  while (index >= lowest && isSpace(bytes[index] ?? 0)) index--;
  return index >= lowest ? index : -1;
}

/** True if an object or array can open at `at` inside a container of the given kind. */
function canOpen(bytes: Buffer, at: number, floor: number, container: number): boolean {
  const index = previous(bytes, at, floor);
  if (index < 0) return true;
  const byte = bytes[index];
  return container === OBJECT ? byte === COLON : byte === COMMA || byte === OPEN_BRACKET;
}

/** Length of the number or literal at `at` that a separator or bracket follows; 0 if there is none. */
function scalarLength(bytes: Buffer, at: number, end: number): number {
  const text = bytes.toString('latin1', at, Math.min(end, at + MAX_SCALAR));
  return /^(?:null|true|false|-?\d[\d.eE+-]*)(?=[\s,\]]|$)/.exec(text)?.[0].length ?? 0;
}
