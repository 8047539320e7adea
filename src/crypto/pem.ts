/** Certificates and lists in PEM files (RFC 7468), several in one. */
import { Buffer } from 'node:buffer';

/** More than any chain file has; bounds what a hostile one makes us read. */
const MAX_BLOCKS = 100;

/**
 * DER of every block with this label, in order; text around the blocks is passed over, as openssl does. Bytes without any
 * such block that begin like DER are taken for one block.
 * @param label `CERTIFICATE`, `X509 CRL`.
 */
export function pemBlocks(bytes: Uint8Array, label: string): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer[0] === 0x30) return [buffer];
  const pattern = new RegExp(
    `-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`,
    'g',
  );
  return [...buffer.toString('latin1').matchAll(pattern)]
    .slice(0, MAX_BLOCKS)
    .map(([, base64 = '']) => Buffer.from(base64, 'base64'));
}

/** One PEM block. */
export function pemText(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
