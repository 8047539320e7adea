-- ---
-- id: denied-bursts
-- title: Bursts of denied calls
-- question: 'Who was refused many times within one hour?'
-- params:
--   min_denied: { type: integer, default: 5, about: 'Least number of denied calls in an hour.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   hour: 'Start of the hour.'
--   principal: 'Role or user behind the calls.'
--   source_ip_address: 'From where.'
--   denied: 'Calls refused for lack of permission.'
--   actions: 'Different actions refused.'
--   services: 'Different services.'
--   regions: 'Different regions.'
--   first_time: 'First refusal.'
--   last_time: 'Last refusal.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1580, T1069.003]
-- tactic: [discovery, privilege-escalation]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents": errorCode'
-- example: 'exhibit query run denied-bursts --param min_denied=20'
-- explanation: >-
--   Many different refused actions in a short time are the trying of doors, by a person or a tool that
--   enumerates permissions. One action refused every minute is a broken job.
-- ---
SELECT strftime('%Y-%m-%dT%H:00:00Z', time_us / 3600000000 * 3600, 'unixepoch') AS hour,
       coalesce(session_issuer_arn, actor) AS principal,
       source_ip_address,
       count(*) AS denied,
       count(DISTINCT event_source || ' ' || event_name) AS actions,
       count(DISTINCT event_source) AS services,
       count(DISTINCT region) AS regions,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE time_us >= :from
   AND time_us < :to
   AND (
         error_code GLOB '*AccessDenied*'
         OR error_code GLOB '*UnauthorizedOperation*'
         OR error_code GLOB '*AuthorizationError*'
         OR error_code GLOB '*NotAuthorized*'
       )
 GROUP BY time_us / 3600000000, coalesce(session_issuer_arn, actor), source_ip_address
HAVING count(*) >= :min_denied
 ORDER BY time_us / 3600000000, principal, source_ip_address
