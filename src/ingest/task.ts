/** What the main thread and the workers tell each other. Flat and small: bytes are transferred, never copied. */
import type { ErrorCode, Where } from '../core/errors.ts';
import type { IndexRun } from '../db/index-runs.ts';
import type { IndexOrder, Part, PartSetup } from '../db/part.ts';
import type { CoverageRow } from './coverage.ts';

/** A payload file of the evidence. */
export interface FileTask {
  readonly fileId: number;
  readonly evidenceNo: number;
  /** In the bag: `data/...`. */
  readonly path: string;
  readonly originalPath: string;
  readonly bucket: string | null;
  readonly key: string | null;
  readonly versionId: string | null;
  /** Of the stored bytes, as the bag's list says. */
  readonly sha256: string;
  readonly size: number;
  /** When it was last changed, as the collection found it. */
  readonly mtimeUs: number | undefined;
  /** Source that the collector named. */
  readonly as: string | null;
  /** For {@link Head.flowFields} of the sources. */
  readonly flowFields?: readonly string[] | undefined;
  /** The file holds the metadata of another object. */
  readonly metadata: boolean;
}

/** A run of a file's bytes inside a {@link BytesMessage}. */
export interface Segment {
  /** Present at the first segment of a file. */
  readonly file?: FileTask;
  readonly from: number;
  to: number;
  /** The file ends here. */
  last: boolean;
}

/** Main to worker: bytes of one or more consecutive files. */
export interface BytesMessage {
  readonly kind: 'bytes';
  readonly job: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly segments: readonly Segment[];
  readonly lastOfJob: boolean;
}

/** Main to worker, when all bytes were read: what to do next, one after the other. */
export type Order =
  | { readonly kind: 'end-rows' }
  | { readonly kind: 'indexes'; readonly indexes: readonly IndexOrder[] }
  | { readonly kind: 'coverage'; readonly sources: readonly string[] }
  | { readonly kind: 'check' };

/** Main to worker, first of all. */
export interface SetupMessage {
  readonly kind: 'setup';
  readonly setup: PartSetup;
}

/** Everything a worker gets. */
export type ToWorker = SetupMessage | BytesMessage | Order;

/** Worker to main: an order was carried out. */
export interface DoneMessage {
  readonly kind: 'done';
  /** After `end-rows`. */
  readonly runs: readonly IndexRun[];
  /** After `indexes`: pages that were taken and not used; the worker writes no more. */
  readonly free: readonly number[];
  /** After `coverage`. */
  readonly coverage: readonly CoverageRow[];
  /** After `check`. */
  readonly check: string;
}

/** Worker to main: bytes were taken, more can be sent. */
export interface TakenMessage {
  readonly kind: 'taken';
  readonly bytes: number;
}

/** Worker to main: a part is ready. */
export interface PartMessage {
  readonly kind: 'part';
  readonly part: Part;
  readonly job: number;
  /** Parts of one job are numbered from 0. */
  readonly sub: number;
  readonly lastOfJob: boolean;
}

/** Worker to main: the evidence is not what it should be. */
export interface FailureMessage {
  readonly kind: 'failure';
  readonly code: ErrorCode;
  readonly message: string;
  readonly where: Where | undefined;
  readonly hint: string | undefined;
}

/** Everything a worker sends. */
export type FromWorker = TakenMessage | PartMessage | DoneMessage | FailureMessage;
