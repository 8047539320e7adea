/**
 * Seals a finished collection: staging becomes volumes, a seal, its signature and ledger entries. Safe against a crash
 * at any point: files are written under temporary names, synced and renamed; the seal gets its name last, so that its
 * presence means that everything before it is complete; staging goes only after the ledger knows of the seal.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { release, type } from 'node:os';
import { basename, join } from 'node:path';
import { readVolume } from '../archive/read.ts';
import { placeObjects } from '../bundle/names.ts';
import { evidenceNo, evidencePaths, type EvidencePaths } from '../bundle/layout.ts';
import { parseSeal, readSeal, renderSeal, type Seal } from '../bundle/seal.ts';
import { fileBytes, lineBytes, tagFile, textBytes, type TagFile } from '../bundle/tag-file.ts';
import {
  bagFiles,
  DEFAULT_VOLUME_BYTES,
  MIN_VOLUME_BYTES,
  writeVolumes,
} from '../bundle/volumes.ts';
import { readStaging, stagingPaths, type Staging } from '../collect/staging.ts';
import { canonicalJson, canonicalLine } from '../core/canonical.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import type { Signer } from '../crypto/signer.ts';
import type { EntryDraft } from '../custody/entry.ts';
import { readLedger } from '../custody/read.ts';
import { isThere } from '../disk/there.ts';
import { openSigner, type Case } from './case.ts';
import { appendEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import { STAGED_KEYS, stageKeys, type GivenKeys } from './public-keys.ts';
import { requireSigner } from './signed-file.ts';
import { toolIdentity } from './tool.ts';

/** Options of {@link sealEvidence}. */
export interface SealOptions {
  /** Bytes that a volume is filled up to; default 4 GiB. */
  readonly volumeBytes?: number;
  /** To be sealed with the evidence; default: those that the collection has. */
  readonly publicKeys?: GivenKeys;
  /** A signer that is open already; default: opened here, which may ask for the passphrase. */
  readonly signer?: Signer;
  /** Called as each volume begins. */
  readonly onVolume?: (name: string, number: number, of: number) => void;
}

/** What was sealed. */
export interface SealResult {
  readonly evidence: string;
  readonly seal: Seal;
  /** Collected files and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** What was found and could not be collected. */
  readonly problems: number;
  /** True if an interrupted run had made the seal already and this one finished its work. */
  readonly resumed: boolean;
}

/**
 * Seals the collection in staging.
 * @param evidence `EV-0001`.
 * @throws ExhibitError `E_USAGE` (no evidence id, too small a volume), `E_SEALED` (sealed already), `E_NOT_FOUND` (nothing collected), `E_UNFINISHED` (the collection
 *   has not ended), `E_TAMPERED` (staging or an interrupted seal is not what it was), `E_WRITE`, `E_LOCKED`, and
 *   those of {@link openSigner}.
 */
export async function sealEvidence(
  opened: Case,
  evidence: string,
  fx: Effects,
  options: SealOptions = {},
): Promise<SealResult> {
  // The id becomes a path, and leftovers under it are removed.
  if (evidenceNo(evidence) === undefined) {
    throw new ExhibitError('E_USAGE', `"${evidence}" is not an evidence id`, {
      hint: 'evidence ids look like EV-0001',
    });
  }
  const { volumeBytes = DEFAULT_VOLUME_BYTES } = options;
  if (volumeBytes < MIN_VOLUME_BYTES) {
    throw new ExhibitError('E_USAGE', 'a volume cannot be so small', {
      hint: `the smallest volume size is ${String(MIN_VOLUME_BYTES)} bytes`,
    });
  }
  return withLock(opened, fx, async () => {
    const paths = evidencePaths(opened.paths, evidence);
    const recorded = sealOnRecord(opened, evidence);
    if (isThere(paths.seal)) return finish(opened, evidence, paths, recorded, fx, options);
    if (recorded !== undefined) {
      throw new ExhibitError(
        'E_TAMPERED',
        `the ledger says that ${evidence} was sealed, and its seal is gone`,
        {
          where: { file: paths.seal },
          hint: 'bring the evidence folder back from a copy of the case; `exhibit verify` shows what is missing',
        },
      );
    }
    const staging = await readFinished(opened, evidence, paths.staging);
    if (options.publicKeys !== undefined) stageKeys(paths.staging, options.publicKeys);
    const signer = options.signer ?? (await openSigner(opened, fx));
    await requireSigner(opened, signer);
    await clearLeftovers(paths, evidence);
    const seal = await writeSeal(opened, evidence, paths, staging, signer, fx, options);
    return settle(opened, signer, fx, paths, seal, staging, false);
  });
}

/** A run that was stopped after the seal had its name: the ledger and the removal of staging may be missing. */
async function finish(
  opened: Case,
  evidence: string,
  paths: EvidencePaths,
  recorded: string | undefined,
  fx: Effects,
  options: SealOptions,
): Promise<SealResult> {
  if (!isThere(paths.staging)) {
    await rm(removing(paths), { recursive: true, force: true });
    throw new ExhibitError('E_SEALED', `${evidence} is sealed already`, {
      where: { file: paths.seal },
      hint: 'sealed evidence is never changed; collect again into a new evidence item',
    });
  }
  const seal = await readSeal(paths.seal);
  const staging = await readFinished(opened, evidence, paths.staging);
  if (recorded !== undefined && recorded !== seal.sha256) {
    throw new ExhibitError('E_TAMPERED', 'the seal is not the one that the ledger recorded', {
      where: { file: paths.seal },
    });
  }
  const signer = options.signer ?? (await openSigner(opened, fx));
  const verdict = verifyForm(seal.bytes, await readFile(paths.signature));
  const good = verdict.ok && verdict.fingerprint === signer.fingerprint;
  if (!good || seal.caseId !== opened.info.case || seal.evidenceId !== evidence) {
    throw new ExhibitError('E_TAMPERED', 'a seal without ledger entry is not one of ours', {
      where: { file: paths.seal },
      hint: 'an interrupted run leaves a seal signed by this case; move this one away and look where it came from',
    });
  }
  for (const volume of seal.volumes) {
    const file = join(paths.folder, volume.file);
    const facts = await readVolume(file, () => undefined, { signal: fx.signal });
    if (facts.sha256 !== volume.sha256) {
      throw new ExhibitError('E_TAMPERED', 'a volume is not the one that was sealed', {
        where: { file },
      });
    }
  }
  return settle(opened, signer, fx, paths, seal, staging, true);
}

/** Seal hash of the ledger's entry `sealed` for this evidence, if there is one. */
function sealOnRecord(opened: Case, evidence: string): string | undefined {
  return readLedger(opened.paths.dir)
    .filter(({ entry }) => entry.event === 'sealed')
    .flatMap(({ entry }) => entry.evidence ?? [])
    .find(({ id }) => id === evidence)?.seal;
}

async function readFinished(opened: Case, evidence: string, dir: string): Promise<Staging> {
  const staging = await readStaging(dir);
  if (!staging.finished) {
    throw new ExhibitError('E_UNFINISHED', `the collection of ${evidence} has not ended`, {
      where: { file: dir },
      hint: 'run the same `exhibit collect` again; it goes on where it stopped',
    });
  }
  const { collection, objects, problems } = staging;
  if (collection.case !== opened.info.case || collection.evidence !== evidence) {
    throw new ExhibitError('E_FORMAT', 'the collection belongs to another case or evidence item', {
      where: { file: stagingPaths(dir).collection },
    });
  }
  if (objects.length === 0) {
    throw new ExhibitError('E_NOT_FOUND', `the collection of ${evidence} holds no file`, {
      where: { file: dir },
      hint: `a seal is over at least one file. ${String(problems.length)} things could not be collected: journal.jsonl there names them. Collect again what can be read now, or put it on record that nothing could be: exhibit custody add note --reason TEXT --attach ${join(dir, 'journal.jsonl')}`,
    });
  }
  return staging;
}

/** Removes what an interrupted run left. There is no seal, so nothing here is sealed; other files are not ours to touch. */
async function clearLeftovers(paths: EvidencePaths, evidence: string): Promise<void> {
  await mkdir(paths.folder, { recursive: true });
  const ours = new RegExp(`^${evidence}\\.(?:v\\d{3,5}\\.tar|seal|seal\\.p7s)(?:\\.part)?$`);
  for (const name of (await readdir(paths.folder)).sort()) {
    const file = join(paths.folder, name);
    if (!ours.test(name)) {
      throw new ExhibitError('E_EXISTS', 'an unknown file lies in the evidence folder', {
        where: { file },
        hint: 'move it away; only what exhibit seals may lie there',
      });
    }
    await rm(file);
  }
}

async function writeSeal(
  opened: Case,
  evidence: string,
  paths: EvidencePaths,
  staging: Staging,
  signer: Signer,
  fx: Effects,
  options: SealOptions,
): Promise<Seal> {
  const { collection, objects, acquired } = staging;
  const staged = stagingPaths(paths.staging);
  const tool = toolIdentity();
  const payload = placeObjects(
    objects,
    collection.roots.map(({ path }) => basename(path)),
  );
  const written = await writeVolumes({
    files: await bagFiles(payload, (sha256) => join(staged.objects, sha256)),
    volumeBytes: options.volumeBytes ?? DEFAULT_VOLUME_BYTES,
    everywhere: await commonFiles(paths.staging, fx),
    first: await firstFiles(staging),
    labels: {
      organization: opened.info.examiner.organization,
      examiner: opened.info.examiner.name,
      caseId: opened.info.case,
      evidenceId: evidence,
      date: formatUs(fx.now() * 1000).slice(0, 10),
      agent: `${tool.name} ${tool.version}`,
    },
    folder: paths.folder,
    suffix: '.part',
    signal: fx.signal,
    onVolume: options.onVolume ?? (() => undefined),
  });
  for (const { file } of written.volumes) {
    await rename(join(paths.folder, `${file}.part`), join(paths.folder, file));
  }
  await syncFolder(paths.folder);
  const text = renderSeal({
    caseId: opened.info.case,
    evidenceId: evidence,
    payloadSetSha256: written.payloadSetSha256,
    acquiredFrom: acquired.from,
    acquiredTo: acquired.to,
    // Nothing here has been validated yet that AWS signed; the digest chain is judged after import.
    anchorNotBefore: 'none',
    signerCertSha256: signer.fingerprint,
    tool: `${tool.name} ${tool.version} sha256:${tool.hash} node ${tool.node}`,
    volumes: written.volumes,
  });
  const bytes = Buffer.from(text, 'latin1');
  // The signature first: a seal that has its name is always signed.
  await writeDurable(paths.signature, signer.sign(bytes, fx.now() * 1000));
  await writeDurable(paths.seal, bytes);
  return parseSeal(bytes, basename(paths.seal));
}

async function commonFiles(staging: string, fx: Effects): Promise<TagFile[]> {
  const { name, version, hash, node, sqlite } = toolIdentity();
  const environment = canonicalLine({
    type: 'environment/1',
    bagged_at: formatUs(fx.now() * 1000),
    os: `${type()} ${release()}`,
    arch: process.arch,
    tool: { name, version, sha256: hash, node, sqlite },
  });
  const keys = join(staging, STAGED_KEYS);
  return [
    await tagFile('acquisition/collection.json', fileBytes(stagingPaths(staging).collection)),
    await tagFile('acquisition/environment.json', () => [environment]),
    ...(isThere(keys) ? [await tagFile('acquisition/public-keys.json', fileBytes(keys))] : []),
  ];
}

async function firstFiles({ journalPath, problems }: Staging): Promise<TagFile[]> {
  const lines = (): string[] => problems.map((problem) => `${canonicalJson({ ...problem })}\n`);
  return [
    await tagFile(
      'acquisition/errors.jsonl',
      problems.length === 0 ? textBytes('') : lineBytes(lines),
    ),
    await tagFile('acquisition/journal.jsonl', fileBytes(journalPath)),
  ];
}

/** Puts the seal on record, if it is not yet, and removes staging. */
async function settle(
  opened: Case,
  signer: Signer,
  fx: Effects,
  paths: EvidencePaths,
  seal: Seal,
  staging: Staging,
  resumed: boolean,
): Promise<SealResult> {
  const { objects, problems, acquired } = staging;
  const bytes = objects.reduce((sum, object) => sum + object.size, 0);
  const id = seal.evidenceId;
  const known = new Set(
    readLedger(opened.paths.dir)
      .filter(({ entry }) => (entry.evidence ?? []).some((about) => about.id === id))
      .map(({ entry }) => entry.event),
  );
  const drafts: EntryDraft[] = [
    {
      event: 'acquired',
      evidence: [{ id, payload_set: seal.payloadSetSha256 }],
      details: {
        files: objects.length,
        bytes,
        not_collected: problems.length,
        from: acquired.from,
        to: acquired.to,
      },
    },
    {
      event: 'sealed',
      evidence: [{ id, seal: seal.sha256, payload_set: seal.payloadSetSha256 }],
      attachments: seal.volumes.map(({ file, sha256 }) => ({
        name: `evidence/${id}/${file}`,
        sha256,
      })),
    },
  ];
  for (const draft of drafts) {
    if (!known.has(draft.event)) await appendEntry(opened, signer, fx, draft);
  }
  // Renamed first: a staging folder that is there is whole.
  await rename(paths.staging, removing(paths));
  await rm(removing(paths), { recursive: true, force: true });
  return { evidence: id, seal, files: objects.length, bytes, problems: problems.length, resumed };
}

function removing(paths: EvidencePaths): string {
  return `${paths.staging}.sealed`;
}

async function writeDurable(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  await syncFolder(join(path, '..'));
}

/** Makes renames in a folder durable; Windows cannot open a folder, its file systems journal names themselves. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
