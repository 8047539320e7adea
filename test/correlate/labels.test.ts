/** Labels of addresses: internal and AWS ranges, files in MaxMind's format, and files that are none. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { labelsFrom } from '#src/app/labels.ts';
import { travelMarks } from '#src/correlate/travel.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { mmdb } from '../helpers/mmdb.ts';
import { tempDir } from '../helpers/temp.ts';

const RANGES = {
  prefixes: [
    { ip_prefix: '3.5.0.0/16', region: 'eu-west-1', service: 'AMAZON' },
    { ip_prefix: '3.5.0.0/16', region: 'eu-west-1', service: 'S3' },
    { ip_prefix: '3.0.0.0/8', region: 'GLOBAL', service: 'AMAZON' },
  ],
  ipv6_prefixes: [{ ipv6_prefix: '2600:1f00::/24', region: 'us-east-1', service: 'EC2' }],
};

const CITIES = {
  '8.8.8.0/24': { country: { iso_code: 'US' }, location: { latitude: 37.75, longitude: -97.8 } },
  '81.2.69.0/24': {
    country: { iso_code: 'GB' },
    city: { names: { en: 'Lon\u001bdon' } },
    location: { latitude: 51.5, longitude: -0.1 },
  },
  '2a02::/16': { country: { iso_code: 'DE' } },
};

let dir: string;
const file = (name: string): string => join(dir, name);
const networks = mmdb({
  '8.8.8.0/24': { autonomous_system_number: 15169, autonomous_system_organization: 'GOOGLE' },
});

beforeAll(async () => {
  dir = await tempDir();
  await writeFile(file('ranges.json'), JSON.stringify(RANGES));
  await writeFile(file('city.mmdb'), mmdb(CITIES));
  await writeFile(file('asn.mmdb'), networks);
});

test('internal, AWS, country, city and network', async () => {
  const labels = await labelsFrom(
    { ipRanges: file('ranges.json'), mmdb: [file('city.mmdb'), file('asn.mmdb')] },
    fakeEffects(),
  );
  expect(labels.of('10.1.2.3')).toEqual(['private (RFC 1918)']);
  expect(labels.of('100.64.0.1')).toEqual(['shared (RFC 6598)']);
  expect(labels.of('fd00::1')).toEqual(['unique local (RFC 4193)']);
  expect(labels.of('fe80::1')).toEqual(['link-local (RFC 4291)']);
  expect(labels.of('::ffff:192.168.0.1')).toEqual(['private (RFC 1918)']);
  expect(labels.of('172.32.0.1')).toEqual([]);
  expect(labels.of('3.5.1.1')).toEqual(['AWS S3 eu-west-1']);
  expect(labels.of('3.6.1.1')).toEqual(['AWS AMAZON GLOBAL']);
  expect(labels.of('2600:1f12::1')).toEqual(['AWS EC2 us-east-1']);
  expect(labels.of('8.8.8.8')).toEqual(['US', 'AS15169 GOOGLE']);
  expect(labels.of('81.2.69.160')).toEqual(['GB Lon\u001bdon']);
  expect(labels.of('2a02:1::1')).toEqual(['DE']);
  expect(labels.of('ec2.amazonaws.com')).toEqual(['AWS service']);
  expect(labels.of('ada')).toEqual([]);
  expect(labels.place('81.2.69.160')).toEqual({ latitude: 51.5, longitude: -0.1 });
  expect(labels.place('2a02:1::1')).toBeUndefined();
});

test('files that are not what they are given as', async () => {
  const refused = async (name: string, bytes: string | Uint8Array): Promise<void> => {
    await writeFile(file(name), bytes);
    const files = name.endsWith('.mmdb')
      ? { mmdb: [file(name)] }
      : { ipRanges: file(name), mmdb: [] };
    await expect(
      labelsFrom(files, fakeEffects()).then((labels) => labels.of('8.8.8.8')),
    ).rejects.toMatchObject({ code: 'E_FORMAT' });
  };
  await refused('empty.mmdb', '');
  await refused('text.mmdb', 'no such thing');
  for (const at of [1, 2, 5])
    await refused(`cut${String(at)}.mmdb`, networks.subarray(0, (networks.length * at) / 6));
  await refused('tail.mmdb', networks.subarray(900));
  await refused('list.json', '[]');
  await refused(
    'half.json',
    '{"prefixes":[{"ip_prefix":"3.0.0.0/99","region":"x","service":"y"}]}',
  );
  await refused('broken.json', '{"prefixes":[');
});

test('any byte of a file changed: an answer or a typed error, never another', async () => {
  const good = mmdb(CITIES);
  for (let at = 0; at < good.length; at += 23) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0xff;
    await writeFile(file('flip.mmdb'), bad);
    try {
      const labels = await labelsFrom({ mmdb: [file('flip.mmdb')] }, fakeEffects());
      for (const address of ['8.8.8.8', '81.2.69.1', '2a02::1', '1.1.1.1']) labels.of(address);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_FORMAT' });
    }
  }
});

test('impossible travel', () => {
  const places = new Map([
    ['a', { latitude: 51.5, longitude: -0.1 }],
    ['b', { latitude: 37.75, longitude: -97.8 }],
    ['c', { latitude: 51.6, longitude: -0.2 }],
  ]);
  const hour = 3_600_000_000;
  const calls = [
    { id: 1, time_us: 0, address: 'a' },
    { id: 2, time_us: 1, address: 'c' },
    { id: 3, time_us: 2, address: 'unknown' },
    { id: 4, time_us: hour, address: 'b' },
    { id: 5, time_us: 20 * hour, address: 'a' },
  ];
  const marks = travelMarks(calls, (address) => places.get(address));
  expect(marks).toMatchObject([{ kind: 'travel', id: 4, from: 'c', to: 'b' }]);
  expect(marks[0]?.detail).toMatch(/^7\d{3} km in 60 min$/);
});
