/** Structured data of RFC 5424, section 6.3: elements in brackets, each with a name and parameters. */

/** The data as JSON, and where it ends; or what is amiss. */
export type StructuredData =
  { readonly json: string | null; readonly end: number } | { readonly fault: string };

/** A name of an element or a parameter: printable ASCII but for `=`, blank, `]` and `"`. */
const NAME = /[!#-<>-\\^-~]{1,32}/y;

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

/** A value in quotes, with its quotes; behind a backslash a quote is one of the value. */
function valueAt(text: string, from: number): string | undefined {
  if (text[from] !== '"') return undefined;
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return text.slice(from, at + 1);
    if (text[at] === '\\') at++;
  }
  return undefined;
}

/** Before any other character a backslash is one (section 6.3.3). */
function unescaped(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(["\\\]])/g, '$1');
}

/**
 * Reads the data at the start of a text, a dash for none.
 * @returns its elements as a JSON object of objects, a parameter that an element has more than once as a list.
 */
export function structuredData(text: string): StructuredData {
  if (text === '-' || text.startsWith('- ')) return { json: null, end: 1 };
  const elements = new Map<string, Readonly<Record<string, string | readonly string[]>>>();
  let at = 0;
  while (text[at] === '[') {
    const id = nameAt(text, ++at);
    if (id === undefined) return { fault: 'an element of the structured data has no name' };
    if (elements.has(id)) return { fault: 'the structured data has two elements of one name' };
    at += id.length;
    const parameters = new Map<string, string[]>();
    while (text[at] === ' ') {
      const name = nameAt(text, ++at);
      const value = name === undefined ? undefined : valueAt(text, at + name.length + 1);
      if (name === undefined || value === undefined || text[at + name.length] !== '=') {
        return { fault: 'a parameter of the structured data is not name="value"' };
      }
      at += name.length + 1 + value.length;
      parameters.set(name, [...(parameters.get(name) ?? []), unescaped(value)]);
    }
    if (text[at++] !== ']') return { fault: 'an element of the structured data does not end' };
    const members = [...parameters].map(
      ([name, values]) => [name, values.length > 1 ? values : (values[0] ?? '')] as const,
    );
    elements.set(id, Object.fromEntries(members));
  }
  if (at === 0 || !(at === text.length || text[at] === ' ')) {
    return { fault: 'the structured data is neither a dash nor elements in brackets' };
  }
  return { json: JSON.stringify(Object.fromEntries(elements)), end: at };
}
