-- ---
-- id: unreadable-records
-- title: Records that could not be read
-- question: 'Which records were rejected, why, and in which file?'
-- params: {}
-- columns:
--   original_path: 'File.'
--   source: 'Log.'
--   reason: 'Why.'
--   detail: 'More of it.'
--   record_no: 'Number of the record in the file.'
--   length: 'Its bytes.'
--   reject_id: 'Row: exhibit show reject:ID.'
-- sources: []
-- scans: { reject: whole }
-- attack: [T1070]
-- tactic: [defense-evasion]
-- references:
--   - 'exhibit, docs/sources.md, "Reasons for a reject"'
-- example: 'exhibit query run unreadable-records'
-- explanation: >-
--   Each record of the evidence is imported, a duplicate or here. A cut download costs its last record; a
--   file that was tampered with looks the same: see the bytes.
-- ---
SELECT f.original_path, r.source, r.reason, r.detail, r.record_no, r."length", r.id AS reject_id
  FROM reject AS r
  JOIN source_file AS f ON f.file_id = r.id / 268435456
 ORDER BY f.file_id, r.id
