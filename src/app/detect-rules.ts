/** `detect --rules`: what Sigma rules find in a case, with rule, file, hash, rows and the fields that matched. */
import type { CommonCells } from '../core/columns.ts';
import type { Effects } from '../core/effects.ts';
import { ExhibitError } from '../core/errors.ts';
import { formatUs } from '../core/time.ts';
import type { Rule } from '../sigma/collection.ts';
import { wholeTree, type BoundRule } from '../sigma/bind.ts';
import { matchedFields, matches, type Matched } from '../sigma/evaluate.ts';
import { LEVELS, type Level, type NotAsked } from '../sigma/rules.ts';
import type { Case } from './case.ts';
import {
  commonOf,
  commonSql,
  evidenceOf,
  evidenceSql,
  type Evidence,
  type Row,
} from './config-rows.ts';
import type { SkippedRule } from './detect.ts';
import type { RuleTexts } from './rule-texts.ts';
import { loadRules, type LoadedRules } from './sigma-files.ts';
import { boundRules, eventOf, scanRules, SigmaDatabase, type Scanned } from './sigma-scan.ts';

export type { Level } from '../sigma/rules.ts';

/** Levels, the lowest first. */
export const LEVEL_NAMES: readonly Level[] = LEVELS;

/** What is asked. */
export interface RulesQuestion {
  /** Files and folders of rules. */
  readonly rules: readonly string[];
  /** Their contents and those of the placeholders, where no file is to be read. */
  readonly texts?: RuleTexts;
  /** File that says what placeholders stand for. */
  readonly placeholders?: string;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Only rules of this level or above; rules without one count as informational. */
  readonly level?: Level;
  /** Only rules with one of these tags, or tags below them: `attack.t1078` has `attack.t1078.004`. */
  readonly tags?: readonly string[];
}

/** What a rule found. */
export interface RuleFinding extends Evidence, CommonCells {
  /** Of the event; of a correlation's last event. */
  readonly time: string;
  readonly rule: string;
  readonly rule_id: string | null;
  readonly level: Level | null;
  readonly rule_file: string;
  readonly rule_sha256: string;
  readonly kind: 'event' | 'correlation';
  readonly tags: readonly string[];
  /** Fields that matched; of a correlation, what its events have in common. */
  readonly matched: readonly Matched[];
  /** First event, and how many of what was counted, for a correlation. */
  readonly since: string | null;
  readonly counted: number | null;
  /** Every row that the finding rests on, for `show`; the columns of evidence are those of the last. */
  readonly rows: readonly string[];
}

/** A rule and what came of it. */
export interface RuleSummary {
  readonly id: string;
  readonly title: string;
  readonly level: Level | null;
  readonly status: string | null;
  readonly file: string;
  readonly sha256: string;
  readonly tags: readonly string[];
  /** Titles of filters that were laid over it. */
  readonly filters: readonly string[];
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** The answer; `findings` can be walked while the question is open. */
export interface RulesAnswer {
  readonly rules: { readonly loaded: number; readonly skipped: readonly SkippedRule[] };
  readonly findings: number;
  readonly by_rule: readonly RuleSummary[];
  /** In the order of time, table, row, rule. */
  readonly each: (limit: number) => Generator<RuleFinding>;
}

/**
 * Asks the rules of the case.
 * @throws ExhibitError `E_READ`, `E_PATTERN` when no file holds a rule, `E_NOT_IMPORTED`, `E_FORMAT`.
 */
export async function detectRules<T>(
  target: Case,
  fx: Effects,
  question: RulesQuestion,
  use: (answer: RulesAnswer) => T | Promise<T>,
): Promise<T> {
  const loaded = await loadRules(question.rules, question.placeholders, fx, question.texts);
  if (loaded.rules.length === 0) {
    const [wrong] = loaded.notAsked;
    throw new ExhibitError('E_PATTERN', wrong?.reason ?? 'the files hold no rule', {
      ...(wrong?.mistake === undefined ? {} : { where: wrong.mistake }),
      hint: 'give files or folders of Sigma rules that end in .yml or .yaml',
    });
  }
  const database = new SigmaDatabase(target.paths.database);
  try {
    const scanned = await scanRules(database, loaded, question, fx.signal);
    return await use(answerOf(database, loaded, scanned, question));
  } finally {
    database.close();
  }
}

/** True if a level is as severe as another, or more. */
export function reaches(level: Level | null, least: Level): boolean {
  return LEVELS.indexOf(level ?? 'informational') >= LEVELS.indexOf(least);
}

function isWanted(rule: Rule, { level, tags }: RulesQuestion): boolean {
  // Sigma 2 writes attack.defense-evasion, rules before it attack.defense_evasion.
  const spelt = (tag: string): string => tag.toLowerCase().replaceAll('_', '-');
  const own = rule.tags.map(spelt);
  return (
    rule.shown &&
    (level === undefined || reaches(rule.level, level)) &&
    (tags === undefined ||
      tags.some((wanted) => {
        const word = spelt(wanted);
        return own.some((tag) => tag === word || tag.startsWith(`${word}.`));
      }))
  );
}

/** A finding before its evidence is looked up: the row of the event, or the last row of a correlation. */
interface Found {
  readonly rule: number;
  readonly timeUs: number;
  readonly table: string;
  readonly id: number;
  readonly correlated?: Scanned['correlated'][number];
}

function answerOf(
  database: SigmaDatabase,
  loaded: LoadedRules,
  { hits, correlated, notCompiled, asked }: Scanned,
  question: RulesQuestion,
): RulesAnswer {
  const wanted = loaded.rules.map((rule) => isWanted(rule, question));
  const found: Found[] = [
    ...hits.filter(({ rule }) => wanted[rule] === true),
    ...correlated.flatMap((hit): readonly Found[] => {
      const { rule, timeUs, rows } = hit;
      const last = rows.at(-1);
      return wanted[rule] === true && last !== undefined
        ? [{ rule, timeUs, ...last, correlated: hit }]
        : [];
    }),
  ].sort(inOrder);
  const summaries = new Map<number, { count: number; first: number; last: number }>();
  for (const { rule, timeUs } of found) {
    const one = summaries.get(rule);
    if (one === undefined) summaries.set(rule, { count: 1, first: timeUs, last: timeUs });
    else {
      one.count += 1;
      one.last = timeUs;
    }
  }
  const skipped = [
    ...loaded.notAsked.map(shownSkip),
    ...notCompiled.flatMap(({ rule: at, table, reason }) => {
      const rule = loaded.rules[at];
      if (rule === undefined) return [];
      const part = table === null || !asked.has(at) ? reason : `not asked of ${table}: ${reason}`;
      return [{ file: rule.file, name: rule.title, line: null, reason: part, malformed: false }];
    }),
  ];
  return {
    rules: { loaded: asked.size, skipped },
    findings: found.length,
    by_rule: loaded.rules.flatMap((rule, at) => {
      if (wanted[at] !== true || !asked.has(at)) return [];
      const seen = summaries.get(at);
      return [
        {
          id: rule.id ?? rule.name ?? rule.title,
          title: rule.title,
          level: rule.level,
          status: rule.status,
          file: rule.file,
          sha256: loaded.sha256.get(rule.file) ?? '',
          tags: rule.tags,
          filters: rule.filters,
          count: seen?.count ?? 0,
          first: seen === undefined ? null : formatUs(seen.first),
          last: seen === undefined ? null : formatUs(seen.last),
        },
      ];
    }),
    each: (limit) => findings(database, loaded, limit > 0 ? found.slice(0, limit) : found),
  };
}

function shownSkip({ file, title, reason, mistake }: NotAsked): SkippedRule {
  return {
    file,
    name: title,
    line: mistake?.line ?? null,
    reason,
    malformed: mistake !== undefined,
  };
}

function inOrder(a: Found, b: Found): number {
  const table = a.table < b.table ? -1 : a.table > b.table ? 1 : 0;
  return a.timeUs - b.timeUs || table || a.id - b.id || a.rule - b.rule;
}

function* findings(
  database: SigmaDatabase,
  loaded: LoadedRules,
  found: readonly Found[],
): Generator<RuleFinding> {
  const bound = new Map<string, readonly BoundRule[]>();
  const matched = (at: number, rule: Rule, table: string, id: number): readonly Matched[] => {
    const key = `${String(at)} ${table}`;
    const rules = bound.get(key) ?? boundRules(database, rule, table);
    bound.set(key, rules);
    const event = eventOf(database, table, id);
    const own = rules.length > 1 ? rules.find((one) => matches(wholeTree(one), event)) : rules[0];
    return own === undefined ? [] : matchedFields(own.tree, event);
  };
  for (const { rule: at, timeUs, table, id, correlated } of found) {
    const rule = loaded.rules[at];
    const { columns, joins } = evidenceSql(table, 't');
    const sql = `SELECT ${commonSql('t')}, ${columns} FROM main."${table}" AS t ${joins} WHERE t.id = ?`;
    const row = database.row(sql, id) as Row | undefined;
    if (rule === undefined || row === undefined) continue;
    const rows = correlated?.rows ?? [{ table, id }];
    yield {
      time: formatUs(timeUs),
      rule: rule.title,
      rule_id: rule.id,
      level: rule.level,
      rule_file: rule.file,
      rule_sha256: loaded.sha256.get(rule.file) ?? '',
      kind: correlated === undefined ? 'event' : 'correlation',
      tags: rule.tags,
      matched: correlated?.group ?? matched(at, rule, table, id),
      since: correlated === undefined ? null : formatUs(correlated.firstUs),
      counted: correlated?.count ?? null,
      rows: rows.map((one) => `${one.table}:${String(one.id)}`),
      ...commonOf(row),
      ...evidenceOf(row),
    };
  }
}
