/** Findings about how things stand: Security Hub, Inspector, Macie and Access Analyzer. */
import { ADDRESS, ANALYTICS, BUCKET, HOME, HOST, PROD, USER } from './cast.ts';
import { DETECTOR, STRANGER } from './estate.ts';
import { MOMENT, at } from './night.ts';
import { guid, hexText, randomStream } from './random.ts';
import { cliJson, isoMillis, jsonLines, plain, type SampleFile } from './sample-file.ts';
import { isoSeconds, proseTime, type JsonObject } from './trail.ts';
import type { World } from './world.ts';

const random = randomStream('posture');

/** Security Hub: what GuardDuty told it, and controls that fail since that night. */
function securityHub(): SampleFile {
  const base = (id: string, control: boolean, when: number): JsonObject => ({
    SchemaVersion: '2018-10-08',
    Id: id,
    ProductArn: `arn:aws:securityhub:${HOME}::product/aws/${control ? 'securityhub' : 'guardduty'}`,
    ProductName: control ? 'Security Hub' : 'GuardDuty',
    CompanyName: 'AWS',
    Region: HOME,
    AwsAccountId: PROD,
    FirstObservedAt: isoMillis(when),
    LastObservedAt: isoMillis(when),
    CreatedAt: isoMillis(when + 60_000),
    UpdatedAt: isoMillis(when + 90_000),
    Workflow: { Status: 'NEW' },
    RecordState: 'ACTIVE',
  });
  const control = (
    name: string,
    when: number,
    title: string,
    type: string,
    resource: string,
    severity: string,
  ): JsonObject => ({
    ...base(
      `arn:aws:securityhub:${HOME}:${PROD}:security-control/${name}/finding/${guid(random)}`,
      true,
      when,
    ),
    GeneratorId: `security-control/${name}`,
    Types: ['Software and Configuration Checks/Industry and Regulatory Standards'],
    Severity: { Label: severity, Normalized: severity === 'HIGH' ? 70 : 40 },
    Title: title,
    Description: title,
    Resources: [{ Type: type, Id: resource, Partition: 'aws', Region: HOME }],
    Compliance: { Status: 'FAILED', SecurityControlId: name },
  });
  const Findings = [
    {
      ...base(
        `arn:aws:guardduty:${HOME}:${PROD}:detector/${DETECTOR[`${PROD} ${HOME}`] ?? ''}/finding/${hexText(random, 32)}`,
        false,
        MOMENT.firstUse,
      ),
      GeneratorId: `arn:aws:guardduty:${HOME}:${PROD}:detector/${DETECTOR[`${PROD} ${HOME}`] ?? ''}`,
      Types: ['TTPs/Discovery/IAMUser-AnomalousBehavior'],
      Severity: { Label: 'LOW', Normalized: 20 },
      Title: 'The user ci-deploy called discovery APIs in an unusual way.',
      Description: 'The user ci-deploy called discovery APIs in an unusual way.',
      Resources: [{ Type: 'AwsIamAccessKey', Id: USER.ci.key, Partition: 'aws', Region: HOME }],
      Action: {
        ActionType: 'AWS_API_CALL',
        AwsApiCallAction: {
          Api: 'DescribeInstances',
          ServiceName: 'ec2.amazonaws.com',
          CallerType: 'remoteIp',
          RemoteIpDetails: { IpAddressV4: ADDRESS.attacker },
        },
      },
      Network: { Direction: 'IN', Protocol: 'TCP', SourceIpV4: ADDRESS.attacker },
    },
    control(
      'CloudTrail.1',
      at('18 01:40:11'),
      'CloudTrail should be enabled and configured with at least one multi-Region trail',
      'AwsAccount',
      `AWS::::Account:${PROD}`,
      'HIGH',
    ),
    control(
      'EC2.6',
      at('18 01:48:30'),
      'VPC flow logging should be enabled in all VPCs',
      'AwsEc2Vpc',
      HOST.far.vpc,
      'MEDIUM',
    ),
    control(
      'S3.6',
      at('18 01:52:09'),
      'S3 general purpose bucket policies should restrict access to other AWS accounts',
      'AwsS3Bucket',
      `arn:aws:s3:::${BUCKET.site}`,
      'HIGH',
    ),
    control(
      'IAM.5',
      at('17 23:40:02'),
      'MFA should be enabled for all IAM users that have a console password',
      'AwsIamUser',
      `arn:aws:iam::${PROD}:user/${USER.backup.name}`,
      'MEDIUM',
    ),
  ];
  return plain('harborline-ir-workspace/securityhub/get-findings.json', cliJson({ Findings }));
}

/** Inspector: what was known to be weak before anybody came. */
function inspector(): SampleFile[] {
  const finding = (host: string, title: string, more: JsonObject): JsonObject => ({
    findingArn: `arn:aws:inspector2:${HOME}:${PROD}:finding/${hexText(random, 32)}`,
    awsAccountId: PROD,
    severity: 'HIGH',
    status: 'ACTIVE',
    title,
    description: title,
    firstObservedAt: proseTime(at('14 03:10:00')),
    lastObservedAt: proseTime(at('17 03:10:00')),
    updatedAt: proseTime(at('17 03:10:00')),
    resources: [{ type: 'AWS_EC2_INSTANCE', id: host }],
    ...more,
  });
  const details = [
    ...HOST.orders.map((host) =>
      finding(host.instance, 'CVE-2026-10001 - sudo', {
        type: 'PACKAGE_VULNERABILITY',
        packageVulnerabilityDetails: {
          vulnerabilityId: 'CVE-2026-10001',
          vulnerablePackages: [{ name: 'sudo', version: '1.9.15' }],
        },
        exploitAvailable: 'YES',
        fixAvailable: 'YES',
      }),
    ),
    finding(HOST.bastion.instance, 'Port 22 is reachable from an Internet Gateway', {
      type: 'NETWORK_REACHABILITY',
      networkReachabilityDetails: {
        openPortRange: { begin: 22, end: 22 },
        protocol: 'TCP',
        networkPath: {
          steps: [{ componentId: HOST.bastion.eni, componentType: 'AWS::EC2::NetworkInterface' }],
        },
      },
    }),
  ];
  // The API answers in Unix seconds where the events have times for people.
  const listed = details.slice(0, 2).map((detail) => ({
    ...detail,
    firstObservedAt: at('14 03:10:00') / 1000,
    lastObservedAt: at('17 03:10:00') / 1000,
    updatedAt: at('17 03:10:00') / 1000,
  }));
  return [
    plain('harborline-ir-workspace/inspector/list-findings.json', cliJson({ findings: listed })),
    plain(
      'harborline-ir-workspace/inspector/events.jsonl',
      jsonLines(
        details.slice(2).map((detail) => ({
          'detail-type': 'Inspector2 Finding',
          source: 'aws.inspector2',
          account: PROD,
          time: isoSeconds(at('17 03:10:05')),
          region: HOME,
          detail,
        })),
      ),
    ),
  ];
}

/** Macie knows what was in the objects that left, Access Analyzer who else may reach what. */
function macieAndAnalyzer(world: World): SampleFile[] {
  const key =
    world.lines
      .map((line) => /REST\.GET\.OBJECT (exports\/2026\/09\/14\/\S+)/.exec(line.text)?.[1])
      .find((found) => found !== undefined) ?? '';
  const macie = {
    findings: [
      {
        schemaVersion: '1.0',
        id: hexText(random, 32),
        accountId: ANALYTICS,
        region: HOME,
        category: 'CLASSIFICATION',
        type: 'SensitiveData:S3Object/Personal',
        severity: { description: 'High', score: 3 },
        title: 'The S3 object contains personal information',
        description: 'The S3 object contains personal information such as names and addresses.',
        createdAt: isoMillis(at('14 04:00:00')),
        updatedAt: isoMillis(at('14 04:00:00')),
        count: 1,
        archived: false,
        sample: false,
        resourcesAffected: {
          s3Bucket: { name: BUCKET.exports, publicAccess: { effectivePermission: 'NOT_PUBLIC' } },
          s3Object: { key, size: '4120331' },
        },
        classificationDetails: {
          jobId: hexText(random, 32),
          result: {
            sensitiveData: [
              {
                category: 'PERSONAL_INFORMATION',
                totalCount: 18422,
                detections: [
                  { type: 'ADDRESS', count: 9211 },
                  { type: 'NAME', count: 9211 },
                ],
              },
            ],
          },
        },
      },
      {
        schemaVersion: '1.0',
        id: hexText(random, 32),
        accountId: PROD,
        region: HOME,
        category: 'POLICY',
        type: 'Policy:IAMUser/S3BucketSharedExternally',
        severity: { description: 'High', score: 3 },
        title: 'The S3 bucket is shared with an external account',
        description: `The bucket policy gives access to ${STRANGER}.`,
        createdAt: isoMillis(at('18 01:52:00')),
        updatedAt: isoMillis(at('18 01:52:00')),
        count: 1,
        archived: false,
        sample: false,
        resourcesAffected: {
          s3Bucket: { name: BUCKET.site, publicAccess: { effectivePermission: 'PUBLIC' } },
        },
        policyDetails: {
          action: {
            actionType: 'AWS_API_CALL',
            apiCallDetails: { api: 'PutBucketPolicy', apiServiceName: 's3.amazonaws.com' },
          },
          actor: {
            ipAddressDetails: { ipAddressV4: ADDRESS.attacker },
            userIdentity: {
              type: 'IAMUser',
              iamUser: { userName: USER.backup.name, accountId: PROD, principalId: USER.backup.id },
            },
          },
        },
      },
    ],
  };
  const external = (
    id: string,
    resource: string,
    resourceType: string,
    principal: JsonObject,
    action: readonly string[],
    when: number,
  ): JsonObject => ({
    id,
    principal,
    action,
    resource,
    resourceType,
    resourceOwnerAccount: PROD,
    isPublic: principal['AWS'] === '*',
    condition: {},
    status: 'ACTIVE',
    createdAt: isoSeconds(when),
    analyzedAt: isoSeconds(when),
    updatedAt: isoSeconds(when),
  });
  const analyzer = {
    findings: [
      external(
        guid(random),
        `arn:aws:s3:::${BUCKET.site}`,
        'AWS::S3::Bucket',
        { AWS: '*' },
        ['s3:GetObject'],
        at('14 06:00:04'),
      ),
      external(
        guid(random),
        `arn:aws:s3:::${BUCKET.site}`,
        'AWS::S3::Bucket',
        { AWS: STRANGER },
        ['s3:PutObject'],
        at('18 01:49:33'),
      ),
    ],
  };
  return [
    plain('harborline-ir-workspace/macie/get-findings.json', cliJson(macie)),
    plain('harborline-ir-workspace/access-analyzer/list-findings.json', cliJson(analyzer)),
  ];
}

/** Files of the services that judge. */
export function postureFiles(world: World): SampleFile[] {
  return [securityHub(), ...inspector(), ...macieAndAnalyzer(world)];
}
