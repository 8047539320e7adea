/** The tables of questions fit the SDK, and the policy fits the tables. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allAsks, policyFor } from '#src/collect-aws/policy.ts';
import { loadSdk, SERVICES, type ServiceName } from '#src/collect-aws/services.ts';
import { KINDS } from '#src/collect-aws/table.ts';
import { ROOT } from '../helpers/exhibit.ts';

test.each(Object.keys(SERVICES) as ServiceName[])(
  'the SDK has every operation of %s',
  async (name) => {
    const sdk = await loadSdk(name);
    expect(() => new sdk.Client({ region: 'us-east-1' })).not.toThrow();
    for (const { operation } of allAsks().filter(({ service }) => service === name)) {
      expect(() => sdk.command(operation, {}), operation).not.toThrow();
    }
  },
);

test('a policy allows what is asked and nothing that changes anything', () => {
  const policy = policyFor({ kinds: KINDS, places: [], anyBucket: true, restore: false });
  const actions = policy.Statement.flatMap(({ Action }) => Action);
  expect(actions).toContain('cloudtrail:LookupEvents');
  expect(actions).toContain('s3:GetObjectVersion');
  const verbs = actions.map((action) => /^[a-z0-9-]+:([A-Z][a-z]+)/.exec(action)?.[1]);
  expect([...new Set(verbs)].sort()).toEqual([
    ...['Batch', 'Describe', 'Filter', 'Generate', 'Get', 'List', 'Lookup', 'Select'],
  ]);
});

test('a policy for one place names that place', () => {
  const place = { bucket: 'b', prefix: 'p/' };
  const policy = policyFor({ kinds: [], places: [place], anyBucket: false, restore: true });
  expect(policy.Statement.map(({ Resource }) => Resource)).toEqual([
    ['*'],
    ['arn:aws:s3:::b'],
    ['arn:aws:s3:::b/p/*'],
  ]);
  expect(policy.Statement[2]?.Action).toContain('s3:RestoreObject');
});

test('the policy in the documentation is the one that is printed', async () => {
  const page = await readFile(join(ROOT, 'docs', 'collect-aws.md'), 'utf8');
  const printed = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
  const orgRole = 'arn:aws:iam::*:role/OrganizationAccountAccessRole';
  expect(JSON.parse(printed)).toEqual(
    policyFor({ kinds: KINDS, places: [], anyBucket: true, restore: false, orgRole }),
  );
});
