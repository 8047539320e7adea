-- ---
-- id: guardduty-history
-- title: How a finding grew
-- question: 'How did each GuardDuty finding grow from version to version?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   finding_id: 'id of the finding.'
--   type: 'What it saw.'
--   updated: 'When the version was written.'
--   count: 'How often the activity had been seen by then.'
--   more: 'By how much it grew since the version before.'
--   last_seen: 'Latest activity by then.'
--   severity_tenths: 'Severity times ten.'
--   id: 'Row: exhibit show guardduty:ID.'
-- sources: [guardduty]
-- scans: { guardduty: window }
-- attack: [T1078.004]
-- tactic: [initial-access]
-- references:
--   - 'Amazon GuardDuty User Guide, "GuardDuty finding format"'
-- example: 'exhibit query run guardduty-history'
-- explanation: >-
--   The growth says when an activity was at its height; a finding that stops growing has ended, or GuardDuty
--   was switched off.
-- ---
WITH versions AS (
  SELECT finding_id, type, time_us, count, event_last_seen_us, severity_tenths, id,
         row_number() OVER (PARTITION BY finding_id, time_us ORDER BY id) AS copy
    FROM guardduty
   WHERE sample = 0
     AND time_us >= :from
     AND time_us < :to
)
SELECT finding_id,
       type,
       strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS updated,
       count,
       count - lag(count) OVER (PARTITION BY finding_id ORDER BY time_us) AS more,
       strftime('%Y-%m-%dT%H:%M:%SZ', event_last_seen_us / 1000000, 'unixepoch') AS last_seen,
       severity_tenths,
       id
  FROM versions
 WHERE copy = 1
 ORDER BY finding_id, time_us, id
