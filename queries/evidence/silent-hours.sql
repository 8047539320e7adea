-- ---
-- id: silent-hours
-- title: Hours in which a log fell silent
-- question: 'Which log, account and region was silent for hours, although it wrote before and after?'
-- params:
--   min_hours: { type: integer, default: 3, about: 'Only silences of at least so many hours.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   source: 'Log.'
--   account_id: 'Account.'
--   region: 'Region.'
--   last_hour: 'Last hour with records.'
--   next_hour: 'Next hour with records.'
--   silent_hours: 'Hours between them.'
--   records_before: 'Records of that last hour.'
-- sources: []
-- scans: { coverage: whole }
-- attack: [T1562.008]
-- tactic: [defense-evasion]
-- references:
--   - 'exhibit, docs/schema.md'
-- example: 'exhibit query run silent-hours'
-- explanation: >-
--   Counted per hour, from the table of coverage that the import keeps. Nights are silent by nature: compare
--   with other nights. A trail that was off shows here, a log file that was never delivered too.
-- ---
WITH hours AS (
  SELECT source,
         account_id,
         region,
         hour_us,
         records,
         lead(hour_us) OVER (PARTITION BY source, account_id, region ORDER BY hour_us) AS next_us
    FROM coverage
   WHERE hour_us >= :from
     AND hour_us < :to
)
SELECT source,
       account_id,
       region,
       strftime('%Y-%m-%dT%H:%M:%SZ', hour_us / 1000000, 'unixepoch') AS last_hour,
       strftime('%Y-%m-%dT%H:%M:%SZ', next_us / 1000000, 'unixepoch') AS next_hour,
       (next_us - hour_us) / 3600000000 - 1 AS silent_hours,
       records AS records_before
  FROM hours
 WHERE next_us - hour_us > :min_hours * 3600000000
 ORDER BY (next_us - hour_us) DESC, source, account_id, region, hour_us
