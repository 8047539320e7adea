/** EventBridge (CloudWatch Events) events: calls, findings, state changes, health, alarms, your own; what they carry goes on to its own source. */
import { memberSpan } from '../core/json.ts';
import {
  address,
  anyTime,
  canonicalRecord,
  columnsOf,
  derived,
  detectJson,
  isEnvelope,
  joined,
  json,
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  valueAt,
} from './_json.ts';
import { FORM, type Head, type RecordReader, type Source } from './source.ts';

/** The first member of detail that is there. */
function ofDetail(name: string, members: readonly string[], about: string): JsonField {
  return derived(name, about, (record, out) => {
    for (const member of members) {
      const value = valueAt(record, ['detail', ...member.split('.')]);
      if (value !== undefined && value !== null && typeof value !== 'object') {
        return typeof value === 'boolean' ? String(value) : textOf(value, member, out);
      }
    }
    return null;
  });
}

const FORMAT: JsonFormat = {
  what: 'EventBridge events',
  marks: ['"detail-type"'],
  wrappers: ['Events', 'events'],
  envelopes: true,
  is: (record) =>
    isEnvelope(record) &&
    typeof record['detail-type'] === 'string' &&
    typeof record['source'] === 'string',
  keys: [],
  time: (record) => anyTime(record['time']),
  timeName: 'time',
  identity: (record) => joined(record, 'id', 'account', 'region', 'time', 'detail-type'),
  fields: [
    text('account_id', 'account', 'account.'),
    text('region', 'region', 'region.'),
    text('event_id', 'id', 'id: unique for each event of a bus.'),
    text('detail_type', 'detail-type', 'detail-type.'),
    text('event_source', 'source', 'source: aws.<service>, or what your own events name.'),
    text(
      'replay_name',
      'replay-name',
      'replay-name: the replay of an archive that sent the event again.',
    ),
    json('resources', 'resources', 'resources as JSON: ARNs.'),
    ofDetail(
      'state',
      ['state', 'state.value', 'status', 'lastStatus', 'last-status', 'eventTypeCode', 'result'],
      'State, status or result in detail, where it names one.',
    ),
    ofDetail(
      'resource_id',
      [
        'instance-id',
        'EC2InstanceId',
        'clusterArn',
        'bucket.name',
        'repository-name',
        'pipeline',
        'project-name',
        'alarmName',
      ],
      'What detail says the event is about: instance, cluster, bucket, repository, pipeline.',
    ),
    ofDetail(
      'requester',
      ['requester'],
      'requester in detail: the account or service that asked, of S3’s events.',
    ),
    address(
      ofDetail(
        'source_ip_address',
        ['source-ip-address'],
        'source-ip-address in detail: where S3 was asked from.',
      ),
    ),
    ofDetail('object_key', ['object.key'], 'object.key in detail: the object that S3 tells of.'),
    json('detail', 'detail', 'detail as JSON.'),
  ],
};

/** Reads the events, and hands on what they carry. */
function reader(head: Head): RecordReader {
  const events = jsonReader(head, FORMAT);
  return {
    ...events,
    read: (bytes, start, end, offset, hints, out) => {
      // What the event says of whose it is, for content that does not say it.
      let origin = '';
      const handOn = (timeUs: unknown): void => {
        const span = memberSpan(bytes, start, end, 'detail');
        if (span === undefined) return;
        out.inner(bytes.subarray(span.start, span.end), {
          place: {
            offset: offset + span.start - start,
            length: span.end - span.start,
            form: FORM.plain,
          },
          path: origin,
          timeUs: typeof timeUs === 'number' ? timeUs : undefined,
        });
      };
      events.read(bytes, start, end, offset, hints, {
        ...out,
        row: (values, identity, place) => {
          out.row(values, identity, place);
          const [, account, region] = values;
          origin = `EventBridge/${String(account)}/${String(region)}`;
          handOn(values[0]);
        },
        // What an event without a time carries has a time of its own.
        reject: (reason, detail) => {
          out.reject(reason, detail);
          if (reason === 'bad_time') handOn(undefined);
        },
      });
    },
  };
}

const EVENT = {
  version: '0',
  id: '0a1b2c3d-0001-4000-8000-000000000001',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '111122223333',
  time: '2025-11-08T09:00:05Z',
  region: 'eu-central-1',
  resources: ['arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b2c3d4e5f60718'],
  detail: { 'instance-id': 'i-0a1b2c3d4e5f60718', state: 'terminated' },
};

export const eventbridge: Source = {
  id: 'eventbridge',
  title: 'EventBridge events',
  version: 4,
  clock: 'The clock of the service that sent the event, UTC, to the second.',
  about: [
    'Events of Amazon EventBridge (formerly CloudWatch Events), as targets and archive replays deliver them: one object, JSON lines, one after another as Firehose leaves them. An event that carries a record of another source (CloudTrail, GuardDuty, Security Hub, Config, Inspector, Macie, Access Analyzer, the state of an instance) is a row here, and what it carries a row of that source; table `inner_record` leads from there to the event.',
    'EventBridge delivers at least once, and a rule delivers only what its pattern matches. Input transformers may reshape an event beyond recognition. time is when the source says it happened. Archives cannot be downloaded: what was replayed is marked by replay_name.',
  ].join('\n\n'),
  references: [
    'Amazon EventBridge User Guide, "Events in Amazon EventBridge", section "Event structure"',
    'Amazon EventBridge Events Reference, "Events from AWS services"',
  ],
  columns: columnsOf('time: when it happened, as the source says.', FORMAT.fields),
  common: {
    actor: 'coalesce(requester, event_source)',
    action: 'detail_type',
    target:
      "coalesce('s3://' || resource_id || '/' || object_key, resource_id, json_extract(resources, '$[0]'))",
    src_ip: 'source_ip_address',
  },
  indexes: [['event_id'], ['detail_type']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader,
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a change of state and an event of your own, one after another',
      path: '2025/11/08/09/events-1-2025-11-08-09-00-00-0a1b2c3d',
      text: [
        EVENT,
        {
          ...EVENT,
          id: 'b',
          source: 'shop',
          'detail-type': 'order',
          detail: { status: 7 },
          resources: [],
        },
      ]
        .map((event) => JSON.stringify(event))
        .join(''),
      rows: [
        {
          time_us: 1_762_592_405_000_000,
          account_id: '111122223333',
          actor: 'aws.ec2',
          action: 'EC2 Instance State-change Notification',
          target: 'i-0a1b2c3d4e5f60718',
          state: 'terminated',
          detail: '{"instance-id":"i-0a1b2c3d4e5f60718","state":"terminated"}',
        },
        { actor: 'shop', state: '7', target: null },
      ],
    },
    {
      name: 'S3: an object written from an address, and one that a rule of its bucket deleted',
      path: 'x',
      text: [
        {
          ...EVENT,
          'detail-type': 'Object Created',
          source: 'aws.s3',
          detail: {
            bucket: { name: 'shop' },
            object: { key: 'js/pay.js', size: 7 },
            requester: '444455556666',
            'source-ip-address': '198.51.100.7',
            reason: 'PutObject',
          },
        },
        {
          ...EVENT,
          'detail-type': 'Object Deleted',
          source: 'aws.s3',
          detail: {
            bucket: { name: 'shop' },
            object: { key: 'tmp/1' },
            requester: 's3.amazonaws.com',
            reason: 'Lifecycle Expiration',
          },
        },
        { ...EVENT, source: 'aws.s3', detail: { 'source-ip-address': 'nowhere' } },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n'),
      rows: [
        {
          actor: '444455556666',
          action: 'Object Created',
          target: 's3://shop/js/pay.js',
          src_ip: '198.51.100.7',
        },
        { actor: 's3.amazonaws.com', target: 's3://shop/tmp/1', src_ip: null },
        { actor: 'aws.s3', src_ip: null },
      ],
      anomalies: ['bad_value'],
    },
    {
      name: 'no time, something else, an account that is no text, a cut record',
      path: 'x',
      text: [EVENT, { ...EVENT, time: 'x' }, { a: 1 }, { ...EVENT, id: 'c', account: [] }]
        .map((event) => JSON.stringify(event))
        .concat(JSON.stringify(EVENT).slice(0, 99))
        .join('\n'),
      rows: [{}, { account_id: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Which instances were stopped or terminated, and when?',
    sql: "SELECT time_us, account_id, region, resource_id, state FROM eventbridge WHERE detail_type = 'EC2 Instance State-change Notification' AND state IN ('stopping', 'stopped', 'shutting-down', 'terminated') ORDER BY time_us, id LIMIT 20",
  },
};
