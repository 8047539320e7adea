import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/no-console.ts', 'test/helpers/fixed-chance.ts'],
    reporters: ['./test/reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Generous limits: they exist to end a hung test, never to measure one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    sequence: { shuffle: { tests: true }, seed: 20_260_101 },
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
