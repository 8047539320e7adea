/**
 * Answers over a large case, each beside DuckDB with the same rows: pivots by an index, sessions of one key, the triage
 * pack, and Sigma rules in one pass. See bench/README.md.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCase } from '../src/app/case.ts';
import { NO_FILES } from '../src/app/labels.ts';
import { pivot } from '../src/app/pivot.ts';
import { sessions } from '../src/app/sessions.ts';
import { realEffects } from '../src/cli/effects.ts';
import { wanted } from '../src/correlate/kinds.ts';
import { entityTables, type EntityTable } from '../src/correlate/traces.ts';
import { openDatabase, sourceTables, type Database } from '../src/db/open.ts';
import { findQuery, loadCatalog } from '../src/query/catalog.ts';
import { findPack } from '../src/query/packs.ts';
import { bindParams } from '../src/query/params.ts';
import type { PeerQuestion } from './duckdb-answers.ts';
import { generateTrail } from './generate.ts';
import { generateLines, LINE_LOGS } from './lines.ts';
import { exhibit, median, script, type Result } from './measure.ts';
import { benchRules } from './rules.ts';

/** Values of each kind that are looked up. */
const VALUES = 10;
/** Of rules: what a hundred cost, and how cost grows with their number. */
const RULES = [25, 50, 100] as const;

interface Peer {
  readonly results: Readonly<Record<string, number | null>>;
  readonly refused: Readonly<Record<string, string>>;
}

/**
 * Makes a case of `events` CloudTrail events and `lines` flow lines and asks it.
 */
export async function benchAnswers(
  folder: string,
  events: number,
  lines: number,
  repeat: number,
  talk: (text: string) => void,
): Promise<Result[]> {
  const caseFolder = await makeCase(folder, events, lines, talk);
  const database = join(caseFolder, 'case.db');
  const db = openDatabase(database, { readonly: true });
  const tables = entityTables(db, sourceTables(db));
  const looked = valuesOf(db);
  db.close();
  const questions: PeerQuestion[] = [];
  const results: Result[] = [];
  const scale = { events, lines };

  const target = await openCase(caseFolder);
  const fx = realEffects();
  for (const [name, values] of Object.entries(looked)) {
    talk(`pivot: ${String(values.length)} of ${name}`);
    const times: number[] = [];
    const records: number[] = [];
    for (const value of values) {
      const question = { values: [value], hops: 1, fanOut: 8, kinds: [], deep: false };
      times.push(...timed(repeat, () => pivot(target, fx, { ...question, labels: NO_FILES })));
      records.push(pivot(target, fx, { ...question, labels: NO_FILES }).timeline.length);
    }
    for (const [at, value] of values.entries())
      questions.push({
        name: `pivot ${name} ${String(at)}`,
        statements: pivotSql(tables, value),
      });
    results.push({ ...row(`pivot-${name}`, times, scale), records: median(records) });
  }
  const keys = looked['access_key'] ?? [];
  const keyTimes: number[] = [];
  for (const key of keys) {
    const question = { names: [key], marked: false, labels: NO_FILES };
    keyTimes.push(...timed(repeat, () => sessions(target, fx, question)));
  }
  for (const [at, key] of keys.entries())
    questions.push({ name: `sessions ${String(at)}`, statements: sessionSql(key) });
  results.push({ ...row('sessions-of-key', keyTimes, scale), records: null });

  const catalog = loadCatalog();
  const pack = findPack('triage').queries.map((id) => findQuery(catalog, id));
  for (const query of pack) {
    if (query.params.some((param) => param.default === undefined)) continue;
    questions.push({
      name: `triage ${query.id}`,
      statements: [peerSql(query.sql, bindParams(query.params, new Map()))],
    });
  }
  const rules = benchRules(Math.max(...RULES));
  for (const count of RULES) {
    const own = rules.slice(0, count);
    const counts = own.map(({ sql }) => `count(*) FILTER (WHERE ${sql})`);
    questions.push({
      name: `sigma ${String(count)}`,
      statements: [`SELECT ${counts.join(', ')} FROM cloudtrail`],
    });
    writeFileSync(
      join(folder, `rules-${String(count)}.yml`),
      own.map(({ yaml }) => yaml).join('---\n'),
    );
  }

  const whole = async (
    name: string,
    args: readonly string[],
    recordsOf: (stdout: string) => number | null,
  ): Promise<void> => {
    talk(`${name}: a whole run`);
    try {
      const run = await exhibit(...args, '--quiet', '--case', caseFolder);
      const one = { ...row(name, [run.seconds], scale), peak_rss_mb: run.peakMb };
      results.push({ ...one, records: recordsOf(run.stdout) });
    } catch (error) {
      // The others are worth having.
      talk(`${name} failed: ${String(error)}`);
    }
  };
  await whole('sessions-all', ['sessions', '--json'], (text) => text.split('\n').length - 1);
  await whole(
    'triage-pack',
    ['query', 'run-pack', 'triage', '--json', '--limit', '1'],
    (text) => (JSON.parse(text) as { row_count: number }).row_count,
  );
  for (const count of RULES) {
    const file = join(folder, `rules-${String(count)}.yml`);
    const asked = ['detect', '--rules', file, '--limit', '1', '--json'];
    await whole(
      `sigma-${String(count)}`,
      asked,
      (text) => (JSON.parse(text) as { findings: number }).findings,
    );
  }

  talk('DuckDB: the same rows, the same questions');
  const file = join(folder, 'questions.json');
  writeFileSync(file, JSON.stringify(questions));
  const peerFile = join(folder, 'answers.duckdb');
  const peer = await script('duckdb-answers.ts', database, peerFile, file, String(repeat)).then(
    ({ stdout }) => JSON.parse(stdout) as Peer,
    (error: unknown): Peer => ({ results: {}, refused: { all: String(error) } }),
  );
  for (const [name, why] of Object.entries(peer.refused))
    talk(`DuckDB did not run ${name}: ${why}`);
  return results.map((one) => beside(one, peer));
}

async function makeCase(
  folder: string,
  events: number,
  lines: number,
  talk: (text: string) => void,
): Promise<string> {
  const made = join(folder, 'answers');
  const logs = join(folder, 'logs');
  rmSync(made, { recursive: true, force: true });
  talk(`answers: a case of ${String(events)} events and ${String(lines)} flow lines`);
  mkdirSync(logs, { recursive: true });
  generateTrail(join(logs, 'trail'), events);
  const flows = LINE_LOGS.find((log) => log.name === 'vpc_flow');
  if (flows !== undefined) generateLines(flows, join(logs, 'flows'), lines);
  const names = ['--case-id', 'BENCH-1', '--examiner', 'Bench'];
  await exhibit('init', made, ...names, '--unprotected-key');
  await exhibit('collect', 'dir', logs, '--case', made);
  rmSync(logs, { recursive: true, force: true });
  await exhibit('import', '--quiet', '--case', made);
  return made;
}

/** Values at even distances in the order of how often they occur. */
function valuesOf(db: Database): Readonly<Record<string, readonly string[]>> {
  const spread = (sql: string): readonly string[] => {
    const all = db.prepare<[], string>(sql).pluck().all();
    return Array.from({ length: Math.min(VALUES, all.length) }, (_, at) => {
      const place = Math.floor(((at + 0.5) / VALUES) * all.length);
      return all[Math.min(place, all.length - 1)] ?? '';
    });
  };
  const by = (column: string, table: string): string =>
    `SELECT "${column}" FROM main."${table}" WHERE "${column}" IS NOT NULL GROUP BY 1 ORDER BY count(*), 1`;
  return {
    access_key: spread(by('user_identity_access_key_id', 'cloudtrail')),
    principal: spread(by('user_identity_arn', 'cloudtrail')),
    ip: spread(by('src_ip', 'cloudtrail')),
    flow_ip: spread(by('srcaddr', 'vpc_flow')),
  };
}

/** The statements of src/correlate/traces.ts, without the names of SQLite's indexes. */
function pivotSql(tables: readonly EntityTable[], value: string): readonly string[] {
  const { kinds, spellings } = wanted(value);
  return tables.flatMap((table) =>
    table.columns
      .filter((one) => one.index !== undefined && kinds.has(one.kind))
      .map(({ column }) => {
        const own = table.columns.map(({ column: name }) => `"${name}"`).join(', ');
        const list = spellings.map((text) => literal(text)).join(', ');
        return `SELECT id, time_us, account_id, region, actor, action, target, src_ip, dst_ip, outcome, ${own}
          FROM "${table.table}" WHERE "${column}" IN (${list}) ORDER BY id LIMIT 100001`;
      }),
  );
}

/** What src/correlate/trail.ts reads of one key. */
function sessionSql(key: string): readonly string[] {
  const own = `user_identity_access_key_id = ${literal(key)}`;
  return [
    `SELECT id, time_us, event_name, role_arn, user_identity_arn, raw FROM cloudtrail WHERE response_access_key_id = ${literal(key)}`,
    `SELECT DISTINCT response_access_key_id FROM cloudtrail WHERE ${own} AND response_access_key_id IS NOT NULL`,
    `SELECT DISTINCT user_identity_arn FROM cloudtrail WHERE ${own}`,
    `SELECT id, time_us, event_name, user_identity_arn FROM cloudtrail WHERE event_name IN ('ConsoleLogin', 'SwitchRole', 'GetSigninToken', 'CreateLoginProfile', 'UpdateLoginProfile')`,
    `SELECT id, time_us, user_identity_arn, source_ip_address, user_agent, aws_region, mfa_authenticated, error_code FROM cloudtrail WHERE ${own} ORDER BY time_us, id`,
  ];
}

/** SQL of ours as DuckDB reads it: parameters as literals, no names of indexes. */
function peerSql(sql: string, params: Readonly<Record<string, unknown>>): string {
  return sql
    .replaceAll(/\b(?:INDEXED BY \w+|NOT INDEXED)\b/g, '')
    .replaceAll("strftime('", "unix_text('")
    .replaceAll(/(?<![\w:'"])\+(?=\w+\.)/g, '')
    .replaceAll(/(?<![:\w]):([a-z_]+)/g, (all, name: string) =>
      name in params ? literal(params[name]) : all,
    );
}

function literal(value: unknown): string {
  return typeof value === 'bigint' || typeof value === 'number'
    ? String(value)
    : `'${String(value).replaceAll("'", "''")}'`;
}

function timed(repeat: number, work: () => unknown): readonly number[] {
  return Array.from({ length: repeat }, () => {
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  });
}

function row(
  name: string,
  times: readonly number[],
  scale: { readonly events: number; readonly lines: number },
): Result {
  return {
    name,
    ours_s: median(times),
    peer: 'duckdb',
    peer_s: null,
    ratio: null,
    peak_rss_mb: null,
    size_ratio: null,
    ...scale,
  };
}

/** What the peer took for the same: the median of its values, the sum of its queries. */
function beside(one: Result, { results }: Peer): Result {
  const [kind = ''] = one.name.split('-');
  const prefix = {
    pivot: `pivot ${one.name.slice('pivot-'.length)} `,
    sessions: 'sessions ',
    triage: 'triage ',
    sigma: one.name.replace('-', ' '),
  }[kind];
  if (prefix === undefined || one.name === 'sessions-all') return { ...one, peer_asked: null };
  const times = Object.entries(results).flatMap(([name, time]) =>
    name.startsWith(prefix) && time !== null ? [time] : [],
  );
  if (times.length === 0) return { ...one, peer_asked: 0 };
  const all = kind === 'triage' ? times.reduce((sum, time) => sum + time, 0) : median(times);
  return { ...one, peer_s: all, ratio: one.ours_s / all, peer_asked: times.length };
}
