-- ---
-- id: zone-guesses
-- title: Names guessed in the public zone
-- question: 'Who asked the public zone for names that are not there?'
-- params:
--   min_missing: { type: integer, default: 3, about: 'Only resolvers with at least so many misses.' }
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   resolver_ip: 'Resolver that asked.'
--   edns_client_subnet: 'Network of the client, where the resolver says it.'
--   names: 'Different names.'
--   missing: 'Of those, not there.'
--   queries: 'Questions.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [route53_public]
-- scans: { route53_public: window }
-- attack: [T1590.002, T1596.001]
-- tactic: [reconnaissance]
-- references:
--   - 'Amazon Route 53 Developer Guide, "Public DNS query logging"'
-- example: 'exhibit query run zone-guesses'
-- explanation: >-
--   Guessing names costs nothing and is the first thing that a scanner does. The resolver is the provider's,
--   seldom the scanner itself.
-- ---
SELECT resolver_ip,
       edns_client_subnet,
       count(DISTINCT query_name) AS names,
       count(DISTINCT CASE WHEN rcode = 'NXDOMAIN' THEN query_name END) AS missing,
       count(*) AS queries,
       strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM route53_public
 WHERE time_us >= :from
   AND time_us < :to
 GROUP BY resolver_ip, edns_client_subnet
HAVING count(CASE WHEN rcode = 'NXDOMAIN' THEN 1 END) >= :min_missing
 ORDER BY missing DESC, resolver_ip, edns_client_subnet
