-- ---
-- id: s3-without-cloudtrail
-- title: S3 requests that CloudTrail does not tell of
-- question: 'Which S3 requests are in the access log alone?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   bucket_name: 'Bucket.'
--   ip: 'From where.'
--   requester: 'Who, by the access log; NULL of anonymous ones.'
--   operation: 'Operation.'
--   requests: 'How many.'
--   failures: 'Of those, refused.'
--   bytes_sent: 'Bytes sent.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [s3_access, cloudtrail]
-- scans: { s3_access: window, cloudtrail: whole }
-- attack: [T1530]
-- tactic: [collection, exfiltration]
-- references:
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run s3-without-cloudtrail'
-- explanation: >-
--   CloudTrail records requests to objects only where data events are switched on, and never those of
--   anonymous visitors' refusals in full. What stands here has the access log as its only witness.
-- ---
SELECT s.bucket_name,
       s.remote_ip AS ip,
       s.requester,
       s.operation,
       count(*) AS requests,
       count(CASE WHEN s.outcome = 'failure' THEN 1 END) AS failures,
       coalesce(sum(s.bytes_sent_size), 0) AS bytes_sent,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(s.time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(s.time_us) / 1000000, 'unixepoch') AS last_time
  FROM s3_access AS s
 WHERE s.time_us >= :from
   AND s.time_us < :to
   AND s.request_id NOT IN (SELECT c.request_id FROM cloudtrail AS c WHERE c.event_source = 's3.amazonaws.com' AND c.request_id IS NOT NULL)
 GROUP BY s.bucket_name, s.remote_ip, s.requester, s.operation
 ORDER BY requests DESC, s.bucket_name, s.remote_ip, s.requester, s.operation
