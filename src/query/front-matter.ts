/**
 * The head of a query file: a YAML block between two lines `-- ---`, every line a comment of SQL. It says what the query
 * answers; docs/queries.md is generated from it, and a conformance test holds every query to it.
 */
import { parse } from 'yaml';
import { ExhibitError } from '../core/errors.ts';
import type { ParamSpec, ParamType } from './params.ts';

/** One result column. */
export interface ColumnSpec {
  readonly name: string;
  readonly about: string;
}

/** How much of a table a query reads. */
type Scan = 'whole' | 'window';

/** What the head of a query file says. */
export interface QueryHead {
  readonly id: string;
  readonly title: string;
  /** The question a responder asks, with a question mark. */
  readonly question: string;
  readonly params: readonly ParamSpec[];
  readonly columns: readonly ColumnSpec[];
  /** Source tables it reads. */
  readonly sources: readonly string[];
  /**
   * Tables of which it reads every row (`whole`), or every row between its time parameters (`window`), by SQLite's plan;
   * of all others it reads what an index finds.
   */
  readonly scans: Readonly<Record<string, Scan>>;
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[];
  /** MITRE ATT&CK tactics, by short name. */
  readonly tactic: readonly string[];
  readonly references: readonly string[];
  /** A command line that runs it. */
  readonly example: string;
  /** How to read the answer: what is normal, what is not, what the log cannot show. */
  readonly explanation: string;
}

/** ATT&CK enterprise tactics (attack.mitre.org, "Enterprise tactics"). */
const TACTIC_IDS: Readonly<Record<string, string>> = {
  TA0043: 'reconnaissance',
  TA0042: 'resource-development',
  TA0001: 'initial-access',
  TA0002: 'execution',
  TA0003: 'persistence',
  TA0004: 'privilege-escalation',
  TA0005: 'defense-evasion',
  TA0006: 'credential-access',
  TA0007: 'discovery',
  TA0008: 'lateral-movement',
  TA0009: 'collection',
  TA0011: 'command-and-control',
  TA0010: 'exfiltration',
  TA0040: 'impact',
};
const TACTICS = Object.values(TACTIC_IDS);

/**
 * The short name of a tactic that somebody wrote: `TA0006`, `credential-access`, `Credential Access`.
 * @throws ExhibitError `E_USAGE` naming all of them.
 */
export function tacticNamed(text: string): string {
  const name = TACTIC_IDS[text.toUpperCase()] ?? text.toLowerCase().replace(/[\s_]+/g, '-');
  if (TACTICS.includes(name)) return name;
  throw new ExhibitError('E_USAGE', `"${text}" is no tactic of ATT&CK`, {
    hint: `tactics are ${TACTICS.join(', ')}`,
  });
}

const HEAD = /^-- ---\n((?:--[^\n]*\n)*?)-- ---\n/;

/**
 * Reads the head of a query file.
 * @param sql the whole file, LF line ends.
 * @param file its name, for errors.
 * @throws ExhibitError `E_FORMAT` naming every bad field at once.
 */
export function readFrontMatter(sql: string, file: string): QueryHead {
  const block = HEAD.exec(sql)?.[1];
  if (block === undefined) {
    throw new ExhibitError(
      'E_FORMAT',
      'the query does not begin with a block between "-- ---" lines',
      {
        where: { file, line: 1 },
      },
    );
  }
  let data: unknown;
  try {
    data = parse(block.replace(/^-- ?/gm, ''));
  } catch (cause) {
    throw new ExhibitError('E_FORMAT', 'the head of the query is not YAML', {
      where: { file },
      cause,
    });
  }
  const fields = new Fields(data);
  const head: QueryHead = {
    id: fields.text('id', /^[a-z0-9]+(?:-[a-z0-9]+)*$/),
    title: fields.text('title'),
    question: fields.text('question', /\?$/),
    params: fields.entries('params').map(([name, value]) => paramSpec(name, value, fields)),
    columns: fields.entries('columns').map(([name, about]) => ({
      name,
      about: typeof about === 'string' ? about : fields.bad(`columns.${name}`, ''),
    })),
    sources: fields.list('sources', /^[a-z][a-z0-9_]*$/),
    scans: Object.fromEntries(
      fields
        .entries('scans')
        .map(([name, how]): [string, Scan] => [
          name,
          how === 'whole' || how === 'window' ? how : fields.bad(`scans.${name}`, 'whole'),
        ]),
    ),
    attack: fields.list('attack', /^T\d{4}(?:\.\d{3})?$/),
    tactic: fields.list('tactic', new RegExp(`^(?:${TACTICS.join('|')})$`)),
    references: fields.list('references', /./),
    example: fields.text('example', /^exhibit query run /),
    explanation: fields.text('explanation'),
  };
  const problems = fields.problems();
  if (problems.length > 0) {
    throw new ExhibitError('E_FORMAT', `the head of the query is wrong: ${problems.join('; ')}`, {
      where: { file },
    });
  }
  return head;
}

function paramSpec(name: string, value: unknown, fields: Fields): ParamSpec {
  const spec = new Fields(value);
  const type = spec.text('type', /^(?:text|integer|time)$/) as ParamType;
  const about = spec.text('about');
  const fallback = spec.optional('default');
  for (const problem of spec.problems()) fields.bad(`params.${name}.${problem}`, '');
  return { name, type, about, ...(fallback === undefined ? {} : { default: fallback }) };
}

/** Guards over one YAML mapping; collects what is wrong instead of stopping at the first. */
class Fields {
  readonly #data: ReadonlyMap<string, unknown>;
  readonly #seen = new Set<string>();
  readonly #problems: string[] = [];

  constructor(data: unknown) {
    const object = typeof data === 'object' && data !== null && !Array.isArray(data);
    if (!object) this.#problems.push('not a mapping');
    this.#data = new Map(object ? Object.entries(data) : []);
  }

  bad<T>(what: string, instead: T): T {
    this.#problems.push(what);
    return instead;
  }

  text(name: string, form = /\S/): string {
    const value = this.#take(name);
    if (typeof value === 'string' && form.test(value)) return value.trim();
    return this.bad(name, '');
  }

  optional(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    this.bad(name, '');
    return undefined;
  }

  list(name: string, form: RegExp): readonly string[] {
    const value = this.#take(name);
    const good = (item: unknown): item is string => typeof item === 'string' && form.test(item);
    return Array.isArray(value) && value.every(good) ? value : this.bad(name, []);
  }

  entries(name: string): readonly (readonly [string, unknown])[] {
    const value = this.#take(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.bad(name, []);
    }
    return Object.entries(value);
  }

  /** Everything wrong so far, unknown members included. */
  problems(): readonly string[] {
    const unknown = [...this.#data.keys()].filter((name) => !this.#seen.has(name));
    return [...this.#problems, ...unknown.map((name) => `${name} (unknown)`)];
  }

  #take(name: string): unknown {
    this.#seen.add(name);
    return this.#data.get(name);
  }
}
