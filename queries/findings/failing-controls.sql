-- ---
-- id: failing-controls
-- title: Security controls that fail
-- question: 'Which controls of Security Hub fail, since when and on what?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   severity_label: 'Severity.'
--   security_control_id: 'Control.'
--   title: 'What it wants.'
--   resource_id: 'What fails.'
--   first_observed: 'Since when.'
--   workflow_status: 'NEW, NOTIFIED, SUPPRESSED, RESOLVED.'
--   product_name: 'Who says it.'
--   id: 'Row: exhibit show securityhub:ID.'
-- sources: [securityhub]
-- scans: { securityhub: window }
-- attack: [T1562.008, T1537]
-- tactic: [defense-evasion]
-- references:
--   - 'AWS Security Hub User Guide, "AWS Security Finding Format (ASFF)"'
-- example: 'exhibit query run failing-controls'
-- explanation: >-
--   Controls that began to fail in the night in question are traces of it; those that always failed are the
--   reason why it was easy.
-- ---
SELECT severity_label,
       security_control_id,
       title,
       resource_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', first_observed_at_us / 1000000, 'unixepoch') AS first_observed,
       workflow_status,
       product_name,
       id
  FROM securityhub
 WHERE compliance_status = 'FAILED'
   AND time_us >= :from
   AND time_us < :to
 ORDER BY first_observed_at_us, id
