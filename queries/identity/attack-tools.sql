-- ---
-- id: attack-tools
-- title: Agents of tools that attackers like
-- question: 'Which calls came with the agent of an attacker tool or system?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   tool: 'Word in the user agent.'
--   actor: 'Who.'
--   access_key_id: 'With which key.'
--   source_ip_address: 'From where.'
--   calls: 'Calls.'
--   failures: 'Of those, failed.'
--   first_time: 'First.'
--   last_time: 'Last.'
--   user_agent: 'One of the agents, the first by its letters.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: window }
-- attack: [T1078.004, T1580]
-- tactic: [initial-access, discovery]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run attack-tools'
-- explanation: >-
--   A user agent is what the caller says it is: it convicts only the careless. Kali, Parrot and Pentoo name
--   the system, the others the tool.
-- ---
WITH tools (tool) AS (
  VALUES ('kali'), ('parrot'), ('pentoo'), ('pacu'), ('cloudfox'), ('scoutsuite'), ('prowler'), ('trufflehog'), ('enumerate-iam'),
         ('s3browser'), ('rclone'), ('stratus-red-team')
),
agents AS (
  SELECT DISTINCT user_agent FROM cloudtrail WHERE user_agent IS NOT NULL AND time_us >= :from AND time_us < :to
)
SELECT tools.tool,
       c.actor,
       c.user_identity_access_key_id AS access_key_id,
       c.source_ip_address,
       count(*) AS calls,
       count(CASE WHEN c.outcome = 'failure' THEN 1 END) AS failures,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(c.time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(c.time_us) / 1000000, 'unixepoch') AS last_time,
       min(c.user_agent) AS user_agent
  FROM tools
  JOIN agents ON instr(lower(agents.user_agent), tools.tool) > 0
  JOIN cloudtrail AS c ON c.user_agent = agents.user_agent
 WHERE c.time_us >= :from
   AND c.time_us < :to
 GROUP BY tools.tool, c.actor, c.user_identity_access_key_id, c.source_ip_address
 ORDER BY min(c.time_us), tools.tool, c.actor, c.user_identity_access_key_id, c.source_ip_address
