/**
 * Worker thread: takes stored bytes of files, gives back parts of a case database. It sees no file system and no clock;
 * what it makes of a file depends on the file alone.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { sqliteFailure } from '../db/failure.ts';
import { PartWriter } from '../db/part.ts';
import { CellBuffer } from '../db/record.ts';
import type { Migration } from '../db/migrate.ts';
import { inflate, inflateWhole, newInflateReport } from '../framing/gzip.ts';
import { FileReader } from './file-reader.ts';
import type { BytesMessage, FileTask, FromWorker, Segment } from './task.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly migrations: readonly Migration[];
  /** Start of the paths of its parts. */
  readonly parts: string;
}

const setup = workerData as WorkerSetup;
const port = parentPort;

/** A file that comes in one piece is inflated at once if it is not larger than this afterwards. */
const WHOLE_BYTES = 32 * 2 ** 20;
/** A part is closed inside a long file when this much of it was read. */
const PART_BYTES = 16 * 2 ** 20;

function send(message: FromWorker): void {
  port?.postMessage(message);
}

/** Messages in order; the one being read waits here for its reader. */
class Inbox {
  readonly #messages: BytesMessage[] = [];
  #wake: (() => void) | undefined;
  #index = 0;

  add(message: BytesMessage): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  /** The next segment, with its bytes and whether it ends its job. */
  async next(): Promise<{ segment: Segment; bytes: Buffer; job: number; endsJob: boolean }> {
    for (;;) {
      const message = this.#messages[0];
      const segment = message?.segments[this.#index];
      if (message !== undefined && segment !== undefined) {
        this.#index++;
        const endsMessage = this.#index === message.segments.length;
        if (endsMessage) {
          this.#messages.shift();
          this.#index = 0;
          send({ kind: 'taken', bytes: message.bytes.length });
        }
        const bytes = Buffer.from(message.bytes.buffer, segment.from, segment.to - segment.from);
        return { segment, bytes, job: message.job, endsJob: endsMessage && message.lastOfJob };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Parts of the job at hand. */
class Parts {
  #open: PartWriter | undefined;
  #count = 0;
  #sub = 0;

  readonly current = (): PartWriter => {
    this.#open ??= new PartWriter(`${setup.parts}-${String(this.#count++)}`, setup.migrations);
    return this.#open;
  };

  finish(job: number, lastOfJob: boolean): void {
    const part = this.current();
    this.#open = undefined;
    send({ kind: 'part', part: part.close(), job, sub: this.#sub++, lastOfJob });
    if (lastOfJob) this.#sub = 0;
  }
}

const inbox = new Inbox();
const parts = new Parts();
const cells = new CellBuffer();

async function readFile(
  task: FileTask,
  first: Segment,
  bytes: Buffer,
  job: number,
): Promise<boolean> {
  const stored = createHash('sha256');
  let endsJob = false;
  if (first.last) {
    stored.update(bytes);
    const whole = task.metadata ? undefined : inflateWhole(bytes, WHOLE_BYTES);
    const report = whole?.report ?? newInflateReport();
    const reader = new FileReader(task, parts.current, cells, report);
    if (whole !== undefined) reader.push(whole.bytes);
    else if (!task.metadata) await stream([bytes], reader, report, job);
    reader.end();
  } else {
    let last = false;
    const pieces = async function* (): AsyncGenerator<Buffer> {
      stored.update(bytes);
      yield bytes;
      while (!last) {
        const next = await inbox.next();
        last = next.segment.last;
        endsJob = next.endsJob;
        stored.update(next.bytes);
        yield next.bytes;
      }
    };
    const source = pieces();
    const report = newInflateReport();
    const reader = new FileReader(task, parts.current, cells, report);
    // The reader may want no more; the bytes are taken and hashed all the same.
    const kept = { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
    if (!task.metadata) await stream(kept, reader, report, job);
    for (let more = await source.next(); more.done !== true; more = await source.next());
    reader.end();
  }
  if (stored.digest('hex') !== task.sha256) {
    throw new ExhibitError('E_TAMPERED', 'a file differs from the hash in its bag', {
      where: { file: task.path },
    });
  }
  return endsJob;
}

async function stream(
  stored: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  reader: FileReader,
  report: ReturnType<typeof newInflateReport>,
  job: number,
): Promise<void> {
  let since = 0;
  for await (const chunk of inflate(stored, report)) {
    if (!reader.push(chunk)) return;
    since += chunk.length;
    if (since < PART_BYTES) continue;
    since = 0;
    parts.finish(job, false);
  }
}

async function work(): Promise<never> {
  for (;;) {
    const { segment, bytes, job, endsJob } = await inbox.next();
    if (segment.file === undefined) throw new Error('a segment without its file');
    const ended = await readFile(segment.file, segment, bytes, job);
    if (endsJob || ended) parts.finish(job, true);
  }
}

port?.on('message', (message: BytesMessage) => {
  inbox.add(message);
});

work().catch((error: unknown) => {
  const failure = error instanceof ExhibitError ? error : sqliteFailure(error, setup.parts);
  if (failure === undefined) throw error;
  const { code, message, where, hint } = failure;
  send({ kind: 'failure', code, message, where, hint });
});
