/** IAM Access Analyzer findings: resources that principals outside can reach, and access that nobody uses. */
import { type JsonObject } from '../core/json.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  time,
} from './_json.ts';
import type { Source } from './source.ts';

function is(record: JsonObject): boolean {
  return (
    'resourceType' in record &&
    'resource' in record &&
    'analyzedAt' in record &&
    ('isPublic' in record || 'findingType' in record || 'resourceOwnerAccount' in record)
  );
}

const FORMAT: JsonFormat = {
  what: 'Access Analyzer findings',
  marks: ['"analyzedAt"'],
  wrappers: ['findings', 'Findings'],
  is,
  keys: [['resource', 'analyzedAt']],
  time: (record) => anyTime(record['updatedAt'] ?? record['createdAt']),
  timeName: 'updatedAt',
  identity: (record) => joined(record, 'id', 'resource', 'updatedAt', 'analyzedAt', 'status'),
  fields: [
    text('account_id', 'resourceOwnerAccount', 'resourceOwnerAccount.'),
    text('finding_id', 'id', 'id: the same in every version of one finding.'),
    text(
      'finding_type',
      'findingType',
      'ExternalAccess, UnusedIAMRole, UnusedPermission, InternalAccess, ...',
    ),
    text('resource_type', 'resourceType', 'resourceType, such as AWS::S3::Bucket.'),
    text('resource_id', 'resource', 'resource: ARN.'),
    text('finding_status', 'status', 'ACTIVE, ARCHIVED or RESOLVED.'),
    flag('is_public', 'isPublic', 'isPublic: anyone may.'),
    json('principal', 'principal', 'principal as JSON: who outside may.'),
    json('actions', 'action', 'action as JSON: what they may do.'),
    json('condition', 'condition', 'condition as JSON: when they may.'),
    json('sources', 'sources', 'sources as JSON: what grants it (policy, ACL, access point).'),
    derived('principal_aws', 'principal.AWS: account or ARN.', (record) => {
      const principal = record['principal'];
      const value =
        typeof principal === 'object' && principal !== null
          ? (principal as JsonObject)['AWS']
          : undefined;
      return typeof value === 'string' ? value : null;
    }),
    time('created_at_us', 'createdAt', 'createdAt.'),
    time('analyzed_at_us', 'analyzedAt', 'analyzedAt: when the resource was last looked at.'),
  ],
};

const FINDING = {
  id: '0a1b2c3d-0001-4000-8000-000000000001',
  principal: { AWS: '999988887777' },
  action: ['s3:GetObject'],
  resource: 'arn:aws:s3:::example-invoices',
  resourceType: 'AWS::S3::Bucket',
  resourceOwnerAccount: '111122223333',
  isPublic: false,
  condition: {},
  status: 'ACTIVE',
  createdAt: '2025-11-08T08:00:00Z',
  analyzedAt: '2025-11-08T09:00:06Z',
  updatedAt: '2025-11-08T09:00:05Z',
};

export const access_analyzer_finding: Source = {
  id: 'access_analyzer_finding',
  title: 'IAM Access Analyzer findings',
  version: 2,
  clock:
    'Access Analyzer’s clock, UTC, to the second: when the finding was last updated, not when access was granted.',
  about: [
    'What IAM Access Analyzer found: resources whose policies let principals outside the account or organization in, and access that is not used. Read are the output of `aws accessanalyzer list-findings` and EventBridge events.',
    'A finding says what a policy allows, not that anybody did it: CloudTrail does. It is sent again when it changes; each version is a row. The analyzer sees a change within half an hour.',
  ].join('\n\n'),
  references: [
    'IAM Access Analyzer API Reference, "FindingSummary"',
    'IAM User Guide, "Monitoring AWS Identity and Access Management Access Analyzer with Amazon EventBridge"',
  ],
  columns: columnsOf('updatedAt: when this version of the finding was made.', FORMAT.fields),
  common: {
    actor: 'principal_aws',
    action: 'coalesce(finding_type, actions)',
    target: 'resource_id',
  },
  indexes: [['resource_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'list-findings, and a finding as EventBridge events carry it',
      path: 'x',
      text: `${JSON.stringify({ findings: [FINDING] })}\n${JSON.stringify({ ...FINDING, isPublic: true, principal: { AWS: '*' } })}`,
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          actor: '999988887777',
          action: '["s3:GetObject"]',
          target: 'arn:aws:s3:::example-invoices',
          is_public: 0,
        },
        { is_public: 1, actor: '*' },
      ],
    },
    {
      name: 'no time, something else, a flag that is none, a cut record',
      path: 'x',
      text: [
        FINDING,
        { ...FINDING, updatedAt: 'x', createdAt: 'x' },
        { a: 1 },
        { ...FINDING, id: 'b', isPublic: 'perhaps' },
      ]
        .map((one) => JSON.stringify(one))
        .concat(JSON.stringify(FINDING).slice(0, 99))
        .join('\n'),
      rows: [{}, { is_public: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which resources can be reached from outside, and by whom?',
    sql: "SELECT resource_id, principal_aws, is_public, actions, max(time_us) AS updated_us FROM access_analyzer_finding WHERE finding_status = 'ACTIVE' GROUP BY finding_id ORDER BY resource_id, finding_id LIMIT 20",
  },
};
