/** What a verb was asked, as a run records it in params.json. */
import { Buffer } from 'node:buffer';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import type { CanonicalValue } from '../core/canonical.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs, parseRfc3339 } from '../core/time.ts';

/**
 * What was asked, in full: everything that decides the answer besides the evidence and the tool. Times as RFC 3339,
 * integers below 2^53. Text of rules and patterns belongs in here, so that the question can be asked where the files are
 * not; of large files only name and hash.
 */
export type Question = Readonly<Record<string, CanonicalValue | undefined>>;

/**
 * The question in the text of params.json.
 * @throws ExhibitError `E_TAMPERED` when it has not its documented form.
 */
export function readQuestion(text: string, file: string): Question {
  const value = parseCanonicalLine(Buffer.from(text, 'utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Question;
  throw new ExhibitError('E_TAMPERED', 'params.json does not have its documented form', {
    where: { file },
  });
}

/** A text of a question; undefined when it was not asked. @throws ExhibitError `E_FORMAT`. */
export function textIn(question: Question, name: string): string | undefined {
  const value = question[name];
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name);
}

/** An integer of a question; undefined when it was not asked. @throws ExhibitError `E_FORMAT`. */
export function integerIn(question: Question, name: string): number | undefined {
  const value = question[name];
  if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
  throw wrong(name);
}

/** A time of a question, microseconds UTC; undefined when it was not asked. @throws ExhibitError `E_FORMAT`. */
function timeIn(question: Question, name: string): number | undefined {
  const text = textIn(question, name);
  if (text === undefined) return undefined;
  const timeUs = parseRfc3339(text);
  if (timeUs !== undefined) return timeUs;
  throw wrong(name);
}

/** Texts of a question; undefined when they were not asked. @throws ExhibitError `E_FORMAT`. */
export function textsIn(question: Question, name: string): readonly string[] | undefined {
  const value = question[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw wrong(name);
}

/** Bounds of a time, microseconds UTC: the first inclusive, the second exclusive. */
interface Span {
  readonly fromUs?: number;
  readonly toUs?: number;
}

/** Bounds of a time as part of a question. */
export function spanQuestion({
  fromUs,
  toUs,
}: {
  readonly [name in keyof Span]: Span[name] | undefined;
}): Question {
  return {
    ...(fromUs === undefined ? {} : { from: formatUs(fromUs) }),
    ...(toUs === undefined ? {} : { to: formatUs(toUs) }),
  };
}

/** The inverse of {@link spanQuestion}; other members are left alone. @throws ExhibitError `E_FORMAT`. */
export function spanIn(question: Question): Span {
  const [fromUs, toUs] = [timeIn(question, 'from'), timeIn(question, 'to')];
  return {
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(toUs === undefined ? {} : { toUs }),
  };
}

function wrong(name: string): ExhibitError {
  return new ExhibitError('E_FORMAT', `the recorded question has no usable "${name}"`, {
    hint: 'replay it with the version of exhibit that run.json names',
  });
}
