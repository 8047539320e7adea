/**
 * Who and what appears in the samples: a fictional company, Harborline Parcel. Public addresses come from the
 * documentation ranges (RFC 5737, RFC 3849), inside the VPCs from RFC 1918; account ids are those of AWS's own examples.
 */
import { randomStream, accessKeyId, resourceId, uniqueId, hexText } from './random.ts';

const random = randomStream('cast');

export const PROD = '111122223333';
export const ANALYTICS = '444455556666';
export const HOME = 'eu-west-1';
export const GLOBAL = 'us-east-1';
export const FAR = 'sa-east-1';

export const BUCKET = {
  trail: 'harborline-cloudtrail-logs',
  access: 'harborline-s3-access-logs',
  flow: 'harborline-vpc-flow-logs',
  exports: 'harborline-customer-exports',
  site: 'harborline-static-site',
  responder: 'harborline-ir-workspace',
} as const;

export const TRAIL = { prod: 'main', analytics: 'analytics' } as const;

export const ADDRESS = {
  officeAmara: '192.0.2.10',
  officeAmara6: '2001:db8:40::1:10',
  officeLena: '192.0.2.24',
  officeTomas: '192.0.2.31',
  ciRunner: '198.51.100.20',
  nat: '198.51.100.70',
  lambda: '198.51.100.88',
  /** Where the stolen key is used from. */
  attacker: '203.0.113.66',
  /** Where the console is used from. */
  attackerBrowser: '203.0.113.67',
  /** Where the data goes. */
  drop: '203.0.113.99',
  /** The attacker's instance, outside and inside. */
  farPublic: '198.51.100.201',
  farPrivate: '172.31.16.25',
  bastion: '10.20.1.10',
  database: '10.20.20.5',
  /** Stands for S3's endpoints. */
  s3: '192.0.2.200',
} as const;

const CLI = 'md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard';
export const AGENT = {
  terraform:
    'APN/1.0 HashiCorp/1.0 Terraform/1.8.5 (+https://www.terraform.io) terraform-provider-aws/5.54.1 aws-sdk-go-v2/1.27.2 os/linux lang/go#1.22.3 md/GOOS#linux md/GOARCH#amd64',
  cliLinux: `aws-cli/2.17.2 md/awscrt#0.20.11 ua/2.0 os/linux#5.15.0-113-generic ${CLI}`,
  cliMac: `aws-cli/2.17.2 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 ${CLI}`,
  chrome:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  java: 'aws-sdk-java/2.26.7 Linux/6.1.92-99.174.amzn2023.x86_64 OpenJDK_64-Bit_Server_VM/21.0.3+9-LTS Java/21.0.3 kotlin/2.0.0 exec-env/AWS_ECS_EC2 io/sync http/Apache cfg/retry-mode/legacy',
  lambda:
    'Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#5.10.216-225.855.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.3 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy Botocore/1.34.131',
  attackerCli:
    'aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux#6.6.9-amd64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard md/distrib#kali.2024.1',
  attackerBrowser: 'Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0',
  attackerBoto:
    'Boto3/1.34.62 md/Botocore#1.34.62 ua/2.0 os/linux#6.8.0-1008-aws md/arch#x86_64 lang/python#3.12.3 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.62',
} as const;

/** An IAM user. */
export interface User {
  readonly kind: 'user';
  readonly name: string;
  readonly account: string;
  readonly id: string;
  /** Long-term key, empty for a person who only uses the console. */
  readonly key: string;
}

const user = (name: string, withKey: boolean): User => ({
  kind: 'user',
  name,
  account: PROD,
  id: uniqueId(random, 'AIDA'),
  key: withKey ? accessKeyId(random, 'AKIA') : '',
});

export const USER = {
  amara: user('amara.osei', true),
  lena: user('lena.vogt', true),
  tomas: user('tomas.reyes', false),
  ci: user('ci-deploy', true),
  /** Dormant until the attacker makes a key and a password for it. */
  backup: user('svc-backup', false),
  /** Made by the attacker while the trail was off. */
  lens: user('support-lens', false),
} as const;

/** An IAM role. */
export interface Role {
  readonly name: string;
  readonly account: string;
  readonly id: string;
}

const role = (name: string, account: string): Role => ({
  name,
  account,
  id: uniqueId(random, 'AROA'),
});

export const ROLE = {
  deploy: role('deploy-pipeline', PROD),
  orders: role('app-orders-role', PROD),
  exportMaintenance: role('export-maintenance', ANALYTICS),
  nightly: role('export-nightly-role', ANALYTICS),
  supportRead: role('support-readonly', ANALYTICS),
} as const;

export const KEY = {
  /** Made for svc-backup with the leaked key. */
  backup: accessKeyId(random, 'AKIA'),
  /** Made for support-lens while the trail was off. */
  lens: accessKeyId(random, 'AKIA'),
} as const;

export const HOST = {
  orders: ['10.20.10.11', '10.20.10.12'].map((address) => ({
    address,
    instance: resourceId(random, 'i'),
    eni: resourceId(random, 'eni'),
  })),
  bastion: {
    address: ADDRESS.bastion,
    instance: resourceId(random, 'i'),
    eni: resourceId(random, 'eni'),
  },
  far: {
    instance: resourceId(random, 'i'),
    eni: resourceId(random, 'eni'),
    vpc: resourceId(random, 'vpc'),
    subnet: resourceId(random, 'subnet'),
    group: resourceId(random, 'sg'),
    image: resourceId(random, 'ami'),
  },
} as const;

export const FLOW_LOG = { home: resourceId(random, 'fl'), far: resourceId(random, 'fl') } as const;
export const KMS_KEY = `arn:aws:kms:${HOME}:${PROD}:key/7f3c1d52-9a0e-4b6c-8d15-2e64a1b0c9f7`;
/** Canonical user id of the account that owns the buckets. */
export const CANONICAL_OWNER = hexText(random, 64);
