/** Amazon Macie findings: sensitive data in S3 objects, and policies of buckets that expose them. */
import { isObject } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  detectJson,
  flag,
  integer,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  time,
} from './_json.ts';
import type { Source } from './source.ts';

const FORMAT: JsonFormat = {
  what: 'Macie findings',
  marks: ['"resourcesAffected"'],
  wrappers: ['findings', 'Findings'],
  is: (record) => isObject(record['resourcesAffected']) && 'category' in record && 'id' in record,
  keys: [['category', 'resourcesAffected']],
  time: (record) => anyTime(record['updatedAt'] ?? record['createdAt']),
  timeName: 'updatedAt',
  identity: (record) => joined(record, 'accountId', 'region', 'id', 'updatedAt', 'count'),
  fields: [
    text('account_id', 'accountId', 'accountId.'),
    text('region', 'region', 'region.'),
    text('finding_id', 'id', 'id: the same in every version of one finding.'),
    text('category', 'category', 'CLASSIFICATION (sensitive data) or POLICY.'),
    text('type', 'type', 'type, such as SensitiveData:S3Object/Personal.'),
    text('severity_label', 'severity.description', 'Low, Medium or High.'),
    text('title', 'title', 'title.'),
    text('description', 'description', 'description.'),
    time('created_at_us', 'createdAt', 'createdAt: when the first version was made.'),
    integer('count', 'number', 'count', 'How often it was found.'),
    flag('archived', 'archived', 'archived.'),
    flag('sample', 'sample', 'sample: 1 for test data.'),
    text('bucket_name', 'resourcesAffected.s3Bucket.name', 'resourcesAffected.s3Bucket.name.'),
    text('object_key', 'resourcesAffected.s3Object.key', 'resourcesAffected.s3Object.key.'),
    text(
      'version_id',
      'resourcesAffected.s3Object.versionId',
      'resourcesAffected.s3Object.versionId.',
    ),
    integer(
      'object_size',
      'bytes',
      'resourcesAffected.s3Object.size',
      'resourcesAffected.s3Object.size.',
    ),
    text(
      'effective_permission',
      'resourcesAffected.s3Bucket.publicAccess.effectivePermission',
      'PUBLIC or NOT_PUBLIC.',
    ),
    json(
      'sensitive_data',
      'classificationDetails.result.sensitiveData',
      'classificationDetails.result.sensitiveData as JSON: kinds and places, not the data.',
    ),
    text('job_id', 'classificationDetails.jobId', 'classificationDetails.jobId.'),
    text('api', 'policyDetails.action.apiCallDetails.api', 'API call that changed the policy.'),
    address(
      text(
        'remote_ip',
        'policyDetails.actor.ipAddressDetails.ipAddressV4',
        'Address of who changed the policy.',
      ),
    ),
    json(
      'user_identity',
      'policyDetails.actor.userIdentity',
      'policyDetails.actor.userIdentity as JSON: who changed the policy.',
    ),
  ],
};

const FINDING = {
  schemaVersion: '1.0',
  id: '0a1b',
  accountId: '111122223333',
  region: 'eu-central-1',
  category: 'CLASSIFICATION',
  type: 'SensitiveData:S3Object/Personal',
  severity: { description: 'High', score: 3 },
  title: 't',
  createdAt: '2025-11-08T09:00:00Z',
  updatedAt: '2025-11-08T09:00:05.123Z',
  count: 1,
  archived: false,
  sample: false,
  resourcesAffected: {
    s3Bucket: { name: 'example-invoices', publicAccess: { effectivePermission: 'PUBLIC' } },
    s3Object: { key: '2025/q4.csv', size: '83211' },
  },
};

export const macie_finding: Source = {
  id: 'macie_finding',
  title: 'Amazon Macie findings',
  version: 2,
  clock: 'Macie’s clock, UTC, to the second or finer: when the finding was updated.',
  about: [
    'What Amazon Macie found: sensitive data in S3 objects (never the data itself), and changes of buckets that expose them. Read are the output of `aws macie2 get-findings`, JSON lines and EventBridge events.',
    'Policy findings are sent again when they occur again, each version is a row; sensitive data findings come once for a job and object. Macie looks only at buckets and objects that its jobs select: no finding proves nothing. The detailed discovery results in S3 are not read.',
  ].join('\n\n'),
  references: [
    'Amazon Macie API Reference, "Finding"',
    'Amazon Macie User Guide, "Amazon EventBridge event schema for Macie findings"',
  ],
  columns: columnsOf('updatedAt: when this version of the finding was made.', FORMAT.fields),
  common: {
    action: 'type',
    target:
      "CASE WHEN object_key IS NULL THEN 's3://' || bucket_name ELSE 's3://' || bucket_name || '/' || object_key END",
    src_ip: 'remote_ip',
  },
  indexes: [['bucket_name']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'get-findings, and a finding as EventBridge events carry it',
      path: 'x',
      text: `${JSON.stringify({ findings: [FINDING] })}\n${JSON.stringify({ ...FINDING, category: 'POLICY', resourcesAffected: { s3Bucket: { name: 'b' } } })}`,
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          target: 's3://example-invoices/2025/q4.csv',
          object_size: 83_211,
          effective_permission: 'PUBLIC',
        },
        { category: 'POLICY', target: 's3://b' },
      ],
    },
    {
      name: 'no time, something else, a count that is none, a cut record',
      path: 'x',
      text: [
        FINDING,
        { ...FINDING, updatedAt: 'x', createdAt: null },
        { a: 1 },
        { ...FINDING, count: 'many', id: 'b' },
      ]
        .map((one) => JSON.stringify(one))
        .concat(JSON.stringify(FINDING).slice(0, 99))
        .join('\n'),
      rows: [{}, { count: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which objects hold which kinds of sensitive data?',
    sql: "SELECT bucket_name, object_key, type, severity_label FROM macie_finding WHERE category = 'CLASSIFICATION' AND coalesce(sample, 0) = 0 ORDER BY bucket_name, object_key, id LIMIT 20",
  },
};
