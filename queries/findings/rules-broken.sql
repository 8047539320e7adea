-- ---
-- id: rules-broken
-- title: Rules of AWS Config that fail
-- question: 'Which rules of AWS Config turned from compliant to not, and which fail now?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   rule: 'Rule.'
--   resource_id: 'Resource; NULL where the answer is about the rule alone.'
--   compliance_type: 'COMPLIANT or NON_COMPLIANT.'
--   recorded: 'When; NULL of an answer without times.'
--   annotation: 'What the rule says.'
--   said_by: 'change or state.'
-- sources: [config_compliance, config_compliance_state]
-- scans: { config_compliance: window, config_compliance_state: whole }
-- attack: [T1562.008, T1098.003]
-- tactic: [defense-evasion, persistence]
-- references:
--   - 'AWS Config API Reference, "ComplianceByConfigRule"'
--   - 'AWS Config Developer Guide, "Notifications that AWS Config sends"'
-- example: 'exhibit query run rules-broken'
-- explanation: >-
--   A change says when a rule was broken; the state of the morning says what is still broken. What was
--   repaired in between is compliant again.
-- ---
SELECT rule, resource_id, compliance_type, recorded, annotation, said_by
  FROM (
         SELECT config_rule_name AS rule, resource_id, compliance_type, strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS recorded, annotation, 'change' AS said_by, id
           FROM config_compliance
          WHERE compliance_type = 'NON_COMPLIANT' AND time_us >= :from AND time_us < :to
          UNION ALL
         SELECT config_rule_name, resource_id, compliance_type, NULL, NULL, 'state', id
           FROM config_compliance_state
          WHERE compliance_type = 'NON_COMPLIANT'
       )
 ORDER BY said_by, recorded, rule, resource_id, id
