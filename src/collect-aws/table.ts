/**
 * What is asked of AWS, as a table: one line is one operation, whose exact answers are kept. Operations, tokens of pages and
 * members of answers are those of the services' API references; the IAM policy that `--dry-run` prints is made from here.
 */
import type { CanonicalValue } from '../core/canonical.ts';
import type { Output } from './asker.ts';
import type { Parameters } from './calls.ts';
import type { ServiceName } from './services.ts';

/** Kinds of things that can be asked for by name. */
export const KINDS = ['cloudtrail', 'logs', 'events', 'config', 'findings', 'context'] as const;
/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** What is known while a line is asked. */
export interface Given {
  readonly account: string;
  readonly region: string;
  /** RFC 3339 UTC with seconds. */
  readonly from: string | undefined;
  readonly to: string;
  readonly logGroups: readonly RegExp[];
  readonly logStreams: readonly RegExp[];
  readonly lakeQueries: readonly string[];
}

/** Where AWS delivers logs to. */
export interface Delivery {
  readonly bucket: string;
  readonly prefix: string;
}

/** One operation. */
export interface Ask {
  readonly service: ServiceName;
  readonly operation: string;
  /** `once` for what has one answer for the whole account; default: in every region. */
  readonly where?: 'once';
  /** Parameter and member that lead to the next page. */
  readonly token?: readonly [string, string];
  /** Parameters, one set for each question; default: none, once. */
  readonly inputs?: (given: Given) => readonly Parameters[];
  /** Questions that follow from each page. */
  readonly then?: readonly Follow[];
  /** Buckets that the answer says logs are delivered to. */
  readonly delivers?: (output: Output, given: Given) => readonly Delivery[];
  /** Actions that a policy must allow, where it is not the operation's own name. */
  readonly actions?: readonly string[];
}

/** A question that follows from the answer of another. */
export interface Follow extends Omit<Ask, 'inputs' | 'where'> {
  /** @param asked parameters of the question that the output answers. */
  readonly inputs: (output: Output, given: Given, asked: Parameters) => readonly Parameters[];
}

const NEXT = ['NextToken', 'NextToken'] as const;
const next = ['nextToken', 'nextToken'] as const;
const MARKER = ['Marker', 'Marker'] as const;

/** Member of an answer as a list of objects. */
function list(output: Output, name: string): readonly Output[] {
  const value = output[name];
  return Array.isArray(value) ? (value as Output[]) : [];
}

/** Members of a list that are texts. */
function texts(output: Output, name: string): readonly string[] {
  return list(output, name).filter((one): one is string & Output => typeof one === 'string');
}

/** A text of each object in a list. */
function each(output: Output, name: string, member: string): readonly string[] {
  return list(output, name).flatMap((one) => {
    const value = one[member];
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const ms = (time: string): number => Date.parse(time);
const chunks = (all: readonly string[], size: number): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, i * size + size),
  );

/** `arn:aws:s3:::bucket/prefix` → its parts. */
function s3Arn(arn: unknown): Delivery[] {
  const match = /^arn:[^:]*:s3:::([^/]+)(?:\/(.*))?$/s.exec(text(arn));
  return match?.[1] === undefined ? [] : [{ bucket: match[1], prefix: match[2] ?? '' }];
}

const folder = (prefix: string): string =>
  prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;

const DAY = 86_400_000;
/** CloudTrail keeps events for so long without a trail (CloudTrail API Reference, "LookupEvents"). */
const LOOKUP = 90 * DAY;

function lookupWindow({ from, to }: Given): { StartTime: string; EndTime: string } {
  const first = ms(to) - LOOKUP;
  const start = from === undefined ? first : ms(from);
  return { StartTime: iso(start), EndTime: to };
}

const iso = (time: number): string => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');

const trailAsks: readonly Ask[] = [
  {
    service: 'cloudtrail',
    operation: 'DescribeTrails',
    inputs: () => [{ includeShadowTrails: false }],
    delivers: (output) =>
      list(output, 'trailList').flatMap((trail) => {
        const bucket = text(trail['S3BucketName']);
        const prefix = folder(text(trail['S3KeyPrefix']));
        return bucket === '' ? [] : [{ bucket, prefix: `${prefix}AWSLogs/` }];
      }),
    then: [
      {
        service: 'cloudtrail',
        operation: 'GetTrailStatus',
        inputs: (o) => each(o, 'trailList', 'TrailARN').map((Name) => ({ Name })),
      },
      {
        service: 'cloudtrail',
        operation: 'GetEventSelectors',
        inputs: (o) => each(o, 'trailList', 'TrailARN').map((TrailName) => ({ TrailName })),
      },
      {
        service: 'cloudtrail',
        operation: 'GetInsightSelectors',
        inputs: (o) => each(o, 'trailList', 'TrailARN').map((TrailName) => ({ TrailName })),
      },
      {
        service: 'cloudtrail',
        operation: 'ListTags',
        token: NEXT,
        inputs: (o) =>
          chunks(each(o, 'trailList', 'TrailARN'), 20).map((ResourceIdList) => ({
            ResourceIdList,
          })),
      },
    ],
  },
  {
    service: 'cloudtrail',
    operation: 'ListPublicKeys',
    token: NEXT,
    // A digest of the last hour is signed up to an hour after it; keys are told by when they were valid.
    inputs: ({ from, to }) => [
      {
        StartTime: iso(from === undefined ? ms(to) - LOOKUP : ms(from) - DAY),
        EndTime: iso(ms(to) + DAY),
      },
    ],
  },
  {
    service: 'cloudtrail',
    operation: 'LookupEvents',
    token: NEXT,
    inputs: (given) => [lookupWindow(given)],
  },
  {
    service: 'cloudtrail',
    operation: 'LookupEvents',
    token: NEXT,
    inputs: (given) => [{ ...lookupWindow(given), EventCategory: 'insight' }],
  },
  {
    service: 'cloudtrail',
    operation: 'ListEventDataStores',
    token: NEXT,
    then: [
      {
        service: 'cloudtrail',
        operation: 'GetEventDataStore',
        inputs: (o) =>
          each(o, 'EventDataStores', 'EventDataStoreArn').map((EventDataStore) => ({
            EventDataStore,
          })),
      },
      {
        service: 'cloudtrail',
        operation: 'ListQueries',
        token: NEXT,
        inputs: (o) =>
          each(o, 'EventDataStores', 'EventDataStoreArn').map((EventDataStore) => ({
            EventDataStore,
          })),
      },
    ],
  },
  {
    service: 'cloudtrail',
    operation: 'GetQueryResults',
    token: NEXT,
    inputs: ({ lakeQueries }) => lakeQueries.map((QueryId) => ({ QueryId })),
  },
];

function logWindow({ from, to }: Given): Record<string, CanonicalValue> {
  return { ...(from === undefined ? {} : { startTime: ms(from) }), endTime: ms(to) };
}

const matches = (patterns: readonly RegExp[], name: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => pattern.test(name));

const wantedGroups = (output: Output, { logGroups }: Given): readonly string[] =>
  each(output, 'logGroups', 'logGroupName').filter((name) => matches(logGroups, name));

const logAsks: readonly Ask[] = [
  {
    service: 'logs',
    operation: 'DescribeLogGroups',
    token: next,
    then: [
      {
        service: 'logs',
        operation: 'DescribeLogStreams',
        token: next,
        inputs: (o, given) => wantedGroups(o, given).map((logGroupName) => ({ logGroupName })),
        then: [
          {
            service: 'logs',
            operation: 'FilterLogEvents',
            token: next,
            inputs: (output, given, { logGroupName = '' }) => {
              if (given.logStreams.length === 0) return [];
              const names = each(output, 'logStreams', 'logStreamName').filter((name) =>
                matches(given.logStreams, name),
              );
              return chunks(names, 100).map((logStreamNames) => ({
                logGroupName,
                logStreamNames,
                ...logWindow(given),
              }));
            },
          },
        ],
      },
      {
        service: 'logs',
        operation: 'DescribeSubscriptionFilters',
        token: next,
        inputs: (o, given) => wantedGroups(o, given).map((logGroupName) => ({ logGroupName })),
      },
      {
        service: 'logs',
        operation: 'FilterLogEvents',
        token: next,
        // With patterns of streams the streams are asked for by name, below.
        inputs: (o, given) =>
          given.logStreams.length > 0
            ? []
            : wantedGroups(o, given).map((logGroupName) => ({ logGroupName, ...logWindow(given) })),
      },
    ],
  },
];

const eventAsks: readonly Ask[] = [
  {
    service: 'events',
    operation: 'ListEventBuses',
    token: NEXT,
    then: [
      {
        service: 'events',
        operation: 'DescribeEventBus',
        inputs: (o) => each(o, 'EventBuses', 'Name').map((Name) => ({ Name })),
      },
      {
        service: 'events',
        operation: 'ListRules',
        token: NEXT,
        inputs: (o) => each(o, 'EventBuses', 'Name').map((EventBusName) => ({ EventBusName })),
        then: [
          {
            service: 'events',
            operation: 'ListTargetsByRule',
            token: NEXT,
            inputs: (o) =>
              list(o, 'Rules').map((rule) => ({
                Rule: text(rule['Name']),
                EventBusName: text(rule['EventBusName']),
              })),
          },
        ],
      },
    ],
  },
  {
    service: 'events',
    operation: 'ListArchives',
    token: NEXT,
    then: [
      {
        service: 'events',
        operation: 'DescribeArchive',
        inputs: (o) => each(o, 'Archives', 'ArchiveName').map((ArchiveName) => ({ ArchiveName })),
      },
    ],
  },
  { service: 'events', operation: 'ListReplays', token: NEXT },
  { service: 'events', operation: 'ListConnections', token: NEXT },
  { service: 'events', operation: 'ListApiDestinations', token: NEXT },
];

/** Types whose history is asked for, where Config records them; of the rest the snapshots in S3 tell. */
const HISTORY =
  /^AWS::(EC2::(SecurityGroup|Instance|NetworkInterface|VPC|Subnet|RouteTable)|IAM::(Role|User|Policy|Group)|S3::Bucket|Lambda::Function|CloudTrail::Trail|KMS::Key|RDS::DBInstance|SecretsManager::Secret)$/;

const configAsks: readonly Ask[] = [
  { service: 'config', operation: 'DescribeConfigurationRecorders' },
  { service: 'config', operation: 'DescribeConfigurationRecorderStatus' },
  {
    service: 'config',
    operation: 'DescribeDeliveryChannels',
    delivers: (output, { account }) =>
      list(output, 'DeliveryChannels').flatMap((channel) => {
        const bucket = text(channel['s3BucketName']);
        const prefix = folder(text(channel['s3KeyPrefix']));
        return bucket === '' ? [] : [{ bucket, prefix: `${prefix}AWSLogs/${account}/Config/` }];
      }),
  },
  { service: 'config', operation: 'DescribeDeliveryChannelStatus' },
  {
    service: 'config',
    operation: 'DescribeConfigRules',
    token: NEXT,
    then: [
      {
        service: 'config',
        operation: 'GetComplianceDetailsByConfigRule',
        token: NEXT,
        inputs: (o) =>
          each(o, 'ConfigRules', 'ConfigRuleName').map((ConfigRuleName) => ({ ConfigRuleName })),
      },
    ],
  },
  { service: 'config', operation: 'DescribeComplianceByConfigRule', token: NEXT },
  { service: 'config', operation: 'DescribeComplianceByResource', token: NEXT },
  {
    service: 'config',
    operation: 'SelectResourceConfig',
    token: NEXT,
    inputs: () => [
      {
        Expression:
          'SELECT accountId, awsRegion, resourceType, resourceId, resourceName, arn, configurationItemCaptureTime, relationships, configuration, tags',
        Limit: 100,
      },
    ],
  },
  {
    service: 'config',
    operation: 'GetDiscoveredResourceCounts',
    token: next,
    then: [
      {
        service: 'config',
        operation: 'ListDiscoveredResources',
        token: next,
        inputs: (o) =>
          each(o, 'resourceCounts', 'resourceType')
            .filter((type) => HISTORY.test(type))
            .map((resourceType) => ({ resourceType, includeDeletedResources: true })),
        then: [
          {
            service: 'config',
            operation: 'GetResourceConfigHistory',
            token: next,
            inputs: (o, { from, to }) =>
              list(o, 'resourceIdentifiers').map((one) => ({
                resourceType: text(one['resourceType']),
                resourceId: text(one['resourceId']),
                laterTime: to,
                ...(from === undefined ? {} : { earlierTime: from }),
              })),
          },
        ],
      },
    ],
  },
];

const findingAsks: readonly Ask[] = [
  {
    service: 'guardduty',
    operation: 'ListDetectors',
    token: NEXT,
    then: [
      {
        service: 'guardduty',
        operation: 'GetDetector',
        inputs: (o) => texts(o, 'DetectorIds').map((DetectorId) => ({ DetectorId })),
      },
      {
        service: 'guardduty',
        operation: 'ListPublishingDestinations',
        token: NEXT,
        inputs: (o) => texts(o, 'DetectorIds').map((DetectorId) => ({ DetectorId })),
        then: [
          {
            service: 'guardduty',
            operation: 'DescribePublishingDestination',
            inputs: (o, _given, { DetectorId = '' }) =>
              each(o, 'Destinations', 'DestinationId').map((DestinationId) => ({
                DetectorId,
                DestinationId,
              })),
            delivers: (output, { account }) =>
              s3Arn(
                (output['DestinationProperties'] as Output | undefined)?.['DestinationArn'],
              ).map(({ bucket, prefix }) => ({
                bucket,
                prefix: `${folder(prefix)}AWSLogs/${account}/GuardDuty/`,
              })),
          },
        ],
      },
      {
        service: 'guardduty',
        operation: 'ListFilters',
        token: NEXT,
        inputs: (o) => texts(o, 'DetectorIds').map((DetectorId) => ({ DetectorId })),
      },
      {
        service: 'guardduty',
        operation: 'ListFindings',
        token: NEXT,
        inputs: (o) =>
          texts(o, 'DetectorIds').map((DetectorId) => ({ DetectorId, MaxResults: 50 })),
        then: [
          {
            service: 'guardduty',
            operation: 'GetFindings',
            inputs: (o, _given, { DetectorId = '' }) =>
              chunks(texts(o, 'FindingIds'), 50).map((FindingIds) => ({ DetectorId, FindingIds })),
          },
        ],
      },
    ],
  },
  { service: 'securityhub', operation: 'DescribeHub' },
  { service: 'securityhub', operation: 'GetEnabledStandards', token: NEXT },
  {
    service: 'securityhub',
    operation: 'GetFindings',
    token: NEXT,
    inputs: ({ from, to }) => [
      {
        MaxResults: 100,
        ...(from === undefined ? {} : { Filters: { UpdatedAt: [{ Start: from, End: to }] } }),
      },
    ],
  },
  { service: 'inspector2', operation: 'BatchGetAccountStatus' },
  { service: 'inspector2', operation: 'ListCoverage', token: next },
  { service: 'inspector2', operation: 'ListFindings', token: next },
  { service: 'macie2', operation: 'GetMacieSession' },
  {
    service: 'macie2',
    operation: 'ListFindings',
    token: next,
    then: [
      {
        service: 'macie2',
        operation: 'GetFindings',
        inputs: (o) => chunks(texts(o, 'findingIds'), 25).map((findingIds) => ({ findingIds })),
      },
    ],
  },
  {
    service: 'accessanalyzer',
    operation: 'ListAnalyzers',
    token: next,
    then: [
      {
        service: 'accessanalyzer',
        operation: 'ListFindingsV2',
        token: next,
        inputs: (o) => each(o, 'analyzers', 'arn').map((analyzerArn) => ({ analyzerArn })),
        actions: ['access-analyzer:ListFindings'],
      },
    ],
  },
];

const ec2 = (operation: string, more: Partial<Ask> = {}): Ask => ({
  ...{ service: 'ec2', operation, token: NEXT },
  ...more,
});

const contextAsks: readonly Ask[] = [
  { service: 'organizations', operation: 'DescribeOrganization', where: 'once' },
  { service: 'organizations', operation: 'ListAccounts', where: 'once', token: NEXT },
  { service: 'organizations', operation: 'ListRoots', where: 'once', token: NEXT },
  {
    service: 'ec2',
    operation: 'DescribeRegions',
    where: 'once',
    inputs: () => [{ AllRegions: true }],
  },
  { service: 'iam', operation: 'GetAccountAuthorizationDetails', where: 'once', token: MARKER },
  { service: 'iam', operation: 'GenerateCredentialReport', where: 'once' },
  { service: 'iam', operation: 'GetCredentialReport', where: 'once' },
  { service: 'iam', operation: 'GetAccountSummary', where: 'once' },
  { service: 'iam', operation: 'GetAccountPasswordPolicy', where: 'once' },
  { service: 'iam', operation: 'ListAccountAliases', where: 'once', token: MARKER },
  { service: 'iam', operation: 'ListSAMLProviders', where: 'once' },
  { service: 'iam', operation: 'ListOpenIDConnectProviders', where: 'once' },
  { service: 'iam', operation: 'ListVirtualMFADevices', where: 'once', token: MARKER },
  {
    service: 'route53',
    operation: 'ListHostedZones',
    where: 'once',
    token: ['Marker', 'NextMarker'],
    then: [
      {
        service: 'route53',
        operation: 'ListResourceRecordSets',
        inputs: (o) => each(o, 'HostedZones', 'Id').map((HostedZoneId) => ({ HostedZoneId })),
      },
    ],
  },
  { service: 'route53', operation: 'ListQueryLoggingConfigs', where: 'once', token: NEXT },
  {
    service: 's3',
    operation: 'ListBuckets',
    where: 'once',
    actions: ['s3:ListAllMyBuckets'],
    then: [
      {
        service: 's3',
        operation: 'GetBucketLogging',
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
        delivers: (output) => {
          const target = output['LoggingEnabled'] as Output | undefined;
          const bucket = text(target?.['TargetBucket']);
          return bucket === '' ? [] : [{ bucket, prefix: text(target?.['TargetPrefix']) }];
        },
      },
      {
        service: 's3',
        operation: 'GetBucketVersioning',
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetBucketEncryption',
        actions: ['s3:GetEncryptionConfiguration'],
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetBucketPolicy',
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetBucketAcl',
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetPublicAccessBlock',
        actions: ['s3:GetBucketPublicAccessBlock'],
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetObjectLockConfiguration',
        actions: ['s3:GetBucketObjectLockConfiguration'],
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
      {
        service: 's3',
        operation: 'GetBucketLifecycleConfiguration',
        actions: ['s3:GetLifecycleConfiguration'],
        inputs: (o) => each(o, 'Buckets', 'Name').map((Bucket) => ({ Bucket })),
      },
    ],
  },
  ec2('DescribeInstances'),
  ec2('DescribeNetworkInterfaces'),
  ec2('DescribeVpcs'),
  ec2('DescribeSubnets'),
  ec2('DescribeSecurityGroups'),
  ec2('DescribeRouteTables'),
  ec2('DescribeNetworkAcls'),
  ec2('DescribeInternetGateways'),
  ec2('DescribeNatGateways'),
  ec2('DescribeTransitGateways'),
  ec2('DescribeVpcEndpoints'),
  ec2('DescribeVpcPeeringConnections'),
  { service: 'ec2', operation: 'DescribeAddresses' },
  ec2('DescribeFlowLogs', {
    delivers: (output, { account }) =>
      list(output, 'FlowLogs')
        .filter((one) => one['LogDestinationType'] === 's3')
        .flatMap((one) => s3Arn(one['LogDestination']))
        .map(({ bucket, prefix }) => ({
          bucket,
          prefix: `${folder(prefix)}AWSLogs/${account}/vpcflowlogs/`,
        })),
  }),
  {
    service: 'elb',
    operation: 'DescribeLoadBalancers',
    token: ['Marker', 'NextMarker'],
    then: [
      {
        service: 'elb',
        operation: 'DescribeLoadBalancerAttributes',
        inputs: (o) =>
          each(o, 'LoadBalancerDescriptions', 'LoadBalancerName').map((LoadBalancerName) => ({
            LoadBalancerName,
          })),
        delivers: (output, given) => {
          const log = (output['LoadBalancerAttributes'] as Output | undefined)?.['AccessLog'] as
            Output | undefined;
          return balancerLogs(
            text(log?.['S3BucketName']),
            text(log?.['S3BucketPrefix']),
            log?.['Enabled'] === true,
            given,
          );
        },
      },
    ],
  },
  {
    service: 'elbv2',
    operation: 'DescribeLoadBalancers',
    token: ['Marker', 'NextMarker'],
    then: [
      {
        service: 'elbv2',
        operation: 'DescribeLoadBalancerAttributes',
        inputs: (o) =>
          each(o, 'LoadBalancers', 'LoadBalancerArn').map((LoadBalancerArn) => ({
            LoadBalancerArn,
          })),
        delivers: (output, given) => {
          const of = new Map(
            list(output, 'Attributes').map((one) => [text(one['Key']), text(one['Value'])]),
          );
          return ['access_logs', 'connection_logs'].flatMap((log) =>
            balancerLogs(
              of.get(`${log}.s3.bucket`) ?? '',
              of.get(`${log}.s3.prefix`) ?? '',
              of.get(`${log}.s3.enabled`) === 'true',
              given,
            ),
          );
        },
      },
      {
        service: 'elbv2',
        operation: 'DescribeListeners',
        token: ['Marker', 'NextMarker'],
        inputs: (o) =>
          each(o, 'LoadBalancers', 'LoadBalancerArn').map((LoadBalancerArn) => ({
            LoadBalancerArn,
          })),
      },
    ],
  },
  { service: 'elbv2', operation: 'DescribeTargetGroups', token: ['Marker', 'NextMarker'] },
  {
    service: 'wafv2',
    operation: 'ListWebACLs',
    token: ['NextMarker', 'NextMarker'],
    inputs: () => [{ Scope: 'REGIONAL' }],
    then: [
      {
        service: 'wafv2',
        operation: 'GetWebACL',
        inputs: (o) =>
          list(o, 'WebACLs').map((acl) => ({
            Name: text(acl['Name']),
            Id: text(acl['Id']),
            Scope: 'REGIONAL',
          })),
      },
    ],
  },
  {
    service: 'wafv2',
    operation: 'ListLoggingConfigurations',
    token: ['NextMarker', 'NextMarker'],
    inputs: () => [{ Scope: 'REGIONAL' }],
    delivers: (output, { account }) =>
      list(output, 'LoggingConfigurations')
        .flatMap((one) => texts(one, 'LogDestinationConfigs').flatMap(s3Arn))
        .map(({ bucket, prefix }) => ({
          bucket,
          prefix: `${folder(prefix)}AWSLogs/${account}/WAFLogs/`,
        })),
  },
];

function balancerLogs(bucket: string, prefix: string, on: boolean, { account }: Given): Delivery[] {
  return !on || bucket === ''
    ? []
    : [{ bucket, prefix: `${folder(prefix)}AWSLogs/${account}/elasticloadbalancing/` }];
}

/** What each kind asks, in this order. */
export const TABLE: Readonly<Record<Kind, readonly Ask[]>> = {
  cloudtrail: trailAsks,
  logs: logAsks,
  events: eventAsks,
  config: configAsks,
  findings: findingAsks,
  context: contextAsks,
};
