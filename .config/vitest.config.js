/**
 * How the tests run: files of the product only, two at a time (a developer's machine and the checks have two cores, and
 * some tests run a database server beside themselves).
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/layers/canary/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
