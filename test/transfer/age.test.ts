/** The age format both ways with the stock `age`, and every way in which a ciphertext can be wrong. */
import { Buffer } from 'node:buffer';
import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import { ExhibitError } from '#src/core/errors.ts';
import {
  checkRecipient,
  decrypted,
  encrypt,
  parseIdentities,
  parseRecipients,
  type Lock,
  type Unlock,
} from '#src/transfer/age.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const other = await generateX25519Identity();
const MINE: Unlock = { identities: [identity] };

async function* pieces(bytes: Uint8Array, size = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size)
    yield Promise.resolve(bytes.subarray(at, at + size));
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of stream) found.push(piece);
  return Buffer.concat(found);
}

async function seal(bytes: Uint8Array, lock: Lock = { recipients: [recipient] }): Promise<Buffer> {
  const cipher = await encrypt(pieces(bytes), lock);
  const found = await all(cipher.pieces);
  expect(cipher.size(bytes.length)).toBe(found.length);
  return found;
}
const open = (bytes: Uint8Array, unlock: Unlock = MINE): Promise<Buffer> =>
  all(decrypted(pieces(bytes), unlock, 'x.age'));

/** Code of the error, or the text `opened`. */
async function code(bytes: Uint8Array, unlock?: Unlock): Promise<string> {
  return open(bytes, unlock).then(
    () => 'opened',
    (error: unknown) => {
      if (error instanceof ExhibitError) return error.code;
      throw error;
    },
  );
}

const LENGTHS = [0, 1, 65_519, 65_520, 65_535, 65_536, 65_537, 131_072, 131_073, 200_000];

test.each(LENGTHS)('%i bytes come back', async (length) => {
  const bytes = Buffer.alloc(length, 'evidence ');
  expect((await open(await seal(bytes))).equals(bytes)).toBe(true);
});

describe.skipIf(!hasTool('age'))(needs('stock age', 'age'), () => {
  test.each(LENGTHS)('opens our %i bytes, and we open its', async (length) => {
    const dir = await tempDir();
    const bytes = Buffer.alloc(length, 'evidence ');
    writeFileSync(join(dir, 'key.txt'), `# made by a test\n${identity}\n`);
    writeFileSync(join(dir, 'ours.age'), await seal(bytes));
    writeFileSync(join(dir, 'plain'), bytes);
    // With -o it makes no file for an empty one.
    const opened = await runProcess('bash', ['-c', 'age -d -i key.txt ours.age > back'], {
      cwd: dir,
    });
    expect(opened.stderr).toBe('');
    expect(readFileSync(join(dir, 'back')).equals(bytes)).toBe(true);
    await runProcess('age', ['-r', recipient, '-o', 'theirs.age', 'plain'], { cwd: dir });
    expect((await open(readFileSync(join(dir, 'theirs.age')))).equals(bytes)).toBe(true);
  });
});

test('several recipients each open it alone', async () => {
  const second = await identityToRecipient(other);
  const cipher = await seal(Buffer.from('for two'), { recipients: [recipient, second] });
  for (const key of [identity, other]) {
    expect((await open(cipher, { identities: [key] })).toString()).toBe('for two');
  }
});

test('a passphrase opens it, another one does not', async () => {
  const cipher = await seal(Buffer.from('x'), { passphrase: 'tr0ub4dor', logN: 8 });
  expect((await open(cipher, { passphrase: 'tr0ub4dor' })).toString()).toBe('x');
  expect(await code(cipher, { passphrase: 'tr0ub4dor3' })).toBe('E_WRONG_KEY');
  expect(await code(cipher, MINE)).toBe('E_WRONG_KEY');
  expect(await code(await seal(Buffer.from('x')), { passphrase: 'tr0ub4dor' })).toBe('E_WRONG_KEY');
});

test('the key of somebody who is no recipient is refused', async () => {
  expect(await code(await seal(Buffer.from('x')), { identities: [other] })).toBe('E_WRONG_KEY');
});

test('every flipped bit of header and payload is refused', async () => {
  const cipher = await seal(Buffer.from('a small secret'));
  const verdicts = new Set<string>();
  for (let at = 0; at < cipher.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const mutant = Buffer.from(cipher);
      mutant[at] = (mutant[at] ?? 0) ^ (1 << bit);
      verdicts.add(await code(mutant));
    }
  }
  expect([...verdicts].sort()).toEqual(['E_FORMAT', 'E_TAMPERED', 'E_WRONG_KEY']);
});

test('a ciphertext that is cut anywhere, or goes on after its end, is refused', async () => {
  const small = await seal(Buffer.from('a small secret'));
  for (let length = 0; length < small.length; length += 1) {
    expect(await code(small.subarray(0, length)), String(length)).not.toBe('opened');
  }
  const large = await seal(Buffer.alloc(3 * 65_536));
  const payload = large.length - 3 * (65_536 + 16);
  // At the joints of chunks, where what is left is whole in itself.
  for (const chunks of [0, 1, 2]) {
    expect(await code(large.subarray(0, payload + chunks * (65_536 + 16)))).toBe('E_TAMPERED');
  }
  expect(await code(Buffer.concat([large, Buffer.alloc(1)]))).toBe('E_TAMPERED');
});

test('chunks in another order are refused, with their place', async () => {
  const cipher = await seal(
    Buffer.concat([Buffer.alloc(65_536, 'a'), Buffer.alloc(65_536, 'b'), Buffer.from('c')]),
  );
  const chunk = 65_536 + 16;
  const start = cipher.length - 2 * chunk - 17;
  const swapped = Buffer.concat([
    cipher.subarray(0, start),
    cipher.subarray(start + chunk, start + 2 * chunk),
    cipher.subarray(start, start + chunk),
    cipher.subarray(start + 2 * chunk),
  ]);
  await expect(open(swapped)).rejects.toMatchObject({
    code: 'E_TAMPERED',
    where: { offset: start },
  });
});

test.each([
  ['nothing', ''],
  ['another file', 'PK\u0003\u0004 and more'],
  ['a header without end', `age-encryption.org/v1\n${'-> X25519 AAAA\nBBBB\n'.repeat(20_000)}`],
  ['one endless line', `age-encryption.org/v1\n${'A'.repeat(1_000_000)}`],
  [
    'an armored file',
    '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n',
  ],
  ['a stanza that is none', 'age-encryption.org/v1\nX25519\n--- AAAA\n'],
  ['no recipient', 'age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n'],
])('%s is not opened', async (_what, text) => {
  expect(['E_FORMAT', 'E_WRONG_KEY']).toContain(await code(Buffer.from(text)));
});

test('a passphrase that would cost gigabytes of memory to try is refused', async () => {
  const header =
    'age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n' +
    `${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n`;
  expect(await code(Buffer.from(header), { passphrase: 'x' })).toBe('E_FORMAT');
});

test('what the source throws is passed on as it is', async () => {
  const cipher = await seal(Buffer.alloc(200_000));
  const broken = new ExhibitError('E_READ', 'the disk is dying');
  async function* dying(): AsyncGenerator<Uint8Array> {
    yield* pieces(cipher.subarray(0, 150_000));
    throw broken;
  }
  await expect(all(decrypted(dying(), MINE, 'x.age'))).rejects.toBe(broken);
  const again = await encrypt(dying(), { recipients: [recipient] });
  await expect(all(again.pieces)).rejects.toBe(broken);
});

describe('texts that people give', () => {
  test('identities as age-keygen writes them, with comments and Windows line ends', () => {
    expect(
      parseIdentities(`# created: today\r\n# public key: ${recipient}\r\n${identity}\r\n`, 'k'),
    ).toEqual([identity]);
  });

  test.each([
    ['nothing', '# only a comment\n'],
    ['a damaged key', `${identity.slice(0, -1)}Q\n`],
    ['a recipient', `${recipient}\n`],
    ['an ssh key', '-----BEGIN OPENSSH PRIVATE KEY-----\n'],
    ['an encrypted file', 'age-encryption.org/v1\n-> scrypt\n'],
  ])('%s is no identity, and the message does not repeat it', (_what, text) => {
    const error = attempt(() => parseIdentities(text, 'key.txt'));
    expect(error.code).toBe('E_FORMAT');
    for (const line of text.split('\n').filter((one) => one.length > 20)) {
      expect(`${error.message}${error.hint ?? ''}${String(error.cause)}`).not.toContain(line);
    }
  });

  test.each([
    ['a typing error', `${recipient.slice(0, -1)}x`],
    ['an ssh key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI'],
    ['a secret key', identity],
  ])('%s is no recipient', (_what, text) => {
    const error = attempt(() => {
      checkRecipient(text);
    });
    expect(error.code).toBe('E_USAGE');
    expect(`${error.message}${error.hint ?? ''}${String(error.cause)}`).not.toContain(identity);
  });

  test('a recipients file', () => {
    expect(parseRecipients(`# Ada\n${recipient}\n\n`, 'r')).toEqual([recipient]);
    expect(attempt(() => parseRecipients('\n', 'r')).code).toBe('E_FORMAT');
  });
});

function attempt(work: () => unknown): ExhibitError {
  try {
    work();
  } catch (error) {
    if (error instanceof ExhibitError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
