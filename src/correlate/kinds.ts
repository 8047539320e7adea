/**
 * Entities: what an investigator follows from log to log. A source names its columns as AWS names the fields, so the name
 * says what a column holds; a new source with such a column is found without a line here. Nothing is stored twice: the
 * tables and their indexes are the index of entities.
 */
import { parseAddress } from './address.ts';

/** Kinds of entities. */
export const ENTITY_KINDS = [
  'ip',
  'access_key',
  'principal',
  'role',
  'session_name',
  'user_name',
  'instance',
  'eni',
  'resource',
  'bucket',
  'object',
  'domain',
  'user_agent',
  'tls',
  'request_id',
  'event_id',
  'account',
  'hash',
  'service',
] as const;

/** A name of {@link ENTITY_KINDS}. */
export type EntityKind = (typeof ENTITY_KINDS)[number];

const NAMES: Readonly<Record<Exclude<EntityKind, 'service'>, string>> = {
  ip: `client_ip target_ip backend_ip source_ip source_ip_address device_ip c_ip s_ip remote_ip remote_ip_v6 local_ip
    private_ip_address public_ip srcaddr dstaddr pkt_srcaddr pkt_dstaddr src_ip dest_ip destination_ip remotehost
    client_host resolver_ip src_endpoint_ip dst_endpoint_ip rdata`,
  access_key: `user_identity_access_key_id response_access_key_id access_key_id presigned_access_key_id actor_access_key`,
  principal: `user_identity_arn user_arn requester principal_aws actor_user_uid user_identity`,
  role: `role_arn session_issuer_arn actor_session_issuer`,
  session_name: `session_name source_identity`,
  user_name: `user_identity_user_name user_name username target_user subject_user_name target_user_name user_username
    run_as_user common_name oldusername actor_user_name db_user kubernetes_username account`,
  instance: `instance_id target_id src_instance_uid dst_instance_uid`,
  eni: `interface_id network_interface_id resolver_network_interface tgw_src_eni tgw_dst_eni src_interface_uid
    dst_interface_uid`,
  resource: `resource_id resource_name arn target_other vpc_id subnet_id lambda_function_arn target_group_arn
    instance_profile_arn image_id log_group webacl_id distribution_id hosted_zone_id tgw_attachment_id tgw_id
    client_vpn_endpoint_id vpc_endpoint_id`,
  bucket: `bucket_name s3_bucket`,
  object: `object_key key_name s3_object_key`,
  domain: `query_name domain_name host host_header tls_sni http_hostname domain cs_host x_host_header query_hostname
    http_host src_endpoint_domain dst_endpoint_domain`,
  user_agent: `user_agent cs_user_agent http_user_agent`,
  tls: `ja3_fingerprint ja3s_fingerprint ja4_fingerprint tls_fingerprint key_fingerprint`,
  request_id: `request_id extended_request_id host_id x_edge_request_id trace_id conn_trace_id api_request_uid
    endpoint_request_id`,
  event_id: `event_id shared_event_id event_uid finding_id finding_uid audit_id session_id`,
  account: `account_id recipient_account_id user_identity_account_id remote_account_id actor_user_account aws_account_id`,
  hash: `process_executable_sha256`,
};

const KIND_OF: ReadonlyMap<string, EntityKind> = new Map(
  Object.entries(NAMES).flatMap(([kind, names]) =>
    names.split(/\s+/).map((name) => [name, kind as EntityKind] as const),
  ),
);

/** Columns that bear such a name and hold something else. */
const NOT_ENTITIES: ReadonlySet<string> = new Set([
  'ec2_instance.key_name',
  'guardduty.arn',
  'api_gateway_access.user_identity',
  'macie_finding.user_identity',
]);

/** What a column of a table holds, if an entity. */
export function kindOfColumn(table: string, column: string): EntityKind | undefined {
  return NOT_ENTITIES.has(`${table}.${column}`) ? undefined : KIND_OF.get(column);
}

/** What a value in such a column is: an address column may name a service, a principal's column an account. */
export function kindOfValue(kind: EntityKind, value: string): EntityKind | undefined {
  if (value === '' || value === '-') return undefined;
  if (kind === 'ip' && parseAddress(value) === undefined)
    return /\.amazonaws\.com$|^AWS Internal$/.test(value)
      ? 'service'
      : value.includes('.')
        ? 'domain'
        : undefined;
  if (kind === 'resource' && /^i-[0-9a-f]{8,17}$/.test(value)) return 'instance';
  if (kind === 'resource' && /^eni-[0-9a-f]{8,17}$/.test(value)) return 'eni';
  if (kind === 'principal' && /^\d{12}$/.test(value)) return 'account';
  return kind;
}

/** Where a typed value may stand, and as what. */
export interface Wanted {
  /** As it was typed. */
  readonly value: string;
  /** The most likely kind. */
  readonly kind: EntityKind;
  /** Kinds of columns that are looked at. */
  readonly kinds: ReadonlySet<EntityKind>;
  /** Spellings that are the same thing. */
  readonly spellings: readonly string[];
  /** Beginnings of ARNs that are sessions of this role. */
  readonly prefixes: readonly string[];
}

/** What a value that somebody typed may be. */
export function wanted(value: string): Wanted {
  const one = (kinds: readonly EntityKind[], ...more: readonly string[]): Wanted => ({
    value,
    kind: kinds[0] ?? 'resource',
    kinds: new Set(kinds),
    spellings: [...new Set([value, ...more])],
    prefixes: [],
  });
  const address = parseAddress(value);
  if (address !== undefined) return one(['ip'], ...address.spellings);
  if (/^A[A-Z]{3}[A-Z0-9]{12,}$/.test(value)) return one(['access_key', 'resource']);
  if (/^\d{12}$/.test(value)) return one(['account', 'principal', 'resource']);
  if (/^i-[0-9a-f]{8,17}$/.test(value)) return one(['instance', 'resource', 'session_name']);
  if (/^eni-[0-9a-f]{8,17}$/.test(value)) return one(['eni', 'resource']);
  if (value.startsWith('arn:')) return ofArn(value, one);
  if (value.startsWith('s3://')) return ofUrl(value, one);
  if (/^[0-9a-f]{64}$/.test(value)) return one(['hash', 'tls']);
  if (/^[0-9a-f]{32,40}$/.test(value)) return one(['tls', 'hash', 'request_id']);
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(value))
    return one(['event_id', 'request_id', 'resource']);
  if (value.endsWith('.amazonaws.com')) return one(['service', 'ip', 'domain']);
  if (/^[a-z]{2,10}-[0-9a-f]{8,17}$/.test(value)) return one(['resource']);
  if (/^(?:[\w-]+\.)+[a-z]{2,}\.?$/i.test(value)) {
    const name = value.toLowerCase().replace(/\.$/, '');
    return one(['domain', 'bucket', 'user_name', 'object', 'ip'], name, `${name}.`);
  }
  return one([
    ...([
      'user_name',
      'session_name',
      'bucket',
      'resource',
      'user_agent',
      'domain',
      'object',
    ] as const),
    ...(['tls', 'request_id', 'event_id', 'principal', 'role', 'instance'] as const),
  ]);
}

type One = (kinds: readonly EntityKind[], ...more: readonly string[]) => Wanted;

function ofArn(value: string, one: One): Wanted {
  const [, partition = '', service = '', , account = '', resource = ''] =
    /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(.*)$/s.exec(value) ?? [];
  if (service === 's3') {
    const [bucket = '', ...key] = resource.split('/');
    return key.length === 0
      ? one(['bucket', 'resource'], bucket)
      : one(['object', 'resource'], key.join('/'));
  }
  if (service === 'iam' && resource.startsWith('role/')) {
    const role = resource.slice(resource.lastIndexOf('/') + 1);
    return {
      ...one(['role', 'principal', 'resource']),
      prefixes: [`arn:${partition}:sts::${account}:assumed-role/${role}/`],
    };
  }
  const who = service === 'iam' || service === 'sts';
  return one(who ? ['principal', 'role', 'resource'] : ['resource', 'principal']);
}

function ofUrl(value: string, one: One): Wanted {
  const [bucket = '', ...key] = value.slice('s3://'.length).split('/');
  return key.length === 0 || key.join('') === ''
    ? one(['bucket', 'resource'], bucket, `arn:aws:s3:::${bucket}`)
    : one(['object', 'resource'], key.join('/'), `arn:aws:s3:::${bucket}/${key.join('/')}`);
}
