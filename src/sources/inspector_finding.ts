/** Amazon Inspector findings: vulnerable packages and code, and ports that can be reached. */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { logTime } from '../core/time.ts';
import {
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
} from './_json.ts';
import type { RowOut, Source } from './source.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 16, 2021, 2:50:55 PM`, as EventBridge has it, in UTC; or what any other carrier writes. */
function findingTime(value: JsonValue | undefined): number | undefined {
  const match =
    typeof value === 'string'
      ? /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)\s([AP])M$/.exec(value)
      : null;
  if (match === null) return anyTime(value);
  const [, name = '', day = '', year = '', hour = '', minute = '', second = '', half] = match;
  const month = MONTHS.indexOf(name) + 1;
  if (Number(hour) < 1 || Number(hour) > 12) return undefined;
  const hours = (Number(hour) % 12) + (half === 'P' ? 12 : 0);
  const two = (part: number | string): string => String(part).padStart(2, '0');
  return logTime(`${year}-${two(month)}-${two(day)}T${two(hours)}:${minute}:${second}Z`);
}

function time(name: string, member: string, about: string): JsonField {
  return {
    column: { name, type: 'INTEGER', unit: 'us', about },
    value: (record, out: RowOut) => {
      const value = record[member];
      if (value === undefined || value === null) return null;
      const timeUs = findingTime(value);
      if (timeUs === undefined) out.anomaly('bad_value', `${member} is not a time`);
      return timeUs ?? null;
    },
  };
}

function resource(name: string, member: string, about: string): JsonField {
  return derived(name, about, (record, out) => {
    const list = record['resources'];
    const first = Array.isArray(list) ? (list as readonly JsonValue[])[0] : undefined;
    return isObject(first) ? textOf(first[member], member, out) : null;
  });
}

function is(record: JsonObject): boolean {
  return (
    typeof record['findingArn'] === 'string' &&
    'awsAccountId' in record &&
    'severity' in record &&
    'resources' in record
  );
}

const FORMAT: JsonFormat = {
  what: 'Inspector findings',
  marks: ['"findingArn"'],
  wrappers: ['findings', 'Findings'],
  is,
  keys: [['findingArn', 'awsAccountId']],
  time: (record) => findingTime(record['updatedAt']) ?? findingTime(record['lastObservedAt']),
  timeName: 'updatedAt',
  identity: (record) => joined(record, 'findingArn', 'updatedAt'),
  fields: [
    text('account_id', 'awsAccountId', 'awsAccountId.'),
    derived('region', 'Region in findingArn.', (record) => {
      const arn = record['findingArn'];
      return typeof arn === 'string' ? (arn.split(':')[3] ?? null) : null;
    }),
    text('arn', 'findingArn', 'findingArn: the same in every version of one finding.'),
    text('type', 'type', 'PACKAGE_VULNERABILITY, NETWORK_REACHABILITY or CODE_VULNERABILITY.'),
    text('severity_label', 'severity', 'INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNTRIAGED.'),
    text('finding_status', 'status', 'ACTIVE, SUPPRESSED or CLOSED.'),
    text('title', 'title', 'title.'),
    text('description', 'description', 'description.'),
    time('first_observed_at_us', 'firstObservedAt', 'firstObservedAt.'),
    time('last_observed_at_us', 'lastObservedAt', 'lastObservedAt.'),
    resource('resource_type', 'type', 'Type of the first of resources.'),
    resource('resource_id', 'id', 'Id of the first of resources.'),
    json('resources', 'resources', 'resources as JSON.'),
    text(
      'vulnerability_id',
      'packageVulnerabilityDetails.vulnerabilityId',
      'packageVulnerabilityDetails.vulnerabilityId: CVE.',
    ),
    json(
      'vulnerable_packages',
      'packageVulnerabilityDetails.vulnerablePackages',
      'packageVulnerabilityDetails.vulnerablePackages as JSON.',
    ),
    json(
      'network_reachability',
      'networkReachabilityDetails',
      'networkReachabilityDetails as JSON.',
    ),
    text('exploit_available', 'exploitAvailable', 'YES or NO.'),
    text('fix_available', 'fixAvailable', 'YES, NO or PARTIAL.'),
  ],
};

const FINDING = {
  findingArn: 'arn:aws:inspector2:eu-central-1:111122223333:finding/0a1b',
  awsAccountId: '111122223333',
  type: 'PACKAGE_VULNERABILITY',
  severity: 'HIGH',
  status: 'ACTIVE',
  title: 'CVE-2025-0001 - openssl',
  description: 'd',
  firstObservedAt: 'Nov 8, 2025, 8:00:00 AM',
  lastObservedAt: 'Nov 8, 2025, 9:00:05 AM',
  updatedAt: 'Nov 8, 2025, 9:00:05 AM',
  resources: [{ type: 'AWS_EC2_INSTANCE', id: 'i-0a1b2c3d4e5f60718' }],
  packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2025-0001', vulnerablePackages: [] },
  exploitAvailable: 'YES',
};

export const inspector_finding: Source = {
  id: 'inspector_finding',
  title: 'Amazon Inspector findings',
  version: 1,
  clock:
    'Inspector’s clock, UTC, to the second or finer; EventBridge events write it for people without a zone, UTC is assumed.',
  about: [
    'What Amazon Inspector (version 2) found on instances, container images and functions: the output of `aws inspector2 list-findings`, JSON reports and EventBridge events, whose times are written for people and are UTC.',
    'A finding is sent again when it changes: each version is a row. A finding says that a weakness was there, not that it was used.',
  ].join('\n\n'),
  references: [
    'Amazon Inspector API Reference, "Finding"',
    'Amazon Inspector User Guide, "Amazon Inspector event schema for Amazon Inspector events"',
  ],
  columns: columnsOf('updatedAt: when this version of the finding was made.', FORMAT.fields),
  common: { action: 'title', target: 'resource_id' },
  indexes: [['resource_id'], ['vulnerability_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'findings as EventBridge events carry them, times for people',
      path: 'x',
      text: [FINDING, { ...FINDING, updatedAt: 'Nov 8, 2025, 12:30:00 PM' }]
        .map((finding) => JSON.stringify(finding))
        .join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          target: 'i-0a1b2c3d4e5f60718',
          vulnerability_id: 'CVE-2025-0001',
          first_observed_at_us: 1_762_588_800_000_000,
        },
        { time_us: 1_762_605_000_000_000 },
      ],
    },
    {
      name: 'list-findings; no time; something else; a time that is none; a cut record',
      path: 'x',
      text: JSON.stringify({
        findings: [
          { ...FINDING, updatedAt: 1762592405.5 },
          { ...FINDING, updatedAt: 'Nov 31, 2025, 9:00:05 AM', lastObservedAt: 'x' },
          { a: 1 },
          { ...FINDING, firstObservedAt: 'Nov 8, 2025, 13:00:00 PM' },
          FINDING,
        ],
      }).slice(0, -9),
      rows: [{ time_us: 1_762_592_405_500_000 }, { first_observed_at_us: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which machines had a weakness with a known exploit?',
    sql: "SELECT resource_id, vulnerability_id, severity_label, min(first_observed_at_us) AS first_us FROM inspector_finding WHERE exploit_available = 'YES' GROUP BY resource_id, vulnerability_id, severity_label ORDER BY resource_id, vulnerability_id LIMIT 20",
  },
};
