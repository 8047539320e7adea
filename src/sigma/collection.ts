/** All rules that were read, together: filters laid over detections, and correlations that know which rules they name. */
import type { Correlation } from './correlation-rule.ts';
import type { RuleTree } from './model.ts';
import { within } from './correlate.ts';
import type {
  CorrelationRule,
  DetectionRule,
  FilterRule,
  Head,
  LogSource,
  NotAsked,
  SigmaFile,
} from './rules.ts';

/** A rule, numbered in the order in which it was read. */
export type Rule = Head & {
  readonly filters: readonly string[];
  /** True if it gives findings of its own, not only what correlations count. */
  readonly shown: boolean;
} & (
    | { readonly kind: 'detection'; readonly logsource: LogSource; readonly tree: RuleTree }
    | {
        readonly kind: 'correlation';
        readonly correlation: Correlation;
        /** Numbers of the rules that it names, in its order; each before it in the order of evaluation. */
        readonly of: readonly number[];
      }
  );

/** Rules, and those that cannot be asked. */
export interface Collection {
  readonly rules: readonly Rule[];
  /** Numbers of correlations, each behind those that it builds upon. */
  readonly order: readonly number[];
  readonly notAsked: readonly NotAsked[];
}

/** Puts the files together. */
export function collect(files: readonly SigmaFile[]): Collection {
  const notAsked: NotAsked[] = files.flatMap((file) => file.notAsked);
  const detections = files.flatMap((file) => file.detections);
  const correlations = files.flatMap((file) => file.correlations);
  const filters = files.flatMap((file) => file.filters);
  const numbers = new Map<string, number>();
  for (const [at, { id, name }] of [...detections, ...correlations].entries()) {
    for (const word of [id, name]) if (word !== null && !numbers.has(word)) numbers.set(word, at);
  }
  for (const filter of filters) {
    const words = filter.rules === 'any' ? [] : filter.rules.filter((word) => !numbers.has(word));
    for (const word of words) {
      notAsked.push({
        file: filter.file,
        title: filter.title,
        reason: `the filter names the rule ${word}, which was not read`,
        mistake: undefined,
      });
    }
  }
  const resolved = resolve(detections.length, correlations, numbers, notAsked);
  const counted = new Set<number>();
  const generated = new Set<number>();
  for (const { rule, of } of resolved.values()) {
    for (const at of of) (rule.correlation.generate ? generated : counted).add(at);
  }
  const shown = (at: number): boolean => !counted.has(at) || generated.has(at);
  const rules: Rule[] = detections.map((rule, at) => {
    const applied = filters.filter((filter) => isMeant(filter, rule));
    const parts = [rule.tree, ...applied.map(({ tree }) => tree)];
    const tree: RuleTree = applied.length === 0 ? rule.tree : { kind: 'and', items: parts };
    const names = applied.map(({ title }) => title);
    return { ...rule, kind: 'detection', tree, filters: names, shown: shown(at) };
  });
  for (const [offset, rule] of correlations.entries()) {
    const at = detections.length + offset;
    const of = resolved.get(at)?.of ?? [];
    rules.push({ ...rule, kind: 'correlation', of, filters: [], shown: shown(at) });
  }
  return { rules, order: [...resolved.keys()], notAsked };
}

/** Correlations whose rules are all there, in an order in which each comes behind those that it builds upon. */
function resolve(
  first: number,
  correlations: readonly CorrelationRule[],
  numbers: ReadonlyMap<string, number>,
  notAsked: NotAsked[],
): ReadonlyMap<number, { readonly rule: CorrelationRule; readonly of: readonly number[] }> {
  const done = new Map<
    number,
    { readonly rule: CorrelationRule; readonly of: readonly number[] }
  >();
  const open = new Map(correlations.map((rule, at) => [first + at, rule] as const));
  const refuse = (at: number, { file, title }: CorrelationRule, reason: string): void => {
    notAsked.push({ file, title, reason, mistake: undefined });
    open.delete(at);
  };
  for (const [at, rule] of [...open]) {
    const { rules, type, bounds } = rule.correlation;
    const missing = rules.filter((word) => !numbers.has(word));
    if (missing.length > 0) {
      refuse(at, rule, `it correlates rules that were not read: ${missing.join(', ')}`);
    } else if (
      type === 'temporal_ordered' &&
      bounds !== undefined &&
      (!within(rules.length, bounds) || within(rules.length - 1, bounds))
    ) {
      refuse(
        at,
        rule,
        'temporal_ordered with fewer than all of its rules: which order they have is not said',
      );
    }
  }
  for (let progress = true; progress;) {
    progress = false;
    for (const [at, rule] of [...open]) {
      const of = rule.correlation.rules.map((word) => numbers.get(word) ?? -1);
      if (!of.every((one) => (one >= 0 && one < first) || done.has(one))) continue;
      done.set(at, { rule, of });
      open.delete(at);
      progress = true;
    }
  }
  for (const [at, rule] of [...open]) {
    refuse(at, rule, 'it correlates itself, or a correlation that is not asked');
  }
  return done;
}

/** Whether a filter is meant for a rule: it names it, or any of its log source. */
function isMeant(filter: FilterRule, rule: DetectionRule): boolean {
  const { rules, logsource } = filter;
  const named = rules === 'any' || rules.some((word) => word === rule.id || word === rule.name);
  const same = (wanted: string | undefined, own: string | undefined): boolean =>
    wanted === undefined || wanted === own;
  return (
    named &&
    same(logsource.category, rule.logsource.category) &&
    same(logsource.product, rule.logsource.product) &&
    same(logsource.service, rule.logsource.service)
  );
}
