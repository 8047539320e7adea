/** Sign files of CloudTrail Lake: the hashes of the result files of a saved query, and CloudTrail's signature over them. */
import type { JsonObject } from '../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  detectJson,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
} from './_json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'sign files of CloudTrail Lake query results',
  marks: ['"hashSignature"'],
  wrappers: [],
  is: (record: JsonObject) => 'hashSignature' in record && Array.isArray(record['files']),
  keys: [['hashSignature', 'files']],
  time: (record) => anyTime(record['queryCompleteTime']),
  timeName: 'queryCompleteTime',
  identity: (record) => joined(record, 'hashSignature', 'files'),
  fields: [
    text('sign_version', 'version', 'version.'),
    text('region', 'region', 'Region whose key signed.'),
    json('files', 'files', 'files as JSON: name and hash of each result file.'),
    text('hash_algorithm', 'hashAlgorithm', 'hashAlgorithm: SHA-256.'),
    text('signature_algorithm', 'signatureAlgorithm', 'signatureAlgorithm: SHA256withRSA.'),
    text('hash_signature', 'hashSignature', 'hashSignature: hexadecimal.'),
    text('public_key_fingerprint', 'publicKeyFingerprint', 'publicKeyFingerprint: which key.'),
  ],
};

const SIGN = {
  version: '1.0',
  region: 'eu-central-1',
  files: [
    { fileHashValue: 'ab'.repeat(32), fileName: 'result_1.csv.gz' },
    { fileHashValue: 'cd'.repeat(32), fileName: 'result_2.csv.gz' },
  ],
  hashAlgorithm: 'SHA-256',
  signatureAlgorithm: 'SHA256withRSA',
  queryCompleteTime: '2025-11-08T09:00:05Z',
  hashSignature: '0f'.repeat(16),
  publicKeyFingerprint: '67b9fa73676d86966b449dd677850753',
};

export const cloudtrail_lake_sign: Source = {
  id: 'cloudtrail_lake_sign',
  title: 'CloudTrail Lake sign files',
  version: 1,
  clock: 'CloudTrail’s clock, UTC, to the second: when the query ended.',
  about: [
    'result_sign.json, which CloudTrail Lake puts beside the result files of a saved query: their SHA-256 as they lie in S3, compressed, and a signature over all of them. The hash of each file is in cloudtrail_lake_sign_file; equal to sha256 of table source_file for the file of that name, it says that the file is the one that CloudTrail wrote.',
    'The signature is kept and not judged here: it needs the public key of the region, which aws cloudtrail list-public-keys gives. A sign file is no event, so it is no part of the timeline.',
  ].join('\n\n'),
  references: [
    'CloudTrail User Guide, "Validate CloudTrail Lake saved query results", "CloudTrail Lake sign file structure"',
  ],
  columns: columnsOf('queryCompleteTime: when the query ended.', FORMAT.fields),
  common: { action: "'sign query result'" },
  indexes: [],
  children: [
    {
      id: 'cloudtrail_lake_sign_file',
      list: 'files',
      items: 'array',
      about: 'The result files that a sign file names.',
      columns: [
        { name: 'file_name', type: 'TEXT', from: '$.fileName', about: 'fileName.' },
        {
          name: 'file_hash_value',
          type: 'TEXT',
          from: '$.fileHashValue',
          about: 'fileHashValue: SHA-256 of the file as it lies in S3.',
        },
      ],
      indexes: [['file_hash_value']],
    },
  ],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'two result files',
      path: 'AWSLogs/111122223333/CloudTrail-Lake/Query/2025/11/09/x/result_sign.json',
      text: JSON.stringify(SIGN),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          region: 'eu-central-1',
          public_key_fingerprint: SIGN.publicKeyFingerprint,
        },
      ],
      items: {
        cloudtrail_lake_sign_file: [
          { file_name: 'result_1.csv.gz', file_hash_value: 'ab'.repeat(32) },
          { file_name: 'result_2.csv.gz' },
        ],
      },
    },
    {
      name: 'no time, something else, a region that is no text, a cut record',
      path: 'x',
      text: [
        JSON.stringify({ ...SIGN, queryCompleteTime: 'x' }),
        '{"files":[]}',
        JSON.stringify({ ...SIGN, region: [] }),
        JSON.stringify(SIGN).slice(0, 90),
      ].join('\n'),
      rows: [{ region: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which query results does CloudTrail vouch for, and by which key?',
    sql: 'SELECT sign.time_us, sign.region, sign.public_key_fingerprint, file.file_name, file.file_hash_value FROM cloudtrail_lake_sign AS sign JOIN cloudtrail_lake_sign_file AS file ON file.parent_id = sign.id ORDER BY sign.time_us, sign.id, file.position LIMIT 20',
  },
};
