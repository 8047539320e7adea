/**
 * Files of Sigma rules: detections, correlations and filters, one or many in a file. What is wrong in one does not hide
 * the others.
 */
import { ExhibitError, type Where } from '../core/errors.ts';
import { kindOf, memberOf, misfit, type Member, type Node } from '../detect/positioned-json.ts';
import { readCorrelation, type Correlation } from './correlation-rule.ts';
import { readDetection } from './detection.ts';
import type { RuleTree } from './model.ts';
import { NotCompiled, type Placeholders } from './modifiers.ts';
import { readYaml } from './yaml.ts';

/** Levels, the lowest first. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;

/** How severe a finding is. */
export type Level = (typeof LEVELS)[number];

/** Where a rule looks. */
export interface LogSource {
  readonly category: string | undefined;
  readonly product: string | undefined;
  readonly service: string | undefined;
}

/** What every document says of itself. */
export interface Head {
  readonly file: string;
  readonly line: number;
  readonly title: string;
  readonly id: string | null;
  /** By which correlations may name it instead of its id. */
  readonly name: string | null;
  readonly status: string | null;
  readonly level: Level | null;
  readonly tags: readonly string[];
}

/** A rule that looks at single events. */
export interface DetectionRule extends Head {
  readonly logsource: LogSource;
  readonly tree: RuleTree;
}

/** A rule over what other rules found. */
export interface CorrelationRule extends Head {
  readonly correlation: Correlation;
}

/** What is added to the conditions of other rules. */
export interface FilterRule extends Head {
  readonly logsource: LogSource;
  /** Ids or names; `any` stands for every rule of the log source. */
  readonly rules: readonly string[] | 'any';
  readonly tree: RuleTree;
}

/** A document that is not asked, and why. */
export interface NotAsked {
  readonly file: string;
  readonly title: string | null;
  readonly reason: string;
  /** Where the mistake is; undefined where there is none but something that is not supported. */
  readonly mistake: Where | undefined;
}

/** What a file holds. */
export interface SigmaFile {
  readonly detections: readonly DetectionRule[];
  readonly correlations: readonly CorrelationRule[];
  readonly filters: readonly FilterRule[];
  readonly notAsked: readonly NotAsked[];
}

/** Reads a file of rules. @param file for messages. */
export function readSigmaFile(text: string, file: string, placeholders: Placeholders): SigmaFile {
  const found = {
    detections: [] as DetectionRule[],
    correlations: [] as CorrelationRule[],
    filters: [] as FilterRule[],
    notAsked: [] as NotAsked[],
  };
  const attempt = (title: string | null, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (error instanceof NotCompiled) {
        found.notAsked.push({ file, title, reason: error.message, mistake: undefined });
      } else if (error instanceof ExhibitError) {
        const mistake = { file, ...error.where };
        found.notAsked.push({ file, title, reason: error.message, mistake });
      } else throw error;
    }
  };
  attempt(null, () => {
    for (const node of documents(text)) {
      const title = textOf(node, 'title') ?? null;
      attempt(title, () => {
        readDocument(text, file, node, placeholders, found);
      });
    }
  });
  return found;
}

type Document = Node & { readonly kind: 'object' };

/** The documents, with what an `action: global` of Sigma 1 gives to those behind it. */
function* documents(text: string): Generator<Document> {
  let shared: readonly Member[] = [];
  let before: readonly Member[] = [];
  for (const node of readYaml(text)) {
    if (node.kind !== 'object') throw misfit(text, node.at, 'a rule', kindOf(node));
    const action = textOf(node, 'action');
    const own = node.members.filter(({ name }) => action === undefined || name !== 'action');
    switch (action) {
      case 'global':
        shared = overlaid(shared, own);
        continue;
      case 'reset':
        shared = [];
        continue;
      case 'repeat':
        before = overlaid(before, own);
        break;
      default:
        before = overlaid(shared, own);
    }
    yield { ...node, members: before };
  }
}

/** Members of both; maps of one name are laid over one another. */
function overlaid(under: readonly Member[], over: readonly Member[]): readonly Member[] {
  const all = new Map(under.map((member) => [member.name, member]));
  for (const member of over) {
    const below = all.get(member.name)?.value;
    const { value } = member;
    all.set(
      member.name,
      below?.kind === 'object' && value.kind === 'object'
        ? { ...member, value: { ...value, members: overlaid(below.members, value.members) } }
        : member,
    );
  }
  return [...all.values()];
}

function readDocument(
  text: string,
  file: string,
  node: Document,
  placeholders: Placeholders,
  found: {
    readonly detections: DetectionRule[];
    readonly correlations: CorrelationRule[];
    readonly filters: FilterRule[];
  },
): void {
  const correlation = memberOf(node, 'correlation');
  const filter = memberOf(node, 'filter');
  const head = readHead(text, file, node);
  if (correlation !== undefined) {
    found.correlations.push({
      ...head,
      correlation: readCorrelation(text, object(text, correlation)),
    });
  } else if (filter !== undefined) {
    const body = object(text, filter);
    found.filters.push({
      ...head,
      logsource: readLogSource(text, node),
      rules: filtered(text, body),
      tree: readDetection(text, body, placeholders, ['rules']),
    });
  } else {
    const detection = memberOf(node, 'detection');
    if (detection === undefined) {
      throw misfit(text, node.at, '"detection", "correlation" or "filter"', 'none of them');
    }
    const logsource = readLogSource(text, node);
    const tree = readDetection(text, object(text, detection), placeholders);
    found.detections.push({ ...head, logsource, tree });
  }
}

function readHead(text: string, file: string, node: Document): Head {
  const title = memberOf(node, 'title');
  if (title?.kind !== 'string' || title.value === '') {
    throw misfit(
      text,
      title?.at ?? node.at,
      'a title',
      title === undefined ? 'none' : kindOf(title),
    );
  }
  const level = memberOf(node, 'level');
  const known = LEVELS.find((one) => level?.kind === 'string' && one === level.value.toLowerCase());
  if (level !== undefined && known === undefined) {
    const found = level.kind === 'string' ? JSON.stringify(level.value) : kindOf(level);
    throw misfit(text, level.at, `one of ${LEVELS.join(', ')}`, found);
  }
  const tags = memberOf(node, 'tags');
  return {
    file,
    line: text.slice(0, node.at).split('\n').length,
    title: title.value,
    id: textOf(node, 'id') ?? null,
    name: textOf(node, 'name') ?? null,
    status: textOf(node, 'status') ?? null,
    level: known ?? null,
    tags:
      tags?.kind === 'array'
        ? tags.items.flatMap((one) => (one.kind === 'string' ? [one.value] : []))
        : [],
  };
}

function readLogSource(text: string, node: Document): LogSource {
  const source = memberOf(node, 'logsource');
  if (source === undefined) throw misfit(text, node.at, 'a logsource', 'none');
  const map = object(text, source);
  const [category, product, service] = ['category', 'product', 'service'].map((name) =>
    textOf(map, name)?.toLowerCase(),
  );
  if (category === undefined && product === undefined && service === undefined) {
    throw misfit(text, source.at, 'a category, product or service', 'none of them');
  }
  return { category, product, service };
}

function filtered(text: string, body: Document): readonly string[] | 'any' {
  const rules = memberOf(body, 'rules');
  if (rules?.kind === 'string' && rules.value.toLowerCase() === 'any') return 'any';
  const words =
    rules?.kind === 'array'
      ? rules.items.flatMap((one) => (one.kind === 'string' ? [one.value] : []))
      : [];
  if (rules === undefined || words.length === 0) {
    throw misfit(text, rules?.at ?? body.at, 'ids or names of rules, or any', 'none');
  }
  return words;
}

function object(text: string, node: Node): Document {
  if (node.kind !== 'object') throw misfit(text, node.at, 'a map', kindOf(node));
  return node;
}

function textOf(node: Node, name: string): string | undefined {
  const member = memberOf(node, name);
  return member?.kind === 'string' ? member.value : undefined;
}
