-- ---
-- id: logging-off
-- title: Logging and detection switched off
-- question: 'Who stopped, deleted or narrowed what watches the account?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   region: 'Where.'
--   actor: 'Who.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   target: 'What was acted on.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1562.008, T1562.001]
-- tactic: [defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1562.008, "Disable or Modify Cloud Logs"'
-- example: 'exhibit query run logging-off'
-- explanation: >-
--   After such a row, silence proves nothing: compare with the coverage of `exhibit status`. Update and
--   Put actions also widen logging; what they set is in the record: exhibit show cloudtrail:ID.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS time,
       account_id,
       region,
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
         'ArchiveFindings', 'BatchDisableStandards', 'CreateFilter', 'DeleteAlarms', 'DeleteBucketLogging',
         'DeleteConfigRule', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'DeleteDetector',
         'DeleteEventDataStore', 'DeleteFlowLogs', 'DeleteLogGroup', 'DeleteLogStream', 'DeleteMembers',
         'DeleteMetricFilter', 'DeletePublishingDestination', 'DeleteQueryLoggingConfig',
         'DeleteResolverQueryLogConfig', 'DeleteRule', 'DeleteSubscriptionFilter', 'DeleteTrail',
         'DeleteWebACL', 'DisableAlarmActions', 'DisableOrganizationAdminAccount', 'DisableRule',
         'DisableSecurityHub', 'DisassociateFromMasterAccount', 'DisassociateMembers',
         'DisassociateResolverQueryLogConfig', 'PutBucketLogging', 'PutEventSelectors',
         'PutInsightSelectors', 'PutRetentionPolicy', 'StopConfigurationRecorder',
         'StopEventDataStoreIngestion', 'StopLogging', 'StopMonitoringMembers', 'UpdateDetector',
         'UpdateIPSet', 'UpdateTrail'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
