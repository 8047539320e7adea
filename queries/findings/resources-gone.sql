-- ---
-- id: resources-gone
-- title: Resources that are gone
-- question: 'Which resources were deleted, and how long had they lived?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   deleted: 'When Config recorded it.'
--   region: 'Region.'
--   resource_type: 'Kind of resource.'
--   resource_id: 'Resource.'
--   first_recorded: 'First item of it in evidence.'
--   minutes_known: 'Minutes between the two.'
--   id: 'Row: exhibit show config_item:ID.'
-- sources: [config_item]
-- scans: { config_item: window }
-- attack: [T1070, T1578.003, T1485]
-- tactic: [defense-evasion, impact]
-- references:
--   - 'AWS Config Developer Guide, "Components of a configuration item"'
-- example: 'exhibit query run resources-gone'
-- explanation: >-
--   Machines that lived for an hour, a security group made for them: the tools of a visit, cleared away.
--   What they looked like is in the item before: config-before-and-after.
-- ---
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', c.time_us / 1000000, 'unixepoch') AS deleted,
       c.region,
       c.resource_type,
       c.resource_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(o.time_us) / 1000000, 'unixepoch') AS first_recorded,
       (c.time_us - min(o.time_us)) / 60000000 AS minutes_known,
       c.id
  FROM config_item AS c
  JOIN config_item AS o ON o.resource_id = c.resource_id
 WHERE c.configuration_item_status = 'ResourceDeleted'
   AND c.time_us >= :from
   AND c.time_us < :to
 GROUP BY c.time_us, c.region, c.resource_type, c.resource_id, c.id
 ORDER BY c.time_us, c.id
