/** What a dishonest examiner can do: evidence whose seal, signature and ledger entry are all right, over any bytes. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendEntry } from '#src/app/ledger.ts';
import { renderSeal } from '#src/bundle/seal.ts';
import type { TestCase } from '../helpers/case.ts';

/** Makes an evidence item whose one volume is the archive: sealed, signed and entered in the ledger as a true one is. */
export async function forge(made: TestCase, id: string, archive: Buffer): Promise<void> {
  const folder = join(made.case.paths.evidence, id);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const text = renderSeal({
    caseId: made.case.info.case,
    evidenceId: id,
    payloadSetSha256: sha256,
    acquiredFrom: '2026-01-02T03:04:05Z',
    acquiredTo: '2026-01-02T03:04:05Z',
    anchorNotBefore: 'none',
    signerCertSha256: made.case.info.examiner.certificate,
    tool: 'forged',
    volumes: [{ name: `${id}.v001`, file: `${id}.v001.tar`, sha256, tagmanifestSha256: sha256 }],
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${id}.v001.tar`), archive);
  writeFileSync(join(folder, `${id}.seal`), text);
  writeFileSync(join(folder, `${id}.seal.p7s`), made.signer.sign(Buffer.from(text)));
  await appendEntry(made.case, made.signer, made.fx, {
    event: 'sealed',
    evidence: [{ id, seal: createHash('sha256').update(text).digest('hex'), payload_set: sha256 }],
    attachments: [{ name: `evidence/${id}/${id}.v001.tar`, sha256 }],
  });
}
