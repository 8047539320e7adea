/** The text files that export tasks write to S3. */
import { isUtf8 } from 'node:buffer';
import { hash53Bytes } from '../../core/hash53.ts';
import { isoTime } from '../_lines.ts';
import { FORM, type Head, type RecordReader } from '../source.ts';

/** Time of a line of an export: by the millisecond, then a space. */
export const EXPORT_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const STAMP = 24;
/** A line that would begin a log event, were its time whole: it goes on none. */
const BROKEN = /^(?:\S{4}-\S\S-\S\ST|\d{1,5}-\d{1,2}-\d{1,2}T)\S{0,24}(?: |$)/;
/** So much of a line is looked at. */
const SEEN = 48;

/** How the lines of a text of log events begin. */
interface Form {
  /** Bytes of the time. */
  readonly stamp: number;
  readonly begins: RegExp;
  /** Whether the stream stands between time and message. */
  readonly named: boolean;
}

/** Time of a line that `aws logs tail` prints: by the microsecond, with an offset of nothing, then stream and message. */
const TAIL: Form = {
  stamp: 32,
  begins: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 /,
  named: true,
};

/** Reader of the files that an export task writes: each log event begins with its time, and may have several lines. */
export function exportReader(head: Head): RecordReader {
  // <prefix>/<task id>/<stream, slashes as dashes>/000000.gz
  const stream = /\/([^/]+)\/\d{6}(?:\.gz)?$/.exec(head.path)?.[1] ?? null;
  return eventReader({ stamp: STAMP, begins: EXPORT_LINE, named: false }, stream, head.path);
}

/** Reader of what `aws logs tail` printed, with each event's stream in its first line. */
export function tailReader(): RecordReader {
  return eventReader(TAIL, null, '');
}

function eventReader(
  { stamp, begins: pattern, named }: Form,
  known: string | null,
  path: string,
): RecordReader {
  const begins = (bytes: Buffer, start: number, end: number): boolean =>
    end - start > stamp &&
    bytes[start + stamp] === 0x20 &&
    pattern.test(bytes.toString('latin1', start, start + stamp + 1));
  return {
    framing: {
      kind: 'blocks',
      joins: (bytes, start, end) =>
        !begins(bytes, start, end) &&
        !BROKEN.test(bytes.toString('latin1', start, Math.min(end, start + SEEN))),
    },
    read: (bytes, start, end, offset, hints, out) => {
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the log event is not valid UTF-8');
        return;
      }
      if (bytes.subarray(start, end).every((byte) => byte <= 0x20)) {
        out.notARecord();
        return;
      }
      const time = bytes.toString('latin1', start, start + stamp).replace('+00:00', 'Z');
      const timeUs = begins(bytes, start, end) ? isoTime(time) : undefined;
      if (timeUs === undefined) {
        out.reject('bad_time', 'the log event does not begin with a time');
        return;
      }
      let from = start + stamp + 1;
      let stream = known;
      if (named) {
        const space = bytes.indexOf(0x20, from);
        const to = space < 0 || space > end ? end : space;
        stream = bytes.toString('utf8', from, to);
        from = Math.min(end, to + 1);
      }
      const message = bytes.toString(hints.ascii ? 'latin1' : 'utf8', from, end);
      if (message.includes('\0')) out.anomaly('nul_character', 'the message contains NUL');
      const values = [timeUs, null, null, stream, null, message, null, null];
      out.row(values, hash53Bytes(bytes, start, end));
      const place = { offset: offset + from - start, length: end - from, form: FORM.plain };
      out.inner(bytes.subarray(from, end), {
        place,
        path: named ? `/${stream ?? ''}` : path,
        timeUs,
      });
    },
  };
}
