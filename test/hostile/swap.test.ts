/** A volume that changes between verify and import, or while the import reads it (threat row 27). */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importEvidence } from '#src/app/import.ts';
import { collectedCase, failures, verifyCase } from '../helpers/sealed.ts';
import { sealEvidence } from '#src/app/seal.ts';
import { event, log } from '../ingest/world.ts';

/** A case, its volume, and the volume with one byte of a record changed. */
async function sealed() {
  const made = await collectedCase({ 'logs/a.json': log(event(1), event(2)) });
  await sealEvidence(made.case, 'EV-0001', made.fx);
  const volume = join(made.case.paths.evidence, 'EV-0001', 'EV-0001.v001.tar');
  const bytes = readFileSync(volume);
  bytes[bytes.indexOf('GetObject')] = 0x53;
  return { made, volume, bytes };
}

test('after it was verified: the import hashes the bytes that it reads', async () => {
  const { made, volume, bytes } = await sealed();
  expect(failures(await verifyCase(made))).toEqual([]);
  writeFileSync(volume, bytes);
  await expect(importEvidence(made.case, made.fx)).rejects.toMatchObject({ code: 'E_TAMPERED' });
  expect(existsSync(made.case.paths.database)).toBe(false);
});

test.each(['renamed over it', 'written into it'])('while it is read, %s', async (how) => {
  const calm = await sealed();
  const undisturbed = await importEvidence(calm.made.case, calm.made.fx, { workers: 1 });
  const { made, volume, bytes } = await sealed();
  const swap = (): void => {
    if (how === 'written into it') writeFileSync(volume, bytes);
    else {
      writeFileSync(`${volume}.new`, bytes);
      renameSync(`${volume}.new`, volume);
    }
  };
  // One descriptor, one pass: the sealed bytes were read, or it is noticed. Nothing in between.
  const result = await importEvidence(made.case, made.fx, { workers: 1, progress: swap }).catch(
    (error: unknown) => error,
  );
  if (result instanceof Error) {
    expect(result).toMatchObject({ code: 'E_TAMPERED' });
    expect(existsSync(made.case.paths.database)).toBe(false);
  } else expect(result).toMatchObject({ content_sha256: undisturbed.content_sha256 });
});
