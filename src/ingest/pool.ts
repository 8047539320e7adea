/**
 * Hands the files' bytes to the workers and the workers' parts to the writer, then shares out the indexes. Consecutive files form a job, a job goes to
 * one worker, parts are merged in the order of jobs: the result does not depend on how many workers there are. Memory
 * is bounded by how many jobs are under way and how many bytes wait at a worker.
 */
import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { ExhibitError } from '../core/errors.ts';
import type { PageIndex } from '../db/build.ts';
import type { IndexRun } from '../db/index-runs.ts';
import type { Part, PartSetup } from '../db/part.ts';
import { endThread, startThread } from '../db/threads.ts';
import type { CoverageRow } from './coverage.ts';
import type {
  BytesMessage,
  DoneMessage,
  FileTask,
  FromWorker,
  Order,
  PartMessage,
  Segment,
  SetupMessage,
} from './task.ts';

/** A job ends with the file with which it gets this heavy (stored bytes; compressed ones count for what they become). */
const JOB_WEIGHT = 8 * 2 ** 20;
/** What a gzip byte becomes: AWS logs compress 8 to 15 times. */
const GZIP_WEIGHT = 10;
/** Bytes of a message; a file up to {@link WHOLE_FILE} comes in one, so that it can be inflated in one go. */
const MESSAGE_BYTES = 2 ** 20;
const WHOLE_FILE = 4 * 2 ** 20;
/** Stored bytes that may wait at one worker. */
const WAITING_BYTES = 8 * 2 ** 20;
/** Heap of a worker, in MiB; a record is at most 16 MiB. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 24 };

interface Member {
  readonly thread: Worker;
  waiting: number;
  /** Orders that are not carried out yet, the first first. */
  readonly orders: PromiseWithResolvers<DoneMessage>[];
}

/** Takes a part into the database. */
export type Merge = (part: Part) => void;

/** Starts the threads of a pool; they load their code while the caller does other things. */
export function startThreads(workers: number): readonly Worker[] {
  // A heap that begins small is collected again and again while it grows: with half of this an import took 7 % longer.
  setFlagsFromString('--initial-old-space-size=96');
  return Array.from({ length: workers }, () =>
    startThread(new URL('./worker.ts', import.meta.url), { resourceLimits: WORKER_LIMITS }),
  );
}

/** The workers of one import. */
export class Pool {
  readonly #members: readonly Member[];
  readonly #merge: Merge;
  readonly #arrived = new Map<string, PartMessage>();
  #mergeJob = 0;
  #mergeSub = 0;
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  #job = -1;
  #owner: Member | undefined;
  #weight = 0;
  #buffer = Buffer.alloc(0);
  #fill = 0;
  #segments: Segment[] = [];
  #fileWeight = 1;

  /**
   * @param threads from {@link startThreads}.
   * @param setup of each worker; `runs` is made one of its own.
   */
  constructor(threads: readonly Worker[], setup: PartSetup, merge: Merge) {
    this.#merge = merge;
    this.#members = threads.map((thread, index) => {
      const message: SetupMessage = {
        kind: 'setup',
        setup: { ...setup, runs: `${setup.runs}-${String(index)}` },
      };
      thread.postMessage(message);
      const member: Member = { thread, waiting: 0, orders: [] };
      thread.on('message', (message: FromWorker) => {
        this.#receive(member, message);
      });
      thread.on('error', (error: unknown) => {
        this.#fail(error);
      });
      return member;
    });
  }

  /** Adds a file; its bytes are read from `body` to the end. */
  async file(task: FileTask, body: AsyncIterable<Buffer>): Promise<void> {
    const whole = task.size <= WHOLE_FILE;
    await this.#room(whole ? task.size : 1);
    let segment: Segment = { file: task, from: this.#fill, to: this.#fill, last: false };
    this.#segments.push(segment);
    let first = true;
    for await (const piece of body) {
      if (first) this.#fileWeight = piece[0] === 0x1f && piece[1] === 0x8b ? GZIP_WEIGHT : 1;
      first = false;
      for (let at = 0; at < piece.length;) {
        if (this.#fill === this.#buffer.length) {
          await this.#post(false);
          await this.#room(1);
          segment = { from: 0, to: 0, last: false };
          this.#segments.push(segment);
        }
        const copied = piece.copy(this.#buffer, this.#fill, at);
        at += copied;
        this.#fill += copied;
        segment.to = this.#fill;
      }
    }
    segment.last = true;
    // Even an empty file costs something.
    this.#weight += 4096 + task.size * this.#fileWeight;
    if (this.#weight >= JOB_WEIGHT) await this.#post(true);
  }

  /** Waits until everything was merged. */
  async drain(): Promise<void> {
    if (this.#owner !== undefined) await this.#post(true);
    await this.#until(() => this.#mergeJob > this.#job);
  }

  /** Ends the reading, when everything was merged: the runs that indexes are made from. */
  async endRows(): Promise<readonly IndexRun[]> {
    const ended = await Promise.all(
      this.#members.map((member) => this.#order(member, { kind: 'end-rows' })),
    );
    return ended.flatMap(({ runs }) => runs);
  }

  /**
   * Has the indexes written.
   * @returns pages that the workers took and did not use.
   */
  async writeIndexes(
    indexes: readonly PageIndex[],
    runs: readonly IndexRun[],
  ): Promise<readonly number[]> {
    const orders = indexes.flatMap(({ table, column, root }) => {
      const own = runs.filter((run) => run.table === table && run.column === column);
      return own.length === 0 ? [] : [{ root, runs: own }];
    });
    // All at once, for this thread is busy meanwhile.
    const done = await Promise.all(
      this.#members.map((member, index) =>
        this.#order(member, {
          kind: 'indexes',
          indexes: orders.filter((_order, place) => place % this.#members.length === index),
        }),
      ),
    );
    return done.flatMap(({ free }) => free);
  }

  /** Has the last worker count, when its indexes are done, what there is in some sources. */
  async coverage(sources: readonly string[]): Promise<readonly CoverageRow[]> {
    const last = this.#members.at(-1);
    if (last === undefined) throw new Error('a pool without workers');
    return (await this.#order(last, { kind: 'coverage', sources })).coverage;
  }

  /** Has one worker check the whole file, while it is only read from: what {@link quickCheck} says. The others end. */
  async check(): Promise<string> {
    const [first, ...others] = this.#members;
    if (first === undefined) throw new Error('a pool without workers');
    // Their memory is wanted for the last rows.
    for (const { thread } of others) void endThread(thread);
    return (await this.#order(first, { kind: 'check' })).check;
  }

  #order(member: Member, order: Order): Promise<DoneMessage> {
    const done = Promise.withResolvers<DoneMessage>();
    member.orders.push(done);
    if (this.#failure === undefined) member.thread.postMessage(order);
    else done.reject(this.#failure);
    return done.promise;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ thread }) => endThread(thread)));
  }

  // Sees to it that a job is open and that the buffer has room for `bytes` more.
  async #room(bytes: number): Promise<void> {
    if (this.#fill + bytes > this.#buffer.length && this.#segments.length > 0)
      await this.#post(false);
    if (this.#owner === undefined) {
      // Two jobs per worker: one is worked on, one waits, so that no worker waits for us.
      const limit = 2 * this.#members.length;
      await this.#until(() => this.#job + 1 - this.#mergeJob < limit);
      this.#owner = this.#members.reduce((least, member) =>
        member.waiting < least.waiting ? member : least,
      );
      this.#job++;
      this.#weight = 0;
    }
    if (this.#buffer.length < this.#fill + bytes || this.#buffer.length === 0) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(MESSAGE_BYTES, bytes));
    }
  }

  async #post(lastOfJob: boolean): Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#fill);
    const message: BytesMessage = {
      kind: 'bytes',
      job: this.#job,
      bytes,
      segments: this.#segments,
      lastOfJob,
    };
    owner.waiting += bytes.length;
    owner.thread.postMessage(message, [bytes.buffer]);
    this.#buffer = Buffer.alloc(0);
    this.#fill = 0;
    this.#segments = [];
    if (lastOfJob) this.#owner = undefined;
    await this.#until(() => owner.waiting <= WAITING_BYTES);
  }

  #receive(member: Member, message: FromWorker): void {
    if (message.kind === 'taken') {
      member.waiting -= message.bytes;
    } else if (message.kind === 'done') {
      member.orders.shift()?.resolve(message);
    } else if (message.kind === 'failure') {
      const { code, message: text, where, hint } = message;
      this.#fail(
        new ExhibitError(code, text, {
          ...(where === undefined ? {} : { where }),
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    } else {
      this.#arrived.set(`${String(message.job)}.${String(message.sub)}`, message);
      this.#mergeReady();
    }
    this.#wake?.();
  }

  #mergeReady(): void {
    for (;;) {
      const key = `${String(this.#mergeJob)}.${String(this.#mergeSub)}`;
      const part = this.#arrived.get(key);
      if (part === undefined || this.#failure !== undefined) return;
      this.#arrived.delete(key);
      try {
        this.#merge(part.part);
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (part.lastOfJob) {
        this.#mergeJob++;
        this.#mergeSub = 0;
      } else {
        this.#mergeSub++;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    for (const order of this.#members.flatMap(({ orders }) => orders)) order.reject(this.#failure);
    this.#wake?.();
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
