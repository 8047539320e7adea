/** As much of XML as logs write: elements, attributes and text, without documents types, comments and namespaces. */
import type { JsonObject } from '../core/json.ts';

/** Text with its entities and character references resolved. */
export function decoded(value: string): string {
  if (!value.includes('&')) return value;
  return value
    .replaceAll(/&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));/g, (whole, hex?: string, digits?: string) => {
      const code = hex === undefined ? Number(digits) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000)
        ? String.fromCodePoint(code)
        : whole;
    })
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

/** An element: attributes, and its text or what is between its tags. */
export interface Element {
  readonly name: string;
  readonly attributes: JsonObject;
  readonly inside: string;
}

/** Name and attributes of a tag; undefined for what is none. */
function tagOf(tag: string): Omit<Element, 'inside'> | undefined {
  const name = /^[A-Za-z_][\w.:-]*/.exec(tag)?.[0];
  if (name === undefined) return undefined;
  const attributes: Record<string, string> = {};
  let at = name.length;
  for (;;) {
    const equals = tag.indexOf('=', at);
    if (equals < 0) return { name, attributes };
    const quote = tag[equals + 1] ?? '';
    const end = quote === '"' || quote === "'" ? tag.indexOf(quote, equals + 2) : -1;
    if (end < 0) return undefined;
    attributes[tag.slice(at, equals).trim()] = decoded(tag.slice(equals + 2, end));
    at = end + 1;
  }
}

/** The elements directly inside a text, in order; undefined if tags do not match. */
export function elementsOf(xml: string): readonly Element[] | undefined {
  const elements: Element[] = [];
  let at = 0;
  for (;;) {
    const open = xml.indexOf('<', at);
    if (open < 0) return elements;
    const close = xml.indexOf('>', open);
    if (close < 0) return undefined;
    const empty = xml[close - 1] === '/';
    const tag = tagOf(xml.slice(open + 1, empty ? close - 1 : close));
    if (tag === undefined) return undefined;
    if (empty) {
      elements.push({ ...tag, inside: '' });
      at = close + 1;
      continue;
    }
    // No element that is read holds one of its own name.
    const end = xml.indexOf(`</${tag.name}>`, close);
    if (end < 0) return undefined;
    elements.push({ ...tag, inside: xml.slice(close + 1, end) });
    at = end + tag.name.length + 3;
  }
}
