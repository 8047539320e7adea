/**
 * What a target of a rule would have received: the event, a part of it, or what an input transformer makes of it.
 * Amazon EventBridge User Guide, "Amazon EventBridge input transformation"; API Reference, "InputTransformer".
 */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { kindOf, memberOf, misfit, type Node } from './positioned-json.ts';

/** A target of a rule; at most one of `input`, `path` and `template` is there. */
export interface Target {
  readonly id: string;
  readonly arn: string;
  /** Constant text. */
  readonly input?: string;
  readonly path?: Path;
  readonly template?: Template;
}

/** Steps of a JSON path; `*` stands for every member or element. */
type Path = readonly (string | number)[];

interface Template {
  readonly text: string;
  readonly variables: ReadonlyMap<string, Path>;
}

/** Names of the rule, for the template's own variables. */
export interface RuleNames {
  readonly name: string;
  readonly arn: string | null;
}

/** What a target would have received. */
export interface Received {
  readonly target: string;
  readonly arn: string;
  readonly text: string;
  /** Variables that the event gave no value for: nothing stands in their place. */
  readonly missing: readonly string[];
}

/**
 * Reads a target: an element of `Targets`.
 * @throws ExhibitError `E_PATTERN`.
 */
export function readTarget(text: string, node: Node): Target {
  if (node.kind !== 'object') throw misfit(text, node.at, 'a target', kindOf(node));
  const [id, arn] = [memberOf(node, 'Id'), memberOf(node, 'Arn')];
  const base = { id: plain(id), arn: plain(arn) };
  const [input, path] = [memberOf(node, 'Input'), memberOf(node, 'InputPath')];
  if (input !== undefined) return { ...base, input: string(text, input) };
  if (path !== undefined) return { ...base, path: readPath(text, path) };
  const transformer = memberOf(node, 'InputTransformer');
  if (transformer === undefined) return base;
  const template = memberOf(transformer, 'InputTemplate');
  if (template === undefined) {
    throw misfit(text, transformer.at, 'InputTemplate', kindOf(transformer));
  }
  const map = memberOf(transformer, 'InputPathsMap');
  const variables = (map?.kind === 'object' ? map.members : []).map(
    ({ name, value }) => [name, readPath(text, value)] as const,
  );
  return { ...base, template: { text: string(text, template), variables: new Map(variables) } };
}

/** What the target would have received of the event. */
export function receive(target: Target, event: JsonObject, rule: RuleNames): Received {
  const { id, arn, input, path, template } = target;
  const base = { target: id, arn };
  if (input !== undefined) return { ...base, text: input, missing: [] };
  if (path !== undefined) {
    const value = follow(event, path);
    return { ...base, text: jsonText(value ?? null), missing: value === undefined ? ['$'] : [] };
  }
  if (template === undefined) return { ...base, text: jsonText(event), missing: [] };
  return { ...base, ...fill(template, event, rule) };
}

// A placeholder in quotes becomes part of the string, one outside them a JSON value.
function fill(
  template: Template,
  event: JsonObject,
  rule: RuleNames,
): Pick<Received, 'text' | 'missing'> {
  const missing: string[] = [];
  let quoted = false;
  const text = template.text.replace(
    /\\[^]|"|<([A-Za-z0-9_.-]+)>/g,
    (whole, name: string | undefined) => {
      if (whole === '"') quoted = !quoted;
      if (name === undefined) return whole;
      const value = valueOf(name, template, event, rule);
      if (value === undefined) {
        missing.push(name);
        return '';
      }
      const json = jsonText(value);
      if (!quoted) return json;
      return typeof value === 'string' ? json.slice(1, -1) : JSON.stringify(json).slice(1, -1);
    },
  );
  return { text, missing };
}

function valueOf(
  name: string,
  { variables }: Template,
  event: JsonObject,
  rule: RuleNames,
): JsonValue | undefined {
  switch (name) {
    case 'aws.events.rule-name':
      return rule.name;
    case 'aws.events.rule-arn':
      return rule.arn ?? undefined;
    case 'aws.events.event.json':
      return event;
    case 'aws.events.event':
      return Object.fromEntries(Object.entries(event).filter(([member]) => member !== 'detail'));
    default: {
      // When EventBridge received the event (aws.events.event.ingestion-time) nobody can know.
      const path = variables.get(name);
      return path === undefined ? undefined : follow(event, path);
    }
  }
}

function readPath(text: string, node: Node): Path {
  const source = string(text, node);
  const steps = /^\$((?:\.[^.[\]]+|\[(?:\d{1,9}|\*)\])*)$/.exec(source)?.[1];
  if (steps === undefined) {
    throw misfit(text, node.at, 'a path such as $.detail.state', JSON.stringify(source));
  }
  return Array.from(
    steps.matchAll(/\.([^.[\]]+)|\[(\d+|\*)\]/g),
    ([, name, index]) => name ?? (index === '*' ? '*' : Number(index)),
  );
}

function follow(value: JsonValue, path: Path): JsonValue | undefined {
  let found: JsonValue | undefined = value;
  for (const [at, step] of path.entries()) {
    if (typeof found !== 'object' || found === null) return undefined;
    if (step === '*') {
      const after = path.slice(at + 1);
      const values = (Object.values(found) as JsonValue[]).map((one) => follow(one, after));
      return values.filter((one) => one !== undefined);
    }
    const members = found as Readonly<Record<string | number, JsonValue>>;
    found = Object.hasOwn(members, step) ? members[step] : undefined;
  }
  return found;
}

/** JSON in which integers beyond 2^53 keep all their digits. */
function jsonText(value: JsonValue): string {
  // TypeScript's library does not know JSON.rawJSON (ECMAScript "JSON.parse source text access") yet.
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
  return JSON.stringify(value, (_name, one: unknown) =>
    typeof one === 'bigint' ? rawJSON(one.toString()) : one,
  );
}

function string(text: string, node: Node): string {
  if (node.kind === 'string') return node.value;
  throw misfit(text, node.at, 'a string', kindOf(node));
}

// In a template a name may be a reference that only a deployment resolves.
function plain(node: Node | undefined): string {
  return node?.kind === 'string' ? node.value : '';
}
