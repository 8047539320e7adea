-- ---
-- id: s3-access-with-cloudtrail
-- title: S3 requests in both logs
-- question: 'Which S3 requests do the access log and CloudTrail both tell of, and do they agree?'
-- params:
--   bucket: { type: text, default: '', about: 'Only this bucket; empty: all.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'Time in the access log.'
--   request_id: 'Request id, the same in both logs.'
--   bucket_name: 'Bucket.'
--   operation: 'Operation in the access log.'
--   key_name: 'Object, as the access log spells it.'
--   http_status: 'Status.'
--   bytes_sent: 'Bytes sent, by the access log.'
--   ip: 'Address in the access log.'
--   event_name: 'Action in CloudTrail.'
--   actor: 'Who, by CloudTrail.'
--   access_key_id: 'Key, by CloudTrail.'
--   bytes_out: 'Bytes sent, by CloudTrail.'
--   seconds_apart: 'CloudTrail time minus access log time.'
--   s3_access_id: 'Row: exhibit show s3_access:ID.'
--   cloudtrail_id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [s3_access, cloudtrail]
-- scans: { cloudtrail: whole }
-- attack: [T1530]
-- tactic: [collection, exfiltration]
-- references:
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
--   - 'CloudTrail User Guide, "CloudTrail record contents": requestID'
-- example: 'exhibit query run s3-access-with-cloudtrail --param bucket=harborline-customer-exports'
-- explanation: >-
--   Two logs of one request, kept by two services: they support each other. The access log knows bytes
--   and status, CloudTrail the key and the session. Requests that only one of them has are not here.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', s.time_us / 1000000, 'unixepoch') AS time,
       s.request_id,
       s.bucket_name,
       s.operation,
       s.key_name,
       s.http_status,
       s.bytes_sent_size AS bytes_sent,
       s.remote_ip AS ip,
       c.event_name,
       c.actor,
       c.user_identity_access_key_id AS access_key_id,
       c.bytes_transferred_out AS bytes_out,
       (c.time_us - s.time_us) / 1000000 AS seconds_apart,
       s.id AS s3_access_id,
       c.id AS cloudtrail_id
  FROM s3_access AS s
  JOIN cloudtrail AS c ON c.request_id = s.request_id
 WHERE s.time_us >= :from
   AND s.time_us < :to
   AND c.event_source = 's3.amazonaws.com'
   AND (:bucket = '' OR s.bucket_name = :bucket)
 ORDER BY s.time_us, s.id, c.id
