/** IAM credential report: the users of an account and the age and last use of their credentials. */
import { Buffer, isUtf8 } from 'node:buffer';
import { hash53 } from '../core/hash53.ts';
import { memberSpan } from '../core/json.ts';
import type { Step } from '../core/steps.ts';
import { logTime } from '../core/time.ts';
import { anyTime, detectJson, type JsonFormat, readObject } from './_json.ts';
import { firstLines, lineReader } from './_lines.ts';
import {
  type Column,
  type Detection,
  FORM,
  type Head,
  type RecordReader,
  type RowOut,
  type Source,
  type Value,
} from './source.ts';

/** Columns behind user and arn, in the order of the report; none holds a comma. */
const TAIL: readonly (readonly [name: string, kind: 'text' | 'time', about: string])[] = [
  ['user_creation_time', 'time', 'When the user was created.'],
  ['password_enabled', 'text', 'true, false or not_supported.'],
  ['password_last_used', 'time', 'Last sign-in with the password; NULL where there was none.'],
  ['password_last_changed', 'time', 'Last change of the password.'],
  ['password_next_rotation', 'time', 'When the password must be changed.'],
  ['mfa_active', 'text', 'true or false.'],
  ['access_key_1_active', 'text', 'true or false.'],
  ['access_key_1_last_rotated', 'time', 'When access key 1 was made or changed.'],
  ['access_key_1_last_used_date', 'time', 'Last use of access key 1.'],
  ['access_key_1_last_used_region', 'text', 'Region of the last use of access key 1.'],
  ['access_key_1_last_used_service', 'text', 'Service of the last use of access key 1.'],
  ['access_key_2_active', 'text', 'true or false.'],
  ['access_key_2_last_rotated', 'time', 'When access key 2 was made or changed.'],
  ['access_key_2_last_used_date', 'time', 'Last use of access key 2.'],
  ['access_key_2_last_used_region', 'text', 'Region of the last use of access key 2.'],
  ['access_key_2_last_used_service', 'text', 'Service of the last use of access key 2.'],
  ['cert_1_active', 'text', 'true or false.'],
  ['cert_1_last_rotated', 'time', 'When signing certificate 1 was made or changed.'],
  ['cert_2_active', 'text', 'true or false.'],
  ['cert_2_last_rotated', 'time', 'When signing certificate 2 was made or changed.'],
  ['additional_credentials_info', 'text', 'Further keys and certificates, beyond two.'],
];

const COLUMNS: readonly Column[] = [
  {
    name: 'time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'user_creation_time: when the user was created.',
  },
  { name: 'account_id', type: 'TEXT', about: 'Account in the ARN.' },
  { name: 'user_name', type: 'TEXT', about: 'user; <root_account> for the root user.' },
  { name: 'arn', type: 'TEXT', about: 'arn.' },
  ...TAIL.slice(1).map(([name, kind, about]): Column =>
    kind === 'text'
      ? { name, type: 'TEXT', about }
      : { name: `${name}_us`, type: 'INTEGER', unit: 'us', about },
  ),
  {
    name: 'generated_time_us',
    type: 'INTEGER',
    unit: 'us',
    about: 'GeneratedTime of the report; NULL for the bare CSV, which does not name it.',
  },
];

const HEADER = `user,arn,${TAIL.map(([name]) => name).join(',')}`;
const HEADER_START = 'user,arn,user_creation_time,password_enabled,';
/** Values that say "none". */
const NONE: ReadonlySet<string> = new Set(['N/A', 'no_information', 'not_supported', '']);

/** What `aws iam get-credential-report` prints: the report in base64; tools that keep responses may have decoded it. */
const FORMAT: JsonFormat = {
  what: 'output of get-credential-report',
  marks: ['"ReportFormat"'],
  wrappers: [],
  is: (record) => typeof record['Content'] === 'string' && 'ReportFormat' in record,
  keys: [['Content', 'ReportFormat']],
  time: () => undefined,
  timeName: 'GeneratedTime',
  identity: () => '',
  fields: [],
};

function detect(head: Head): Detection | undefined {
  return firstLines(head)[0]?.startsWith(HEADER_START) === true
    ? { confidence: 90, reason: 'the header of an IAM credential report', shape: 'csv' }
    : detectJson(head, FORMAT);
}

function convert(
  field: string | undefined,
  name: string,
  kind: 'text' | 'time',
  out: RowOut,
): Value {
  if (field === undefined || (NONE.has(field) && !(kind === 'text' && field === 'not_supported'))) {
    return null;
  }
  if (kind === 'text') return field;
  const timeUs = logTime(field);
  if (timeUs === undefined) out.anomaly('bad_value', `${name} is not a time`);
  return timeUs ?? null;
}

/** The values of lines of one report, or undefined after a line was rejected or said to be none. */
function mapper(generatedUs: number | null): (line: string, out: RowOut) => Value[] | undefined {
  let names = HEADER.split(',').slice(2);
  return (line, out) => {
    if (line.startsWith(HEADER_START)) {
      names = line.split(',').slice(2);
      out.notARecord();
      return undefined;
    }
    const fields = line.split(',');
    // A user’s name may hold commas, an ARN begins behind it: fields are counted from the right.
    const left = fields.slice(0, -names.length).join(',');
    const arnAt = left.lastIndexOf(',arn:');
    if (fields.length < names.length + 2 || arnAt < 0) {
      out.reject('bad_fields', `the line does not have ${String(names.length + 2)} fields`);
      return undefined;
    }
    const tail = fields.slice(-names.length);
    const pick = (name: string): string | undefined => tail[names.indexOf(name)];
    const timeUs = logTime(pick('user_creation_time') ?? '');
    if (timeUs === undefined) {
      out.reject('bad_time', 'user_creation_time is not a time');
      return undefined;
    }
    const arn = left.slice(arnAt + 1);
    return [
      timeUs,
      arn.split(':')[4] ?? null,
      left.slice(0, arnAt),
      arn,
      ...TAIL.slice(1).map(([name, kind]) => convert(pick(name), name, kind, out)),
      generatedUs,
    ];
  };
}

/** The report inside JSON: each of its lines is a row whose place is in the decoded text. */
const readJson: RecordReader['read'] = (bytes, start, end, offset, hints, out) => {
  const object = readObject(bytes, start, end, hints, out);
  if (object === undefined) return;
  const content = object.value['Content'];
  const span = memberSpan(bytes, start, end, 'Content');
  if (typeof content !== 'string' || span === undefined) {
    out.reject('not_this_source', 'the record is no output of get-credential-report');
    return;
  }
  const packed = !content.startsWith(HEADER_START);
  const report = packed ? Buffer.from(content, 'base64') : Buffer.from(content);
  if (!report.toString('latin1', 0, HEADER_START.length).startsWith(HEADER_START)) {
    out.reject('not_this_source', 'Content is no credential report in base64');
    return;
  }
  if (!isUtf8(report)) {
    out.reject('invalid_utf8', 'the report is not valid UTF-8');
    return;
  }
  const generated = object.value['GeneratedTime'];
  const generatedUs = anyTime(generated) ?? null;
  if (generatedUs === null && generated !== undefined) {
    out.anomaly('bad_value', 'GeneratedTime is not a time');
  }
  const map = mapper(generatedUs);
  const where = { offset: offset + span.start - start, length: span.end - span.start };
  const steps: readonly Step[] = packed ? ['string', 'base64'] : ['string'];
  let rows = 0;
  for (let at = 0; at < report.length;) {
    const newline = report.indexOf(0x0a, at);
    const stop = newline < 0 ? report.length : newline;
    const line = report.toString('utf8', at, stop).trimEnd();
    // The header and empty lines of the report are no records of the file: nobody counted them.
    if (line !== '' && !line.startsWith(HEADER_START)) {
      rows++;
      const values = map(line, out);
      const place = { ...where, form: FORM.steps, steps: [...steps, [at, stop - at] as const] };
      if (values !== undefined) {
        if (line.includes('\0')) out.anomaly('nul_character', 'the line contains NUL');
        out.row(values, hash53(line), place);
      }
    } else if (line !== '') map(line, { ...out, notARecord: () => undefined });
    at = stop + 1;
  }
  if (rows === 0) out.notARecord();
};

function reader(_head: Head, shape: string): RecordReader {
  return shape === 'csv' || shape === 'as-named' || shape === ''
    ? lineReader(mapper(null))
    : {
        framing: { kind: 'json', wrappers: [], openers: ['Content', 'ReportFormat'] },
        read: readJson,
      };
}

const ROOT =
  '<root_account>,arn:aws:iam::111122223333:root,2020-05-16T18:13:11+00:00,not_supported,2025-11-08T09:00:05+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A';
const USER =
  'ann,arn:aws:iam::111122223333:user/ann,2024-01-02T03:04:05+00:00,true,no_information,2024-01-02T03:04:06+00:00,N/A,false,true,2024-01-02T03:04:07+00:00,2025-11-08T09:00:05+00:00,eu-central-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A';
const OLD_HEADER = HEADER.slice(0, HEADER.lastIndexOf(','));

export const iam_credential_report: Source = {
  id: 'iam_credential_report',
  title: 'IAM credential report',
  version: 2,
  clock: 'IAM’s clock, UTC, to the second; last uses are exact to hours at most.',
  about: [
    'The CSV that IAM makes on request: each user of an account, whether password, keys and MFA are in use, their age, and when and where they were last used. It names no key ids.',
    'It is a state, not an event, so it is no part of the timeline: time_us is when the user was created. The report is at most four hours old when it is handed out; its own time is not in it, but in the JSON of `aws iam get-credential-report`, which holds the CSV in base64 and is read too: each user is a row with the line of the decoded report as its text.',
  ].join('\n\n'),
  references: ['IAM User Guide, "Generate credential reports for your AWS account"'],
  columns: COLUMNS,
  common: { actor: 'arn', target: 'user_name' },
  indexes: [['arn']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect,
  reader,
  samples: [
    {
      name: 'root and a user, with and without the newest column',
      path: 'x',
      text: `${OLD_HEADER}\n${ROOT}\n${USER}\n${HEADER}\n${USER.replace('ann,', 'bob, the builder,')},N/A\n`,
      rows: [
        {
          account_id: '111122223333',
          user_name: '<root_account>',
          password_enabled: 'not_supported',
          password_last_used_us: 1_762_592_405_000_000,
          access_key_1_last_rotated_us: null,
        },
        {
          time_us: 1_704_164_645_000_000,
          password_last_used_us: null,
          access_key_1_last_used_date_us: 1_762_592_405_000_000,
          access_key_1_last_used_service: 's3',
        },
        { user_name: 'bob, the builder', additional_credentials_info: null },
      ],
    },
    {
      name: 'the output of get-credential-report, in base64 and decoded, with a line too short; something else; a cut one',
      path: 'x',
      text: [
        Buffer.from(`${HEADER}\n${ROOT},N/A\n${USER},N/A\n`).toString('base64'),
        `${OLD_HEADER}\n${USER}\n${USER.slice(0, 60)}`,
      ]
        .map((content, index) =>
          JSON.stringify(
            {
              Content: content,
              ReportFormat: 'text/csv',
              GeneratedTime: index === 0 ? '2025-11-08T09:00:05+00:00' : 'x',
            },
            null,
            2,
          ),
        )
        .concat('{"a":1}', '{"Content":"dXNlci')
        .join('\n'),
      rows: [
        { user_name: '<root_account>', generated_time_us: 1_762_592_405_000_000 },
        { user_name: 'ann', access_key_1_last_used_service: 's3' },
        { user_name: 'ann', generated_time_us: null },
      ],
      rejects: ['bad_fields', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
    {
      name: 'broken lines',
      path: 'x',
      text: `${OLD_HEADER}\n${USER.slice(0, 90)}\n${USER.replace('2024-01-02T03:04:05', '2024-02-30T03:04:05')}\n${USER.replace('2024-01-02T03:04:07+00:00', 'yesterday')}\n`,
      rows: [{ access_key_1_last_rotated_us: null }],
      rejects: ['bad_fields', 'bad_time'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Whose access keys are active, and when were they last used?',
    sql: "SELECT user_name, access_key_1_last_rotated_us, access_key_1_last_used_date_us, access_key_1_last_used_service FROM iam_credential_report WHERE access_key_1_active = 'true' ORDER BY access_key_1_last_used_date_us DESC, user_name LIMIT 20",
  },
};
