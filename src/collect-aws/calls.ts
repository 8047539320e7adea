/** One request to AWS as this room sees it: who asks for what, and what came back. Types of the SDK as far as they are used. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CanonicalValue } from '../core/canonical.ts';

/** Parameters of a request, as the SDK takes them; no dates and no fractions, so that they can be written down. */
export type Parameters = Readonly<Record<string, CanonicalValue>>;

/** Header fields, lower case. */
export type Headers = Readonly<Record<string, string>>;

/** A request of the SDK on its way out. */
export interface HttpRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer as the SDK's own handler gives it. */
export interface HttpResponse {
  statusCode: number;
  headers: Record<string, string>;
  body?: unknown;
}

/** What sends requests: the SDK's own handler, or ours around it. */
export interface Handler {
  readonly metadata?: { readonly handlerProtocol: string };
  readonly handle: (
    request: HttpRequest,
    options?: object,
  ) => Promise<{ readonly response: HttpResponse }>;
  readonly destroy?: () => void;
  readonly updateHttpClientConfig?: (key: never, value: never) => void;
  readonly httpHandlerConfigs?: () => object;
}

/** An answer that was received whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** When it came, RFC 3339 UTC by our clock. */
  readonly at: string;
}

/** A request under way. The handler finds it by the asynchronous context that it was sent in. */
export interface Call {
  /** `s3:GetObject`. */
  readonly api: string;
  readonly account: string;
  readonly region: string;
  readonly parameters: Parameters;
  /**
   * `body`: the answer is kept as it came; `stream`: whoever sent it reads the body and calls `finish`; `forget`: hash and
   * size are written down, the bytes not kept; `secret`: the answer holds credentials, and nothing of its body is kept.
   */
  readonly keep: 'body' | 'stream' | 'forget' | 'secret';
  attempts: number;
  answer?: Answer;
  /** An answer that an earlier process received: nothing is sent. */
  readonly replay?: Answer;
  /** Writes the line of a streamed answer. Its header is in here from when it came. */
  streamed?: {
    readonly headers: Headers;
    readonly status: number;
    readonly finish: (what: Received) => Promise<void>;
  };
}

/** What came of a streamed body. */
export interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly error?: string;
}

/** The request that the current asynchronous context sends. */
export const currentCall: AsyncLocalStorage<Call> = new AsyncLocalStorage<Call>();
