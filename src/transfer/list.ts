/**
 * `transfer.sha256`: what a package holds, as text that `sha256sum -c --strict` checks without any key, and that a sender
 * without exhibit can write by hand (docs/transfer.md). It has one accepted form.
 */
import { Buffer } from 'node:buffer';
import { ExhibitError } from '../core/errors.ts';

/** Names in a package. `case.tar.age` holds everything but the volumes. */
export const CASE_FILE = 'case.tar.age';
export const OPEN_FILE = 'OPEN.txt';
export const LIST_FILE = 'transfer.sha256';
export const LIST_SIGNATURE = `${LIST_FILE}.p7s`;

/** A file of the package. */
export interface ListedFile {
  readonly name: string;
  /** Lower-case hex SHA-256 of the file as it lies in the package: of the ciphertext. */
  readonly sha256: string;
}

/** What the list says. */
export interface TransferList {
  readonly caseId: string;
  /** SHA-256 of the certificate (DER) that signed the list; undefined in a list written by hand. */
  readonly senderCertSha256: string | undefined;
  /** In bytewise order of their names. */
  readonly files: readonly ListedFile[];
}

/** Largest list that is read: some fifty thousand volumes. */
export const MAX_LIST_BYTES = 4 * 1024 * 1024;

/** True for the volumes, the case archive and the instructions: nothing else is listed. */
export function isListedName(name: string): boolean {
  return name === CASE_FILE || name === OPEN_FILE || volumeOf(name) !== undefined;
}

/** Evidence id and file of the volume in an encrypted file, by its name. */
export function volumeOf(
  name: string,
): { readonly evidenceId: string; readonly file: string } | undefined {
  const match = /^((EV-\d{4})\.v\d{3,5}\.tar)\.age$/.exec(name);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { evidenceId: match[2], file: match[1] };
}

/** Text of a list. */
export function renderList({ caseId, senderCertSha256, files }: TransferList): string {
  return [
    '# exhibit-transfer v1',
    `# case: ${caseId}`,
    ...(senderCertSha256 === undefined ? [] : [`# sender-cert-sha256: ${senderCertSha256}`]),
    ...files.map(({ name, sha256 }) => `${sha256}  ${name}`),
    '',
  ].join('\n');
}

/**
 * Reads a list.
 * @param file name for messages.
 * @throws ExhibitError `E_FORMAT` if it is not exactly of this form: the two lines, names in order, each once.
 */
export function parseList(bytes: Uint8Array, file: string): TransferList {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines = buffer.toString('latin1').split('\n');
  const fail = (line: number): never => {
    throw new ExhibitError(
      'E_FORMAT',
      'the list of the package does not have its documented form',
      {
        where: { file, line },
        hint: 'docs/transfer.md says how it looks',
      },
    );
  };
  const caseId = /^# case: ([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/.exec(lines[1] ?? '')?.[1] ?? fail(2);
  const sender = /^# sender-cert-sha256: ([0-9a-f]{64})$/.exec(lines[2] ?? '')?.[1];
  const first = sender === undefined ? 2 : 3;
  const files = lines.slice(first, -1).map((line, index): ListedFile => {
    const [, sha256 = '', name = ''] = /^([0-9a-f]{64}) {2}([!-~]+)$/.exec(line) ?? [];
    if (!isListedName(name)) fail(first + index + 1);
    return { name, sha256 };
  });
  files.forEach(({ name }, index) => {
    const before = files[index - 1]?.name;
    if (before !== undefined && before >= name) fail(first + index + 1);
  });
  if (!files.some(({ name }) => name === CASE_FILE)) fail(lines.length);
  const list = { caseId, senderCertSha256: sender, files };
  if (!Buffer.from(renderList(list), 'latin1').equals(buffer)) fail(1);
  return list;
}
