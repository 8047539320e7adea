import { expect, test } from 'vitest';
import { runQuery } from '#src/query/run.ts';

test('a query that is stopped is unfinished, not refused', async () => {
  const stop = new AbortController();
  const job = { database: '/nowhere/case.db', sql: 'SELECT 1', params: {}, content: '' };
  const going = runQuery(
    { ...job, checkContent: false, maxRows: 1 },
    { timeoutS: 60, signal: stop.signal },
  );
  stop.abort();
  await expect(going).rejects.toMatchObject({ code: 'E_UNFINISHED' });
});
