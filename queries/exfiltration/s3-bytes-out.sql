-- ---
-- id: s3-bytes-out
-- title: Bytes taken from S3
-- question: 'Who downloaded how much from which bucket?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   evidence: 'Which log says so: s3_access or cloudtrail. The same download can be in both: never add them up.'
--   requester: 'Who asked; empty for anonymous requests.'
--   ip: 'From where.'
--   bucket_name: 'Bucket.'
--   requests: 'Successful downloads.'
--   objects: 'Different objects.'
--   bytes_out: 'Bytes sent.'
--   first_time: 'First download.'
--   last_time: 'Last download.'
-- sources: [s3_access, cloudtrail]
-- scans: { s3_access: window }
-- attack: [T1530, T1567.002]
-- tactic: [collection, exfiltration]
-- references:
--   - 'MITRE ATT&CK T1530, "Data from Cloud Storage"'
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
-- example: 'exhibit query run s3-bytes-out --param from=2026-09-17T00:00:00Z'
-- explanation: >-
--   Access logs are delivered on a best effort: late, and now and then not at all. CloudTrail has
--   downloads only if data events were switched on for the bucket. Bytes are those sent, also for
--   downloads that broke off.
-- ---
SELECT 's3_access' AS evidence,
       requester,
       remote_ip AS ip,
       bucket_name,
       count(*) AS requests,
       count(DISTINCT key_name) AS objects,
       coalesce(sum(bytes_sent_size), 0) AS bytes_out,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM s3_access
 WHERE operation IN ('REST.GET.OBJECT', 'REST.COPY.OBJECT_GET', 'WEBSITE.GET.OBJECT')
   AND http_status BETWEEN 200 AND 299
   AND time_us >= :from
   AND time_us < :to
 GROUP BY requester, remote_ip, bucket_name
UNION ALL
SELECT 'cloudtrail',
       actor,
       source_ip_address,
       bucket_name,
       count(*),
       count(DISTINCT object_key),
       coalesce(sum(bytes_transferred_out), 0),
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch'),
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch')
  FROM cloudtrail
 WHERE event_name IN ('GetObject', 'CopyObject', 'SelectObjectContent')
   AND event_source = 's3.amazonaws.com'
   AND outcome = 'success'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY actor, source_ip_address, bucket_name
 ORDER BY bytes_out DESC, evidence, requester, ip, bucket_name
