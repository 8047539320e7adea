-- ---
-- id: listed-then-read
-- title: Buckets listed and then read
-- question: 'Who listed a bucket and read from it afterwards?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   bucket_name: 'Bucket.'
--   requester: 'Who.'
--   ip: 'Address that listed.'
--   listings: 'Listings.'
--   first_listing: 'First of them.'
--   reads: 'Objects read afterwards, from any address.'
--   bytes_sent: 'Bytes of them.'
--   addresses: 'Addresses that read.'
--   first_read: 'First.'
--   last_read: 'Last.'
-- sources: [s3_access]
-- scans: { s3_access: whole }
-- attack: [T1619, T1530]
-- tactic: [discovery, collection]
-- references:
--   - 'Amazon S3 User Guide, "Amazon S3 server access log format"'
-- example: 'exhibit query run listed-then-read'
-- explanation: >-
--   Programs know the names of their objects; whoever must list them first does not. Reading from another
--   address than the one that listed means that the session was handed on.
-- ---
WITH listed AS (
  SELECT bucket_name, requester, remote_ip AS ip, count(*) AS listings, min(time_us) AS first_us
    FROM s3_access
   WHERE operation = 'REST.GET.BUCKET'
     AND outcome = 'success'
     AND requester IS NOT NULL
     AND time_us >= :from
     AND time_us < :to
   GROUP BY bucket_name, requester, remote_ip
)
SELECT listed.bucket_name,
       listed.requester,
       listed.ip,
       listed.listings,
       strftime('%Y-%m-%dT%H:%M:%SZ', listed.first_us / 1000000, 'unixepoch') AS first_listing,
       count(s.id) AS reads,
       coalesce(sum(s.bytes_sent_size), 0) AS bytes_sent,
       count(DISTINCT s.remote_ip) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(s.time_us) / 1000000, 'unixepoch') AS first_read,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(s.time_us) / 1000000, 'unixepoch') AS last_read
  FROM listed
  JOIN s3_access AS s
    ON s.bucket_name = listed.bucket_name
   AND s.requester = listed.requester
   AND s.operation = 'REST.GET.OBJECT'
   AND s.outcome <> 'failure'
   AND s.time_us >= listed.first_us
 GROUP BY listed.bucket_name, listed.requester, listed.ip, listed.listings, listed.first_us
 ORDER BY listed.first_us, listed.bucket_name, listed.requester, listed.ip
