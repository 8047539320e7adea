/** AWS Config compliance as describe-compliance lists it: the state of rules and resources, without times. */
import { isObject, type JsonObject } from '../core/json.ts';
import {
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  integer,
  flag,
  joined,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

const COUNT = 'Compliance.ComplianceContributorCount';

/** The result itself, which the answer of a conformance pack does not wrap. */
const complianceType: JsonField = derived(
  'compliance_type',
  'COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA.',
  (record, out) =>
    textOf(
      valueAt(record, ['Compliance', 'ComplianceType']) ?? record['ComplianceType'],
      'ComplianceType',
      out,
    ),
);

function isState(record: JsonObject): boolean {
  const named = 'ConfigRuleName' in record || ('ResourceType' in record && 'ResourceId' in record);
  const told = isObject(record['Compliance'])
    ? 'ComplianceType' in record['Compliance']
    : 'ComplianceType' in record;
  return named && told && !('EvaluationResultIdentifier' in record);
}

const FORMAT: JsonFormat = {
  what: 'states of Config compliance',
  marks: ['"ComplianceType"'],
  wrappers: [
    'ComplianceByConfigRules',
    'ComplianceByResources',
    'AggregateComplianceByConfigRules',
    'ConformancePackRuleComplianceList',
  ],
  is: isState,
  keys: [],
  time: () => undefined,
  timeName: 'no time',
  timed: false,
  identity: (record) =>
    joined(record, 'ConfigRuleName', 'ResourceType', 'ResourceId', 'AccountId', 'AwsRegion'),
  fields: [
    text('account_id', 'AccountId', 'AccountId of an aggregator’s answer; others name none.'),
    text('region', 'AwsRegion', 'AwsRegion of an aggregator’s answer; others name none.'),
    text('config_rule_name', 'ConfigRuleName', 'Rule; NULL in an answer by resource.'),
    text('resource_type', 'ResourceType', 'Type of the resource; NULL in an answer by rule.'),
    text('resource_id', 'ResourceId', 'Resource; NULL in an answer by rule.'),
    complianceType,
    integer(
      'capped_count',
      'resources or rules',
      `${COUNT}.CappedCount`,
      'CappedCount: how many resources, or rules, do not comply.',
    ),
    flag('cap_exceeded', `${COUNT}.CapExceeded`, 'CapExceeded: there are more than capped_count.'),
  ],
};

const BY_RULE = {
  ConfigRuleName: 's3-public-read',
  Compliance: {
    ComplianceType: 'NON_COMPLIANT',
    ComplianceContributorCount: { CappedCount: 25, CapExceeded: true },
  },
};

const BY_RESOURCE = {
  ResourceType: 'AWS::S3::Bucket',
  ResourceId: 'example-invoices',
  Compliance: { ComplianceType: 'COMPLIANT' },
};

export const config_compliance_state: Source = {
  id: 'config_compliance_state',
  title: 'AWS Config compliance by rule and by resource',
  version: 1,
  clock: 'AWS Config’s clock, UTC, to the millisecond: when the state was given.',
  about: [
    'The output of `aws configservice describe-compliance-by-config-rule`, `describe-compliance-by-resource`, `describe-aggregate-compliance-by-config-rules` and `describe-conformance-pack-compliance`: whether each rule, or each resource, complied when somebody asked.',
    'It is a state without any time, so it is no part of the timeline: when it was asked is known from the collection alone. A rule counts as NON_COMPLIANT if one resource breaks it, a resource if it breaks one rule; which one breaks which is in config_compliance.',
  ].join('\n\n'),
  references: [
    'AWS Config API Reference, "DescribeComplianceByConfigRule", "DescribeComplianceByResource"',
    'AWS Config API Reference, "DescribeAggregateComplianceByConfigRules", "DescribeConformancePackCompliance"',
  ],
  columns: columnsOf('Always NULL: the output names no time.', FORMAT.fields),
  common: {
    actor: 'config_rule_name',
    action: 'compliance_type',
    target: 'resource_id',
    outcome:
      "CASE compliance_type WHEN 'COMPLIANT' THEN 'success' WHEN 'NON_COMPLIANT' THEN 'failure' END",
  },
  indexes: [['resource_id']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'by rule, with something else and a count that is none',
      path: 'x.json',
      text: JSON.stringify({
        ComplianceByConfigRules: [
          BY_RULE,
          { a: 1 },
          {
            ConfigRuleName: 'x',
            Compliance: {
              ComplianceType: 'NON_COMPLIANT',
              ComplianceContributorCount: { CappedCount: 'x' },
            },
          },
        ],
      }),
      rows: [
        {
          time_us: null,
          actor: 's3-public-read',
          outcome: 'failure',
          capped_count: 25,
          cap_exceeded: 1,
        },
        { capped_count: null },
      ],
      rejects: ['not_this_source'],
      anomalies: ['bad_value'],
    },
    {
      name: 'by resource',
      path: 'x.json',
      text: JSON.stringify({ ComplianceByResources: [BY_RESOURCE] }, null, 4),
      rows: [{ target: 'example-invoices', outcome: 'success', config_rule_name: null }],
    },
    {
      name: 'of an aggregator; of a conformance pack; cut',
      path: 'x.json',
      text: [
        {
          AggregateComplianceByConfigRules: [
            { ...BY_RULE, AccountId: '111122223333', AwsRegion: 'eu-central-1' },
          ],
        },
        {
          ConformancePackName: 'pack',
          ConformancePackRuleComplianceList: [
            { ConfigRuleName: 's3-public-read', ComplianceType: 'COMPLIANT', Controls: [] },
          ],
        },
        { ComplianceByResources: [BY_RESOURCE] },
      ]
        .map((one) => JSON.stringify(one))
        .join('\n')
        .slice(0, -20),
      rows: [
        { account_id: '111122223333', region: 'eu-central-1', compliance_type: 'NON_COMPLIANT' },
        { account_id: null, compliance_type: 'COMPLIANT' },
      ],
      rejects: ['truncated'],
    },
  ],
  example: {
    question: 'Which rules were broken, and by how many resources at least?',
    sql: "SELECT config_rule_name, account_id, region, capped_count, cap_exceeded FROM config_compliance_state WHERE compliance_type = 'NON_COMPLIANT' AND config_rule_name IS NOT NULL ORDER BY config_rule_name, account_id, region LIMIT 20",
  },
};
