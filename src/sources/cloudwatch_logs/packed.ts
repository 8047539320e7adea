/** Payloads of subscriptions as they lie in a Kinesis stream, base64 of gzip, copied out into a file of their own. */
import { Buffer } from 'node:buffer';
import { constants, gunzipSync } from 'node:zlib';
import type { Step } from '../../core/steps.ts';
import { firstLines } from '../_lines.ts';
import type { Detection, Head, RecordReader } from '../source.ts';
import { emitPacked } from './events.ts';

/** How gzip begins in base64. */
const GZIP = 'H4sI';
/** So much of a line is unpacked to see what it is: 768 bytes, which hold less than a megabyte. */
const SEEN = 1024;
const STEPS: readonly Step[] = ['base64', 'gzip'];

/** True for a line that begins with a packed payload. */
function isPacked(line: string): boolean {
  if (!line.startsWith(GZIP)) return false;
  try {
    const start = gunzipSync(Buffer.from(line.slice(0, SEEN), 'base64'), {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    return start.includes('"messageType"') || start.includes('"logEvents"');
  } catch {
    // Not gzip after all.
    return false;
  }
}

/** The claim on a file of such lines. */
export function detectPacked(head: Head): Detection | undefined {
  const lines = firstLines(head);
  const own = lines.filter(isPacked).length;
  if (own * 2 <= lines.length) return undefined;
  const reason = `${String(own)} of the first ${String(lines.length)} lines are payloads of subscriptions in base64 of gzip`;
  return { confidence: 90, reason, shape: 'packed-lines' };
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

/** Reader of one; `--output text` of the command line puts several on a line. */
export function packedReader(): RecordReader {
  return {
    framing: { kind: 'lines' },
    read: (bytes, start, end, offset, _hints, out) => {
      let found = false;
      for (let at = start; at < end; at++) {
        if (isBlank(bytes[at])) continue;
        const from = at;
        while (at < end && !isBlank(bytes[at])) at++;
        const place = { offset: offset + from - start, length: at - from };
        emitPacked(bytes.subarray(from, at), place, STEPS, out);
        found = true;
      }
      if (!found) out.notARecord();
    },
  };
}
