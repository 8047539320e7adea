-- ---
-- id: config-before-and-after
-- title: Resources before and after each change
-- question: 'How was each changed resource before, how is it since, and who called in between?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   resource_type: 'Kind of resource.'
--   resource_id: 'Resource.'
--   before: 'When it was recorded before.'
--   after: 'When the change was recorded.'
--   configuration_item_status: 'State since: OK, ResourceDeleted.'
--   configuration_before: 'Configuration before.'
--   configuration_after: 'Configuration since; NULL of a deleted one.'
--   supplementary_before: 'What stands beside it before, such as a policy.'
--   supplementary_after: 'The same since.'
--   last_caller: 'Who made the last call in between that names the resource.'
--   last_call: 'Its action.'
--   last_call_time: 'Its time.'
-- sources: [config_item, cloudtrail]
-- scans: { config_item: window, cloudtrail: window }
-- attack: [T1098, T1562.008, T1565.001]
-- tactic: [persistence, defense-evasion, impact]
-- references:
--   - 'AWS Config Developer Guide, "Components of a configuration item"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run config-before-and-after'
-- explanation: >-
--   Two items of one resource, one after the other, of which the second differs. Copies of an item (in
--   notifications, snapshots, the API) are one. The call is the last writing one between the two that names
--   the resource.
-- ---
WITH items AS (
  SELECT resource_type,
         resource_id,
         coalesce(resource_name, resource_id) AS resource_name,
         time_us,
         configuration_item_status,
         configuration,
         supplementary_configuration,
         row_number() OVER (PARTITION BY resource_type, resource_id, time_us ORDER BY id) AS copy
    FROM config_item
   WHERE time_us >= :from
     AND time_us < :to
),
pairs AS (
  SELECT resource_type,
         resource_id,
         resource_name,
         lag(time_us) OVER w AS before_us,
         time_us AS after_us,
         configuration_item_status,
         lag(configuration) OVER w AS configuration_before,
         configuration AS configuration_after,
         lag(supplementary_configuration) OVER w AS supplementary_before,
         supplementary_configuration AS supplementary_after
    FROM items
   WHERE copy = 1
  WINDOW w AS (PARTITION BY resource_type, resource_id ORDER BY time_us)
),
changed AS (
  SELECT *
    FROM pairs
   WHERE before_us IS NOT NULL
     AND (configuration_before IS NOT configuration_after OR supplementary_before IS NOT supplementary_after)
),
called AS (
  SELECT changed.resource_type, changed.resource_id, changed.after_us, c.id, c.actor, c.event_name, c.time_us,
         row_number() OVER (PARTITION BY changed.resource_type, changed.resource_id, changed.after_us
                            ORDER BY c.time_us DESC, c.id DESC) AS nth
    FROM changed
   CROSS JOIN cloudtrail AS c
   WHERE c.time_us <= changed.after_us
     AND c.time_us > changed.before_us
     AND coalesce(c.read_only, 1) = 0
     AND c.outcome <> 'failure'
     AND (instr(c.raw, changed.resource_id) > 0 OR instr(c.raw, '"' || changed.resource_name || '"') > 0)
)
SELECT changed.resource_type,
       changed.resource_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', changed.before_us / 1000000, 'unixepoch') AS before,
       strftime('%Y-%m-%dT%H:%M:%SZ', changed.after_us / 1000000, 'unixepoch') AS after,
       changed.configuration_item_status,
       changed.configuration_before,
       changed.configuration_after,
       changed.supplementary_before,
       changed.supplementary_after,
       called.actor AS last_caller,
       called.event_name AS last_call,
       strftime('%Y-%m-%dT%H:%M:%SZ', called.time_us / 1000000, 'unixepoch') AS last_call_time
  FROM changed
  LEFT JOIN called
    ON called.nth = 1
   AND called.resource_type = changed.resource_type
   AND called.resource_id = changed.resource_id
   AND called.after_us = changed.after_us
 ORDER BY changed.after_us, changed.resource_type, changed.resource_id
