/** The language of event patterns a second time: slow, by trying every choice of values, and without the product's code. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Field {
  readonly path: string;
  readonly value: Json;
  /** Array (by its place) to element. */
  readonly elements: ReadonlyMap<string, number>;
}

/** True if the event has what the pattern demands. */
export function naiveMatch(pattern: Json, event: Json): boolean {
  const fields: Field[] = [];
  flatten(event, '', '$', new Map(), fields);
  return branches(pattern as Record<string, Json>, '').some((branch) =>
    choose([...branch], fields, new Map(), []),
  );
}

function flatten(
  value: Json,
  path: string,
  place: string,
  elements: ReadonlyMap<string, number>,
  into: Field[],
): void {
  if (Array.isArray(value)) {
    for (const [at, item] of (value as readonly Json[]).entries()) {
      const nested = typeof item === 'object' && item !== null;
      const inner = nested ? new Map([...elements, [place, at] as const]) : elements;
      flatten(item, path, `${place}[${String(at)}]`, inner, into);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value))
      flatten(member, path === '' ? name : `${path}.${name}`, `${place}/${name}`, elements, into);
  } else into.push({ path, value, elements });
}

type Branch = ReadonlyMap<string, readonly Json[]>;

function branches(pattern: Record<string, Json>, path: string): readonly Branch[] {
  let all: readonly Branch[] = [new Map()];
  for (const [name, value] of Object.entries(pattern)) {
    const inner = path === '' ? name : `${path}.${name}`;
    let more: readonly Branch[];
    if (name === '$or')
      more = (value as Record<string, Json>[]).flatMap((one) => branches(one, path));
    else if (Array.isArray(value)) more = [new Map([[inner, value as readonly Json[]]])];
    else more = branches(value as Record<string, Json>, inner);
    all = all.flatMap((one) => more.map((other) => new Map([...one, ...other])));
  }
  return all;
}

function choose(
  left: readonly (readonly [string, readonly Json[]])[],
  fields: readonly Field[],
  chosen: ReadonlyMap<string, number>,
  absent: readonly string[],
): boolean {
  const [next, ...rest] = left;
  if (next === undefined) {
    return !fields.some(
      ({ path, elements }) => absent.includes(path) && merge(chosen, elements) !== undefined,
    );
  }
  const [path, entries] = next;
  for (const field of fields) {
    if (field.path !== path || !entries.some((entry) => !isNone(entry) && fits(entry, field.value)))
      continue;
    const both = merge(chosen, field.elements);
    if (both !== undefined && choose(rest, fields, both, absent)) return true;
  }
  return entries.some(isNone) && choose(rest, fields, chosen, [...absent, path]);
}

function isNone(entry: Json): boolean {
  return (
    typeof entry === 'object' &&
    entry !== null &&
    (entry as Record<string, Json>)['exists'] === false
  );
}

function merge(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | undefined {
  for (const [array, element] of b) if (a.has(array) && a.get(array) !== element) return undefined;
  return new Map([...a, ...b]);
}

function fits(entry: Json, value: Json): boolean {
  if (typeof entry !== 'object' || entry === null) return entry === value;
  const [[operator, wanted] = ['', null]] = Object.entries(entry as Record<string, Json>);
  const text = typeof value === 'string' ? value : undefined;
  switch (operator) {
    case 'exists':
      return true;
    case 'prefix':
    case 'suffix': {
      const folded = typeof wanted === 'object';
      const source = folded ? (wanted as Record<string, string>)['equals-ignore-case'] : wanted;
      const body = literal(source as string);
      const form = operator === 'prefix' ? `^${body}` : `${body}$`;
      return text !== undefined && new RegExp(form, folded ? 'si' : 's').test(text);
    }
    case 'equals-ignore-case':
      return text !== undefined && new RegExp(`^${literal(wanted as string)}$`, 'si').test(text);
    case 'wildcard': {
      const parts = (wanted as string).split('*').map(literal);
      return text !== undefined && new RegExp(`^${parts.join('.*')}$`, 's').test(text);
    }
    case 'numeric': {
      const [op, low, , high] = wanted as readonly [string, number, string?, number?];
      if (typeof value !== 'number') return false;
      if (high !== undefined) return value > low && value <= high;
      return op === '=' ? value === low : op === '<' ? value < low : value >= low;
    }
    case 'anything-but': {
      if (typeof wanted !== 'object' || wanted === null) return value !== wanted;
      if (Array.isArray(wanted)) return !(wanted as readonly Json[]).includes(value);
      const [[inner, list] = ['', null]] = Object.entries(wanted as Record<string, Json>);
      const all = Array.isArray(list) ? (list as readonly Json[]) : [list];
      return !all.some((one) => fits({ [inner]: one }, value));
    }
    default:
      throw new Error(operator);
  }
}

function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, String.raw`\$&`);
}
