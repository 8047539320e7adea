/** AWS Config configuration items: what a resource looked like at a moment, in files, notifications and API output. */
import { columnsOf, detectJson, jsonReader } from '../_json.ts';
import type { Source } from '../source.ts';
import { CONFIG_ITEM_FORMAT, sameItem } from './format.ts';
import { CONFIG_ITEM_SAMPLES } from './samples.ts';

export const config_item: Source = {
  id: 'config_item',
  title: 'AWS Config configuration items',
  version: 2,
  clock:
    'AWS Config’s clock, UTC, to the millisecond: when the state was captured, after the change itself.',
  about: [
    'What AWS Config recorded of a resource at a moment: its configuration, tags and relations to other resources. Read are snapshots and history files in S3, change notifications (as they are, in SNS messages, in EventBridge events, in the events of rule functions, in what Lambda and SQS get of them), summaries of oversized ones, and the output of `aws configservice get-resource-config-history`, `batch-get-resource-config` and the aggregator’s two commands of that kind, which spells members differently and holds the configuration in a string.',
    'Items say how a resource was, not who changed it: CloudTrail does. An item comes some minutes after the change, or with daily recording once a day; only recorded types are there. A snapshot repeats items of the history, and so do notifications and the API in its own spelling: ones that say the same are kept once. A summary and the item it is about are two records, at the same time. configurationItemDiff of a notification is a row of `config_change`; `exhibit config diff` compares items themselves ([how](../config.md)), whatever they came in.',
  ].join('\n\n'),
  references: [
    'AWS Config Developer Guide, "Components of a configuration item"',
    'AWS Config Developer Guide, "Example configuration snapshot from AWS Config"',
    'AWS Config Developer Guide, "Example configuration item change notifications"',
    'AWS Config API Reference, "ConfigurationItem", "BaseConfigurationItem"',
  ],
  columns: columnsOf(
    'configurationItemCaptureTime: when the state was recorded.',
    CONFIG_ITEM_FORMAT.fields,
  ),
  common: {
    action: 'configuration_item_status',
    target: 'coalesce(arn, resource_id)',
  },
  indexes: [['resource_id'], ['resource_name'], ['arn'], ['private_ip_address'], ['public_ip']],
  children: [
    {
      id: 'config_item_relation',
      list: 'relationships',
      items: 'array',
      about: 'The resources that an item names as related to its own.',
      columns: [
        {
          name: 'name',
          type: 'TEXT',
          from: '$.name',
          about: 'Name of the relation, such as Is attached to Instance.',
        },
        {
          name: 'resource_type',
          type: 'TEXT',
          from: '$.resourceType',
          about: 'Type of the related resource.',
        },
        {
          name: 'resource_id',
          type: 'TEXT',
          from: '$.resourceId',
          about: 'Its id; NULL where only its name is told.',
        },
        { name: 'resource_name', type: 'TEXT', from: '$.resourceName', about: 'Its name.' },
      ],
      indexes: [['resource_id'], ['resource_name']],
    },
    {
      id: 'config_item_tag',
      list: 'tags',
      items: 'object',
      about: 'The tags of the resource.',
      columns: [
        { name: 'key', type: 'TEXT', from: 'key', about: 'Key of the tag.' },
        { name: 'value', type: 'TEXT', from: '$', about: 'Its value.' },
      ],
      indexes: [['key']],
    },
  ],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, CONFIG_ITEM_FORMAT),
  reader: (head) => jsonReader(head, CONFIG_ITEM_FORMAT),
  sameText: sameItem,
  samples: CONFIG_ITEM_SAMPLES,
  example: {
    question: 'Which resources are related to which, by the latest item of each?',
    sql: 'SELECT i.resource_id, r.name, r.resource_type, r.resource_id AS related_id, max(i.time_us) AS seen_us FROM config_item AS i JOIN config_item_relation AS r ON r.parent_id = i.id GROUP BY i.resource_id, r.name, r.resource_type, r.resource_id ORDER BY i.resource_id, r.name, r.resource_type, r.resource_id LIMIT 20',
  },
};
