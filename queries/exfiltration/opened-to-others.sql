-- ---
-- id: opened-to-others
-- title: Data opened to others
-- question: 'Which buckets, snapshots and images were made public or shared?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   actor: 'Who.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   target: 'What was opened.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1537, T1578.005]
-- tactic: [exfiltration, defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1537, "Transfer Data to Cloud Account"'
--   - 'Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage"'
-- example: 'exhibit query run opened-to-others'
-- explanation: >-
--   Data can leave without a download from here: by a policy, a shared snapshot, a replication. Who was
--   let in is in the record: exhibit show cloudtrail:ID. Some of these calls close access again.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       actor,
       event_source,
       event_name,
       target,
       outcome,
       error_code,
       source_ip_address,
       id
  FROM cloudtrail
 WHERE event_name IN (
         'CreateBucket', 'DeleteAccountPublicAccessBlock', 'DeleteBucketPolicy', 'DeleteBucketPublicAccessBlock',
         'DeletePublicAccessBlock', 'ModifyDBClusterSnapshotAttribute', 'ModifyDBSnapshotAttribute',
         'ModifyImageAttribute', 'ModifySnapshotAttribute', 'PutAccountPublicAccessBlock', 'PutBucketAcl',
         'PutBucketCors', 'PutBucketPolicy', 'PutBucketPublicAccessBlock', 'PutBucketReplication',
         'PutBucketWebsite', 'PutObjectAcl', 'PutPublicAccessBlock', 'PutResourcePolicy', 'SetRepositoryPolicy',
         'SharedSnapshotCopyInitiated', 'StartExportTask'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
