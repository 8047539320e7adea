/** `config asof`, `diff`, `related` and `compliance` on a small story of a security group and a bucket. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Case } from '#src/app/case.ts';
import { asOf, type AsOf } from '#src/app/config-asof.ts';
import { configCompliance } from '#src/app/config-compliance.ts';
import { configDiff, type ConfigDiff } from '#src/app/config-diff.ts';
import { configRelated } from '#src/app/config-related.ts';
import { type Questions, type ResourceChoice, withQuestions } from '#src/app/config-rows.ts';
import { replay } from '#src/app/query-replay.ts';
import { showRecord } from '#src/app/show.ts';
import { run as runVerb } from '#src/cli/main.ts';
import { parseUserTime } from '#src/core/time.ts';
import { ACCOUNT, GROUP, GROUP_ARN, writeConfigLogs } from '../helpers/config-logs.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { exhibitJson } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';

const fx = fakeEffects();
let target: Case;

beforeAll(async () => {
  const folder = join(await tempDir(), 'logs');
  writeConfigLogs(folder);
  target = await sampleCase({ paths: [folder] });
});

const ask = <T>(use: (questions: Questions) => Promise<T>): Promise<T> =>
  withQuestions(target, fx, false, use);
const at = (time: string): number => parseUserTime(`2025-11-08T${time}Z`);
const state = (choice: ResourceChoice, time: string): Promise<AsOf> =>
  ask((questions) => asOf(questions, choice, at(time)));
const kinds = (answer: AsOf): string[] => answer.reservations.map((one) => one.kind);
const diff = (name: string, before: string, after: string): Promise<ConfigDiff> =>
  ask((questions) => configDiff(questions, { name }, at(before), at(after)));

describe('the state of a resource at a moment', () => {
  it('is that of the last item captured by then, found by ARN, id or name', async () => {
    for (const name of [GROUP_ARN, GROUP, 'web']) {
      const answer = await state({ name }, '10:00:00');
      expect(answer).toMatchObject({
        state: 'recorded',
        captured_at: '2025-11-08T10:00:00Z',
        resource: { resource_id: GROUP, account_id: ACCOUNT, items: 4 },
        evidence: { evidence_id: 'EV-0001', record_no: 2 },
      });
      // The item was captured at that very moment.
      expect(answer.reservations).toEqual([]);
      expect(answer.document?.['tags']).toEqual({ env: 'prod', owner: 'mallory' });
      const shown = await showRecord(target, fx, answer.evidence?.row ?? '');
      expect(shown.verified).toBe(true);
      expect(Buffer.from(shown.raw).toString()).toContain('"2025-11-08T10:00:00.000Z"');
    }
  });

  it('is certain where the next item is the same: order of tags and relations says nothing', async () => {
    const answer = await state({ name: GROUP }, '10:15:00');
    expect(answer.next).toMatchObject({ captured_at: '2025-11-08T10:30:00Z', differences: 0 });
    expect(answer.reservations).toEqual([]);
  });

  it('comes with what speaks against it: recorder, CloudTrail, the next item', async () => {
    const answer = await state({ name: 'example-invoices' }, '09:30:00');
    expect(answer.captured_at).toBe('2025-11-08T08:00:00Z');
    expect(kinds(answer)).toEqual(['recorder_stopped', 'changed_in_cloudtrail', 'next_differs']);
    expect(answer.reservations[0]?.detail).toContain('started again at 2025-11-08T09:00:00Z');
    expect(answer.reservations[1]).toMatchObject({
      at: '2025-11-08T08:45:00Z',
      detail: `PutBucketPolicy by arn:aws:iam::${ACCOUNT}:user/mallory`,
    });
    expect(answer.next?.differences).toBe(1);
    const early = await state({ name: 'example-invoices' }, '08:10:00');
    expect(kinds(early)).toEqual(['next_differs']);
  });

  it('is doubtful where two items of one moment differ', async () => {
    const answer = await state({ name: `arn:aws:iam::${ACCOUNT}:role/admin` }, '08:00:00');
    expect(kinds(answer)).toEqual(['items_disagree']);
    const shown = await showRecord(target, fx, answer.evidence?.row ?? '');
    expect(shown.verified).toBe(true);
    const other = await showRecord(target, fx, answer.reservations[0]?.row ?? '');
    expect(other.verified).toBe(true);
    const raw = [shown, other].map((one) => Buffer.from(one.raw).toString());
    expect(raw.filter((text) => text.includes('"/hidden/"'))).toHaveLength(1);
    expect(raw.every((text) => text.startsWith('{"configurationItemVersion"'))).toBe(true);
  });

  it('is unknown before the first item, gone after the last, and bare in a summary', async () => {
    const before = await state({ name: GROUP }, '07:59:59');
    expect(before).toMatchObject({ state: 'unknown', evidence: null, document: null });
    expect(kinds(before)).toEqual(['no_item']);
    expect(before.next?.captured_at).toBe('2025-11-08T08:00:00Z');
    const gone = await state({ name: GROUP }, '23:00:00');
    expect(gone).toMatchObject({ state: 'deleted', status: 'ResourceDeleted', next: null });
    expect(gone.reservations).toEqual([]);
    const summary = await state({ name: 'example-invoices' }, '12:00:00');
    expect(summary.state).toBe('no_configuration');
    expect(kinds(summary)).toEqual(['no_configuration', 'no_later_item']);
    const late = await state({ name: 'i-0a' }, '15:00:00');
    expect(kinds(late)).toEqual([
      'recorder_stopped',
      'recorder_stopped',
      'delivery_failed',
      'no_later_item',
    ]);
    expect(late.reservations[1]).toMatchObject({
      at: '2025-11-08T13:00:00Z',
      detail: 'recorder default of eu-central-1 was stopped, and not recording when somebody asked',
    });
  });

  it('is told of what is not as Config writes it', async () => {
    const answer = await state({ name: 'broken-0' }, '11:00:00');
    expect(answer.document).toMatchObject({ configuration: '{', tags: null, relationships: null });
    expect((await diff('broken-1', '11:00:00', '12:00:00')).changes).toEqual([]);
    expect(
      (await ask((questions) => configRelated(questions, { name: 'broken-2' }, undefined))).related,
    ).toEqual([]);
  });

  it('is refused for what no item is about, and for a name of several', async () => {
    await expect(state({ name: 'nothing' }, '10:00:00')).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
    await expect(state({ name: 'admin' }, '10:00:00')).rejects.toMatchObject({ code: 'E_USAGE' });
    const one = await state({ name: 'admin', type: 'AWS::IAM::Role' }, '10:00:00');
    expect(one.resource.resource_id).toBe('AROAEXAMPLE');
  });
});

describe('the difference of two moments', () => {
  it('is told by path, in order, with tags and relations as sets', async () => {
    const answer = await diff(GROUP, '09:00:00', '10:40:00');
    expect(answer.comparable).toBe(true);
    expect(answer.changes.map((one) => `${one.kind} ${one.pointer}`)).toEqual([
      'added /configuration/ipPermissions/0',
      'removed /relationships/Is associated with Instance AWS::EC2::Instance i-0a',
      'added /relationships/Is associated with Instance AWS::EC2::Instance i-0b',
      'added /tags/owner',
      'removed /tags/team',
    ]);
    expect((await diff(GROUP, '10:10:00', '10:40:00')).changes).toEqual([]);
    const back = await diff(GROUP, '10:40:00', '09:00:00');
    expect(back.changes.map((one) => one.kind)).toEqual([
      'removed',
      'added',
      'removed',
      'removed',
      'added',
    ]);
  });

  it('looks into policies, which are text', async () => {
    const answer = await diff('example-invoices', '09:00:00', '10:00:00');
    expect(answer.changes).toEqual([
      {
        kind: 'changed',
        pointer: '/supplementary_configuration/BucketPolicy/policyText/Statement/0/Principal',
        old: 'a',
        new: '*',
      },
    ]);
  });

  it('of what was deleted is all of it; of what is unknown none; of a summary what it says', async () => {
    const deleted = await diff(GROUP, '10:40:00', '13:00:00');
    expect(deleted.changes.find((one) => one.pointer === '/configuration')?.new).toBe(null);
    expect(deleted.changes.find((one) => one.pointer === '/state')?.new).toBe('deleted');
    const unknown = await diff(GROUP, '07:00:00', '10:00:00');
    expect(unknown).toMatchObject({ comparable: false, changes: [] });
    const summary = await diff('example-invoices', '10:00:00', '12:00:00');
    expect(summary.changes.map((one) => one.pointer)).toEqual(['/state']);
  });
});

describe('relations', () => {
  it('are those of the item, and of the last items of others that name it', async () => {
    const then = await ask((questions) =>
      configRelated(questions, { name: GROUP }, at('09:00:00')),
    );
    expect(then.related.map((one) => `${one.direction} ${String(one.resource_id)}`)).toEqual([
      'to i-0a',
      'to vpc-0a',
      'from i-0a',
    ]);
    const now = await ask((questions) => configRelated(questions, { name: GROUP }, undefined));
    expect(now.related.map((one) => one.direction)).toEqual(['from']);
    const early = await ask((questions) =>
      configRelated(questions, { name: GROUP }, at('07:00:00')),
    );
    expect(early.related).toEqual([]);
  });

  it('of an item that a later one replaced do not count', async () => {
    // Only the first two items of the group name i-0a or i-0b; at 10:40 it is the third, and in the end none.
    const related = async (time: string): Promise<string[]> =>
      (await ask((questions) => configRelated(questions, { name: 'i-0a' }, at(time)))).related.map(
        (one) => one.direction,
      );
    expect(await related('09:00:00')).toEqual(['to', 'from']);
    expect(await related('10:40:00')).toEqual(['to']);
    expect(await related('13:00:00')).toEqual(['to']);
  });
});

describe('compliance', () => {
  const results = async (choice: Parameters<typeof configCompliance>[1]): Promise<string[]> =>
    (await ask((questions) => configCompliance(questions, choice))).results.map(
      (one) => `${one.rule} ${one.resource_id ?? '-'} ${one.compliance} ${one.recorded_at ?? '-'}`,
    );

  it('is the last result of each rule and resource, from notifications, items and listings', async () => {
    expect(await results({})).toEqual([
      'restricted-ssh - NON_COMPLIANT -',
      `restricted-ssh ${GROUP} COMPLIANT 2025-11-08T12:01:00Z`,
      `vpc-sg-open ${GROUP} NON_COMPLIANT 2025-11-08T11:01:40.500Z`,
    ]);
    expect(await results({ resource: GROUP_ARN, atUs: at('09:00:00') })).toEqual([
      `restricted-ssh ${GROUP} COMPLIANT 2025-11-08T08:01:00Z`,
    ]);
    expect(await results({ rule: 'restricted-ssh', resource: 'web', history: true })).toHaveLength(
      3,
    );
    // It came through the topic, in a file of items.
    expect(await results({ rule: 'restricted-ssh', resource: GROUP })).toEqual([
      `restricted-ssh ${GROUP} COMPLIANT 2025-11-08T12:01:00Z`,
    ]);
    expect(await results({ rule: 'nothing' })).toEqual([]);
    expect(await results({ resource: 'nothing' })).toEqual([]);
  });
});

describe('the verb', () => {
  /** In process: status, stdout. */
  const run = async (...words: string[]): Promise<{ status: number; stdout: string }> => {
    const world = fakeEffects();
    const status = await runVerb(['config', ...words, '--case', target.paths.dir], world);
    return { status, stdout: world.stdout() };
  };

  it('prints all formats, and leaves with 1 where the state is not known', async () => {
    const time = '2025-11-08T09:30:00Z';
    const table = await run('asof', 'web', time);
    expect(table.status).toBe(0);
    expect(table.stdout).toContain('recorder_stopped');
    expect(table.stdout).toContain('/configuration/ipPermissions/0/fromPort');
    const csv = await run('diff', 'web', time, '2025-11-08T10:40:00Z', '--format', 'csv');
    expect(csv.stdout.split('\n')[0]).toBe('kind,pointer,old_pointer,old,new,row_before,row_after');
    expect(csv.stdout.split('\n')).toHaveLength(7);
    const lines = await run('related', 'web', '--at', time, '--format', 'jsonl');
    expect(lines.stdout.trim().split('\n')).toHaveLength(3);
    const safe = await run('compliance', '--history', '--format', 'csv', '--excel-safe');
    expect(safe.stdout).toContain("'=open");
    expect((await run('asof', 'web', '2025-11-08T07:00:00Z')).status).toBe(1);
    expect((await run('diff', 'web', '2025-11-08T07:00:00Z', time)).status).toBe(1);
    expect((await run('asof', 'web', '2025-11-08T09:30:00')).status).toBe(2);
    expect((await run('asof', 'nothing', time)).status).toBe(2);
    // 2^53 + 1, which a number of JavaScript cannot hold.
    const { stdout } = await run('asof', 'web', time, '--json');
    expect(stdout).toContain('"big":9007199254740993');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'recorded',
      runs: [],
      evidence: { copies: 1 },
    });
  });

  it('records its questions as runs, which are replayed, and answers the same', async () => {
    const words = ['config', 'related', 'web', '--at', '2025-11-08T10:40:00Z'];
    const plain = JSON.parse((await run(...words.slice(1), '--json')).stdout) as unknown;
    const { status, json } = await exhibitJson([...words, '--record', '--case', target.paths.dir]);
    expect(status).toBe(0);
    const { runs, ...rest } = json as { runs: string[] };
    expect({ ...rest, runs: [] }).toEqual(plain);
    expect(runs.length).toBeGreaterThan(1);
    for (const id of runs) expect((await replay(target, fx, id)).verdict).toBe('match');
  });
});
