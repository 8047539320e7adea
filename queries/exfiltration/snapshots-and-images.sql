-- ---
-- id: snapshots-and-images
-- title: Copies of disks and databases made or shared
-- question: 'Who copied, exported or shared snapshots and images?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   region: 'Region.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   event_name: 'API action.'
--   target: 'On what.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1537, T1578.001]
-- tactic: [exfiltration, defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1537, "Transfer Data to Cloud Account"'
-- example: 'exhibit query run snapshots-and-images'
-- explanation: >-
--   A snapshot that another account may restore leaves without a byte in any flow log.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
       actor,
       user_identity_access_key_id AS access_key_id,
       event_name,
       target,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'CreateSnapshot', 'CreateSnapshots', 'CopySnapshot', 'ModifySnapshotAttribute', 'CreateImage',
         'CopyImage', 'ModifyImageAttribute', 'CreateStoreImageTask', 'ExportImage', 'CreateDBSnapshot',
         'CopyDBSnapshot', 'ModifyDBSnapshotAttribute', 'CreateDBClusterSnapshot',
         'ModifyDBClusterSnapshotAttribute', 'StartExportTask', 'RestoreDBInstanceFromDBSnapshot',
         'RestoreDBClusterFromSnapshot'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
