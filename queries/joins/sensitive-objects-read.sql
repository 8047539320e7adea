-- ---
-- id: sensitive-objects-read
-- title: Sensitive objects that were read
-- question: 'Which objects that Macie calls sensitive were downloaded, and by whom?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   bucket_name: 'Bucket.'
--   object_key: 'Object.'
--   type: 'What Macie found in it.'
--   sensitive_data: 'Kinds and numbers.'
--   time: 'When it was read.'
--   ip: 'From where.'
--   requester: 'By whom.'
--   bytes_sent: 'Bytes sent.'
--   s3_access_id: 'Row: exhibit show s3_access:ID.'
-- sources: [macie_finding, s3_access]
-- scans: { s3_access: window }
-- attack: [T1530]
-- tactic: [collection, exfiltration]
-- references:
--   - 'Amazon Macie User Guide, "Types of findings"'
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
-- example: 'exhibit query run sensitive-objects-read'
-- explanation: >-
--   Macie samples: objects that it never looked at may be as sensitive. Keys are URL-encoded in the access
--   log; keys with other characters than those of a plain path are not joined here.
-- ---
SELECT m.bucket_name,
       m.object_key,
       m.type,
       m.sensitive_data,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.time_us / 1000000, 'unixepoch') AS time,
       s.remote_ip AS ip,
       s.requester,
       s.bytes_sent_size AS bytes_sent,
       s.id AS s3_access_id
  FROM macie_finding AS m
  JOIN s3_access AS s ON s.bucket_name = m.bucket_name AND s.key_name = m.object_key
 WHERE s.operation = 'REST.GET.OBJECT'
   AND s.outcome = 'success'
   AND s.time_us >= :from
   AND s.time_us < :to
 ORDER BY s.time_us, s.id, m.id
