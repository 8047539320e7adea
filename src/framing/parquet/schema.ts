/**
 * The schema of a Parquet file as a tree whose nodes know how they are written as JSON: structs, lists, maps and leaves
 * with their levels (parquet-format, "Nested Encoding" and LogicalTypes.md, sections "Lists" and "Maps").
 */
import { Buffer } from 'node:buffer';
import { ParquetFault, within } from './fault.ts';
import { type Struct, structAt } from './thrift.ts';

/** Physical types (parquet.thrift, enum Type). */
export const TYPE = {
  boolean: 0,
  int32: 1,
  int64: 2,
  int96: 3,
  float: 4,
  double: 5,
  bytes: 6,
  fixed: 7,
} as const;

/** Repetition of a field (parquet.thrift, enum FieldRepetitionType). */
export const REPETITION = { required: 0, optional: 1, repeated: 2 } as const;

/** What a leaf's values mean beyond their physical type. */
export type Meaning =
  | { readonly kind: 'plain' }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly digits: number }
  | { readonly kind: 'timestamp'; readonly digits: number; readonly utc: boolean }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'half' };

/** A column. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly name: string;
  readonly path: readonly string[];
  readonly repetition: number;
  readonly type: number;
  /** Bytes of a value of the type `fixed`. */
  readonly width: number;
  readonly meaning: Meaning;
  /** Levels of a value that is there. */
  readonly definition: number;
  readonly level: number;
  /** Its number among the leaves, and one more. */
  readonly first: number;
  readonly end: number;
}

/** A group of fields. */
export interface Group {
  readonly kind: 'struct' | 'list' | 'map';
  readonly name: string;
  readonly repetition: number;
  readonly definition: number;
  readonly level: number;
  readonly children: readonly Node[];
  /** The leaves in it: the number of the first, and one past the last. */
  readonly first: number;
  readonly end: number;
}

/** A node of the tree. A `list` has its repeated field as its child; a `map` its repeated group of key and value. */
export type Node = Leaf | Group;

/** A schema. */
export interface Schema {
  readonly root: Group;
  readonly leaves: readonly Leaf[];
}

/** Fields of a schema: Security Lake's have some hundreds. */
const MOST_FIELDS = 20_000;
/** Groups in groups. */
const MOST_DEPTH = 100;

/** Of enum ConvertedType, by number. */
const MAP = 1;
const MAP_KEY_VALUE = 2;
const LIST = 3;
const DECIMAL = 5;
const DATE = 6;
const TIME_MILLIS = 7;
const TIME_MICROS = 8;
const TIMESTAMP_MILLIS = 9;
const TIMESTAMP_MICROS = 10;
const UINT_8 = 11;
const UINT_64 = 14;

/** Of union LogicalType, by field id. */
const LOGICAL = {
  map: 2,
  list: 3,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  uuid: 14,
  half: 15,
};

/** @param elements in depth-first order, the root first. @throws ParquetFault where they are no tree. */
export function schemaOf(elements: readonly Struct[]): Schema {
  if (elements.length > MOST_FIELDS) throw new ParquetFault(`${String(elements.length)} fields`);
  const leaves: Leaf[] = [];
  let at = 0;

  function node(path: readonly string[], definition: number, level: number, depth: number): Node {
    const element = elements[at++];
    if (element === undefined || depth > MOST_DEPTH)
      throw new ParquetFault('its schema is no tree');
    const isRoot = depth === 0;
    const repetition = isRoot ? 0 : within(element.get(3), 0, 2, 'the repetition of a field');
    const name = nameOf(element);
    const own = isRoot ? path : [...path, name];
    const levels = {
      definition: definition + (repetition === REPETITION.required ? 0 : 1),
      level: level + (repetition === REPETITION.repeated ? 1 : 0),
    };
    const children = element.get(5);
    const first = leaves.length;
    if (children === undefined || (children === 0 && element.has(1))) {
      const leaf: Leaf = {
        kind: 'leaf',
        name,
        path: own,
        repetition,
        ...typeOf(element),
        ...levels,
        first,
        end: first + 1,
      };
      leaves.push(leaf);
      return leaf;
    }
    const count = within(children, 0, elements.length - at, 'the number of fields of a group');
    const nodes: Node[] = [];
    for (let index = 0; index < count; index++)
      nodes.push(node(own, levels.definition, levels.level, depth + 1));
    const kind = kindOf(element, nodes);
    return { kind, name, repetition, ...levels, children: nodes, first, end: leaves.length };
  }

  const root = node([], 0, 0, 0);
  if (root.kind !== 'struct') throw new ParquetFault('its schema has no root');
  if (at !== elements.length) throw new ParquetFault('its schema is no tree');
  if (hasEmptyGroup(root)) throw new ParquetFault('its schema has a group without fields');
  return { root, leaves };
}

function hasEmptyGroup(node: Node): boolean {
  return node.kind !== 'leaf' && (node.first === node.end || node.children.some(hasEmptyGroup));
}

function nameOf(element: Struct): string {
  const name = element.get(4);
  return Buffer.isBuffer(name) ? name.toString('utf8') : '';
}

/** A group that is annotated as a list or map and has its form; a struct otherwise. */
function kindOf(element: Struct, children: readonly Node[]): 'struct' | 'list' | 'map' {
  const converted = element.get(6);
  const logical = structAt(element.get(10));
  const [child] = children;
  if (children.length !== 1 || child?.repetition !== REPETITION.repeated) return 'struct';
  if (converted === LIST || logical?.has(LOGICAL.list) === true) return 'list';
  const isMap =
    converted === MAP || converted === MAP_KEY_VALUE || logical?.has(LOGICAL.map) === true;
  return isMap && child.kind !== 'leaf' && child.children.length === 2 ? 'map' : 'struct';
}

function typeOf(element: Struct): Pick<Leaf, 'type' | 'width' | 'meaning'> {
  const type = within(element.get(1), TYPE.boolean, TYPE.fixed, 'the type of a column');
  const width =
    type === TYPE.fixed ? within(element.get(2), 1, 2 ** 20, 'the width of a column') : 0;
  return { type, width, meaning: meaningOf(element, type, width) };
}

function meaningOf(element: Struct, type: number, width: number): Meaning {
  const converted = element.get(6);
  const logical = structAt(element.get(10));
  const isInteger = type === TYPE.int32 || type === TYPE.int64;
  if (type === TYPE.int96) return { kind: 'timestamp', digits: 9, utc: true };
  const decimal = structAt(logical?.get(LOGICAL.decimal));
  if (decimal !== undefined || converted === DECIMAL) {
    const scale = within(decimal?.get(1) ?? element.get(7) ?? 0, 0, 1000, 'the scale of a column');
    return type === TYPE.float || type === TYPE.double
      ? { kind: 'plain' }
      : { kind: 'decimal', scale };
  }
  if (width === 16 && logical?.has(LOGICAL.uuid) === true) return { kind: 'uuid' };
  if (width === 2 && logical?.has(LOGICAL.half) === true) return { kind: 'half' };
  if (!isInteger) return { kind: 'plain' };
  const stamp = structAt(logical?.get(LOGICAL.timestamp));
  if (stamp !== undefined)
    return { kind: 'timestamp', digits: digitsOf(stamp), utc: stamp.get(1) !== false };
  const clock = structAt(logical?.get(LOGICAL.time));
  if (clock !== undefined) return { kind: 'time', digits: digitsOf(clock) };
  if (logical?.has(LOGICAL.date) === true || converted === DATE) return { kind: 'date' };
  const integer = structAt(logical?.get(LOGICAL.integer));
  if (integer !== undefined) return { kind: integer.get(2) === false ? 'unsigned' : 'plain' };
  switch (converted) {
    case TIME_MILLIS:
    case TIME_MICROS:
      return { kind: 'time', digits: converted === TIME_MILLIS ? 3 : 6 };
    case TIMESTAMP_MILLIS:
    case TIMESTAMP_MICROS:
      return { kind: 'timestamp', digits: converted === TIMESTAMP_MILLIS ? 3 : 6, utc: true };
    default:
      return typeof converted === 'number' && converted >= UINT_8 && converted <= UINT_64
        ? { kind: 'unsigned' }
        : { kind: 'plain' };
  }
}

/** Decimals of a second in a TimeUnit. */
function digitsOf(annotation: Struct): number {
  const unit = structAt(annotation.get(2));
  if (unit?.has(1) === true) return 3;
  return unit?.has(2) === true ? 6 : 9;
}
