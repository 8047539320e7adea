/** AWS CloudTrail: who called which AWS API, when, from where, with what result. */
import { canonicalRecord } from '../_json.ts';
import type { Source } from '../source.ts';
import { CLOUDTRAIL_COLUMNS } from './columns.ts';
import { detectCloudTrail } from './detect.ts';
import { CLOUDTRAIL_SAMPLES } from './samples.ts';
import { cloudTrailReader } from './read.ts';
import { isExtract, resultsReader, tableReader } from './table.ts';

export const cloudtrail: Source = {
  id: 'cloudtrail',
  title: 'AWS CloudTrail',
  version: 2,
  clock:
    'The clock of the service’s endpoint, UTC, to the second: when the request was completed; tables without a zone are taken as UTC.',
  about: [
    'CloudTrail records calls of the AWS APIs: management events by default, data events (S3 objects, Lambda invocations and more), network activity of VPC endpoints and Insights where a trail asks for them. Read are the files a trail delivers to S3, plain or gzipped, and what other carriers make of the same records: JSON arrays, JSON lines, records one after another, the output of `aws cloudtrail lookup-events` with its records inside JSON strings (and entries that lost them, which say little), and EventBridge events whose detail is a CloudTrail record. The record’s own text is found in each of them. Tables are read too: result files of CloudTrail Lake queries and the output of `aws cloudtrail get-query-results`, the event history that the console downloads, and what Athena gives; their header names the columns, whatever their order.',
    'A record is known by its eventID. CloudTrail may deliver one twice, and a member trail, an organization trail, EventBridge and lookup-events all carry the same record: equal copies are kept once and reported as duplicates; copies that differ are both kept. A row of a table holds less than the record, so beside a delivered copy it is kept too, reported as partial_copy, or as id_conflict where it says something else: count by event_id. raw of such a row is its line of the table, not JSON. Records of version 1.0 have no eventID and are known by their content. The same action delivered to two accounts is two records that share sharedEventID.',
    'What CloudTrail leaves out: data events unless a trail selects them; most request parameters that hold content; events come up to 15 minutes late or later, so the newest minutes of a collection are incomplete. lookup-events reaches back 90 days and holds no data events. Fields above CloudTrail’s size limits are cut by AWS.',
    'Insights events have no caller: event_source and event_name say what they are about. Aggregated events are statistics over five minutes, not calls; outcome is NULL for both, and for records that name neither error, version nor region, such as entries of lookup-events without the event. CloudTrail Lake also keeps items of AWS Config (event_category ConfigurationItem; each is a row of config_item too) and events of partners and your own applications (ActivityAuditLog): what they hold is in eventData, and mapped from there. A trail’s digest files are the source cloudtrail_digest. S3 event notifications, which share the Records wrapper, are rejected.',
  ].join('\n\n'),
  references: [
    'CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"',
    'CloudTrail User Guide, "CloudTrail userIdentity element"',
    'CloudTrail User Guide, "CloudTrail record contents for Insights events"',
    'CloudTrail User Guide, "CloudTrail aggregated events"',
    'CloudTrail User Guide, "CloudTrail log file examples"',
    'CloudTrail User Guide, "AWS Management Console sign-in events"',
    'AWS CloudTrail API Reference, "LookupEvents", "Event"',
    'CloudTrail User Guide, "Supported SQL schemas for event data stores", "Find your CloudTrail Lake saved query results"',
    'CloudTrail User Guide, "Viewing recent management events with the console"',
    'RFC 4180, "Common Format and MIME Type for Comma-Separated Values (CSV) Files"',
    'Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"',
  ],
  columns: CLOUDTRAIL_COLUMNS,
  common: {
    account_id: 'coalesce(recipient_account_id, user_identity_account_id)',
    region: 'aws_region',
    actor:
      'coalesce(user_identity_arn, user_identity_invoked_by, user_identity_user_name, user_identity_principal_id, user_identity_account_id)',
    action: 'event_name',
    target:
      "CASE WHEN object_key IS NOT NULL THEN 's3://' || bucket_name || '/' || object_key WHEN bucket_name IS NOT NULL THEN 's3://' || bucket_name WHEN role_arn IS NOT NULL AND event_source = 'sts.amazonaws.com' THEN role_arn ELSE target_other END",
    src_ip:
      "CASE WHEN (source_ip_address GLOB '[0-9]*.[0-9]*.[0-9]*.[0-9]*' AND source_ip_address NOT GLOB '*[^0-9.]*') OR (source_ip_address GLOB '*:*:*' AND source_ip_address NOT GLOB '*[^0-9A-Fa-f:.]*') THEN source_ip_address END",
    outcome:
      "CASE WHEN event_category IN ('Insight', 'Aggregated', 'ConfigurationItem') THEN NULL WHEN error_code IS NOT NULL OR error_message IS NOT NULL OR console_result = 'Failure' THEN 'failure' WHEN event_version IS NULL AND aws_region IS NULL THEN NULL ELSE 'success' END",
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
  inside: true,
  detect: detectCloudTrail,
  reader: (head, shape) => {
    if (shape === 'table') return tableReader(head);
    return shape === 'query-results' ? resultsReader() : cloudTrailReader(head);
  },
  sameText: canonicalRecord,
  isExtract,
  samples: CLOUDTRAIL_SAMPLES,
  example: {
    question: 'Which calls were refused to whom?',
    sql: "SELECT actor, event_source, event_name, error_code, count(*) AS calls FROM cloudtrail WHERE error_code GLOB '*Denied*' OR error_code GLOB '*Unauthorized*' GROUP BY actor, event_source, event_name, error_code ORDER BY calls DESC, actor, event_source, event_name, error_code LIMIT 20",
  },
};
