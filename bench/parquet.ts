/**
 * Parquet to JSON rows beside DuckDB, in processes of their own, on a million flow records that DuckDB writes; CPU time
 * and peak memory. `node bench/parquet.ts [ROWS]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { contentOf } from '../src/framing/content.ts';
import { newInflateReport } from '../src/framing/gzip.ts';

const [, script = '', first = '1000000', file = ''] = process.argv;

async function write(path: string, rows: number): Promise<void> {
  const db = await (await DuckDBInstance.create(':memory:')).connect();
  await db.run(`COPY (SELECT 5::INTEGER AS version, '111122223333' AS account_id,
    'eni-' || printf('%017x', i % 500) AS interface_id, '10.0.' || (i % 200) || '.' || (i * 7 % 250) AS srcaddr,
    '198.51.' || (i * 13 % 250) || '.' || (i * 31 % 250) AS dstaddr, (i * 17 % 65000)::INTEGER AS srcport,
    (i % 1000)::INTEGER AS dstport, 6::INTEGER AS protocol, (i * 31 % 10000) AS packets, (i * 9973 % 9007199254) AS bytes,
    1762592400 + i // 1000 AS start, 1762592460 + i // 1000 AS "end", if(i % 3 = 0, 'REJECT', 'ACCEPT') AS action,
    'OK' AS log_status, 'subnet-' || (i % 9) AS subnet_id, NULL::VARCHAR AS sublocation_id
    FROM range(${String(rows)}) t(i)) TO '${path}' (FORMAT parquet, COMPRESSION gzip)`);
}

async function own(path: string): Promise<number> {
  let length = 0;
  for await (const piece of contentOf([readFileSync(path)], newInflateReport()))
    length += piece.length;
  return length;
}

async function duck(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const result = await (
    await instance.connect()
  ).stream(`SELECT to_json(t)::VARCHAR FROM '${path}' t`);
  let length = 0;
  for (let chunk = await result.fetchChunk(); (chunk?.rowCount ?? 0) > 0;) {
    for (const [row] of chunk?.getRows() ?? []) length += String(row).length + 1;
    chunk = await result.fetchChunk();
  }
  return length;
}

if (first === 'own' || first === 'duckdb') {
  const length = first === 'own' ? await own(file) : await duck(file);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const seconds = ((userCPUTime + systemCPUTime) / 1e6).toFixed(1);
  process.stdout.write(
    `${first.padEnd(7)} ${seconds} s of CPU, ${String(Math.round(maxRSS / 1024))} MiB at most, ${String(length)} bytes of rows\n`,
  );
} else {
  const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
  try {
    const path = join(folder, 'flows.parquet');
    await write(path, Number(first));
    process.stdout.write(`${first} rows, ${String(statSync(path).size)} bytes\n`);
    for (const reader of ['own', 'duckdb'])
      process.stdout.write(execFileSync(process.execPath, [script, reader, path]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
