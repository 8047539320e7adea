/** Text from evidence is hostile: this is the one place that makes it safe for a terminal. */

// C0 and C1 controls, DEL, zero-width and bidirectional controls, line and paragraph separators, BOM, lone surrogates.
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** The text with every character that could move the cursor, hide or reorder text written as `\u{hex}`. */
export function terminalSafe(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * The same for JSON text: what {@link terminalSafe} shows and JSON leaves as it is (C1, bidirectional controls, ...)
 * becomes a `\u` escape, which reads back as the same value. Line feeds between values stay.
 */
export function terminalSafeJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? character : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** At most `width` characters of a text, an ellipsis marking what was cut. */
export function shorten(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width
    ? text
    : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
