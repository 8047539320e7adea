/** What lies in tables rather than lines: CloudTrail Lake, Security Lake, and Parquet that AWS itself writes. */
import { createHash } from 'node:crypto';
import { ADDRESS, AGENT, ANALYTICS, BUCKET, FAR, HOME, HOST, KEY, PROD, USER } from './cast.ts';
import { DOMAIN, MORE, STRANGER } from './estate.ts';
import { at } from './night.ts';
import { parquet } from './parquet.ts';
import { guid, hexText, randomStream, resourceId } from './random.ts';
import { jsonLines, lines, plain, zipped, type SampleFile } from './sample-file.ts';
import { isoSeconds } from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('lakes');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A saved query of CloudTrail Lake: the trail was off, the event data store was not. */
function trailLake(world: World): SampleFile[] {
  const line = world.lines.find((one) => one.text.includes('js/checkout.js'));
  const request = / ([0-9A-Z]{16}) REST\.PUT\.OBJECT/.exec(line?.text ?? '')?.[1];
  if (line === undefined || request === undefined) throw new Error('the planted script is missing');
  const place = `harborline-ir-workspace/AWSLogs/${PROD}/CloudTrail-Lake/Query/2026/09/18/${guid(random)}`;
  const head =
    'eventversion,useridentity,eventtime,eventsource,eventname,awsregion,sourceipaddress,useragent,requestparameters,additionaleventdata,requestid,eventid,readonly,resources,recipientaccountid,eventcategory';
  const row = [
    '1.11',
    `"{type=AWSAccount, principalid=AIDAQ3EGEXAMPLESTRANGE:cdn, accountid=${STRANGER}}"`,
    `${isoSeconds(line.at).replace('T', ' ').slice(0, 19)}.000`,
    's3.amazonaws.com',
    'PutObject',
    HOME,
    ADDRESS.drop,
    `"[${AGENT.attackerBoto}]"`,
    `"{bucketName=${BUCKET.site}, key=js/checkout.js}"`,
    '"{bytesTransferredIn=48211}"',
    request,
    guid(random),
    'false',
    `"[{accountid=${PROD}, type=AWS::S3::Bucket, arn=arn:aws:s3:::${BUCKET.site}}]"`,
    PROD,
    'Data',
  ].join(',');
  const result = zipped(`${place}/result_1.csv.gz`, lines([head, row]));
  return [
    result,
    plain(
      `${place}/result_sign.json`,
      JSON.stringify({
        version: '1.0',
        region: HOME,
        files: [{ fileHashValue: sha256(result.bytes), fileName: 'result_1.csv.gz' }],
        hashAlgorithm: 'SHA-256',
        signatureAlgorithm: 'SHA256withRSA',
        queryCompleteTime: isoSeconds(at('18 09:14:20')),
        hashSignature: hexText(random, 512),
        publicKeyFingerprint: hexText(random, 32),
      }),
    ),
  ];
}

/** What a subscriber of Security Lake asked for: calls, traffic and names in sa-east-1, in OCSF. */
function securityLake(world: World): SampleFile {
  const refused = world.events.find(
    ({ region, record }) =>
      region === FAR && record['eventName'] === 'RunInstances' && record['errorCode'] !== undefined,
  );
  if (refused === undefined) throw new Error('the refused instance is missing');
  const when = at('18 00:31:04');
  const product = (name: string): object => ({
    metadata: { product: { name, vendor_name: 'AWS' }, version: '1.1.0' },
    cloud: { account: { uid: PROD }, region: FAR, provider: 'AWS' },
    severity_id: 1,
  });
  return plain(
    `harborline-security-lake/export/region=${FAR}/accountId=${PROD}/eventDay=20260918/subscriber.jsonl`,
    jsonLines([
      {
        ...product('CloudTrail'),
        time: refused.at,
        class_uid: 6003,
        class_name: 'API Activity',
        category_uid: 6,
        activity_id: 1,
        activity_name: 'Create',
        api: {
          operation: 'RunInstances',
          service: { name: 'ec2.amazonaws.com' },
          response: { error: refused.record['errorCode'], message: refused.record['errorMessage'] },
        },
        actor: {
          user: {
            type: 'IAMUser',
            name: USER.backup.name,
            uid: `arn:aws:iam::${PROD}:user/${USER.backup.name}`,
            credential_uid: KEY.backup,
          },
        },
        src_endpoint: { ip: ADDRESS.attacker },
        http_request: { user_agent: AGENT.attackerCli },
        status: 'Failure',
        status_id: 2,
      },
      {
        ...product('Route 53'),
        time: when,
        class_uid: 4003,
        class_name: 'DNS Activity',
        category_uid: 4,
        activity_name: 'Query',
        src_endpoint: {
          ip: ADDRESS.farPrivate,
          instance_uid: HOST.far.instance,
          vpc_uid: HOST.far.vpc,
        },
        query: { hostname: `${DOMAIN.drop}.`, type: 'A', class: 'IN' },
        answers: [{ type: 'A', rdata: ADDRESS.drop }],
        rcode: 'NOERROR',
      },
      {
        ...product('Amazon VPC'),
        time: when + 3000,
        start_time: when + 3000,
        end_time: when + 60_000,
        class_uid: 4001,
        class_name: 'Network Activity',
        category_uid: 4,
        activity_name: 'Traffic',
        src_endpoint: { ip: ADDRESS.farPrivate, port: 41_022, interface_uid: HOST.far.eni },
        dst_endpoint: { ip: ADDRESS.drop, port: 443 },
        connection_info: { protocol_num: 6, tcp_flags: 3, direction: 'Outbound' },
        traffic: { bytes: 14_213_300, packets: 10_009 },
        disposition: 'Allowed',
      },
    ]),
  );
}

/** Flow logs of the analytics account, as Parquet under Hive-compatible prefixes. */
function analyticsFlows(): SampleFile {
  const eni = resourceId(random, 'eni');
  const flow = resourceId(random, 'fl');
  const rows = [14, 15, 16, 17, 18].flatMap((day) => {
    const start = at(`${String(day)} 01:30:20`) / 1000;
    const port = random.int(32_768, 60_999);
    return (
      [
        [ADDRESS.database, MORE.analyticsLambda, 5432, port, random.int(150_000_000, 190_000_000)],
        [MORE.analyticsLambda, ADDRESS.s3, port + 1, 443, random.int(170_000_000, 200_000_000)],
      ] as const
    ).map(([srcaddr, dstaddr, srcport, dstport, bytes]) => ({
      version: 2,
      account_id: ANALYTICS,
      interface_id: eni,
      srcaddr,
      dstaddr,
      srcport,
      dstport,
      protocol: 6,
      packets: BigInt(Math.ceil(bytes / 1400)),
      bytes: BigInt(bytes),
      start: BigInt(start),
      end: BigInt(start + 58),
      action: 'ACCEPT',
      log_status: 'OK',
    }));
  });
  return plain(
    `harborline-analytics-flow-logs/AWSLogs/aws-account-id=${ANALYTICS}/aws-service=vpcflowlogs/aws-region=${HOME}/year=2026/month=09/day=18/hour=01/${ANALYTICS}_vpcflowlogs_${HOME}_${flow}_20260918T0135Z_${hexText(random, 8)}.log.parquet`,
    parquet(rows),
  );
}

/** The script that was planted, as CloudFront served it to customers in the morning: version 2 of its logs. */
function servedScript(): SampleFile {
  const rows = ['18 05:12:40', '18 06:31:02', '18 07:44:19', '18 08:20:55'].map((when, i) => ({
    date: isoSeconds(at(when)).slice(0, 10),
    time: isoSeconds(at(when)).slice(11, 19),
    'x-edge-location': 'DUB56-P1',
    'sc-bytes': '48903',
    'c-ip': `198.51.100.${String(131 + i * 7)}`,
    'cs-method': 'GET',
    'cs(Host)': 'd222222abcdef8.cloudfront.net',
    'cs-uri-stem': '/js/checkout.js',
    'sc-status': '200',
    'cs(User-Agent)': encodeURI(AGENT.chrome),
    'x-edge-result-type': 'Miss',
    'x-edge-request-id': `${hexText(random, 52)}==`,
    'x-host-header': DOMAIN.www,
    'cs-protocol': 'https',
    'time-taken': '0.041',
  }));
  return plain(
    `harborline-cloudfront-logs/AWSLogs/aws-account-id=${PROD}/CloudFront/DistributionId=E3HARBORPAY01/year=2026/month=09/day=18/${hexText(random, 12)}.parquet`,
    parquet(rows),
  );
}

/** Files that are tables. */
export function lakeFiles(world: World): SampleFile[] {
  return [...trailLake(world), securityLake(world), analyticsFlows(), servedScript()];
}
