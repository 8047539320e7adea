/** The verdict on every log file: those that digests name, and those that none names. */
import type { DigestLog } from './digest.ts';
import { byPlace, type Place, type Places, type TrailFile, type Uncollected } from './gather.ts';
import { looseName, parseLogName, splitKey, type LogName } from './names.ts';
import type { Fault, Link } from './proof.ts';
import type { LogVerdict } from './verdict.ts';
import { touches, type Window } from './window.ts';

/** A log file that no digest in the evidence names. */
export interface UnnamedLog {
  readonly file: TrailFile;
  readonly place: Place | undefined;
  /** Undefined where the name is not one that CloudTrail gives. */
  readonly name: LogName | undefined;
}

interface LogFile {
  readonly file: TrailFile;
  readonly place: Place | undefined;
}

interface Naming {
  readonly log: DigestLog;
  readonly link: Link;
}

/** Judges the logs that digests in the window name, and gives those that no digest at all names. */
export function judgeNamed(
  links: readonly Link[],
  logs: readonly TrailFile[],
  places: Places,
  uncollected: readonly Uncollected[],
  window: Window,
): { readonly verdicts: readonly LogVerdict[]; readonly unnamed: readonly UnnamedLog[] } {
  const judge = new LogJudge(links, logs, places, uncollected);
  return { verdicts: [...judge.named(window)], unnamed: judge.unnamed() };
}

class LogJudge {
  readonly #files: readonly LogFile[];
  /** By the key from `AWSLogs/` on, or by name where no layout shows one; without `.gz`. */
  readonly #byKey = new Map<string, LogFile[]>();
  readonly #byName = new Map<string, LogFile[]>();
  readonly #byHash = new Map<string, LogFile[]>();
  readonly #names = new Map<string, Naming>();
  readonly #claimed = new Set<LogFile>();
  readonly #uncollected: ReadonlyMap<string, Uncollected>;

  constructor(
    links: readonly Link[],
    logs: readonly TrailFile[],
    places: Places,
    uncollected: readonly Uncollected[],
  ) {
    this.#files = [...logs].sort(byPlace).map((file) => ({ file, place: places.of(file) }));
    for (const log of this.#files) {
      push(this.#byHash, log.file.sha256, log);
      if (log.place === undefined) push(this.#byName, looseName(log.file.path), log);
      else if (!log.place.displaced) push(this.#byKey, loose(log.place.tail), log);
    }
    this.#uncollected = new Map(uncollected.map((one) => [looseName(one.path), one]));
    for (const link of links) {
      for (const log of link.digest.logs) {
        const id = `${log.bucket}/${log.key}`;
        const known = this.#names.get(id);
        // What a proven digest says of a log counts more than what another says.
        if (known === undefined || (known.link.proof === undefined && link.proof !== undefined)) {
          this.#names.set(id, { log, link });
        }
      }
    }
    for (const { log } of this.#names.values()) {
      for (const file of this.#candidates(log)) this.#claimed.add(file);
    }
  }

  *named(window: Window): Generator<LogVerdict> {
    for (const { log, link } of this.#names.values()) {
      if (!touches(window, link.digest.start, link.digest.end)) continue;
      const files = this.#candidates(log);
      if (files.length === 0) yield this.#absent(log, link);
      for (const { file, place } of files) {
        // Of several files the one in its place speaks for the key, the others for themselves.
        const subject =
          place === undefined && files.length > 1 ? file.path : `${log.bucket}/${log.key}`;
        const { status, detail } = judgeLog(file, log, link);
        const { bucket, key } = log;
        const found = file.sha256;
        const where = subject === file.path ? `a copy of ${bucket}/${key}: ${detail}` : detail;
        yield {
          ...{ status, detail: where, bucket, key, subject, named: log.hash, found },
          ...{ digest: link.digest.key, file },
        };
      }
    }
  }

  unnamed(): readonly UnnamedLog[] {
    return this.#files
      .filter((log) => !this.#claimed.has(log))
      .map(({ file, place }) => ({ file, place, name: parseLogName(place?.key ?? file.path) }));
  }

  #candidates({ bucket, key }: DigestLog): readonly LogFile[] {
    const tail = splitKey(key)?.tail ?? key;
    const placed = (this.#byKey.get(loose(tail)) ?? []).filter(({ place }) => {
      if (place?.bucket === undefined) return true;
      return place.bucket === bucket && loose(place.key) === loose(key);
    });
    return [...placed, ...(this.#byName.get(looseName(key)) ?? [])];
  }

  // Not where it must be: perhaps elsewhere under another name, perhaps not readable when it was collected.
  #absent(log: DigestLog, link: Link): LogVerdict {
    const { bucket, key } = log;
    const said = {
      ...{ bucket, key, subject: `${bucket}/${key}`, named: log.hash, digest: link.digest.key },
    };
    const elsewhere = (this.#byHash.get(log.hash) ?? []).find((file) => !this.#claimed.has(file));
    if (elsewhere !== undefined) {
      this.#claimed.add(elsewhere);
      const { file } = elsewhere;
      const detail = `its content lies at ${file.path}`;
      return { ...said, status: 'moved', detail, found: file.sha256, file };
    }
    const failed = this.#uncollected.get(looseName(key));
    const by = `named by ${link.digest.key}`;
    return failed === undefined
      ? { ...said, status: 'missing', detail: by, found: undefined, file: undefined }
      : {
          ...{ ...said, status: 'not_collected', found: undefined, file: undefined },
          detail: `${by}; the collection could not read it: ${failed.detail}`,
        };
  }
}

function judgeLog(file: TrailFile, log: DigestLog, link: Link): Fault {
  const proven = link.proof !== undefined;
  const { key } = link.digest;
  const { gzip } = file;
  if (log.algorithm !== 'SHA-256') {
    return {
      status: 'hash_unknown',
      detail: `${key} names a hash by ${JSON.stringify(log.algorithm)}`,
    };
  }
  if (file.sha256 !== log.hash) {
    if (!proven && link.fault !== undefined) {
      return {
        status: 'digest_unproven',
        detail: `its hash differs from that in ${key}, which is itself invalid`,
      };
    }
    const unsure = proven ? '' : '; the digest is not proven: one of the two was changed';
    const damage = gzip === undefined ? '' : `; ${gzip.detail}`;
    return { status: 'hash_mismatch', detail: `${key} names ${log.hash}${unsure}${damage}` };
  }
  if (gzip !== undefined) {
    const status = gzip.kind === 'extra' ? 'extra_bytes' : 'gzip_damaged';
    return { status, detail: `${gzip.detail}; named by ${key}` };
  }
  return proven
    ? { status: 'valid', detail: `named by ${key}` }
    : { status: 'digest_unproven', detail: `its hash is that in ${key}, which is not proven` };
}

function loose(key: string): string {
  return key.replace(/\.gz$/, '');
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
