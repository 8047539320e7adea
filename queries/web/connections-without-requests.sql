-- ---
-- id: connections-without-requests
-- title: Connections and handshakes that came to nothing
-- question: 'Which clients connected to load balancers without a proper request?'
-- params:
--   from: { type: time, default: '1970-01-01T00:00:00Z', about: 'Start of the window, inclusive.' }
--   to: { type: time, default: '2200-01-01T00:00:00Z', about: 'End of the window, exclusive.' }
-- columns:
--   log: 'alb, nlb.'
--   client_ip: 'Client.'
--   failed: 'Handshakes or connections that failed.'
--   first_time: 'First.'
--   last_time: 'Last.'
-- sources: [alb_connection, alb_access, nlb_access]
-- scans: { alb_connection: window, nlb_access: window }
-- attack: [T1595.001, T1046]
-- tactic: [reconnaissance]
-- references:
--   - 'Elastic Load Balancing User Guide for Application Load Balancers, "Connection log entries"'
--   - 'User Guide for Network Load Balancers, "Access log entries"'
-- example: 'exhibit query run connections-without-requests'
-- explanation: >-
--   A TLS handshake that fails is a client that speaks something else, or looks which ports answer. Of the
--   application load balancer: connections whose id no request carries, or whose certificate failed.
-- ---
WITH failed AS (
  SELECT 'alb' AS log, c.client_ip, c.time_us
    FROM alb_connection AS c
   WHERE c.time_us >= :from
     AND c.time_us < :to
     AND (c.outcome = 'failure'
          OR NOT EXISTS (SELECT 1 FROM alb_access AS a WHERE a.client_ip = c.client_ip AND a.conn_trace_id = c.conn_trace_id))
  UNION ALL
  SELECT 'nlb', n.client_ip, n.time_us
    FROM nlb_access AS n
   WHERE n.outcome = 'failure'
     AND n.time_us >= :from
     AND n.time_us < :to
)
SELECT log, client_ip, count(*) AS failed, strftime('%Y-%m-%dT%H:%M:%SZ', min(time_us) / 1000000, 'unixepoch') AS first_time, strftime('%Y-%m-%dT%H:%M:%SZ', max(time_us) / 1000000, 'unixepoch') AS last_time
  FROM failed
 GROUP BY log, client_ip
 ORDER BY count(*) DESC, log, client_ip
