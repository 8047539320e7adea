/** `detect --record`: what rules and patterns found, as a run of the case that `query replay` asks again. */
import { Buffer, isUtf8 } from 'node:buffer';
import type { CanonicalValue } from '../core/canonical.ts';
import type { Effects } from '../core/effects.ts';
import { spanIn, spanQuestion, textIn, textsIn, type Question } from '../query/question.ts';
import { recordAnswer, rowsOf, type Answerer, type VerbAnswer } from './answer.ts';
import type { Case } from './case.ts';
import { detect, type Detection, type DetectQuestion, type Finding } from './detect.ts';
import { detectRules, LEVEL_NAMES, type RuleFinding, type RulesQuestion } from './detect-rules.ts';
import type { Findings } from './findings.ts';
import { sameImport } from './imported-content.ts';
import { readRuleText, type RuleTexts } from './rule-texts.ts';
import { ruleFiles } from './sigma-files.ts';

/** What was asked of a case: rules, patterns or both. */
export interface DetectAsked {
  readonly rules: RulesQuestion | undefined;
  readonly patterns: DetectQuestion | undefined;
}

/** A finding of either, as a row; what it has not is null. */
type Recorded = Partial<Omit<Finding, 'matched'>> &
  Partial<Omit<RuleFinding, 'matched'>> & {
    readonly matched: unknown;
  };

const COLUMNS: readonly (keyof Recorded)[] = [
  ...([
    'time',
    'level',
    'rule',
    'rule_id',
    'kind',
    'event',
    'event_source',
    'detail_type',
  ] as const),
  ...([
    'matched',
    'received',
    'since',
    'counted',
    'rows',
    'tags',
    'rule_file',
    'rule_sha256',
  ] as const),
  ...(['row', 'evidence_id', 'file', 'record_no', 'offset', 'length', 'copies'] as const),
];

/** A file that is not UTF-8 is recorded as that, and is it again when the question is asked again. */
const NOT_TEXT = Buffer.from([0xff]);

/**
 * Asks once, and if wished records question and answer before they are used.
 * @param use gets what was found, and the id of the run.
 * @throws ExhibitError see `detect` and `detectRules`; recording also what `recordAnswer` throws.
 */
export async function findings<T>(
  target: Case,
  fx: Effects,
  asked: DetectAsked,
  record: boolean,
  use: (found: Findings, run: string | undefined) => T | Promise<T>,
): Promise<T> {
  if (!record) return ask(target, fx, asked, (found) => use(found, undefined));
  const checkImport = sameImport(target);
  const { fixed, texts } = await withTexts(asked, fx);
  return ask(target, fx, fixed, async (found) => {
    const { run_id: run } = await recordAnswer(target, fx, {
      verb: 'detect',
      question: questionOf(fixed, texts),
      answer: () => {
        checkImport();
        return answerOf(found);
      },
    });
    return use(found, run);
  });
}

/** The question with the contents of its files: what is asked is what is recorded. */
async function withTexts(
  { rules, patterns }: DetectAsked,
  fx: Effects,
): Promise<{ readonly fixed: DetectAsked; readonly texts: RuleTexts }> {
  const paths = rules === undefined ? [] : ruleFiles(rules.rules, fx);
  const given = [
    ...paths,
    ...(rules?.placeholders === undefined ? [] : [rules.placeholders]),
    ...(patterns?.patterns ?? []),
    ...(patterns?.targets ?? []).map((word) => word.slice(word.indexOf('=') + 1)),
  ];
  const texts = new Map<string, Buffer>();
  for (const path of given) texts.set(path, await readRuleText(path, fx, undefined));
  const fixed = {
    rules: rules === undefined ? undefined : { ...rules, rules: paths, texts },
    patterns: patterns === undefined ? undefined : { ...patterns, texts },
  };
  return { fixed, texts };
}

function ask<T>(
  target: Case,
  fx: Effects,
  { rules, patterns }: DetectAsked,
  use: (found: Findings) => T | Promise<T>,
): Promise<T> | T {
  const askRules = (found: Detection | undefined): Promise<T> | T =>
    rules === undefined
      ? use({ patterns: found, rules: undefined })
      : detectRules(target, fx, rules, (answer) => use({ patterns: found, rules: answer }));
  return patterns === undefined ? askRules(undefined) : detect(target, fx, patterns, askRules);
}

/** Asks a recorded question again. */
export const askDetect: Answerer = async (target, fx, question) =>
  ask(target, fx, askedIn(question), answerOf);

function questionOf({ rules, patterns }: DetectAsked, texts: RuleTexts): Question {
  const files = [...texts].map(
    ([path, bytes]) => [path, isUtf8(bytes) ? bytes.toString('utf8') : null] as const,
  );
  return {
    files: Object.fromEntries(files),
    ...spanQuestion(rules ?? patterns ?? {}),
    rules: rules?.rules,
    placeholders: rules?.placeholders,
    level: rules?.level,
    tags: rules?.tags,
    patterns: patterns?.patterns,
    targets: patterns?.targets,
    all_management_events: patterns?.allManagementEvents,
    everywhere: patterns?.everywhere,
  };
}

function askedIn(question: Question): DetectAsked {
  const texts = new Map(
    Object.entries((question['files'] ?? {}) as Readonly<Record<string, string | null>>).map(
      ([path, text]) => [path, text === null ? NOT_TEXT : Buffer.from(text, 'utf8')] as const,
    ),
  );
  const shared = { texts, ...spanIn(question) };
  const [rules, patterns] = [textsIn(question, 'rules'), textsIn(question, 'patterns')];
  const placeholders = textIn(question, 'placeholders');
  const level = LEVEL_NAMES.find((one) => one === question['level']);
  const tags = textsIn(question, 'tags');
  return {
    rules:
      rules === undefined
        ? undefined
        : {
            ...shared,
            rules,
            ...(placeholders === undefined ? {} : { placeholders }),
            ...(level === undefined ? {} : { level }),
            ...(tags === undefined ? {} : { tags }),
          },
    patterns:
      patterns === undefined
        ? undefined
        : {
            ...shared,
            patterns,
            targets: textsIn(question, 'targets') ?? [],
            allManagementEvents: question['all_management_events'] === true,
            everywhere: question['everywhere'] === true,
          },
  };
}

/** Findings of patterns, then those of rules, each in the order of time, table, row and rule. */
function answerOf({ patterns, rules }: Findings): VerbAnswer {
  const rows: Recorded[] = [];
  const details: CanonicalValue[] = [];
  for (const answer of [patterns, rules]) {
    if (answer === undefined) continue;
    for (const row of answer.each(0)) rows.push(row);
    const summary = { rules: answer.rules, by_rule: answer.by_rule };
    details.push(JSON.parse(JSON.stringify(summary)) as CanonicalValue);
  }
  return { columns: COLUMNS, rows: rowsOf(COLUMNS, rows), details };
}
