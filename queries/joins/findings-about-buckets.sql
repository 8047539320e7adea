-- ---
-- id: findings-about-buckets
-- title: Findings about buckets and the calls that caused them
-- question: 'Which call opened each bucket that a service complains of?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   bucket_name: 'Bucket.'
--   found_by: 'Service that complains.'
--   finding: 'What it says.'
--   found: 'When.'
--   event_name: 'Latest change of the bucket''s access before that.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   changed: 'When.'
--   cloudtrail_id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [access_analyzer_finding, macie_finding, securityhub, cloudtrail]
-- scans: { access_analyzer_finding: window, macie_finding: window, securityhub: window }
-- attack: [T1537, T1530]
-- tactic: [exfiltration, collection]
-- references:
--   - 'IAM Access Analyzer API Reference, "FindingSummary"'
--   - 'Amazon Macie User Guide, "Types of findings"'
--   - 'AWS Security Hub User Guide, "AWS Security Finding Format (ASFF)"'
-- example: 'exhibit query run findings-about-buckets'
-- explanation: >-
--   Three services judge a bucket by what it allows, CloudTrail knows who allowed it. No call means that the
--   bucket was so before the evidence begins, as a public web site is.
-- ---
WITH found AS (
  SELECT substr(resource_id, 14) AS bucket_name, 'Access Analyzer' AS found_by, principal || ' may ' || actions AS finding, time_us, id
    FROM access_analyzer_finding
   WHERE resource_type = 'AWS::S3::Bucket' AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT bucket_name, 'Macie', type, time_us, id
    FROM macie_finding WHERE category = 'POLICY' AND time_us >= :from AND time_us < :to
  UNION ALL
  SELECT substr(resource_id, 14), coalesce(product_name, 'Security Hub'), title, time_us, id
    FROM securityhub WHERE resource_type = 'AwsS3Bucket' AND time_us >= :from AND time_us < :to
),
changes AS (
  SELECT bucket_name, time_us, id, event_name, actor, user_identity_access_key_id, source_ip_address
    FROM cloudtrail
   WHERE event_name IN ('PutBucketPolicy', 'DeleteBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock')
     AND outcome = 'success'
)
SELECT found.bucket_name,
       found.found_by,
       found.finding,
       strftime('%Y-%m-%dT%H:%M:%SZ', found.time_us / 1000000, 'unixepoch') AS found,
       changes.event_name,
       changes.actor,
       changes.user_identity_access_key_id AS access_key_id,
       changes.source_ip_address,
       strftime('%Y-%m-%dT%H:%M:%SZ', changes.time_us / 1000000, 'unixepoch') AS changed,
       changes.id AS cloudtrail_id
  FROM found
  LEFT JOIN changes
    ON changes.id = (SELECT c.id FROM changes AS c
                      WHERE c.bucket_name = found.bucket_name AND c.time_us <= found.time_us
                      ORDER BY c.time_us DESC, c.id DESC LIMIT 1)
 ORDER BY found.time_us, found.found_by, found.id
