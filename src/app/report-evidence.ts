/** What a report says of evidence items: their seals, how they were collected, and what could not be. */
import { Buffer } from 'node:buffer';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { readVolume } from '../archive/read.ts';
import { evidencePaths } from '../bundle/layout.ts';
import { readSeal, type Seal } from '../bundle/seal.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { verifyForm } from '../crypto/cms-verify.ts';
import { readRegular } from '../custody/files.ts';
import type { EntryView } from '../custody/read.ts';
import type { CollectionFacts, EvidenceFacts, SealFacts } from '../report/model.ts';
import { judgeStamps } from '../stamps/judge.ts';
import { namesIn } from '../stamps/names.ts';
import type { StampTrust } from '../stamps/trust.ts';
import type { Case } from './case.ts';
import { provenAt } from './report-custody.ts';

/** Things not collected that a report names one by one; all are counted. */
const NAMED = 100;
/** The acquisition files are read whole; a larger one is not ours. */
const MAX_BYTES = 256 * 2 ** 20;

/**
 * Facts of every evidence item that the ledger says was sealed, in order.
 * @param stamps whom time-stamps are believed.
 */
export async function evidenceFacts(
  target: Case,
  ledger: readonly EntryView[],
  stamps: StampTrust,
): Promise<EvidenceFacts[]> {
  const ids = new Set(
    ledger
      .filter(({ entry }) => entry.event === 'sealed')
      .flatMap(({ entry }) => (entry.evidence ?? []).map(({ id }) => id)),
  );
  const facts: EvidenceFacts[] = [];
  for (const id of [...ids].sort()) facts.push(await oneItem(target, id, ledger, stamps));
  return facts;
}

async function oneItem(
  target: Case,
  id: string,
  ledger: readonly EntryView[],
  stamps: StampTrust,
): Promise<EvidenceFacts> {
  const acquired = ledger.find(
    ({ entry }) =>
      entry.event === 'acquired' && (entry.evidence ?? []).some((about) => about.id === id),
  )?.entry.details;
  const count = (name: string): number | null => {
    const value = acquired?.[name];
    return typeof value === 'number' ? value : null;
  };
  const { folder, seal: sealFile } = evidencePaths(target.paths, id);
  const base = { id, files: count('files'), bytes: count('bytes') };
  try {
    const seal = await readSeal(sealFile);
    const { collection, problems } = await readAcquisition(
      join(folder, seal.volumes[0]?.file ?? ''),
    );
    return {
      ...base,
      seal: sealFacts(seal, folder, stamps),
      collection,
      not_collected: notCollected(problems),
    };
  } catch (error) {
    // What is wrong is a fact for the report; the verification table says the same check by check.
    if (!(error instanceof ExhibitError)) throw error;
    return {
      ...base,
      seal: null,
      problem: error.message,
      collection: null,
      not_collected: notCollected([]),
    };
  }
}

function sealFacts(seal: Seal, folder: string, stamps: StampTrust): SealFacts {
  return {
    sha256: seal.sha256,
    payload_set_sha256: seal.payloadSetSha256,
    signer_cert_sha256: seal.signerCertSha256,
    acquired_from: seal.acquiredFrom,
    acquired_to: seal.acquiredTo,
    anchor_not_before: seal.anchorNotBefore,
    tool: seal.tool,
    signed: signedWhen(seal, folder, stamps),
    volumes: seal.volumes.map(({ file, sha256, tagmanifestSha256 }) => ({
      file,
      size: lstatSync(join(folder, file), { throwIfNoEntry: false })?.size ?? null,
      sha256,
      tagmanifest_sha256: tagmanifestSha256,
    })),
  };
}

/** Times of the seal's signature; what is wrong with it is for the verification table to say. */
function signedWhen(seal: Seal, folder: string, trust: StampTrust): SealFacts['signed'] {
  const file = `${seal.evidenceId}.seal.p7s`;
  const signature = readRegular(join(folder, file));
  const verdict = signature === undefined ? undefined : verifyForm(seal.bytes, signature);
  if (signature === undefined || verdict?.ok !== true) return null;
  const { proven } = judgeStamps(folder, namesIn(folder), file, signature, trust);
  return { claimed: formatUs(verdict.signingTimeUs), not_after: provenAt(proven) };
}

interface Problem {
  readonly original_path: string;
  readonly state: string;
  readonly reason: string;
  readonly detail: string;
}

/** Ends the reading of a volume once the acquisition files are behind; verification has read all of it. */
class Enough extends Error {}

async function readAcquisition(
  volume: string,
): Promise<{ readonly collection: CollectionFacts | null; readonly problems: readonly Problem[] }> {
  const texts = new Map<string, string>();
  try {
    await readVolume(volume, async (entry) => {
      const [, folder, name = ''] = entry.path.split('/');
      if (entry.type === 'folder') return;
      if (folder !== 'acquisition') throw new Enough();
      if (!['collection.json', 'errors.jsonl'].includes(name) || entry.size > MAX_BYTES) return;
      const pieces: Buffer[] = [];
      for await (const piece of entry.body) pieces.push(Buffer.from(piece));
      texts.set(name, Buffer.concat(pieces).toString('utf8'));
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  const collection = texts.get('collection.json');
  return {
    collection: collection === undefined ? null : collectionFacts(collection),
    problems: (texts.get('errors.jsonl') ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Problem),
  };
}

function collectionFacts(text: string): CollectionFacts {
  const { method, roots, s3, as, examiner, started_at, acquiring_os } = JSON.parse(text) as Omit<
    CollectionFacts,
    'roots'
  > & { readonly roots: readonly { readonly path: string }[] };
  return {
    method,
    roots: roots.map(({ path }) => path),
    ...(s3 === undefined ? {} : { s3 }),
    ...(as === undefined ? {} : { as }),
    examiner,
    started_at,
    acquiring_os,
  };
}

function notCollected(problems: readonly Problem[]): EvidenceFacts['not_collected'] {
  const groups = Map.groupBy(problems, ({ state, reason }) => `${state}\0${reason}`);
  return {
    total: problems.length,
    by_reason: [...groups.keys()].sort().map((key) => {
      const [state = '', reason = ''] = key.split('\0');
      return { state, reason, count: groups.get(key)?.length ?? 0 };
    }),
    first: problems
      .slice(0, NAMED)
      .map(({ original_path: path, state, reason, detail }) => ({ path, state, reason, detail })),
  };
}
