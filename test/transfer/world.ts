/** A sealed case, a recipient with keys of his own, and packages between them. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { appendEntry } from '#src/app/ledger.ts';
import { receiveTransfer, type ReceiveRequest, type ReceiveResult } from '#src/app/receive.ts';
import { exportTransfer } from '#src/app/transfer.ts';
import { archiveStream } from '#src/archive/stream.ts';
import { inArchiveOrder } from '#src/archive/order.ts';
import type { MemberToWrite } from '#src/archive/write.ts';
import { makeExaminerCertificate } from '#src/crypto/certificate.ts';
import { makePrivateKey, privateKeyPem } from '#src/crypto/keys.ts';
import { fingerprint, readCertificate } from '#src/crypto/trust.ts';
import { encrypt, type Lock } from '#src/transfer/age.ts';
import { renderList } from '#src/transfer/list.ts';
import type { TestCase } from '../helpers/case.ts';
import { sealedCase } from '../helpers/sealed.ts';
import { tempDir } from '../helpers/temp.ts';

/** Both sides. */
export interface World {
  readonly sender: TestCase;
  /** Of the recipient: age key, and private key that signs; its certificate is in the case. */
  readonly identity: string;
  readonly recipient: string;
  readonly keyFile: string;
  readonly certificate: string;
  /** For packages and received cases. */
  readonly dir: string;
}

let keys: Promise<{ readonly pem: string; readonly key: string }> | undefined;

async function recipientKeys(): Promise<{ readonly pem: string; readonly key: string }> {
  const key = await makePrivateKey();
  const subject = { commonName: 'Bob Recipient' };
  const pem = makeExaminerCertificate(subject, key, { subject, key }, Date.UTC(2026, 0, 1) * 1000);
  return { pem, key: await privateKeyPem(key, undefined) };
}

/** A case with EV-0001 in two volumes, to which the recipient's certificate was added. */
export async function world(): Promise<World> {
  const sender = await sealedCase();
  keys ??= recipientKeys();
  const { pem, key } = await keys;
  const certificate = fingerprint(readCertificate(pem, 'cert'));
  const dir = await tempDir();
  writeFileSync(join(dir, 'bob.key.pem'), key, { mode: 0o600 });
  writeFileSync(join(sender.case.paths.signers, `${certificate}.pem`), pem);
  await appendEntry(sender.case, sender.signer, sender.fx, {
    event: 'key-added',
    attachments: [{ name: `pki/signers/${certificate}.pem`, sha256: sha256(pem) }],
    details: { certificate, name: 'Bob Recipient', role: 'recipient', how: 'registered' },
  });
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(join(dir, 'age.txt'), `${identity}\n`, { mode: 0o600 });
  return { sender, identity, recipient, keyFile: join(dir, 'bob.key.pem'), certificate, dir };
}

/** Writes a package `dir/name`; gives its path. */
export async function send(
  { sender, recipient, dir }: World,
  name = 'pkg',
  lock: Lock = { recipients: [recipient] },
): Promise<{ readonly path: string; readonly head: string; readonly entry: number }> {
  const {
    package: path,
    head,
    entry,
  } = await exportTransfer(
    sender.case,
    { out: join(dir, name), lock, to: 'Bob Recipient', reason: undefined, onFile: () => undefined },
    sender.fx,
  );
  return { path, head, entry };
}

/** Receives it into `dir/got`, unsigned unless asked otherwise. */
export function receive(
  { sender, identity, dir }: World,
  path: string,
  request: Partial<ReceiveRequest> = {},
): Promise<ReceiveResult> {
  return receiveTransfer(
    {
      package: path,
      into: join(dir, 'got'),
      unlock: { identities: [identity] },
      trust: undefined,
      head: undefined,
      key: undefined,
      refuse: undefined,
      place: undefined,
      onFile: () => undefined,
      ...request,
    },
    { ...sender.fx, env: { ...sender.fx.env, EXHIBIT_PINS: join(dir, 'pins') } },
  );
}

/** `id` of the failed checks, each once. */
export function failed({ checks }: ReceiveResult): string[] {
  return [...new Set(checks.filter(({ status }) => status === 'fail').map(({ id }) => id))];
}

/** Bytes of a stream. */
export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of stream) found.push(piece);
  return Buffer.concat(found);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** What anybody can make who knows the recipient's public key. */
export async function sealTo({ recipient }: World, bytes: Uint8Array): Promise<Buffer> {
  return bytesOf((await encrypt(once(bytes), { recipients: [recipient] })).pieces);
}

/** An archive of these files; `order` keeps them as they come, without folders of their own. */
export async function archive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const members = Object.entries(files).map(([path, text]): MemberToWrite => {
    const bytes = Buffer.from(text);
    return { path, type: 'file', size: bytes.length, body: () => [bytes] };
  });
  return bytesOf(archiveStream(inArchiveOrder(members)));
}

/** Writes the list of a package again to fit its files, as somebody does who has no key to sign it with. */
export function relist(path: string, caseId = 'TEST-1'): void {
  const files = readdirSync(path)
    .filter((name) => !name.startsWith('transfer.'))
    .sort()
    .map((name) => ({ name, sha256: sha256(readFileSync(join(path, name))) }));
  writeFileSync(
    join(path, 'transfer.sha256'),
    renderList({ caseId, senderCertSha256: undefined, files }),
  );
}

/** A copy of a package, to be spoilt. */
export function copyOf(path: string, name: string): string {
  const copy = join(path, '..', name);
  mkdirSync(copy);
  cpSync(path, copy, { recursive: true });
  return copy;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
