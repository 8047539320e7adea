/** Cuts the world into the files that AWS and the responder would have left. */
import { createHash } from 'node:crypto';
import { ANALYTICS, BUCKET, FAR, FLOW_LOG, GLOBAL, HOME, HOST, PROD, TRAIL } from './cast.ts';
import { digests, publicKeyList, type DeliveredLog } from './digests.ts';
import { MOMENT } from './night.ts';
import { FLOW_FIELDS } from './estate.ts';
import { furtherFiles } from './further.ts';
import { fileToken, guid, hexText, randomStream } from './random.ts';
import { folder, plain, stampMinute, zipped, type SampleFile } from './sample-file.ts';
import { asText, isoSeconds, type Json, type JsonObject, type TrailEvent } from './trail.ts';
import type { Flow, World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const random = randomStream('files');

/** Groups by a key, keeping the order of first appearance. */
function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** True where a trail was recording: the production trail was off for part of the night. */
function recorded(event: TrailEvent): boolean {
  return (
    event.account !== PROD || event.at <= MOMENT.stopLogging || event.at >= MOMENT.startLogging
  );
}

/** Hourly files on quiet days, a file a quarter of an hour from the noon before the intrusion. */
function windowOf(at: number): number {
  return at < MOMENT.firstUse - 11 * HOUR ? HOUR : 15 * MINUTE;
}

function trailLogs(world: World): DeliveredLog[] {
  const events = world.events.filter(recorded);
  const groups = groupBy(events, (event) => {
    const size = windowOf(event.at);
    return [event.account, event.region, Math.floor(event.at / size) * size + size].join(' ');
  });
  return [...groups.values()].map((group) => {
    const [first] = group as [TrailEvent];
    const size = windowOf(first.at);
    const delivered = Math.floor(first.at / size) * size + size + random.int(40, 280) * 1000;
    const { account, region } = first;
    const key = `AWSLogs/${account}/CloudTrail/${region}/${folder(delivered)}/${account}_CloudTrail_${region}_${stampMinute(delivered)}_${fileToken(random)}.json.gz`;
    // Files are not in order of time: several front ends write them.
    const records = random.shuffle(group).map((event) => event.record);
    const times = group.map((event) => event.at);
    return {
      account,
      region,
      bucket: BUCKET.trail,
      key,
      delivered,
      oldest: Math.min(...times),
      newest: Math.max(...times),
      text: Buffer.from(JSON.stringify({ Records: records })),
    };
  });
}

/** Digests of both trails up to the last full hour, with the object metadata that carries their signatures. */
function digestFiles(logs: readonly DeliveredLog[]): SampleFile[] {
  const on = Date.UTC(2026, 8, 17, 11, 50, 20);
  const restart = MOMENT.startLogging + 26_000;
  const prod = { account: PROD, trail: TRAIL.prod, homeRegion: HOME, bucket: BUCKET.trail };
  const chains = [
    ...[HOME, GLOBAL, FAR].flatMap((region) => [
      { ...prod, region, start: on, stop: MOMENT.stopLogging },
      { ...prod, region, start: restart, stop: MOMENT.end - HOUR },
    ]),
    {
      ...prod,
      account: ANALYTICS,
      trail: TRAIL.analytics,
      region: HOME,
      start: on + 91_000,
      stop: MOMENT.end - HOUR,
    },
  ];
  return chains
    .flatMap((chain) => digests(chain, logs))
    .flatMap((digest) => {
      const path = `${digest.bucket}/${digest.key}`;
      const file = zipped(path, digest.text);
      const head: JsonObject = {
        AcceptRanges: 'bytes',
        LastModified: isoSeconds(digest.end + random.int(150, 420) * 1000).replace('Z', '+00:00'),
        ContentLength: file.bytes.length,
        ETag: `"${createHash('md5').update(file.bytes).digest('hex')}"`,
        ContentEncoding: 'gzip',
        ContentType: 'application/json',
        ServerSideEncryption: 'AES256',
        Metadata: { signature: digest.signature, 'signature-algorithm': 'SHA256withRSA' },
      };
      return [file, plain(`${path}.metadata.json`, `${JSON.stringify(head, null, 4)}\n`)];
    });
}

/** A burst of refusals, as CloudTrail Insights reports it: where it starts and where it ends. */
function insightFile(): SampleFile {
  const shared = guid(random);
  const delivered = Date.UTC(2026, 8, 17, 23, 14, 2);
  const statistics = { baseline: { average: 0.0104 }, insight: { average: 6.2 } };
  const record = (state: 'Start' | 'End', at: number): JsonObject => ({
    eventVersion: '1.11',
    eventTime: isoSeconds(at),
    awsRegion: HOME,
    eventID: guid(random),
    eventType: 'AwsCloudTrailInsight',
    recipientAccountId: PROD,
    sharedEventID: shared,
    insightDetails: {
      state,
      eventSource: 's3.amazonaws.com',
      eventName: 'GetBucketPolicy',
      insightType: 'ApiErrorRateInsight',
      errorCode: 'AccessDenied',
      insightContext: {
        statistics:
          state === 'Start'
            ? statistics
            : { ...statistics, insightDuration: 2, baselineDuration: 10_080 },
        attributions: [
          {
            attribute: 'userIdentityArn',
            insight: [{ value: `arn:aws:iam::${PROD}:user/ci-deploy`, average: 6.2 }],
            baseline: [{ value: `arn:aws:iam::${PROD}:user/lena.vogt`, average: 0.0104 }],
          },
        ],
      },
    },
    eventCategory: 'Insight',
  });
  const key = `AWSLogs/${PROD}/CloudTrail-Insight/${HOME}/${folder(delivered)}/${PROD}_CloudTrail-Insight_${HOME}_${stampMinute(delivered)}_${fileToken(random)}.json.gz`;
  const Records = [
    record('Start', MOMENT.firstUse + 73_000),
    record('End', MOMENT.firstUse + 193_000),
  ];
  return zipped(`${BUCKET.trail}/${key}`, Buffer.from(JSON.stringify({ Records })));
}

const field = (value: Json | undefined, name: string): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)[name]
    : undefined;

/** What `aws cloudtrail lookup-events` printed on the morning after: event history has no gap. */
function lookupFile(world: World, region: string): SampleFile {
  const from = Date.UTC(2026, 8, 18);
  const Events = world.events
    .filter(
      (event) =>
        event.account === PROD &&
        event.region === region &&
        !event.data &&
        event.at >= from &&
        event.at < MOMENT.end,
    )
    .sort((a, b) => b.at - a.at)
    .map(({ record }) => ({
      EventId: record['eventID'],
      EventName: record['eventName'],
      ReadOnly: record['readOnly'] === true ? 'true' : 'false',
      AccessKeyId: asText(field(record['userIdentity'], 'accessKeyId')),
      // The responder's laptop stood in Dublin: summer time.
      EventTime: `${isoSeconds(Date.parse(asText(record['eventTime'])) + HOUR).slice(0, 19)}+01:00`,
      EventSource: record['eventSource'],
      Username: asText(field(record['userIdentity'], 'userName')),
      Resources: [],
      CloudTrailEvent: JSON.stringify(record),
    }));
  return plain(
    `${BUCKET.responder}/lookup-events/${PROD}_${region}.json`,
    `${JSON.stringify({ Events }, null, 4)}\n`,
  );
}

/** An archive rule for sign-ins and IAM changes; EventBridge writes the members of a record in its own order. */
function eventBridgeFile(world: World): SampleFile {
  const lines = world.events
    .filter(
      ({ account, at, record }) =>
        account === PROD &&
        at >= MOMENT.firstUse &&
        recorded({ account, at } as TrailEvent) &&
        record['readOnly'] === false &&
        ['iam.amazonaws.com', 'signin.amazonaws.com'].includes(asText(record['eventSource'])),
    )
    .sort((a, b) => a.at - b.at)
    .map(({ record }) => {
      const signIn = record['eventSource'] === 'signin.amazonaws.com';
      const detail = Object.fromEntries(
        Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      return JSON.stringify({
        version: '0',
        id: guid(random),
        'detail-type': signIn
          ? 'AWS Console Sign In via CloudTrail'
          : 'AWS API Call via CloudTrail',
        source: signIn ? 'aws.signin' : 'aws.iam',
        account: PROD,
        time: record['eventTime'],
        region: GLOBAL,
        resources: [],
        detail,
      });
    });
  return plain(`${BUCKET.responder}/eventbridge/iam-and-sign-in.jsonl`, `${lines.join('\n')}\n`);
}

/** Server access logs: the exports bucket with the simple prefix, the web site with the partitioned one. */
function accessLogs(world: World): SampleFile[] {
  const groups = groupBy(
    [...world.lines].sort((a, b) => a.at - b.at),
    (line) =>
      `${line.bucket} ${String(Math.floor(line.at / (line.bucket === BUCKET.exports ? HOUR : 12 * HOUR)))}`,
  );
  return [...groups.values()].map((group) => {
    const bucket = group[0]?.bucket ?? '';
    const delivered = Math.max(...group.map((line) => line.at)) + random.int(600, 2400) * 1000;
    const name = `${isoSeconds(delivered).replace('T', '-').replaceAll(':', '-').slice(0, 19)}-${hexText(random, 16).toUpperCase()}`;
    const key =
      bucket === BUCKET.exports
        ? `${bucket}/${name}`
        : `${PROD}/${HOME}/${bucket}/${folder(delivered)}/${name}`;
    return plain(`${BUCKET.access}/${key}`, group.map((line) => `${line.text}\n`).join(''));
  });
}

function flowText(fields: string, flow: Flow): string {
  const s3 = '192.0.2.200';
  const values: Readonly<Record<string, string | number>> = {
    version: fields === FLOW_FIELDS.home ? 2 : 5,
    'account-id': PROD,
    'interface-id': flow.eni,
    'instance-id': flow.instance,
    'vpc-id': HOST.far.vpc,
    'subnet-id': HOST.far.subnet,
    srcaddr: flow.source,
    dstaddr: flow.target,
    srcport: flow.sourcePort,
    dstport: flow.targetPort,
    protocol: 6,
    packets: flow.packets,
    bytes: flow.bytes,
    start: flow.start,
    end: flow.end,
    action: flow.action,
    'log-status': 'OK',
    'tcp-flags': flow.flags,
    type: 'IPv4',
    'pkt-srcaddr': flow.source,
    'pkt-dstaddr': flow.target,
    region: flow.region,
    'az-id': 'sae1-az1',
    'pkt-src-aws-service': flow.source === s3 ? 'S3' : '-',
    'pkt-dst-aws-service': flow.target === s3 ? 'S3' : '-',
    'flow-direction': flow.direction,
    'traffic-path': flow.direction === 'egress' ? 8 : '-',
  };
  return fields
    .split(' ')
    .map((name) => String(values[name] ?? '-'))
    .join(' ');
}

/** VPC flow logs: the default format at home, a custom version 5 format in the region the attacker chose. */
function flowLogs(world: World): SampleFile[] {
  const groups = groupBy(
    [...world.flows].sort((a, b) => a.start - b.start),
    (flow) =>
      `${flow.region} ${String(Math.floor(flow.start / (flow.region === HOME ? 6 * 3600 : 900)))}`,
  );
  return [...groups.values()].map((group) => {
    const [first] = group as [Flow];
    const home = first.region === HOME;
    const period = home ? 6 * 3600 : 900;
    const delivered = (Math.floor(first.start / period) * period + period + 300) * 1000;
    const rows = group.map((flow) => flowText(home ? FLOW_FIELDS.home : FLOW_FIELDS.far, flow));
    // A window in which the bastion saw nothing, as flow logs say it.
    if (home)
      rows.push(
        `2 ${PROD} ${HOST.bastion.eni} - - - - - - - ${String(first.start)} ${String(first.start + 59)} - NODATA`,
      );
    const key = `AWSLogs/${PROD}/vpcflowlogs/${first.region}/${folder(delivered)}/${PROD}_vpcflowlogs_${first.region}_${home ? FLOW_LOG.home : FLOW_LOG.far}_${stampMinute(delivered)}_${hexText(random, 8)}.log.gz`;
    return zipped(
      `${BUCKET.flow}/${key}`,
      Buffer.from(`${[home ? FLOW_FIELDS.home : FLOW_FIELDS.far, ...rows].join('\n')}\n`),
    );
  });
}

/** What no source reads, and two downloads that stopped half way. */
function oddFiles(logs: readonly SampleFile[], access: readonly SampleFile[]): SampleFile[] {
  const name = (file: SampleFile): string => file.path.split('/').at(-1) ?? '';
  const log = logs
    .filter((file) => file.path.includes(`${ANALYTICS}_CloudTrail_${HOME}_20260918T00`))
    .at(-1);
  const lines = access.find((file) => file.path.includes(`${BUCKET.exports}/2026-09-18-0`));
  if (log === undefined || lines === undefined)
    throw new Error('the story lost the files that are cut short');
  const notes = `Harborline Parcel, incident of 18 September 2026
Responder's notes. Not a log: kept with the evidence all the same.

06:41Z  alert "CloudTrail logging stopped" (rule ct-stop) was read, five hours late
07:04Z  trail is on again (Amara)
07:11Z  key of ci-deploy set inactive
08:41Z  support-lens: nobody here made that user. Key set inactive.
09:30Z  event history of three regions saved with lookup-events
        two downloads broke off (hotel network): see partial/

Lena, same morning, on the machines:
08:31Z  WIN-DISPATCH01 looked at, orders-1 blocked there: see the transcript
09:06Z  orders-1 stopped for an image of its disk
`;
  return [
    plain(`${BUCKET.responder}/notes.txt`, notes),
    plain(`${BUCKET.responder}/public-keys.json`, publicKeyList([HOME, GLOBAL, FAR])),
    {
      path: `${BUCKET.responder}/partial/${name(log)}`,
      text: log.text,
      bytes: log.bytes.subarray(0, Math.floor(log.bytes.length * 0.6)),
    },
    plain(`${BUCKET.responder}/partial/${name(lines)}`, lines.text.toString().slice(0, 3000)),
  ];
}

/** All files of the mirror, sorted by path. */
export function mirrorFiles(world: World): SampleFile[] {
  const logs = trailLogs(world);
  const logFiles = logs.map((log) => zipped(`${log.bucket}/${log.key}`, log.text));
  const access = accessLogs(world);
  return [
    ...logFiles,
    ...digestFiles(logs),
    insightFile(),
    ...access,
    ...flowLogs(world),
    ...[HOME, GLOBAL, FAR].map((region) => lookupFile(world, region)),
    eventBridgeFile(world),
    ...oddFiles(logFiles, access),
    ...furtherFiles(world),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}
