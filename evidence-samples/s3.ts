/**
 * One S3 request, seen twice: as a line of the server access log and, where the trail records data events, as a
 * CloudTrail record with the same request id and host id (Amazon S3 User Guide, "Amazon S3 server access log format").
 */
import { ADDRESS, CANONICAL_OWNER, HOME } from './cast.ts';
import { randomStream, s3HostId, s3RequestId } from './random.ts';
import { trailEvent, type Caller, type JsonObject, type TrailEvent } from './trail.ts';

/** A line of a server access log and the bucket it is about. */
export interface AccessLine {
  readonly at: number;
  readonly bucket: string;
  readonly text: string;
}

/** One request to S3. */
export interface S3Request {
  readonly at: number;
  readonly bucket: string;
  readonly key: string | undefined;
  /** `GET.OBJECT`, `PUT.OBJECT`, `GET.BUCKET`, `HEAD.BUCKET`. */
  readonly operation: string;
  readonly query?: string;
  readonly requester: string;
  readonly ip: string;
  readonly agent: string;
  readonly status?: number;
  readonly error?: string;
  readonly bytes: number;
  readonly size?: number;
  readonly anonymous?: boolean;
  /** Set for buckets whose data events the trail records. */
  readonly trail?: { readonly account: string; readonly caller: Caller; readonly event: string };
}

const random = randomStream('s3');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `[18/Sep/2026:00:12:31 +0000]`. */
function logTime(at: number): string {
  const date = new Date(at);
  const day = String(date.getUTCDate()).padStart(2, '0');
  return `[${day}/${MONTHS[date.getUTCMonth()] ?? ''}/${String(date.getUTCFullYear())}:${date.toISOString().slice(11, 19)} +0000]`;
}

/** The access log line and, if asked for, the CloudTrail data event of a request. */
export function s3Request(request: S3Request): {
  readonly line: AccessLine;
  readonly event: TrailEvent | undefined;
} {
  const requestId = s3RequestId(random);
  const hostId = s3HostId(random);
  const { at, bucket, key, operation, ip, agent, status = 200, bytes } = request;
  const verb = operation.split('.')[0] ?? '';
  const put = verb === 'PUT';
  const path = `/${key ?? ''}${request.query === undefined ? '' : `?${request.query}`}`;
  const signed = request.anonymous !== true;
  const fields = [
    CANONICAL_OWNER,
    bucket,
    logTime(at),
    ip,
    signed ? request.requester : '-',
    requestId,
    `REST.${operation}`,
    key === undefined ? '-' : encodeURI(key),
    `"${verb} ${encodeURI(path)} HTTP/1.1"`,
    String(status),
    request.error ?? '-',
    put || bytes === 0 ? '-' : String(bytes),
    request.size === undefined ? '-' : String(request.size),
    String(random.int(12, 40) + Math.round(bytes / 60_000)),
    String(random.int(8, 30)),
    '"-"',
    `"${agent}"`,
    '-',
    hostId,
    signed ? 'SigV4' : '-',
    'TLS_AES_128_GCM_SHA256',
    signed ? 'AuthHeader' : '-',
    `${bucket}.s3.${HOME}.amazonaws.com`,
    'TLSv1.3',
    '-',
    '-',
    ip === ADDRESS.farPublic ? 'sa-east-1' : '-',
  ];
  const line = { at, bucket, text: fields.join(' ') };
  if (request.trail === undefined) return { line, event: undefined };
  const { account, caller, event } = request.trail;
  const host = `${bucket}.s3.${HOME}.amazonaws.com`;
  const params: JsonObject =
    key === undefined
      ? {
          'list-type': '2',
          bucketName: bucket,
          prefix: request.query?.split('prefix=')[1] ?? '',
          Host: host,
        }
      : { bucketName: bucket, Host: host, key };
  const more: JsonObject = {
    SignatureVersion: 'SigV4',
    CipherSuite: 'TLS_AES_128_GCM_SHA256',
    bytesTransferredIn: put ? bytes : 0,
    AuthenticationMethod: 'AuthHeader',
    'x-amz-id-2': hostId,
    bytesTransferredOut: put ? 0 : bytes,
  };
  const object =
    key === undefined
      ? { type: 'AWS::S3::Object', ARNPrefix: `arn:aws:s3:::${bucket}/` }
      : { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${bucket}/${key}` };
  return {
    line,
    event: trailEvent({
      at,
      account,
      region: HOME,
      service: 's3',
      name: event,
      caller,
      ip,
      agent: `[${agent}]`,
      params,
      more,
      requestId,
      data: true,
      write: put,
      resources: [
        object,
        { accountId: account, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${bucket}` },
      ],
      ...(request.error === undefined ? {} : { error: [request.error, 'Access Denied'] as const }),
    }),
  };
}
