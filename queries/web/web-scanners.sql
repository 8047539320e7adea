-- ---
-- id: web-scanners
-- title: Scanners of web sites
-- question: 'Which clients asked web sites for many things that they did not get?'
-- params:
--   min_refused: { type: integer, default: 5, about: 'Only clients with at least so many refusals.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   ip: 'Client.'
--   logs: 'Logs that saw it.'
--   requests: 'Requests.'
--   refused: 'Of those, answered with 4xx.'
--   urls: 'Different URLs.'
--   answered: 'Of those requests, answered with 2xx.'
--   user_agent: 'One of its agents, the first by its letters.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [alb_access, clb_access, cloudfront, api_gateway_access]
-- scans: { alb_access: window, clb_access: window, cloudfront: window, api_gateway_access: window }
-- attack: [T1595.002, T1595.003]
-- tactic: [reconnaissance]
-- references:
--   - 'exhibit, docs/sources.md'
-- example: 'exhibit query run web-scanners'
-- explanation: >-
--   Load balancers, CloudFront and API Gateway together: a scanner goes wherever the name leads. What it was
--   given (answered) is worth more than what it was refused.
-- ---
WITH seen AS (
  SELECT 'alb' AS log, client_ip AS ip, elb_status_code AS status, url AS url, user_agent AS user_agent, time_us FROM alb_access
   WHERE time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'clb' AS log, client_ip AS ip, elb_status_code AS status, url AS url, user_agent AS user_agent, time_us FROM clb_access
   WHERE time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'cloudfront' AS log, c_ip AS ip, sc_status AS status, cs_uri_stem AS url, cs_user_agent AS user_agent, time_us FROM cloudfront
   WHERE time_us >= :from AND time_us < :to
  UNION ALL
  SELECT 'api gateway' AS log, source_ip AS ip, http_status AS status, request_path AS url, user_agent AS user_agent, time_us FROM api_gateway_access
   WHERE time_us >= :from AND time_us < :to
)
SELECT ip,
       count(DISTINCT log) AS logs,
       count(*) AS requests,
       count(CASE WHEN status BETWEEN 400 AND 499 THEN 1 END) AS refused,
       count(DISTINCT url) AS urls,
       count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS answered,
       min(user_agent) AS user_agent,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM seen
 WHERE ip IS NOT NULL
 GROUP BY ip
HAVING count(CASE WHEN status BETWEEN 400 AND 499 THEN 1 END) >= :min_refused
 ORDER BY refused DESC, ip
