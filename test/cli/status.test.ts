/** What `status` says of times and of files that nobody reads. */
import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { exhibit, exhibitJson } from '../helpers/exhibit.ts';
import { event, importCase, log, sealedCase } from '../ingest/world.ts';

interface Printed {
  readonly clocks: readonly { readonly source: string; readonly clock: string }[];
  readonly assumed_times: readonly Readonly<Record<string, string>>[];
  readonly unrecognised: readonly Readonly<Record<string, unknown>>[];
}

const OLD = 'Nov  8 09:00:05 web sshd[7]: Invalid user admin from 198.51.100.7 port 51514\n';

const UNPACK = ': unpack it and collect what comes of it too';

test('status lists clocks, assumptions and what no source recognised', async () => {
  const dir = await sealedCase({
    'trail.json': log(event(1)),
    'secure-20251109': OLD,
    messages: OLD,
    'notes.txt': 'Dear diary\n',
    'old.tar.gz': gzipSync(Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')])),
    'garbage.json.gz': Buffer.concat([
      gzipSync('').subarray(0, 10),
      Buffer.from('0123456789abcdef'.repeat(40)),
    ]),
    'half.txt.gz': gzipSync('Dear diary\n'.repeat(9)).subarray(0, 30),
    'named.log.gz': 'Dear diary\n',
    'Security.evtx': Buffer.from('ElfFile\0and more'),
    'logs.zip': Buffer.from('504b0304140000000000', 'hex'),
    'dump.xz': Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00]),
  });
  await importCase(dir);
  const { status, json } = await exhibitJson(['status', '--case', dir]);
  expect(status).toBe(0);
  const { clocks, assumed_times: assumed, unrecognised } = json as Printed;
  expect(clocks.map(({ source }) => source)).toEqual(['cloudtrail', 'syslog']);
  expect(clocks[1]?.clock).toContain('UTC is assumed');
  expect(assumed).toEqual([
    {
      source: 'syslog',
      evidence_id: 'EV-0001',
      path: 'messages',
      detail: 'RFC 3164 names no year and no zone: year by the file time, 2025-11-10; zone UTC',
    },
    {
      source: 'syslog',
      evidence_id: 'EV-0001',
      path: 'secure-20251109',
      detail: 'RFC 3164 names no year and no zone: year by the file name, 2025-11-09; zone UTC',
    },
  ]);
  const listed = unrecognised.map(({ path, status: what, reason }) => [path, what, reason]);
  expect(listed.map(([path, what]) => [path, what])).toEqual([
    ['Security.evtx', 'unrecognised'],
    ['dump.xz', 'unrecognised'],
    ['garbage.json.gz', 'unreadable'],
    ['half.txt.gz', 'unreadable'],
    ['logs.zip', 'unrecognised'],
    ['named.log.gz', 'unrecognised'],
    ['notes.txt', 'unrecognised'],
    ['old.tar.gz', 'unrecognised'],
  ]);
  const reasons = new Map(listed.map(([path, , reason]) => [path, reason]));
  expect(reasons.get('Security.evtx')).toContain('wevtutil');
  expect(reasons.get('garbage.json.gz')).toContain('gzip member 1 at byte 0 is corrupt');
  expect(reasons.get('half.txt.gz')).toContain('is cut after');
  expect(reasons.get('named.log.gz')).toContain('not what .gz in its name says');
  expect([...reasons].filter(([path]) => /\.(?:xz|zip|txt|tar\.gz)$/.test(String(path)))).toEqual([
    ['dump.xz', `compressed with xz, which is not read${UNPACK}`],
    ['logs.zip', `a zip archive, which is not unpacked${UNPACK}`],
    ['notes.txt', 'no source recognises its first bytes'],
    ['old.tar.gz', `in gzip: a tar archive, which is not unpacked${UNPACK}`],
  ]);
  const people = await exhibit(['status', '--case', dir]);
  expect(people.stdout).toContain('Clocks and zones of what was imported');
  expect(people.stdout).toContain('Files whose times lack year or zone');
  expect(people.stdout).toContain('Files that no source recognised');
});
