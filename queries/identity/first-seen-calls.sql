-- ---
-- id: first-seen-calls
-- title: First-seen calls by principal
-- question: 'Which actions did a principal call that it had never called before?'
-- params:
--   since: { type: time, default: '1970-01-01T00:00:00Z', about: 'Only actions never seen before this time; the default is the middle of the records.' }
-- columns:
--   principal: 'Role or user behind the call; the session name is left out.'
--   event_source: 'Service that was called.'
--   event_name: 'API action.'
--   first_time: 'First call.'
--   calls: 'Calls since.'
--   failures: 'Of those, failed.'
--   known_before: '1 if the principal had made other calls before.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: whole }
-- attack: [T1078.004, T1098]
-- tactic: [initial-access, persistence, discovery]
-- references:
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run first-seen-calls --param since=2026-09-17T12:00:00Z'
-- explanation: >-
--   What an account does not normally do stands out against its own past. known_before = 1 is a known
--   principal that behaves in a new way; 0 is a principal that is new as a whole. The shorter the time
--   before "since", the more ordinary calls appear here.
-- ---
WITH bound AS (
  SELECT CASE WHEN :since > 0 THEN :since ELSE (min(time_us) + max(time_us)) / 2 END AS since_us FROM cloudtrail
),
seen AS (
  SELECT coalesce(session_issuer_arn, actor) AS principal,
         event_source,
         event_name,
         min(time_us) AS first_us,
         count(*) AS calls,
         count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures
    FROM cloudtrail
   GROUP BY coalesce(session_issuer_arn, actor), event_source, event_name
),
born AS (
  SELECT principal, min(first_us) AS born_us FROM seen GROUP BY principal
)
SELECT seen.principal,
       seen.event_source,
       seen.event_name,
       strftime('%Y-%m-%dT%H:%M:%SZ', seen.first_us / 1000000, 'unixepoch') AS first_time,
       seen.calls,
       seen.failures,
       CASE WHEN born.born_us < bound.since_us THEN 1 ELSE 0 END AS known_before
  FROM seen
  JOIN bound
  JOIN born ON born.principal IS seen.principal
 WHERE seen.first_us >= bound.since_us
 ORDER BY seen.first_us, seen.principal, seen.event_source, seen.event_name
