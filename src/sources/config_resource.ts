/** Resources that AWS Config lists or selects: which there are, without when they were recorded. */
import { type JsonObject, sortedJson } from '../core/json.ts';
import { peekJson } from '../core/peek.ts';
import {
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  textOf,
  time,
} from './_json.ts';
import type { Detection, Head, Source } from './source.ts';

/** The same of lists (two spellings) and of queries. */
function either(name: string, members: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    const member = members.find((one) => (record[one] ?? null) !== null) ?? '';
    return textOf(record[member], member, out);
  });
}

/** A member that only the answers of queries have: what they may select, or an aggregate of it. */
const SELECTED =
  /^(?:accountId|arn|availabilityZone|awsRegion|configuration|configurationItem\w+|configurationStateId|relationships|resource(?:Id|Name|Type|CreationTime)|supplementaryConfiguration|tags|version)(?:\.|$)|^(?:count|sum|min|max|avg)\(/i;

const LISTED = new Set(['resourceType', 'resourceId', 'resourceName', 'resourceDeletionTime']);

function isListed(record: JsonObject): boolean {
  const names = Object.keys(record);
  return (
    ('SourceAccountId' in record && 'ResourceId' in record) ||
    ('resourceId' in record && names.length > 1 && names.every((name) => LISTED.has(name)))
  );
}

const FORMAT: JsonFormat = {
  what: 'resources that Config lists or selects',
  marks: ['"resourceIdentifiers"', '"ResourceIdentifiers"', '"{\\"'],
  wrappers: ['resourceIdentifiers', 'ResourceIdentifiers', 'Results'],
  is: (record) => isListed(record) || Object.keys(record).some((name) => SELECTED.test(name)),
  keys: [],
  time: () => undefined,
  timeName: 'no time',
  timed: false,
  strings: true,
  identity: (record) => joined(record, 'resourceType', 'resourceId', 'ResourceType', 'ResourceId'),
  fields: [
    either('account_id', ['accountId', 'SourceAccountId'], 'Account, where it is named.'),
    either('region', ['awsRegion', 'SourceRegion'], 'Region, where it is named.'),
    either('resource_type', ['resourceType', 'ResourceType'], 'resourceType.'),
    either('resource_id', ['resourceId', 'ResourceId'], 'resourceId.'),
    either('resource_name', ['resourceName', 'ResourceName'], 'resourceName.'),
    either('arn', ['arn'], 'ARN, where a query selected it.'),
    time('resource_deletion_time_us', 'resourceDeletionTime', 'resourceDeletionTime.'),
    time(
      'configuration_item_capture_time_us',
      'configurationItemCaptureTime',
      'configurationItemCaptureTime, where a query selected it.',
    ),
    json('tags', 'tags', 'tags as JSON, where a query selected them.'),
    json('relationships', 'relationships', 'relationships as JSON, where a query selected them.'),
    json('configuration', 'configuration', 'What a query selected of the configuration, as JSON.'),
    derived('result', 'The whole result of a query as JSON; NULL in a list.', (record) =>
      isListed(record) ? null : sortedJson(record),
    ),
  ],
};

// An array of strings is what `--query Results` prints; items with their time are those of config_item.
function detect(head: Head): Detection | undefined {
  const peek = peekJson(head.text, FORMAT.wrappers);
  const strings = /^[^"]*\[\s*"\{/.test(head.text) || /"Results"\s*:\s*\[\s*"/.test(head.text);
  if (peek === undefined) return undefined;
  if (!/resourceIdentifiers/i.test(peek.container) && !strings) return undefined;
  const has = (name: string): boolean => peek.records.some(({ keys }) => keys.includes(name));
  const bare = peek.container !== 'Results' && strings;
  if (bare && (has('configurationItemCaptureTime') || !(has('resourceId') || has('resourceType'))))
    return undefined;
  return detectJson(head, FORMAT);
}

const SELECT = {
  accountId: '111122223333',
  awsRegion: 'eu-central-1',
  resourceType: 'AWS::EC2::Instance',
  resourceId: 'i-0a1b2c3d4e5f60718',
  arn: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b2c3d4e5f60718',
  configuration: { instanceType: 't3.small', privateIpAddress: '10.0.1.20' },
  tags: [{ tag: 'Name=web', key: 'Name', value: 'web' }],
};

export const config_resource: Source = {
  id: 'config_resource',
  title: 'AWS Config resources, listed or selected',
  version: 1,
  clock: 'AWS Config’s clock, UTC, to the millisecond.',
  about: [
    'Which resources AWS Config knows: the output of `aws configservice list-discovered-resources`, `list-aggregate-discovered-resources`, and the results of advanced queries, `select-resource-config` and `select-aggregate-resource-config`, which are JSON inside strings and hold what the query asked for.',
    'It is a state when somebody asked, not an event, so it is no part of the timeline: when that was is known from the collection alone. A deleted resource stays in the list for some time with its resourceDeletionTime. What a query did not select is NULL, not absent; result has all that it gave, also counts and sums.',
  ].join('\n\n'),
  references: [
    'AWS Config API Reference, "ListDiscoveredResources", "ListAggregateDiscoveredResources"',
    'AWS Config API Reference, "SelectResourceConfig", "SelectAggregateResourceConfig"',
    'AWS Config Developer Guide, "Query the current configuration state of AWS resources"',
  ],
  columns: columnsOf('Always NULL: the output names no time of its own.', FORMAT.fields),
  common: { target: 'coalesce(arn, resource_id)' },
  indexes: [['resource_id']],
  timeline: false,
  repeatsInFile: 'duplicate',
  detect,
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'listed, one of them deleted, one with a time that is none',
      path: 'x.json',
      text: JSON.stringify({
        resourceIdentifiers: [
          { resourceType: 'AWS::EC2::Instance', resourceId: 'i-0a1b', resourceName: 'web' },
          {
            resourceType: 'AWS::EC2::Instance',
            resourceId: 'i-1b2c',
            resourceDeletionTime: '2025-11-08T09:00:05+00:00',
          },
          { resourceType: 'AWS::EC2::Instance', resourceId: 'i-2c3d', resourceDeletionTime: 'x' },
          { a: 1 },
        ],
      }),
      rows: [
        { time_us: null, target: 'i-0a1b', resource_name: 'web', result: null },
        { resource_deletion_time_us: 1_762_592_405_000_000 },
        { resource_deletion_time_us: null },
      ],
      rejects: ['not_this_source'],
      anomalies: ['bad_value'],
    },
    {
      name: 'listed by an aggregator, cut',
      path: 'x.json',
      text: JSON.stringify(
        {
          ResourceIdentifiers: [
            {
              SourceAccountId: '111122223333',
              SourceRegion: 'eu-central-1',
              ResourceId: 'i-0a1b',
              ResourceType: 'AWS::EC2::Instance',
            },
            { SourceAccountId: '111122223333', ResourceId: 'i-1b2c' },
          ],
        },
        null,
        4,
      ).slice(0, -30),
      rows: [{ account_id: '111122223333', region: 'eu-central-1', resource_id: 'i-0a1b' }],
      rejects: ['truncated'],
    },
    {
      name: 'results of a query; a count; strings that hold no object, no JSON, something else',
      path: 'x.json',
      text: JSON.stringify({
        Results: [
          JSON.stringify(SELECT),
          '{"COUNT(*)":12345678901234567890,"resourceType":"AWS::EC2::Instance"}',
          '{"a":1,"a":2,"arn":"x"}',
          '[1]',
          '{',
          '{"a":1}',
        ],
        QueryInfo: { SelectFields: [{ Name: 'resourceId' }] },
      }),
      rows: [
        {
          target: SELECT.arn,
          account_id: '111122223333',
          configuration: '{"instanceType":"t3.small","privateIpAddress":"10.0.1.20"}',
        },
        { result: '{"COUNT(*)":12345678901234567890,"resourceType":"AWS::EC2::Instance"}' },
        { arn: 'x' },
      ],
      rejects: ['not_this_source', 'not_json', 'not_this_source'],
      anomalies: ['big_number', 'duplicate_key'],
    },
    {
      name: 'results alone, as an array of strings',
      path: 'x.json',
      text: JSON.stringify([JSON.stringify(SELECT)], null, 4),
      rows: [{ resource_type: 'AWS::EC2::Instance' }],
    },
  ],
  example: {
    question: 'Which resources were deleted, of those that Config lists?',
    sql: 'SELECT resource_type, resource_id, resource_name, resource_deletion_time_us FROM config_resource WHERE resource_deletion_time_us IS NOT NULL ORDER BY resource_deletion_time_us, resource_id LIMIT 20',
  },
};
