/**
 * Values as JSON text: always the same text for the same value, exact in all digits. What JSON has no form for is a
 * string: times as RFC 3339 in UTC with all decimals of their unit, decimals with all theirs, NaN and the infinities by
 * name, bytes that are no UTF-8 as `{"base64":"..."}`.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import { type Leaf, type Meaning, TYPE } from './schema.ts';

/** Text of the value that begins at `at`; `end` is one past its last byte. */
export type Render = (bytes: Buffer, at: number, end: number) => string;

/** How the values of a column are written. */
export function renderOf({ type, meaning }: Leaf): Render {
  const integer = integerText(meaning);
  switch (type) {
    case TYPE.int32:
      return (bytes, at) =>
        integer(meaning.kind === 'unsigned' ? bytes.readUInt32LE(at) : bytes.readInt32LE(at));
    case TYPE.int64:
      return (bytes, at) => integer(int64(bytes, at, meaning.kind === 'unsigned'));
    case TYPE.int96:
      return (bytes, at) => integer(int96(bytes, at));
    case TYPE.float:
      return (bytes, at) => numberText(bytes.readFloatLE(at));
    case TYPE.double:
      return (bytes, at) => numberText(bytes.readDoubleLE(at));
    default:
      return bytesText(meaning);
  }
}

/** How an integer of a column is written. */
export function integerText(meaning: Meaning): (value: number | bigint) => string {
  switch (meaning.kind) {
    case 'decimal':
      return (value) => decimalText(BigInt(value), meaning.scale);
    case 'date':
      return (value) => {
        const text = timeText(BigInt(value) * 86_400_000n, 3, true);
        return text === undefined ? String(value) : `"${text.slice(0, text.indexOf('T'))}"`;
      };
    case 'time':
      return (value) => {
        const text = timeText(BigInt(value), meaning.digits, false);
        return text?.startsWith('1970-01-01T') === true ? `"${text.slice(11)}"` : String(value);
      };
    case 'timestamp':
      return (value) => {
        const text = timeText(BigInt(value), meaning.digits, meaning.utc);
        return text === undefined ? String(value) : `"${text}"`;
      };
    default:
      return String;
  }
}

function int64(bytes: Buffer, at: number, unsigned: boolean): number | bigint {
  const high = unsigned ? bytes.readUInt32LE(at + 4) : bytes.readInt32LE(at + 4);
  // Below 2^52 either way: exact.
  if (high < 0x100000 && high >= -0x100000) return high * 2 ** 32 + bytes.readUInt32LE(at);
  return unsigned ? bytes.readBigUInt64LE(at) : bytes.readBigInt64LE(at);
}

/** Days of the Julian period at the start of 1970. */
const JULIAN_1970 = 2_440_588n;

/** Nanoseconds since 1970 of the old timestamps of Impala and Hive: nanoseconds of the day, then the Julian day. */
function int96(bytes: Buffer, at: number): bigint {
  const day = BigInt(bytes.readInt32LE(at + 8)) - JULIAN_1970;
  return day * 86_400_000_000_000n + bytes.readBigInt64LE(at);
}

/** RFC 3339 with `digits` decimals; undefined outside the years that it can write. */
function timeText(value: bigint, digits: number, utc: boolean): string | undefined {
  const unit = 10n ** BigInt(digits);
  const rest = ((value % unit) + unit) % unit;
  const seconds = (value - rest) / unit;
  // The years 0000 to 9999.
  if (seconds < -62_167_219_200n || seconds > 253_402_300_799n) return undefined;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${rest.toString().padStart(digits, '0')}${utc ? 'Z' : ''}`;
}

function decimalText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `"${sign}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}"`;
}

/** A double as JSON; -0 keeps its sign as text would lose it. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${String(value)}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function bytesText(meaning: Meaning): Render {
  switch (meaning.kind) {
    case 'decimal':
      return (bytes, at, end) => decimalText(bigEndian(bytes.subarray(at, end)), meaning.scale);
    case 'uuid':
      return (bytes, at, end) =>
        `"${bytes.toString('hex', at, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}"`;
    case 'half':
      return (bytes, at) => numberText(half(bytes.readUInt16LE(at)));
    default:
      return textOf;
  }
}

function textOf(bytes: Buffer, at: number, end: number): string {
  const value = bytes.subarray(at, end);
  return isUtf8(value)
    ? JSON.stringify(value.toString('utf8'))
    : `{"base64":"${value.toString('base64')}"}`;
}

/** Two's complement, the highest byte first. */
function bigEndian(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
