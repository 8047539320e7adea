/** AWS WAF full logs: one record for each web request that a web ACL inspected. */
import { isObject, type JsonObject, type JsonValue, sortedJson } from '../core/json.ts';
import {
  address,
  anyTime,
  arnParts,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  integer,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
  time,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

/** The items of an array that are objects. */
function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isObject) : [];
}

/** Values of a request header, whatever its case, in their order. */
function header(record: JsonObject, name: string): string | null {
  const values = objects(valueAt(record, ['httpRequest', 'headers'])).flatMap((item) => {
    const key = item['name'];
    const value = item['value'];
    return typeof key === 'string' && key.toLowerCase() === name && typeof value === 'string'
      ? [value]
      : [];
  });
  return values.length === 0 ? null : values.join(', ');
}

const FORMAT: JsonFormat = {
  what: 'WAF’s',
  marks: ['"webaclId"'],
  wrappers: [],
  is: (record) => 'webaclId' in record && isObject(record['httpRequest']),
  keys: [['timestamp', 'webaclId']],
  time: (record) => anyTime(record['timestamp'], 'ms'),
  timeName: 'timestamp',
  identity: (record) =>
    joined(record, 'webaclId', 'timestamp', 'terminatingRuleId', 'httpRequest.requestId'),
  fields: [
    derived(
      'account_id',
      'Account in the ARN of the web ACL; NULL for WAF Classic, which names no ARN.',
      (record) => arnParts(record['webaclId']).account,
    ),
    derived(
      'region',
      'Region in the ARN of the web ACL; us-east-1 for CloudFront.',
      (record) => arnParts(record['webaclId']).region,
    ),
    text('action', 'action', 'ALLOW, BLOCK, CAPTCHA or CHALLENGE: what ended the evaluation.'),
    integer('format_version', 'number', 'formatVersion', 'formatVersion of the record.'),
    text('webacl_id', 'webaclId', 'webaclId: ARN of the web ACL; a bare id in WAF Classic.'),
    text(
      'terminating_rule_id',
      'terminatingRuleId',
      'terminatingRuleId: the rule that ended the evaluation; Default_Action if none did.',
    ),
    text(
      'terminating_rule_type',
      'terminatingRuleType',
      'terminatingRuleType: REGULAR, RATE_BASED, GROUP, MANAGED_RULE_GROUP.',
    ),
    json(
      'terminating_rule_match_details',
      'terminatingRuleMatchDetails',
      'terminatingRuleMatchDetails as JSON: what the rule matched (SQL injection, XSS, regular expressions).',
    ),
    text(
      'http_source_name',
      'httpSourceName',
      'httpSourceName: CF, ALB, APIGW, APPSYNC, COGNITOIDP, APPRUNNER, VERIFIED_ACCESS.',
    ),
    text('http_source_id', 'httpSourceId', 'httpSourceId: the distribution, balancer or API.'),
    json(
      'rule_group_list',
      'ruleGroupList',
      'ruleGroupList as JSON: rule groups that acted, with their terminating, counting and excluded rules.',
    ),
    json('rate_based_rule_list', 'rateBasedRuleList', 'rateBasedRuleList as JSON.'),
    json(
      'non_terminating_matching_rules',
      'nonTerminatingMatchingRules',
      'nonTerminatingMatchingRules as JSON: rules that counted, or let a solved challenge pass.',
    ),
    json('request_headers_inserted', 'requestHeadersInserted', 'requestHeadersInserted as JSON.'),
    integer(
      'response_code_sent',
      'status',
      'responseCodeSent',
      'responseCodeSent: HTTP status of a custom response.',
    ),
    address(
      text(
        'client_ip',
        'httpRequest.clientIp',
        'httpRequest.clientIp: a proxy where one stands in between; see x_forwarded_for.',
      ),
    ),
    text('country', 'httpRequest.country', 'httpRequest.country, ISO 3166 code of client_ip.'),
    text('http_method', 'httpRequest.httpMethod', 'httpRequest.httpMethod.'),
    text('host', 'httpRequest.host', 'httpRequest.host; see host_header for records without it.'),
    text('uri', 'httpRequest.uri', 'httpRequest.uri: the path.'),
    text('args', 'httpRequest.args', 'httpRequest.args: the query string.'),
    text('fragment', 'httpRequest.fragment', 'httpRequest.fragment.'),
    text('scheme', 'httpRequest.scheme', 'httpRequest.scheme.'),
    text('http_version', 'httpRequest.httpVersion', 'httpRequest.httpVersion.'),
    text(
      'request_id',
      'httpRequest.requestId',
      'httpRequest.requestId: joins x-edge-request-id of CloudFront and trace_id of an ALB.',
    ),
    derived('host_header', 'Header Host.', (record) => header(record, 'host')),
    derived('user_agent', 'Header User-Agent.', (record) => header(record, 'user-agent')),
    derived('referer', 'Header Referer.', (record) => header(record, 'referer')),
    derived(
      'x_forwarded_for',
      'Header X-Forwarded-For: the client as proxies report it.',
      (record) => header(record, 'x-forwarded-for'),
    ),
    json(
      'headers',
      'httpRequest.headers',
      'httpRequest.headers as JSON, in their order and case, repeated ones too.',
    ),
    derived('labels', 'Names in labels, the first 100, as a JSON array.', (record) => {
      const labels = record['labels'];
      if (labels === undefined || labels === null) return null;
      return sortedJson(objects(labels).map((label) => label['name'] ?? null));
    }),
    integer(
      'captcha_response_code',
      'status',
      'captchaResponse.responseCode',
      'captchaResponse.responseCode.',
    ),
    time(
      'captcha_solve_time_us',
      'captchaResponse.solveTimestamp',
      'captchaResponse.solveTimestamp; 1970 where the puzzle was not solved.',
      's',
    ),
    text(
      'captcha_failure_reason',
      'captchaResponse.failureReason',
      'captchaResponse.failureReason: TOKEN_MISSING, TOKEN_EXPIRED and the like.',
    ),
    integer(
      'challenge_response_code',
      'status',
      'challengeResponse.responseCode',
      'challengeResponse.responseCode.',
    ),
    time(
      'challenge_solve_time_us',
      'challengeResponse.solveTimestamp',
      'challengeResponse.solveTimestamp; 1970 where the challenge was not solved.',
      's',
    ),
    text(
      'challenge_failure_reason',
      'challengeResponse.failureReason',
      'challengeResponse.failureReason.',
    ),
    text('ja3_fingerprint', 'ja3Fingerprint', 'ja3Fingerprint of the TLS client hello.'),
    text('ja4_fingerprint', 'ja4Fingerprint', 'ja4Fingerprint of the TLS client hello.'),
    json(
      'oversize_fields',
      'oversizeFields',
      'oversizeFields as JSON: parts of the request that were larger than WAF inspects.',
    ),
    integer('request_body_size', 'bytes', 'requestBodySize', 'requestBodySize.'),
    integer(
      'request_body_size_inspected_by_waf',
      'bytes',
      'requestBodySizeInspectedByWAF',
      'requestBodySizeInspectedByWAF.',
    ),
    integer('client_asn', 'number', 'clientAsn', 'clientAsn, where a rule matches on it.'),
    text(
      'cf_distribution_tenant_id',
      'cfDistributionTenantId',
      'cfDistributionTenantId of CloudFront.',
    ),
  ],
};

const ACL =
  'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/shop/0a1b2c3d-0001-4000-8000-000000000001';

const BLOCKED = {
  timestamp: 1_762_592_405_123,
  formatVersion: 1,
  webaclId: ACL,
  terminatingRuleId: 'AWS-AWSManagedRulesSQLiRuleSet',
  terminatingRuleType: 'MANAGED_RULE_GROUP',
  action: 'BLOCK',
  terminatingRuleMatchDetails: [
    {
      conditionType: 'SQL_INJECTION',
      location: 'QUERY_STRING',
      matchedData: ['1', 'OR', '1=1'],
      sensitivityLevel: 'HIGH',
    },
  ],
  httpSourceName: 'ALB',
  httpSourceId: '111122223333-app/shop/50dc6c495c0c9188',
  ruleGroupList: [
    {
      ruleGroupId: 'AWS#AWSManagedRulesSQLiRuleSet#Version_2.0',
      terminatingRule: { ruleId: 'SQLi_QUERYARGUMENTS', action: 'BLOCK', ruleMatchDetails: null },
      nonTerminatingMatchingRules: [],
      excludedRules: null,
      customerConfig: null,
    },
  ],
  rateBasedRuleList: [],
  nonTerminatingMatchingRules: [],
  requestHeadersInserted: null,
  responseCodeSent: 403,
  httpRequest: {
    clientIp: '198.51.100.7',
    country: 'NL',
    headers: [
      { name: 'Host', value: 'shop.example.com' },
      { name: 'User-Agent', value: 'sqlmap/1.8' },
      { name: 'X-Forwarded-For', value: '203.0.113.9' },
      { name: 'x-forwarded-for', value: '203.0.113.10' },
    ],
    uri: '/item',
    args: "id=1' OR 1=1--",
    httpVersion: 'HTTP/2.0',
    httpMethod: 'GET',
    requestId: '1-690f0a55-0123456789abcdef01234567',
    fragment: '',
    scheme: 'https',
    host: 'shop.example.com',
  },
  labels: [{ name: 'awswaf:managed:aws:sql-database:SQLi_QueryArguments' }],
  ja3Fingerprint: 'e7d705a3286e19ea42f587b344ee6865',
  ja4Fingerprint: 't13d1516h2_8daaf6152771_b186095e22b6',
  oversizeFields: ['REQUEST_BODY'],
  requestBodySize: 70_000,
  requestBodySizeInspectedByWAF: 65_536,
  clientAsn: 64_496,
};

const CHALLENGED = {
  ...BLOCKED,
  timestamp: 1_762_592_406_000,
  action: 'CAPTCHA',
  terminatingRuleId: 'captcha-rule',
  responseCodeSent: 405,
  captchaResponse: { responseCode: 405, solveTimestamp: 0, failureReason: 'TOKEN_MISSING' },
};

const CHALLENGE = {
  ...BLOCKED,
  timestamp: 1_762_592_406_500,
  action: 'ALLOW',
  terminatingRuleId: 'Default_Action',
  terminatingRuleMatchDetails: null,
  responseCodeSent: '202',
  ruleGroupList: [
    {
      ruleGroupId: 'AWS#AWSManagedRulesCommonRuleSet',
      terminatingRule: null,
      nonTerminatingMatchingRules: [{ ruleId: 'SizeRestrictions_BODY', action: 'COUNT' }],
      excludedRules: [{ exclusionType: 'EXCLUDED_AS_COUNT', ruleId: 'NoUserAgent_HEADER' }],
    },
    {
      ruleGroupId: 'x',
      terminatingRule: { ruleId: 'y', action: 'COUNT', overriddenAction: 'BLOCK' },
    },
  ],
  rateBasedRuleList: [
    {
      rateBasedRuleId: 'r-1',
      rateBasedRuleName: 'too-many',
      limitKey: 'CUSTOMKEYS',
      maxRateAllowed: 100,
      evaluationWindowSec: '120',
      customValues: [{ key: 'HEADER', name: 'x-key', value: 'v' }],
      limitValue: '198.51.100.7',
    },
  ],
  nonTerminatingMatchingRules: [
    {
      ruleId: 'challenge-rule',
      action: 'CHALLENGE',
      ruleMatchDetails: [],
      challengeResponse: { responseCode: 0, solveTimestamp: 1_762_592_400 },
    },
    { ruleId: 'count-rule', action: 'COUNT', overriddenAction: 'BLOCK', ruleMatchDetails: [] },
  ],
  challengeResponse: { responseCode: 0, solveTimestamp: 1_762_592_400 },
  requestHeadersInserted: [{ name: 'x-amzn-waf-seen', value: '1' }],
  cfDistributionTenantId: 'dt_2abc',
  httpSourceName: 'CF',
  oversizeFields: ['REQUEST_HEADERS', 'REQUEST_COOKIES', 'REQUEST_JSON_BODY'],
};

const CLASSIC = {
  timestamp: 1_762_592_407_000,
  webaclId: '385cb038-3a6f-4f2f-ac64-09ab912af590',
  terminatingRuleId: 'Default_Action',
  action: 'ALLOW',
  httpRequest: { clientIp: '2001:db8::7', headers: null, uri: '/', args: '' },
};

export const waf: Source = {
  id: 'waf',
  title: 'AWS WAF logs',
  version: 3,
  clock: 'WAF’s clock, UTC, to the millisecond: when the request was inspected.',
  about: [
    'AWS WAF writes a record for each web request that a web ACL inspected, to S3, CloudWatch Logs or Firehose: which rule decided, what it matched, and the request with its headers but without its body. Read are JSON lines, records one after another as Firehose leaves them, and arrays; WAF Classic too.',
    'Log filters of the web ACL may drop records, redacted fields print REDACTED, and only the first 100 labels are kept: a missing request proves nothing. One request that passes two web ACLs is two records. client_ip is the address that connected, which is a proxy where one stands in between; then x_forwarded_for says what the proxy reports, which a client can forge. Header values are searched in column headers, or in the columns of the common ones.',
  ].join('\n\n'),
  references: [
    'AWS WAF Developer Guide, "Log fields for web ACL traffic"',
    'AWS WAF Developer Guide, "Log examples for web ACL traffic"',
    'AWS WAF Developer Guide, "Sending web ACL traffic logs to an Amazon Simple Storage Service bucket"',
  ],
  columns: columnsOf('timestamp: when the request was inspected.', FORMAT.fields),
  common: {
    actor: 'client_ip',
    target: "coalesce(host, host_header, http_source_id, '') || coalesce(uri, '')",
    src_ip: 'client_ip',
    outcome:
      "CASE WHEN action = 'ALLOW' THEN 'success' WHEN action IN ('BLOCK', 'CAPTCHA', 'CHALLENGE') THEN 'failure' END",
  },
  indexes: [['client_ip'], ['request_id']],
  children: [
    {
      id: 'waf_label',
      list: 'labels',
      items: 'array',
      about: 'The labels that rules put on the request, the first 100.',
      columns: [{ name: 'name', type: 'TEXT', from: '$', about: 'Name of the label.' }],
      indexes: [['name']],
    },
    {
      id: 'waf_rule_group',
      list: 'rule_group_list',
      items: 'array',
      about: 'The rule groups that acted on the request, and the rule in each that ended it.',
      columns: [
        {
          name: 'rule_group_id',
          type: 'TEXT',
          from: '$.ruleGroupId',
          about: 'ruleGroupId: ARN, id, or AWS#name#version of a managed group.',
        },
        {
          name: 'terminating_rule_id',
          type: 'TEXT',
          from: '$.terminatingRule.ruleId',
          about: 'terminatingRule.ruleId; NULL where no rule of the group ended it.',
        },
        {
          name: 'terminating_action',
          type: 'TEXT',
          from: '$.terminatingRule.action',
          about: 'terminatingRule.action.',
        },
        {
          name: 'overridden_action',
          type: 'TEXT',
          from: '$.terminatingRule.overriddenAction',
          about: 'terminatingRule.overriddenAction: what the rule itself would have done.',
        },
        {
          name: 'non_terminating_matching_rules',
          type: 'TEXT',
          from: '$.nonTerminatingMatchingRules',
          about: 'nonTerminatingMatchingRules of the group as JSON.',
        },
        {
          name: 'excluded_rules',
          type: 'TEXT',
          from: '$.excludedRules',
          about: 'excludedRules as JSON: rules that matched and only counted.',
        },
      ],
      indexes: [['rule_group_id']],
    },
    {
      id: 'waf_matching_rule',
      list: 'non_terminating_matching_rules',
      items: 'array',
      about:
        'Rules outside of groups that matched and did not end the request: that counted, or let a solved puzzle or challenge pass.',
      columns: [
        { name: 'rule_id', type: 'TEXT', from: '$.ruleId', about: 'ruleId.' },
        { name: 'action', type: 'TEXT', from: '$.action', about: 'COUNT, CAPTCHA or CHALLENGE.' },
        {
          name: 'overridden_action',
          type: 'TEXT',
          from: '$.overriddenAction',
          about: 'overriddenAction: what the rule itself would have done.',
        },
        {
          name: 'captcha_failure_reason',
          type: 'TEXT',
          from: '$.captchaResponse.failureReason',
          about: 'captchaResponse.failureReason; NULL where it was solved.',
        },
        {
          name: 'challenge_failure_reason',
          type: 'TEXT',
          from: '$.challengeResponse.failureReason',
          about: 'challengeResponse.failureReason; NULL where it was solved.',
        },
        {
          name: 'rule_match_details',
          type: 'TEXT',
          from: '$.ruleMatchDetails',
          about: 'ruleMatchDetails as JSON: what it matched.',
        },
      ],
      indexes: [['rule_id']],
    },
    {
      id: 'waf_rate_rule',
      list: 'rate_based_rule_list',
      items: 'array',
      about: 'Rate-based rules that were looked at, and what they count by.',
      columns: [
        {
          name: 'rate_based_rule_id',
          type: 'TEXT',
          from: '$.rateBasedRuleId',
          about: 'rateBasedRuleId.',
        },
        {
          name: 'rate_based_rule_name',
          type: 'TEXT',
          from: '$.rateBasedRuleName',
          about: 'rateBasedRuleName.',
        },
        {
          name: 'limit_key',
          type: 'TEXT',
          from: '$.limitKey',
          about: 'limitKey: IP, FORWARDED_IP, CUSTOMKEYS or CONSTANT.',
        },
        {
          name: 'limit_value',
          type: 'TEXT',
          from: '$.limitValue',
          about: 'limitValue: the address, or INVALID.',
        },
        {
          name: 'max_rate_allowed',
          type: 'TEXT',
          from: '$.maxRateAllowed',
          about: 'maxRateAllowed, in requests in the window.',
        },
        {
          name: 'evaluation_window_sec',
          type: 'TEXT',
          from: '$.evaluationWindowSec',
          about: 'evaluationWindowSec, in seconds; AWS writes text.',
        },
        {
          name: 'custom_values',
          type: 'TEXT',
          from: '$.customValues',
          about: 'customValues as JSON.',
        },
      ],
      indexes: [['limit_value']],
    },
  ],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a blocked request, a puzzle not solved, a request of WAF Classic',
      path: 'AWSLogs/111122223333/WAFLogs/eu-central-1/shop/2025/11/08/09/00/111122223333_waflogs_eu-central-1_shop_20251108T0900Z_0a1b2c3d.log.gz',
      text: [BLOCKED, CHALLENGED, CLASSIC].map((record) => JSON.stringify(record)).join('\n'),
      rows: [
        {
          time_us: 1_762_592_405_123_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          action: 'BLOCK',
          outcome: 'failure',
          actor: '198.51.100.7',
          src_ip: '198.51.100.7',
          target: 'shop.example.com/item',
          user_agent: 'sqlmap/1.8',
          x_forwarded_for: '203.0.113.9, 203.0.113.10',
          labels: '["awswaf:managed:aws:sql-database:SQLi_QueryArguments"]',
          ja3_fingerprint: 'e7d705a3286e19ea42f587b344ee6865',
          ja4_fingerprint: 't13d1516h2_8daaf6152771_b186095e22b6',
          oversize_fields: '["REQUEST_BODY"]',
          request_body_size: 70_000,
          response_code_sent: 403,
          client_asn: 64_496,
        },
        {
          action: 'CAPTCHA',
          outcome: 'failure',
          captcha_response_code: 405,
          captcha_failure_reason: 'TOKEN_MISSING',
          captcha_solve_time_us: 0,
          challenge_response_code: null,
        },
        {
          account_id: null,
          region: null,
          webacl_id: '385cb038-3a6f-4f2f-ac64-09ab912af590',
          target: '/',
          outcome: 'success',
          labels: null,
          headers: null,
        },
      ],
    },
    {
      name: 'a challenge that was solved, rules that only counted, a rate by keys of one’s own, every part too large',
      path: 'waf.json',
      text: JSON.stringify([CHALLENGE]),
      rows: [
        {
          response_code_sent: 202,
          challenge_response_code: 0,
          challenge_solve_time_us: 1_762_592_400_000_000,
          challenge_failure_reason: null,
          request_headers_inserted: '[{"name":"x-amzn-waf-seen","value":"1"}]',
          cf_distribution_tenant_id: 'dt_2abc',
          oversize_fields: '["REQUEST_HEADERS","REQUEST_COOKIES","REQUEST_JSON_BODY"]',
          terminating_rule_match_details: null,
        },
      ],
      items: {
        waf_label: [
          {
            parent_id: 1,
            position: 0,
            name: 'awswaf:managed:aws:sql-database:SQLi_QueryArguments',
          },
        ],
        waf_rule_group: [
          {
            parent_id: 1,
            position: 0,
            rule_group_id: 'AWS#AWSManagedRulesCommonRuleSet',
            terminating_rule_id: null,
            non_terminating_matching_rules: '[{"action":"COUNT","ruleId":"SizeRestrictions_BODY"}]',
            excluded_rules: '[{"exclusionType":"EXCLUDED_AS_COUNT","ruleId":"NoUserAgent_HEADER"}]',
          },
          { parent_id: 1, position: 1, terminating_rule_id: 'y', overridden_action: 'BLOCK' },
        ],
        waf_matching_rule: [
          { parent_id: 1, position: 0, rule_id: 'challenge-rule', action: 'CHALLENGE' },
          { parent_id: 1, position: 1, rule_id: 'count-rule', overridden_action: 'BLOCK' },
        ],
        waf_rate_rule: [
          {
            parent_id: 1,
            position: 0,
            rate_based_rule_name: 'too-many',
            limit_key: 'CUSTOMKEYS',
            limit_value: '198.51.100.7',
            max_rate_allowed: '100',
            evaluation_window_sec: '120',
            custom_values: '[{"key":"HEADER","name":"x-key","value":"v"}]',
          },
        ],
      },
    },
    {
      name: 'records one after another, something else, no time, a method that is no text, a name twice, a cut record',
      path: 'waf',
      text: [
        JSON.stringify(BLOCKED),
        '{"webaclId":"x"}',
        JSON.stringify({ ...BLOCKED, timestamp: 'noon' }),
        JSON.stringify({
          ...BLOCKED,
          httpRequest: { ...BLOCKED.httpRequest, httpMethod: ['GET'] },
        }),
        JSON.stringify(CLASSIC).replace('{', '{"action":"BLOCK",'),
        JSON.stringify(BLOCKED).slice(0, 300),
      ].join(''),
      rows: [{ http_method: 'GET' }, { http_method: null }, { action: 'ALLOW' }],
      rejects: ['not_this_source', 'bad_time', 'truncated'],
      anomalies: ['bad_value', 'duplicate_key'],
    },
  ],
  example: {
    question: 'Who was blocked by which rule, and what did they ask for first?',
    sql: "SELECT client_ip, terminating_rule_id, count(*) AS requests, min(time_us) AS first_us, min(uri) AS uri FROM waf WHERE action <> 'ALLOW' GROUP BY client_ip, terminating_rule_id ORDER BY requests DESC, client_ip, terminating_rule_id LIMIT 20",
  },
};
