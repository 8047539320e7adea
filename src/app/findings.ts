/** What patterns and rules found, together: in one order, and as a time line that other tools read. */
import { COMMON_CELLS } from '../core/columns.ts';
import { parseRfc3339 } from '../core/time.ts';
import {
  timelinePieces,
  type TimelineEntry,
  type TimelineFormat,
} from '../report/timeline-formats.ts';
import type { Detection, Finding } from './detect.ts';
import type { RuleFinding, RulesAnswer } from './detect-rules.ts';

/** The answers of patterns, of rules, or of both; they can be walked while the question is open. */
export interface Findings {
  readonly patterns: Detection | undefined;
  readonly rules: RulesAnswer | undefined;
}

/** A finding of either. */
export type AnyFinding = Finding | RuleFinding;

/** Findings of both in the order of time; at one time those of patterns are first. @param limit 0 for all. */
export function* eachFinding({ patterns, rules }: Findings, limit: number): Generator<AnyFinding> {
  const [left, right] = [patterns?.each(limit), rules?.each(limit)];
  let [a, b] = [left?.next(), right?.next()];
  for (let count = 0; limit === 0 || count < limit; count += 1) {
    const [one, other] = [
      a?.done === false ? a.value : undefined,
      b?.done === false ? b.value : undefined,
    ];
    if (one !== undefined && (other === undefined || timeOf(one) <= timeOf(other))) {
      yield one;
      a = left?.next();
    } else if (other !== undefined) {
      yield other;
      b = right?.next();
    } else break;
  }
}

/** The findings in a form of time lines, in pieces. @param limit most findings, 0 for all. */
export function findingsFile(
  findings: Findings,
  format: TimelineFormat,
  limit: number,
): Iterable<string> {
  return timelinePieces(format, entries(findings, limit), FIELDS);
}

const FIELDS: readonly string[] = [
  ...['rule', 'rule_id', 'level', 'kind', 'source', ...COMMON_CELLS],
  ...['matched', 'since', 'counted', 'rows', 'rule_file', 'rule_sha256', 'row', 'file'],
];

function* entries(findings: Findings, limit: number): Generator<TimelineEntry> {
  for (const finding of eachFinding(findings, limit)) yield entryOf(finding);
}

function entryOf(finding: AnyFinding): TimelineEntry {
  const sigma = 'level' in finding;
  const fields = Object.entries(finding).map(([name, value]: readonly [string, unknown]) => [
    name,
    typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
  ]);
  return {
    timeUs: timeOf(finding),
    message: sentence(finding),
    timestampDesc: 'Finding Time',
    source: 'finding',
    row: finding.row,
    user: finding.actor,
    host: finding.src_ip,
    file: finding.file,
    tags: sigma
      ? ['sigma', ...(finding.level === null ? [] : [finding.level]), ...finding.tags]
      : ['eventbridge'],
    fields: {
      kind: 'pattern',
      ...(Object.fromEntries(fields) as TimelineEntry['fields']),
      source: finding.row.slice(0, finding.row.indexOf(':')),
    },
  };
}

function sentence(finding: AnyFinding): string {
  const { rule, actor, action, target, src_ip: from } = finding;
  const level = 'level' in finding && finding.level !== null ? ` ${finding.level}` : '';
  const many =
    'counted' in finding && finding.counted !== null
      ? `${String(finding.counted)} counted since ${finding.since ?? '-'}, the last: `
      : '';
  const part = (word: string, value: string | null): string =>
    value === null ? '' : ` ${word} ${value}`;
  const what = `${action ?? 'record'}${part('by', actor)}${part('on', target)}${part('from', from)}`;
  return `[${'level' in finding ? 'sigma' : 'eventbridge'}${level}] ${rule}: ${many}${what}`;
}

function timeOf({ time }: AnyFinding): number {
  return parseRfc3339(time) ?? 0;
}
