-- ---
-- id: weak-machines
-- title: Weaknesses that were known
-- question: 'Which machines had known weaknesses, and could they be reached?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   resource_id: 'Machine.'
--   type: 'PACKAGE_VULNERABILITY or NETWORK_REACHABILITY.'
--   severity_label: 'Severity.'
--   title: 'Weakness.'
--   vulnerability_id: 'CVE.'
--   exploit_available: 'Whether an exploit is known.'
--   fix_available: 'Whether there is an update.'
--   first_observed: 'Since when it was known.'
--   id: 'Row: exhibit show inspector_finding:ID.'
-- sources: [inspector_finding]
-- scans: { inspector_finding: window }
-- attack: [T1190, T1068]
-- tactic: [initial-access, privilege-escalation]
-- references:
--   - 'Amazon Inspector User Guide, "Finding types"'
-- example: 'exhibit query run weak-machines'
-- explanation: >-
--   What was weak before anybody came. It proves nothing about the way in; weak-machines-touched says
--   whether it was reached.
-- ---
SELECT resource_id,
       type,
       severity_label,
       title,
       vulnerability_id,
       exploit_available,
       fix_available,
       strftime('%Y-%m-%dT%H:%M:%SZ', first_observed_at_us / 1000000, 'unixepoch') AS first_observed,
       id
  FROM inspector_finding
 WHERE finding_status = 'ACTIVE'
   AND time_us >= :from
   AND time_us < :to
 ORDER BY resource_id, title, id
