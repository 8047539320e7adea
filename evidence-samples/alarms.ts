/** GuardDuty's findings of the night, each with the keys, addresses and machines of the logs, and EC2's own events. */
import {
  ADDRESS,
  ANALYTICS,
  BUCKET,
  FAR,
  GLOBAL,
  HOME,
  HOST,
  KEY,
  PROD,
  ROLE,
  USER,
} from './cast.ts';
import { DETECTOR, DOMAIN, MORE } from './estate.ts';
import { MOMENT, at } from './night.ts';
import { guid, hexText, randomStream } from './random.ts';
import {
  cliJson,
  folder,
  isoMillis,
  jsonLines,
  plain,
  zipped,
  type SampleFile,
} from './sample-file.ts';
import { asText, isoSeconds, type JsonObject } from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('alarms');

/** The key that an AssumeRole at that moment gave out. */
export function issuedKey(world: World, when: number): string {
  const event = world.events.find(
    (one) => one.at === when && one.record['eventName'] === 'AssumeRole',
  );
  const response = event?.record['responseElements'] as { credentials: { accessKeyId: string } };
  return response.credentials.accessKeyId;
}

/** The key behind the console session without MFA. */
function consoleKey(world: World): string {
  const event = world.events.find(
    (one) =>
      one.record['sourceIPAddress'] === ADDRESS.attackerBrowser &&
      one.record['eventSource'] !== 'signin.amazonaws.com',
  );
  return (event?.record['userIdentity'] as { accessKeyId: string }).accessKeyId;
}

/** Moments at which the attacker became another role. */
export const ASSUMED = {
  deploy: at('17 23:31:09'),
  exportFirst: at('17 23:48:27'),
  exportSecond: at('18 00:29:55'),
} as const;

const remote = (ip: string): JsonObject => ({
  ipAddressV4: ip,
  country: { countryName: 'Netherlands' },
  city: { cityName: '' },
  organization: {
    asn: '64499',
    asnOrg: 'Example Hosting',
    isp: 'Example Hosting',
    org: 'Example Hosting',
  },
});

/** A version of a GuardDuty finding. */
interface Finding {
  readonly account: string;
  readonly region: string;
  readonly type: string;
  readonly severity: number;
  readonly title: string;
  readonly resource: JsonObject;
  readonly action: JsonObject;
  readonly role: 'TARGET' | 'ACTOR';
  readonly first: number;
  /** Time and count of each version. */
  readonly versions: readonly (readonly [seen: number, count: number])[];
}

const accessKey = (
  accessKeyId: string,
  principalId: string,
  userName: string,
  userType: string,
): JsonObject => ({
  resourceType: 'AccessKey',
  accessKeyDetails: { accessKeyId, principalId, userName, userType },
});

const apiCall = (api: string, service: string, ip: string): JsonObject => ({
  actionType: 'AWS_API_CALL',
  awsApiCallAction: {
    api,
    serviceName: `${service}.amazonaws.com`,
    callerType: 'Remote IP',
    remoteIpDetails: remote(ip),
    affectedResources: {},
  },
});

const instance = (
  details: { readonly instance: string; readonly eni: string },
  address: string,
  publicIp?: string,
): JsonObject => ({
  resourceType: 'Instance',
  instanceDetails: {
    instanceId: details.instance,
    networkInterfaces: [
      {
        networkInterfaceId: details.eni,
        privateIpAddress: address,
        ...(publicIp === undefined ? {} : { publicIp }),
      },
    ],
  },
});

function findings(world: World): readonly Finding[] {
  const ci = accessKey(USER.ci.key, USER.ci.id, USER.ci.name, 'IAMUser');
  const backup = accessKey(KEY.backup, USER.backup.id, USER.backup.name, 'IAMUser');
  const role = (name: 'deploy' | 'exportFirst' | 'exportSecond'): JsonObject => {
    const of = name === 'deploy' ? ROLE.deploy : ROLE.exportMaintenance;
    return accessKey(
      issuedKey(world, ASSUMED[name]),
      `${of.id}:gh-actions-9001`,
      of.name,
      'AssumedRole',
    );
  };
  const far = instance(HOST.far, ADDRESS.farPrivate, ADDRESS.farPublic);
  const outbound = (ip: string): JsonObject => ({
    actionType: 'NETWORK_CONNECTION',
    networkConnectionAction: {
      blocked: false,
      connectionDirection: 'OUTBOUND',
      protocol: 'TCP',
      localIpDetails: { ipAddressV4: ADDRESS.farPrivate },
      localPortDetails: { port: 41_022, portName: 'Unknown' },
      remoteIpDetails: remote(ip),
      remotePortDetails: { port: 443, portName: 'HTTPS' },
    },
  });
  return [
    {
      account: PROD,
      region: HOME,
      type: 'Recon:EC2/PortProbeUnprotectedPort',
      severity: 2,
      title: `Port 22 of instance ${HOST.bastion.instance} is being probed.`,
      resource: instance(HOST.bastion, HOST.bastion.address),
      action: {
        actionType: 'PORT_PROBE',
        portProbeAction: {
          blocked: true,
          portProbeDetails: [
            {
              localPortDetails: { port: 22, portName: 'SSH' },
              remoteIpDetails: remote(MORE.scanner),
            },
          ],
        },
      },
      role: 'TARGET',
      first: at('17 19:42:40'),
      versions: [
        [at('17 20:05:00'), 9],
        [at('17 22:15:00'), 37],
      ],
    },
    {
      account: PROD,
      region: HOME,
      type: 'Discovery:IAMUser/AnomalousBehavior',
      severity: 2,
      title: 'The user ci-deploy called discovery APIs in an unusual way.',
      resource: ci,
      action: apiCall('DescribeInstances', 'ec2', ADDRESS.attacker),
      role: 'TARGET',
      first: MOMENT.firstUse,
      versions: [
        [at('17 22:44:00'), 12],
        [at('17 22:50:00'), 64],
        [at('17 23:36:00'), 91],
      ],
    },
    {
      account: PROD,
      region: GLOBAL,
      type: 'Persistence:IAMUser/AnomalousBehavior',
      severity: 5,
      title: 'The user ci-deploy made credentials for svc-backup in an unusual way.',
      resource: ci,
      action: apiCall('CreateAccessKey', 'iam', ADDRESS.attacker),
      role: 'TARGET',
      first: at('17 23:07:12'),
      versions: [[at('17 23:09:40'), 2]],
    },
    {
      account: PROD,
      region: GLOBAL,
      type: 'UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B',
      severity: 5,
      title: 'The user svc-backup signed in to the console from an unusual place.',
      resource: accessKey(consoleKey(world), USER.backup.id, USER.backup.name, 'IAMUser'),
      action: apiCall('ConsoleLogin', 'signin', ADDRESS.attackerBrowser),
      role: 'TARGET',
      first: at('17 23:15:02'),
      versions: [[at('17 23:15:02'), 1]],
    },
    {
      account: PROD,
      region: GLOBAL,
      type: 'PrivilegeEscalation:IAMUser/AnomalousBehavior',
      severity: 5,
      title: 'The role deploy-pipeline attached AdministratorAccess in an unusual way.',
      resource: role('deploy'),
      action: apiCall('AttachUserPolicy', 'iam', ADDRESS.attacker),
      role: 'TARGET',
      first: at('17 23:32:15'),
      versions: [[at('17 23:32:15'), 1]],
    },
    {
      account: ANALYTICS,
      region: HOME,
      type: 'Exfiltration:S3/AnomalousBehavior',
      severity: 8,
      title: 'Objects were read from a bucket in an unusual way.',
      resource: {
        ...role('exportSecond'),
        resourceType: 'S3Bucket',
        s3BucketDetails: [
          {
            name: BUCKET.exports,
            arn: `arn:aws:s3:::${BUCKET.exports}`,
            type: 'Destination',
            owner: { id: '' },
          },
        ],
      },
      action: apiCall('GetObject', 's3', ADDRESS.farPublic),
      role: 'TARGET',
      first: MOMENT.copyStart,
      versions: [
        [at('18 00:46:00'), 41],
        [at('18 01:15:00'), 136],
      ],
    },
    {
      account: PROD,
      region: FAR,
      type: 'Behavior:EC2/TrafficVolumeUnusual',
      severity: 5,
      title: `Instance ${HOST.far.instance} sends unusually much to ${ADDRESS.drop}.`,
      resource: far,
      action: outbound(ADDRESS.drop),
      role: 'ACTOR',
      first: MOMENT.copyStart + 2000,
      versions: [
        [at('18 00:45:00'), 1],
        [at('18 01:15:00'), 3],
      ],
    },
    {
      account: PROD,
      region: FAR,
      type: 'Impact:EC2/SuspiciousDomainRequest.Reputation',
      severity: 2,
      title: `Instance ${HOST.far.instance} asks for ${DOMAIN.drop}.`,
      resource: far,
      action: {
        actionType: 'DNS_REQUEST',
        dnsRequestAction: { domain: DOMAIN.drop, protocol: 'UDP', blocked: false },
      },
      role: 'ACTOR',
      first: MOMENT.copyStart - 1000,
      versions: [[at('18 00:36:00'), 2]],
    },
    {
      account: PROD,
      region: HOME,
      type: 'Stealth:IAMUser/CloudTrailLoggingDisabled',
      severity: 2,
      title: 'CloudTrail trail main was disabled by svc-backup.',
      resource: backup,
      action: apiCall('StopLogging', 'cloudtrail', ADDRESS.attacker),
      role: 'TARGET',
      first: MOMENT.stopLogging,
      versions: [[MOMENT.stopLogging, 1]],
    },
    {
      account: PROD,
      region: HOME,
      type: 'UnauthorizedAccess:EC2/TorClient',
      severity: 8,
      title: '[SAMPLE] EC2 instance i-99999999 is communicating with a Tor entry node.',
      resource: instance(
        { instance: 'i-99999999', eni: 'eni-bfcffe88' },
        '172.31.0.5',
        '198.51.100.0',
      ),
      action: apiCall('GeneratedFindingAPIName', 'GeneratedFindingAPIServiceName', '198.51.100.0'),
      role: 'ACTOR',
      first: at('15 10:02:00'),
      versions: [[at('15 10:02:00'), 1]],
    },
  ];
}

/** One document a version, oldest first. */
function versionsOf(finding: Finding): JsonObject[] {
  const detector = DETECTOR[`${finding.account} ${finding.region}`] ?? '';
  const id = hexText(random, 32);
  const sample = finding.title.startsWith('[SAMPLE]');
  const created = (finding.versions[0]?.[0] ?? 0) + 5 * 60_000;
  return finding.versions.map(([seen, count]) => ({
    schemaVersion: '2.0',
    accountId: finding.account,
    region: finding.region,
    partition: 'aws',
    id,
    arn: `arn:aws:guardduty:${finding.region}:${finding.account}:detector/${detector}/finding/${id}`,
    type: finding.type,
    resource: finding.resource,
    service: {
      serviceName: 'guardduty',
      detectorId: detector,
      action: finding.action,
      resourceRole: finding.role,
      additionalInfo: { value: sample ? '{"sample":true}' : '{}', type: 'default' },
      eventFirstSeen: isoMillis(finding.first),
      eventLastSeen: isoMillis(seen),
      archived: false,
      count,
    },
    severity: finding.severity,
    createdAt: isoMillis(created),
    updatedAt: isoMillis(seen + 5 * 60_000),
    title: finding.title,
    description: finding.title,
  }));
}

const upper = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(upper);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      upper(inner),
    ]),
  );
};

/** GuardDuty in its three forms: the export, live events, and the answer of the API. */
function guardDuty(world: World): SampleFile[] {
  const all = findings(world).flatMap((finding) =>
    versionsOf(finding).map((version) => ({ ...finding, version })),
  );
  const places = [...new Set(all.map((one) => `${one.account} ${one.region}`))];
  const exported = places.map((place) => {
    const mine = all.filter((one) => `${one.account} ${one.region}` === place);
    const [account = '', region = ''] = place.split(' ');
    const when = at('18 02:00:00');
    return zipped(
      `harborline-guardduty/AWSLogs/${account}/GuardDuty/${region}/${folder(when)}/${guid(random)}.jsonl.gz`,
      jsonLines(mine.map((one) => one.version)),
    );
  });
  const events = all
    .filter((one) => one.severity >= 5 && !one.title.startsWith('[SAMPLE]'))
    .map(({ account, region, version }) => ({
      version: '0',
      id: guid(random),
      'detail-type': 'GuardDuty Finding',
      source: 'aws.guardduty',
      account,
      time: asText(version['updatedAt']).replace(/\.\d+Z/, 'Z'),
      region,
      resources: [],
      detail: version,
    }));
  const listed = all
    .filter((one) => one.region === HOME && one.account === PROD)
    .filter((one, i, mine) => mine[i + 1]?.version['id'] !== one.version['id'])
    .map((one) => upper(one.version));
  return [
    ...exported,
    plain('harborline-ir-workspace/eventbridge/guardduty.jsonl', jsonLines(events)),
    plain(
      'harborline-ir-workspace/guardduty/get-findings-eu-west-1.json',
      cliJson({ Findings: listed }),
    ),
  ];
}

/** EventBridge's own events: the instance's life, from another archive. */
function stateChanges(): SampleFile {
  const changes = (
    [
      ['pending', at('18 00:23:55')],
      ['running', MOMENT.instanceUp],
      ['shutting-down', at('18 01:31:21')],
      ['terminated', at('18 01:32:07')],
    ] as const
  ).map(([state, when]) =>
    JSON.stringify({
      version: '0',
      id: guid(random),
      'detail-type': 'EC2 Instance State-change Notification',
      source: 'aws.ec2',
      account: PROD,
      time: isoSeconds(when),
      region: FAR,
      resources: [`arn:aws:ec2:${FAR}:${PROD}:instance/${HOST.far.instance}`],
      detail: { 'instance-id': HOST.far.instance, state },
    }),
  );
  // Firehose writes no line feeds between them.
  return zipped('harborline-ir-workspace/eventbridge/ec2-state-changes.gz', changes.join(''));
}

/** Files of the watching services. */
export function alarmFiles(world: World): SampleFile[] {
  return [...guardDuty(world), stateChanges()];
}
