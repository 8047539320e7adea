-- ---
-- id: guardduty-with-calls
-- title: GuardDuty findings and the calls behind them
-- question: 'Which API calls stand behind each finding about a key?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   finding_id: 'id of the finding.'
--   type: 'What GuardDuty saw.'
--   severity_tenths: 'Severity times ten, of the latest version.'
--   access_key_id: 'Key of the finding.'
--   remote_ip: 'Address of the finding.'
--   first_seen: 'Start of the activity, by the finding.'
--   last_seen: 'Its end, by the latest version.'
--   calls: 'CloudTrail calls with that key in that time.'
--   failures: 'Of those, failed.'
--   from_remote_ip: 'Of those, from the address of the finding.'
--   actions: 'Different API actions.'
--   first_call: 'First of them.'
--   last_call: 'Last of them.'
-- sources: [guardduty, cloudtrail]
-- scans: { guardduty: window }
-- attack: [T1078.004, T1552]
-- tactic: [credential-access, initial-access]
-- references:
--   - 'Amazon GuardDuty User Guide, "GuardDuty finding format"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run guardduty-with-calls'
-- explanation: >-
--   A finding names a key and a span of time; CloudTrail says what was done with that key in it. Calls from
--   other addresses than that of the finding are the owner's own, or an attacker's second place. Findings of
--   samples are left out.
-- ---
WITH latest AS (
  SELECT g.finding_id, g.type, g.severity_tenths, g.access_key_id, g.remote_ip, g.event_first_seen_us, g.event_last_seen_us
    FROM guardduty AS g
   WHERE g.sample = 0
     AND g.access_key_id IS NOT NULL
     AND g.time_us >= :from
     AND g.time_us < :to
     AND NOT EXISTS (SELECT 1 FROM guardduty AS newer WHERE newer.finding_id = g.finding_id AND newer.time_us > g.time_us)
)
SELECT latest.finding_id,
       latest.type,
       latest.severity_tenths,
       latest.access_key_id,
       latest.remote_ip,
       strftime('%Y-%m-%dT%H:%M:%SZ', latest.event_first_seen_us / 1000000, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%SZ', latest.event_last_seen_us / 1000000, 'unixepoch') AS last_seen,
       count(c.id) AS calls,
       count(CASE WHEN c.outcome = 'failure' THEN 1 END) AS failures,
       count(CASE WHEN c.src_ip = latest.remote_ip THEN 1 END) AS from_remote_ip,
       count(DISTINCT c.event_name) AS actions,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.time_us) / 1000000, 'unixepoch') AS first_call,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(c.time_us) / 1000000, 'unixepoch') AS last_call
  FROM latest
  LEFT JOIN cloudtrail AS c
    ON c.user_identity_access_key_id = latest.access_key_id
   AND c.time_us >= latest.event_first_seen_us - 60000000
   AND c.time_us <= latest.event_last_seen_us + 60000000
 GROUP BY latest.finding_id, latest.type, latest.severity_tenths, latest.access_key_id, latest.remote_ip,
          latest.event_first_seen_us, latest.event_last_seen_us
 ORDER BY latest.event_first_seen_us, latest.finding_id
