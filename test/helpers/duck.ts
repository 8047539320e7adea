/** Parquet files as another tool writes them: DuckDB. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tempDir } from './temp.ts';

/**
 * Writes the result of a query as a Parquet file.
 * @param options of COPY, such as `COMPRESSION zstd`.
 * @param before statements to run first.
 */
export async function duckParquet(
  query: string,
  options = '',
  before: readonly string[] = [],
): Promise<Buffer> {
  const path = join(await tempDir(), 'x.parquet');
  await withDuck(async (run) => {
    for (const sql of before) await run(sql);
    await run(
      `COPY (${query}) TO '${path}' (FORMAT parquet${options === '' ? '' : `, ${options}`})`,
    );
  });
  return readFile(path);
}

/** Rows of a query on files, each as the text of its JSON. */
export async function duckJson(query: string): Promise<string[]> {
  return withDuck(async (run) => (await run(query)).map(([json]) => String(json)));
}

async function withDuck<T>(
  work: (run: (sql: string) => Promise<unknown[][]>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
