/**
 * What a person's own machine remembers of a case: the most entries it has seen, and the root of the tree over them. It lies
 * outside of every case, so that a folder that is set back to an older state, or that goes on differently, is noticed.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import type { Buffer } from 'node:buffer';
import { dirname, join } from 'node:path';
import { canonicalLine } from '../core/canonical.ts';
import { parseCanonicalLine } from '../core/canonical-read.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { replaceFile } from '../disk/durable.ts';

const PIN_TYPE = 'custody-pin/1';

/** What was seen last. */
export interface Pin {
  readonly case: string;
  /** SHA-256 of the root certificate. */
  readonly root_certificate: string;
  /** Number of entries. */
  readonly size: number;
  /** Root of the RFC 6962 tree over them, hex. */
  readonly root: string;
  /** SHA-256 of the last of them. */
  readonly head: string;
  /** When this machine saw it, RFC 3339 UTC by its own clock. */
  readonly at: string;
}

/** File of a case's pin in a folder of pins. */
function pinFile(folder: string, caseId: string): string {
  return join(folder, `${caseId}.json`);
}

/**
 * The pin of a case; undefined when there is none.
 * @throws ExhibitError `E_FORMAT` when the file is not a pin of this case: a pin that cannot be read protects nobody.
 */
export function readPin(folder: string, caseId: string): Pin | undefined {
  const file = pinFile(folder, caseId);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    throw error;
  }
  const pin = asPin(parseCanonicalLine(bytes));
  if (pin?.case === caseId) return pin;
  throw new ExhibitError('E_FORMAT', 'the pin of this case is not of its documented form', {
    where: { file },
    hint: 'restore it, or delete it and compare the head with paper before you go on',
  });
}

/** Stores a pin, whole or not at all. */
export function writePin(folder: string, pin: Pin): void {
  for (const missing of missingFolders(folder)) mkdirSync(missing, { mode: 0o700 });
  const bytes = canonicalLine({ type: PIN_TYPE, ...pin });
  replaceFile(pinFile(folder, pin.case), bytes, folder);
}

// One by one: the permission model refuses a recursive mkdir, which looks at parents that may not be written.
function missingFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let at = folder; !exists(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  return missing;
}

function exists(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined;
}

function asPin(value: unknown): Pin | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, ...pin } = value as Record<string, unknown>;
  const { size } = pin;
  const good =
    type === PIN_TYPE &&
    ['case', 'at'].every((name) => typeof pin[name] === 'string') &&
    ['root_certificate', 'root', 'head'].every(
      (name) => typeof pin[name] === 'string' && /^[0-9a-f]{64}$/.test(pin[name]),
    ) &&
    typeof size === 'number' &&
    size >= 1;
  return good ? (pin as unknown as Pin) : undefined;
}
