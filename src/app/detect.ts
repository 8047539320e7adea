/** `detect`: which event patterns would have matched which records of a case, and what their targets would have received. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { CommonCells } from '../core/columns.ts';
import { isObject, type JsonObject, outlineJson, parseExact, parseJson } from '../core/json.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError, whereText } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import { openDatabase, sourceTables, type Database } from '../db/open.ts';
import { matchingBranch } from '../detect/match.ts';
import { readRuleFile, readTargets, type Rule, type Skipped } from '../detect/rules.ts';
import { receive, type Received } from '../detect/transform.ts';
import { isReadOnlyCall, wrap, type Wrap, type Wrapped } from '../detect/wrap.ts';
import { asExported } from '../sources/guardduty.ts';
import type { Case } from './case.ts';
import {
  commonOf,
  commonSql,
  evidenceOf,
  evidenceSql,
  type Evidence,
  type Row,
} from './config-rows.ts';
import { readRuleText, type RuleTexts } from './rule-texts.ts';

/** What is asked. */
export interface DetectQuestion {
  /** Files with patterns or rules. */
  readonly patterns: readonly string[];
  /** Contents of all files that are named, where none is to be read. */
  readonly texts?: RuleTexts;
  /** `RULE=FILE`: what `aws events list-targets-by-rule` printed for that rule. */
  readonly targets: readonly string[];
  /** Inclusive, microseconds UTC. */
  readonly fromUs?: number;
  /** Exclusive. */
  readonly toUs?: number;
  /** Rules whose file does not tell their state get read-only management events too. */
  readonly allManagementEvents: boolean;
  /** Also what happened in other accounts, regions and buses than the rule's: events are forwarded. */
  readonly everywhere: boolean;
}

/** A record for which a rule would have fired. */
export interface Finding extends Evidence, CommonCells {
  readonly time: string;
  readonly rule: string;
  readonly rule_file: string;
  readonly rule_sha256: string;
  /** `delivered`: the evidence holds the event itself; `wrapped`: it was made of the record. */
  readonly event: 'delivered' | 'wrapped';
  readonly detail_type: string | null;
  readonly event_source: string | null;
  /** Paths of the branch of the pattern that held. */
  readonly matched: readonly string[];
  readonly received: readonly Received[];
}

/** A rule and what came of it. */
export interface RuleResult {
  /** Its ARN, else its name. */
  readonly id: string;
  readonly title: string;
  /** Event patterns have none. */
  readonly level: null;
  readonly file: string;
  /** Of the file. */
  readonly sha256: string;
  readonly state: string | null;
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
  /** Matching read-only calls, which a rule of this state does not get. */
  readonly read_only_not_sent: number;
  /** Matching events of another account, region or bus. */
  readonly elsewhere: number;
}

/** The answer; `findings` can be walked while the question is open. */
export interface Detection {
  readonly rules: { readonly loaded: number; readonly skipped: readonly SkippedRule[] };
  readonly findings: number;
  readonly by_rule: readonly RuleResult[];
  readonly events: { readonly delivered: number; readonly wrapped: number };
  /** Records of which EventBridge would have made no event. */
  readonly not_wrapped: readonly {
    readonly table: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** In the order of time, table, row, rule. */
  readonly each: (limit: number) => Generator<Finding>;
}

/** A rule that was not asked. */
export interface SkippedRule {
  readonly file: string;
  readonly name: string | null;
  readonly line: number | null;
  readonly reason: string;
  /** True for a mistake, false for a rule that no event can reach. */
  readonly malformed: boolean;
}

type Table = Wrapped | 'eventbridge';

const TABLES: readonly Table[] = [
  'cloudtrail',
  'config_compliance',
  'config_item',
  'config_notification',
  'eventbridge',
  'guardduty',
];

/** Rows between two looks at whether we are to stop. */
const BREATH = 2000;

/** Records nested deeper are no events, and are not written out. */
const MAX_DEPTH = 512;

interface Loaded {
  readonly rule: Rule;
  readonly sha256: string;
}

interface Tally {
  count: number;
  firstUs: number;
  lastUs: number;
  readOnly: number;
  elsewhere: number;
}

interface Hit {
  readonly rule: number;
  readonly table: Table;
  readonly id: number;
  readonly timeUs: number;
}

/**
 * Asks the patterns of the case.
 * @throws ExhibitError `E_PATTERN` when no rule can be asked, `E_READ`, `E_USAGE`, `E_NOT_IMPORTED`, `E_FORMAT`.
 */
export async function detect<T>(
  target: Case,
  fx: Effects,
  question: DetectQuestion,
  use: (answer: Detection) => T | Promise<T>,
): Promise<T> {
  const { loaded, skipped } = await load(question, fx);
  const db = openDatabase(target.paths.database, { readonly: true });
  try {
    const scan = new Scan(db, loaded, question);
    for (const table of TABLES.filter((one) => sourceTables(db).includes(one))) {
      await scan.table(table, fx.signal);
    }
    return await use(scan.answer(skipped.map(shownSkip)));
  } finally {
    db.close();
  }
}

async function load(
  { patterns, targets, texts }: DetectQuestion,
  fx: Effects,
): Promise<{ readonly loaded: readonly Loaded[]; readonly skipped: readonly Skipped[] }> {
  const loaded: Loaded[] = [];
  const skipped: Skipped[] = [];
  for (const path of patterns) {
    const bytes = await readRuleText(path, fx, texts);
    if (!isUtf8(bytes)) {
      throw new ExhibitError('E_PATTERN', 'the file is not UTF-8', { where: { file: path } });
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = readRuleFile(bytes.toString('utf8'), path);
    loaded.push(...file.rules.map((rule) => ({ rule, sha256 })));
    skipped.push(...file.skipped);
  }
  if (loaded.length === 0) {
    const wrong = skipped.find(({ mistake }) => mistake !== undefined) ?? skipped[0];
    throw new ExhibitError('E_PATTERN', wrong?.reason ?? 'the files hold no rule', {
      ...(wrong?.mistake === undefined ? {} : { where: wrong.mistake }),
      hint: 'give a pattern, what `aws events list-rules` printed, or a CloudFormation template as JSON',
    });
  }
  return { loaded: await withTargets(loaded, targets, fx, texts), skipped };
}

async function withTargets(
  loaded: readonly Loaded[],
  words: readonly string[],
  fx: Effects,
  texts: RuleTexts | undefined,
): Promise<readonly Loaded[]> {
  let all = loaded;
  for (const word of words) {
    const [, name, path] = /^([^=]+)=(.+)$/s.exec(word) ?? [];
    if (name === undefined || path === undefined || !all.some(({ rule }) => rule.name === name)) {
      throw new ExhibitError('E_USAGE', `--targets ${word} names no rule that was read`, {
        hint: 'write --targets RULE=FILE with the name of a rule',
      });
    }
    const text = (await readRuleText(path, fx, texts)).toString('utf8');
    try {
      const targets = readTargets(text);
      all = all.map((one) =>
        one.rule.name === name ? { ...one, rule: { ...one.rule, targets } } : one,
      );
    } catch (cause) {
      if (!(cause instanceof ExhibitError)) throw cause;
      const where = { file: path, ...cause.where };
      throw new ExhibitError(cause.code, cause.message, { where, cause });
    }
  }
  return all;
}

function shownSkip({ file, name, reason, mistake }: Skipped): SkippedRule {
  return { file, name, line: mistake?.line ?? null, reason, malformed: mistake !== undefined };
}

/** `file, line n: reason`, for people. */
export function skipText({ file, name, line, reason }: SkippedRule): string {
  const where = whereText({ file, ...(line === null ? {} : { line }) });
  return `${where}: ${name === null ? '' : `${name}: `}${reason}`;
}

/** What is read of a row. */
interface RecordRow {
  readonly id: number;
  readonly time_us: number;
  readonly account_id: string | null;
  readonly region: string | null;
  readonly raw: string;
}

class Scan {
  readonly #db: Database;
  readonly #loaded: readonly Loaded[];
  readonly #question: DetectQuestion;
  readonly #tallies: readonly Tally[];
  readonly #hits: Hit[] = [];
  readonly #unsent = new Map<string, { table: string; reason: string; count: number }>();
  #delivered = 0;
  #wrapped = 0;

  constructor(db: Database, loaded: readonly Loaded[], question: DetectQuestion) {
    this.#db = db;
    this.#loaded = loaded;
    this.#question = question;
    this.#tallies = loaded.map(() => ({
      count: 0,
      firstUs: Infinity,
      lastUs: -Infinity,
      readOnly: 0,
      elsewhere: 0,
    }));
  }

  async table(table: Table, signal: AbortSignal): Promise<void> {
    const carried = this.#carried(table);
    const { where, params } = this.#conditions(table);
    const rows = this.#db
      .prepare<[typeof params], RecordRow>(
        `SELECT id, time_us, account_id, region, raw FROM "${table}" WHERE ${where} ORDER BY id`,
      )
      .iterate(params);
    let seen = 0;
    for (const row of rows) {
      seen += 1;
      if (seen % BREATH === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      if (carried.has(row.id)) continue;
      const made = eventOf(table, row);
      if ('unsent' in made) this.#countUnsent(table, made.unsent);
      else this.#ask(table, row, made.event);
    }
  }

  answer(skipped: readonly SkippedRule[]): Detection {
    const hits = this.#hits;
    hits.sort(
      (a, b) => a.timeUs - b.timeUs || compare(a.table, b.table) || a.id - b.id || a.rule - b.rule,
    );
    return {
      rules: { loaded: this.#loaded.length, skipped },
      findings: hits.length,
      by_rule: this.#loaded.map(({ rule, sha256 }, at) => {
        const tally = this.#tallies[at];
        const seen = tally !== undefined && tally.count > 0;
        return {
          id: rule.arn ?? rule.name,
          title: rule.name,
          level: null,
          file: rule.file,
          sha256,
          state: rule.state,
          count: tally?.count ?? 0,
          first: seen ? formatUs(tally.firstUs) : null,
          last: seen ? formatUs(tally.lastUs) : null,
          read_only_not_sent: tally?.readOnly ?? 0,
          elsewhere: tally?.elsewhere ?? 0,
        };
      }),
      events: { delivered: this.#delivered, wrapped: this.#wrapped },
      not_wrapped: [...this.#unsent.values()],
      each: (limit) => this.#each(limit > 0 ? hits.slice(0, limit) : hits),
    };
  }

  #ask(table: Table, row: RecordRow, event: JsonObject): void {
    if (table === 'eventbridge') this.#delivered += 1;
    else this.#wrapped += 1;
    const readOnly = isReadOnlyCall(event);
    for (const [at, { rule }] of this.#loaded.entries()) {
      const tally = this.#tallies[at];
      if (tally === undefined || matchingBranch(rule.pattern, event) === undefined) continue;
      if (readOnly && !this.#getsReadOnly(rule)) tally.readOnly += 1;
      else if (!this.#question.everywhere && !reaches(rule, event, table)) tally.elsewhere += 1;
      else {
        tally.count += 1;
        tally.firstUs = Math.min(tally.firstUs, row.time_us);
        tally.lastUs = Math.max(tally.lastUs, row.time_us);
        this.#hits.push({ rule: at, table, id: row.id, timeUs: row.time_us });
      }
    }
  }

  #getsReadOnly({ state }: Rule): boolean {
    return state === null
      ? this.#question.allManagementEvents
      : state === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
  }

  #countUnsent(table: string, reason: string): void {
    const key = `${table} ${reason}`;
    const entry = this.#unsent.get(key) ?? { table, reason, count: 0 };
    entry.count += 1;
    this.#unsent.set(key, entry);
  }

  // What the evidence holds as an event of EventBridge is asked there, as it was sent; not again as a record.
  #carried(table: Table): ReadonlySet<number> {
    if (table === 'eventbridge') return new Set();
    const ids = this.#db
      .prepare<[{ readonly table: string }], number>(
        `SELECT id FROM main.inner_record WHERE carrier = 'eventbridge' AND source = :table
         UNION SELECT d.kept_id FROM main.duplicate AS d JOIN main.inner_record AS i ON i.id = d.id
         WHERE i.carrier = 'eventbridge' AND d.source = :table`,
      )
      .pluck()
      .all({ table });
    return new Set(ids);
  }

  /** What of a table has to be read: a call that no pattern names need not be. */
  #conditions(table: Table): {
    readonly where: string;
    readonly params: Readonly<Record<string, string | number>>;
  } {
    const { fromUs, toUs } = this.#question;
    const parts = ['1'];
    const params: Record<string, string | number> = {};
    if (fromUs !== undefined) {
      parts.push('time_us >= :from');
      params['from'] = fromUs;
    }
    if (toUs !== undefined) {
      parts.push('time_us < :to');
      params['to'] = toUs;
    }
    const names =
      table === 'cloudtrail'
        ? this.#loaded.map(({ rule }) => rule.pattern.strings('detail.eventName'))
        : [undefined];
    if (!names.includes(undefined)) {
      parts.push('event_name IN (SELECT value FROM json_each(:names))');
      params['names'] = JSON.stringify(names.flat());
    }
    return { where: parts.join(' AND '), params };
  }

  *#each(hits: readonly Hit[]): Generator<Finding> {
    const statements = new Map(
      TABLES.map((table) => {
        const { columns, joins } = evidenceSql(table, 't');
        const sql = `SELECT t.time_us AS time_us, t.raw AS raw, ${commonSql('t')}, ${columns} FROM "${table}" AS t ${joins} WHERE t.id = ?`;
        return [table, sql] as const;
      }),
    );
    for (const { rule: at, table, id, timeUs } of hits) {
      const sql = statements.get(table);
      const loaded = this.#loaded[at];
      if (sql === undefined || loaded === undefined) continue;
      const row = this.#db.prepare<[number], Row & RecordRow>(sql).get(id);
      const made = row === undefined ? undefined : eventOf(table, row);
      if (row === undefined || made === undefined || 'unsent' in made) continue;
      const { event } = made;
      const { rule, sha256 } = loaded;
      const shallow = outlineJson(row.raw).depth <= MAX_DEPTH;
      yield {
        time: formatUs(timeUs),
        rule: rule.name,
        rule_file: rule.file,
        rule_sha256: sha256,
        event: table === 'eventbridge' ? 'delivered' : 'wrapped',
        detail_type: textOf(event['detail-type']),
        event_source: textOf(event['source']),
        matched: (matchingBranch(rule.pattern, event) ?? []).map(({ path }) => path),
        received: shallow ? rule.targets.map((one) => receive(one, event, rule)) : [],
        ...commonOf(row),
        ...evidenceOf(row),
      };
    }
  }
}

function eventOf(table: Table, row: RecordRow): Wrap {
  // Five times slower, so only where a number may not fit a double.
  const record = /\d{16}/.test(row.raw) ? parseExact(row.raw) : parseJson(row.raw);
  if (!isObject(record)) return { unsent: 'a row of a table, not a JSON record' };
  if (table === 'eventbridge') return { event: record };
  return wrap(table, table === 'guardduty' ? asExported(record) : record, {
    account: row.account_id,
    region: row.region,
    time: formatUs(row.time_us),
  });
}

/** True if the event came to the bus of the rule, as far as the rule's ARN tells; services send to the default bus. */
function reaches(rule: Rule, event: JsonObject, table: Table): boolean {
  return (
    (rule.account === null || event['account'] === rule.account) &&
    (rule.region === null || event['region'] === rule.region) &&
    (rule.bus === 'default' || table === 'eventbridge')
  );
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
