/** Hostile and damaged archives: each is refused, with its code and place, whatever the tar programs of this world make of it. */
import { mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readVolume } from '#src/archive/read.ts';
import type { ExhibitError } from '#src/core/errors.ts';
import { GOOD, HOSTILE, NOT_CANONICAL, TOP } from '../hostile/archives.ts';
import { ourTar, rawTar } from '../helpers/tar.ts';
import { tempDir } from '../helpers/temp.ts';
import { hasTool, needs } from '../helpers/tools.ts';

let root = '';

beforeAll(async () => {
  root = await tempDir();
});

function fileOf(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
  writeFileSync(path, bytes);
  return path;
}

/** The code of the refusal and the offset it names; `read` when nothing was refused. */
async function refusal(path: string): Promise<string> {
  try {
    await readVolume(path, async (entry) => {
      for await (const piece of entry.body) expect(piece.length).toBeGreaterThan(0);
    });
    return 'read';
  } catch (error) {
    const { code, where } = error as ExhibitError;
    return `${code} at ${String(where?.offset)}`;
  }
}

test('the form itself is accepted', async () => {
  expect(await refusal(fileOf(rawTar([TOP, GOOD])))).toBe('read');
});

describe('never accepted: E_HOSTILE_ARCHIVE', () => {
  test.each(Object.entries(HOSTILE))('%s', async (_, members) => {
    expect(await refusal(fileOf(rawTar(members)))).toMatch(/^E_HOSTILE_ARCHIVE at \d+$/);
  });

  test('a symbolic link in place of the archive', async () => {
    const path = fileOf(rawTar([TOP, GOOD]));
    symlinkSync(path, `${path}.link`);
    await expect(readVolume(`${path}.link`, () => undefined)).rejects.toMatchObject({
      code: 'E_HOSTILE_ARCHIVE',
    });
  });

  test('a folder in place of the archive', async () => {
    await expect(readVolume(root, () => undefined)).rejects.toMatchObject({
      code: 'E_HOSTILE_ARCHIVE',
    });
  });

  test.skipIf(!hasTool('mkfifo'))(
    needs('a FIFO in place of the archive, without waiting for a writer', 'mkfifo'),
    async () => {
      const path = join(mkdtempSync(join(root, 'f-')), 'fifo');
      execFileSync('mkfifo', [path]);
      await expect(readVolume(path, () => undefined)).rejects.toMatchObject({
        code: 'E_HOSTILE_ARCHIVE',
      });
    },
  );
});

describe('not the canonical form: E_TAMPERED', () => {
  test.each(Object.entries(NOT_CANONICAL))('%s', async (_, bytes) => {
    expect(await refusal(fileOf(bytes))).toMatch(/^E_TAMPERED at \d+$/);
  });

  test('a file that grows or shrinks while it is read', async () => {
    for (const change of [20 * 1024 * 1024, 3 * 1024 * 1024]) {
      const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
      await ourTar(path, { 'top/a': Buffer.alloc(9 * 1024 * 1024) });
      let changed = false;
      const reading = readVolume(path, async (entry) => {
        for await (const piece of entry.body) {
          if (!changed && piece.length > 0) truncateSync(path, change);
          changed = true;
        }
      });
      await expect(reading).rejects.toMatchObject({ code: 'E_TAMPERED' });
    }
  });
});

test('every flipped bit of a small archive is refused or shows in a name, size or body', async () => {
  const path = fileOf(rawTar([TOP, GOOD, { name: 'top/b', body: 'world' }]));
  const good = readFileSync(path);
  const seen = async (): Promise<string> => {
    const parts: string[] = [];
    await readVolume(path, async ({ path: name, body }) => {
      let text = '';
      for await (const piece of body) text += piece.toString('latin1');
      parts.push(`${name}=${text}`);
    }).catch(() => parts.push('refused'));
    return parts.join();
  };
  const normal = await seen();
  const unnoticed: number[] = [];
  for (let bit = 0; bit < good.length * 8; bit += 7) {
    const bytes = Buffer.from(good);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, bytes);
    if ((await seen()) === normal) unnoticed.push(bit);
  }
  expect(unnoticed).toEqual([]);
});

test('random bytes and mutilated archives are refused with a code, never anything else', async () => {
  const good = rawTar([TOP, GOOD]);
  const mutilated = fc
    .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }))
    .map(([at, junk]) => {
      const bytes = Buffer.from(good);
      Buffer.from(junk).copy(bytes, at);
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 3000 }).map((junk) => Buffer.from(junk));
  const path = fileOf(good);
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutilated, random), async (bytes) => {
      writeFileSync(path, bytes);
      expect(await refusal(path)).toMatch(/^(read|E_(HOSTILE_ARCHIVE|TAMPERED) at \d+)$/);
    }),
    { numRuns: 300, seed: 5 },
  );
});

describe('reading', () => {
  test('skips what the caller does not read', async () => {
    const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
    const { sha256 } = await ourTar(path, { 'top/a': Buffer.alloc(3_000_000, 1), 'top/b': 'b' });
    const facts = await readVolume(path, async (entry) => {
      const pieces = entry.body[Symbol.asyncIterator]();
      if (entry.path === 'top/a') await pieces.next();
    });
    expect(facts).toMatchObject({ sha256, files: 2, folders: 1 });
  });

  test('passes on what the caller throws, and ends the second thread', async () => {
    const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
    await ourTar(path, { 'top/a': Buffer.alloc(12 * 1024 * 1024) });
    const stop = (): never => {
      throw new Error('enough');
    };
    await expect(readVolume(path, stop, { hashing: 'second-thread' })).rejects.toThrow('enough');
  });

  describe.each(['same-thread', 'second-thread'] as const)('by %s', (hashing) => {
    test.each([
      ['cut', 6],
      ['longer', 13],
    ])('notices a file that gets %s meanwhile', async (_, megabytes) => {
      const path = join(mkdtempSync(join(root, 'f-')), 'x.tar');
      await ourTar(path, { 'top/a': Buffer.alloc(12 * 1024 * 1024) });
      const meddle = (): void => {
        truncateSync(path, megabytes * 1024 * 1024);
      };
      await expect(readVolume(path, meddle, { hashing })).rejects.toMatchObject({
        code: 'E_TAMPERED',
        message: 'the length of a file changed while it was read',
      });
    });
  });

  test('stops at Ctrl-C', async () => {
    const path = fileOf(rawTar([TOP, GOOD]));
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(readVolume(path, () => undefined, { signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
  });

  test('says E_READ for a file that is not there', async () => {
    await expect(readVolume(join(root, 'none.tar'), () => undefined)).rejects.toMatchObject({
      code: 'E_READ',
    });
  });
});
