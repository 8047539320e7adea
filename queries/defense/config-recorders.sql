-- ---
-- id: config-recorders
-- title: Recorders of AWS Config
-- question: 'Is AWS Config recording, and when did it start or stop last?'
-- params: {}
-- columns:
--   account_id: 'Account.'
--   region: 'Region.'
--   recorder_name: 'Recorder.'
--   recording: '1 if it is.'
--   last_start: 'Last start.'
--   last_stop: 'Last stop.'
--   last_status: 'How the last delivery of records went.'
--   id: 'Row: exhibit show config_recorder:ID.'
-- sources: [config_recorder]
-- scans: { config_recorder: whole }
-- attack: [T1562.008]
-- tactic: [defense-evasion]
-- references:
--   - 'AWS Config API Reference, "ConfigurationRecorderStatus"'
-- example: 'exhibit query run config-recorders'
-- explanation: >-
--   A recorder that started again on the morning after had been stopped: what changed in between has no
--   item.
-- ---
SELECT account_id,
       region,
       recorder_name,
       recording,
       strftime('%Y-%m-%dT%H:%M:%SZ', last_start_time_us / 1000000, 'unixepoch') AS last_start,
       strftime('%Y-%m-%dT%H:%M:%SZ', last_stop_time_us / 1000000, 'unixepoch') AS last_stop,
       last_status,
       id
  FROM config_recorder
 ORDER BY account_id, region, recorder_name, id
