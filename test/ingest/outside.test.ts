/** Rows that hang on more than their bytes, and rows whose text is packed: `show` proves them from the sealed file. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { exhibitJson } from '../helpers/exhibit.ts';
import { importCase, sealedCase, withDatabase } from './world.ts';

const HEADER =
  'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated';
const ANN =
  'ann,arn:aws:iam::111122223333:user/ann,2024-01-02T03:04:05+00:00,true,no_information,N/A,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A';

test('a line dated by its file, a statement over lines, a line in base64', async () => {
  const dir = await sealedCase({
    messages: 'Nov  8 09:00:05 web kernel: a\n\tb\n',
    'postgresql.log':
      '2025-11-08 09:00:05 UTC:198.51.100.7(52834):app@shop:[20175]:LOG:  statement: select\r\n\t1;\r\n',
    'report.json': JSON.stringify({
      Content: Buffer.from(`${HEADER}\n${ANN}\n`).toString('base64'),
      ReportFormat: 'text/csv',
      GeneratedTime: '2025-11-08T09:00:05+00:00',
    }),
  });
  await importCase(dir);
  const expected = {
    syslog: 'Nov  8 09:00:05 web kernel: a\n\tb',
    rds_pgaudit:
      '2025-11-08 09:00:05 UTC:198.51.100.7(52834):app@shop:[20175]:LOG:  statement: select\r\n\t1;',
    iam_credential_report: ANN,
  };
  for (const [table, raw] of Object.entries(expected)) {
    const row = withDatabase(dir, (db) =>
      db.prepare<[], { id: number; raw: string }>(`SELECT id, raw FROM ${table}`).get(),
    );
    expect(row?.raw).toBe(raw);
    const { status, json } = await exhibitJson([
      'show',
      `${table}:${String(row?.id)}`,
      '--case',
      dir,
    ]);
    expect({ table, status, verified: (json as { verified?: unknown }).verified }).toEqual({
      table,
      status: 0,
      verified: true,
    });
  }
});
