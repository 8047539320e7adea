/** Changes of state of EC2 instances, as EventBridge events carry them. */
import {
  canonicalRecord,
  columnsOf,
  detectJson,
  joined,
  type JsonFormat,
  jsonReader,
  ownerFields,
  text,
} from './_json.ts';
import type { Head, Source } from './source.ts';

/** Account (1) and region (2) in what the event says of itself. */
const EVENT = /^EventBridge\/(\d{12})\/([a-z0-9-]+)$/;

/** All the members that the detail of such an event has. */
const MEMBERS = ['instance-id', 'state'];

function format(head: Pick<Head, 'path' | 'carrierUs'>): JsonFormat {
  return {
    what: 'changes of state of instances',
    marks: ['"instance-id"'],
    wrappers: [],
    is: (record) =>
      MEMBERS.every((name) => typeof record[name] === 'string') &&
      Object.keys(record).length === MEMBERS.length,
    keys: [],
    time: () => head.carrierUs,
    timeName: 'time of the event around it',
    // Instances start and stop again: only the moment tells one change from the next.
    identity: (record) => `${String(head.carrierUs)} ${joined(record, 'instance-id', 'state')}`,
    fields: [
      ...ownerFields(head.path, EVENT),
      text('instance_id', 'instance-id', 'instance-id.'),
      text('state', 'state', 'pending, running, stopping, stopped, shutting-down, terminated.'),
    ],
  };
}

const CHANGE = { 'instance-id': 'i-0a1b2c3d4e5f60718', state: 'terminated' };

export const ec2_state_change: Source = {
  id: 'ec2_state_change',
  title: 'EC2 instance state changes',
  version: 1,
  clock: 'EC2’s clock, UTC, to the second: the time of the event that carries it.',
  about: [
    'What EventBridge events of the type "EC2 Instance State-change Notification" carry: which instance came into which state. The event itself is a row of `eventbridge`, and `inner_record` leads to it; time, account and region are those of the event.',
    'EC2 sends these events on a best-effort basis, and EventBridge may deliver one twice: the same change at the same second is kept once. They do not say who asked for the change (CloudTrail does), nor why: an instance that its system shut down and one that was stopped by a call look alike. Taken out of its event, as input transformers leave it, a change has no time and is a reject.',
  ].join('\n\n'),
  references: [
    'Amazon EC2 User Guide, "Automate Amazon EC2 using EventBridge", section "Instance state change event"',
    'Amazon EventBridge Events Reference, "Amazon EC2 events"',
  ],
  columns: columnsOf('time of the event: when the state changed.', format({ path: '' }).fields),
  common: { action: "'instance ' || state", target: 'instance_id' },
  indexes: [['instance_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, format(head)),
  reader: (head) => jsonReader(head, format(head)),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'as an event carries it; something else, a cut record',
      path: 'EventBridge/111122223333/eu-central-1',
      text: `${JSON.stringify(CHANGE)}\n{"a":1}\n${JSON.stringify(CHANGE).slice(0, -9)}`,
      facts: { carrierUs: 1_762_592_405_000_000 },
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          region: 'eu-central-1',
          action: 'instance terminated',
          target: 'i-0a1b2c3d4e5f60718',
          state: 'terminated',
        },
      ],
      rejects: ['not_this_source', 'truncated'],
    },
    {
      name: 'without its event it has no time',
      path: 'x',
      text: JSON.stringify(CHANGE),
      rows: [],
      rejects: ['bad_time'],
    },
  ],
  example: {
    question: 'Which instances lived shortly, and when?',
    sql: "SELECT account_id, region, instance_id, min(time_us) AS first_us, max(CASE WHEN state = 'terminated' THEN time_us END) AS terminated_us FROM ec2_state_change GROUP BY account_id, region, instance_id ORDER BY first_us, instance_id LIMIT 20",
  },
};
