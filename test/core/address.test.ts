/** What is an address: as Node's own judge says, but for zones. */
import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAddress, isAddressBytes } from '#src/core/address.ts';

function agrees(text: string): void {
  const expected = isIP(text) !== 0 && !text.includes('%');
  expect(isAddress(text), JSON.stringify(text)).toBe(expected);
  const bytes = Buffer.from(`9.${text}:0`);
  expect(isAddressBytes(bytes, 2, bytes.length - 2), JSON.stringify(text)).toBe(expected);
}

test.each([
  ...['198.51.100.7', '0.0.0.0', '255.255.255.255', '256.1.1.1', '999.1.2.3', '1.2.3', '1.2.3.4.5'],
  ...['01.2.3.4', '1.2.3.04', '1..2.3', '.1.2.3', '1.2.3.', '1.2.3.4 ', '', '.', ':', '::', ':::'],
  ...[
    '::1',
    '1::',
    '2001:db8::7',
    '2001:DB8::7',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::',
  ],
  ...['1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', '::ffff:198.51.100.7', '1:2:3:4:5:6:1.2.3.4'],
  ...[
    '::1.2.3.256',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:',
    ':1',
    '1:2:3:4:5:6:7:',
    'fe80::1%eth0',
    'dead.beef',
  ],
  ...[
    'abcd',
    '1.2.3.x',
    '::g',
    '１.2.3.4',
    '1.2.3.4\n',
    '0000:0000:0000:0000:0000:ffff:255.255.255.255',
  ],
])('%j', agrees);

test('whatever the text', () => {
  const part = fc.constantFrom(
    '0',
    '00',
    '1',
    '25',
    '255',
    '256',
    'ff',
    'FFFF',
    '12345',
    '.',
    ':',
    '::',
    'g',
    '%',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 18 }), (parts) => {
      agrees(parts.join(''));
    }),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), agrees));
});
