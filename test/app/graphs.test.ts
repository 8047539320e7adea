import { expect, test } from 'vitest';
import { pivotPage } from '#src/app/graphs.ts';
import type { PivotAnswer, ShownEdge } from '#src/app/pivot.ts';

const range = { records: 3, first_seen: '2026-01-02T03:04:05Z', last_seen: null };

const edge = (from: string, value: string, hop = 1): ShownEdge => ({
  ...range,
  from,
  value,
  kind: 'ip',
  hop,
  labels: [],
  tables: ['cloudtrail'],
});

function answer(neighbours: readonly ShownEdge[]): PivotAnswer {
  const values = ['hub', 'looked-up'].map((value, hop) => ({
    ...range,
    value,
    kind: 'ip' as const,
    hop,
    labels: [],
    places: [],
  }));
  return { values, neighbours, timeline: [], not_searched: [], cut: [] };
}

const boxes = (page: string): number => page.match(/<rect/g)?.length ?? 0;

test('of a busy value the graph draws so many, what others hang on too, and says so', () => {
  const many = Array.from({ length: 200 }, (_, at) => edge('hub', `10.0.0.${String(at)}`));
  const page = pivotPage(
    answer([...many, edge('hub', 'looked-up'), edge('looked-up', '10.0.0.199', 2)]),
    'hub',
  );
  // The hub, thirty neighbours, the value that was looked up itself, and its own neighbour.
  expect(boxes(page)).toBe(33);
  expect(page).toContain('Of the 201 neighbours of hub the 30 with the most records are drawn');
  expect(page).toContain('10.0.0.150');
  const small = pivotPage(answer(many.slice(0, 30)), 'hub');
  expect(boxes(small)).toBe(31);
  expect(small).not.toContain('are drawn');
});
