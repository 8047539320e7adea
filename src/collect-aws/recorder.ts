/**
 * Stands between the SDK and the network: every attempt of every request becomes a line of the journal, answers are kept
 * as the bytes that came, requests are spaced out, and the difference between AWS's clock and ours is bounded.
 */
import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { RequestEvent } from '../collect/journal.ts';
import { sha256Hex } from '../core/digest.ts';
import { formatUs } from '../core/time.ts';
import { currentCall, type Answer, type Call, type Handler, type HttpResponse } from './calls.ts';
import type { ClockBounds } from './clock.ts';
import type { Secrets } from './secrets.ts';

/** No answer but an object's is near this; what is larger is not AWS's. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** What a recorder needs. */
export interface RecorderOptions {
  readonly inner: Handler;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  readonly clock: ClockBounds;
  readonly secrets: Secrets;
  /** Waits until one more request may be sent. */
  readonly turn: () => Promise<void>;
  readonly record: (event: RequestEvent) => Promise<void>;
}

/** A handler for the SDK that records. */
export function recordingHandler(options: RecorderOptions): Handler {
  const { inner } = options;
  return {
    ...(inner.metadata === undefined ? {} : { metadata: inner.metadata }),
    destroy: () => inner.destroy?.(),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    handle: async (request, handlerOptions) => {
      const call = currentCall.getStore();
      if (call === undefined) throw new TypeError('a request that nobody asked for');
      if (call.replay !== undefined) return { response: answered(call.replay) };
      await options.turn();
      call.attempts += 1;
      const sent = options.now();
      let response: HttpResponse;
      try {
        ({ response } = await inner.handle(request, handlerOptions));
      } catch (error) {
        await options.record({ ...line(call, sent), error: options.secrets.hide(nameOf(error)) });
        throw error;
      }
      return { response: await received(options, call, sent, response) };
    },
  };
}

async function received(
  options: RecorderOptions,
  call: Call,
  sent: number,
  response: HttpResponse,
): Promise<HttpResponse> {
  const { headers, statusCode: status } = response;
  const id =
    headers['x-amzn-requestid'] ?? headers['x-amz-request-id'] ?? headers['x-amzn-request-id'];
  const date = headers['date'];
  const came = options.now();
  if (date !== undefined) options.clock.add(Date.parse(date), sent, came);
  const head = {
    ...line(call, sent),
    status,
    ...(id === undefined ? {} : { request_id: id }),
    ...(date === undefined ? {} : { http_date: date }),
  };
  if (call.keep === 'stream' && status < 300) {
    call.streamed = { headers, status, finish: (what) => options.record({ ...head, ...what }) };
    return response;
  }
  let bytes: Buffer;
  try {
    bytes = await readAll(response.body);
  } catch (error) {
    await options.record({ ...head, error: options.secrets.hide(nameOf(error)) });
    throw error;
  }
  const code = status < 300 ? undefined : errorCode(headers, bytes);
  await options.record({
    ...head,
    ...(call.keep === 'secret' ? {} : { bytes: bytes.length, sha256: sha256Hex(bytes) }),
    ...(code === undefined ? {} : { error: code }),
  });
  const answer: Answer = { status, headers, bytes, at: formatUs(came * 1000) };
  if (call.keep === 'body' && status < 300) call.answer = answer;
  return answered(answer, response);
}

function line(
  call: Call,
  sent: number,
): Omit<RequestEvent, 'status' | 'request_id' | 'http_date' | 'bytes' | 'sha256' | 'error'> {
  const { api, account, region, parameters, attempts } = call;
  const at = formatUs(sent * 1000);
  return { state: 'request', at, api, account, region, parameters, attempt: attempts };
}

/** The answer with its bytes as a stream again; the SDK's own object stays, for it asks for its class. */
function answered(answer: Answer, response?: HttpResponse): HttpResponse {
  const body = Readable.from([answer.bytes], { objectMode: false });
  if (response !== undefined) {
    response.body = body;
    return response;
  }
  return Object.assign(Object.create(null) as HttpResponse, {
    statusCode: answer.status,
    headers: { ...answer.headers },
    body,
  });
}

async function readAll(body: unknown): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is larger than any of AWS is');
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

/** AWS's code in an error's answer (AWS's JSON protocols name it in a header or `__type`, the XML ones in `<Code>`). */
function errorCode(headers: Readonly<Record<string, string>>, bytes: Buffer): string | undefined {
  const header = headers['x-amzn-errortype']?.split(':')[0];
  if (header !== undefined) return header;
  const text = bytes.toString('utf8', 0, 4096);
  return (
    /"__type"\s*:\s*"(?:[^"#]*#)?([\w.]{1,80})"/.exec(text)?.[1] ??
    /<Code>([\w.]{1,80})<\/Code>/.exec(text)?.[1]
  );
}

/** Short name of an error of the network: ECONNRESET, TimeoutError. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}
