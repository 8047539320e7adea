/**
 * Files in the age format (age-encryption.org/v1: C2SP, "age file encryption format"), which the stock `age` opens. Headers,
 * which hold the file key for each recipient, are the package's work; the payload is ours, on OpenSSL's ChaCha20-Poly1305
 * (age-stream.ts). Headers are bounded and failures get names. Ciphertext is untrusted.
 */
import { Buffer } from 'node:buffer';
import { Decrypter, Encrypter } from 'age-encryption';
import { ExhibitError } from '../core/errors.ts';
import { BadChunk, decryptPayload, encryptPayload, payloadSize } from './age-stream.ts';

/** Who can open what is encrypted: holders of keys, or whoever knows the passphrase. The format allows no mixture. */
export type Lock =
  | { readonly recipients: readonly string[] }
  | {
      readonly passphrase: string;
      /** Base-2 logarithm of scrypt's cost; default 18, about a second. */
      readonly logN?: number;
    };

/** What opens it. */
export type Unlock = { readonly identities: readonly string[] } | { readonly passphrase: string };

/** Longest header that is read: several hundred recipients. Ours have one line of keys for each. */
const MAX_HEADER_BYTES = 256 * 1024;
const VERSION_LINE = 'age-encryption.org/v1\n';
/** What follows the header in a file of no bytes: nonce and tag. */
const EMPTY_PAYLOAD_BYTES = 32;

/**
 * Asks whether a text is a recipient that this version can encrypt to: X25519 (`age1...`) or the post-quantum hybrid
 * (`age1pq1...`, which needs age 1.3 or later to open).
 * @throws ExhibitError `E_USAGE`; a secret key given by mistake is not repeated in it.
 */
export function checkRecipient(text: string): void {
  if (/^AGE-/i.test(text)) {
    throw new ExhibitError('E_USAGE', 'that is a secret key, not a recipient', {
      hint: 'it has been seen by your shell: make a new key with `age-keygen`; recipients begin with age1',
    });
  }
  try {
    new Encrypter().addRecipient(text);
  } catch (cause) {
    throw new ExhibitError('E_USAGE', `"${text}" is not an age recipient`, {
      hint: 'recipients look like age1..., as `age-keygen -y KEY.txt` prints them; keys of ssh and of plugins are not supported',
      cause,
    });
  }
}

/**
 * The recipients of a text as `age -R` takes it: one a line, `#` comments.
 * @throws ExhibitError `E_USAGE` for a line that is none, `E_FORMAT` if there is none at all.
 */
export function parseRecipients(text: string, file: string): string[] {
  const found = meaningfulLines(text);
  for (const line of found) checkRecipient(line);
  if (found.length > 0) return found;
  throw new ExhibitError('E_FORMAT', 'the file names no recipient', { where: { file } });
}

/**
 * The identities of a text as `age-keygen` writes it. No part of it is ever repeated in a message.
 * @throws ExhibitError `E_FORMAT` if there is none, or a line is no identity of a supported kind.
 */
export function parseIdentities(text: string, file: string): string[] {
  const found = meaningfulLines(text);
  const bad = (detail: string, hint: string): ExhibitError =>
    new ExhibitError('E_FORMAT', detail, { where: { file }, hint });
  if (text.startsWith(VERSION_LINE) || text.startsWith('-----BEGIN AGE ENCRYPTED FILE-----')) {
    throw bad(
      'the identity file is itself encrypted',
      'decrypt it first: age -d KEY.age > KEY.txt, on a disk that you trust',
    );
  }
  for (const [index, line] of found.entries()) {
    try {
      new Decrypter().addIdentity(line);
    } catch {
      // The cause would repeat the line.
      throw bad(
        `identity ${String(index + 1)} is not an age identity`,
        'lines begin with AGE-SECRET-KEY-1, as `age-keygen` writes them; keys of ssh and of plugins are not supported',
      );
    }
  }
  if (found.length > 0) return found;
  throw bad('the file holds no identity', 'give the file that `age-keygen -o KEY.txt` wrote');
}

function meaningfulLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A ciphertext that is about to be made. */
export interface Ciphertext {
  /** Can be read once. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Its length for a plaintext of so many bytes. */
  readonly size: (plain: number) => number;
}

/**
 * Encrypts a stream. Not reproducible: file key, salt and nonce are random, as the format wants them.
 * @param plain what it throws, the pieces throw.
 * @throws ExhibitError `E_USAGE` if the recipients cannot be mixed.
 */
export async function encrypt(plain: AsyncIterable<Uint8Array>, lock: Lock): Promise<Ciphertext> {
  const encrypter = new Encrypter();
  if ('passphrase' in lock) {
    encrypter.setPassphrase(lock.passphrase);
    if (lock.logN !== undefined) encrypter.setScryptWorkFactor(lock.logN);
  } else {
    const hybrid = lock.recipients.filter((recipient) => recipient.startsWith('age1pq1')).length;
    // One recipient without post-quantum protection takes it from all; age refuses that too.
    if (hybrid > 0 && hybrid < lock.recipients.length) {
      throw new ExhibitError('E_USAGE', 'age1pq1... and other recipients cannot be mixed', {
        hint: 'make one package for each kind',
      });
    }
    for (const recipient of lock.recipients) encrypter.addRecipient(recipient);
  }
  const { header, fileKey } = await makeHeader(encrypter, lock);
  const pieces = async function* (): AsyncGenerator<Uint8Array, undefined> {
    yield header;
    yield* encryptPayload(plain, fileKey);
  };
  return { pieces: pieces(), size: (bytes) => header.length + payloadSize(bytes) };
}

/** A header for a new file key. The package makes one only with a file, so it is asked for an empty one. */
async function makeHeader(
  encrypter: Encrypter,
  lock: Lock,
): Promise<{ readonly header: Uint8Array; readonly fileKey: Uint8Array }> {
  let fileKey: Uint8Array | undefined;
  if (!('passphrase' in lock)) {
    // A recipient for whom nothing is written, but who is told the key.
    encrypter.addRecipient({
      wrapFileKey: (key) => {
        fileKey = key;
        return [];
      },
    });
  }
  const empty = await encrypter.encrypt(new Uint8Array(0));
  const header = empty.subarray(0, empty.length - EMPTY_PAYLOAD_BYTES);
  if (fileKey !== undefined) return { header, fileKey };
  // With a passphrase the format allows no second recipient: the key is read back.
  const decrypter = new Decrypter();
  if ('passphrase' in lock) decrypter.addPassphrase(lock.passphrase);
  return { header, fileKey: await decrypter.decryptHeader(header) };
}

/**
 * Decrypts a stream. What is given out was authenticated, but only the end of the stream proves that nothing was cut off:
 * use none of it before.
 * @param file name for messages.
 * @throws ExhibitError `E_FORMAT` (no age file), `E_WRONG_KEY`, `E_TAMPERED` (a bit was changed, or the end is missing; with
 *   the offset in the ciphertext); what `cipher` throws.
 */
export async function* decrypted(
  cipher: AsyncIterable<Uint8Array>,
  unlock: Unlock,
  file: string,
): AsyncGenerator<Uint8Array, undefined> {
  const source = new Source(cipher);
  const header = await source.header(file);
  const decrypter = new Decrypter();
  if ('passphrase' in unlock) decrypter.addPassphrase(unlock.passphrase);
  else for (const identity of unlock.identities) decrypter.addIdentity(identity);
  const fileKey = await decrypter
    .decryptHeader(Buffer.from(header, 'latin1'))
    .catch((cause: unknown) => {
      throw headerError(cause, header, unlock, file);
    });
  try {
    yield* decryptPayload(source.rest(header.length), fileKey);
  } catch (cause) {
    if (!(cause instanceof BadChunk)) throw cause;
    throw new ExhibitError('E_TAMPERED', 'the encrypted file was changed or cut', {
      where: { file, offset: header.length + cause.offset },
      hint: 'ask for this file again',
      cause,
    });
  }
}

function headerError(cause: unknown, header: string, unlock: Unlock, file: string): ExhibitError {
  const where = { file };
  const message = cause instanceof Error ? cause.message : '';
  if (message.startsWith('no identity matched')) {
    const byPassphrase = /^-> scrypt /m.test(header);
    if (byPassphrase !== 'passphrase' in unlock) {
      return new ExhibitError(
        'E_WRONG_KEY',
        byPassphrase
          ? 'the file is encrypted with a passphrase'
          : 'the file is encrypted to keys, not with a passphrase',
        { where, hint: byPassphrase ? 'use --passphrase' : 'use --identity KEY.txt', cause },
      );
    }
    return new ExhibitError(
      'E_WRONG_KEY',
      byPassphrase
        ? 'the passphrase does not open the encrypted file'
        : 'the file was not encrypted to any of these keys',
      {
        where,
        hint: byPassphrase
          ? 'type it as it was handed over'
          : 'send the output of `age-keygen -y KEY.txt` to the sender and ask for a package to it',
        cause,
      },
    );
  }
  if (message === 'invalid header HMAC') {
    return new ExhibitError('E_TAMPERED', 'the header of the encrypted file was changed', {
      where,
      hint: 'ask for this file again',
      cause,
    });
  }
  return new ExhibitError('E_FORMAT', `the file is not in the age format: ${message}`, {
    where,
    cause,
  });
}

/** A ciphertext whose header is read before the rest. */
class Source {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #head: Buffer = Buffer.alloc(0);

  constructor(cipher: AsyncIterable<Uint8Array>) {
    this.#pieces = cipher[Symbol.asyncIterator]();
  }

  /** The text header up to and with its last line; bounded, so that no file can make us hold it all in memory. */
  async header(file: string): Promise<string> {
    for (;;) {
      const text = this.#head.toString('latin1', 0, MAX_HEADER_BYTES);
      const last = text.indexOf('\n---');
      const end = last === -1 ? -1 : text.indexOf('\n', last + 1);
      const begins = VERSION_LINE.startsWith(text.slice(0, VERSION_LINE.length));
      if (begins && end !== -1) return text.slice(0, end + 1);
      const next = await this.#pieces.next();
      if (!begins || next.done === true || this.#head.length >= MAX_HEADER_BYTES) {
        throw new ExhibitError('E_FORMAT', 'the file is not in the age format', {
          where: { file },
          hint: 'armored files (age -a) are not accepted either',
        });
      }
      this.#head = Buffer.concat([this.#head, next.value]);
    }
  }

  /** What follows the header, of which so many bytes were read. */
  async *rest(header: number): AsyncGenerator<Uint8Array, undefined> {
    yield this.#head.subarray(header);
    for (
      let next = await this.#pieces.next();
      next.done !== true;
      next = await this.#pieces.next()
    ) {
      yield next.value;
    }
  }
}
