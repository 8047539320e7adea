/** Checksums of S3 that Node does not have: the catalogues' check values, and any cut of any length. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c, crc64nvme } from '#src/collect-aws/crc.ts';
import { Receipt } from '#src/collect-aws/receipt.ts';

const NINE = Buffer.from('123456789');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** One bit after the other, as the definitions have it. */
function slowly(bytes: Uint8Array, polynomial: bigint, width: bigint): string {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1)
      crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(Number(width) / 4, '0');
}

test.each([
  ['CRC-32C', crc32c, 'e3069283', 0x82f63b78n, 32n],
  ['CRC-64/NVME', crc64nvme, 'ae8b14860a799888', 0x9a6c9329ac4bc9b5n, 64n],
] as const)('%s', (_, make, check, polynomial, width) => {
  const crc = make();
  crc.update(NINE);
  expect(hex(crc.digest())).toBe(check);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (chunks) => {
      const pieces = make();
      chunks.forEach((chunk) => {
        pieces.update(chunk);
      });
      expect(hex(pieces.digest())).toBe(slowly(Buffer.concat(chunks), polynomial, width));
    }),
    { numRuns: 50 },
  );
});

test('what S3 says of the whole object is checked, what it says of parts is not', () => {
  const wrongOf = (head: Record<string, string>): number => {
    const receipt = new Receipt(head);
    receipt.update(NINE);
    return receipt.end().wrong.length;
  };
  const good = { ETag: '"25f9e794323b453885f5181f1b624d0b"', ChecksumCRC32C: '4waSgw==' };
  expect(wrongOf(good)).toBe(0);
  expect(wrongOf({ ...good, ETag: '"00000000000000000000000000000000"' })).toBe(1);
  expect(
    wrongOf({ ETag: '"00000000000000000000000000000000"', ServerSideEncryption: 'aws:kms' }),
  ).toBe(0);
  expect(
    wrongOf({ ETag: '"25f9e794323b453885f5181f1b624d0b-3"', ChecksumCRC32: 'AAAAAA==-3' }),
  ).toBe(0);
  expect(wrongOf({ ChecksumSHA256: 'AAAA' })).toBe(1);
  expect(wrongOf({ ChecksumSHA256: 'AAAA', ChecksumType: 'COMPOSITE' })).toBe(0);
});
