/** The verdict on every log file: those that digests name, and those that none names. */
import type { DigestLog } from './digest.ts';
import { byPlace, type Place, type Places, type TrailFile, type Uncollected } from './gather.ts';
import { looseName, parseLogName, splitKey, type LogName } from './names.ts';
import type { Fault, Link } from './proof.ts';
import { LATE_US, MINUTE_US } from './spans.ts';
import { STATUSES, type LogVerdict } from './verdict.ts';
import { touches, type Window } from './window.ts';

/** A log file that no digest in the evidence names. */
export interface UnnamedLog {
  readonly file: TrailFile;
  readonly place: Place | undefined;
  /** Its own tree, undefined outside of any layout, and those around it ({@link Places.around}). */
  readonly trees: readonly (string | undefined)[];
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

/** What {@link judgeNamed} needs beside the digests and logs. */
export interface Circumstances {
  readonly places: Places;
  readonly uncollected: readonly Uncollected[];
  readonly window: Window;
  /** The keys are not the evidence's own claim. */
  readonly trusted: boolean;
  /** What is to be said of a log that only digests without proof name. */
  readonly doubt: (log: UnnamedLog) => Fault | undefined;
}

/** Judges the logs that digests in the window name, and gives those that no digest at all names. */
export function judgeNamed(
  links: readonly Link[],
  logs: readonly TrailFile[],
  circumstances: Circumstances,
): { readonly verdicts: readonly LogVerdict[]; readonly unnamed: readonly UnnamedLog[] } {
  const judge = new LogJudge(links, logs, circumstances);
  return { verdicts: [...judge.named()], unnamed: judge.unnamed() };
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
  readonly #about: Circumstances;

  constructor(links: readonly Link[], logs: readonly TrailFile[], about: Circumstances) {
    const { places, uncollected } = about;
    this.#about = about;
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

  *named(): Generator<LogVerdict> {
    for (const { log, link } of this.#names.values()) {
      if (!touches(this.#about.window, link.digest.start, link.digest.end)) continue;
      const files = this.#candidates(log);
      if (files.length === 0) yield this.#absent(log, link);
      for (const { file, place } of files) {
        // Of several files the one in its place speaks for the key, the others for themselves.
        const subject =
          place === undefined && files.length > 1 ? file.path : `${log.bucket}/${log.key}`;
        const { status, detail } = this.#judge({ file, place }, log, link);
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

  // Anybody can write a digest that names a log: without proof it excuses nothing that a proven one contradicts.
  #judge({ file, place }: LogFile, log: DigestLog, link: Link): Fault {
    const judged = judgeLog(file, log, link, this.#about.trusted);
    if (link.proof !== undefined || STATUSES[judged.status].bad) return judged;
    const unnamed = this.#withName({ file, place });
    if (isNext(link, unnamed)) return judged;
    const doubt = this.#about.doubt(unnamed);
    return doubt === undefined ? judged : { ...doubt, detail: `${doubt.detail}; ${judged.detail}` };
  }

  unnamed(): readonly UnnamedLog[] {
    return this.#files.filter((log) => !this.#claimed.has(log)).map((log) => this.#withName(log));
  }

  #withName({ file, place }: LogFile): UnnamedLog {
    const trees = [place?.tree, ...this.#about.places.around(file)];
    return { file, place, trees, name: parseLogName(place?.key ?? file.path) };
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

// The newest digest of a chain lacks proof where object metadata was lost: of its own hour it may speak.
function isNext({ digest, name, follows }: Link, { name: log }: UnnamedLog): boolean {
  if (!follows || name.backfill || log === undefined) return false;
  const { account, region } = name.chain;
  const own = log.account === account && log.region === region;
  return own && log.delivered + MINUTE_US + LATE_US > digest.start && log.delivered < digest.end;
}

function judgeLog(file: TrailFile, log: DigestLog, link: Link, trusted: boolean): Fault {
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
  if (!proven || !trusted) {
    const why = proven ? 'proven only by a key that came with the evidence' : 'not proven';
    return { status: 'digest_unproven', detail: `its hash is that in ${key}, which is ${why}` };
  }
  return { status: 'valid', detail: `named by ${key}` };
}

function loose(key: string): string {
  return key.replace(/\.gz$/, '');
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
