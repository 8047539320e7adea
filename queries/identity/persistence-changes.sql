-- ---
-- id: persistence-changes
-- title: Users, roles, policies and trust changed
-- question: 'Which identities and permissions were made, changed or opened to others?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   time: 'When.'
--   account_id: 'Account.'
--   actor: 'Who.'
--   event_source: 'Service.'
--   event_name: 'API action.'
--   target: 'What was changed.'
--   outcome: 'success or failure.'
--   error_code: 'Error of a failed attempt.'
--   source_ip_address: 'From where.'
--   id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [cloudtrail]
-- scans: {}
-- attack: [T1136.003, T1098, T1098.003, T1556.006, T1546]
-- tactic: [persistence, privilege-escalation]
-- references:
--   - 'IAM API Reference, "Actions"'
--   - 'MITRE ATT&CK T1098, "Account Manipulation"'
-- example: 'exhibit query run persistence-changes'
-- explanation: >-
--   Everything here can outlive the removal of the first stolen credential. Failed attempts are kept:
--   they show intent. The policy text itself is in the record: exhibit show cloudtrail:ID.
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
         'AddPermission20150331v2', 'AddRoleToInstanceProfile', 'AddUserToGroup', 'AttachGroupPolicy',
         'AttachRolePolicy', 'AttachUserPolicy', 'CreateAccessKey', 'CreateFunction20150331',
         'CreateFunctionUrlConfig', 'CreateGroup', 'CreateInstanceProfile', 'CreateKeyPair',
         'CreateLoginProfile', 'CreateOpenIDConnectProvider', 'CreatePolicy', 'CreatePolicyVersion',
         'CreateRole', 'CreateSAMLProvider', 'CreateUser', 'CreateVirtualMFADevice', 'DeactivateMFADevice',
         'DeleteRolePermissionsBoundary', 'DeleteUserPermissionsBoundary', 'DeleteVirtualMFADevice',
         'EnableMFADevice', 'ImportKeyPair', 'PutGroupPolicy', 'PutRolePermissionsBoundary', 'PutRolePolicy',
         'PutUserPermissionsBoundary', 'PutUserPolicy', 'SetDefaultPolicyVersion', 'UpdateAccessKey',
         'UpdateAssumeRolePolicy', 'UpdateFunctionCode20150331v2', 'UpdateFunctionConfiguration20150331v2',
         'UpdateLoginProfile', 'UpdateSAMLProvider', 'AuthorizeSecurityGroupIngress', 'ModifyInstanceAttribute'
       )
   AND time_us >= :from
   AND time_us < :to
 ORDER BY time_us, id
