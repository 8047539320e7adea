/** Every log source. Written by `npm run gen` from the files of this folder; do not edit. */
import { access_analyzer_finding } from './access_analyzer_finding.ts';
import { alb_access } from './alb_access.ts';
import { alb_connection } from './alb_connection.ts';
import { alb_health_check } from './alb_health_check.ts';
import { api_gateway_access } from './api_gateway_access.ts';
import { api_gateway_execution } from './api_gateway_execution.ts';
import { auditd } from './auditd.ts';
import { clb_access } from './clb_access.ts';
import { client_vpn } from './client_vpn.ts';
import { cloudfront } from './cloudfront.ts';
import { cloudtrail } from './cloudtrail/index.ts';
import { cloudtrail_digest } from './cloudtrail_digest.ts';
import { cloudtrail_lake_sign } from './cloudtrail_lake_sign.ts';
import { cloudwatch_logs } from './cloudwatch_logs/index.ts';
import { config_change } from './config_change.ts';
import { config_compliance } from './config_compliance.ts';
import { config_compliance_state } from './config_compliance_state.ts';
import { config_item } from './config_item/index.ts';
import { config_notification } from './config_notification.ts';
import { config_recorder } from './config_recorder.ts';
import { config_resource } from './config_resource.ts';
import { ec2_flow_log } from './ec2_flow_log.ts';
import { ec2_instance } from './ec2_instance.ts';
import { ec2_network_interface } from './ec2_network_interface.ts';
import { ec2_state_change } from './ec2_state_change.ts';
import { eks_audit } from './eks_audit.ts';
import { eks_control_plane } from './eks_control_plane.ts';
import { eventbridge } from './eventbridge.ts';
import { guardduty } from './guardduty.ts';
import { iam_credential_report } from './iam_credential_report.ts';
import { inspector_finding } from './inspector_finding.ts';
import { journald } from './journald.ts';
import { lambda } from './lambda.ts';
import { macie_finding } from './macie_finding.ts';
import { network_firewall } from './network_firewall.ts';
import { nlb_access } from './nlb_access.ts';
import { powershell_transcript } from './powershell_transcript.ts';
import { rds_mysql_audit } from './rds_mysql_audit.ts';
import { rds_pgaudit } from './rds_pgaudit.ts';
import { redshift_connection } from './redshift_connection.ts';
import { redshift_user } from './redshift_user.ts';
import { redshift_user_activity } from './redshift_user_activity.ts';
import { route53_public } from './route53_public.ts';
import { route53_resolver } from './route53_resolver.ts';
import { s3_access } from './s3_access.ts';
import { security_lake } from './security_lake.ts';
import { securityhub } from './securityhub.ts';
import { sns_sqs_message } from './sns_sqs_message.ts';
import type { Source } from './source.ts';
import { ssm_session } from './ssm_session.ts';
import { syslog } from './syslog.ts';
import { tgw_flow } from './tgw_flow.ts';
import { vpc_flow } from './vpc_flow.ts';
import { waf } from './waf.ts';
import { windows_event } from './windows_event.ts';

/** In bytewise order of id. */
export const SOURCES: readonly Source[] = [
  access_analyzer_finding,
  alb_access,
  alb_connection,
  alb_health_check,
  api_gateway_access,
  api_gateway_execution,
  auditd,
  clb_access,
  client_vpn,
  cloudfront,
  cloudtrail,
  cloudtrail_digest,
  cloudtrail_lake_sign,
  cloudwatch_logs,
  config_change,
  config_compliance,
  config_compliance_state,
  config_item,
  config_notification,
  config_recorder,
  config_resource,
  ec2_flow_log,
  ec2_instance,
  ec2_network_interface,
  ec2_state_change,
  eks_audit,
  eks_control_plane,
  eventbridge,
  guardduty,
  iam_credential_report,
  inspector_finding,
  journald,
  lambda,
  macie_finding,
  network_firewall,
  nlb_access,
  powershell_transcript,
  rds_mysql_audit,
  rds_pgaudit,
  redshift_connection,
  redshift_user,
  redshift_user_activity,
  route53_public,
  route53_resolver,
  s3_access,
  security_lake,
  securityhub,
  sns_sqs_message,
  ssm_session,
  syslog,
  tgw_flow,
  vpc_flow,
  waf,
  windows_event,
];
