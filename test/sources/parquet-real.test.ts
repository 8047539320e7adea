/** Real Parquet files, where they are at hand, from their bytes to rows. */
import { Buffer } from 'node:buffer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '#src/framing/content.ts';
import { newInflateReport } from '#src/framing/gzip.ts';
import { claims, headOf, read } from './run.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/real-samples/security-lake');

describe.skipIf(!existsSync(FOLDER))('Security Lake (skipped where it is not at hand)', () => {
  it('gives a row of security_lake for every row', async () => {
    const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith('.parquet'),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      const parts: Buffer[] = [];
      const stored = [readFileSync(join(parentPath, name))];
      for await (const part of contentOf(stored, newInflateReport())) parts.push(part);
      const bytes = Buffer.concat(parts);
      const [claim, ...others] = claims(headOf(name, bytes));
      expect(claim?.source.id).toBe('security_lake');
      expect(others).toEqual([]);
      const { rows, rejects } = read(claim!.source, name, bytes);
      expect(rejects).toEqual([]);
      expect(rows.length).toBe(bytes.toString('utf8').split('\n').length - 1);
      for (const { values } of rows) {
        const column = (wanted: string): unknown =>
          values[claim!.source.columns.findIndex((one) => one.name === wanted)];
        expect(column('class_uid')).toEqual(expect.any(Number));
        expect(column('api_operation')).toEqual(expect.any(String));
        expect(column('time_us')).toEqual(expect.any(Number));
      }
    }
  });
});
