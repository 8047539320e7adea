/** Answers of time-stamp authorities (RFC 3161 section 2.4.2), read and not yet judged. */
import type { Buffer } from 'node:buffer';
import { hashAlgorithm, type HashName } from './algorithms.ts';
import { readExtensions } from './certificate-read.ts';
import {
  contextTag,
  DerError,
  Fields,
  members,
  namedBits,
  natural,
  octetsOf,
  oidText,
  only,
  readDer,
  smallNatural,
  TAG,
  timeOf,
  truth,
  type Der,
} from './der-read.ts';

/** Dotted type of a TSTInfo in a CMS message (RFC 3161 section 2.4.2). */
export const TST_INFO = '1.2.840.113549.1.9.16.1.4';

/** RFC 3161 section 2.4.2, PKIStatus. */
const STATUSES = [
  'granted',
  'granted with modifications',
  'rejection',
  'waiting',
  'revocation warning',
  'revocation notification',
];

/** RFC 3161 section 2.4.2, PKIFailureInfo. */
const FAILURES: Readonly<Record<number, string>> = {
  0: 'unrecognised or unsupported algorithm',
  2: 'transaction not permitted or supported',
  5: 'the data submitted has the wrong format',
  14: "the authority's time source is not available",
  15: 'the requested policy is not supported',
  16: 'the requested extension is not supported',
  17: 'additional information could not be understood or is not available',
  25: 'system failure',
};

/** What an authority signs: that these bytes' digest lay before it at that time. */
export interface TstInfo {
  readonly hash: HashName;
  readonly digest: Buffer;
  /** The authority's time, microseconds UTC, and how much it may be off, microseconds. */
  readonly genTimeUs: number;
  readonly accuracyUs: number;
  readonly nonce: bigint | undefined;
  /** The authority's number of this token, hex. */
  readonly serial: string;
  readonly policy: string;
  /** DER of the authority's Name, where the token gives one of that kind. */
  readonly authority: Buffer | undefined;
}

/**
 * DER of the token in an answer.
 * @throws DerError when the authority refused, with its words, or the bytes are no answer.
 */
export function tokenOf(response: Uint8Array): Buffer {
  const fields = new Fields(readDer(response));
  const info = new Fields(fields.take());
  const status = smallNatural(info.take());
  const text = info.maybe(TAG.sequence);
  const failure = info.maybe(TAG.bitString);
  info.end();
  if (status > 1) {
    const words = [
      STATUSES[status] ?? `status ${String(status)}`,
      ...(failure === undefined
        ? []
        : namedBits(failure).map((bit) => FAILURES[bit] ?? `failure ${String(bit)}`)),
      ...(text === undefined
        ? []
        : members(text).map((line) => octetsOf(line, TAG.utf8String).toString('utf8'))),
    ];
    throw new DerError(`the authority did not grant it: ${words.join(', ').slice(0, 300)}`);
  }
  if (failure !== undefined) throw new DerError('a time-stamp is granted and refused at once');
  const token = fields.take(TAG.sequence);
  fields.end();
  return token.bytes;
}

/** @throws DerError when the bytes are no TSTInfo, or it insists on an extension. */
export function readTstInfo(bytes: Uint8Array): TstInfo {
  const fields = new Fields(readDer(bytes));
  if (smallNatural(fields.take()) !== 1) throw new DerError('a token of an unknown version');
  const policy = oidText(fields.take());
  const imprint = new Fields(fields.take());
  const hash = hashAlgorithm(imprint.take());
  const digest = octetsOf(imprint.take());
  imprint.end();
  const serial = natural(fields.take()).toString(16);
  const genTimeUs = timeOf(fields.take(TAG.generalizedTime), 'fractions');
  const accuracy = fields.maybe(TAG.sequence);
  const ordering = fields.maybe(TAG.boolean);
  // DER leaves out a value that is the default.
  if (ordering !== undefined && !truth(ordering)) throw new DerError('a default value is written');
  const nonce = fields.maybe(TAG.integer);
  const authority = fields.maybe(contextTag(0, 'constructed'));
  const extensions = fields.maybe(contextTag(1, 'constructed'));
  fields.end();
  if (extensions !== undefined) {
    for (const [oid, { critical }] of readExtensions(extensions, extensions.tag)) {
      if (critical) throw new DerError(`the token insists on the extension ${oid}`);
    }
  }
  return {
    hash,
    digest,
    genTimeUs,
    accuracyUs: accuracy === undefined ? 0 : readAccuracy(accuracy),
    nonce: nonce === undefined ? undefined : natural(nonce),
    serial,
    policy,
    authority: authority === undefined ? undefined : directoryName(only(authority, authority.tag)),
  };
}

/** The Name in a GeneralName of the kind directoryName (RFC 5280 section 4.2.1.6); other kinds say nothing here. */
function directoryName(node: Der): Buffer | undefined {
  return node.tag === contextTag(4, 'constructed') ? only(node, node.tag).bytes : undefined;
}

/** Microseconds of an Accuracy; parts that are absent are zero. */
function readAccuracy(node: Der): number {
  const fields = new Fields(node);
  const seconds = fields.maybe(TAG.integer);
  const millis = fields.maybe(contextTag(0, 'primitive'));
  const micros = fields.maybe(contextTag(1, 'primitive'));
  fields.end();
  const part = (one: Der | undefined): number =>
    one === undefined ? 0 : smallNatural(one, one.tag);
  const [s, ms, us] = [part(seconds), part(millis), part(micros)];
  if (ms > 999 || us > 999) throw new DerError('an accuracy of another form');
  return s * 1_000_000 + ms * 1000 + us;
}
