/** Tables of items: every item of a list is one row, whatever JSON the list is; what is no list gives none. */
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChild, createChildIndexes, fillChildren } from '#src/db/child-tables.ts';
import type { ChildShape } from '#src/db/ddl.ts';
import { importCase, sealedCase, withDatabase } from '../ingest/world.ts';

const ARRAY: ChildShape = {
  id: 'p_item',
  list: 'list',
  items: 'array',
  columns: [
    { name: 'whole', type: 'TEXT', from: '$' },
    { name: 'text', type: 'TEXT', from: '$.a' },
    { name: 'number', type: 'INTEGER', from: '$.a' },
  ],
  indexes: [['text']],
};
const OBJECT: ChildShape = {
  ...ARRAY,
  id: 'p_tag',
  items: 'object',
  columns: [
    { name: 'key', type: 'TEXT', from: 'key' },
    { name: 'value', type: 'TEXT', from: '$' },
    { name: 'number', type: 'INTEGER', from: '$' },
  ],
  indexes: [['key']],
};

/** Items of the lists. */
function items(child: ChildShape, ...lists: readonly (string | null)[]): readonly unknown[] {
  const db = new Sqlite(':memory:');
  db.exec('CREATE TABLE p (id INTEGER PRIMARY KEY, list TEXT) STRICT');
  db.exec(createChild('p', child));
  for (const sql of createChildIndexes(child)) db.exec(sql);
  const insert = db.prepare('INSERT INTO p (list) VALUES (?)');
  for (const list of lists) insert.run(list);
  fillChildren(db, { id: 'p', children: [child] });
  const rows = db.prepare(`SELECT * FROM ${child.id} ORDER BY 1, 2`).safeIntegers().raw().all();
  db.close();
  return rows;
}

test('every item of an array is a row, by its position', () => {
  const list =
    '[{"a":"x"},{"a":7},{"a":9223372036854775808},{"a":1.5},{"a":true},{"a":null},{},"s",3,null,[1],{"a":{"b":1}}]';
  expect(items(ARRAY, null, list, '[]')).toEqual(
    [
      ['{"a":"x"}', 'x', null],
      ['{"a":7}', '7', 7n],
      ['{"a":9223372036854775808}', '9223372036854775808', null],
      ['{"a":1.5}', '1.5', null],
      ['{"a":true}', 'true', 1n],
      ['{"a":null}', null, null],
      ['{}', null, null],
      ['s', null, null],
      ['3', null, null],
      [null, null, null],
      ['[1]', null, null],
      ['{"a":{"b":1}}', '{"b":1}', null],
    ].map((row, index) => [2n, BigInt(index), ...row]),
  );
});

test('every member of an object is a row, in their order', () => {
  expect(items(OBJECT, '{"b":"x","a\\"":2}', '{"c":false}')).toEqual([
    [1n, 0n, 'b', 'x', null],
    [1n, 1n, 'a"', '2', 2n],
    [2n, 0n, 'c', 'false', 0n],
  ]);
});

test('what is no list of the kind gives no rows, and no error', () => {
  const none = [null, '', 'x', '7', '"s"', 'null', '[1', '{"a":}'];
  expect(items(ARRAY, ...none, '{"a":1}')).toEqual([]);
  expect(items(OBJECT, ...none, '[1]')).toEqual([]);
});

test('no JSON breaks it, and no item is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (list, map) => {
        expect(items(ARRAY, JSON.stringify(list))).toHaveLength(list.length);
        expect(items(OBJECT, JSON.stringify(map))).toHaveLength(Object.keys(map).length);
      },
    ),
  );
});

test('an import makes items of rows, not of copies', async () => {
  const query = (second: number, ...answers: readonly string[]): string =>
    JSON.stringify({
      query_timestamp: `2025-11-08T09:00:0${String(second)}Z`,
      query_name: 'www.example.com.',
      answers: answers.map((Rdata) => ({ Rdata, Type: 'A', Class: 'IN' })),
    });
  const dir = await sealedCase(
    { 'a.json': `${query(1, '192.0.2.1', '192.0.2.2')}\n${query(2)}\n` },
    { 'b.json': `${query(1, '192.0.2.1', '192.0.2.2')}\n${query(3, '192.0.2.3')}\n` },
  );
  expect(await importCase(dir)).toMatchObject({ imported: 3, duplicates: 1 });
  const found = withDatabase(dir, (db) =>
    db
      .prepare(
        `SELECT time_us % 60000000 / 1000000 AS second, position, rdata
         FROM route53_resolver_answer JOIN route53_resolver ON id = parent_id ORDER BY parent_id, position`,
      )
      .raw()
      .all(),
  );
  expect(found).toEqual([
    [1, 0, '192.0.2.1'],
    [1, 1, '192.0.2.2'],
    [3, 0, '192.0.2.3'],
  ]);
});
