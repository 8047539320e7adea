/**
 * The seal: text that `sha256sum -c --strict` checks and a CMS signature covers (docs/bundle-format.md, "The seal").
 * It has one accepted form: what was parsed, written again, must be the same bytes.
 */
import { Buffer } from 'node:buffer';
import { basename } from 'node:path';
import { sha256Hex } from '../core/digest.ts';
import { ExhibitError } from '../core/errors.ts';
import { parseRfc3339 } from '../core/time.ts';
import { readSmallFile } from './small-file.ts';

/** One volume as the seal lists it. */
export interface SealedVolume {
  /** `EV-0001.v001`: name of the bag and of its folder. */
  readonly name: string;
  /** `EV-0001.v001.tar`. */
  readonly file: string;
  /** Of the tar file. */
  readonly sha256: string;
  /** Of the bag's tagmanifest-sha256.txt: binds an unpacked bag when the tar is gone. */
  readonly tagmanifestSha256: string;
}

/** What a seal says; everything is covered by its signature. */
export interface SealContent {
  readonly caseId: string;
  readonly evidenceId: string;
  /** SHA-256 of the volumes' manifest-sha256.txt, one after the other. */
  readonly payloadSetSha256: string;
  /** First and last time of the collection, RFC 3339 UTC, by the collector's clock. */
  readonly acquiredFrom: string;
  readonly acquiredTo: string;
  /** What inside the evidence proves that it is not older than a time; `none` where nothing does. */
  readonly anchorNotBefore: string;
  /** SHA-256 of the signer's certificate (DER). */
  readonly signerCertSha256: string;
  /** `exhibit 0.1.0 sha256:<hex> node 26.10.0`. */
  readonly tool: string;
  readonly volumes: readonly SealedVolume[];
}

/** A seal that was read. */
export interface Seal extends SealContent {
  /** Of the seal file's bytes: what the ledger records. */
  readonly sha256: string;
  readonly bytes: Buffer;
}

/** Largest seal that is read: about ten thousand volumes. */
const MAX_SEAL_BYTES = 4 * 1024 * 1024;

/** Name of volume `index` (from 0) of an evidence item: `EV-0001.v001`. */
export function volumeName(evidenceId: string, index: number): string {
  return `${evidenceId}.v${String(index + 1).padStart(3, '0')}`;
}

/** The text of a seal. */
export function renderSeal(seal: SealContent): string {
  return [
    '# evidence-seal v1',
    `# case: ${seal.caseId}`,
    `# evidence: ${seal.evidenceId}`,
    `# volumes: ${String(seal.volumes.length)}`,
    `# payload-set-sha256: ${seal.payloadSetSha256}`,
    `# acquired: ${seal.acquiredFrom}..${seal.acquiredTo} (claimed clock)`,
    `# anchor-not-before: ${seal.anchorNotBefore}`,
    `# signer-cert-sha256: ${seal.signerCertSha256}`,
    `# tool: ${seal.tool}`,
    ...seal.volumes.map(
      (volume) => `# bag: ${volume.name} tagmanifest-sha256 ${volume.tagmanifestSha256}`,
    ),
    ...seal.volumes.map((volume) => `${volume.sha256}  ${volume.file}`),
    '',
  ].join('\n');
}

/**
 * Reads a seal's text.
 * @param file name for messages.
 * @throws ExhibitError `E_TAMPERED` if it is not exactly a seal of this format.
 */
export function parseSeal(bytes: Uint8Array, file: string): Seal {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines = buffer.toString('latin1').split('\n');
  const fail = (line: number): never => {
    throw new ExhibitError('E_TAMPERED', 'the seal does not have its documented form', {
      where: { file, line },
    });
  };
  const take = (line: number, pattern: RegExp): string =>
    pattern.exec(lines[line - 1] ?? '')?.[1] ?? fail(line);
  take(1, /^(# evidence-seal v1)$/);
  const count = Number(take(4, /^# volumes: ([1-9][0-9]{0,4})$/));
  const evidenceId = take(3, /^# evidence: (EV-[0-9]{4})$/);
  const range = take(6, /^# acquired: (\S+\.\.\S+) \(claimed clock\)$/).split('..');
  const [acquiredFrom = '', acquiredTo = ''] = range;
  if (
    range.length !== 2 ||
    range.some((time) => parseRfc3339(time) === undefined || !time.endsWith('Z'))
  )
    fail(6);
  const volumes = Array.from({ length: count }, (_, index): SealedVolume => {
    const name = volumeName(evidenceId, index);
    const bag = take(10 + index, /^# bag: (\S+ tagmanifest-sha256 [0-9a-f]{64})$/).split(' ');
    const sum = take(10 + count + index, /^([0-9a-f]{64} {2}\S+)$/).split('  ');
    if (bag[0] !== name) fail(10 + index);
    if (sum[1] !== `${name}.tar`) fail(10 + count + index);
    return { name, file: `${name}.tar`, sha256: sum[0] ?? '', tagmanifestSha256: bag[2] ?? '' };
  });
  const content: SealContent = {
    caseId: take(2, /^# case: ([\x20-\x7e]+)$/),
    evidenceId,
    payloadSetSha256: take(5, /^# payload-set-sha256: ([0-9a-f]{64})$/),
    acquiredFrom,
    acquiredTo,
    anchorNotBefore: take(7, /^# anchor-not-before: ([\x20-\x7e]+)$/),
    signerCertSha256: take(8, /^# signer-cert-sha256: ([0-9a-f]{64})$/),
    tool: take(9, /^# tool: ([\x20-\x7e]+)$/),
    volumes,
  };
  if (!Buffer.from(renderSeal(content), 'latin1').equals(buffer)) fail(10 + 2 * count);
  return { ...content, sha256: sha256Hex(buffer), bytes: buffer };
}

/**
 * Reads the seal file of an evidence folder.
 * @throws ExhibitError `E_NOT_SEALED` if there is none, `E_TAMPERED` if it is no seal, `E_READ` if it cannot be read.
 */
export async function readSeal(path: string): Promise<Seal> {
  const bytes = await readSmallFile(path, MAX_SEAL_BYTES);
  if (bytes === undefined) {
    throw new ExhibitError('E_NOT_SEALED', 'there is no seal', {
      where: { file: path },
      hint: '`exhibit status` names the evidence of the case; what is collected only must be sealed first',
    });
  }
  return parseSeal(bytes, basename(path));
}
