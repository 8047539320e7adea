/** AWS Config: how resources stood before and after, and what its rules thought of it. */
import {
  ADDRESS,
  ANALYTICS,
  BUCKET,
  FAR,
  FLOW_LOG,
  GLOBAL,
  HOME,
  HOST,
  PROD,
  TRAIL,
  USER,
} from './cast.ts';
import { SITE_POLICY } from './backdoors.ts';
import { at } from './night.ts';
import { guid, randomStream } from './random.ts';
import {
  cliJson,
  folder,
  isoMillis,
  jsonLines,
  plain,
  stamp,
  zipped,
  type SampleFile,
} from './sample-file.ts';
import { asText, isoSeconds, type Json, type JsonObject } from './trail.ts';

const random = randomStream('config');

interface Relation {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly name: string;
}

/** One configuration item. */
function item(
  when: number,
  region: string,
  resourceType: string,
  resourceId: string,
  ARN: string,
  configuration: Json,
  more: JsonObject = {},
): JsonObject {
  return {
    relatedEvents: [],
    relationships: [],
    configuration,
    supplementaryConfiguration: {},
    tags: {},
    configurationItemVersion: '1.3',
    configurationItemCaptureTime: isoMillis(when),
    configurationStateId: when,
    awsAccountId: PROD,
    configurationItemStatus: 'OK',
    resourceType,
    resourceId,
    resourceName: resourceId,
    ARN,
    awsRegion: region,
    availabilityZone: 'Regional',
    configurationStateMd5Hash: '',
    ...more,
  };
}

const gone = { configurationItemStatus: 'ResourceDeleted' } as const;
const discovered = { configurationItemStatus: 'ResourceDiscovered' } as const;

const group = (when: number, rules: readonly Json[], more: JsonObject = {}): JsonObject =>
  item(
    when,
    FAR,
    'AWS::EC2::SecurityGroup',
    HOST.far.group,
    `arn:aws:ec2:${FAR}:${PROD}:security-group/${HOST.far.group}`,
    'configurationItemStatus' in more && more['configurationItemStatus'] === 'ResourceDeleted'
      ? null
      : {
          groupId: HOST.far.group,
          groupName: 'sp-1',
          description: 'sp',
          vpcId: HOST.far.vpc,
          ipPermissions: rules,
          ipPermissionsEgress: [{ ipProtocol: '-1', ipRanges: ['0.0.0.0/0'] }],
        },
    {
      relationships: [
        { resourceType: 'AWS::EC2::VPC', resourceId: HOST.far.vpc, name: 'Is contained in Vpc' },
      ],
      ...more,
    },
  );

const instanceItem = (when: number, state: string, more: JsonObject = {}): JsonObject =>
  item(
    when,
    FAR,
    'AWS::EC2::Instance',
    HOST.far.instance,
    `arn:aws:ec2:${FAR}:${PROD}:instance/${HOST.far.instance}`,
    state === ''
      ? null
      : {
          instanceId: HOST.far.instance,
          instanceType: 'c6i.xlarge',
          imageId: HOST.far.image,
          keyName: 'sp-1',
          privateIpAddress: ADDRESS.farPrivate,
          publicIpAddress: ADDRESS.farPublic,
          state: { name: state },
        },
    {
      availabilityZone: 'sa-east-1a',
      relationships: [
        {
          resourceType: 'AWS::EC2::NetworkInterface',
          resourceId: HOST.far.eni,
          name: 'Contains NetworkInterface',
        },
        {
          resourceType: 'AWS::EC2::SecurityGroup',
          resourceId: HOST.far.group,
          name: 'Is associated with SecurityGroup',
        },
        {
          resourceType: 'AWS::EC2::Subnet',
          resourceId: HOST.far.subnet,
          name: 'Is contained in Subnet',
        },
        { resourceType: 'AWS::EC2::VPC', resourceId: HOST.far.vpc, name: 'Is contained in Vpc' },
      ] satisfies readonly Relation[] as unknown as Json,
      ...more,
    },
  );

const interfaceItem = (when: number, more: JsonObject = {}): JsonObject =>
  item(
    when,
    FAR,
    'AWS::EC2::NetworkInterface',
    HOST.far.eni,
    `arn:aws:ec2:${FAR}:${PROD}:network-interface/${HOST.far.eni}`,
    more['configurationItemStatus'] === 'ResourceDeleted'
      ? null
      : {
          networkInterfaceId: HOST.far.eni,
          privateIpAddress: ADDRESS.farPrivate,
          association: { publicIp: ADDRESS.farPublic },
          vpcId: HOST.far.vpc,
          subnetId: HOST.far.subnet,
        },
    {
      availabilityZone: 'sa-east-1a',
      relationships: [
        {
          resourceType: 'AWS::EC2::Instance',
          resourceId: HOST.far.instance,
          name: 'Is attached to Instance',
        },
        {
          resourceType: 'AWS::EC2::SecurityGroup',
          resourceId: HOST.far.group,
          name: 'Is associated with SecurityGroup',
        },
      ] satisfies readonly Relation[] as unknown as Json,
      ...more,
    },
  );

const siteBucket = (when: number, policy: unknown): JsonObject =>
  item(
    when,
    HOME,
    'AWS::S3::Bucket',
    BUCKET.site,
    `arn:aws:s3:::${BUCKET.site}`,
    { name: BUCKET.site },
    {
      supplementaryConfiguration: {
        BucketPolicy: { policyText: JSON.stringify(policy) },
        PublicAccessBlockConfiguration: {
          blockPublicAcls: true,
          ignorePublicAcls: true,
          blockPublicPolicy: false,
          restrictPublicBuckets: false,
        },
      },
    },
  );

const trailItem = (when: number, logging: boolean, dataEvents: boolean): JsonObject =>
  item(
    when,
    HOME,
    'AWS::CloudTrail::Trail',
    TRAIL.prod,
    `arn:aws:cloudtrail:${HOME}:${PROD}:trail/${TRAIL.prod}`,
    {
      name: TRAIL.prod,
      s3BucketName: BUCKET.trail,
      isMultiRegionTrail: true,
      logFileValidationEnabled: true,
      status: { isLogging: logging },
      eventSelectors: [
        {
          readWriteType: 'All',
          includeManagementEvents: true,
          dataResources: dataEvents ? [{ type: 'AWS::S3::Object', values: ['arn:aws:s3'] }] : [],
        },
      ],
    },
  );

const backupUser = (when: number, policies: readonly string[], password: boolean): JsonObject =>
  item(
    when,
    GLOBAL,
    'AWS::IAM::User',
    USER.backup.id,
    `arn:aws:iam::${PROD}:user/${USER.backup.name}`,
    {
      userName: USER.backup.name,
      userId: USER.backup.id,
      path: '/',
      attachedManagedPolicies: policies.map((policyName) => ({
        policyName,
        policyArn: `arn:aws:iam::aws:policy/${policyName}`,
      })),
      hasLoginProfile: password,
    },
    { resourceName: USER.backup.name },
  );

/** Config: a snapshot before, the history of the night, the messages as they were sent, and an answer of the API. */
function config(): SampleFile[] {
  const snapshot = at('17 12:00:10');
  const before = at('16 12:00:00');
  const place = (region: string, when: number, kind: string, name: string): string =>
    `harborline-config/AWSLogs/${PROD}/Config/${region}/${folder(when).replaceAll('/0', '/')}/${kind}/${PROD}_Config_${region}_${kind}_${name}`;
  const history = (region: string, type: string, items: readonly JsonObject[]): SampleFile => {
    const when = at('18 06:00:00');
    return zipped(
      place(
        region,
        when,
        'ConfigHistory',
        `${type}_${stamp(at('18 00:00:00'))}_${stamp(when)}_1.json.gz`,
      ),
      JSON.stringify({ fileVersion: '1.0', configurationItems: items }),
    );
  };
  const first = instanceItem(at('18 00:26:02'), 'running', discovered);
  const opened = group(at('18 00:22:41'), [
    { ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: [`${ADDRESS.attacker}/32`] },
  ]);
  const policy = siteBucket(at('18 01:38:20'), SITE_POLICY.after);
  const message = (configurationItem: JsonObject, diff: JsonObject): string => {
    const when = Date.parse(asText(configurationItem['configurationItemCaptureTime'])) + 25_000;
    return JSON.stringify({
      configurationItemDiff: { changedProperties: diff, changeType: 'UPDATE' },
      configurationItem,
      notificationCreationTime: isoMillis(when),
      messageType: 'ConfigurationItemChangeNotification',
      recordVersion: '1.3',
    });
  };
  const sns = (text: string): JsonObject => ({
    Type: 'Notification',
    MessageId: guid(random),
    TopicArn: `arn:aws:sns:${HOME}:${PROD}:config`,
    Message: text,
    Timestamp: isoMillis(at('18 01:39:00')),
  });
  const history2 = [
    trailItem(at('18 01:28:02'), false, false),
    trailItem(at('18 01:23:30'), true, false),
    trailItem(before, true, true),
  ];
  return [
    zipped(
      place(HOME, snapshot, 'ConfigSnapshot', `${stamp(snapshot)}_${guid(random)}.json.gz`),
      JSON.stringify({
        fileVersion: '1.0',
        configSnapshotId: guid(random),
        configurationItems: [
          siteBucket(before, SITE_POLICY.before),
          trailItem(before, true, true),
          ...HOST.orders.map((host) =>
            item(
              before,
              HOME,
              'AWS::EC2::Instance',
              host.instance,
              `arn:aws:ec2:${HOME}:${PROD}:instance/${host.instance}`,
              {
                instanceId: host.instance,
                privateIpAddress: host.address,
                state: { name: 'running' },
              },
              {
                tags: { Name: 'orders' },
                availabilityZone: 'eu-west-1a',
                relationships: [
                  {
                    resourceType: 'AWS::EC2::NetworkInterface',
                    resourceId: host.eni,
                    name: 'Contains NetworkInterface',
                  },
                ],
              },
            ),
          ),
        ],
      }),
    ),
    zipped(
      place(GLOBAL, snapshot, 'ConfigSnapshot', `${stamp(snapshot)}_${guid(random)}.json.gz`),
      JSON.stringify({
        fileVersion: '1.0',
        configSnapshotId: guid(random),
        configurationItems: [backupUser(before, [], false)],
      }),
    ),
    history(FAR, 'AWS::EC2::SecurityGroup', [
      group(at('18 00:21:30'), [], discovered),
      opened,
      group(at('18 01:36:30'), [], gone),
    ]),
    history(FAR, 'AWS::EC2::Instance', [first, instanceItem(at('18 01:33:10'), '', gone)]),
    history(FAR, 'AWS::EC2::NetworkInterface', [
      interfaceItem(at('18 00:26:02'), discovered),
      interfaceItem(at('18 01:33:10'), gone),
    ]),
    history(FAR, 'AWS::EC2::FlowLog', [
      item(
        before,
        FAR,
        'AWS::EC2::FlowLog',
        FLOW_LOG.far,
        `arn:aws:ec2:${FAR}:${PROD}:vpc-flow-log/${FLOW_LOG.far}`,
        { flowLogId: FLOW_LOG.far, resourceId: HOST.far.vpc, trafficType: 'ALL' },
      ),
      item(
        at('18 01:25:20'),
        FAR,
        'AWS::EC2::FlowLog',
        FLOW_LOG.far,
        `arn:aws:ec2:${FAR}:${PROD}:vpc-flow-log/${FLOW_LOG.far}`,
        null,
        gone,
      ),
    ]),
    history(GLOBAL, 'AWS::IAM::User', [
      backupUser(at('17 23:11:05'), [], true),
      backupUser(at('17 23:33:20'), ['AdministratorAccess'], true),
      backupUser(at('18 01:44:50'), [], false),
    ]),
    history(HOME, 'AWS::S3::Bucket', [policy]),
    plain(
      'harborline-ir-workspace/config/sns-messages.jsonl',
      jsonLines([
        sns(
          message(opened, {
            'Configuration.IpPermissions.0': {
              previousValue: null,
              updatedValue: { fromPort: 22 },
              changeType: 'CREATE',
            },
          }),
        ),
        sns(
          message(policy, { 'SupplementaryConfiguration.BucketPolicy': { changeType: 'UPDATE' } }),
        ),
      ]),
    ),
    plain(
      'harborline-ir-workspace/config/get-resource-config-history-trail.json',
      cliJson({
        configurationItems: history2.map((one) => ({
          version: '1.3',
          accountId: PROD,
          configurationItemCaptureTime: asText(one['configurationItemCaptureTime']).replace(
            'Z',
            '+00:00',
          ),
          configurationItemStatus: 'OK',
          configurationStateId: String(Date.parse(asText(one['configurationItemCaptureTime']))),
          arn: one['ARN'],
          resourceType: one['resourceType'],
          resourceId: one['resourceId'],
          resourceName: one['resourceName'],
          awsRegion: one['awsRegion'],
          availabilityZone: 'Regional',
          tags: {},
          relatedEvents: [],
          relationships: [],
          configuration: JSON.stringify(one['configuration']),
          supplementaryConfiguration: {},
        })),
      }),
    ),
  ];
}

/** Rules of Config and what they thought of the night. */
function compliance(): SampleFile {
  const change = (
    when: number,
    region: string,
    rule: string,
    type: string,
    id: string,
    annotation: string,
  ): JsonObject => {
    const result = (complianceType: string, recorded: number): JsonObject => ({
      evaluationResultIdentifier: {
        evaluationResultQualifier: { configRuleName: rule, resourceType: type, resourceId: id },
        orderingTimestamp: isoMillis(recorded - 4000),
      },
      complianceType,
      resultRecordedTime: isoMillis(recorded),
      configRuleInvokedTime: isoMillis(recorded - 3000),
      ...(complianceType === 'COMPLIANT' ? {} : { annotation }),
    });
    return {
      version: '0',
      id: guid(random),
      'detail-type': 'Config Rules Compliance Change',
      source: 'aws.config',
      account: PROD,
      time: isoSeconds(when + 8000),
      region,
      resources: [],
      detail: {
        resourceId: id,
        awsRegion: region,
        awsAccountId: PROD,
        configRuleName: rule,
        recordVersion: '1.0',
        messageType: 'ComplianceChangeNotification',
        newEvaluationResult: result('NON_COMPLIANT', when),
        oldEvaluationResult: result('COMPLIANT', at('16 12:04:00')),
        notificationCreationTime: isoMillis(when + 7000),
        resourceType: type,
      },
    };
  };
  return plain(
    'harborline-ir-workspace/eventbridge/config-compliance.jsonl',
    jsonLines([
      change(
        at('17 23:36:40'),
        GLOBAL,
        'iam-user-no-admin',
        'AWS::IAM::User',
        USER.backup.id,
        'AdministratorAccess is attached.',
      ),
      change(
        at('18 01:31:10'),
        HOME,
        'cloudtrail-enabled',
        'AWS::::Account',
        PROD,
        'No trail is logging.',
      ),
      change(
        at('18 01:27:50'),
        FAR,
        'vpc-flow-logs-enabled',
        'AWS::EC2::VPC',
        HOST.far.vpc,
        'The VPC has no flow log.',
      ),
      change(
        at('18 01:41:30'),
        HOME,
        's3-bucket-policy-grantee-check',
        'AWS::S3::Bucket',
        BUCKET.site,
        'The policy names an account that is not allowed.',
      ),
    ]),
  );
}

/** What the responder asked Config in the morning: which rules fail, and which instances there are. */
function answers(): SampleFile[] {
  const rule = (ConfigRuleName: string, failing: number): JsonObject => ({
    ConfigRuleName,
    Compliance:
      failing === 0
        ? { ComplianceType: 'COMPLIANT' }
        : {
            ComplianceType: 'NON_COMPLIANT',
            ComplianceContributorCount: { CappedCount: failing, CapExceeded: false },
          },
  });
  const row = (region: string, resourceId: string, address: string): string =>
    JSON.stringify({
      accountId: PROD,
      awsRegion: region,
      resourceType: 'AWS::EC2::Instance',
      resourceId,
      arn: `arn:aws:ec2:${region}:${PROD}:instance/${resourceId}`,
      configuration: { privateIpAddress: address },
    });
  return [
    plain(
      'harborline-ir-workspace/config/describe-compliance-by-config-rule.json',
      cliJson({
        ComplianceByConfigRules: [
          rule('cloudtrail-enabled', 0),
          rule('iam-user-no-admin', 0),
          rule('s3-bucket-policy-grantee-check', 1),
          rule('vpc-flow-logs-enabled', 2),
        ],
      }),
    ),
    plain(
      'harborline-ir-workspace/config/describe-configuration-recorder-status.json',
      cliJson({
        ConfigurationRecordersStatus: [
          {
            arn: `arn:aws:config:${HOME}:${PROD}:configuration-recorder/default/0c4be1e77d0a91f5`,
            name: 'default',
            lastStartTime: '2025-03-02T10:00:00+00:00',
            recording: true,
            lastStatus: 'SUCCESS',
            lastStatusChangeTime: '2026-09-18T08:58:11+00:00',
          },
        ],
      }),
    ),
    // Nobody had switched it on in the analytics account since a test.
    plain(
      'harborline-ir-workspace/config/describe-configuration-recorder-status-analytics.json',
      cliJson({
        ConfigurationRecordersStatus: [
          {
            arn: `arn:aws:config:${HOME}:${ANALYTICS}:configuration-recorder/default/77d0a91f50c4be1e`,
            name: 'default',
            lastStartTime: '2026-02-11T13:20:00+00:00',
            lastStopTime: '2026-02-11T15:02:41+00:00',
            recording: false,
            lastStatus: 'SUCCESS',
            lastStatusChangeTime: '2026-02-11T15:02:41+00:00',
          },
        ],
      }),
    ),
    plain(
      'harborline-ir-workspace/config/list-discovered-resources-sa-east-1.json',
      cliJson({
        resourceIdentifiers: [
          { resourceType: 'AWS::EC2::Instance', resourceId: HOST.far.instance },
          { resourceType: 'AWS::EC2::SecurityGroup', resourceId: HOST.far.group },
        ].map((one, i) => ({
          ...one,
          resourceDeletionTime: ['2026-09-18T01:33:10+00:00', '2026-09-18T01:36:30+00:00'][i] ?? '',
        })),
      }),
    ),
    plain(
      'harborline-ir-workspace/config/deliveries.jsonl',
      jsonLines(
        [HOME, GLOBAL].map((region) => ({
          configSnapshotId: guid(random),
          s3ObjectKey: `AWSLogs/${PROD}/Config/${region}/2026/9/17/ConfigSnapshot/`,
          s3Bucket: 'harborline-config',
          notificationCreationTime: isoMillis(at('17 12:00:21')),
          messageType: 'ConfigurationSnapshotDeliveryCompleted',
          recordVersion: '1.1',
        })),
      ),
    ),
    plain(
      'harborline-ir-workspace/config/select-resource-config.json',
      cliJson({
        Results: [...HOST.orders, HOST.bastion].map((host) =>
          row(HOME, host.instance, host.address),
        ),
        QueryInfo: {
          SelectFields: [{ Name: 'resourceId' }, { Name: 'configuration.privateIpAddress' }],
        },
      }),
    ),
  ];
}

/** Files of Config. */
export function configFiles(): SampleFile[] {
  return [...config(), compliance(), ...answers()];
}
