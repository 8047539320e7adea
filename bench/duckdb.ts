/**
 * The peer, as a child process: DuckDB reads the same gz files into one table with the raw JSON and the columns of our
 * table `cloudtrail`, in the fastest way we know (one json_extract_string with all paths; `->>` for each column takes more
 * than three times as long), with two threads, and checkpoints. No indexes, no hashes, no duplicates, no provenance.
 * `node bench/duckdb.ts FOLDER DATABASE`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

type Type = 'text' | 'bigint' | 'flag' | 'time';

/** Column of ours, path in the record, type. */
const COLUMNS: readonly (readonly [name: string, path: string, type: Type])[] = [
  ['time_us', 'eventTime', 'time'],
  ['event_version', 'eventVersion', 'text'],
  ['event_source', 'eventSource', 'text'],
  ['event_name', 'eventName', 'text'],
  ['aws_region', 'awsRegion', 'text'],
  ['source_ip_address', 'sourceIPAddress', 'text'],
  ['user_agent', 'userAgent', 'text'],
  ['error_code', 'errorCode', 'text'],
  ['error_message', 'errorMessage', 'text'],
  ['request_id', 'requestID', 'text'],
  ['event_id', 'eventID', 'text'],
  ['event_type', 'eventType', 'text'],
  ['event_category', 'eventCategory', 'text'],
  ['read_only', 'readOnly', 'flag'],
  ['management_event', 'managementEvent', 'flag'],
  ['recipient_account_id', 'recipientAccountId', 'text'],
  ['shared_event_id', 'sharedEventID', 'text'],
  ['vpc_endpoint_id', 'vpcEndpointId', 'text'],
  ['user_identity_type', 'userIdentity.type', 'text'],
  ['user_identity_principal_id', 'userIdentity.principalId', 'text'],
  ['user_identity_arn', 'userIdentity.arn', 'text'],
  ['user_identity_account_id', 'userIdentity.accountId', 'text'],
  ['user_identity_access_key_id', 'userIdentity.accessKeyId', 'text'],
  ['user_identity_user_name', 'userIdentity.userName', 'text'],
  ['user_identity_invoked_by', 'userIdentity.invokedBy', 'text'],
  ['session_issuer_arn', 'userIdentity.sessionContext.sessionIssuer.arn', 'text'],
  ['mfa_authenticated', 'userIdentity.sessionContext.attributes.mfaAuthenticated', 'flag'],
  ['session_creation_time_us', 'userIdentity.sessionContext.attributes.creationDate', 'time'],
  ['source_identity', 'userIdentity.sessionContext.sourceIdentity', 'text'],
  ['mfa_used', 'additionalEventData.MFAUsed', 'text'],
  ['console_result', 'responseElements.ConsoleLogin', 'text'],
  ['bytes_transferred_in', 'additionalEventData.bytesTransferredIn', 'bigint'],
  ['bytes_transferred_out', 'additionalEventData.bytesTransferredOut', 'bigint'],
  ['response_access_key_id', 'responseElements.credentials.accessKeyId', 'text'],
  ['role_arn', 'requestParameters.roleArn', 'text'],
  ['bucket_name', 'requestParameters.bucketName', 'text'],
  ['object_key', 'requestParameters.key', 'text'],
  ['target_other', 'resources[0].ARN', 'text'],
  ['insight_type', 'insightDetails.insightType', 'text'],
  ['insight_state', 'insightDetails.state', 'text'],
];

const CASTS: Readonly<Record<Type, (value: string) => string>> = {
  text: (value) => value,
  bigint: (value) => `TRY_CAST(${value} AS BIGINT)`,
  flag: (value) => `TRY_CAST(${value} AS BOOLEAN)`,
  time: (value) => `epoch_us(TRY_CAST(${value} AS TIMESTAMPTZ))`,
};

const [folder = '', database = ''] = process.argv.slice(2);
rmSync(database, { force: true });
const instance = await DuckDBInstance.create(database, { threads: '2' });
const connection = await instance.connect();
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const paths = COLUMNS.map(([, path]) => quoted(`$.${path}`)).join(', ');
const columns = COLUMNS.map(
  ([name, , type], i) => `${CASTS[type](`x[${String(i + 1)}]`)} AS ${name}`,
);
await connection.run("SET TimeZone = 'UTC'");
await connection.run(`CREATE TABLE cloudtrail AS SELECT ${columns.join(', ')}, record AS raw FROM (
  SELECT record, json_extract_string(record, [${paths}]) AS x FROM (
    SELECT unnest("Records") AS record
    FROM read_json(${quoted(join(folder, '**', '*.json.gz'))}, columns = {Records: 'JSON[]'}, maximum_object_size = 134217728)))`);
await connection.run('CHECKPOINT');
const rows = (await connection.runAndReadAll('SELECT count(*)::INTEGER FROM cloudtrail')).getRows();
connection.closeSync();
instance.closeSync();
process.stdout.write(`${JSON.stringify({ rows: rows[0]?.[0] })}\n`);
