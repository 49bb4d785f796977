import { describe, expect, it } from 'vitest';
import { Seasons } from '../../../analysis/health/seasons.ts';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import { HOUR_US } from '../../../src/core/time.ts';
import type { NodeSecond } from '../../../src/events/health.ts';
import type { SeasonBasis } from '../../../src/events/seasons.ts';
import { changed, statesIn, secondOf, START_US, trafficOf } from './node-traffic.ts';

const HOUR = 3_600;
const times = (factor: number) => (second: NodeSecond) => ({
  durationSumUs: second.durationSumUs * factor,
  durationSquaresSum: second.durationSquaresSum * factor ** 2,
});

/** What is usual in all hours that the traffic touches. */
function seasonsOf(basis: SeasonBasis, medianUs: number): Seasons {
  const first = Math.floor(START_US / HOUR_US) * HOUR_US;
  return new Seasons(
    [0, 1, 2].map((hours) => ({
      node: '10.0.0.1:5432',
      role: 'server',
      hourUs: first + hours * HOUR_US,
      basis,
      hours: 4,
      medianUs,
    })),
  );
}

const told = (seconds: readonly NodeSecond[], seasons?: Seasons) =>
  statesIn(seconds, defaultHealthSettings, seasons);
const names = (seconds: readonly NodeSecond[], seasons?: Seasons) =>
  told(seconds, seasons).map(({ state }) => state);

describe('what is usual in an hour of the week', () => {
  // 5 ms, and 60 ms from the second hour on, as every week at this time.
  const batch = changed(
    trafficOf({ seconds: 2 * HOUR, seed: 60, responseUs: 5_000 }),
    HOUR,
    2 * HOUR,
    times(12),
  );

  it('is not slow when it comes, and without that knowledge it is', () => {
    expect(names(batch)).toContain('slow');
    for (const basis of ['hour of the week', 'hour of the day'] as const)
      expect(names(batch, seasonsOf(basis, 60_000))).toEqual(['healthy']);
  });

  it('is told as what was usual when it is slower still', () => {
    const slower = changed(batch, HOUR + 600, 2 * HOUR, times(4));
    const slow = told(slower, seasonsOf('hour of the week', 60_000)).find(
      ({ state }) => state === 'slow',
    );
    expect(secondOf(slow?.sinceUs ?? 0) - (HOUR + 600)).toBeLessThanOrEqual(90);
    expect(slow?.evidence).toContainEqual({
      name: 'usually, in this hour of the week',
      value: 60_000,
      unit: 'us',
      threshold: null,
    });
  });

  it('of any hour excuses nothing that is far from the last one', () => {
    expect(names(batch, seasonsOf('any hour', 60_000))).toContain('slow');
  });
});

describe('while the last hour is being learnt', () => {
  const traffic = trafficOf({ seconds: 1_200, seed: 61, responseUs: 50_000 });
  const slowFrom = changed(traffic, 600, 1_200, times(6));

  it('a node is slow by what its earlier hours were like, else only beyond a second', () => {
    expect(names(slowFrom)).not.toContain('slow');
    for (const basis of ['hour of the week', 'any hour'] as const)
      expect(names(slowFrom, seasonsOf(basis, 50_000))).toContain('slow');
    expect(names(traffic, seasonsOf('any hour', 50_000))).toEqual(['healthy']);
  });
});
