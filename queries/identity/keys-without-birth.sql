-- ---
-- id: keys-without-birth
-- title: Session keys without a birth
-- question: 'Which session keys were used whose making is not in evidence?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   access_key_id: 'Session key.'
--   actor: 'Who used it.'
--   user_identity_type: 'Kind of identity.'
--   session_creation: 'When it was made, by its own words.'
--   calls: 'Calls.'
--   addresses: 'Different addresses.'
--   first_use: 'First use.'
--   last_use: 'Last use.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1550.001, T1078.004]
-- tactic: [lateral-movement, credential-access]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run keys-without-birth'
-- explanation: >-
--   Console sessions have keys that no call shows; sessions made before the evidence begins, or in an
--   account or region that was not collected, have none either. What remains was made where no trail
--   recorded.
-- ---
SELECT c.user_identity_access_key_id AS access_key_id,
       c.actor,
       c.user_identity_type,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.session_creation_time_us) / 1000000, 'unixepoch') AS session_creation,
       count(*) AS calls,
       count(DISTINCT c.source_ip_address) AS addresses,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.time_us) / 1000000, 'unixepoch') AS first_use,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(c.time_us) / 1000000, 'unixepoch') AS last_use
  FROM cloudtrail AS c
 WHERE c.user_identity_access_key_id GLOB 'ASIA*'
   AND c.time_us >= :from
   AND c.time_us < :to
   AND NOT EXISTS (SELECT 1 FROM cloudtrail AS born WHERE born.response_access_key_id = c.user_identity_access_key_id)
 GROUP BY c.user_identity_access_key_id, c.actor, c.user_identity_type
 ORDER BY min(c.time_us), c.user_identity_access_key_id, c.actor, c.user_identity_type
