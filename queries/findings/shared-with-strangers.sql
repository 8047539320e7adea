-- ---
-- id: shared-with-strangers
-- title: Resources that strangers may use
-- question: 'Which resources may other accounts or everybody use?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   resource_type: 'Kind of resource.'
--   resource_id: 'Resource.'
--   principal: 'Who may.'
--   actions: 'What they may do.'
--   is_public: '1 if everybody may.'
--   finding_status: 'ACTIVE, ARCHIVED, RESOLVED.'
--   created: 'Since when Access Analyzer knows.'
--   id: 'Row: exhibit show access_analyzer_finding:ID.'
-- sources: [access_analyzer_finding]
-- scans: { access_analyzer_finding: window }
-- attack: [T1537, T1098]
-- tactic: [exfiltration, persistence]
-- references:
--   - 'IAM Access Analyzer API Reference, "FindingSummary"'
-- example: 'exhibit query run shared-with-strangers'
-- explanation: >-
--   A web site is public on purpose. What became shared in the night in question was made so: findings-
--   about-buckets names the call.
-- ---
SELECT resource_type,
       resource_id,
       principal,
       actions,
       is_public,
       finding_status,
       strftime('%Y-%m-%dT%H:%M:%SZ', created_at_us / 1000000, 'unixepoch') AS created,
       id
  FROM access_analyzer_finding
 WHERE finding_status = 'ACTIVE'
   AND time_us >= :from
   AND time_us < :to
 ORDER BY created_at_us DESC, id
