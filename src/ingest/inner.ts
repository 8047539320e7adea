/**
 * Records inside records, and records of other sources between those of a file: which source knows them, and where their
 * text is. What is made of a text depends on the file alone.
 */
import { type Place, FORM, type Head, type Source } from '../sources/source.ts';
import { SOURCES } from '../sources/_registry.ts';
import type { Step } from '../core/steps.ts';

/** How deep records are looked for inside records: CloudTrail in EventBridge in CloudWatch Logs in a payload is three. */
export const MOST_LEVELS = 8;

/** Confidence from which on no other source is asked. */
const SURE = 90;
/** Confidence below which a text inside a record is not believed to be a source's. */
const LIKELY = 50;

const INSIDE = SOURCES.filter(({ inside }) => inside === true);

/** The source that knows a text. */
export interface Known {
  readonly source: Source;
  readonly shape: string;
}

/**
 * Asks the sources whose records may lie inside others.
 * @param first source that is asked first: that of the text before.
 * @param except source that is not asked.
 */
export function recogniseInner(
  head: Head,
  first: Source | undefined,
  except: Source | undefined,
): Known | undefined {
  const claim = first === except ? undefined : first?.detect(head);
  // No two sources are sure of one text (a test sees to it), so the others need not be asked.
  if (first !== undefined && claim !== undefined && claim.confidence >= SURE)
    return { source: first, shape: claim.shape };
  let best: (Known & { readonly confidence: number }) | undefined;
  for (const source of INSIDE) {
    if (source === except) continue;
    const own = source.detect(head);
    if (own === undefined || own.confidence < LIKELY) continue;
    if (own.confidence <= (best?.confidence ?? 0)) continue;
    best = { source, shape: own.shape, confidence: own.confidence };
    if (own.confidence >= SURE) break;
  }
  return best;
}

/**
 * Place in the file of a text inside another text.
 * @param outer place of the text around it, `length` bytes long; undefined for the file itself.
 */
export function placeIn(outer: Place | undefined, length: number, inner: Place): Place {
  if (outer === undefined) return inner;
  if (outer.form === FORM.plain) return { ...inner, offset: outer.offset + inner.offset };
  const whole = inner.offset === 0 && inner.length === length;
  if (whole && inner.form === FORM.plain) return outer;
  const range: readonly Step[] = whole ? [] : [[inner.offset, inner.length]];
  return {
    offset: outer.offset,
    length: outer.length,
    form: FORM.steps,
    steps: [...stepsOf(outer), ...range, ...stepsOf(inner)],
  };
}

function stepsOf({ form, steps = [] }: Place): readonly Step[] {
  return form === FORM.jsonString ? ['string'] : steps;
}
