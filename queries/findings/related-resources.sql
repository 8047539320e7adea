-- ---
-- id: related-resources
-- title: What belongs to a resource
-- question: 'Which resources does AWS Config relate to this one?'
-- params:
--   resource: { type: text, default: '', about: 'Only what concerns this resource; empty: all.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   resource_type: 'Kind of resource.'
--   resource_id: 'Resource.'
--   relation: 'How it is related.'
--   related_type: 'Kind of the other.'
--   related_id: 'The other.'
--   first_seen: 'First item that says so.'
--   last_seen: 'Last.'
-- sources: [config_item]
-- scans: { config_item: window }
-- attack: [T1580]
-- tactic: [discovery]
-- references:
--   - 'AWS Config Developer Guide, "Components of a configuration item"'
-- example: 'exhibit query run related-resources'
-- explanation: >-
--   Both directions: what the resource names, and what names it. A security group leads to its machines, a
--   machine to its interface, address and network.
-- ---
SELECT c.resource_type,
       c.resource_id,
       r.name AS relation,
       r.resource_type AS related_type,
       r.resource_id AS related_id,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.time_us) / 1000000, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(c.time_us) / 1000000, 'unixepoch') AS last_seen
  FROM config_item AS c
  JOIN config_item_relation AS r ON r.parent_id = c.id
 WHERE (:resource = '' OR c.resource_id = :resource OR r.resource_id = :resource)
   AND c.time_us >= :from
   AND c.time_us < :to
 GROUP BY c.resource_type, c.resource_id, r.name, r.resource_type, r.resource_id
 ORDER BY c.resource_type, c.resource_id, r.name, r.resource_id
