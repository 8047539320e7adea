-- ---
-- id: lake-results-signed
-- title: Results of CloudTrail Lake and their sign files
-- question: 'Are the result files of CloudTrail Lake those that the sign file names?'
-- params: {}
-- columns:
--   result_file: 'Name in the sign file.'
--   completed: 'When the query was completed.'
--   named_sha256: 'Hash in the sign file.'
--   original_path: 'The file in evidence; NULL if it is missing.'
--   same: '1 if its hash is that one.'
--   records: 'Records in it.'
--   sign_id: 'Row: exhibit show cloudtrail_lake_sign:ID.'
-- sources: [cloudtrail_lake_sign]
-- scans: { cloudtrail_lake_sign: whole, source_file: whole }
-- attack: [T1565.001]
-- tactic: [impact]
-- references:
--   - 'CloudTrail User Guide, "Validate CloudTrail Lake saved query results"'
-- example: 'exhibit query run lake-results-signed'
-- explanation: >-
--   The hash proves that the file is the one that was named; that the sign file is CloudTrail's own word is
--   proved by its signature, which is not checked here. A file is found by its name beside any sign file.
-- ---
SELECT file.file_name AS result_file,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.time_us / 1000000, 'unixepoch') AS completed,
       file.file_hash_value AS named_sha256,
       f.original_path,
       CASE WHEN f.sha256 = file.file_hash_value THEN 1 ELSE 0 END AS same,
       f.records,
       s.id AS sign_id
  FROM cloudtrail_lake_sign AS s
  JOIN cloudtrail_lake_sign_file AS file ON file.parent_id = s.id
  LEFT JOIN source_file AS f
    ON f.original_path = (SELECT replace(sign.original_path, 'result_sign.json', file.file_name)
                            FROM source_file AS sign WHERE sign.file_id = s.id / 268435456)
 ORDER BY s.time_us, s.id, file.position
