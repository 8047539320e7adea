/**
 * Worker thread: takes stored bytes of files, writes pages of a case database and gives back parts. It sees no clock;
 * what it makes of a file depends on the file alone.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import { release } from '../core/release.ts';
import { sqliteFailure } from '../db/failure.ts';
import { type PartSetup, PartWriter } from '../db/part.ts';
import { CellBuffer } from '../db/record.ts';
import { driverLoaded } from '../db/threads.ts';
import { quickCheck, readUnderWay } from '../db/under-way.ts';
import { contentOf, isPacked } from '../framing/content.ts';
import { inflateWhole, newInflateReport } from '../framing/gzip.ts';
import { SOURCES } from '../sources/_registry.ts';
import { type CoverageRow, readCoverage } from './coverage.ts';
import { FileReader } from './file-reader.ts';
import type { BytesMessage, FileTask, FromWorker, Order, Segment, ToWorker } from './task.ts';

driverLoaded();
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

const inbox = new Inbox();
let setup: PartSetup | undefined;
let opened: PartWriter | undefined;
/** Number of the next part of the job at hand. */
let sub = 0;

/** Made when the first bytes come. */
function writer(): PartWriter {
  if (opened === undefined) {
    if (setup === undefined) throw new Error('bytes before the setup');
    opened = new PartWriter(setup);
  }
  return opened;
}

function finishPart(job: number, lastOfJob: boolean): void {
  send({ kind: 'part', part: writer().take(), job, sub: sub++, lastOfJob });
  if (lastOfJob) sub = 0;
}

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
    const inflated = task.metadata ? undefined : inflateWhole(bytes, WHOLE_BYTES);
    const whole = inflated === undefined || isPacked(inflated.bytes) ? undefined : inflated;
    const report = whole?.report ?? newInflateReport();
    const reader = new FileReader(task, writer(), cells, report);
    if (whole !== undefined) reader.push(whole.bytes);
    else if (!task.metadata) await stream([bytes], reader, report, job);
    reader.end();
    if (whole !== undefined && whole.bytes !== bytes) release(whole.bytes);
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
    const reader = new FileReader(task, writer(), cells, report);
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
  for await (const chunk of contentOf(stored, report)) {
    if (!reader.push(chunk)) return;
    since += chunk.length;
    if (since < PART_BYTES) continue;
    since = 0;
    finishPart(job, false);
  }
}

async function work(): Promise<never> {
  for (;;) {
    const { segment, bytes, job, endsJob } = await inbox.next();
    if (segment.file === undefined) throw new Error('a segment without its file');
    const ended = await readFile(segment.file, segment, bytes, job);
    if (endsJob || ended) finishPart(job, true);
  }
}

function carryOut(order: Order): void {
  const runs = order.kind === 'end-rows' ? writer().endRows() : [];
  if (order.kind === 'indexes') for (const index of order.indexes) writer().index(index);
  const free = order.kind === 'indexes' ? writer().close() : [];
  const check = order.kind === 'check' ? quickCheck(setup?.database ?? '') : '';
  const coverage = order.kind === 'coverage' ? coverageOf(order.sources) : [];
  send({ kind: 'done', runs, free, coverage, check });
}

function coverageOf(sources: readonly string[]): readonly CoverageRow[] {
  return readUnderWay(setup?.database ?? '', (db) =>
    SOURCES.filter(({ id }) => sources.includes(id)).flatMap((source) => readCoverage(db, source)),
  );
}

function fail(error: unknown): void {
  const failure =
    error instanceof ExhibitError ? error : sqliteFailure(error, setup?.database ?? '');
  if (failure === undefined) throw error;
  const { code, message, where, hint } = failure;
  send({ kind: 'failure', code, message, where, hint });
}

port?.on('message', (message: ToWorker) => {
  if (message.kind === 'setup') {
    ({ setup } = message);
    return;
  }
  if (message.kind === 'bytes') {
    inbox.add(message);
    return;
  }
  try {
    carryOut(message);
  } catch (error) {
    fail(error);
  }
});

work().catch(fail);
