/** Stored columns of CloudTrail, in the order in which `map.ts` gives their values. */
import type { Column } from '../source.ts';

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

function integer(name: string, unit: string, about: string): Column {
  return { name, type: 'INTEGER', unit, about };
}

/** Columns of table `cloudtrail`. */
export const CLOUDTRAIL_COLUMNS: readonly Column[] = [
  integer(
    'time_us',
    'us',
    'eventTime: when the request completed on the service; start of the window of an aggregated event.',
  ),
  text('event_version', 'eventVersion, 1.0 to 1.11.'),
  text(
    'event_source',
    'eventSource: the service that was called, as its host name; of an Insights event the service it is about.',
  ),
  text('event_name', 'eventName: the API action; of an Insights event the action it is about.'),
  text('aws_region', 'awsRegion: the region the request was made to.'),
  text(
    'source_ip_address',
    'sourceIPAddress as it stands: an address, the host name of an AWS service, or "AWS Internal".',
  ),
  text('user_agent', 'userAgent.'),
  text('error_code', 'errorCode; NULL where the call did not fail.'),
  text('error_message', 'errorMessage; a failed console sign-in has only this.'),
  text('request_id', 'requestID: joins S3 access logs by their request_id.'),
  text(
    'event_id',
    'eventID (eventId of aggregated events): the identity of the record; absent in version 1.0.',
  ),
  text(
    'event_type',
    'eventType: AwsApiCall, AwsServiceEvent, AwsConsoleAction, AwsConsoleSignIn, AwsCloudTrailInsight, AwsVpceEvent, AwsAggregatedEvent.',
  ),
  text(
    'event_category',
    'eventCategory: Management, Data, Insight, NetworkActivity, Aggregated; absent before version 1.07.',
  ),
  integer('read_only', '0 or 1', 'readOnly.'),
  integer('management_event', '0 or 1', 'managementEvent.'),
  text(
    'recipient_account_id',
    'recipientAccountId (accountId of aggregated events): the account that received the record.',
  ),
  text(
    'shared_event_id',
    'sharedEventID: the same action as delivered to other accounts; pairs the start and end of an Insight.',
  ),
  text('vpc_endpoint_id', 'vpcEndpointId the request came through.'),
  text('user_identity_type', 'userIdentity.type.'),
  text('user_identity_principal_id', 'userIdentity.principalId; `AROA...:session` for a role.'),
  text('user_identity_arn', 'userIdentity.arn.'),
  text('user_identity_account_id', 'userIdentity.accountId: the account of the caller.'),
  text(
    'user_identity_access_key_id',
    'userIdentity.accessKeyId: AKIA is long-term, ASIA a session.',
  ),
  text('user_identity_user_name', 'userIdentity.userName.'),
  text(
    'user_identity_invoked_by',
    'userIdentity.invokedBy: the service that called for the principal.',
  ),
  text(
    'session_issuer_arn',
    'userIdentity.sessionContext.sessionIssuer.arn: the role or user behind a session.',
  ),
  integer(
    'mfa_authenticated',
    '0 or 1',
    'userIdentity.sessionContext.attributes.mfaAuthenticated.',
  ),
  integer(
    'session_creation_time_us',
    'us',
    'userIdentity.sessionContext.attributes.creationDate: when the credentials were issued.',
  ),
  text(
    'source_identity',
    'userIdentity.sessionContext.sourceIdentity: who the session was opened for; it outlives role chaining.',
  ),
  integer('mfa_used', '0 or 1', 'additionalEventData.MFAUsed of a console sign-in.'),
  text(
    'console_result',
    'responseElements.ConsoleLogin (or SwitchRole, ExitRole, CheckMfa, RenewRole): Success or Failure.',
  ),
  integer(
    'bytes_transferred_in',
    'bytes',
    'additionalEventData.bytesTransferredIn of an S3 data event: uploaded.',
  ),
  integer(
    'bytes_transferred_out',
    'bytes',
    'additionalEventData.bytesTransferredOut of an S3 data event: downloaded.',
  ),
  text(
    'response_access_key_id',
    'Access key that the response issued: responseElements.credentials.accessKeyId or responseElements.accessKey.accessKeyId.',
  ),
  text('role_arn', 'requestParameters.roleArn: the role that was assumed or passed.'),
  text('bucket_name', 'requestParameters.bucketName.'),
  text('object_key', 'requestParameters.key of an S3 request.'),
  text(
    'target_other',
    'What was acted on where bucket_name, object_key and (for STS) role_arn do not say it: ARN of the first of resources, else the name in the request (user, group, instance, function, key, ...). Read the common column target.',
  ),
  text('insight_type', 'insightDetails.insightType of an Insights event.'),
  text('insight_state', 'insightDetails.state of an Insights event: Start or End.'),
];
