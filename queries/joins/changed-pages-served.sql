-- ---
-- id: changed-pages-served
-- title: Changed pages and who was served them
-- question: 'Which objects of a web site were written, and how often was each served since?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   written: 'When it was written.'
--   bucket_name: 'Bucket.'
--   key_name: 'Object.'
--   requester: 'Who wrote it.'
--   ip: 'From where.'
--   bytes: 'Size since.'
--   in_cloudtrail: '1 if CloudTrail knows the same request.'
--   served: 'Requests for it that CloudFront answered afterwards.'
--   clients: 'Different clients of them.'
--   first_served: 'First.'
--   last_served: 'Last.'
--   s3_access_id: 'Row: exhibit show s3_access:ID.'
-- sources: [s3_access, cloudfront, cloudtrail]
-- scans: { s3_access: window, cloudfront: whole, cloudtrail: whole }
-- attack: [T1491.002, T1565.001, T1189]
-- tactic: [impact, initial-access]
-- references:
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
--   - 'Amazon CloudFront Developer Guide, "Standard log file fields"'
-- example: 'exhibit query run changed-pages-served'
-- explanation: >-
--   A script that a stranger wrote harms those who get it: CloudFront's log says who. Objects are joined by
--   their key as the path, whatever the distribution: look at the rows.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', s.time_us / 1000000, 'unixepoch') AS written,
       s.bucket_name,
       s.key_name,
       s.requester,
       s.remote_ip AS ip,
       s.object_size AS bytes,
       CASE WHEN EXISTS (SELECT 1 FROM cloudtrail AS t WHERE t.request_id = s.request_id) THEN 1 ELSE 0 END AS in_cloudtrail,
       count(c.id) AS served,
       count(DISTINCT c.c_ip) AS clients,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.time_us) / 1000000, 'unixepoch') AS first_served,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(c.time_us) / 1000000, 'unixepoch') AS last_served,
       s.id AS s3_access_id
  FROM s3_access AS s
  JOIN cloudfront AS c ON c.cs_uri_stem = '/' || s.key_name AND c.time_us >= s.time_us AND c.sc_status < 400
 WHERE s.operation = 'REST.PUT.OBJECT'
   AND s.outcome = 'success'
   AND s.time_us >= :from
   AND s.time_us < :to
 GROUP BY s.time_us, s.bucket_name, s.key_name, s.requester, s.remote_ip, s.object_size, s.request_id, s.id
 ORDER BY s.time_us, s.id
