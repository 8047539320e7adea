/** The correlation section of a rule. Sigma Correlation Rules Specification 2.0.2, and the metrics of 2.1. */
import { kindOf, memberOf, misfit, type Node } from '../detect/positioned-json.ts';
import { readCondition } from './condition.ts';
import { NotCompiled } from './modifiers.ts';
import type { Tree } from './model.ts';

const TYPES = [
  ...(['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const),
  ...(['value_sum', 'value_avg', 'value_median', 'value_percentile'] as const),
] as const;

/** Kinds of correlations. */
export type CorrelationType = (typeof TYPES)[number];

/** Demands of a count or of another number; all must hold. */
export interface Bounds {
  readonly gt?: number;
  readonly gte?: number;
  readonly lt?: number;
  readonly lte?: number;
  readonly eq?: number;
  readonly neq?: number;
}

/** What a correlation demands. */
export interface Correlation {
  readonly type: CorrelationType;
  /** Ids or names. */
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanUs: number;
  readonly bounds: Bounds | undefined;
  /** Which of the rules must have matched, where the condition says it in words; names of rules are its leaves. */
  readonly expression: Tree<string> | undefined;
  /** Fields whose values are counted together. */
  readonly fields: readonly string[];
  readonly percentile: number;
  /** Alias to rule to field. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The rules it names give findings of their own too. */
  readonly generate: boolean;
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};
const OPERATORS: readonly (keyof Bounds)[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'];
const HALF = 50;

/** Reads a correlation. @throws ExhibitError `E_PATTERN`, NotCompiled. */
export function readCorrelation(
  text: string,
  node: Node & { readonly kind: 'object' },
): Correlation {
  const kind = memberOf(node, 'type');
  const type = TYPES.find((one) => kind?.kind === 'string' && kind.value === one);
  if (type === undefined) {
    const found = kind?.kind === 'string' ? JSON.stringify(kind.value) : 'none';
    throw misfit(text, kind?.at ?? node.at, `a type: ${TYPES.join(', ')}`, found);
  }
  const rules = words(text, node, 'rules');
  if (rules.length === 0) throw misfit(text, node.at, 'rules to correlate', 'none');
  const temporal = type.startsWith('temporal');
  const condition = memberOf(node, 'condition');
  const bounds = condition?.kind === 'object' ? readBounds(text, condition) : undefined;
  const fields = condition?.kind === 'object' ? words(text, condition, 'field') : [];
  if (!temporal && bounds === undefined) {
    throw misfit(text, condition?.at ?? node.at, 'a condition such as gte: 10', 'none');
  }
  if (type.startsWith('value_') && fields.length === 0) {
    throw misfit(text, condition?.at ?? node.at, 'the field whose values are counted', 'none');
  }
  const percentile = condition?.kind === 'object' ? memberOf(condition, 'percentile') : undefined;
  const generate = memberOf(node, 'generate');
  return {
    type,
    rules,
    groupBy: words(text, node, 'group-by'),
    timespanUs: readTimespan(text, node),
    bounds,
    expression:
      temporal && condition?.kind === 'string'
        ? readExpression(text, condition, rules, type)
        : undefined,
    fields,
    percentile: percentile?.kind === 'number' ? Number(percentile.value) : HALF,
    aliases: readAliases(text, node),
    generate: generate?.kind === 'literal' && generate.value === true,
  };
}

function readTimespan(text: string, node: Node): number {
  const span = memberOf(node, 'timespan') ?? memberOf(node, 'timeframe');
  const [, count = '', unit = ''] =
    /^(\d{1,6})([smhdw])$/.exec(span?.kind === 'string' ? span.value : '') ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? 0);
  if (seconds > 0) return seconds * 1_000_000;
  const found = span?.kind === 'string' ? JSON.stringify(span.value) : 'none';
  throw misfit(text, span?.at ?? node.at, 'a timespan such as 30s, 15m, 1h or 7d', found);
}

function readBounds(text: string, node: Node & { readonly kind: 'object' }): Bounds {
  const bounds: Partial<Record<keyof Bounds, number>> = {};
  for (const { name, at, value } of node.members) {
    if (name === 'field' || name === 'percentile') continue;
    const operator = OPERATORS.find((one) => one === name);
    if (operator === undefined) {
      throw misfit(text, at, `one of ${OPERATORS.join(', ')}, field`, JSON.stringify(name));
    }
    if (value.kind !== 'number') throw misfit(text, value.at, 'a number', kindOf(value));
    bounds[operator] = Number(value.value);
  }
  if (Object.keys(bounds).length === 0)
    throw misfit(text, node.at, 'gt, gte, lt, lte or eq', 'none');
  return bounds;
}

function readExpression(
  text: string,
  node: Node & { readonly kind: 'string' },
  rules: readonly string[],
  type: CorrelationType,
): Tree<string> {
  if (type === 'temporal_ordered') {
    throw new NotCompiled(
      'a condition in words says no order: temporal_ordered takes the order of its rules',
    );
  }
  const named = (name: string): Tree<string> | undefined =>
    rules.includes(name) ? { kind: 'leaf', leaf: name } : undefined;
  const tree = readCondition(text, node, named, rules);
  if (negates(tree)) {
    throw new NotCompiled('"not" in the condition of a correlation: what is not there has no time');
  }
  return tree;
}

function negates(tree: Tree<string>): boolean {
  if (tree.kind === 'and' || tree.kind === 'or') return tree.items.some(negates);
  return tree.kind === 'not';
}

function readAliases(text: string, node: Node): Correlation['aliases'] {
  const aliases = memberOf(node, 'aliases');
  if (aliases === undefined) return new Map();
  if (aliases.kind !== 'object') throw misfit(text, aliases.at, 'a map', kindOf(aliases));
  return new Map(
    aliases.members.map(({ name, value }) => {
      if (value.kind !== 'object') throw misfit(text, value.at, 'a map of rules', kindOf(value));
      const fields = value.members.map(({ name: rule, value: field }) => {
        if (field.kind !== 'string') throw misfit(text, field.at, 'a field', kindOf(field));
        return [rule, field.value] as const;
      });
      return [name, new Map(fields)] as const;
    }),
  );
}

/** A list of strings, or one. */
function words(text: string, node: Node, name: string): readonly string[] {
  const member = memberOf(node, name);
  if (member === undefined) return [];
  const items = member.kind === 'array' ? member.items : [member];
  return items.map((item) => {
    if (item.kind === 'string' && item.value !== '') return item.value;
    throw misfit(text, item.at, `names in "${name}"`, kindOf(item));
  });
}
