/**
 * Writes a CloudTrail set of any size, as an S3 bucket would hold it: gz files of a thousand records, many accounts,
 * regions, principals, sessions and parameters. The same seed gives the same records; memory does not grow with the size.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { ACCOUNTS, AGENTS, APIS, REGIONS, arn, bucket, objectKey, type Json } from './apis.ts';
import { ALNUM, BASE32, Chance } from './chance.ts';

/** How a set came out. Sizes in bytes. */
export interface GeneratedSet {
  readonly events: number;
  /** Records that were written a second time, as CloudTrail now and then delivers them. */
  readonly repeats: number;
  readonly files: number;
  readonly inflated: number;
  readonly stored: number;
}

const PER_FILE = 1000;
/** One record in so many is delivered twice. */
const REPEAT_EVERY = 200;
const START = Date.UTC(2026, 0, 5);

interface Principal {
  readonly ip: string;
  readonly agent: string;
  readonly identity: Json;
}

/** Users, role sessions and services of one account; sessions are renewed as the set goes on. */
class Cast {
  readonly #users: readonly Principal[];
  readonly #sessions: Principal[];
  readonly #chance: Chance;
  readonly #account: string;

  constructor(chance: Chance, account: string) {
    this.#chance = chance;
    this.#account = account;
    this.#users = Array.from({ length: 40 }, (_, i) => ({
      ip: chance.address(),
      agent: chance.pick(AGENTS),
      identity: {
        type: 'IAMUser',
        principalId: `AIDA${chance.text(BASE32, 17)}`,
        arn: `arn:aws:iam::${account}:user/u${String(i)}`,
        accountId: account,
        accessKeyId: `AKIA${chance.text(BASE32, 16)}`,
        userName: `u${String(i)}`,
      },
    }));
    this.#sessions = Array.from({ length: 120 }, () => this.#session(START));
  }

  #session(at: number): Principal {
    const c = this.#chance;
    const role = `service-${String(c.below(60))}`;
    const id = `AROA${c.text(BASE32, 17)}`;
    const name = c.pick([`i-0${c.hex(16)}`, c.text(ALNUM, 12), `job-${String(c.below(100_000))}`]);
    return {
      ip: c.address(),
      agent: c.pick(AGENTS),
      identity: {
        type: 'AssumedRole',
        principalId: `${id}:${name}`,
        arn: `arn:aws:sts::${this.#account}:assumed-role/${role}/${name}`,
        accountId: this.#account,
        accessKeyId: `ASIA${c.text(BASE32, 16)}`,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: id,
            arn: `arn:aws:iam::${this.#account}:role/${role}`,
            accountId: this.#account,
            userName: role,
          },
          webIdFederationData: {},
          attributes: { creationDate: iso(at), mfaAuthenticated: 'false' },
          ...(c.below(4) === 0 ? { ec2RoleDelivery: '2.0' } : {}),
        },
      },
    };
  }

  pick(at: number): Principal {
    const c = this.#chance;
    const roll = c.below(100);
    if (roll < 10) {
      const service = `${c.pick(['autoscaling', 'config', 'ec2', 'lambda', 'cloudtrail', 'backup'])}.amazonaws.com`;
      return { ip: service, agent: service, identity: { type: 'AWSService', invokedBy: service } };
    }
    if (roll < 30) return c.skewed(this.#users);
    if (c.below(30) === 0) this.#sessions[c.below(this.#sessions.length)] = this.#session(at);
    return c.skewed(this.#sessions);
  }
}

const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function record(c: Chance, who: Principal, at: number, account: string, region: string): string {
  const api = c.pick(APIS);
  const host = `${api.service}.${region}.amazonaws.com`;
  const denied = c.below(40) === 0;
  return JSON.stringify({
    eventVersion: '1.11',
    userIdentity: who.identity,
    eventTime: iso(at),
    eventSource: `${api.service}.amazonaws.com`,
    eventName: api.name,
    awsRegion: region,
    sourceIPAddress: who.ip,
    userAgent: who.agent,
    ...(denied
      ? {
          errorCode: 'AccessDenied',
          errorMessage: `User: ${who.ip} is not authorized to perform: ${api.service}:${api.name} on resource: ${arn(api.service, c, c.hex(12))} because no identity-based policy allows the ${api.service}:${api.name} action`,
        }
      : {}),
    requestParameters: api.params(c),
    responseElements: denied || api.response === undefined ? null : api.response(c, account),
    ...(api.service === 's3'
      ? {
          additionalEventData: {
            SignatureVersion: 'SigV4',
            CipherSuite: 'TLS_AES_128_GCM_SHA256',
            bytesTransferredIn: api.write === true ? c.below(9_000_000) : 0,
            AuthenticationMethod: 'AuthHeader',
            'x-amz-id-2': c.text(ALNUM, 76),
            bytesTransferredOut: api.write === true ? 0 : c.below(9_000_000),
          },
        }
      : {}),
    requestID: c.guid(),
    eventID: c.guid(),
    readOnly: api.write !== true,
    ...(api.service === 's3'
      ? {
          resources: [
            { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${bucket(c)}/${objectKey(c)}` },
            { accountId: account, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${bucket(c)}` },
          ],
        }
      : {}),
    eventType: 'AwsApiCall',
    managementEvent: api.data !== true,
    recipientAccountId: account,
    eventCategory: api.data === true ? 'Data' : 'Management',
    ...(who.ip.endsWith('.com')
      ? {}
      : {
          tlsDetails: {
            tlsVersion: 'TLSv1.3',
            cipherSuite: 'TLS_AES_128_GCM_SHA256',
            clientProvidedHostHeader: host,
          },
        }),
  });
}

/**
 * Writes `events` records below `folder`, as `AWSLogs/<account>/CloudTrail/<region>/...`.
 * @param events count of distinct records; one in 200 is written twice, in another file.
 */
export function generateTrail(folder: string, events: number, seed = 20_260_105): GeneratedSet {
  const chance = new Chance(seed);
  const casts = ACCOUNTS.map((account) => new Cast(chance, account));
  let [at, made, files, inflated, stored, repeats] = [START, 0, 0, 0, 0, 0];
  let late: string[] = [];
  while (made < events) {
    const which = files % ACCOUNTS.length;
    const account = ACCOUNTS[which]!;
    const region = REGIONS[Math.floor(files / ACCOUNTS.length) % REGIONS.length]!;
    const texts = late;
    late = [];
    repeats += texts.length;
    for (const most = Math.min(PER_FILE, events - made); texts.length < most; made += 1) {
      at += chance.below(900);
      const text = record(chance, casts[which]!.pick(at), at, account, region);
      texts.push(text);
      if (made % REPEAT_EVERY === 7 && made + PER_FILE < events) late.push(text);
    }
    const minute = iso(at).slice(0, 16).replaceAll('-', '').replace(':', '');
    const path = join(
      folder,
      'AWSLogs',
      account,
      'CloudTrail',
      region,
      iso(at).slice(0, 10).replaceAll('-', '/'),
      `${account}_CloudTrail_${region}_${minute}Z_${chance.text(ALNUM, 16)}.json.gz`,
    );
    const text = `{"Records":[${texts.join(',')}]}`;
    const bytes = gzipSync(text);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    files += 1;
    inflated += Buffer.byteLength(text);
    stored += bytes.length;
  }
  return { events: made, repeats, files, inflated, stored };
}
