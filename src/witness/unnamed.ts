/**
 * The verdict on a log file that no digest names: planted, or nothing that digests could speak of. Its name, its folders
 * and its records each claim an account, a region and a time; docs/cloudtrail-validation.md has the rule.
 */
import type { Claim, LogContent, Place, TrailFile } from './gather.ts';
import type { UnnamedLog } from './logs.ts';
import { parseLogFolder, type LogFolder, type LogName } from './names.ts';
import { MINUTE_US, type Spans } from './spans.ts';
import type { LogVerdict } from './verdict.ts';

const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
/** Events of global services name this region, also in the logs of a trail of one other region that includes them. */
const GLOBAL_REGION = 'us-east-1';

type Answer = Pick<LogVerdict, 'status' | 'detail'>;

/** Judges the logs that no digest names. */
export class UnnamedJudge {
  readonly #spans: Spans;
  readonly #digestFolders: ReadonlySet<string>;

  /**
   * @param spans time that digests cover.
   * @param digests files of digests, with their places.
   */
  constructor(
    spans: Spans,
    digests: readonly { readonly file: TrailFile; readonly place: Place | undefined }[],
  ) {
    this.#spans = spans;
    this.#digestFolders = new Set(
      digests.filter(({ place }) => place === undefined).map(({ file }) => folderOf(file)),
    );
  }

  /** Status and detail. */
  judge(log: UnnamedLog): Answer {
    const { name } = log;
    return name === undefined ? this.#unknown(log) : this.#named(name, log.trees, log.file.content);
  }

  #named(name: LogName, trees: UnnamedLog['trees'], content: LogContent | undefined): Answer {
    const claims = content?.claims ?? [];
    if (!name.inDigests && claims.every(({ category }) => category === name.category)) {
      const detail =
        'no digest names it; whether digests name files of this kind is not documented';
      return { status: 'uncovered', detail };
    }
    const held = trees.map((tree) =>
      this.#spans.hold(name.account, name.region, tree, name.delivered),
    );
    if (held.includes('yes')) {
      const detail = 'no digest names it, though digests cover the time in its name';
      return { status: 'not_in_digest', detail };
    }
    const other = claims.find((claim) => contradicts(name, claim) && this.#touches(claim, trees));
    if (other !== undefined) {
      const detail =
        'no digest names it; its records are of another account, region or time than its name says, which digests cover';
      return { status: 'not_in_digest', detail };
    }
    return held.includes('end')
      ? {
          status: 'near_end',
          detail:
            'no digest names it; the last one of the time in its name ends within ten minutes of it, and the next, which is not in the evidence, may name it',
        }
      : { status: 'uncovered', detail: 'no digest in the evidence covers the time in its name' };
  }

  #touches(claim: Claim, trees: UnnamedLog['trees']): boolean {
    return trees.some((tree) => this.#spans.touch(claim, tree));
  }

  #unknown({ file, place, trees }: UnnamedLog): Answer {
    const { form, claims } = file.content ?? { form: 'none', claims: [] };
    if (form === 'none') {
      return {
        status: 'name_unknown',
        detail: 'no digest names it, and it holds no records that are read',
      };
    }
    const folder = place === undefined ? undefined : parseLogFolder(place.key);
    // Nothing but what CloudTrail delivers lies in its folder; elsewhere only its own form is taken for a log of a trail.
    const inTrail = folder !== undefined || (form === 'trail' && place !== undefined);
    const beside =
      form === 'trail' && place === undefined && this.#digestFolders.has(folderOf(file));
    const claimed = [...claims, ...(folder === undefined ? [] : [ofFolder(folder, claims)])];
    const covered = claimed.some((claim) => this.#touches(claim, trees));
    if (!covered) {
      const detail = 'no digest names it or covers the time of its records';
      return { status: 'name_unknown', detail };
    }
    return inTrail || beside
      ? {
          status: 'not_in_digest',
          detail:
            'no digest names it, though digests cover its folder or the time of its records; CloudTrail gives no such name',
        }
      : {
          status: 'outside_trail',
          detail:
            'digests cover the time of its records, none names it, and it lies in no trail’s folder',
        };
  }
}

function folderOf({ evidence, path }: TrailFile): string {
  return `${evidence}\n${path.slice(0, path.lastIndexOf('/') + 1)}`;
}

// Where records say when they are, they say it better than the folder; a folder without a day is of all times.
function ofFolder({ account, region, day }: LogFolder, claims: readonly Claim[]): Claim {
  const whole = { from: day ?? -Infinity, to: day === undefined ? Infinity : day + DAY_US };
  const { from, to } = claims.reduce(
    (all, claim) => ({ from: Math.min(all.from, claim.from), to: Math.max(all.to, claim.to) }),
    claims.length > 0 ? { from: Infinity, to: -Infinity } : whole,
  );
  return { account, region, category: undefined, from, to };
}

function contradicts({ account, region, delivered }: LogName, claim: Claim): boolean {
  return (
    (claim.account !== undefined && claim.account !== account) ||
    (claim.region !== undefined && claim.region !== region && claim.region !== GLOBAL_REGION) ||
    claim.to > delivered + HOUR_US ||
    claim.from < delivered - DAY_US
  );
}
