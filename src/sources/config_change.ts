/** What changed of a resource, as AWS Config's notifications say beside the item: configurationItemDiff. */
import { isObject } from '../core/json.ts';
import {
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  joined,
  json,
  type JsonFormat,
  jsonReader,
  text,
} from './_json.ts';
import type { Head, Source } from './source.ts';

/** Account (1), region (2), type (3) and id (4) of the item beside it. */
const ITEM = /^Config\/([^/]*)\/([^/]*)\/([^/]*)\/(.*)$/s;

function format(head: Pick<Head, 'path' | 'carrierUs'>): JsonFormat {
  const item = ITEM.exec(head.path);
  const ofItem = (group: number): string | null => {
    const value = item?.[group] ?? '';
    return value === '' ? null : value;
  };
  return {
    what: 'changes of configuration items',
    marks: ['"changedProperties"'],
    wrappers: [],
    is: (record) =>
      isObject(record['changedProperties']) && typeof record['changeType'] === 'string',
    keys: [],
    time: () => head.carrierUs,
    timeName: 'time of the item beside it',
    identity: (record) =>
      `${String(head.carrierUs)} ${head.path} ${joined(record, 'changeType', 'changedProperties')}`,
    fields: [
      derived('account_id', 'Account of the resource, of the item beside it.', () => ofItem(1)),
      derived('region', 'Region of the resource, of the item beside it.', () => ofItem(2)),
      derived('resource_type', 'resourceType of the item beside it.', () => ofItem(3)),
      derived('resource_id', 'resourceId of the item beside it.', () => ofItem(4)),
      text('change_type', 'changeType', 'changeType: CREATE, UPDATE or DELETE.'),
      json('changed_properties', 'changedProperties', 'changedProperties as JSON.'),
    ],
  };
}

const DIFF = {
  changedProperties: {
    'Configuration.IpPermissions.0': {
      previousValue: null,
      updatedValue: { fromPort: 22, ipProtocol: 'tcp' },
      changeType: 'CREATE',
    },
    'Configuration.Description': { previousValue: 'a', updatedValue: 'b', changeType: 'UPDATE' },
  },
  changeType: 'UPDATE',
};

export const config_change: Source = {
  id: 'config_change',
  title: 'AWS Config changes of items',
  version: 1,
  clock: 'AWS Config’s clock, UTC, to the millisecond: when the state was captured, of the item.',
  about: [
    'configurationItemDiff, which notifications of AWS Config carry beside the item: which properties of the resource changed since the item before, from what to what. Each property is a row of `config_change_property`. The item is a row of `config_item`, and `inner_record` leads to it; time, account, region and resource are those of the item.',
    'Names of properties are paths as AWS Config spells them (`Configuration.IpPermissions.0`), values of lists are by position, and large values are left out. Snapshots, histories and the API have no such part: `exhibit config diff` compares items themselves ([how](../config.md)), whatever they came in. It says what changed, not who did it: CloudTrail does. Taken out of its notification, a change has no time and is a reject.',
  ].join('\n\n'),
  references: [
    'AWS Config Developer Guide, "Example configuration item change notifications"',
    'AWS Config Developer Guide, "Notifications that AWS Config sends to an Amazon SNS topic"',
  ],
  columns: columnsOf(
    'configurationItemCaptureTime of the item beside it.',
    format({ path: '' }).fields,
  ),
  common: { action: "'configuration ' || change_type", target: 'resource_id' },
  indexes: [['resource_id']],
  children: [
    {
      id: 'config_change_property',
      list: 'changed_properties',
      items: 'object',
      about: 'The properties that changed.',
      columns: [
        { name: 'property', type: 'TEXT', from: 'key', about: 'Path of the property.' },
        {
          name: 'change_type',
          type: 'TEXT',
          from: '$.changeType',
          about: 'CREATE, UPDATE or DELETE, of the property.',
        },
        {
          name: 'previous_value',
          type: 'TEXT',
          from: '$.previousValue',
          about: 'Value before: text, or JSON; NULL where there was none.',
        },
        {
          name: 'updated_value',
          type: 'TEXT',
          from: '$.updatedValue',
          about: 'Value since: text, or JSON; NULL where there is none.',
        },
      ],
      indexes: [['property']],
    },
  ],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, format(head)),
  reader: (head) => jsonReader(head, format(head)),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'as a notification carries it; something else, a cut record',
      path: 'Config/111122223333/eu-central-1/AWS::S3::Bucket/a/b',
      text: `${JSON.stringify(DIFF)}\n{"a":1}\n${JSON.stringify(DIFF).slice(0, -9)}`,
      facts: { carrierUs: 1_762_592_405_000_000 },
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          resource_type: 'AWS::S3::Bucket',
          target: 'a/b',
          action: 'configuration UPDATE',
        },
      ],
      items: {
        config_change_property: [
          {
            parent_id: 1,
            property: 'Configuration.Description',
            change_type: 'UPDATE',
            previous_value: 'a',
            updated_value: 'b',
          },
          {
            property: 'Configuration.IpPermissions.0',
            previous_value: null,
            updated_value: '{"fromPort":22,"ipProtocol":"tcp"}',
          },
        ],
      },
      rejects: ['not_this_source', 'truncated'],
    },
    {
      name: 'without its notification it has no time',
      path: 'x',
      text: JSON.stringify(DIFF),
      rows: [],
      rejects: ['bad_time'],
    },
  ],
  example: {
    question: 'Which properties of which resources changed, from what to what?',
    sql: 'SELECT c.time_us, c.resource_type, c.resource_id, p.property, p.previous_value, p.updated_value FROM config_change AS c JOIN config_change_property AS p ON p.parent_id = c.id ORDER BY c.time_us, c.id, p.position LIMIT 20',
  },
};
