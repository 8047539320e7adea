/**
 * Trails of every kind, and every way to tamper with one that the specification of the format names. Each row says what must be
 * found; the AWS CLI's own validator is put to the same rows in validate-logs.test.ts.
 */
import { Buffer } from 'node:buffer';
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  ACCOUNT,
  BUCKET,
  edit,
  jsonOf,
  privateKey,
  publicKey,
  resign,
  sha256,
  World,
  type Collected,
  type WorldObject,
} from './trails.ts';

/** What must be said: of an object or a subject, a status. */
export type Expected = readonly (readonly [WorldObject | string, string])[];

/** A row. */
export interface Case {
  readonly name: string;
  readonly how?: Collected;
  readonly ok: boolean;
  /** What is done to two regions' chains of six hours (`eu` and `us`), oldest digest first. */
  readonly make: (world: World, eu: readonly WorldObject[], us: readonly WorldObject[]) => Expected;
  /** Statuses that may stand beside those expected, without `valid`, `validated` and the like. */
  readonly also?: readonly string[];
}

const HOUR = 3_600_000;
const START = Date.parse('2026-03-10T00:10:20Z');
const hour = (n: number): number => START + n * HOUR;
const clock = (n: number): string => new Date(hour(n)).toISOString();
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const EU = privateKey('eu-west-1');

function at<T>(list: readonly T[], index: number): T {
  const found = list.at(index);
  if (found === undefined) throw new Error(`no item ${String(index)}`);
  return found;
}

let template: World | undefined;

/** The world that rows tamper with. */
export function baseWorld(): {
  readonly world: World;
  readonly eu: readonly WorldObject[];
  readonly us: readonly WorldObject[];
} {
  if (template === undefined) {
    template = new World();
    template.chain({ hours: 6 });
    template.chain({ hours: 6, region: 'us-east-1' });
  }
  const world = template.copy();
  const [eu, us] = ['/eu-west-1/', '/us-east-1/'].map((region) =>
    world.digests.filter(({ key }) => key.includes(region)),
  );
  return { world, eu: eu ?? [], us: us ?? [] };
}

function logOf(world: World, digest: WorldObject, index = 0): WorldObject {
  const key = at(jsonOf(digest).logFiles, index).s3Object;
  const log = world.objects.find((object) => object.key === key);
  if (log === undefined) throw new Error('no such log');
  return log;
}

const dirOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));

/** A record of the validated time. */
function record(more: object = {}): object {
  return {
    ...{ eventVersion: '1.11', eventTime: clock(2.2), eventSource: 'iam.amazonaws.com' },
    ...{ eventName: 'CreateUser', awsRegion: 'eu-west-1', recipientAccountId: ACCOUNT },
    ...{ userIdentity: { type: 'IAMUser' }, eventID: 'planted', eventCategory: 'Management' },
    ...more,
  };
}

/** As a trail delivers them. */
const trail = (records: readonly object[]): Buffer =>
  gzipSync(JSON.stringify({ Records: records }));

const subject = (digest: WorldObject): string => `${digest.bucket}/${digest.key}`;
const folderOf = ({ bucket, key }: WorldObject): string =>
  `${bucket}/${key.replace(/\/\d{4}\/.*$/, '')}`;
/** Folder of a chain's digests: the subject of what concerns a chain or a period. */
const EU_FOLDER = `${BUCKET}/AWSLogs/${ACCOUNT}/CloudTrail-Digest/eu-west-1`;

function resignedChain(digests: readonly WorldObject[], from: number): void {
  // Only the holder of AWS's key can do this.
  for (let index = from; index < digests.length; index += 1) {
    const digest = at(digests, index);
    if (index > from) {
      const before = at(digests, index - 1);
      edit(digest, (json) => {
        json['previousDigestSignature'] = before.metadata?.['signature'];
        json['previousDigestHashValue'] = hashOf(before);
      });
    }
    resign(digest, EU);
  }
}

const hashOf = (digest: WorldObject): string => sha256(gunzipSync(digest.bytes));

/** What anybody can do who has no key: other logs, hashes that fit, quoted signatures of his own, no metadata. */
function rewritten(world: World, digests: readonly WorldObject[], anew = false): void {
  for (const [index, digest] of digests.entries()) {
    const logs = jsonOf(digest).logFiles.map((_, log) => logOf(world, digest, log));
    for (const log of logs) log.bytes = trail([]);
    edit(digest, (json) => {
      for (const log of json.logFiles) log.hashValue = sha256(gunzipSync(trail([])));
      if (anew) {
        for (const name of ['S3Bucket', 'S3Object', 'HashValue', 'HashAlgorithm', 'Signature']) {
          json[`previousDigest${name}`] = null;
        }
      } else if (index > 0) {
        json['previousDigestHashValue'] = hashOf(at(digests, index - 1));
        json['previousDigestSignature'] = 'ab'.repeat(256);
      }
    });
    digest.metadata = undefined;
  }
}

function losesMetadata(world: World): void {
  for (const object of world.objects) object.metadata = undefined;
}

const WHOLE = { from: clock(0.5), to: clock(5.9) };
const THIRD = { from: clock(2.1), to: clock(2.9) };

// The trails are the same every time, so names in them are known beforehand.
const first = (() => {
  const { world, eu } = baseWorld();
  return { log: logOf(world, at(eu, 2)), digest: at(eu, 3) };
})();

/** Whole trails: nothing is wrong with them. */
export const VALID: readonly Case[] = [
  { name: 'two regions', ok: true, make: () => [] },
  { name: 'the bucket told with --s3', how: { told: true }, ok: true, make: () => [] },
  {
    name: 'a shadow trail: the home region is another',
    ok: true,
    make: (world) => {
      world.chain({ region: 'sa-east-1', trail: 'abroad', home: 'ap-southeast-2' });
      return [];
    },
  },
  {
    name: 'an organisation’s trail with a prefix: one chain for each member and region',
    ok: true,
    make: (world) => {
      const org = {
        prefix: 'deep/er/',
        org: 'o-a1b2c3d4e5',
        trail: 'org_trail',
        bucket: 'org-logs',
      };
      world.chain({ ...org, account: '222233334444' });
      world.chain({ ...org, account: '333344445555', region: 'us-east-1' });
      return [];
    },
  },
  {
    name: 'hours without activity, and a whole chain of them',
    ok: true,
    make: (world) => {
      world.chain({ region: 'sa-east-1', logs: () => 0, hours: 6 });
      world.chain({ trail: 'busy', bucket: 'busy-logs', logs: (n) => (n % 2 === 0 ? 2 : 0) });
      return [];
    },
  },
  {
    name: 'logging stopped and started again: the period is named',
    ok: true,
    make: (world) => {
      const spec = { region: 'sa-east-1', trail: 'stopped', hours: 2 } as const;
      world.chain(spec);
      world.chain({ ...spec, start: '2026-03-10T05:33:44Z' });
      return [[`${BUCKET}/AWSLogs/${ACCOUNT}/CloudTrail-Digest/sa-east-1`, 'not_validated']];
    },
  },
  {
    name: 'the trail moved to another bucket: its chain goes on',
    ok: true,
    make: (world) => {
      const spec = { trail: 'moving', region: 'sa-east-1', hours: 3 } as const;
      const old = world.chain({ ...spec, bucket: 'old-logs' });
      const log = world.log({ ...spec, bucket: 'new-logs' }, hour(3) + 60_000);
      world.digest({ ...spec, bucket: 'new-logs' }, hour(3), hour(4), [log], old.at(-1));
      return [];
    },
  },
  ...([undefined, 'standard', 'backfill'] as const).map((previous): Case => ({
    name: `backfill digests whose previous one is ${previous ?? 'null'}`,
    ok: true,
    make: (world, eu) => {
      const before = previous === undefined ? undefined : at(eu, 1);
      const first = world.digest(
        {},
        hour(2),
        hour(3),
        [world.log({}, hour(2) + 50 * 60_000)],
        before,
        true,
      );
      const chained = previous === 'backfill' ? first : before;
      world.digest({}, hour(3), hour(4), [world.log({}, hour(3) + 51 * 60_000)], chained, true);
      return [];
    },
  })),
  {
    name: 'a second trail in the bucket whose name begins with the first one’s',
    ok: true,
    make: (world) => {
      world.chain({ trail: 'main_eu-west-1_x', logs: () => 0, hours: 6 });
      return [];
    },
  },
  {
    name: 'a second trail that is not validated, under another prefix',
    ok: true,
    make: (world) => [
      [world.log({ prefix: 'other/' }, hour(2)), 'uncovered'],
      [`${ACCOUNT}/CloudTrail/eu-west-1`, 'not_validated'],
    ],
  },
  {
    name: 'a mirror that holds everything inflated',
    ok: true,
    make: (world) => {
      for (const object of world.objects) object.bytes = gunzipSync(object.bytes);
      return [];
    },
  },
  {
    name: 'signatures in upper-case hex',
    ok: true,
    make: (_, eu) => {
      const { metadata } = at(eu, -1);
      if (metadata !== undefined)
        metadata['signature'] = metadata['signature']?.toUpperCase() ?? '';
      return [];
    },
  },
  {
    name: 'a public key as SubjectPublicKeyInfo, its times as text',
    ok: true,
    make: (world) => {
      const [key] = world.keys;
      if (key === undefined) return [];
      const der = EU;
      key.ValidityStartTime = '2026-03-01T00:00:00+00:00';
      key.ValidityEndTime = '2026-03-31T02:00:00+02:00';
      const spki = publicKeySpki(der);
      key.Value = spki;
      return [];
    },
  },
  {
    name: 'all files in one folder, by their names',
    how: { flat: true },
    ok: true,
    make: () => [],
  },
  {
    name: 'all files in one folder, a digest under another name',
    how: { flat: true },
    ok: true,
    make: (world, eu) => {
      const digest = at(eu, 2);
      const copy = world.put(BUCKET, 'downloads/digest (1)', digest.bytes);
      copy.metadata = digest.metadata;
      world.remove(digest);
      return [['digest (1)', 'renamed']];
    },
  },
  {
    name: 'object metadata lost: the newest digest of each chain stays unproven',
    ok: true,
    make: (world, eu, us) => {
      losesMetadata(world);
      return [eu, us].flatMap((chain) => {
        const newest = at(chain, -1);
        return [
          [folderOf(newest), 'not_proven'],
          [newest, 'no_signature'],
          [logOf(world, newest), 'digest_unproven'],
          [logOf(world, newest, 1), 'digest_unproven'],
        ] as const;
      });
    },
  },
  {
    name: 'metadata lost, and the window ends with what can be proven',
    how: { from: clock(0.5), to: clock(4.9) },
    ok: true,
    make: (world) => {
      losesMetadata(world);
      return [];
    },
  },
  {
    name: 'metadata lost but for the newest digests, whose signature nothing else quotes',
    ok: true,
    make: (_, eu, us) => {
      for (const digest of [...eu.slice(0, -1), ...us.slice(0, -1)]) digest.metadata = undefined;
      return [];
    },
  },
  {
    name: 'metadata lost, logging stopped and started again for an hour: two ends without proof',
    ok: true,
    also: ['not_proven', 'digest_unproven', 'no_signature', 'not_validated'],
    make: (world) => {
      const spec = { region: 'sa-east-1', trail: 'stopped' } as const;
      const [, last] = world.chain({ ...spec, hours: 2 });
      const [again] = world.chain({ ...spec, hours: 1, start: '2026-03-10T05:33:44Z' });
      losesMetadata(world);
      return [last, again].map((one) => [one ?? '', 'no_signature']);
    },
  },
  {
    name: 'metadata lost, two trails deliver to one folder at other minutes',
    ok: true,
    also: ['not_proven', 'digest_unproven', 'no_signature'],
    make: (world) => {
      const digests = world.chain({ trail: 'other', start: '2026-03-10T00:40:00Z', hours: 5 });
      losesMetadata(world);
      return [[logOf(world, at(digests, -1)), 'digest_unproven']];
    },
  },
  ...(['2026-03-10T00:40:50Z', '2026-03-10T00:10:20Z'] as const).map((start): Case => ({
    name: `an organisation’s trail and the account’s own one, of one name and home region, since ${start}`,
    ok: true,
    make: (world) => {
      world.chain({ org: 'o-a1b2c3d4e5', hours: 6, start });
      return [];
    },
  })),
  {
    name: 'no public keys: nothing is proven, nothing is called tampered',
    ok: true,
    also: ['not_proven'],
    make: (world) => {
      world.keys = [];
      return world.objects.map((object) => [
        object,
        object.key.includes('-Digest/') ? 'no_public_keys' : 'digest_unproven',
      ]);
    },
  },
  {
    name: 'a log that was delivered in the hour that is not over',
    ok: true,
    make: (world) => [
      [world.log({}, hour(6) + 60_000), 'uncovered'],
      [EU_FOLDER, 'not_validated'],
    ],
  },
  {
    name: 'a log named for the last minutes of the newest digest, which the next one may name',
    ok: true,
    make: (world) => [[world.log({}, hour(6) - 5 * 60_000), 'near_end']],
  },
  {
    name: 'Insights files, of which it is not documented whether digests name them',
    ok: true,
    make: (world) => {
      const log = world.log({}, hour(2));
      world.remove(log);
      const key = log.key
        .replace('/CloudTrail/', '/CloudTrail-Insight/')
        .replace('_CloudTrail_', '_CloudTrail-Insight_');
      const insight = record({ eventCategory: 'Insight', userIdentity: undefined });
      const bytes = gzipSync(JSON.stringify({ Records: [insight] }));
      return [[world.put(BUCKET, key, bytes), 'uncovered']];
    },
  },
  ...(
    [
      ['what a file manager leaves among the logs', 'folder/.DS_Store', Buffer.from('\0\0Bud1')],
      ['an empty file of another name among the logs', 'folder/readme.json.gz', trail([])],
      [
        'records of another time in a file of another name',
        'folder/x.json',
        trail([record({ eventTime: '2024-01-01T00:00:00Z' })]),
      ],
    ] as const
  ).map(([name, path, bytes]): Case => ({
    name,
    ok: true,
    make: (world) => {
      const folder = path.endsWith('x.json') ? 'AWSLogs' : dirOf(at(world.logs, 0).key);
      return [[world.put(BUCKET, path.replace('folder', folder), bytes), 'name_unknown']];
    },
  })),
  {
    name: 'what the console downloads of the event history, and what the API gives, beside the trail',
    ok: true,
    make: (world) => {
      world.put(
        'notes',
        'lookup.json',
        Buffer.from(JSON.stringify({ Events: [{ CloudTrailEvent: JSON.stringify(record()) }] })),
      );
      world.put('notes', 'lines.json', Buffer.from(`${JSON.stringify(record())}\n`));
      world.put('notes', 'event_history.json', gunzipSync(trail([record()])));
      return [['notes/event_history.json', 'outside_trail']];
    },
  },
  {
    name: 'a log and a digest that the collection could not read: undecided, not missing',
    how: {
      uncollected: [first.log, first.digest].map(({ key }) => ({
        ...{ path: `x/${key}`, detail: 'unreadable EACCES' },
      })),
    },
    ok: true,
    also: ['not_proven'],
    make: (world, eu) => {
      const [log, digest] = [logOf(world, at(eu, 2)), at(eu, 3)];
      const logs = [logOf(world, digest), logOf(world, digest, 1)];
      world.remove(log, digest);
      return [
        [log, 'not_collected'],
        [digest, 'not_collected'],
        ...logs.map((one) => [one, 'uncovered'] as const),
      ];
    },
  },
  {
    name: 'public keys that lie in the evidence itself: they prove nothing',
    how: { keysFromEvidence: true },
    ok: true,
    also: ['not_proven'],
    make: (world) => [
      ...world.keys.map((key) => [key.Fingerprint, 'keys_from_evidence'] as const),
      ...world.digests.map((one) => [one, 'key_from_evidence'] as const),
      ...world.logs.map((one) => [one, 'digest_unproven'] as const),
    ],
  },
];

function publicKeySpki(key: typeof EU): string {
  const der = generateSpki(key);
  return der.toString('base64');
}

function generateSpki(key: typeof EU): Buffer {
  const pkcs1 = Buffer.from(publicKey('eu-west-1', key).Value, 'base64');
  // RFC 8017 appendix A.1: rsaEncryption with NULL parameters, then the key as a BIT STRING.
  const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');
  const bits = Buffer.concat([tlv(0x03, pkcs1.length + 1), Buffer.of(0), pkcs1]);
  return Buffer.concat([tlv(0x30, algorithm.length + bits.length), algorithm, bits]);
}

function tlv(tag: number, length: number): Buffer {
  return Buffer.of(tag, 0x82, length >> 8, length & 255);
}

/** A change of a digest's bytes that leaves it a digest. */
function spaced(digest: WorldObject): void {
  digest.bytes = gzipSync(`${gunzipSync(digest.bytes).toString('utf8')} `);
}

const member = (object: WorldObject, text: string): void => {
  object.bytes = Buffer.concat([object.bytes, gzipSync(text)]);
};

const FIELDS = [
  'digestStartTime',
  'digestEndTime',
  'digestS3Bucket',
  'digestS3Object',
  'digestPublicKeyFingerprint',
  'previousDigestSignature',
  'logFiles',
] as const;

/** Every tampering. The logs of a digest that cannot be read are named by no digest any more. */
export const TAMPERED: readonly Case[] = [
  // The digest's JSON.
  ...FIELDS.map((field): Case => ({
    name: `a digest without ${field}`,
    ok: false,
    also: ['uncovered'],
    make: (_, eu) => {
      edit(at(eu, 2), (json) => Reflect.deleteProperty(json, field));
      return [[at(eu, 2), 'invalid_format']];
    },
  })),
  ...(['s3Bucket', 's3Object', 'hashValue'] as const).map((field): Case => ({
    name: `a log entry without ${field}`,
    ok: false,
    also: ['uncovered'],
    make: (_, eu) => {
      edit(at(eu, 2), (json) => Reflect.deleteProperty(at(json.logFiles, 0), field));
      return [[at(eu, 2), 'invalid_format']];
    },
  })),
  ...(
    [
      ['no gzip and no JSON', Buffer.from('junk')],
      ['gzip of no JSON', gzipSync('junk')],
      ['gzip of an array', gzipSync('[]')],
      ['not UTF-8', gzipSync(Buffer.from('7b2261223a22ff227d', 'hex'))],
      ['cut', gzipSync('{"digestEndTime"').subarray(0, 12)],
      ['empty', Buffer.alloc(0)],
    ] as const
  ).map(([what, bytes]): Case => ({
    name: `a digest file that is ${what}`,
    ok: false,
    also: ['uncovered'],
    make: (_, eu) => {
      at(eu, 2).bytes = bytes;
      return [[at(eu, 2), 'invalid_format']];
    },
  })),
  {
    name: 'white space added to a digest: the hash is over its exact bytes',
    ok: false,
    also: ['digest_unproven'],
    make: (_, eu) => {
      spaced(at(eu, 2));
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  {
    name: 'a log and its hash in the digest exchanged',
    ok: false,
    make: (world, eu) => {
      const digest = at(eu, 2);
      const log = logOf(world, digest);
      log.bytes = gzipSync('{"Records":[]}');
      edit(digest, (json) => {
        at(json.logFiles, 0).hashValue =
          'b0f6d4b4c0d3ffae6ce7f9b4b6b6b2f4c9f1e2b8b1d7c4a5e6f708192a3b4c5d';
      });
      return [
        [digest, 'signature_invalid'],
        [log, 'digest_unproven'],
        [logOf(world, digest, 1), 'digest_unproven'],
      ];
    },
  },
  {
    name: 'an entry taken out of a digest, and its log too',
    ok: false,
    also: ['digest_unproven'],
    make: (world, eu) => {
      world.remove(logOf(world, at(eu, 2)));
      edit(at(eu, 2), (json) => json.logFiles.shift());
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  {
    name: 'a changed digest, object metadata lost',
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world, eu) => {
      losesMetadata(world);
      spaced(at(eu, 2));
      return [[at(eu, 2), 'hash_link_broken']];
    },
  },
  {
    name: 'the signature that an unproven digest quotes, object metadata lost: one of the two was changed',
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world, eu) => {
      losesMetadata(world);
      edit(at(eu, -1), (json) => (json['previousDigestSignature'] = '00'.repeat(256)));
      return [[at(eu, -2), 'signature_disputed']];
    },
  },
  // Without a key: the whole tail of a chain, or all of it.
  ...[1, 3, 6].flatMap((count) =>
    [undefined, WHOLE].map((how): Case => ({
      name: `the newest ${String(count)} digests rewritten without a key${how === undefined ? '' : ', the window asked for'}`,
      ...(how === undefined ? {} : { how }),
      ok: false,
      also: ['digest_unproven'],
      make: (world, eu) => {
        const tail = eu.slice(-count);
        rewritten(world, tail);
        return tail.map((one) => [
          one,
          one === tail.at(-1) ? 'signature_missing' : 'signature_disputed',
        ]);
      },
    })),
  ),
  {
    name: 'the newest 3 digests rewritten to start anew each',
    ok: false,
    also: ['digest_unproven'],
    make: (world, eu) => {
      rewritten(world, eu.slice(-3), true);
      return eu.slice(-3).map((one) => [one, 'signature_missing']);
    },
  },
  ...[3, 6].map((count): Case => ({
    name: `the newest ${String(count)} digests rewritten without a key, object metadata lost`,
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world, eu) => {
      losesMetadata(world);
      rewritten(world, eu.slice(-count));
      return eu.slice(-count, -1).map((one) => [one, 'signature_disputed']);
    },
  })),
  ...[2, 6].map((count): Case => ({
    name: `the newest ${String(count)} digests rewritten to start anew each, object metadata lost`,
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world, eu) => {
      losesMetadata(world);
      rewritten(world, eu.slice(-count), true);
      return [[EU_FOLDER, 'unproven_run']];
    },
  })),
  {
    name: 'the newest digests rewritten as those of a trail for each hour, object metadata lost',
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world, eu, us) => {
      for (const [index, digest] of [...eu.slice(3), ...us.slice(3)].entries()) {
        const logs = [logOf(world, digest), logOf(world, digest, 1)];
        const n = 3 + (index % 3);
        const region = index < 3 ? 'eu-west-1' : 'us-east-1';
        world.digest({ trail: `main${String(n)}`, region }, hour(n), hour(n + 1), logs, undefined);
        world.remove(digest);
      }
      losesMetadata(world);
      return ['eu-west-1', 'us-east-1'].map((region) => [
        `${ACCOUNT}/CloudTrail-Digest/${region}`,
        'unproven_run',
      ]);
    },
  },
  {
    name: 'object metadata lost, the window asks for what cannot be proven',
    how: WHOLE,
    ok: false,
    also: ['no_signature', 'digest_unproven', 'not_proven'],
    make: (world) => {
      losesMetadata(world);
      return [[EU_FOLDER, 'not_proven']];
    },
  },
  {
    name: 'public keys that lie in the evidence itself, a window asked for',
    how: { ...WHOLE, keysFromEvidence: true },
    ok: false,
    also: ['key_from_evidence', 'digest_unproven', 'not_proven'],
    make: () => [[EU_FOLDER, 'not_proven']],
  },
  {
    name: 'a digest of the window that the collection could not read',
    how: { ...WHOLE, uncollected: [{ path: first.digest.key, detail: 'unreadable EACCES' }] },
    ok: false,
    also: ['uncovered'],
    make: (world, eu) => {
      world.remove(at(eu, 3));
      return [
        [at(eu, 3), 'not_collected'],
        [EU_FOLDER, 'not_proven'],
      ];
    },
  },
  // A digest that anybody could have written names what was planted.
  ...[false, true].flatMap((lost) =>
    (['backfill', 'other'] as const).flatMap((kind) =>
      [undefined, THIRD].map((how): Case => ({
        name: `a log planted and named by an unsigned ${kind === 'backfill' ? 'backfill digest' : 'digest of another trail'}${lost ? ', object metadata lost' : ''}${how === undefined ? '' : ', the window asked for'}`,
        ...(how === undefined ? {} : { how }),
        ok: false,
        also: ['not_proven', ...(lost ? ['no_signature', 'digest_unproven'] : [])],
        make: (world) => {
          const log = world.log({}, hour(2) + 30 * 60_000);
          const other = kind === 'other' ? { trail: 'other' } : {};
          const made = world.digest(other, hour(2), hour(3), [log], undefined, kind === 'backfill');
          made.metadata = undefined;
          if (lost) losesMetadata(world);
          return [
            [log, 'not_in_proven_digest'],
            [made, lost ? 'no_signature' : 'signature_missing'],
          ];
        },
      })),
    ),
  ),
  {
    name: 'digests that are newer than the seal over them',
    how: { sealed: '2020-01-01T00:00:00Z' },
    ok: false,
    make: (_, eu) => [[at(eu, -1), 'newer_than_seal']],
  },
  {
    name: 'a changed digest, no public keys',
    ok: false,
    also: ['no_public_keys', 'digest_unproven', 'not_proven'],
    make: (world, eu) => {
      world.keys = [];
      spaced(at(eu, 2));
      return [[at(eu, 2), 'hash_link_broken']];
    },
  },
  {
    name: 'a changed digest beside the true one',
    how: { flat: true },
    ok: false,
    also: ['fork', 'renamed'],
    make: (world, eu) => {
      const copy = world.put(BUCKET, 'x/changed-digest.json.gz', at(eu, 2).bytes);
      copy.metadata = { ...at(eu, 2).metadata };
      spaced(copy);
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  // Where it lies.
  ...[true, false].map((told): Case => ({
    name: `a digest moved within the bucket, ${told ? 'told with --s3' : 'recognised by layout'}`,
    how: { told },
    ok: false,
    make: (world, eu) => {
      const digest = at(eu, 2);
      const moved = world.put(BUCKET, `copy/${digest.key}`, digest.bytes);
      moved.metadata = digest.metadata;
      world.remove(digest);
      return [[moved, 'moved']];
    },
  })),
  {
    name: 'a digest under the key of another hour',
    ok: false,
    also: ['uncovered'],
    make: (_, eu) => {
      const [one, two] = [at(eu, 2), at(eu, 3)];
      two.bytes = one.bytes;
      two.metadata = one.metadata;
      return [[two, 'moved']];
    },
  },
  {
    name: 'a log moved to another name',
    ok: false,
    make: (world, eu) => {
      const log = logOf(world, at(eu, 2));
      world.put(BUCKET, `${log.key.slice(0, -24)}AAAAAAAAAAAAAAAA.json.gz`, log.bytes);
      world.remove(log);
      return [[log, 'moved']];
    },
  },
  {
    name: 'a log in a folder of downloads, under a name of nobody’s',
    how: { flat: true },
    ok: false,
    make: (world, eu) => {
      const log = logOf(world, at(eu, 2));
      world.put(BUCKET, 'x/backup (2)', log.bytes);
      world.remove(log);
      return [[log, 'moved']];
    },
  },
  // The signature.
  ...(
    [
      [
        'with one bit changed',
        (hex: string) => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`,
        'signature_invalid',
      ],
      ['that is not hex', (hex: string) => `${hex.slice(0, -1)}g`, 'signature_invalid'],
      ['of odd length', (hex: string) => hex.slice(0, -1), 'signature_invalid'],
      ['that is too short', (hex: string) => hex.slice(2), 'signature_invalid'],
      ['that is too long', (hex: string) => `00${hex}`, 'signature_invalid'],
      ['that is empty', () => '', 'signature_invalid'],
    ] as const
  ).map(([what, change, status]): Case => ({
    name: `a signature ${what}`,
    ok: false,
    make: (_, eu) => {
      const { metadata } = at(eu, 2);
      if (metadata !== undefined) metadata['signature'] = change(metadata['signature'] ?? '');
      return [[at(eu, 2), status]];
    },
  })),
  ...(['sha1', 'md5', 'sha512'] as const).map((hash): Case => ({
    name: `signed by the right key over ${hash}, which the AWS CLI takes`,
    ok: false,
    make: (_, eu) => {
      resign(at(eu, 2), EU, hash);
      return [[at(eu, 2), 'signature_weak']];
    },
  })),
  {
    name: 'signed with PSS',
    ok: false,
    make: (_, eu) => {
      const digest = at(eu, 2);
      const json = jsonOf(digest);
      const text = [
        json['digestEndTime'],
        `${BUCKET}/${digest.key}`,
        hashOf(digest),
        json['previousDigestSignature'],
      ].join('\n');
      const pss = sign('sha256', Buffer.from(text), {
        key: EU,
        padding: constants.RSA_PKCS1_PSS_PADDING,
      });
      if (digest.metadata !== undefined) digest.metadata['signature'] = pss.toString('hex');
      return [[digest, 'signature_invalid']];
    },
  },
  {
    name: 'signed by a stranger’s key',
    ok: false,
    make: (_, eu) => {
      resign(at(eu, 2), stranger);
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  {
    name: 'changed and signed by a stranger’s key, under its own fingerprint',
    ok: false,
    also: ['digest_unproven'],
    make: (_, eu) => {
      edit(at(eu, -1), (json) => {
        json['digestPublicKeyFingerprint'] = publicKey('eu-west-1', stranger).Fingerprint;
      });
      resign(at(eu, -1), stranger);
      return [[at(eu, -1), 'public_key_not_found']];
    },
  },
  ...(['signature', 'signature-algorithm'] as const).map((name): Case => ({
    name: `object metadata kept without ${name}`,
    ok: false,
    make: (_, eu) => {
      const { metadata = {} } = at(eu, 2);
      at(eu, 2).metadata = Object.fromEntries(
        Object.entries(metadata).filter(([one]) => one !== name),
      );
      return [[at(eu, 2), 'signature_missing']];
    },
  })),
  {
    name: 'object metadata that names another algorithm',
    ok: false,
    make: (_, eu) => {
      at(eu, 2).metadata = { ...at(eu, 2).metadata, 'signature-algorithm': 'NONEwithRSA' };
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  {
    name: 'a signature of another digest',
    ok: false,
    make: (_, eu) => {
      at(eu, 2).metadata = at(eu, 3).metadata;
      return [[at(eu, 2), 'signature_invalid']];
    },
  },
  {
    name: 'a backfill digest without its time of generation',
    ok: false,
    make: (world) => {
      const digest = world.digest({}, hour(2), hour(3), [], undefined, true);
      delete digest.metadata?.['backfill-generation-timestamp'];
      return [[digest, 'backfill_timestamp_missing']];
    },
  },
  // The keys.
  {
    name: 'a region’s public key is not in the list',
    ok: false,
    also: ['digest_unproven'],
    make: (world, eu) => {
      world.keys = world.keys.slice(1);
      return eu.map((digest) => [digest, 'public_key_not_found']);
    },
  },
  {
    name: 'a stranger’s key under AWS’s fingerprint',
    ok: false,
    also: ['digest_unproven', 'fingerprint_differs'],
    make: (world, eu) => {
      const [key] = world.keys;
      if (key !== undefined) key.Value = publicKey('eu-west-1', stranger).Value;
      return eu.map((digest) => [digest, 'signature_invalid']);
    },
  },
  {
    name: 'two keys under one fingerprint',
    ok: false,
    make: (world) => {
      const key = at(world.keys, 0);
      world.keys.unshift({ ...key, Value: publicKey('eu-west-1', stranger).Value });
      return [[key.Fingerprint, 'key_conflict']];
    },
  },
  {
    name: 'a key that is none',
    ok: false,
    also: ['digest_unproven', 'fingerprint_differs', 'key_unusable'],
    make: (world, eu) => {
      const [key] = world.keys;
      if (key !== undefined) key.Value = 'AAAA';
      return eu.map((digest) => [digest, 'public_key_unusable']);
    },
  },
  ...(
    [
      ['expired before', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
      ['became valid after', '2026-03-11T00:00:00Z', '2026-04-01T00:00:00Z'],
    ] as const
  ).map(([what, from, to]): Case => ({
    name: `a key whose validity ${what} the digests`,
    ok: false,
    also: ['digest_unproven'],
    make: (world, eu) => {
      const key = at(world.keys, 0);
      key.ValidityStartTime = Date.parse(from) / 1000;
      key.ValidityEndTime = Date.parse(to) / 1000;
      return eu.map((digest) => [digest, 'public_key_not_valid_then']);
    },
  })),
  {
    name: 'a backfill digest whose key was not valid when it was generated',
    ok: false,
    make: (world) => {
      const digest = world.digest({}, hour(2), hour(3), [], undefined, true);
      digest.metadata = {
        ...digest.metadata,
        'backfill-generation-timestamp': '2026-05-01T00:00:00Z',
      };
      return [[digest, 'public_key_not_valid_then']];
    },
  },
  // What only the holder of AWS's key could make.
  {
    name: 'a wrong previousDigestHashValue, well signed',
    ok: false,
    make: (_, eu) => {
      edit(at(eu, 3), (json) => (json['previousDigestHashValue'] = '00'.repeat(32)));
      resignedChain(eu, 3);
      return [[at(eu, 3), 'hash_link_broken']];
    },
  },
  {
    name: 'a wrong previousDigestSignature, well signed',
    ok: false,
    make: (_, eu) => {
      edit(at(eu, 3), (json) => (json['previousDigestSignature'] = '00'.repeat(256)));
      resignedChain(eu, 3);
      return [[at(eu, 3), 'signature_link_broken']];
    },
  },
  {
    name: 'a digest skipped, well signed',
    ok: false,
    make: (_, eu) => {
      const [one, three] = [at(eu, 1), at(eu, 3)];
      edit(three, (json) => {
        json['previousDigestS3Object'] = one.key;
        json['previousDigestHashValue'] = hashOf(one);
        json['previousDigestSignature'] = one.metadata?.['signature'];
      });
      resignedChain(eu, 3);
      return [[EU_FOLDER, 'fork']];
    },
  },
  {
    name: 'a digest skipped and deleted, well signed',
    ok: false,
    also: ['uncovered', 'not_validated'],
    make: (world, eu) => {
      const [one, two, three] = [at(eu, 1), at(eu, 2), at(eu, 3)];
      world.remove(two);
      edit(three, (json) => {
        json['previousDigestS3Object'] = one.key;
        json['previousDigestHashValue'] = hashOf(one);
        json['previousDigestSignature'] = one.metadata?.['signature'];
      });
      resignedChain(eu, 3);
      return [[EU_FOLDER, 'times_do_not_meet']];
    },
  },
  {
    name: 'a digest that follows itself, well signed: the walk ends',
    ok: false,
    also: ['fork'],
    make: (_, eu) => {
      const digest = at(eu, 3);
      edit(digest, (json) => (json['previousDigestS3Object'] = digest.key));
      resignedChain(eu, 3);
      return [[digest, 'chain_order']];
    },
  },
  {
    name: 'two digests that follow each other, well signed: the walk ends',
    ok: false,
    also: ['hash_link_broken', 'signature_link_broken', 'fork'],
    make: (_, eu) => {
      edit(at(eu, 2), (json) => (json['previousDigestS3Object'] = at(eu, 3).key));
      resignedChain(eu, 2);
      return [[at(eu, 2), 'chain_order']];
    },
  },
  {
    name: 'two digests of the same time, well signed',
    ok: false,
    also: ['fork'],
    make: (world, eu) => {
      world.digest({}, hour(1.5), hour(2.5), [], at(eu, 0));
      return [[EU_FOLDER, 'overlap']];
    },
  },
  {
    name: 'a digest that ends before it starts, well signed',
    ok: false,
    also: ['fork', 'overlap'],
    make: (world) => [[world.digest({}, hour(3), hour(2.5), [], undefined), 'invalid_format']],
  },
  {
    name: 'a digest that says another end than its key, well signed',
    ok: false,
    also: ['uncovered', 'hash_link_broken'],
    make: (_, eu) => {
      edit(at(eu, -1), (json) => (json['digestEndTime'] = '2026-03-10T06:10:21Z'));
      resign(at(eu, -1), EU);
      return [[at(eu, -1), 'invalid_key']];
    },
  },
  {
    name: 'a hash algorithm that is not SHA-256, well signed: undecided',
    ok: true,
    make: (world, eu) => {
      edit(at(eu, -1), (json) => (at(json.logFiles, 0).hashAlgorithm = 'SHA3-256'));
      resign(at(eu, -1), EU);
      return [[logOf(world, at(eu, -1)), 'hash_unknown']];
    },
  },
  {
    name: 'a hash of the digest before by another algorithm, well signed: not compared, and said so',
    ok: true,
    make: (_, eu) => {
      edit(at(eu, -1), (json) => (json['previousDigestHashAlgorithm'] = 'SHA-512'));
      resign(at(eu, -1), EU);
      return [[at(eu, -1), 'hash_link_unchecked']];
    },
  },
  // Log files.
  {
    name: 'one changed byte in a log',
    ok: false,
    make: (world, eu) => {
      const log = logOf(world, at(eu, 2));
      log.bytes = gzipSync(gunzipSync(log.bytes).toString('utf8').replace('Get', 'Put'));
      return [[log, 'hash_mismatch']];
    },
  },
  {
    name: 'a log deleted',
    ok: false,
    make: (world, eu) => {
      const log = logOf(world, at(eu, 2));
      world.remove(log);
      return [[log, 'missing']];
    },
  },
  {
    name: 'a log planted in a validated hour',
    ok: false,
    make: (world) => [[world.log({}, hour(2) + 30 * 60_000), 'not_in_digest']],
  },
  {
    name: 'a log planted twelve minutes before the newest digest ends',
    ok: false,
    make: (world) => [[world.log({}, hour(6) - 12 * 60_000), 'not_in_digest']],
  },
  {
    name: 'a log planted in the bucket that the trail has left',
    ok: false,
    make: (world) => {
      const spec = { trail: 'moving', region: 'sa-east-1', hours: 3 } as const;
      const old = world.chain({ ...spec, bucket: 'old-logs' });
      world.digest({ ...spec, bucket: 'new-logs' }, hour(3), hour(4), [], old.at(-1));
      return [[world.log({ ...spec, bucket: 'old-logs' }, hour(1.5)), 'not_in_digest']];
    },
  },
  ...(
    [
      ['under a name of nobody’s', 'LOGS/readme.json.gz', trail([record()])],
      ['below no day', `TRAIL/eu-west-1/x.json`, trail([record()])],
      ['below no region', `TRAIL/x`, trail([record()])],
      ['in another folder of the trail', `ROOT/Config/x.json.gz`, trail([record()])],
      ['as lines', 'LOGS/x.json', Buffer.from(`${JSON.stringify(record())}\n`)],
      [
        'as what the API gives',
        'LOGS/x',
        Buffer.from(JSON.stringify({ Events: [{ CloudTrailEvent: JSON.stringify(record()) }] })),
      ],
      [
        'that say no region, no account',
        'LOGS/x',
        trail([record({ awsRegion: 1, recipientAccountId: null })]),
      ],
      [
        'with escapes in their names',
        'LOGS/../x',
        Buffer.from(
          JSON.stringify({ Records: [record()] })
            .replaceAll('awsRegion', 'aws\\u0052egion')
            .replaceAll('eventSource', 'event\\u0053ource'),
        ),
      ],
      ['compressed twice', 'ROOT/x', gzipSync(trail([record()]))],
      [
        'in UTF-16',
        'LOGS/x',
        Buffer.from(`\ufeff${gunzipSync(trail([record()])).toString()}`, 'utf16le'),
      ],
      [
        'in UTF-16, compressed',
        'ROOT/x',
        gzipSync(Buffer.from(`\ufeff${gunzipSync(trail([record()])).toString()}`, 'utf16le')),
      ],
      ['behind a comma', 'ROOT/x', Buffer.from(`,${gunzipSync(trail([record()])).toString()}`)],
      ['compressed with zstd', 'ROOT/x', zstdCompressSync(gunzipSync(trail([record()])))],
      [
        'behind a thousand empty gzip members',
        'ROOT/x',
        Buffer.concat([...Array.from({ length: 1000 }, () => gzipSync('')), trail([record()])]),
      ],
      [
        'in a list of keys',
        'LOGS/x',
        Buffer.from(`{"PublicKeyList":[],"Records":[${JSON.stringify(record())}]}`),
      ],
      [
        'that call themselves Insights',
        'LOGS/INSIGHT',
        trail([record({ eventCategory: 'Insight' })]),
      ],
      [
        'behind one of Insights',
        'LOGS/INSIGHT',
        trail([{ ...record({ eventCategory: 'Insight' }), userIdentity: undefined }, record()]),
      ],
      ['delivered long before they happened', 'LOGS/EARLY', trail([record()])],
      ['delivered days after they happened', 'LOGS/LATE', trail([record()])],
      ['in the name of a region without digests', 'LOGS/ABROAD', trail([record()])],
      ['in the name of an account without digests', 'LOGS/STRANGER', trail([record()])],
    ] as const
  ).map(([name, path, bytes]): Case => ({
    name: `records planted ${name}`,
    ok: false,
    also: ['not_validated', 'ends_before_logs'],
    make: (world) => {
      const logs = dirOf(at(world.logs, 0).key);
      const name = (account: string, kind: string, region: string, time: string): string =>
        `${account}_CloudTrail${kind}_${region}_${time}_AAAAAAAAAAAAAAAA.json.gz`;
      const key = path
        .replace('LOGS', logs)
        .replace('TRAIL', `AWSLogs/${ACCOUNT}/CloudTrail`)
        .replace('ROOT', `AWSLogs/${ACCOUNT}`)
        .replace('INSIGHT', name(ACCOUNT, '-Insight', 'eu-west-1', '20260310T0212Z'))
        .replace('EARLY', name(ACCOUNT, '', 'eu-west-1', '20260309T2355Z'))
        .replace('LATE', name(ACCOUNT, '', 'eu-west-1', '20260312T0000Z'))
        .replace('ABROAD', name(ACCOUNT, '', 'ap-south-1', '20260310T0212Z'))
        .replace('STRANGER', name('999999999999', '', 'eu-west-1', '20260310T0212Z'));
      return [[world.put(BUCKET, key, bytes), 'not_in_digest']];
    },
  })),
  ...[true, false].flatMap((told) =>
    ['x.json', `${ACCOUNT}_CloudTrail_sa-east-1_20260310T0212Z_AAAAAAAAAAAAAAAA.json.gz`].map(
      (name): Case => ({
        name: `records planted below a second AWSLogs, ${told ? 'told with --s3' : 'recognised by layout'}: ${name}`,
        how: { told },
        ok: false,
        make: (world) => {
          const spec = { prefix: 'deep/', bucket: 'deep-logs', trail: 'deep' } as const;
          world.chain({ ...spec, region: 'sa-east-1', hours: 6 });
          const folder = dirOf(at(world.logs, -1).key);
          const bytes = trail([record({ awsRegion: 'sa-east-1' })]);
          const key = `${folder}/AWSLogs/${ACCOUNT}/CloudTrail/sa-east-1/2026/03/10/${name}`;
          const planted = world.put('deep-logs', key, bytes);
          const said: Expected = [[planted, 'not_in_digest']];
          const period = [`${ACCOUNT}/CloudTrail/sa-east-1`, 'not_validated'] as const;
          return name === 'x.json' ? said : [...said, period];
        },
      }),
    ),
  ),
  {
    name: 'records planted among loose downloads',
    how: { flat: true },
    ok: false,
    make: (world) => {
      world.put(BUCKET, 'x/extra.json', trail([record()]));
      return [['extra.json', 'not_in_digest']];
    },
  },
  ...(
    [
      [
        'bytes appended to a log',
        (log: WorldObject) => (log.bytes = Buffer.concat([log.bytes, Buffer.from('x')])),
        'extra_bytes',
      ],
      [
        'a cut trailer, which the AWS CLI tolerates',
        (log: WorldObject) => (log.bytes = log.bytes.subarray(0, -4)),
        'gzip_damaged',
      ],
      [
        'a wrong checksum',
        (log: WorldObject) => (log.bytes[log.bytes.length - 8] = (log.bytes.at(-8) ?? 0) ^ 1),
        'gzip_damaged',
      ],
      [
        'a log compressed twice',
        (log: WorldObject) => (log.bytes = gzipSync(log.bytes)),
        'extra_bytes',
      ],
      [
        'a gzip member appended to a log: its inflated bytes are others',
        (log: WorldObject) => {
          member(log, '{}');
        },
        'hash_mismatch',
      ],
      [
        'an empty gzip member appended to a log',
        (log: WorldObject) => {
          member(log, '');
        },
        'extra_bytes',
      ],
      [
        'a log that is no gzip',
        (log: WorldObject) => (log.bytes = Buffer.from('junk')),
        'hash_mismatch',
      ],
      [
        'a log cut in its middle',
        (log: WorldObject) => (log.bytes = log.bytes.subarray(0, 60)),
        'hash_mismatch',
      ],
    ] as const
  ).map(([name, change, status]): Case => ({
    name,
    ok: false,
    make: (world, eu) => {
      const log = logOf(world, at(eu, 2));
      change(log);
      return [[log, status]];
    },
  })),
  {
    name: 'an empty gzip member appended to a digest',
    ok: false,
    make: (_, eu) => {
      member(at(eu, 2), '');
      return [[at(eu, 2), 'extra_bytes']];
    },
  },
  {
    name: 'a digest file whose trailer is cut',
    ok: false,
    make: (_, eu) => {
      at(eu, 2).bytes = at(eu, 2).bytes.subarray(0, -8);
      return [[at(eu, 2), 'gzip_damaged']];
    },
  },
  {
    name: 'tampering in another region of the trail',
    ok: false,
    make: (world, _, us) => {
      const log = logOf(world, at(us, 2));
      log.bytes = gzipSync('{"Records":[]}');
      return [[log, 'hash_mismatch']];
    },
  },
  // Digests taken away.
  ...[1, 2, 3, 4].map((count): Case => ({
    name: `${String(count)} adjacent digests deleted`,
    ok: false,
    also: ['uncovered'],
    make: (world, eu) => {
      const gone = eu.slice(1, 1 + count);
      world.remove(...gone);
      return gone.map((digest) => [digest, 'missing']);
    },
  })),
  {
    name: 'a digest of an organisation’s trail deleted, the account’s own one has the same name',
    ok: false,
    also: ['uncovered'],
    make: (world) => {
      const gone = at(world.chain({ org: 'o-a1b2c3d4e5', hours: 6 }), 2);
      world.remove(gone);
      return [[gone, 'missing']];
    },
  },
  {
    name: 'the oldest digests deleted',
    ok: false,
    also: ['uncovered'],
    make: (world, eu) => {
      world.remove(eu[0], eu[1]);
      return [[at(eu, 1), 'missing']];
    },
  },
  {
    name: 'the oldest digests deleted, the window says since when',
    how: { from: clock(0) },
    ok: false,
    also: ['uncovered'],
    make: (world, eu) => {
      world.remove(eu[0], eu[1]);
      return [
        [at(eu, 0), 'missing'],
        [at(eu, 1), 'missing'],
      ];
    },
  },
  {
    name: 'the newest digests deleted, their logs left',
    ok: false,
    also: ['uncovered', 'not_validated', 'ends_before_other_regions'],
    make: (world, eu) => {
      world.remove(eu[3], eu[4], eu[5]);
      return [[EU_FOLDER, 'ends_before_logs']];
    },
  },
  {
    name: 'the newest digests deleted with their logs: the other region has gone on',
    ok: false,
    make: (world, eu) => {
      for (const digest of eu.slice(3)) {
        world.remove(logOf(world, digest, 0), logOf(world, digest, 1), digest);
      }
      return [[EU_FOLDER, 'ends_before_other_regions']];
    },
  },
  {
    name: 'the newest digests deleted with their logs, the window says until when',
    how: { to: clock(6) },
    ok: false,
    also: ['not_validated'],
    make: (world, eu) => {
      for (const digest of eu.slice(3)) {
        world.remove(logOf(world, digest, 0), logOf(world, digest, 1), digest);
      }
      return eu.slice(3).map((digest) => [digest, 'missing']);
    },
  },
  {
    name: 'all digests of a region deleted, the window asked for',
    how: { from: clock(0), to: clock(6) },
    ok: false,
    also: ['uncovered'],
    make: (world, eu) => {
      world.remove(...eu);
      return [[`${ACCOUNT}/CloudTrail/eu-west-1`, 'not_validated']];
    },
  },
  {
    name: 'all digests of a region deleted, no window',
    ok: true,
    also: ['uncovered'],
    make: (world, eu) => {
      world.remove(...eu);
      return [[`${ACCOUNT}/CloudTrail/eu-west-1`, 'not_validated']];
    },
  },
  {
    name: 'digests before a gap deleted',
    ok: false,
    also: ['uncovered', 'not_validated', 'ends_before_other_regions'],
    make: (world, eu) => {
      world.chain({ start: '2026-03-10T09:00:00Z', hours: 2 });
      world.remove(eu[2], eu[3]);
      return [
        [at(eu, 2), 'missing'],
        [at(eu, 3), 'missing'],
      ];
    },
  },
  {
    name: 'a backfill digest deleted: its late log is named by none',
    ok: false,
    make: (world) => {
      const late = world.log({}, hour(2) + 50 * 60_000);
      world.remove(world.digest({}, hour(2), hour(3), [late], undefined, true));
      return [[late, 'not_in_digest']];
    },
  },
  {
    name: 'a gap in a window that was asked for',
    how: { from: clock(0), to: clock(12) },
    ok: false,
    also: ['missing', 'not_validated'],
    make: (world) => {
      world.chain({ start: '2026-03-10T09:00:00Z', hours: 4 });
      return [[EU_FOLDER, 'not_validated']];
    },
  },
  // What ends or stops the listing of the AWS CLI.
  {
    name: 'a planted key that ends the AWS CLI’s listing early',
    ok: false,
    also: ['times_do_not_meet', 'overlap', 'missing'],
    make: (world, eu) => {
      const key = at(eu, 0).key.replace(/\d{8}T\d{6}Z/, '99999999T999999Z');
      return [[world.put(BUCKET, key, gzipSync('{}')), 'invalid_format']];
    },
  },
  {
    name: 'a planted key whose date nobody can read',
    ok: false,
    make: (world, eu) => {
      const key = at(eu, 0).key.replace(/\d{8}T\d{6}Z/, '2026031XT0000AAZ');
      return [[world.put(BUCKET, key, gzipSync('{}')), 'invalid_format']];
    },
  },
];

/** The text for a subject. */
export function subjectText(of: WorldObject | string): string {
  return typeof of === 'string' ? of : subject(of);
}
