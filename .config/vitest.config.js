/**
 * How the tests run: files of the product only, two at a time (a developer's machine and the checks have two cores, and
 * some tests run a database server beside themselves). A test that hangs is noticed; a machine that is busy is none that hangs.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/layers/canary/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
