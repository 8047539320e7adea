/** Rules over real logs, where they are at hand: SQL and memory agree on every rule. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../helpers/exhibit.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { disagreements } from './disagreements.ts';

const REAL = join(ROOT, '../shared/real-samples');
const RULES = [join(ROOT, 'rules'), join(ROOT, 'test/sigma/fixtures/rules')];

test.skipIf(!existsSync(REAL))('real samples (skipped where they are not at hand)', async () => {
  const paths = [
    'invictus-aws-dataset',
    'vpcflow',
    'waf',
    'eks-audit',
    'os-logs',
    'route53',
    's3-access',
  ];
  const target = await sampleCase({ paths: paths.map((name) => join(REAL, name)), workers: 1 });
  expect(await disagreements(target, RULES, 150)).toEqual([]);
});
