-- ---
-- id: machine-states
-- title: When machines were running
-- question: 'Which machines started and ended, by what EC2 itself announced?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   region: 'Region.'
--   resource_id: 'Machine.'
--   state: 'pending, running, shutting-down, terminated, ...'
--   minutes_since: 'Minutes since its state before.'
--   id: 'Row: exhibit show eventbridge:ID.'
-- sources: [eventbridge]
-- scans: {}
-- attack: [T1578.002, T1578.003]
-- tactic: [defense-evasion]
-- references:
--   - 'Amazon EC2 User Guide, "Instance state change events"'
-- example: 'exhibit query run machine-states'
-- explanation: >-
--   Independent of CloudTrail: EC2 announces states even while no trail records. The span from running to
--   terminated is the life of the machine.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       resource_id,
       state,
       (time_us - lag(time_us) OVER (PARTITION BY resource_id ORDER BY time_us, id)) / 60000000 AS minutes_since,
       id
  FROM eventbridge
 WHERE detail_type = 'EC2 Instance State-change Notification'
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
