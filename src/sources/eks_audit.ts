/** Kubernetes audit log of EKS clusters: one event for each stage of a request to the API server. */
import { isObject, type JsonObject, type JsonValue } from '../core/json.ts';
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
  type JsonField,
  type JsonFormat,
  jsonReader,
  text,
  textOf,
  time,
  valueAt,
} from './_json.ts';
import type { Source } from './source.ts';

function firstText(record: JsonObject, path: readonly string[]): JsonValue | undefined {
  const value = valueAt(record, path);
  return Array.isArray(value) ? (value as readonly JsonValue[])[0] : undefined;
}

/** The first item of a list as text. */
function first(name: string, path: string, about: string): JsonField {
  const names = path.split('.');
  return derived(name, about, (record, out) => textOf(firstText(record, names), path, out));
}

/** An annotation; its name holds dots. */
function annotation(name: string, key: string, about: string): JsonField {
  return derived(name, about, (record, out) =>
    textOf(valueAt(record, ['annotations', key]), key, out),
  );
}

const FORMAT: JsonFormat = {
  what: 'Kubernetes audit events',
  marks: ['audit.k8s.io/'],
  wrappers: ['items'],
  is: (record) => {
    const version = record['apiVersion'];
    const audit = typeof version === 'string' && version.startsWith('audit.k8s.io/');
    return 'auditID' in record && (audit || (isObject(record['user']) && 'verb' in record));
  },
  keys: [['auditID', 'stage']],
  time: (record) => anyTime(record['requestReceivedTimestamp'] ?? record['stageTimestamp']),
  timeName: 'requestReceivedTimestamp',
  identity: (record) => joined(record, 'auditID', 'stage'),
  fields: [
    derived('account_id', 'Account in the ARN of the caller.', (record) => {
      return arnParts(firstText(record, ['user', 'extra', 'arn'])).account;
    }),
    text('audit_id', 'auditID', 'auditID: the same in all stages of a request.'),
    text('stage', 'stage', 'RequestReceived, ResponseStarted, ResponseComplete or Panic.'),
    text('level', 'level', 'Metadata, Request or RequestResponse: how much was logged.'),
    text('verb', 'verb', 'get, list, watch, create, update, patch, delete, ...'),
    text('request_uri', 'requestURI', 'requestURI.'),
    text('user_username', 'user.username', 'user.username: Kubernetes user.'),
    text('user_uid', 'user.uid', 'user.uid; of an IAM principal its account and id.'),
    json('user_groups', 'user.groups', 'user.groups as JSON.'),
    first('user_arn', 'user.extra.arn', 'user.extra.arn: IAM principal behind the user.'),
    first('access_key_id', 'user.extra.accessKeyId', 'user.extra.accessKeyId: joins CloudTrail.'),
    first('session_name', 'user.extra.sessionName', 'user.extra.sessionName of the role.'),
    text('impersonated_user', 'impersonatedUser.username', 'impersonatedUser.username.'),
    address(
      first('source_ip', 'sourceIPs', 'First of sourceIPs: the client as proxies report it.'),
    ),
    json('source_ips', 'sourceIPs', 'sourceIPs as JSON.'),
    text('user_agent', 'userAgent', 'userAgent.'),
    text('object_resource', 'objectRef.resource', 'objectRef.resource, such as pods or secrets.'),
    text('object_subresource', 'objectRef.subresource', 'objectRef.subresource, such as exec.'),
    text('object_namespace', 'objectRef.namespace', 'objectRef.namespace.'),
    text('object_name', 'objectRef.name', 'objectRef.name.'),
    text('object_api_group', 'objectRef.apiGroup', 'objectRef.apiGroup.'),
    integer('response_code', 'status', 'responseStatus.code', 'responseStatus.code: HTTP status.'),
    text('response_reason', 'responseStatus.reason', 'responseStatus.reason.'),
    text('response_message', 'responseStatus.message', 'responseStatus.message.'),
    annotation('authorization_decision', 'authorization.k8s.io/decision', 'allow or forbid.'),
    annotation('authorization_reason', 'authorization.k8s.io/reason', 'Which binding allowed it.'),
    time('stage_timestamp_us', 'stageTimestamp', 'stageTimestamp: when the stage was reached.'),
    json('request_object', 'requestObject', 'requestObject as JSON; it may hold secrets.'),
    json('response_object', 'responseObject', 'responseObject as JSON; it may hold secrets.'),
  ],
};

const EVENT = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: '0a1b2c3d-0001-4000-8000-000000000001',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/shop/secrets/db',
  verb: 'get',
  user: {
    username: 'web',
    uid: 'aws-iam-authenticator:111122223333:AROAEXAMPLE',
    groups: ['system:authenticated'],
    extra: {
      accessKeyId: ['ASIAIOSFODNN7EXAMPLE'],
      arn: ['arn:aws:sts::111122223333:assumed-role/web/i-0a1b2c3d4e5f60718'],
      sessionName: ['i-0a1b2c3d4e5f60718'],
    },
  },
  sourceIPs: ['198.51.100.7', '10.0.1.9'],
  userAgent: 'kubectl/v1.31',
  objectRef: { resource: 'secrets', namespace: 'shop', name: 'db', apiVersion: 'v1' },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2025-11-08T09:00:05.123456Z',
  stageTimestamp: '2025-11-08T09:00:05.130000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC' },
};

export const eks_audit: Source = {
  id: 'eks_audit',
  title: 'EKS audit logs',
  version: 2,
  clock: 'The API server’s clock, UTC, to the microsecond: when the request was received.',
  about: [
    'The Kubernetes audit log of EKS clusters (audit.k8s.io/v1 events): who asked the API server for what. EKS writes it to CloudWatch Logs, streams kube-apiserver-audit-*; read are its events as JSON lines, arrays, one after another and as an EventList.',
    'EKS sets the audit policy: reads of some resources are not logged, and bodies only of some. Events beyond 256 KB are dropped. One request may have an event for each stage: audit_id is the same. Events do not name the cluster. The authenticator and other control plane logs are not read.',
  ].join('\n\n'),
  references: [
    'Kubernetes documentation, "Auditing", and reference "kube-apiserver Audit Configuration (v1)"',
    'Amazon EKS User Guide, "Send control plane logs to CloudWatch Logs"',
  ],
  columns: columnsOf(
    'requestReceivedTimestamp: when the request came; stageTimestamp where that is missing.',
    FORMAT.fields,
  ),
  common: {
    actor: 'coalesce(user_arn, user_username)',
    action: 'verb',
    target:
      "coalesce(coalesce(object_namespace || '/', '') || object_resource || coalesce('/' || object_name, '') || coalesce('/' || object_subresource, ''), request_uri)",
    src_ip: 'source_ip',
    outcome:
      "CASE WHEN response_code < 400 THEN 'success' WHEN response_code >= 400 THEN 'failure' END",
  },
  indexes: [['source_ip'], ['access_key_id']],
  timeline: true,
  repeatsInFile: 'duplicate',
  inside: true,
  detect: (head) => detectJson(head, FORMAT),
  reader: (head) => jsonReader(head, FORMAT),
  sameText: canonicalRecord,
  samples: [
    {
      name: 'a secret that was read, a refused exec, an event list',
      path: 'audit',
      text: `${JSON.stringify(EVENT)}\n${JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [{ ...EVENT, auditID: 'b', verb: 'create', objectRef: { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'p' }, responseStatus: { code: 403, reason: 'Forbidden' } }] })}\n`,
      rows: [
        {
          time_us: 1_762_592_405_123_456,
          account_id: '111122223333',
          actor: 'arn:aws:sts::111122223333:assumed-role/web/i-0a1b2c3d4e5f60718',
          access_key_id: 'ASIAIOSFODNN7EXAMPLE',
          session_name: 'i-0a1b2c3d4e5f60718',
          action: 'get',
          target: 'shop/secrets/db',
          src_ip: '198.51.100.7',
          outcome: 'success',
          authorization_decision: 'allow',
        },
        { target: 'shop/pods/p/exec', outcome: 'failure', response_reason: 'Forbidden' },
      ],
    },
    {
      name: 'no time, a user agent that is no text, something else, a cut record',
      path: 'audit',
      text: [
        EVENT,
        { ...EVENT, requestReceivedTimestamp: 0, stageTimestamp: 'x' },
        { ...EVENT, auditID: 'c', requestReceivedTimestamp: 'x', stageTimestamp: 'x' },
        { ...EVENT, auditID: 'd', userAgent: {} },
        { apiVersion: 'v1', kind: 'Pod' },
      ]
        .map((event) => JSON.stringify(event))
        .concat(JSON.stringify(EVENT).slice(0, 120))
        .join('\n'),
      rows: [{}, { time_us: 0, stage_timestamp_us: null }, { user_agent: null }],
      rejects: ['bad_time', 'not_this_source', 'truncated'],
      anomalies: ['bad_value'],
    },
  ],
  example: {
    question: 'Who read secrets, and from where?',
    sql: "SELECT actor, source_ip, object_namespace, object_name, count(*) AS requests FROM eks_audit WHERE object_resource = 'secrets' AND verb IN ('get', 'list', 'watch') GROUP BY actor, source_ip, object_namespace, object_name ORDER BY requests DESC, actor, object_name LIMIT 20",
  },
};
