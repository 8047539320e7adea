/**
 * Files in the age format (age-encryption.org/v1: C2SP, "age file encryption format"), which the stock `age` opens. The
 * cryptography is the package's; here its streams are bounded and its failures get names. Ciphertext is untrusted.
 */
import { Buffer } from 'node:buffer';
import { Decrypter, Encrypter } from 'age-encryption';
import { ExhibitError } from '../core/errors.ts';

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
/** Tag after each 64 KiB of the payload. */
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
/** Before the payload, after the header. */
const NONCE_BYTES = 16;

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
  const cipher = await encrypter.encrypt(ReadableStream.from(plain));
  return { pieces: cipher as AsyncIterable<Uint8Array>, size: (bytes) => cipher.size(bytes) };
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
  const plain = await decrypter
    .decrypt(ReadableStream.from(source.pieces()))
    .catch((cause: unknown) => {
      throw source.failure ?? headerError(cause, header, unlock, file);
    });
  let given = 0;
  try {
    for await (const piece of plain as AsyncIterable<Uint8Array>) {
      given += piece.length;
      yield piece;
    }
  } catch (cause) {
    const chunks = Math.floor(given / CHUNK_BYTES);
    const offset = header.length + NONCE_BYTES + chunks * (CHUNK_BYTES + TAG_BYTES);
    throw (
      source.failure ??
      new ExhibitError('E_TAMPERED', 'the encrypted file was changed or cut', {
        where: { file, offset },
        hint: 'ask for this file again',
        cause,
      })
    );
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

/** A ciphertext whose header was looked at before anything else reads it, and what went wrong while reading it. */
class Source {
  /** What the ciphertext's own stream threw: not a word about its content. */
  failure: Error | undefined;
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

  async *pieces(): AsyncGenerator<Uint8Array, undefined> {
    yield this.#head;
    this.#head = Buffer.alloc(0);
    try {
      for (;;) {
        const next = await this.#pieces.next();
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw this.failure;
    }
  }
}
