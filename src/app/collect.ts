/** `collect dir`: copies folders into a new evidence item, or goes on with one that was interrupted. */
import { Buffer } from 'node:buffer';
import { realpath, stat } from 'node:fs/promises';
import { release, type } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { StagedProblem } from '../bundle/objects.ts';
import type { Root } from '../collect/plan.ts';
import { collect, type OnProgress } from '../collect/run.ts';
import { parseS3 } from '../collect/s3.ts';
import { readStaging, type Collection } from '../collect/staging.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, isSystemError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { SOURCES } from '../sources/_registry.ts';
import { openSigner, type Case } from './case.ts';
import { chooseEvidence, type Wanted } from './evidence-id.ts';
import { withLock } from './lock.ts';
import { readKeyFiles, stageKeys } from './public-keys.ts';
import { sealEvidence, type SealResult } from './seal.ts';
import { toolIdentity } from './tool.ts';

/** What to collect. */
export interface CollectRequest {
  /** Folders or files, relative to the working folder. */
  readonly paths: readonly string[];
  /** Evidence id; by default the one that an interrupted collection of the same paths has, else the next free one. */
  readonly evidence?: string | undefined;
  /** `s3://bucket/prefix` that the one folder is a mirror of. */
  readonly s3?: string | undefined;
  /** Source that the files are of, whatever they look like. */
  readonly as?: string | undefined;
  /** Seal afterwards; the key is opened first, so that a wrong passphrase shows before hours of copying. */
  readonly seal?: boolean;
  /** Answers of `aws cloudtrail list-public-keys` to be sealed beside the evidence: paths. */
  readonly publicKeys?: readonly string[] | undefined;
  /** For logs of a machine: the folder that is its `/`, out of which no path may lead; owners and all times are kept. */
  readonly machine?: string;
  readonly onProgress: OnProgress;
  /** Called when all is copied, and as each volume is written. */
  readonly onSealing?: (copied: CollectResult, volume?: string) => void;
}

/** What a collection came to. */
export interface CollectResult {
  readonly evidence: string;
  /** True if it went on with what an earlier process left. */
  readonly resumed: boolean;
  readonly stored: number;
  readonly bytes: number;
  /** Files that changed both times they were read. */
  readonly changed: number;
  /** Object-metadata sidecars among the stored files. */
  readonly metadata: number;
  readonly failed: number;
  readonly gone: number;
  readonly skipped: number;
  readonly problems: readonly StagedProblem[];
  /** True if the same command could get what this one did not (of AWS: credentials, throttling, archives). */
  readonly again?: boolean;
  readonly sealed?: SealResult;
}

/**
 * Collects into staging, and seals.
 * @throws ExhibitError `E_USAGE`, `E_READ` for a path that is not there, `E_EXISTS` when the evidence id belongs to
 * another collection, `E_SEALED`, `E_LOCKED`, those of a collection (`E_WRITE`, `E_UNFINISHED`, `E_FORMAT`) and those
 * of {@link sealEvidence}.
 */
export async function collectDir(
  target: Case,
  fx: Effects,
  request: CollectRequest,
): Promise<CollectResult> {
  return await withLock(target, fx, async () => {
    const asked = await readRequest(target, fx, request);
    const keys = await readKeyFiles(request.publicKeys ?? [], fx);
    const { evidence, sealed } = await chooseEvidence(target.paths, request.evidence, asked.wanted);
    const signer = request.seal === true ? await openSigner(target, fx) : undefined;
    const dir = join(target.paths.staging, evidence);
    // A seal beside staging: an earlier run was stopped while it sealed, and only that is left to finish.
    const { resumed } = sealed
      ? { resumed: true }
      : await collect({
          dir,
          collection: describe(target, fx, evidence, asked.wanted),
          roots: asked.roots,
          now: fx.now,
          signal: fx.signal,
          onProgress: request.onProgress,
          facts: request.machine !== undefined,
        });
    // Only now is there a folder; a run that is stopped before finds the file again.
    if (keys !== undefined && !sealed) stageKeys(dir, keys);
    const copied = await readResult(evidence, resumed, dir);
    if (signer === undefined) return copied;
    request.onSealing?.(copied);
    return {
      ...copied,
      sealed: await sealEvidence(target, evidence, fx, {
        signer,
        onVolume: (name) => request.onSealing?.(copied, name),
      }),
    };
  });
}

/** What a staging folder holds now. */
export async function readResult(
  evidence: string,
  resumed: boolean,
  dir: string,
): Promise<CollectResult> {
  const { objects, problems } = await readStaging(dir);
  const count = (state: StagedProblem['state']): number =>
    problems.filter((problem) => problem.state === state).length;
  return {
    evidence,
    resumed,
    stored: objects.length,
    bytes: objects.reduce((sum, object) => sum + object.size, 0),
    changed: objects.filter((object) => object.changed_while_read === true).length,
    metadata: objects.filter((object) => object.metadata_for !== undefined).length,
    failed: count('failed'),
    gone: count('gone'),
    skipped: count('skipped'),
    problems,
  };
}

async function readRequest(
  target: Case,
  fx: Effects,
  request: CollectRequest,
): Promise<{ readonly wanted: Wanted; readonly roots: readonly Root[] }> {
  if (request.s3 !== undefined) {
    parseS3(request.s3);
    if (request.paths.length !== 1) {
      throw new ExhibitError(
        'E_USAGE',
        '--s3 names the place of one folder, and several were given',
        {
          hint: 'collect each mirror into its own evidence item',
        },
      );
    }
  }
  if (request.as !== undefined && !SOURCES.some((source) => source.id === request.as)) {
    throw new ExhibitError('E_USAGE', `"${request.as}" is not a source`, {
      hint: `sources are ${SOURCES.map((source) => source.id).join(', ')}`,
    });
  }
  const caseDir = await realpath(target.paths.dir);
  const roots: Root[] = [];
  const named: { path: string; real_path?: string }[] = [];
  for (const given of request.paths) {
    const path = resolve(fx.cwd, given);
    const { real, folder } = await lookUp(path);
    if (request.machine !== undefined && !within(real, await realpath(request.machine))) {
      throw new ExhibitError('E_READ', 'a link leads out of the root', {
        where: { file: path },
        hint: `it leads to ${real}; name the folder below the root that is meant`,
      });
    }
    if (within(real, caseDir) || (folder && within(caseDir, real))) {
      throw new ExhibitError(
        'E_USAGE',
        'the case and what it collects must not lie in each other',
        {
          where: { file: path },
          hint: 'put the case beside the folder, or collect the folders in it one by one',
        },
      );
    }
    named.push(real === path ? { path } : { path, real_path: real });
    roots.push(
      folder
        ? { folder: Buffer.from(real) }
        : { folder: Buffer.from(dirname(real)), file: Buffer.from(basename(real)) },
    );
  }
  const { s3, as } = request;
  return {
    roots,
    wanted: {
      roots: named,
      ...(request.machine === undefined ? {} : { method: 'host' as const }),
      ...(s3 === undefined ? {} : { s3 }),
      ...(as === undefined ? {} : { as }),
    },
  };
}

async function lookUp(path: string): Promise<{ readonly real: string; readonly folder: boolean }> {
  try {
    const real = await realpath(path);
    return { real, folder: (await stat(real)).isDirectory() };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ExhibitError(
      'E_READ',
      error.code === 'ENOENT'
        ? 'there is nothing here to collect'
        : `cannot be read: ${error.code}`,
      {
        where: { file: path },
        hint: 'name a folder or file that is there and that you may read; nothing was collected',
        cause: error,
      },
    );
  }
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** The description that a new collection begins with. */
export function describe(target: Case, fx: Effects, evidence: string, wanted: Wanted): Collection {
  const { examiner } = target.info;
  return {
    type: 'collection/1',
    case: target.info.case,
    evidence,
    method: 'dir',
    ...wanted,
    examiner: examiner.name,
    started_at: formatUs(fx.now() * 1000),
    acquiring_os: `${type()} ${release()}`,
    tool: { ...toolIdentity() },
  };
}
