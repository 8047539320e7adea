/** YAML that remembers where each value stands, in the same nodes as the JSON of event patterns. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type ParsedNode,
} from 'yaml';
import { ExhibitError } from '../core/errors.ts';
import { misfit, type Member, type Node } from '../detect/positioned-json.ts';

/** A rule is a page of text; a file of them some hundred. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Rules nest a few levels; more than this is somebody's attempt at our stack. */
const MAX_DEPTH = 60;
/** Values of a file, those of aliases counted each time: a few lines of aliases can stand for millions. */
const MAX_VALUES = 100_000;

/**
 * The documents of a YAML file (1.2, core schema, with merge keys): `NO` is a string and a date is its text.
 * @throws ExhibitError `E_PATTERN` with line, column and what is wrong.
 */
export function readYaml(text: string): readonly Node[] {
  if (text.length > MAX_BYTES) {
    throw new ExhibitError('E_PATTERN', `the file is longer than ${String(MAX_BYTES)} characters`);
  }
  const documents = parseAllDocuments(text, {
    intAsBigInt: true,
    prettyErrors: false,
    keepSourceTokens: false,
    logLevel: 'silent',
  });
  const list = Array.isArray(documents) ? (documents as Document.Parsed[]) : [];
  const budget = { left: MAX_VALUES };
  return list.flatMap((document) => {
    const context: Context = { text, budget, anchors: new Map() };
    const [error] = document.errors;
    if (error !== undefined) throw broken(text, error.pos[0], error.message);
    return document.contents === null ? [] : [convert(context, document.contents, 0)];
  });
}

function broken(text: string, offset: number, message: string): ExhibitError {
  return misfit(text, offset, 'YAML', message.replaceAll(/\s+/g, ' '));
}

interface Context {
  readonly text: string;
  readonly budget: { left: number };
  /** What anchors stand for, as far as the document was read. */
  readonly anchors: Map<string, ParsedNode>;
}

function convert(context: Context, node: ParsedNode | null | undefined, depth: number): Node {
  const { text, budget, anchors } = context;
  const at = node?.range[0] ?? 0;
  budget.left -= 1;
  if (depth > MAX_DEPTH || budget.left < 0) {
    throw misfit(
      text,
      at,
      'a rule',
      depth > MAX_DEPTH ? 'values nested too deep' : 'too many values',
    );
  }
  if (node === null || node === undefined) return { kind: 'literal', at, value: null };
  if (isAlias(node)) {
    const meant = anchors.get(node.source);
    if (meant === undefined) throw misfit(text, at, 'an anchor that was set before', 'none');
    return convert(context, meant, depth + 1);
  }
  if (node.anchor !== undefined) anchors.set(node.anchor, node);
  if (isScalar(node)) return scalar(at, node.value);
  if (isSeq(node)) {
    const items = node.items.map((item) => convert(context, item, depth + 1));
    return { kind: 'array', at, items };
  }
  if (!isMap(node)) throw misfit(text, at, 'a value', 'something else');
  const given: Member[] = [];
  const own: Member[] = [];
  for (const { key, value: content } of node.items) {
    if (!isScalar(key)) throw misfit(text, at, 'names as keys', 'another key');
    const [keyAt] = key.range;
    const value = convert(context, content, depth + 1);
    const name = String(key.value);
    if (name === '<<') given.push(...merged(text, value));
    else own.push({ name, at: keyAt, value: placed(value, keyAt) });
  }
  // A merge gives what the map itself does not name.
  const all = new Map([...given, ...own].map((member) => [member.name, member]));
  return { kind: 'object', at, members: [...all.values()] };
}

/** An empty value has no place of its own: its key's. */
function placed(value: Node, keyAt: number): Node {
  return value.kind === 'literal' && value.value === null && value.at === 0
    ? { ...value, at: keyAt }
    : value;
}

function merged(text: string, value: Node): readonly Member[] {
  if (value.kind === 'object') return value.members;
  if (value.kind !== 'array') throw misfit(text, value.at, 'a map after "<<"', value.kind);
  return value.items.flatMap((item) => merged(text, item));
}

function scalar(at: number, value: unknown): Node {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', at, value };
    case 'bigint': {
      const number = Number(value);
      return { kind: 'number', at, value: Number.isSafeInteger(number) ? number : value };
    }
    case 'number':
      return { kind: 'number', at, value };
    case 'boolean':
      return { kind: 'literal', at, value };
    default:
      return { kind: 'literal', at, value: null };
  }
}
