-- ---
-- id: machines-with-old-metadata
-- title: Machines that give out keys to anybody who asks
-- question: 'Which machines answer the old metadata service, and which role would they give away?'
-- params: {}
-- columns:
--   instance_id: 'Machine.'
--   tags: 'Its tags.'
--   state: 'running, stopped.'
--   private_ip_address: 'Address inside.'
--   public_ip: 'Address outside.'
--   instance_profile_arn: 'Role whose keys it gives out.'
--   http_tokens: 'optional: the old service answers too.'
--   launched: 'Launch.'
--   id: 'Row: exhibit show ec2_instance:ID.'
-- sources: [ec2_instance]
-- scans: { ec2_instance: whole }
-- attack: [T1552.005]
-- tactic: [credential-access]
-- references:
--   - 'Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata"'
-- example: 'exhibit query run machines-with-old-metadata'
-- explanation: >-
--   A page that fetches URLs for others is enough to steal keys from the old service. Machines without a
--   role have none to give.
-- ---
SELECT instance_id,
       tags,
       state,
       private_ip_address,
       public_ip,
       instance_profile_arn,
       http_tokens,
       strftime('%Y-%m-%dT%H:%M:%SZ', time_us / 1000000, 'unixepoch') AS launched,
       id
  FROM ec2_instance
 WHERE http_tokens = 'optional'
 ORDER BY instance_id, id
