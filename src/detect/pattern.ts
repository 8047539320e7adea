/**
 * Event patterns, read and made ready for matching.
 * Amazon EventBridge User Guide, "Creating Amazon EventBridge event patterns"; where it is silent, AWS's own matcher,
 * event-ruler, decides: a name that repeats on one path counts once, the last.
 */
import { readEntry, type Entry, type Test } from './leaf.ts';
import { kindOf, misfit, readJson, type Member, type Node } from './positioned-json.ts';

/** What must hold of the values at one path. */
export interface Condition {
  /** Names joined by dots, as the matcher joins those of an event. */
  readonly path: string;
  /** Holds for one of the values; undefined where there must be none at all. */
  readonly test: Test | undefined;
}

/** A pattern: one of its branches must hold, and of a branch every condition. */
export interface Pattern {
  readonly branches: readonly (readonly Condition[])[];
  /** The strings that a path may have, where every branch names them one by one: what a search can begin with. */
  readonly strings: (path: string) => readonly string[] | undefined;
}

/** EventBridge's quota: combinations of all `$or` of a pattern. */
const MAX_BRANCHES = 1000;

/** Names that make `$or` an ordinary field: a list of operators, not of patterns. */
const OPERATORS = new Set([
  'exactly',
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
  'anything-but',
  'numeric',
  'exists',
  'cidr',
  ...['=', '<', '<=', '>', '>='],
  ...['regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
  ...['ip-address-in-range', 'ip-address-not-in-range'],
]);

interface Values {
  readonly entries: readonly Entry[];
  /** The strings, where all entries are strings. */
  readonly strings: readonly string[] | undefined;
}

/** Path to what its values must be. */
type Draft = ReadonlyMap<string, Values>;

/**
 * Reads a pattern.
 * @throws ExhibitError `E_PATTERN` with line, column and what was expected.
 */
export function readPattern(text: string): Pattern {
  return patternOf(text, readJson(text));
}

/** The same of a value inside a larger text, such as a template. @throws ExhibitError `E_PATTERN`. */
export function patternOf(text: string, node: Node): Pattern {
  if (node.kind !== 'object') throw misfit(text, node.at, 'an object', kindOf(node));
  const drafts = readObject(text, node, '', [new Map()]);
  const branches = drafts.flatMap((draft) => branchesOf(text, node, draft));
  if (branches.length > MAX_BRANCHES) throw tooMany(text, node);
  return {
    branches,
    strings: (path) => {
      const lists = drafts.map((draft) => draft.get(path)?.strings);
      return lists.includes(undefined)
        ? undefined
        : [...new Set(lists.flatMap((one) => one ?? []))];
    },
  };
}

function tooMany(text: string, node: Node): Error {
  const most = String(MAX_BRANCHES);
  return misfit(text, node.at, `at most ${most} combinations of "$or" and "exists": false`, 'more');
}

function readObject(
  text: string,
  node: Node & { kind: 'object' },
  path: string,
  before: readonly Draft[],
): readonly Draft[] {
  if (node.members.length === 0) {
    throw misfit(text, node.at, 'a field or more', 'an empty object');
  }
  let drafts = before;
  for (const member of node.members) {
    const { name, value } = member;
    const inner = path === '' ? name : `${path}.${name}`;
    if (isOr(member)) drafts = readOr(text, value as Node & { kind: 'array' }, path, drafts);
    else if (value.kind === 'object') drafts = readObject(text, value, inner, drafts);
    else if (value.kind === 'array') {
      const values = readValues(text, value);
      drafts = drafts.map((draft) => new Map(draft).set(inner, values));
    } else throw misfit(text, value.at, 'an array or an object', kindOf(value));
  }
  return drafts;
}

/** `$or` combines patterns where it lists two objects or more and none of them is an operator. */
function isOr({ name, value }: Member): boolean {
  return (
    name === '$or' &&
    value.kind === 'array' &&
    value.items.length >= 2 &&
    value.items.every(
      (item) =>
        item.kind === 'object' &&
        item.members.length > 0 &&
        !item.members.some((member) => OPERATORS.has(member.name)),
    )
  );
}

function readOr(
  text: string,
  node: Node & { kind: 'array' },
  path: string,
  before: readonly Draft[],
): readonly Draft[] {
  const drafts = node.items.flatMap((item) =>
    readObject(text, item as Node & { kind: 'object' }, path, before),
  );
  if (drafts.length > MAX_BRANCHES) throw tooMany(text, node);
  return drafts;
}

function readValues(text: string, node: Node & { kind: 'array' }): Values {
  if (node.items.length === 0) {
    throw misfit(text, node.at, 'a value or more', 'an empty array');
  }
  const strings = node.items.map((item) => (item.kind === 'string' ? item.value : undefined));
  return {
    entries: node.items.map((item) => readEntry(text, item)),
    strings: strings.includes(undefined) ? undefined : strings.filter((one) => one !== undefined),
  };
}

// "There is none" and "it is one of these" are two branches: the matcher may then choose elements of arrays for each.
function branchesOf(text: string, node: Node, draft: Draft): readonly (readonly Condition[])[] {
  let branches: readonly (readonly Condition[])[] = [[]];
  for (const [path, { entries }] of draft) {
    const tests = entries.flatMap((entry) => ('test' in entry ? [entry.test] : []));
    const choices: Condition[] = tests.length > 0 ? [{ path, test: anyOf(tests) }] : [];
    if (tests.length < entries.length) choices.push({ path, test: undefined });
    branches = choices.flatMap((choice) => branches.map((branch) => [...branch, choice]));
    if (branches.length > MAX_BRANCHES) throw tooMany(text, node);
  }
  return branches;
}

function anyOf(tests: readonly Test[]): Test {
  return (value) => tests.some((test) => test(value));
}
