-- ---
-- id: guardduty-latest
-- title: GuardDuty findings, each once
-- question: 'What did GuardDuty find, worst first?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   severity_tenths: 'Severity times ten: 70 and more is high.'
--   type: 'What it saw.'
--   account_id: 'Account.'
--   region: 'Region.'
--   subject: 'Machine, bucket, key or cluster that it is about.'
--   remote_ip: 'Address on the other side.'
--   count: 'How often, by the latest version.'
--   versions: 'Versions in evidence.'
--   first_seen: 'Start of the activity.'
--   last_seen: 'Its end.'
--   title: 'Title.'
--   finding_id: 'id of the finding.'
--   id: 'Latest row: exhibit show guardduty:ID.'
-- sources: [guardduty]
-- scans: { guardduty: window }
-- attack: [T1078.004, T1048]
-- tactic: [initial-access, exfiltration]
-- references:
--   - 'Amazon GuardDuty User Guide, "GuardDuty finding format"'
-- example: 'exhibit query run guardduty-latest'
-- explanation: >-
--   A finding is written anew when the activity goes on; the latest version counts. Samples, which anybody
--   may make on request, are left out.
-- ---
WITH latest AS (
  SELECT max(time_us) AS time_us, finding_id, count(DISTINCT time_us) AS versions
    FROM guardduty
   WHERE sample = 0
     AND time_us >= :from
     AND time_us < :to
   GROUP BY finding_id
)
SELECT g.severity_tenths,
       g.type,
       g.account_id,
       g.region,
       g.target AS subject,
       g.remote_ip,
       g.count,
       latest.versions,
       strftime('%Y-%m-%dT%H:%M:%SZ', g.event_first_seen_us / 1000000, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%SZ', g.event_last_seen_us / 1000000, 'unixepoch') AS last_seen,
       g.title,
       g.finding_id,
       g.id
  FROM latest
  JOIN guardduty AS g ON g.finding_id = latest.finding_id AND g.time_us = latest.time_us
 WHERE g.id = (SELECT min(o.id) FROM guardduty AS o WHERE o.finding_id = g.finding_id AND o.time_us = g.time_us)
 ORDER BY g.severity_tenths DESC, g.event_first_seen_us, g.finding_id
