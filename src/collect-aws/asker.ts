/** Asks APIs and keeps each answer as the bytes that came. What an earlier process asked is answered from staging. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Interrupted } from '../collect/copy.ts';
import type { StoredEvent } from '../collect/journal.ts';
import { stagingPaths } from '../collect/staging.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';
import type { Answer, Call, Parameters } from './calls.ts';
import { AGAIN, failureOf, type Failure } from './failure.ts';
import type { Shelf } from './keeper.ts';
import { answerPath } from './place.ts';
import { SERVICES, type ServiceName } from './services.ts';
import type { Place, Session } from './session.ts';
import { requestKey, type AwsState } from './state.ts';

/** One question. */
export interface Question {
  readonly service: ServiceName;
  readonly operation: string;
  readonly parameters: Parameters;
  /** Names of the parameter and of the answer's member that lead to the next page. */
  readonly token?: readonly [string, string] | undefined;
}

/** What the SDK made of an answer. */
export type Output = Readonly<Record<string, unknown>>;

/** More pages than any service gives; a server that never ends must not keep us for ever. */
const MAX_PAGES = 1_000_000;

/** Where answers go, and what is known already. */
export interface AskerOptions {
  readonly session: Session;
  readonly keeper: Shelf;
  readonly state: AwsState;
  /** Staging folder. */
  readonly dir: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onAnswer: (bytes: number) => void;
}

/** Asks for one collection. */
export class Asker {
  readonly #options: AskerOptions;
  /** Accounts whose credentials do not hold any more: nothing else is asked there. */
  readonly #expired = new Map<string, string>();

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /** Credentials that were refused: all that is left of the account ends as this did. */
  expired(account: string, detail: string): void {
    this.#expired.set(account, detail);
  }

  /** Why nothing more is asked in the account. */
  expiredIn(account: string): string | undefined {
    return this.#expired.get(account);
  }

  /** All pages of a question, in order; ends early where one came to nothing, which is then on record. */
  async *pages(place: Place, question: Question): AsyncGenerator<Output> {
    const [input, output] = question.token ?? [];
    let { parameters } = question;
    const seen = new Set<string>();
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const answer = await this.#ask(place, question, parameters, page);
      if (answer === undefined) return;
      yield answer;
      if (input === undefined || output === undefined) return;
      const next = answer[output];
      // The same token twice would go in a circle; what it stands for was received already.
      if (typeof next !== 'string' || next === '' || seen.has(next)) return;
      seen.add(next);
      parameters = { ...question.parameters, [input]: next };
    }
  }

  async #ask(
    place: Place,
    { service, operation, parameters: asked }: Question,
    parameters: Parameters,
    page: number,
  ): Promise<Output | undefined> {
    const { session, state, signal, now, keeper, dir } = this.#options;
    if (signal.aborted) throw new Interrupted();
    const about = { ...place, service, operation, parameters };
    const path = answerPath(place.account, place.region, service, operation, asked, page);
    const known = state.answers.get(requestKey(about));
    const failed = state.failures.get(path.path);
    if (known === undefined && failed !== undefined && !AGAIN.has(failed.reason)) return undefined;
    const expired = this.#expired.get(place.account);
    const call: Call = {
      api: `${SERVICES[service].iam}:${operation}`,
      ...place,
      parameters,
      keep: 'body',
      attempts: 0,
      ...(known === undefined ? {} : { replay: await stored(dir, known) }),
    };
    let output: Output | undefined;
    let failure: Failure | undefined;
    if (known === undefined && expired !== undefined) {
      failure = { state: 'failed', reason: 'expired_credentials', detail: `not asked: ${expired}` };
    } else {
      try {
        output = (await session.send(service, place, call, operation)) as Output;
      } catch (error) {
        throwIfStopped(signal);
        failure = failureOf(error, (text) => session.secrets.hide(text));
        if (failure.reason === 'expired_credentials') this.expired(place.account, failure.detail);
      }
    }
    const at = formatUs(now() * 1000);
    const { answer } = call;
    if (known === undefined && answer !== undefined) {
      // An answer that the SDK cannot read is an answer all the same.
      await keeper.keep(answer.bytes, {
        at,
        ...path,
        mtime_us: timeOf(answer),
        api: {
          ...about,
          request_id:
            answer.headers['x-amzn-requestid'] ?? answer.headers['x-amz-request-id'] ?? '',
          http_date: answer.headers['date'] ?? '',
          content_type: answer.headers['content-type'] ?? '',
        },
      });
      this.#options.onAnswer(answer.bytes.length);
    } else if (known === undefined && failure !== undefined) {
      await keeper.note([{ at, ...path, ...failure }]);
    }
    return output;
  }
}

/** Time of an answer in microseconds: AWS's, or ours where it told none. */
function timeOf({ headers, at }: Answer): number {
  const date = Date.parse(headers['date'] ?? '');
  return Number.isFinite(date) ? date * 1000 : (parseRfc3339(at) ?? 0);
}

// In a function of its own: the compiler holds that a signal that was not aborted before never is.
function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted();
}

async function stored(dir: string, event: StoredEvent): Promise<Answer> {
  const bytes = await readFile(join(stagingPaths(dir).objects, event.sha256));
  return {
    status: 200,
    headers: {
      'content-type': event.api?.content_type ?? '',
      'x-amzn-requestid': event.api?.request_id ?? '',
    },
    bytes,
    at: event.at,
  };
}
