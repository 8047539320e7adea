-- ---
-- id: new-regions
-- title: Regions new for a principal
-- question: 'Who began to work in a region where they had never been?'
-- params:
--   since: { type: time, default: '1970-01-01T00:00:00Z', about: 'Only regions never used before this time; the default is the middle of the records.' }
-- columns:
--   account_id: 'Account that received the record.'
--   principal: 'Role or user behind the call.'
--   region: 'The new region.'
--   first_time: 'First call there.'
--   calls: 'Calls there since.'
--   failures: 'Of those, failed.'
--   actions: 'Different actions called there.'
--   new_for_account: '1 if nobody in the account had used the region before.'
-- sources: [cloudtrail]
-- scans: { cloudtrail: whole }
-- attack: [T1535]
-- tactic: [defense-evasion]
-- references:
--   - 'MITRE ATT&CK T1535, "Unused/Unsupported Cloud Regions"'
--   - 'CloudTrail User Guide, "CloudTrail record contents"'
-- example: 'exhibit query run new-regions --param since=2026-09-17T12:00:00Z'
-- explanation: >-
--   Intruders start machines in regions that nobody watches, and enumerate every region in turn. A
--   region that is new for the whole account deserves the first look. Global services (IAM, STS,
--   CloudFront) write to us-east-1 whoever calls them from where.
-- ---
WITH bound AS (
  SELECT CASE WHEN :since > 0 THEN :since ELSE (min(time_us) + max(time_us)) / 2 END AS since_us FROM cloudtrail
),
used AS (
  SELECT account_id,
         coalesce(session_issuer_arn, actor) AS principal,
         region,
         min(time_us) AS first_us,
         count(*) AS calls,
         count(CASE WHEN outcome = 'failure' THEN 1 END) AS failures,
         count(DISTINCT event_name) AS actions
    FROM cloudtrail
   WHERE region IS NOT NULL
     AND event_category IS NOT 'Insight'
   GROUP BY account_id, coalesce(session_issuer_arn, actor), region
),
opened AS (
  SELECT account_id, region, min(first_us) AS opened_us FROM used GROUP BY account_id, region
)
SELECT used.account_id,
       used.principal,
       used.region,
       strftime('%Y-%m-%dT%H:%M:%SZ', used.first_us / 1000000, 'unixepoch') AS first_time,
       used.calls,
       used.failures,
       used.actions,
       CASE WHEN opened.opened_us >= bound.since_us THEN 1 ELSE 0 END AS new_for_account
  FROM used
  JOIN bound
  JOIN opened ON opened.account_id IS used.account_id AND opened.region = used.region
 WHERE used.first_us >= bound.since_us
 ORDER BY used.first_us, used.account_id, used.principal, used.region
