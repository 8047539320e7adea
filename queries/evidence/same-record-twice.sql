-- ---
-- id: same-record-twice
-- title: Records that came more than once
-- question: 'Which files repeat records of which others?'
-- params: {}
-- columns:
--   original_path: 'File with the copies.'
--   kept_in: 'File whose records were kept.'
--   source: 'Log.'
--   same_bytes: 'Copies equal byte for byte.'
--   same_content: 'Copies that another carrier wrote in its own way.'
-- sources: []
-- scans: { duplicate: whole }
-- attack: [T1005]
-- tactic: [collection]
-- references:
--   - 'exhibit, docs/import.md'
-- example: 'exhibit query run same-record-twice'
-- explanation: >-
--   A record that two carriers bring is one: it supports itself. Files whose records are all copies add
--   nothing but their own existence.
-- ---
SELECT f.original_path,
       k.original_path AS kept_in,
       d.source,
       count(CASE WHEN d.how = 'same_bytes' THEN 1 END) AS same_bytes,
       count(CASE WHEN d.how = 'same_content' THEN 1 END) AS same_content
  FROM duplicate AS d
  JOIN source_file AS f ON f.file_id = d.id / 268435456
  JOIN source_file AS k ON k.file_id = d.kept_id / 268435456
 GROUP BY f.file_id, f.original_path, k.file_id, k.original_path, d.source
 ORDER BY f.file_id, k.file_id, d.source
