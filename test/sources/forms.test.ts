/** A line that was cut between two fields is no line of an older form: its count of fields says so. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { SOURCES } from '#src/sources/_registry.ts';
import { read } from './run.ts';

/** A source of lines, the counts of its documented forms, and a line of the newest. */
interface Format {
  readonly id: string;
  readonly forms: readonly number[];
  readonly fields: readonly string[];
  readonly between?: string;
}

const OWNER = '3f1c9b0e5d7a4c2e8b6f0a1d2c3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f6';
const FORMATS: readonly Format[] = [
  {
    id: 's3_access',
    forms: [18, 20, 24, 25, 26, 27],
    fields: [
      ...[OWNER, 'bucket', '[08/Nov/2025:09:00:05 +0000]', '198.51.100.7', 'ann', '7B4A'],
      ...['REST.GET.OBJECT', 'k', '"GET /k HTTP/1.1"', '200', '-', '1', '1', '2', '3', '"-"'],
      ...['"curl/8"', '-', 'host=', 'SigV4', 'TLS_AES', 'AuthHeader', 'h', 'TLSv1.3', '-', '-'],
      'eu-central-1',
    ],
  },
  {
    id: 'alb_access',
    forms: [18, 20, 23, 24, 25, 27, 29, 30, 33, 34],
    fields: [
      ...['https', '2025-11-08T09:00:05.186641Z', 'app/shop/50dc', '198.51.100.7:51514'],
      ...['10.0.1.20:8080', '0.086', '0.048', '0.037', '200', '200', '0', '57'],
      ...['"GET https://shop.example.com:443/ HTTP/1.1"', '"curl/8"', 'ECDHE', 'TLSv1.2', '-'],
      ...['"Root=1-690f0a55-0123456789abcdef01234567"', '"-"', '"-"', '1'],
      ...['2025-11-08T09:00:05.100000Z', '"forward"', '"-"', '"-"', '"-"', '"-"', '"-"', '"-"'],
      ...['TID_1', '"-"', '"-"', '"-"', '203.0.113.1'],
    ],
  },
  {
    id: 'nlb_access',
    forms: [18, 21, 22],
    fields: [
      ...['tls', '2.0', '2025-11-08T09:00:05', 'net/edge/c6e7', 'g3d4', '198.51.100.7:51341'],
      ...['10.0.1.9:443', '5000', '2', '98', '246', '-', '-', '-', 'ECDHE', 'tlsv12', '-'],
      ...['api.example.com', 'h2', 'h2', '"h2","http/1.1"', '2025-11-08T09:00:00'],
    ],
  },
  {
    id: 'clb_access',
    forms: [12, 15],
    fields: [
      ...['2025-11-08T09:00:05.945958Z', 'old', '198.51.100.7:2817', '10.0.1.20:80', '0.000086'],
      ...['0.001048', '0.001337', '200', '200', '0', '57', '"GET http://x:80/ HTTP/1.1"'],
      ...['"curl/8"', 'DHE', 'TLSv1.2'],
    ],
  },
  {
    id: 'alb_connection',
    forms: [12, 15],
    fields: [
      ...['2025-11-08T09:00:05.173721Z', '198.51.100.7', '51514', '443', 'TLSv1.3', 'TLS_AES'],
      ...['0.011', '"CN=pos 7"', 'NotBefore=2025-01-01T00:00:00Z', '0A', 'Success', 'TID_1'],
      ...['x25519', 'app/shop/50dc', '203.0.113.1'],
    ],
  },
  {
    id: 'alb_health_check',
    forms: [8, 10],
    fields: [
      ...['http', '2025-11-08T09:00:05.875678Z', '0.019584011', '10.0.1.20:80', 'shop', 'PASS'],
      ...['200', '-', 'app/shop/50dc', '203.0.113.1'],
    ],
  },
  {
    id: 'redshift_connection',
    forms: [15, 16, 22],
    fields: [
      ...['authenticated', 'Sat, 08 Nov 2025 09:00:05:123', '198.51.100.7', '51514', '1073'],
      ...['dev', 'ann', 'password', '0', 'TLSv1.2', 'ECDHE', '0', '', '', '', 'psql', '', ''],
      ...['', '', '', ''],
    ],
    between: '|',
  },
  {
    id: 'redshift_user',
    forms: [11],
    fields: [
      ...['108', 'ann', '', 'create', '0', '1', '0', '', '1073', '456'],
      'Sat, 08 Nov 2025 09:00:05:123',
    ],
    between: '|',
  },
];

test.each(FORMATS.map((format) => [format.id, format] as const))('%s', (id, format) => {
  const { forms, fields, between = ' ' } = format;
  const source = SOURCES.find((one) => one.id === id)!;
  const newest = fields.length;
  expect(forms.at(-1)).toBe(newest);
  for (let count = Math.floor(newest / 4); count <= newest + 2; count++) {
    const line = [...fields, 'new', 'newer'].slice(0, count).join(between);
    const whole = fields.join(between);
    const alone = forms.includes(count) || count > newest;
    // The line first: nothing before it tells of a newer form.
    const first = read(source, 'x', Buffer.from(`${line}\n${whole}\n${whole}\n`));
    expect(first.rows.length, `${String(count)} fields`).toBe(alone ? 3 : 2);
    const [reject] = first.rejects;
    if (!alone) {
      expect(reject?.reason).toBe('bad_fields');
      const told = `${String(count)} fields, where the forms of the format have ${forms.join(', ')} or more`;
      // Fewer than the client's own texts take: their ends cannot be found.
      if (count > forms[0]! || id !== 's3_access') expect(reject?.detail).toBe(told);
    }
    // Behind a line of the newest form an older one is kept, and noted.
    for (const way of ['quick', 'framed'] as const) {
      const after = read(source, 'x', Buffer.from(`${whole}\n${line}\n${whole}\n`), [], way);
      expect(after.rows.length).toBe(alone ? 3 : 2);
      const noted =
        count > newest ? ['extra_fields'] : alone && count < newest ? ['fewer_fields'] : [];
      expect(after.anomalies.map(({ kind }) => kind)).toEqual(noted);
    }
  }
});
