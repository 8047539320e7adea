-- ---
-- id: keys-and-encryption
-- title: Encryption keys changed or deleted
-- question: 'Who disabled or deleted KMS keys, or changed who may use them?'
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
-- attack: [T1486, T1485]
-- tactic: [impact]
-- references:
--   - 'AWS KMS API Reference, "ScheduleKeyDeletion"'
-- example: 'exhibit query run keys-and-encryption'
-- explanation: >-
--   Data whose key is gone is gone. Ransom in S3 works by another key: PutBucketEncryption, or objects
--   written again with a key of the customer's own.
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
         'ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant', 'DeleteImportedKeyMaterial',
         'CancelKeyDeletion', 'DisableKeyRotation', 'PutBucketEncryption'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
