import { expect, test } from 'vitest';
import {
  TIMELINE_FORMATS,
  timelinePieces,
  type TimelineEntry,
  type TimelineFormat,
} from '#src/report/timeline-formats.ts';

const PLAIN: TimelineEntry = {
  timeUs: 1_789_694_804_000_000,
  message: '[cloudtrail] StopLogging by svc',
  timestampDesc: 'Event Time',
  source: 'cloudtrail',
  row: 'cloudtrail:1',
  user: 'svc',
  host: '203.0.113.66',
  file: 'AWSLogs/a.json.gz',
  fields: { actor: 'svc', bytes: 5, nothing: null },
};

const HOSTILE: TimelineEntry = {
  ...PLAIN,
  timeUs: 1_789_694_804_123_456,
  message: 'a,b "c"\r\nd\u001b]0;x\u0007 =cmd() \ud800',
  user: '"x,\n',
  tags: ['t,1', '"'],
  fields: { actor: '"x,\n', bytes: 0 },
};

function text(format: TimelineFormat, ...entries: readonly TimelineEntry[]): string {
  return [...timelinePieces(format, entries, ['actor', 'bytes', 'nothing'])].join('');
}

/** RFC 4180. */
function csv(lines: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of lines.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n|$)/g,
  )) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') rows.push([]);
    if (end === '') break;
  }
  return rows.slice(0, -1);
}

test('each form of an entry is what it says', () => {
  const forms = TIMELINE_FORMATS.map((format) => `## ${format}\n${text(format, PLAIN)}`);
  expect(forms.join('\n')).toMatchInlineSnapshot(`
    "## timesketch-csv
    message,timestamp,datetime,timestamp_desc,data_type,tag,actor,bytes,nothing
    [cloudtrail] StopLogging by svc,1789694804000000,2026-09-18T01:26:44.000000+00:00,Event Time,exhibit:cloudtrail,[],svc,5,

    ## timesketch-jsonl
    {"message":"[cloudtrail] StopLogging by svc","timestamp":1789694804000000,"datetime":"2026-09-18T01:26:44.000000+00:00","timestamp_desc":"Event Time","data_type":"exhibit:cloudtrail","actor":"svc","bytes":5}

    ## l2tcsv
    date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra
    09/18/2026,01:26:44,UTC,....,LOG,AWS cloudtrail,Event Time,svc,203.0.113.66,[cloudtrail] StopLogging by svc,[cloudtrail] StopLogging by svc,2,AWSLogs/a.json.gz,-,-,exhibit/cloudtrail,actor: svc; bytes: 5

    ## plaso-jsonl
    {"__container_type__":"event","__type__":"AttributeContainer","actor":"svc","bytes":5,"data_type":"exhibit:cloudtrail","date_time":{"__class_name__":"PosixTimeInMicroseconds","__type__":"DateTimeValues","timestamp":1789694804000000},"display_name":"AWSLogs/a.json.gz","filename":"AWSLogs/a.json.gz","hostname":"203.0.113.66","inode":"-","message":"[cloudtrail] StopLogging by svc","parser":"exhibit/cloudtrail","timestamp":1789694804000000,"timestamp_desc":"Event Time","username":"svc"}
    "
  `);
});

test('Timesketch gets its mandatory columns, microseconds and one form of time', () => {
  const [head, ...rows] = csv(text('timesketch-csv', PLAIN, HOSTILE));
  expect(head).toEqual(
    'message timestamp datetime timestamp_desc data_type tag actor bytes nothing'.split(' '),
  );
  const lines = text('timesketch-jsonl', PLAIN, HOSTILE).trimEnd().split('\n');
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const [at, entry] of [PLAIN, HOSTILE].entries()) {
    const cells = Object.fromEntries(head?.map((name, i) => [name, rows[at]?.[i]]) ?? []);
    expect(cells['message']).toBe(entry.message);
    expect(cells['actor']).toBe(entry.fields['actor']);
    expect(JSON.parse(cells['tag'] ?? '')).toEqual(entry.tags ?? []);
    // All of one length, with their offset: pandas takes the form of the first row for the whole chunk.
    expect(cells['datetime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    expect(Number(cells['timestamp'])).toBe(entry.timeUs);
    expect(objects[at]).toMatchObject({
      message: entry.message,
      timestamp: entry.timeUs,
      datetime: cells['datetime'],
      timestamp_desc: 'Event Time',
    });
  }
});

test('l2tcsv has 17 fields for readers that split at commas and for those that know quotes', () => {
  const lines = text('l2tcsv', PLAIN, HOSTILE).trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line.split(',')).toHaveLength(17);
    expect(csv(`${line}\n`)[0]).toHaveLength(17);
    expect(line).not.toContain('"');
  }
});

test('plaso lines are objects with members in the order of their names', () => {
  for (const line of text('plaso-jsonl', PLAIN, HOSTILE).trimEnd().split('\n')) {
    const event = JSON.parse(line) as Record<string, unknown>;
    expect(Object.keys(event)).toEqual(Object.keys(event).sort());
    expect(event).toMatchObject({ __container_type__: 'event', __type__: 'AttributeContainer' });
  }
});
