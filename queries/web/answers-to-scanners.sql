-- ---
-- id: answers-to-scanners
-- title: What scanners were given
-- question: 'What did clients get that were refused much else?'
-- params:
--   min_refused: { type: integer, default: 5, about: 'A scanner is a client with at least so many refusals.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   client_ip: 'Client.'
--   url: 'What it asked for.'
--   elb_status_code: 'Answer.'
--   sent_bytes: 'Bytes of it.'
--   user_agent: 'Agent.'
--   refused_before: 'Refusals of this client in the whole window.'
--   others: 'Other clients that ever asked for this URL.'
--   id: 'Row: exhibit show alb_access:ID.'
-- sources: [alb_access]
-- scans: { alb_access: whole }
-- attack: [T1190, T1552.001]
-- tactic: [initial-access, credential-access]
-- references:
--   - 'Elastic Load Balancing User Guide for Application Load Balancers, "Access log entries"'
-- example: 'exhibit query run answers-to-scanners'
-- explanation: >-
--   A URL that only a scanner and its friends know, answered with 200, is the leak. Pages that visitors see
--   as well have many others.
-- ---
WITH scanners AS (
  SELECT client_ip, count(*) AS refused
    FROM alb_access
   WHERE elb_status_code BETWEEN 400 AND 499
     AND time_us >= :from
     AND time_us < :to
   GROUP BY client_ip
  HAVING count(*) >= :min_refused
),
given AS (
  SELECT DISTINCT a.url
    FROM scanners
    JOIN alb_access AS a ON a.client_ip = scanners.client_ip
   WHERE a.elb_status_code BETWEEN 200 AND 299
)
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', a.time_us / 1000000, 'unixepoch') AS time,
       a.client_ip,
       a.url,
       a.elb_status_code,
       a.sent_bytes,
       a.user_agent,
       coalesce(scanners.refused, 0) AS refused_before,
       (SELECT count(DISTINCT o.client_ip) FROM alb_access AS o WHERE o.url = a.url AND o.client_ip <> a.client_ip) AS others,
       a.id
  FROM given
  JOIN alb_access AS a ON a.url = given.url
  LEFT JOIN scanners ON scanners.client_ip = a.client_ip
 WHERE a.elb_status_code BETWEEN 200 AND 299
   AND a.time_us >= :from
   AND a.time_us < :to
 ORDER BY a.time_us, a.id
