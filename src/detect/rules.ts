/**
 * Files with rules: a bare pattern, what `aws events list-rules` or `describe-rule` printed, a CloudFormation template as
 * JSON, or a list of any of them.
 */
import { ExhibitError, type Where } from '../core/errors.ts';
import { patternOf, readPattern, type Pattern } from './pattern.ts';
import { kindOf, memberOf, misfit, readJson, type Node } from './positioned-json.ts';
import { readTarget, type Target } from './transform.ts';

/** A rule that can be asked. */
export interface Rule {
  readonly name: string;
  readonly file: string;
  readonly arn: string | null;
  /** Account and region in its ARN: where it sees events. */
  readonly account: string | null;
  readonly region: string | null;
  /** `default`, or the bus that the file names. */
  readonly bus: string;
  /** ENABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS; null where the file does not say. */
  readonly state: string | null;
  readonly pattern: Pattern;
  readonly targets: readonly Target[];
}

/** A rule that cannot be asked, and why. */
export interface Skipped {
  readonly file: string;
  readonly name: string | null;
  readonly reason: string;
  /** Where the mistake is; undefined where there is none: a schedule, a rule that is off. */
  readonly mistake: Where | undefined;
}

/** What a file holds. */
export interface RuleFile {
  readonly rules: readonly Rule[];
  readonly skipped: readonly Skipped[];
}

/**
 * Reads a file of rules; what is wrong in one rule does not hide the others.
 * @param file for messages, and the name of a bare pattern.
 */
export function readRuleFile(text: string, file: string): RuleFile {
  const rules: Rule[] = [];
  const skipped: Skipped[] = [];
  const attempt = (name: string | null, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ExhibitError)) throw error;
      const mistake = { file, ...error.where };
      skipped.push({ file, name, reason: error.message, mistake });
    }
  };
  const base = file.replace(/^.*[/\\]/, '').replace(/\.json$/i, '');
  attempt(null, () => {
    for (const { node, name, properties } of candidates(readJson(text), base)) {
      attempt(name, () => {
        const why = properties ? whySkipped(node) : undefined;
        if (why !== undefined) skipped.push({ file, name, reason: why, mistake: undefined });
        else rules.push(ruleOf(text, file, node, name, properties));
      });
    }
  });
  return { rules, skipped };
}

/** Targets as `aws events list-targets-by-rule` prints them. @throws ExhibitError `E_PATTERN`. */
export function readTargets(text: string): readonly Target[] {
  const root = readJson(text);
  const list = root.kind === 'array' ? root : memberOf(root, 'Targets');
  if (list?.kind !== 'array') throw misfit(text, root.at, '"Targets" with a list', kindOf(root));
  return list.items.map((item) => readTarget(text, item));
}

interface Candidate {
  readonly node: Node;
  readonly name: string;
  /** True for a rule with its properties, false for a pattern. */
  readonly properties: boolean;
}

function candidates(root: Node, base: string): readonly Candidate[] {
  if (root.kind === 'array') {
    return root.items.flatMap((item, at) => candidates(item, `${base}[${String(at)}]`));
  }
  const list = memberOf(root, 'Rules');
  if (list?.kind === 'array' && list.items.every((item) => isRule(item))) {
    return list.items.flatMap((item, at) => candidates(item, `${base}[${String(at)}]`));
  }
  const resources = memberOf(root, 'Resources');
  if (resources?.kind === 'object' && resources.members.some(({ value }) => typeOf(value) !== '')) {
    return resources.members.flatMap(({ name, value }) => {
      const node = memberOf(value, 'Properties');
      return typeOf(value) === 'AWS::Events::Rule' && node !== undefined
        ? [{ node, name: textOf(node, 'Name') ?? name, properties: true }]
        : [];
    });
  }
  return [{ node: root, name: textOf(root, 'Name') ?? base, properties: isRule(root) }];
}

function typeOf(resource: Node): string {
  return textOf(resource, 'Type') ?? '';
}

// In a pattern every member is an array or an object; a rule names itself, or holds its pattern as text.
function isRule(node: Node): boolean {
  return (
    textOf(node, 'Name') !== null ||
    memberOf(node, 'EventPattern')?.kind === 'string' ||
    textOf(node, 'State') !== null
  );
}

function textOf(node: Node, name: string): string | null {
  const member = memberOf(node, name);
  return member?.kind === 'string' ? member.value : null;
}

function whySkipped(node: Node): string | undefined {
  const state = textOf(node, 'State');
  if (state === 'DISABLED') return 'the rule is DISABLED: it sees no events';
  if (memberOf(node, 'EventPattern') !== undefined) return undefined;
  const schedule = textOf(node, 'ScheduleExpression');
  return schedule === null
    ? 'the rule has no EventPattern'
    : `the rule follows a schedule, not events: ${schedule}`;
}

function ruleOf(text: string, file: string, node: Node, name: string, properties: boolean): Rule {
  const pattern = properties ? memberOf(node, 'EventPattern') : node;
  const arn = properties ? textOf(node, 'Arn') : null;
  const [, region = null, account = null] =
    /^arn:[^:]*:events:([^:]+):([^:]+):rule\//.exec(arn ?? '') ?? [];
  const targets = properties ? memberOf(node, 'Targets') : undefined;
  const bus = properties ? textOf(node, 'EventBusName') : null;
  return {
    name,
    file,
    arn,
    account,
    region,
    // A bus may be named by its ARN.
    bus: (bus ?? 'default').replace(/^.*event-bus\//, ''),
    state: properties ? textOf(node, 'State') : null,
    pattern:
      pattern?.kind === 'string' ? embedded(text, pattern) : patternOf(text, pattern ?? node),
    targets: targets?.kind === 'array' ? targets.items.map((one) => readTarget(text, one)) : [],
  };
}

// A pattern that stands in the file as a string has lines and columns of its own.
function embedded(text: string, node: Node & { kind: 'string' }): Pattern {
  try {
    return readPattern(node.value);
  } catch (cause) {
    if (!(cause instanceof ExhibitError)) throw cause;
    const line = text.slice(0, node.at).split('\n').length;
    throw new ExhibitError('E_PATTERN', `in the text of EventPattern, ${cause.message}`, {
      where: { line },
      cause,
    });
  }
}
