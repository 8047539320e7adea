/** What lay in two queues that nobody emptied that night: the alarm, and a change of the web site's script. */
import { createHash } from 'node:crypto';
import { ADDRESS, BUCKET, HOME, PROD } from './cast.ts';
import { STRANGER } from './estate.ts';
import { MOMENT, at } from './night.ts';
import { guid, hexText, randomStream } from './random.ts';
import { cliJson, isoMillis, plain, type SampleFile } from './sample-file.ts';
import { isoSeconds, type Json, type JsonObject } from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('messages');
const TOPIC = `arn:aws:sns:${HOME}:${PROD}:security-alarms`;

/** A message as `aws sqs receive-message --attribute-names All` prints it. */
function received(when: number, sender: string, body: string): JsonObject {
  return {
    MessageId: guid(random),
    ReceiptHandle: `AQEB${hexText(random, 40)}`,
    MD5OfBody: createHash('md5').update(body).digest('hex'),
    Body: body,
    Attributes: {
      SenderId: sender,
      ApproximateFirstReceiveTimestamp: String(at('18 06:41:09')),
      ApproximateReceiveCount: '1',
      SentTimestamp: String(when),
    },
  };
}

/** The same message once more: SQS delivers at least once, by another handle each time. */
function again(message: JsonObject): JsonObject {
  return { ...message, ReceiptHandle: `AQEB${hexText(random, 40)}` };
}

/** A notification of the topic, as it lies in the queue that subscribed to it. */
function alarm(when: number, Subject: string | undefined, Message: string): JsonObject {
  const sent = when + random.int(300, 900);
  const notification = {
    Type: 'Notification',
    MessageId: guid(random),
    TopicArn: TOPIC,
    ...(Subject === undefined ? {} : { Subject }),
    Message,
    Timestamp: isoMillis(sent),
    SignatureVersion: '1',
    Signature: `${hexText(random, 342)}==`,
    SigningCertURL: `https://sns.${HOME}.amazonaws.com/SimpleNotificationService-${hexText(random, 32)}.pem`,
  };
  return received(sent + 71, 'AIDAIT2UOQQY3AUEKVGXU', JSON.stringify(notification));
}

function event(detailType: string, when: number, source: string, detail: Json): JsonObject {
  return {
    version: '0',
    id: guid(random),
    'detail-type': detailType,
    source,
    account: PROD,
    time: isoSeconds(when),
    region: HOME,
    resources: [],
    detail,
  };
}

/** Queue `security-alarms`: the alarm on refusals, and rule `ct-stop`, which nobody read before 06:41. */
function securityAlarms(world: World): SampleFile {
  const refusals = (when: number, NewStateValue: string, OldStateValue: string): JsonObject =>
    alarm(
      when,
      `${NewStateValue}: "unauthorized-api-calls" in EU (Ireland)`,
      JSON.stringify({
        AlarmName: 'unauthorized-api-calls',
        AWSAccountId: PROD,
        NewStateValue,
        OldStateValue,
        StateChangeTime: isoMillis(when).replace('Z', '+0000'),
        Region: 'EU (Ireland)',
        Trigger: { MetricName: 'UnauthorizedAttempts', Namespace: 'CloudTrail', Threshold: 10 },
      }),
    );
  const stopped = world.events
    .filter(
      ({ account, at: when, record }) =>
        account === PROD &&
        when >= MOMENT.firstUse &&
        when <= MOMENT.stopLogging &&
        record['eventSource'] === 'cloudtrail.amazonaws.com' &&
        record['readOnly'] === false,
    )
    .sort((a, b) => a.at - b.at)
    .map(({ at: when, record }) =>
      alarm(
        when + 11_000,
        undefined,
        JSON.stringify(event('AWS API Call via CloudTrail', when, 'aws.cloudtrail', record)),
      ),
    );
  const messages = [
    refusals(at('17 22:47:21'), 'ALARM', 'OK'),
    refusals(at('17 23:27:21'), 'OK', 'ALARM'),
    ...stopped,
  ];
  return plain(
    'harborline-ir-workspace/messages/receive-message-security-alarms.json',
    cliJson({ Messages: [...messages, again(messages.at(-1) ?? {})] }),
  );
}

/** Queue `site-changes`: EventBridge tells of each object that is written to the web site's bucket, and who wrote it. */
function siteChanges(world: World): SampleFile {
  const line = world.lines.find((one) => one.text.includes('js/checkout.js'));
  const request = / ([0-9A-Z]{16}) REST\.PUT\.OBJECT/.exec(line?.text ?? '')?.[1];
  if (line === undefined || request === undefined) throw new Error('the planted script is missing');
  const written = {
    version: '0',
    bucket: { name: BUCKET.site },
    object: {
      key: 'js/checkout.js',
      size: 48_211,
      etag: hexText(random, 32),
      sequencer: `00${hexText(random, 16).toUpperCase()}`,
    },
    'request-id': request,
    requester: STRANGER,
    'source-ip-address': ADDRESS.drop,
    reason: 'PutObject',
  };
  const message = received(
    line.at + 1480,
    'AIDAJXNJGGKNS7OSV23OI',
    JSON.stringify({
      ...event('Object Created', line.at, 'aws.s3', written),
      resources: [`arn:aws:s3:::${BUCKET.site}`],
    }),
  );
  return plain(
    'harborline-ir-workspace/messages/receive-message-site-changes.json',
    cliJson({ Messages: [message] }),
  );
}

/** Files with messages. */
export function messageFiles(world: World): SampleFile[] {
  return [securityAlarms(world), siteChanges(world)];
}
