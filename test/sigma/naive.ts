/** The language of rules a second time: slow, by regular expressions of the engine, without the product's code. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A search identifier as a rule file has it. */
export type Search = Json;

/** True if the event has what one search identifier demands. */
export function naiveSearch(search: Search, event: Json): boolean {
  if (Array.isArray(search)) {
    return (search as readonly Json[]).some((one) =>
      typeof one === 'object' && one !== null ? naiveSearch(one, event) : naiveItem('', one, event),
    );
  }
  if (typeof search !== 'object' || search === null) return naiveItem('', search, event);
  return Object.entries(search).every(([key, value]) => naiveItem(key, value, event));
}

function naiveItem(key: string, value: Json, event: Json): boolean {
  const [field = '', ...modifiers] = key.split('|');
  const wanted = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const one = (item: Json): boolean => naiveValue(field, modifiers, item, event);
  const result = modifiers.includes('all') ? wanted.every(one) : wanted.some(one);
  return modifiers.includes('neq') ? !result : result;
}

function naiveValue(field: string, modifiers: readonly string[], item: Json, event: Json): boolean {
  const wanted = typeof item === 'object' ? JSON.stringify(item) : String(item);
  const found: Json[] = [];
  const present = field !== '' && walk(event, field.split('.'), found);
  const values = found.filter((one) => one !== null).map(text);
  if (modifiers.includes('exists')) return present === item;
  if (item === null) return values.length === 0;
  const number = (word: string): number =>
    /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : NaN;
  for (const [name, holds] of Object.entries(COMPARE)) {
    if (modifiers.includes(name)) return values.some((one) => holds(number(one), Number(item)));
  }
  if (modifiers.includes('fieldref')) {
    const others: Json[] = [];
    walk(event, wanted.split('.'), others);
    return values.some((one) =>
      others.some((other) => {
        if (other === null) return false;
        const [left, right] = modifiers.includes('cased')
          ? [one, text(other)]
          : [lower(one), lower(text(other))];
        if (modifiers.includes('contains')) return left.includes(right);
        if (modifiers.includes('startswith')) return left.startsWith(right);
        return modifiers.includes('endswith') ? left.endsWith(right) : left === right;
      }),
    );
  }
  if (modifiers.includes('cidr')) return values.some((one) => inNetwork(one, wanted));
  if (modifiers.includes('re')) {
    const flags = ['i', 'm', 's'].filter((flag) => modifiers.includes(flag)).join('');
    // PCRE's "$" also stands before a line feed that ends the text.
    const source = flags.includes('m') ? wanted : wanted.replaceAll('$', '(?=\\n?$(?![^]))');
    const regex = new RegExp(source, flags);
    return values.some((one) => regex.test(one));
  }
  let source = '';
  const word = wanted;
  for (let at = 0; at < word.length; at += 1) {
    const here = word[at] ?? '';
    if (here === '\\' && /[*?\\]/.test(word[at + 1] ?? '')) {
      at += 1;
      source += escaped(word[at] ?? '', modifiers);
    } else if (here === '*') source += '[^]*';
    else if (here === '?') source += '[^]';
    else source += escaped(here, modifiers);
  }
  const anywhere = modifiers.includes('contains') || field === '';
  const start = anywhere || modifiers.includes('endswith') ? '' : '^';
  const end = anywhere || modifiers.includes('startswith') ? '' : '$';
  const regex = new RegExp(`${start}(?:${source})${end}`, 'u');
  const texts = field === '' ? [JSON.stringify(event), ...strings(event)] : values;
  return texts.some((one) => regex.test(modifiers.includes('cased') ? one : lower(one)));
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
};

function escaped(character: string, modifiers: readonly string[]): string {
  const own = modifiers.includes('cased') ? character : lower(character);
  return own.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** ASCII letters, and those of the samples that are none. */
function lower(word: string): string {
  return word.replaceAll(/[A-ZÉÖ]/g, (letter) => letter.toLowerCase());
}

function text(value: Json): string {
  // An object is its JSON, where U+0000 is an escape; the caller gives U+FFFD for it.
  return typeof value === 'object'
    ? JSON.stringify(value).replaceAll('\ufffd', '\\u0000')
    : String(value);
}

function strings(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((one) => strings(one));
}

function walk(value: Json, path: readonly string[], found: Json[]): boolean {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((one) => walk(one, path, found)).includes(true);
  }
  if (typeof value !== 'object' || value === null) return false;
  let present = false;
  for (let count = 1; count <= path.length; count += 1) {
    const name = path.slice(0, count).join('.');
    if (!Object.hasOwn(value, name)) continue;
    const member = (value as Readonly<Record<string, Json>>)[name] ?? null;
    if (count < path.length) present = walk(member, path.slice(count), found) || present;
    else {
      present = true;
      found.push(...flat(member));
    }
  }
  return present;
}

function flat(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]).flatMap(flat) : [value];
}

function inNetwork(word: string, network: string): boolean {
  const bits = (address: string): string | undefined =>
    /^\d{1,3}(\.\d{1,3}){3}$/.test(address) &&
    address.split('.').every((part) => Number(part) < 256)
      ? address
          .split('.')
          .map((part) => Number(part).toString(2).padStart(8, '0'))
          .join('')
      : undefined;
  const [base = '', length = '32'] = network.split('/');
  const [left, right] = [bits(word), bits(base)];
  if (left === undefined || right === undefined) return false;
  return left.slice(0, Number(length)) === right.slice(0, Number(length));
}
