/** Sessions as a tree for a terminal: each line a key or a sign-in, below what it came from, with its marks below it. */
import { shortName } from '../app/rows.ts';
import type { Session, ShownMark } from '../app/sessions.ts';
import { shorten, terminalSafe } from '../core/text.ts';

/** Brothers without children and marks of which the first are drawn. */
const ALIKE = 3;
const MOST_NAMES = 80;
/** Marks of one kind below a session. */
const MARKS_EACH = 3;
/** Levels that are drawn. */
const DEEPEST = 30;

/**
 * The tree.
 * @param all parents before their children.
 * @param whole draw every session, also where many brothers are alike.
 */
export function sessionTree(all: readonly Session[], whole: boolean): string {
  if (all.length === 0) return 'no sessions\n';
  const known = new Set(all.map((one) => one.id));
  const below = Map.groupBy(all, (one) =>
    one.parent_id !== null && known.has(one.parent_id) ? one.parent_id : '',
  );
  const roots = Map.groupBy(below.get('') ?? [], rootName);
  const out: string[] = [];
  for (const [name, members] of roots) {
    out.push(terminalSafe(name));
    draw(members, '', out, below, whole);
    out.push('');
  }
  return `${out.slice(0, -1).join('\n')}\n`;
}

// A root that is an identity of its own, such as a service, else the identity of the credential.
function rootName(one: Session): string {
  const [first] = one.chain;
  const caller = one.chain.length > 1 && first !== undefined && one.parent_id === null;
  const who = first?.arn ?? 'nobody that the records name';
  return caller ? `${who} (${first.via})` : who;
}

function draw(
  brothers: readonly Session[],
  indent: string,
  out: string[],
  below: ReadonlyMap<string, readonly Session[]>,
  whole: boolean,
): void {
  const kept = whole ? brothers.map((one) => [one, 0] as const) : folded(brothers, below);
  for (const [at, [one, more]] of kept.entries()) {
    const last = at === kept.length - 1;
    const inner = `${indent}${last ? '   ' : '│  '}`;
    if (more > 0) {
      out.push(`${indent}${last ? '└─ ' : '├─ '}… and ${String(more)} more: ${likeness(one)}`);
      continue;
    }
    const children = below.get(one.id) ?? [];
    out.push(`${indent}${last ? '└─ ' : '├─ '}${head(one)}`);
    const text = `${inner}${children.length > 0 ? '│  ' : '   '}`;
    out.push(`${text}${used(one)}`);
    for (const line of markLines(one)) out.push(`${text}! ${line}`);
    // Each level costs room: a chain that long is forged, or asked for by its key.
    if (indent.length < DEEPEST * 3) draw(children, inner, out, below, whole);
    else if (children.length > 0) out.push(`${inner}└─ … deeper: --format table shows all`);
  }
}

// The first of brothers that are alike, and once how many more there are.
function folded(
  brothers: readonly Session[],
  below: ReadonlyMap<string, readonly Session[]>,
): readonly (readonly [Session, number])[] {
  const plain = (one: Session): boolean =>
    !below.has(one.id) && one.marks.every(({ kind }) => kind === 'unused' || kind === 'unborn');
  const counts = new Map<string, number>();
  for (const one of brothers)
    if (plain(one)) counts.set(likeness(one), (counts.get(likeness(one)) ?? 0) + 1);
  const seen = new Map<string, number>();
  return brothers.flatMap((one): readonly (readonly [Session, number])[] => {
    const like = likeness(one);
    const many = counts.get(like) ?? 0;
    if (!plain(one) || many <= ALIKE + 1) return [[one, 0]];
    const at = (seen.get(like) ?? 0) + 1;
    seen.set(like, at);
    if (at <= ALIKE) return [[one, 0]];
    return at === many ? [[one, many - ALIKE]] : [];
  });
}

function likeness(one: Session): string {
  const { via, arn } = step(one);
  const role = /^arn:[^:]+:sts::\d*:assumed-role\/([^/]+)\//.exec(arn ?? '')?.[1];
  return terminalSafe(`${via}${arn === null ? '' : ` ${role ?? name(arn)}`}`);
}

function head(one: Session): string {
  const { via, arn, time } = step(one);
  const how =
    one.link === 'issued' || one.link === 'none' ? '' : ` (${one.link.replaceAll('_', ' ')})`;
  const words = [
    one.key_id ?? 'console',
    `${via}${how}`,
    arn === null ? '' : name(arn),
    time ?? '',
  ];
  return terminalSafe(words.filter((word) => word !== '').join('  '));
}

function step(one: Session): Session['chain'][number] {
  const last = one.chain.at(-1);
  return (
    last ?? { arn: one.arn, via: '', time: null, event_id: null, row: null, key_id: one.key_id }
  );
}

function used(one: Session): string {
  if (one.kind === 'sign_in')
    return terminalSafe(
      `signed in${one.addresses[0] === undefined ? '' : ` from ${one.addresses[0].value}`}`,
    );
  if (one.last_call === null) return 'not used in the evidence';
  const { action, target, time, row } = one.last_call;
  const failed = one.failures === 0 ? '' : `, ${String(one.failures)} failed`;
  const from =
    one.addresses.length === 0
      ? ''
      : ` from ${one.addresses
          .slice(0, 3)
          .map(({ value }) => value)
          .join(', ')}${one.addresses.length > 3 ? ', …' : ''}`;
  return terminalSafe(
    `${String(one.events)} ${one.events === 1 ? 'call' : 'calls'}${failed}${from}; last ${time} ${action ?? '-'} ${name(target ?? '')}`.trimEnd() +
      `  ${row}`,
  );
}

function markLines(one: Session): readonly string[] {
  const kinds = Map.groupBy(
    one.marks.filter(({ kind }) => kind !== 'unused'),
    ({ kind }) => kind,
  );
  return [...kinds].flatMap(([kind, marks]) => {
    const more = marks.length - MARKS_EACH;
    const lines = marks.slice(0, MARKS_EACH).map(markText);
    return more > 0 ? [...lines, `${MARKS[kind]}: ${String(more)} more, see --json`] : lines;
  });
}

function markText({ kind, time, row, from, to, detail }: ShownMark): string {
  const change = to === null ? '' : ` ${from ?? '-'} → ${to}`;
  const words = [`${MARKS[kind]}${change}`, detail, time ?? '', row ?? ''];
  return terminalSafe(words.filter((word) => word !== '').join('  '));
}

const MARKS: Readonly<Record<ShownMark['kind'], string>> = {
  address: 'address',
  agent: 'agent',
  region: 'region',
  mfa: 'MFA',
  travel: 'impossible travel',
  after_end: 'used after its end:',
  unborn: 'birth not in evidence',
  unused: 'not used',
};

function name(text: string): string {
  return shorten(shortName(text) ?? '', MOST_NAMES);
}
