-- ---
-- id: key-addresses
-- title: Addresses per access key
-- question: 'From which addresses was each access key used?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
--   key: { type: text, default: '', about: 'Only this access key; empty: all.' }
-- columns:
--   access_key_id: 'The key: AKIA is long-term, ASIA a session.'
--   source_ip_address: 'Address or AWS service.'
--   actors: 'Different principals that used it from there.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   actions: 'Different actions.'
--   regions: 'Different regions.'
--   first_time: 'First call.'
--   last_time: 'Last call.'
--   addresses_of_key: 'Different addresses of this key in the window.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004, T1552]
-- tactic: [initial-access, credential-access]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail userIdentity element"'
-- example: 'exhibit query run key-addresses'
-- explanation: >-
--   A key of one program comes from few addresses. A second address, at the same time and with other
--   actions, is the sign of a copied key. Addresses of AWS services (names instead of numbers) are calls
--   that a service made with the key.
-- ---
WITH used AS (
  SELECT user_identity_access_key_id AS access_key_id,
         source_ip_address,
         count(DISTINCT coalesce(session_issuer_arn, actor)) AS actors,
         count(*) AS calls,
         count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
         count(DISTINCT event_name) AS actions,
         count(DISTINCT region) AS regions,
         min(time_us) AS first_us,
         max(time_us) AS last_us
    FROM cloudtrail
   WHERE user_identity_access_key_id IS NOT NULL
     AND (:key = '' OR user_identity_access_key_id = :key)
     AND time_us >= :from
     AND time_us < :to
   GROUP BY user_identity_access_key_id, source_ip_address
)
SELECT access_key_id,
       source_ip_address,
       actors,
       calls,
       failures,
       actions,
       regions,
       strftime('%Y-%m-%dT%H:%M:%SZ', first_us / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', last_us / 1000000, 'unixepoch') AS last_time,
       count(*) OVER (PARTITION BY access_key_id) AS addresses_of_key
  FROM used
 ORDER BY addresses_of_key DESC, access_key_id, first_us, source_ip_address
