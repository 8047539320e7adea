import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '#src/db/open.ts';
import { runProcess } from '../helpers/exhibit.ts';
import { tempDir } from '../helpers/temp.ts';

const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;
const open = (path: string) => () => openDatabase(path, { readonly: true });

test('no file, a file that is no database, a folder', async () => {
  const dir = await tempDir();
  expect(open(join(dir, 'case.db'))).toThrow(code('E_NOT_IMPORTED'));
  writeFileSync(join(dir, 'text.db'), 'not a database, though long enough to have a header of one');
  expect(open(join(dir, 'text.db'))).toThrow(code('E_FORMAT'));
  expect(open(dir)).toThrow(code('E_FORMAT'));
});

test.skipIf(process.platform === 'win32')(
  'a FIFO hangs nobody, a link is not followed',
  async () => {
    const dir = await tempDir();
    await runProcess('mkfifo', [join(dir, 'fifo.db')]);
    expect(open(join(dir, 'fifo.db'))).toThrow(code('E_FORMAT'));
    writeFileSync(join(dir, 'real.db'), '');
    symlinkSync('real.db', join(dir, 'link.db'));
    expect(open(join(dir, 'link.db'))).toThrow(code('E_FORMAT'));
  },
);
