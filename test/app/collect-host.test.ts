/** Logs of a machine whose disk is mounted: everything with owner and times, nothing outside of it. */
import { chmod, mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collectHost } from '#src/app/collect-host.ts';
import { readStaging } from '#src/collect/staging.ts';
import { testCase } from '../helpers/case.ts';
import { tempDir } from '../helpers/temp.ts';

const quiet = { seal: false, onProgress: (): void => {} };

async function machine(): Promise<string> {
  const root = await tempDir();
  await mkdir(join(root, 'var/log/audit'), { recursive: true });
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'var/log/auth.log'), 'Jan  2 03:04:05 h sshd[1]: x\n');
  await writeFile(join(root, 'var/log/audit/audit.log'), 'type=USER_LOGIN\n');
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  await writeFile(join(root, 'etc/shadow'), 'root:secret\n');
  await chmod(join(root, 'var/log/auth.log'), 0o640);
  await utimes(join(root, 'var/log/auth.log'), 1_700_000_000, 1_700_000_001.5);
  await symlink('/etc/passwd', join(root, 'var/log/out'));
  return root;
}

test('a mounted machine: usual places, owners, times, and no link followed', async () => {
  const root = await machine();
  const { case: opened, fx } = await testCase();
  const result = await collectHost(opened, fx, root, [], quiet);
  const { collection, objects, problems } = await readStaging(
    join(opened.paths.staging, result.evidence),
  );
  expect(collection.method).toBe('host');
  expect(collection.roots.map(({ path }) => path)).toEqual(
    ['var/log', 'etc/passwd'].map((path) => join(root, path)),
  );
  expect(objects.map(({ original_path: path }) => path)).toEqual([
    ...['audit/audit.log', 'auth.log', 'passwd'],
  ]);
  const facts = await stat(join(root, 'var/log/auth.log'));
  expect(objects[1]).toMatchObject({
    mtime_us: 1_700_000_001_500_000,
    file: { uid: facts.uid, gid: facts.gid, mode: '0640', atime_us: 1_700_000_000_000_000 },
  });
  expect(problems).toMatchObject([{ original_path: 'out', state: 'skipped', reason: 'symlink' }]);
});

test('a folder that is a link out of the root is refused, and the same command goes on', async () => {
  const root = await machine();
  await symlink('/usr', join(root, 'var/spool'));
  const { case: opened, fx } = await testCase();
  await expect(collectHost(opened, fx, root, ['/var/spool'], quiet)).rejects.toMatchObject({
    code: 'E_READ',
  });
  const first = await collectHost(opened, fx, root, ['/var/log'], quiet);
  const again = await collectHost(opened, fx, root, [join(root, 'var/log')], quiet);
  expect(again).toMatchObject({ evidence: first.evidence, resumed: true, stored: 2 });
});
