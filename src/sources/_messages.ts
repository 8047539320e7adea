/**
 * Lines of a text log as Firehose may write them, each in an object that holds nothing else: `{"message":"…"}`. The line is
 * the record; its own source reads it.
 */
import { Buffer, isAscii } from 'node:buffer';
import { memberSpan } from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import { readObject } from './_json.ts';
import { type Detection, FORM, type Head, type RecordReader } from './source.ts';

/** Shape of files of such objects. */
export const MESSAGES = 'messages';

const MEMBER = 'message';

/** The claim on a file of such objects. @param isOwn true for a line of the log. @param shape of the claim. */
export function detectMessages(
  head: Head,
  what: string,
  shape: string,
  isOwn: (line: string) => boolean,
): Detection | undefined {
  if (!/^\s*\{\s*"message"\s*:/.test(head.text)) return undefined;
  const records = peekJson(head.text, [])?.records ?? [];
  const own = records.filter(({ keys, value }) => {
    const line = value?.[MEMBER];
    return keys.length === 1 && typeof line === 'string' && isOwn(line.trimEnd());
  }).length;
  if (own === 0) return undefined;
  const reason = `${String(own)} of the first ${String(records.length)} objects hold ${what} as their message`;
  return { confidence: Math.round(50 + (40 * own) / records.length), reason, shape };
}

/** A reader for one file of such objects. @param lines reader of the log's lines. */
export function messageReader(lines: RecordReader): RecordReader {
  return {
    framing: { kind: 'json', wrappers: [], openers: [MEMBER] },
    read: (bytes, start, end, offset, hints, out) => {
      const object = readObject(bytes, start, end, hints, out);
      if (object === undefined) return;
      const line = object.value[MEMBER];
      const span = memberSpan(bytes, start, end, MEMBER);
      if (typeof line !== 'string' || span === undefined) {
        out.reject('not_this_source', 'the object has no message');
        return;
      }
      const text = Buffer.from(line.trimEnd());
      const length = span.end - span.start;
      const place = { offset: offset + span.start - start, length, form: FORM.jsonString };
      lines.read(
        text,
        0,
        text.length,
        place.offset,
        { ...hints, ascii: isAscii(text) },
        {
          ...out,
          row: (values, identity) => {
            out.row(values, identity, place);
          },
        },
      );
    },
  };
}
