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

test('status lists clocks, assumptions and what no source recognised', async () => {
  const dir = await sealedCase({
    'trail.json': log(event(1)),
    'secure-20251109': OLD,
    messages: OLD,
    'notes.txt': 'Dear diary\n',
    'old.tar.gz': gzipSync(Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')])),
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
  expect(unrecognised.map(({ path, reason }) => [path, reason])).toEqual([
    ['dump.xz', 'compressed with xz, which is not read'],
    ['notes.txt', 'no source recognises its first bytes'],
    ['old.tar.gz', 'a tar archive, which is not unpacked'],
  ]);
  const people = await exhibit(['status', '--case', dir]);
  expect(people.stdout).toContain('Clocks and zones of what was imported');
  expect(people.stdout).toContain('Files whose times lack year or zone');
  expect(people.stdout).toContain('Files that no source recognised');
});
