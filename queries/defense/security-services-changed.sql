-- ---
-- id: security-services-changed
-- title: Security services switched off or narrowed
-- question: 'Who disabled GuardDuty, Config, Security Hub, Macie, or the alarms?'
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
-- attack: [T1562.001, T1562.008]
-- tactic: [defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1562.001, "Disable or Modify Tools"'
-- example: 'exhibit query run security-services-changed'
-- explanation: >-
--   CloudTrail and flow logs are asked about by logging-off; this is about the services that judge. A filter
--   that archives findings is quieter than a detector that is deleted.
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
         'DeleteDetector', 'UpdateDetector', 'CreateFilter', 'StopMonitoringMembers',
         'DisassociateFromMasterAccount', 'CreateIPSet', 'UpdateIPSet', 'DeletePublishingDestination',
         'StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel',
         'DeleteConfigRule', 'DisableSecurityHub', 'BatchDisableStandards', 'UpdateFindings',
         'BatchUpdateFindings', 'DisableMacie', 'DeleteAnalyzer', 'DeleteAlarms', 'DisableAlarmActions',
         'DisableRule', 'DeleteRule', 'RemoveTargets', 'DeleteWebACL', 'DisassociateWebACL',
         'DeleteLoggingConfiguration'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
