/** Security Hub findings in the AWS Security Finding Format (ASFF), from any product. */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  flag,
  integer,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  time,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

/** A member of the first of Resources. */
function ofResource(name: string, member: string, about: string): JsonField {
  return derived(name, about, (record, out) => {
    const list = record['Resources'];
    const first = Array.isArray(list) ? (list as readonly JsonValue[])[0] : undefined;
    return isObject(first) ? textOf(first[member], member, out) : null;
  });
}

/** The first of some members that is there. */
function either(name: string, paths: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    for (const path of paths) {
      const value = valueAt(record, path.split('.'));
      if (value !== undefined && value !== null) return textOf(value, path, out);
    }
    return null;
  });
}

const FORMAT: JsonFormat = {
  what: 'Security Hub findings',
  marks: ['"ProductArn"'],
  wrappers: ['Findings', 'findings'],
  inside: 'findings',
  is: (record: JsonObject) =>
    typeof record['ProductArn'] === 'string' && 'AwsAccountId' in record && 'Id' in record,
  keys: [['ProductArn'], ['AwsAccountId', 'GeneratorId']],
  time: (record) => anyTime(record['UpdatedAt'] ?? record['CreatedAt']),
  timeName: 'UpdatedAt',
  identity: (record) => joined(record, 'ProductArn', 'Id', 'UpdatedAt'),
  fields: [
    text('account_id', 'AwsAccountId', 'AwsAccountId: the account the finding is about.'),
    text('region', 'Region', 'Region the finding came from.'),
    text('finding_id', 'Id', 'Id: with product_arn the same in every version of one finding.'),
    text('product_arn', 'ProductArn', 'ProductArn: what made the finding.'),
    either(
      'product_name',
      ['ProductName', 'ProductFields.aws/securityhub/ProductName'],
      'ProductName.',
    ),
    text('company_name', 'CompanyName', 'CompanyName.'),
    text('generator_id', 'GeneratorId', 'GeneratorId: the rule or detector.'),
    json('types', 'Types', 'Types as JSON.'),
    text('severity_label', 'Severity.Label', 'INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL.'),
    integer('severity_normalized', '0 to 100', 'Severity.Normalized', 'Severity.Normalized.'),
    text('title', 'Title', 'Title.'),
    text('description', 'Description', 'Description.'),
    time('created_at_us', 'CreatedAt', 'CreatedAt: when the product made the finding.'),
    time('first_observed_at_us', 'FirstObservedAt', 'FirstObservedAt.'),
    time('last_observed_at_us', 'LastObservedAt', 'LastObservedAt.'),
    time('processed_at_us', 'ProcessedAt', 'ProcessedAt: when Security Hub got it.'),
    ofResource('resource_type', 'Type', 'Type of the first of Resources.'),
    ofResource('resource_id', 'Id', 'Id of the first of Resources, mostly an ARN.'),
    json('resources', 'Resources', 'Resources as JSON.'),
    text('compliance_status', 'Compliance.Status', 'PASSED, FAILED, WARNING or NOT_AVAILABLE.'),
    text('security_control_id', 'Compliance.SecurityControlId', 'Compliance.SecurityControlId.'),
    text('workflow_status', 'Workflow.Status', 'NEW, NOTIFIED, SUPPRESSED or RESOLVED.'),
    text('record_state', 'RecordState', 'ACTIVE or ARCHIVED.'),
    text('action_type', 'Action.ActionType', 'Action.ActionType.'),
    text('network_direction', 'Network.Direction', 'Network.Direction.'),
    address(
      either(
        'source_ip',
        [
          'Network.SourceIpV4',
          'Network.SourceIpV6',
          'Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4',
          'Action.NetworkConnectionAction.RemoteIpDetails.IpAddressV4',
        ],
        'Source address of Network, else the remote address of Action.',
      ),
    ),
    address(
      either(
        'destination_ip',
        ['Network.DestinationIpV4', 'Network.DestinationIpV6'],
        'Destination address of Network.',
      ),
    ),
    text('process_path', 'Process.Path', 'Process.Path.'),
    json('malware', 'Malware', 'Malware as JSON.'),
    json('threat_intel_indicators', 'ThreatIntelIndicators', 'ThreatIntelIndicators as JSON.'),
    json('vulnerabilities', 'Vulnerabilities', 'Vulnerabilities as JSON.'),
    json('product_fields', 'ProductFields', 'ProductFields as JSON: what the product adds.'),
    json('user_defined_fields', 'UserDefinedFields', 'UserDefinedFields as JSON.'),
    text('note', 'Note.Text', 'Note.Text.'),
    flag('sample', 'Sample', 'Sample: 1 for test data.'),
  ],
};

const FINDING = {
  SchemaVersion: '2018-10-08',
  Id: 'arn:aws:securityhub:eu-central-1:111122223333:security-control/S3.8/finding/0a1b',
  ProductArn: 'arn:aws:securityhub:eu-central-1::product/aws/securityhub',
  ProductName: 'Security Hub',
  GeneratorId: 'security-control/S3.8',
  AwsAccountId: '111122223333',
  Region: 'eu-central-1',
  Types: ['Software and Configuration Checks/Industry and Regulatory Standards'],
  CreatedAt: '2025-11-08T08:00:00.000Z',
  UpdatedAt: '2025-11-08T09:00:05.123Z',
  FirstObservedAt: '2025-11-08T08:00:00Z',
  Severity: { Label: 'HIGH', Normalized: 70 },
  Title: 'S3 buckets should block public access',
  Description: 'd',
  Resources: [{ Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::example-invoices' }],
  Compliance: { Status: 'FAILED', SecurityControlId: 'S3.8' },
  Workflow: { Status: 'NEW' },
  RecordState: 'ACTIVE',
  ProductFields: { 'aws/securityhub/ProductName': 'Security Hub' },
  Sample: false,
};

const NETWORK = {
  ...FINDING,
  Id: 'b',
  Compliance: undefined,
  Network: { Direction: 'IN', SourceIpV4: '198.51.100.7', DestinationIpV4: '10.0.1.20' },
};

export const securityhub: Source = {
  id: 'securityhub',
  title: 'Security Hub findings (ASFF)',
  version: 2,
  clock:
    'The clock of the product that made the finding, with its zone, to the second or millisecond; times without a zone are taken as UTC.',
  about: [
    'Findings in the AWS Security Finding Format, of Security Hub’s own controls and of the products it imports from (GuardDuty, Inspector, Macie, Config, third parties): the output of `aws securityhub get-findings`, and EventBridge events, whose detail holds a list of them: each is a row with its own text.',
    'A finding is imported again whenever it changes: each version is a row, and finding_id with the greatest time_us is the latest state. A GuardDuty finding that came through Security Hub is here in ASFF, and in table guardduty where GuardDuty’s own was collected. Security Hub’s newer findings in OCSF are read by `security_lake`. Events of custom actions ("Security Hub Findings - Custom Action") hold findings too; what was chosen and by which name is in `eventbridge`.',
  ].join('\n\n'),
  references: [
    'AWS Security Hub User Guide, "AWS Security Finding Format (ASFF)"',
    'AWS Security Hub User Guide, "EventBridge event formats for Security Hub"',
  ],
  columns: columnsOf('UpdatedAt: when this version of the finding was made.', FORMAT.fields),
  common: {
    actor: 'product_name',
    action: 'title',
    target: 'resource_id',
    src_ip: 'source_ip',
    dst_ip: 'destination_ip',
    outcome: "CASE compliance_status WHEN 'PASSED' THEN 'success' WHEN 'FAILED' THEN 'failure' END",
  },
  indexes: [['finding_id'], ['resource_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'the output of get-findings',
      path: 'findings.json',
      text: JSON.stringify({ Findings: [FINDING, NETWORK] }, null, 2),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          actor: 'Security Hub',
          action: 'S3 buckets should block public access',
          target: 'arn:aws:s3:::example-invoices',
          outcome: 'failure',
          severity_normalized: 70,
          sample: 0,
        },
        { src_ip: '198.51.100.7', dst_ip: '10.0.1.20', outcome: null },
      ],
    },
    {
      name: 'lists of findings as EventBridge events carry them',
      path: 'x',
      text: [
        { findings: [FINDING, { a: '],[' }, NETWORK] },
        // As a custom action sends them.
        { actionName: 'look', actionDescription: 'a', findings: [{ ...FINDING, Id: 'c' }] },
        { findings: [] },
      ]
        .map((detail) => JSON.stringify({ finding: 'x', ...detail }))
        .join('\n'),
      rows: [{ finding_id: FINDING.Id }, { finding_id: 'b' }, { finding_id: 'c' }],
      rejects: ['not_this_source'],
    },
    {
      name: 'no time, a severity that is no number, a cut record',
      path: 'x',
      text: [
        { ...FINDING, UpdatedAt: '2025-11-08T09:00:05' },
        { ...FINDING, UpdatedAt: 'x', CreatedAt: null },
        { ...FINDING, Severity: { Normalized: 0.5 } },
      ]
        .map((one) => JSON.stringify(one))
        .concat(JSON.stringify(FINDING).slice(0, 200))
        .join('\n'),
      rows: [{ time_us: 1_762_592_405_000_000 }, { severity_normalized: null }],
      rejects: ['bad_time', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which active findings are about which resource, the gravest first?',
    sql: "SELECT severity_label, title, resource_id, max(time_us) AS updated_us FROM securityhub WHERE record_state = 'ACTIVE' GROUP BY product_arn, finding_id ORDER BY severity_normalized DESC, updated_us DESC, finding_id LIMIT 20",
  },
};
