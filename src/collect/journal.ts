/**
 * The journal of a collection (docs/collect.md, "Journal"): one canonical JSON object a line, each carrying the SHA-256
 * of the line before. Lines are only ever appended, in writes that are fsynced before anything relies on them.
 */
import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { ApiAnswer, FileFacts, S3Place } from '../bundle/objects.ts';
import { canonicalLine, type CanonicalValue } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { staged, type Disk } from './disk.ts';

/** The path of a file or folder below a root, as text and, where that is not exact, as base64. */
export interface JournalPath {
  readonly root: number;
  readonly path: string;
  readonly path_base64?: string;
}

/** How a file or folder ended without being copied. */
export type FailState = 'failed' | 'gone' | 'skipped';

/** What a line of the journal says. `at` is the claimed time, RFC 3339 UTC. */
export type JournalEvent =
  | { readonly state: 'started'; readonly at: string }
  /** Another process went on; `cut_*` describe a torn end of the journal that was cut off. */
  | {
      readonly state: 'resumed';
      readonly at: string;
      readonly cut_bytes: number;
      readonly cut_sha256?: string;
    }
  | PlannedEvent
  | RequestEvent
  /** The header of an object's answer came: its bytes go to `partial/<n>`, and another process can go on there. */
  | {
      readonly state: 'receiving';
      readonly at: string;
      readonly n: number;
      readonly s3: S3Place;
      readonly size: number;
      readonly mtime_us: number;
      readonly changed_while_read?: true;
    }
  /** All of a prefix was listed. `outside`: objects that lay outside of the asked window. */
  | {
      readonly state: 'listed';
      readonly at: string;
      readonly place: string;
      readonly objects: number;
      readonly bytes: number;
      readonly outside: number;
    }
  /** By how much AWS's clock is ahead of ours, at least and at most, from the Date of all answers. */
  | {
      readonly state: 'clock';
      readonly at: string;
      readonly offset_at_least_ms: number;
      readonly offset_at_most_ms: number;
      readonly answers: number;
    }
  /** All planned lines are written. */
  | {
      readonly state: 'plan_complete';
      readonly at: string;
      readonly files: number;
      readonly bytes: number;
    }
  | StoredEvent
  | FailEvent
  /** A stored file whose object staging no longer holds as it was hashed; it is copied again. */
  | ({
      readonly state: 'lost';
      readonly at: string;
      readonly sha256: string;
      readonly n?: number;
    } & JournalPath)
  | { readonly state: 'finished'; readonly at: string };

/** A file or object that will be copied. */
export interface PlannedEvent extends JournalPath {
  readonly state: 'planned';
  readonly size: number;
  readonly mtime_us: number;
  /** Objects of S3 are numbered in the order of the plan, from 0; their end states name the number. */
  readonly n?: number;
  readonly s3?: S3Place;
  /** As it was before the file was opened. */
  readonly file?: FileFacts;
}

/** One attempt of one request to AWS, and what came back. Never holds what a credential is or could be made from. */
export interface RequestEvent {
  readonly state: 'request';
  /** When it was sent. */
  readonly at: string;
  /** `cloudtrail:LookupEvents`. */
  readonly api: string;
  readonly account: string;
  readonly region: string;
  readonly parameters: Readonly<Record<string, CanonicalValue>>;
  /** From 1. */
  readonly attempt: number;
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  readonly request_id?: string;
  /** `Date` of the answer, as it stands. */
  readonly http_date?: string;
  /** Of the body as it was received; absent for answers that hold credentials. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** AWS's error code, or what kept the answer from coming. */
  readonly error?: string;
}

/** A file's bytes are durable in `objects/<sha256>`. Size and time are those of the copy, not of the plan. */
export interface StoredEvent extends JournalPath {
  readonly state: 'stored';
  readonly at: string;
  readonly size: number;
  readonly mtime_us: number;
  readonly sha256: string;
  readonly sha512: string;
  readonly changed_while_read?: true;
  readonly n?: number;
  readonly s3?: S3Place;
  readonly api?: ApiAnswer;
  readonly file?: FileFacts;
}

/** A file or folder was not copied, and why. */
export interface FailEvent extends JournalPath {
  readonly state: FailState;
  readonly at: string;
  readonly reason: string;
  readonly detail: string;
  readonly n?: number;
}

/** Lines are appended in writes of at most this size; only so much at the end can be torn by a crash. */
const WRITE_BYTES = 262_144;
/** No line comes near this: a path is at most 4096 bytes on Linux, 32 KiB of text when base64 stands beside it. */
const LINE_BYTES = 131_072;
const NO_LINE = '0'.repeat(64);

/** Where a journal's good lines end. */
export interface JournalEnd {
  /** SHA-256 of the last good line; 64 zeros for none. */
  readonly head: string;
  /** Bytes of good lines. */
  readonly bytes: number;
  /** What follows them: a line that a crash tore. Empty when there is none. */
  readonly torn: Buffer;
}

/**
 * Reads a journal, checking the chain, and hands over each event in order. A journal that does not exist is empty.
 * @throws ExhibitError `E_FORMAT` when a line is broken further from the end than a crash can explain.
 */
export async function readJournal(
  path: string,
  onEvent: (event: JournalEvent) => void,
): Promise<JournalEnd> {
  const events = journalEvents(path);
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) return value;
    for (const event of value) onEvent(event);
  }
}

/**
 * The same, as far as the caller wants to read: the events of a piece of the file at a time.
 * @throws ExhibitError `E_FORMAT`.
 */
export async function* journalEvents(path: string): AsyncGenerator<JournalEvent[], JournalEnd> {
  let head = NO_LINE;
  let bytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  let broken = false;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: WRITE_BYTES })) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      const events: JournalEvent[] = [];
      let start = 0;
      for (let end = rest.indexOf(10); !broken && end >= 0; end = rest.indexOf(10, start)) {
        const line = rest.subarray(start, end + 1);
        const event = parseLine(line, head);
        if (event === undefined) {
          broken = true;
          break;
        }
        events.push(event);
        head = sha256Hex(line);
        start = end + 1;
        bytes += line.length;
      }
      rest = rest.subarray(start);
      if (rest.length > (broken ? WRITE_BYTES : WRITE_BYTES + LINE_BYTES)) {
        throw new ExhibitError('E_FORMAT', 'the journal is broken: a line does not fit the chain', {
          where: { file: path, offset: bytes },
          hint: 'this is not what a crash leaves; keep the folder as it is and collect into another evidence id',
        });
      }
      yield events;
    }
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error;
  }
  return { head, bytes, torn: rest };
}

function parseLine(line: Buffer, head: string): JournalEvent | undefined {
  try {
    const value = JSON.parse(line.toString('utf8')) as { prev?: unknown; state?: unknown };
    if (value.prev !== head || typeof value.state !== 'string') return undefined;
    return value as unknown as JournalEvent;
  } catch {
    return undefined;
  }
}

/** Appends to a journal. */
export class JournalWriter {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #handle: FileHandle;
  #head: string;
  #unsynced = 0;
  #last: Promise<void> = Promise.resolve();
  #noted: JournalEvent[] = [];
  #noting: Promise<void> | undefined;

  private constructor(disk: Disk, path: string, handle: FileHandle, head: string) {
    this.#disk = disk;
    this.#path = path;
    this.#handle = handle;
    this.#head = head;
  }

  /** Opens the journal behind `end`, cutting off what a crash tore. */
  static async open(disk: Disk, path: string, end: JournalEnd): Promise<JournalWriter> {
    return await staged(path, async () => {
      const handle = await disk.openTarget(path, true);
      try {
        const size = (await stat(path)).size;
        if (size > end.bytes) await handle.truncate(end.bytes);
      } catch (error) {
        await handle.close();
        throw error;
      }
      return new JournalWriter(disk, path, handle, end.head);
    });
  }

  /** Appends events; when it returns they, and all before them, are durable. */
  append(events: readonly JournalEvent[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#write(events);
      if (this.#unsynced > 0) await this.#sync();
    });
  }

  /**
   * Appends events that outlive this process at once, and a loss of power from the next {@link append} on: whoever goes on
   * proves what they claim anyway. What several callers note while a write is under way is written together.
   */
  note(events: readonly JournalEvent[]): Promise<void> {
    this.#noted.push(...events);
    this.#noting ??= this.#inTurn(async () => {
      const noted = this.#noted;
      this.#noted = [];
      this.#noting = undefined;
      await this.#write(noted);
    });
    return this.#noting;
  }

  // Several writers may append at the same time; each line names the one before it.
  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    // Its own caller hears of a failure; the ones behind it fail on their own.
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #write(events: readonly JournalEvent[]): Promise<void> {
    let lines: Buffer[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (lines.length === 0) return;
      // Only so much may be torn at the end by a crash, unless all before it is durable.
      if (this.#unsynced + bytes > WRITE_BYTES) await this.#sync();
      const block = Buffer.concat(lines);
      this.#unsynced += block.length;
      await staged(this.#path, () => this.#disk.write(this.#handle, block));
      lines = [];
      bytes = 0;
    };
    for (const event of events) {
      const line = canonicalLine({ ...asValue(event), prev: this.#head });
      if (bytes + line.length > WRITE_BYTES) await flush();
      this.#head = sha256Hex(line);
      lines.push(line);
      bytes += line.length;
    }
    await flush();
  }

  async #sync(): Promise<void> {
    await staged(this.#path, () => this.#disk.sync(this.#handle));
    this.#unsynced = 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

// An interface has no index signature, so the compiler does not see that an event is nothing but values.
function asValue(event: JournalEvent): Readonly<Record<string, CanonicalValue>> {
  return event as unknown as Readonly<Record<string, CanonicalValue>>;
}
