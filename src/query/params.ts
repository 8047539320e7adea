/** Typed parameters of a query: from `--param name=text` to bound values and to the canonical JSON that is recorded. */
import { canonicalJson } from '../core/canonical.ts';
import { ExhibitError } from '../core/errors.ts';
import { parseUserTime } from '../core/time.ts';
import { canonicalCell, type CanonicalCell } from './canonical.ts';

/** `time` is given as RFC 3339 and bound as INTEGER microseconds UTC. */
export type ParamType = 'text' | 'integer' | 'time';

/** A parameter as the front matter declares it. */
export interface ParamSpec {
  readonly name: string;
  readonly type: ParamType;
  /** As it would be typed; absent: the parameter must be given. */
  readonly default?: string;
  readonly about: string;
}

/** A value ready to be bound. */
export type BoundValue = string | bigint | null;

/** Bound values by name. */
export type BoundParams = Readonly<Record<string, BoundValue>>;

/**
 * Values for a named query: defaults, then what was given.
 * @throws ExhibitError `E_QUERY_PARAM` for an unknown, missing or unreadable parameter, `E_TIME_ZONE` for a time without zone.
 */
export function bindParams(
  specs: readonly ParamSpec[],
  given: ReadonlyMap<string, string>,
): BoundParams {
  const known = specs.map((spec) => spec.name);
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    throw new ExhibitError('E_QUERY_PARAM', `the query has no parameter "${name}"`, {
      hint: known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`,
    });
  }
  return Object.fromEntries(
    specs.map((spec) => {
      const text = given.get(spec.name) ?? spec.default;
      if (text === undefined) {
        throw new ExhibitError('E_QUERY_PARAM', `the parameter "${spec.name}" is missing`, {
          hint: `give --param ${spec.name}=...: ${spec.about}`,
        });
      }
      return [spec.name, paramValue(spec.name, spec.type, text)];
    }),
  );
}

/**
 * Values for free SQL, where nothing is declared: `name=text`, or `name:integer=5`, `name:time=2026-...Z`.
 * @throws ExhibitError `E_QUERY_PARAM` when the names given are not exactly those the statement uses.
 */
export function bindFree(used: readonly string[], given: ReadonlyMap<string, string>): BoundParams {
  const values = new Map<string, BoundValue>();
  for (const [key, text] of given) {
    const [name = '', type = 'text'] = key.split(':');
    if (type !== 'text' && type !== 'integer' && type !== 'time') {
      throw new ExhibitError('E_QUERY_PARAM', `"${type}" is not a type of parameter`, {
        hint: 'write name=text, name:integer=5 or name:time=2026-11-24T08:00:00Z',
      });
    }
    if (!used.includes(name)) {
      throw new ExhibitError('E_QUERY_PARAM', `the statement has no parameter "${name}"`, {
        hint: used.length === 0 ? 'it has none' : `it has ${used.join(', ')}`,
      });
    }
    values.set(name, paramValue(name, type, text));
  }
  const missing = used.filter((name) => !values.has(name));
  if (missing.length > 0) {
    throw new ExhibitError('E_QUERY_PARAM', `parameters are missing: ${missing.join(', ')}`, {
      hint: `give --param ${missing[0] ?? ''}=...`,
    });
  }
  return Object.fromEntries(values);
}

/** `name=value` words of `--param` as a map; a name given twice keeps the last. */
export function parseParamWords(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.map((word) => {
      const at = word.search(/(?<!^)=/);
      if (at < 0) {
        throw new ExhibitError('E_QUERY_PARAM', `"${word}" is not name=value`, {
          hint: 'write --param name=value',
        });
      }
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** The parameters as they are recorded and hashed: canonical JSON of canonical cells, with a line feed. */
export function paramsJson(params: BoundParams): string {
  return `${canonicalJson(Object.fromEntries(canonicalParams(params)))}\n`;
}

/** Canonical cells by name, names sorted. */
export function canonicalParams(
  params: BoundParams,
): readonly (readonly [string, CanonicalCell])[] {
  return Object.keys(params)
    .sort()
    .map((name) => [name, canonicalCell(params[name] ?? null)]);
}

function paramValue(name: string, type: ParamType, text: string): BoundValue {
  if (type === 'time') return BigInt(parseUserTime(text));
  if (type === 'integer') {
    if (/^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) {
      return BigInt(text);
    }
    throw new ExhibitError('E_QUERY_PARAM', `${name}: "${text}" is not a 64-bit integer`, {
      hint: `write digits only, for example --param ${name}=10`,
    });
  }
  if (!text.isWellFormed()) {
    throw new ExhibitError('E_QUERY_PARAM', `${name}: the text is not valid Unicode`);
  }
  return text;
}
