/**
 * Which tables a logsource means, and where a table has a field. Sigma's taxonomy names one log of AWS, CloudTrail; the
 * services of the others are named here as AWS names them. Sigma Taxonomy Appendix 2.1.0, "Log Sources", "Fields".
 */
import type { LogSource } from './rules.ts';
import type { Ref, RuleTree } from './model.ts';
import { plainPattern } from './pattern.ts';

/** A table as the database has it. */
export interface Table {
  readonly id: string;
  readonly columns: ReadonlyMap<string, 'TEXT' | 'INTEGER'>;
}

/** What a table answers to, and how fields are found in it. */
interface Source {
  readonly services: readonly string[];
  readonly products?: readonly string[];
  readonly categories?: readonly string[];
  /** Where the record is JSON whose members are fields: its text (`raw`) or a column. */
  readonly record?: string;
  /** Field to column, where the name says it not. */
  readonly fields?: Readonly<Record<string, string>>;
}

const AWS = ['aws'];

/** Web logs by the fields of W3C logs, which Sigma uses for category webserver and proxy. */
const WEB: Readonly<Record<string, string>> = {
  'c-ip': 'client_ip',
  'cs-method': 'http_method',
  'cs-uri': 'url',
  'c-uri': 'url',
  'cs-user-agent': 'user_agent',
  'c-useragent': 'user_agent',
  'sc-status': 'elb_status_code',
  'cs-host': 'domain_name',
};
const FLOW: Readonly<Record<string, string>> = {
  src_ip: 'srcaddr',
  dst_ip: 'dstaddr',
  src_port: 'srcport',
  dst_port: 'dstport',
  'account-id': 'account_id',
};
const DNS: Readonly<Record<string, string>> = {
  query: 'query_name',
  QueryName: 'query_name',
  record_type: 'query_type',
  response_code: 'rcode',
};

/** By table; a test holds it to the registry of sources. */
const SOURCES: Readonly<Record<string, Source>> = {
  access_analyzer_finding: { services: ['accessanalyzer', 'access-analyzer'], record: 'raw' },
  alb_access: {
    services: ['alb', 'elb', 'elasticloadbalancing'],
    categories: ['webserver'],
    fields: WEB,
  },
  alb_connection: { services: ['alb_connection'] },
  alb_health_check: { services: ['alb_health_check'] },
  api_gateway_access: {
    services: ['apigateway', 'api-gateway'],
    categories: ['webserver'],
    record: 'members',
    fields: {
      'c-ip': 'source_ip',
      'cs-method': 'http_method',
      'cs-uri': 'request_path',
      'c-uri': 'request_path',
      'cs-user-agent': 'user_agent',
      'c-useragent': 'user_agent',
      'sc-status': 'http_status',
      'cs-host': 'domain_name',
    },
  },
  api_gateway_execution: { services: ['apigateway_execution'] },
  auditd: {
    services: ['auditd'],
    products: ['linux'],
    record: 'members',
    fields: {
      type: 'record_type',
      key: 'audit_key',
      name: 'path_name',
      nametype: 'name_type',
      cwd: 'working_directory',
    },
  },
  clb_access: {
    services: ['clb', 'elb', 'elasticloadbalancing'],
    categories: ['webserver'],
    fields: WEB,
  },
  client_vpn: { services: ['clientvpn', 'client-vpn'], record: 'raw' },
  cloudfront: {
    services: ['cloudfront'],
    categories: ['webserver'],
    fields: {
      'cs-uri': 'cs_uri_stem',
      'c-uri': 'cs_uri_stem',
      'cs-uri-query': 'cs_uri_query',
      'cs-user-agent': 'cs_user_agent',
      'c-useragent': 'cs_user_agent',
      'cs(User-Agent)': 'cs_user_agent',
      'cs(Referer)': 'cs_referer',
      'cs(Host)': 'cs_host',
      'cs(Cookie)': 'cs_cookie',
    },
  },
  cloudtrail: {
    services: ['cloudtrail'],
    record: 'raw',
    // Only columns that hold exactly what the record's member holds.
    fields: {
      eventVersion: 'event_version',
      eventSource: 'event_source',
      eventName: 'event_name',
      awsRegion: 'aws_region',
      sourceIPAddress: 'source_ip_address',
      userAgent: 'user_agent',
      errorCode: 'error_code',
      errorMessage: 'error_message',
      requestID: 'request_id',
      eventID: 'event_id',
      eventType: 'event_type',
      eventCategory: 'event_category',
      recipientAccountId: 'recipient_account_id',
      sharedEventID: 'shared_event_id',
      vpcEndpointId: 'vpc_endpoint_id',
      'userIdentity.type': 'user_identity_type',
      'userIdentity.principalId': 'user_identity_principal_id',
      'userIdentity.arn': 'user_identity_arn',
      'userIdentity.accountId': 'user_identity_account_id',
      'userIdentity.accessKeyId': 'user_identity_access_key_id',
      'userIdentity.userName': 'user_identity_user_name',
      'userIdentity.invokedBy': 'user_identity_invoked_by',
      'userIdentity.sessionContext.sessionIssuer.arn': 'session_issuer_arn',
      'userIdentity.sessionContext.sourceIdentity': 'source_identity',
      'requestParameters.bucketName': 'bucket_name',
      'requestParameters.roleArn': 'role_arn',
    },
  },
  cloudtrail_digest: { services: ['cloudtrail_digest'], record: 'raw' },
  cloudtrail_lake_sign: { services: ['cloudtrail_lake_sign'], record: 'raw' },
  cloudwatch_logs: { services: ['cloudwatch', 'cloudwatch_logs', 'logs'], record: 'raw' },
  config_change: { services: ['config', 'config_change'], record: 'raw' },
  config_compliance: { services: ['config', 'config_compliance'], record: 'raw' },
  config_compliance_state: { services: ['config_compliance_state'], record: 'raw' },
  config_item: { services: ['config', 'config_item'], record: 'raw' },
  config_notification: { services: ['config', 'config_notification'], record: 'raw' },
  config_recorder: { services: ['config_recorder'], record: 'raw' },
  config_resource: { services: ['config_resource'], record: 'raw' },
  ec2_flow_log: { services: ['ec2_flow_log'], record: 'raw' },
  ec2_instance: { services: ['ec2_instance'], record: 'raw' },
  ec2_network_interface: { services: ['ec2_network_interface'], record: 'raw' },
  ec2_state_change: { services: ['ec2_state_change', 'ec2'], record: 'raw' },
  eks_audit: {
    services: ['eks', 'eks_audit', 'audit'],
    products: ['aws', 'kubernetes'],
    categories: ['application'],
    record: 'raw',
  },
  eks_control_plane: { services: ['eks', 'eks_control_plane'], products: ['aws', 'kubernetes'] },
  eventbridge: { services: ['eventbridge', 'events'], record: 'raw' },
  guardduty: { services: ['guardduty'], record: 'raw' },
  iam_credential_report: { services: ['iam_credential_report', 'iam'] },
  inspector_finding: { services: ['inspector', 'inspector2'], record: 'raw' },
  journald: {
    services: ['journald', 'syslog', 'auth', 'sshd', 'sudo', 'cron'],
    products: ['linux'],
    record: 'raw',
  },
  lambda: { services: ['lambda'], record: 'record' },
  macie_finding: { services: ['macie', 'macie2'], record: 'raw' },
  network_firewall: {
    services: ['networkfirewall', 'network-firewall', 'network_firewall'],
    categories: ['firewall'],
    record: 'raw',
    fields: { dst_ip: 'dest_ip', dst_port: 'dest_port', src_port: 'src_port' },
  },
  nlb_access: { services: ['nlb', 'elb', 'elasticloadbalancing'] },
  powershell_transcript: { services: ['powershell_transcript'], products: ['windows'] },
  rds_mysql_audit: { services: ['rds', 'rds_mysql_audit'], categories: ['database'] },
  rds_pgaudit: { services: ['rds', 'rds_pgaudit'], categories: ['database'] },
  redshift_connection: { services: ['redshift', 'redshift_connection'] },
  redshift_user: { services: ['redshift', 'redshift_user'] },
  redshift_user_activity: {
    services: ['redshift', 'redshift_user_activity'],
    categories: ['database'],
  },
  route53_public: { services: ['route53', 'route53_public'], categories: ['dns'], fields: DNS },
  route53_resolver: {
    services: ['route53', 'route53resolver', 'route53_resolver'],
    categories: ['dns'],
    record: 'raw',
    fields: { ...DNS, src_ip: 'srcaddr' },
  },
  s3_access: {
    services: ['s3', 's3_access', 's3-access', 's3accesslogs'],
    fields: {
      'c-ip': 'remote_ip',
      'sc-status': 'http_status',
      'cs-user-agent': 'user_agent',
      'c-useragent': 'user_agent',
      key: 'key_name',
      bucket: 'bucket_name',
    },
  },
  security_lake: { services: ['securitylake', 'security-lake'], record: 'raw' },
  securityhub: { services: ['securityhub', 'security-hub'], record: 'raw' },
  sns_sqs_message: { services: ['sns', 'sqs', 'sns_sqs_message'], record: 'raw' },
  ssm_session: { services: ['ssm', 'ssm_session', 'session-manager'], record: 'raw' },
  syslog: {
    services: ['syslog', 'auth', 'sshd', 'sudo', 'cron', 'vsftpd', 'clamav'],
    products: ['linux'],
  },
  tgw_flow: {
    services: ['transitgateway', 'tgw', 'tgw_flow'],
    categories: ['firewall'],
    fields: FLOW,
  },
  vpc_flow: {
    services: ['vpcflow', 'vpc_flow', 'vpc-flow', 'vpcflowlogs'],
    categories: ['firewall'],
    fields: FLOW,
  },
  waf: {
    services: ['waf', 'wafv2'],
    categories: ['webserver'],
    record: 'raw',
    fields: {
      'c-ip': 'client_ip',
      'cs-method': 'http_method',
      'cs-uri': 'uri',
      'c-uri': 'uri',
      'cs-uri-query': 'args',
      'cs-user-agent': 'user_agent',
      'c-useragent': 'user_agent',
      'cs-host': 'host_header',
      'sc-status': 'response_code_sent',
    },
  },
  windows_event: {
    services: [],
    products: ['windows'],
    record: 'event_data',
    fields: {
      EventID: 'windows_event_id',
      Channel: 'channel',
      Provider_Name: 'provider',
      Computer: 'computer',
      ComputerName: 'computer',
      Level: 'event_level',
      EventRecordID: 'event_record_id',
      Message: 'message',
      Keywords: 'keywords',
      Task: 'task',
    },
  },
};

/** Sigma Taxonomy Appendix, "Windows Folder", "Service". */
const CHANNELS: Readonly<Record<string, readonly string[]>> = {
  security: ['Security'],
  system: ['System'],
  application: ['Application'],
  sysmon: ['Microsoft-Windows-Sysmon/Operational'],
  powershell: ['Microsoft-Windows-PowerShell/Operational', 'PowerShellCore/Operational'],
  'powershell-classic': ['Windows PowerShell'],
  taskscheduler: ['Microsoft-Windows-TaskScheduler/Operational'],
  windefend: ['Microsoft-Windows-Windows Defender/Operational'],
  wmi: ['Microsoft-Windows-WMI-Activity/Operational'],
  ntlm: ['Microsoft-Windows-NTLM/Operational'],
  'bits-client': ['Microsoft-Windows-Bits-Client/Operational'],
  'firewall-as': ['Microsoft-Windows-Windows Firewall With Advanced Security/Firewall'],
  'terminalservices-localsessionmanager': [
    'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational',
  ],
  'dns-server': ['DNS Server'],
  'msexchange-management': ['MSExchange Management'],
};

/** The same, "Category": events of Sysmon. */
const SYSMON: Readonly<Record<string, readonly number[]>> = {
  process_creation: [1],
  file_change: [2],
  network_connection: [3],
  sysmon_status: [4, 16],
  process_termination: [5],
  driver_load: [6],
  image_load: [7],
  create_remote_thread: [8],
  raw_access_thread: [9],
  process_access: [10],
  file_event: [11],
  registry_event: [12, 13, 14],
  registry_add: [12],
  registry_delete: [12],
  registry_set: [13],
  registry_rename: [14],
  create_stream_hash: [15],
  pipe_created: [17, 18],
  wmi_event: [19, 20, 21],
  dns_query: [22],
  file_delete: [23],
  clipboard_capture: [24],
  process_tampering: [25],
  file_delete_detected: [26],
  file_block_executable: [27],
  file_block_shredding: [28],
  file_executable_detected: [29],
  sysmon_error: [255],
};

/**
 * Sysmon's names of fields in event 4688 of the Security log, which a rule of process_creation means too (Microsoft,
 * "4688(S): A new process has been created").
 */
const PROCESS_4688: Readonly<Record<string, string>> = {
  Image: 'NewProcessName',
  ParentImage: 'ParentProcessName',
  ProcessId: 'NewProcessId',
  ParentProcessId: 'ProcessId',
  User: 'SubjectUserName',
  LogonId: 'SubjectLogonId',
  IntegrityLevel: 'MandatoryLabel',
};

/** Sigma Taxonomy Appendix, "Category": events of PowerShell, by channel. */
const POWERSHELL: Readonly<Record<string, readonly [service: string, ids: readonly number[]]>> = {
  ps_module: ['powershell', [4103]],
  ps_script: ['powershell', [4104]],
  ps_classic_start: ['powershell-classic', [400]],
  ps_classic_provider_start: ['powershell-classic', [600]],
  ps_classic_script: ['powershell-classic', [800]],
};

/** Numbers of execve and execveat: linux/audit.h AUDIT_ARCH_X86_64 and _AARCH64, and the tables of system calls. */
const EXECVE_CALLS: readonly (readonly [arch: string, numbers: readonly string[]])[] = [
  ['c000003e', ['59', '322']],
  ['c00000b7', ['221', '281']],
];

/** Programs behind the services of Linux; `syslog` and `auth` are whole logs. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  sshd: ['sshd', 'sshd-session'],
  sudo: ['sudo'],
  cron: ['cron', 'crond', 'CRON'],
  vsftpd: ['vsftpd'],
  clamav: ['clamd', 'freshclam', 'clamscan'],
};

/** Where a rule looks: a table, and what its logsource demands of the rows there. */
export interface Scope {
  readonly table: string;
  readonly narrowing: RuleTree | undefined;
  /** What fields of the rule are called in these rows, where not as in the table. */
  readonly fields?: {
    readonly names: Readonly<Record<string, string>>;
    /** The rows have no other fields; what they are called. */
    readonly only?: string;
  };
}

/** Tables that a logsource means; none if exhibit has no such log. */
export function scopesOf(logsource: LogSource): readonly Scope[] {
  const { category, product, service } = logsource;
  return Object.entries(SOURCES).flatMap(([table, source]): readonly Scope[] => {
    if (table === 'windows_event') return windows(logsource);
    if (table === 'auditd' && category === 'process_creation') return linuxProcesses(logsource);
    const products = source.products ?? AWS;
    const fits =
      (product === undefined || products.includes(product)) &&
      (service === undefined || source.services.includes(service)) &&
      (category === undefined || (source.categories ?? []).includes(category));
    return fits ? [{ table, narrowing: program(table, service) }] : [];
  });
}

function windows({ category, product, service }: LogSource): readonly Scope[] {
  if (product !== 'windows') return [];
  const channels = service === undefined ? undefined : CHANNELS[service];
  if (service !== undefined && channels === undefined) return [];
  const rows = (more: readonly RuleTree[]): RuleTree | undefined => {
    const parts = [...(channels === undefined ? [] : [oneOf('channel', channels)]), ...more];
    return parts.length > 1 ? { kind: 'and', items: parts } : parts[0];
  };
  const events = (channel: string, ids: readonly number[]): RuleTree | undefined =>
    rows([oneOf('channel', CHANNELS[channel] ?? []), oneOf('windows_event_id', ids.map(String))]);
  if (category === undefined) return [{ table: 'windows_event', narrowing: rows([]) }];
  const scopes: Scope[] = [];
  const sysmon = SYSMON[category];
  if (sysmon !== undefined)
    scopes.push({ table: 'windows_event', narrowing: events('sysmon', sysmon) });
  if (category === 'process_creation')
    scopes.push({
      table: 'windows_event',
      narrowing: events('security', [4688]),
      fields: { names: PROCESS_4688 },
    });
  const [channel, ids] = POWERSHELL[category] ?? [];
  if (channel !== undefined && ids !== undefined)
    scopes.push({ table: 'windows_event', narrowing: events(channel, ids) });
  return scopes;
}

/**
 * Processes in the audit log of Linux. Program and command line are two records of one event: a rule that asks for both
 * cannot be asked of either, and is listed.
 */
function linuxProcesses({ product, service }: LogSource): readonly Scope[] {
  if ((product ?? 'linux') !== 'linux' || (service ?? 'auditd') !== 'auditd') return [];
  const calls = EXECVE_CALLS.map(([arch, numbers]): RuleTree => ({
    kind: 'and',
    items: [oneOf('arch', [arch]), oneOf('syscall', numbers)],
  }));
  const named = oneOf('syscall', ['execve', 'execveat']);
  return [
    {
      table: 'auditd',
      narrowing: oneOf('record_type', ['EXECVE']),
      fields: { names: { CommandLine: 'command_line' }, only: 'auditd (EXECVE)' },
    },
    {
      table: 'auditd',
      narrowing: {
        kind: 'and',
        items: [
          oneOf('record_type', ['SYSCALL']),
          oneOf('audit_result', ['yes']),
          { kind: 'or', items: [...calls, named] },
        ],
      },
      fields: {
        names: { Image: 'exe', ProcessId: 'pid', ParentProcessId: 'parent_pid' },
        only: 'auditd (SYSCALL)',
      },
    },
  ];
}

function program(table: string, service: string | undefined): RuleTree | undefined {
  const names = PROGRAMS[service ?? ''];
  if (names === undefined) return undefined;
  return oneOf(table === 'journald' ? 'syslog_identifier' : 'app_name', names);
}

function oneOf(field: string, words: readonly string[]): RuleTree {
  const tests = words.map((word) => ({
    kind: 'match' as const,
    pattern: plainPattern(word),
    cased: false,
  }));
  return { kind: 'leaf', leaf: { field, named: field, tests, all: false } };
}

/** Names that every table has (src/core/columns.ts). */
const COMMON = ['actor', 'action', 'target', 'outcome', 'region'];

/** Where the table has the field; undefined where it has none of that name. */
export function refOf(table: Table, field: string): Ref | undefined {
  const source = SOURCES[table.id];
  const column = (name: string | undefined): Ref | undefined => {
    const type = name === undefined ? undefined : table.columns.get(name);
    return type === undefined || name === undefined ? undefined : { kind: 'column', name, type };
  };
  const aliased = column(
    Object.hasOwn(source?.fields ?? {}, field) ? source?.fields?.[field] : undefined,
  );
  if (aliased !== undefined) return aliased;
  if (source?.record !== 'raw') {
    const own = column(field) ?? column(alike(table, field));
    if (own !== undefined || source?.record === undefined) return own;
  } else if (field.includes('_') || COMMON.includes(field)) {
    const own = column(field);
    if (own !== undefined) return own;
  }
  return { kind: 'record', path: field };
}

/** Where the record of a table is: its text (`raw`), or a column; undefined where it has no members. */
export function recordOf(table: string): string | undefined {
  return SOURCES[table]?.record;
}

/** The column that is spelt the same but for case, hyphens and underscores. */
function alike(table: Table, field: string): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.]/g, '');
  const wanted = plain(field);
  return [...table.columns.keys()].find((name) => plain(name) === wanted);
}

/** Tables that are known here. */
export const KNOWN_TABLES: readonly string[] = Object.keys(SOURCES);
