-- ---
-- id: web-then-api
-- title: From the web site to the API
-- question: 'Which clients of the web site called the AWS API as well, and in which order?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   ip: 'The address.'
--   web_requests: 'Requests to the load balancer.'
--   web_failures: 'Of those, refused or not found.'
--   web_answers: 'Of those, answered with 200.'
--   first_web: 'First of them.'
--   last_web: 'Last of them.'
--   blocked_by_waf: 'Requests that WAF ended.'
--   api_calls: 'CloudTrail calls from the address.'
--   api_failures: 'Of those, failed.'
--   keys: 'Different access keys.'
--   first_api: 'First call.'
--   minutes_between: 'Minutes from the last web request before it to the first call.'
-- sources: [alb_access, waf, cloudtrail]
-- scans: { alb_access: window }
-- attack: [T1190, T1552.001, T1078.004]
-- tactic: [initial-access, credential-access]
-- references:
--   - 'Elastic Load Balancing User Guide for Application Load Balancers, "Access log entries"'
--   - 'AWS WAF Developer Guide, "Log fields for web ACL traffic"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run web-then-api'
-- explanation: >-
--   People of the company visit their own site: an address that fails often on the web, gets one answer, and
--   minutes later calls the API with a key it never used before found the key there.
-- ---
WITH web AS (
  SELECT client_ip AS ip,
         count(*) AS requests,
         count(CASE WHEN elb_status_code >= 400 THEN 1 END) AS failures,
         count(CASE WHEN elb_status_code = 200 THEN 1 END) AS answers,
         min(time_us) AS first_us,
         max(time_us) AS last_us
    FROM alb_access
   WHERE client_ip IS NOT NULL
     AND time_us >= :from
     AND time_us < :to
   GROUP BY client_ip
),
api AS (
  SELECT web.ip,
         count(*) AS calls,
         count(CASE WHEN c.outcome = 'failure' THEN 1 END) AS failures,
         count(DISTINCT c.user_identity_access_key_id) AS keys,
         min(c.time_us) AS first_us
    FROM web
   CROSS JOIN cloudtrail AS c
   WHERE c.source_ip_address = web.ip
   GROUP BY web.ip
)
SELECT web.ip,
       web.requests AS web_requests,
       web.failures AS web_failures,
       web.answers AS web_answers,
       strftime('%Y-%m-%dT%H:%M:%SZ', web.first_us / 1000000, 'unixepoch') AS first_web,
       strftime('%Y-%m-%dT%H:%M:%SZ', web.last_us / 1000000, 'unixepoch') AS last_web,
       (SELECT count(*) FROM waf AS w WHERE w.client_ip = web.ip AND w.action = 'BLOCK') AS blocked_by_waf,
       api.calls AS api_calls,
       api.failures AS api_failures,
       api.keys,
       strftime('%Y-%m-%dT%H:%M:%SZ', api.first_us / 1000000, 'unixepoch') AS first_api,
       (api.first_us - (SELECT max(a.time_us) FROM alb_access AS a
                         WHERE a.client_ip = web.ip AND a.time_us <= api.first_us)) / 60000000 AS minutes_between
  FROM web
  JOIN api ON api.ip = web.ip
 ORDER BY web.first_us, web.ip
