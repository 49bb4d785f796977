import { expect, it } from 'vitest';
import { queryClustersOf } from '../../../analysis/diagnosis/query-clusters.ts';
import { wholeSteps } from '../../../analysis/diagnosis/whole-steps.ts';
import { MINUTE_US } from '../../../src/core/time.ts';
import { classOf, START_US, stepOf } from '../fixtures.ts';

const orders = classOf('a1'.padStart(16, '0'), 'SELECT a FROM orders', 600, 100_000, {
  tables: ['orders'],
});
const MINUTES = Array.from({ length: 60 }, (_, minute) => minute);

const activity = (lostBytes: number, fromMinute: number) =>
  MINUTES.flatMap((minute) =>
    [0, 30].map((second) =>
      stepOf({
        startUs: START_US + minute * MINUTE_US + second * 1_000_000,
        stepUs: MINUTE_US / 2,
        requestBytes: 400,
        responseBytes: 600,
        lostBytes: minute >= fromMinute && second === 30 ? lostBytes : 0,
      }),
    ),
  );

/** Two percent slower each minute. */
const steps = MINUTES.map((minute) => ({
  fingerprint: orders.fingerprint,
  startUs: START_US + minute * MINUTE_US,
  stepUs: MINUTE_US,
  answered: 10,
  durationSumUs: 10 * 30_000 * 1.02 ** minute * (1 + 0.01 * (minute % 3)),
}));

it('a class does not grow where the capture lost what was said', () => {
  const growth = (lost: number) =>
    queryClustersOf([orders], wholeSteps(steps, activity(lost, 15))).clusters[0]?.growth;
  expect(growth(0)?.factor).toBeGreaterThan(3);
  // Fifteen minutes are too few for a trend.
  expect(growth(6)).toBeNull();
});

it('a class does not grow by a line that is carried over what the capture lost, most of the window', () => {
  const seen = (lostTo: number) => steps.filter((_, at) => at < 20 || at >= lostTo);
  const growth = (lostTo: number) => queryClustersOf([orders], seen(lostTo)).clusters[0]?.growth;
  expect(growth(45)?.factor).toBeGreaterThan(3);
  expect(growth(55)).toBeNull();
});

it('steps are left out from half a percent on, and only those', () => {
  expect(wholeSteps(steps, activity(5, 30))).toEqual(steps);
  expect(wholeSteps(steps, activity(6, 30))).toEqual(steps.slice(0, 30));
  expect(wholeSteps(steps, [])).toEqual(steps);
});
