/** Results of Logs Insights: what the API gives, and the table that the console saves. */
import { type Buffer, isUtf8 } from 'node:buffer';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  memberSpan,
  parseJson,
} from '../../core/json.ts';
import { peekJson } from '../../core/peek.ts';
import type { Step } from '../../core/steps.ts';
import { csvFields, csvJoins } from '../_csv.ts';
import { elementSpans, oddities } from '../_json.ts';
import { type Detection, FORM, type Head, type Place, type RecordReader } from '../source.ts';
import { emit, NO_ORIGIN, placeOf, type Text } from './events.ts';

/** Member of what GetQueryResults gives whose array holds the rows: lists of fields with their values. */
const RESULTS = 'results';

/** Claim on what `aws logs get-query-results` prints. */
export function detectResults(head: Head): Detection | undefined {
  // Every row of a query for log events ends with its pointer.
  if (!head.text.includes('"@ptr"') || !head.text.includes('"field"')) return undefined;
  const peek = peekJson(head.text, [RESULTS], 1);
  const [first] = peek?.records ?? [];
  if (peek?.container !== RESULTS || first?.keys.join() !== 'field,value') return undefined;
  const reason = 'rows of Logs Insights, lists of fields (insights-results)';
  return { confidence: 85, reason, shape: 'insights-results' };
}

/** Fields of a row by their names; undefined for what is none. */
function fieldsOf(row: JsonValue | undefined): JsonObject | undefined {
  if (!Array.isArray(row)) return undefined;
  const fields = new Map<string, JsonValue>();
  for (const one of row as readonly JsonValue[]) {
    if (!isObject(one) || typeof one['field'] !== 'string') return undefined;
    fields.set(one['field'], one['value'] ?? null);
  }
  return Object.fromEntries(fields);
}

/** Reader of these rows. */
export function resultsReader(): RecordReader {
  return {
    framing: { kind: 'json', wrappers: [RESULTS], openers: ['field'], lists: true },
    read: (bytes, start, end, offset, hints, out) => {
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the row is not valid UTF-8');
        return;
      }
      const raw = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
      const row = parseJson(raw);
      if (row === undefined) {
        out.reject('not_json', 'the row is not JSON');
        return;
      }
      const event = fieldsOf(row);
      if (event === undefined) {
        out.reject('not_this_source', 'the record is not a row of fields');
        return;
      }
      const text: Text = { bytes, packed: undefined, shift: offset - start };
      const spans = elementSpans(bytes, { start, end });
      const at = (row as readonly JsonValue[]).findIndex(
        (one) => isObject(one) && one['field'] === '@message',
      );
      const span = spans[at];
      const value =
        span === undefined ? undefined : memberSpan(bytes, span.start, span.end, 'value');
      const place = value === undefined ? undefined : placeOf(text, value, ['string']);
      emit(event, NO_ORIGIN, oddities(raw), text, { start, end }, out, place);
    },
  };
}

/** Names of the columns of a table of log events. */
function headerOf(text: string): readonly string[] | undefined {
  if (!/^"?@/.test(text)) return undefined;
  const end = text.search(/\r?\n/);
  const names = csvFields(end < 0 ? text : text.slice(0, end));
  return names?.includes('@timestamp') === true && names.includes('@message') ? names : undefined;
}

/** Claim on a table that the console of Logs Insights saves. */
export function detectTable(head: Head): Detection | undefined {
  const header = headerOf(head.text.slice(0, 4096));
  if (header === undefined) return undefined;
  const reason = `a header of ${String(header.length)} columns, @timestamp and @message among them`;
  return { confidence: 90, reason, shape: 'insights-csv' };
}

/** Reader of such a table. */
export function tableReader(head: Head): RecordReader {
  const header = headerOf(head.text.slice(0, 4096)) ?? [];
  return {
    framing: { kind: 'blocks', joins: csvJoins(header.length) },
    read: (bytes, start, end, offset, hints, out) => {
      if (offset === (head.bytes[0] === 0xef ? 3 : 0) || start === end) {
        out.notARecord();
        return;
      }
      if (!hints.ascii && !isUtf8(bytes.subarray(start, end))) {
        out.reject('invalid_utf8', 'the row is not valid UTF-8');
        return;
      }
      const raw = bytes.toString(hints.ascii ? 'latin1' : 'utf8', start, end);
      const cells = csvFields(raw);
      if (cells?.length !== header.length) {
        out.reject('bad_fields', 'the row does not have the columns of the header');
        return;
      }
      const text: Text = { bytes, packed: undefined, shift: offset - start };
      const event = Object.fromEntries(
        header.map((name, index) => [name, cells[index] === '' ? null : (cells[index] ?? null)]),
      );
      const place = cellPlace(bytes, start, end, header.indexOf('@message'), offset - start);
      if (raw.includes('\0')) out.anomaly('nul_character', 'the row contains NUL');
      emit(event, NO_ORIGIN, '', text, { start, end }, out, place);
    },
  };
}

const QUOTE = 0x22;
const COMMA = 0x2c;

/** Place of a cell: the range, or the value of the quoted one there. */
function cellPlace(bytes: Buffer, start: number, end: number, cell: number, shift: number): Place {
  let at = start;
  for (let n = 0; ; n++) {
    const from = at;
    const quoted = bytes[at] === QUOTE;
    let open = false;
    while (at < end && (open || bytes[at] !== COMMA)) {
      if (bytes[at] === QUOTE) open = !open;
      at++;
    }
    if (n === cell || at >= end) {
      const steps: readonly Step[] = ['csv'];
      const range = { offset: from + shift, length: at - from };
      return quoted ? { ...range, form: FORM.steps, steps } : { ...range, form: FORM.plain };
    }
    at++;
  }
}
