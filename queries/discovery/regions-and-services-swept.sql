-- ---
-- id: regions-and-services-swept
-- title: How widely each caller looked
-- question: 'Which callers touched the most regions and services, and how much was refused?'
-- params:
--   min_calls: { type: integer, default: 5, about: 'Only callers with at least so many calls.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   regions: 'Different regions.'
--   services: 'Different services.'
--   actions: 'Different API actions.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   writes: 'Of those, changing ones.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1580, T1526]
-- tactic: [discovery]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run regions-and-services-swept'
-- explanation: >-
--   People know where their things are; who does not must look everywhere. Deployments use many actions of
--   few services in one region. Calls of AWS services themselves are left out.
-- ---
SELECT actor,
       user_identity_access_key_id AS access_key_id,
       source_ip_address,
       count(DISTINCT region) AS regions,
       count(DISTINCT event_source) AS services,
       count(DISTINCT event_name) AS actions,
       count(*) AS calls,
       count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
       count(CASE WHEN read_only = 0 THEN 1 END) AS writes,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM cloudtrail
 WHERE src_ip IS NOT NULL
   AND time_us >= :from
   AND time_us < :to
 GROUP BY actor, user_identity_access_key_id, source_ip_address
HAVING count(*) >= :min_calls
 ORDER BY count(DISTINCT region) DESC, count(DISTINCT event_source) DESC, count(*) DESC, actor, user_identity_access_key_id,
          source_ip_address
