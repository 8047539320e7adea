-- ---
-- id: config-change-with-caller
-- title: Changes of resources and who made them
-- question: 'Which call stands before each change that AWS Config recorded?'
-- params:
--   minutes: { type: integer, default: 10, about: 'Minutes that Config may take to record a change.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   recorded: 'When Config recorded the change.'
--   region: 'Region.'
--   resource_type: 'Kind of resource.'
--   resource_id: 'Resource.'
--   configuration_item_status: 'OK, ResourceDiscovered, ResourceDeleted.'
--   call_time: 'Time of the call.'
--   event_name: 'API action.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   seconds_before: 'Seconds from the call to the recording.'
--   config_item_id: 'Row: exhibit show config_item:ID.'
--   cloudtrail_id: 'Row: exhibit show cloudtrail:ID.'
-- sources: [config_item, cloudtrail]
-- scans: { config_item: window, cloudtrail: window }
-- attack: [T1098, T1562.007, T1562.008]
-- tactic: [persistence, defense-evasion]
-- references:
--   - 'AWS Config Developer Guide, "Components of a configuration item"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run config-change-with-caller'
-- explanation: >-
--   Config says how a resource is, CloudTrail who changed it. A call is joined if it succeeded, was no
--   reading call, names the resource (by its id or name) in its request or answer, and came in the minutes
--   before. Several calls may stand before one recording; the latest is the likeliest.
-- ---
WITH changes AS (
  SELECT id, time_us, region, resource_type, resource_id, coalesce(resource_name, resource_id) AS resource_name, configuration_item_status
    FROM config_item
   WHERE time_us >= :from
     AND time_us < :to
)
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', changes.time_us / 1000000, 'unixepoch') AS recorded,
       changes.region,
       changes.resource_type,
       changes.resource_id,
       changes.configuration_item_status,
       strftime('%Y-%m-%dT%H:%M:%SZ', c.time_us / 1000000, 'unixepoch') AS call_time,
       c.event_name,
       c.actor,
       c.user_identity_access_key_id AS access_key_id,
       c.source_ip_address,
       (changes.time_us - c.time_us) / 1000000 AS seconds_before,
       changes.id AS config_item_id,
       c.id AS cloudtrail_id
  FROM changes
 CROSS JOIN cloudtrail AS c
 WHERE c.time_us <= changes.time_us
   AND c.time_us > changes.time_us - :minutes * 60000000
   AND coalesce(c.read_only, 1) = 0
   AND c.outcome <> 'failure'
   AND (instr(c.raw, changes.resource_id) > 0 OR instr(c.raw, '"' || changes.resource_name || '"') > 0)
 ORDER BY changes.time_us, changes.id, c.time_us, c.id
