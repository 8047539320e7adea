/** Seeded randomness of the samples: one independent stream per name, so that changing one part leaves the rest as it was. */
import { createHash } from 'node:crypto';

/** A stream of reproducible choices. */
export interface Random {
  /** Integer from `low` to `high`, both included. */
  readonly int: (low: number, high: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  /** True with probability `p`. */
  readonly chance: (p: number) => boolean;
  /** `length` characters of `alphabet`. */
  readonly text: (alphabet: string, length: number) => string;
  readonly shuffle: <T>(items: readonly T[]) => T[];
}

const HEX = '0123456789abcdef';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const UPPER_ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const BASE64 = `${ALNUM}+/`;

/** A stream seeded by its name: sfc32 over the first 16 bytes of the name's SHA-256. */
export function randomStream(name: string): Random {
  const seed = createHash('sha256').update(name).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => seed.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i += 1) next();
  const int = (low: number, high: number): number => low + (next() % (high - low + 1));
  const pick = <T>(items: readonly T[]): T => items[int(0, items.length - 1)] as T;
  return {
    int,
    pick,
    chance: (p) => next() < p * 2 ** 32,
    text: (alphabet, length) =>
      Array.from({ length }, () => alphabet.charAt(int(0, alphabet.length - 1))).join(''),
    shuffle: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i -= 1) {
        const j = int(0, i);
        [copy[i], copy[j]] = [copy[j] as (typeof copy)[number], copy[i] as (typeof copy)[number]];
      }
      return copy;
    },
  };
}

/** Lower-case GUID, as eventID and most request ids. */
export function guid(random: Random): string {
  const hex = (length: number): string => random.text(HEX, length);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}

/** An access key id that ends in EXAMPLE, so that nobody takes it for a real one: 20 characters. */
export function accessKeyId(random: Random, prefix: 'AKIA' | 'ASIA'): string {
  return `${prefix}${random.text(BASE32, 9)}EXAMPLE`;
}

/** A unique id of an IAM user (`AIDA`) or role (`AROA`): 21 characters. */
export function uniqueId(random: Random, prefix: 'AIDA' | 'AROA'): string {
  return `${prefix}${random.text(BASE32, 10)}EXAMPLE`;
}

/** `i-`, `eni-`, `vpc-`, ... and 17 hex digits. */
export function resourceId(random: Random, prefix: string): string {
  return `${prefix}-0${random.text(HEX, 16)}`;
}

/** The 16 characters at the end of a CloudTrail log file name. */
export const fileToken = (random: Random): string => random.text(ALNUM, 16);
/** 16 upper-case letters and digits: an S3 request id. */
export const s3RequestId = (random: Random): string => random.text(UPPER_ALNUM, 16);
/** 76 characters of base64: an S3 host id (`x-amz-id-2`). */
export const s3HostId = (random: Random): string => `${random.text(BASE64, 75)}=`;
/** `length` hex digits. */
export const hexText = (random: Random, length: number): string => random.text(HEX, length);
/** The start of a session token; real ones are longer and just as meaningless. */
export const sessionToken = (random: Random): string =>
  `IQoJb3JpZ2luX2VjEXAMPLE${random.text(BASE64, 60)}==`;
