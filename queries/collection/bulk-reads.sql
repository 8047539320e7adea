-- ---
-- id: bulk-reads
-- title: Many objects in a short time
-- question: 'Who read many objects of a bucket within ten minutes?'
-- params:
--   min_objects: { type: integer, default: 10, about: 'Only windows with at least so many objects.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   window_start: 'Start of the ten minutes.'
--   bucket_name: 'Bucket.'
--   ip: 'From where.'
--   requester: 'Who.'
--   objects: 'Different objects.'
--   requests: 'Requests.'
--   bytes_sent: 'Bytes sent.'
--   user_agent: 'One of the agents, the first by its letters.'
-- sources: [s3_access]
-- scans: { s3_access: window }
-- attack: [T1530, T1119]
-- tactic: [collection, exfiltration]
-- references:
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
-- example: 'exhibit query run bulk-reads'
-- explanation: >-
--   Applications read what they need, thieves what there is. The windows are fixed, not sliding: a burst
--   across a border is two.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 600000000 * 600000000 / 1000000, 'unixepoch') AS window_start,
       bucket_name,
       remote_ip AS ip,
       requester,
       count(DISTINCT key_name) AS objects,
       count(*) AS requests,
       coalesce(sum(bytes_sent_size), 0) AS bytes_sent,
       min(user_agent) AS user_agent
  FROM s3_access
 WHERE operation = 'REST.GET.OBJECT'
   AND outcome = 'success'
   AND time_us >= :from
   AND time_us < :to
 GROUP BY time_us / 600000000, bucket_name, remote_ip, requester
HAVING count(DISTINCT key_name) >= :min_objects
 ORDER BY time_us / 600000000, bucket_name, remote_ip, requester
