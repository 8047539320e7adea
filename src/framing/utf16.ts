/**
 * Text in UTF-16 as UTF-8: what Windows PowerShell writes with `>` and Out-File. Only text that begins with a byte order
 * mark is taken for it (Unicode Standard, section 23.8).
 */
import { Buffer } from 'node:buffer';

/** The order of bytes that a byte order mark shows; undefined for none. UTF-32 has the same first bytes, and is none. */
export function utf16Of(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) {
    return head.length >= 4 && head[2] === 0 && head[3] === 0 ? undefined : 'utf-16le';
  }
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined;
}

/**
 * The text as UTF-8, without its byte order mark; half characters become U+FFFD.
 * @param odd told at the end what was no character.
 */
export async function* utf16Text(
  chunks: AsyncIterable<Buffer>,
  order: 'utf-16le' | 'utf-16be',
  odd: (detail: string) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let held = Buffer.alloc(0);
  let first = true;
  let halves = 0;
  const textOf = (units: Buffer): Buffer => {
    const text = units.toString('utf16le');
    const whole = text.isWellFormed() ? text : text.toWellFormed();
    if (whole !== text) {
      for (let at = 0; at < text.length; at++) if (text[at] !== whole[at]) halves++;
    }
    return Buffer.from(whole);
  };
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let end = bytes.length & ~1;
    const units = Buffer.from(bytes.subarray(0, end));
    if (order === 'utf-16be') units.swap16();
    // A pair of halves is not parted.
    if (end >= 2 && (units.readUInt16LE(end - 2) & 0xfc00) === 0xd800) end -= 2;
    held = Buffer.from(bytes.subarray(end));
    const from = first ? 2 : 0;
    if (end <= from) continue;
    first = false;
    yield textOf(units.subarray(from, end));
  }
  if (held.length > 0 && !first) {
    const units = Buffer.from(held.subarray(0, held.length & ~1));
    if (order === 'utf-16be') units.swap16();
    if (units.length > 0) yield textOf(units);
  }
  if (held.length % 2 === 1) odd('the text ends inside a character');
  if (halves > 0) odd(`${String(halves)} halves of characters, which became U+FFFD`);
}
