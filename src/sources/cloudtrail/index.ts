/** AWS CloudTrail: who called which AWS API, when, from where, with what result. */
import type { Source } from '../source.ts';
import { CLOUDTRAIL_COLUMNS } from './columns.ts';
import { detectCloudTrail } from './detect.ts';
import { canonicalRecord, cloudTrailReader } from './read.ts';

export const cloudtrail: Source = {
  id: 'cloudtrail',
  title: 'AWS CloudTrail',
  version: 1,
  about: 'x',
  references: ['CloudTrail User Guide, "CloudTrail record contents"'],
  columns: CLOUDTRAIL_COLUMNS,
  common: {
    account_id: 'coalesce(recipient_account_id, user_identity_account_id)',
    region: 'aws_region',
    actor:
      'coalesce(user_identity_arn, user_identity_invoked_by, user_identity_user_name, user_identity_principal_id, user_identity_account_id)',
    action: 'event_name',
    target:
      "CASE WHEN object_key IS NOT NULL THEN 's3://' || bucket_name || '/' || object_key WHEN role_arn IS NOT NULL THEN role_arn WHEN bucket_name IS NOT NULL THEN 's3://' || bucket_name ELSE target_other END",
    src_ip:
      "CASE WHEN (source_ip_address GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' AND source_ip_address NOT GLOB '*[^0-9.]*') OR (source_ip_address GLOB '*:*:*' AND source_ip_address NOT GLOB '*[^0-9A-Fa-f:.]*') THEN source_ip_address END",
    outcome:
      "CASE WHEN event_category IN ('Insight', 'Aggregated') THEN NULL WHEN error_code IS NOT NULL OR error_message IS NOT NULL OR console_result = 'Failure' THEN 'failure' ELSE 'success' END",
  },
  indexes: [
    ['event_name'],
    ['source_ip_address'],
    ['user_identity_access_key_id'],
    ['user_identity_arn'],
    ['response_access_key_id'],
  ],
  timeline: true,
  repeatsInFile: 'duplicate',
  detect: detectCloudTrail,
  reader: cloudTrailReader,
  sameText: canonicalRecord,
  samples: [],
  example: { question: 'Which calls failed?', sql: 'SELECT 1' },
};
