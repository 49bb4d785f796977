import { describe, expect, it } from 'vitest';
import { judgeMix, shiftBetween } from '../../../analysis/health/workload-mix.ts';
import { MINUTE_US } from '../../../src/core/time.ts';
import type { HealthInterval, HealthState } from '../../../src/events/health.ts';
import type { ClassCourse } from '../../../src/events/workload-mix.ts';
import { START_US } from './node-traffic.ts';

const NODE = '10.0.0.1:5432';
const FAULT_US = START_US + 60 * MINUTE_US;

/** Ninety minutes of one class; from the sixtieth on another count and another mean. */
function course(
  fingerprint: string,
  [count, meanUs]: [number, number],
  [countNow, meanNowUs]: [number, number],
): ClassCourse {
  const minutes = Array.from({ length: 90 }, (_, minute) => minute).filter(
    (minute) => (minute < 60 ? count : countNow) > 0,
  );
  const counts = minutes.map((minute) => (minute < 60 ? count : countNow));
  return {
    node: NODE,
    fingerprint,
    minutesUs: minutes.map((minute) => START_US + minute * MINUTE_US),
    answered: counts,
    durationSumsUs: minutes.map((minute) => (minute < 60 ? count * meanUs : countNow * meanNowUs)),
  };
}

function stretch(
  state: HealthState,
  sinceUs: number,
  untilUs: number | null,
  node = NODE,
): HealthInterval {
  const threshold = { name: 'mean', value: 30_000, unit: 'us' as const, threshold: 20_000 };
  const evidence = state === 'healthy' ? [] : [threshold];
  const role = node === NODE ? 'server' : 'client';
  return { node, role, state, sinceUs, untilUs, evidence, learning: false };
}

const told = (state: HealthState): HealthInterval[] => [
  stretch('healthy', START_US, FAULT_US + MINUTE_US),
  stretch(state, FAULT_US + MINUTE_US, FAULT_US + 20 * MINUTE_US),
  stretch('healthy', FAULT_US + 20 * MINUTE_US, null),
];

/** Point reads of 1 ms, and reports of 100 ms: first one of each hundred, then one of two. */
const MIX = [course('a', [990, 1_000], [500, 1_000]), course('b', [10, 100_000], [500, 100_000])];

describe('a changed workload', () => {
  it.each(['slow', 'sub_healthy'] as const)('is no %s database', (state) => {
    const { health, findings } = judgeMix(told(state), MIX);
    expect(health).toEqual([stretch('healthy', START_US, null)]);
    expect(findings).toMatchObject([
      {
        kind: 'workload-mix/changed',
        severity: 'info',
        node: NODE,
        evidence: [{ value: 50_500 }, { value: 1_990 }, { value: 50_500 }, { value: 1_990 }],
      },
    ]);
  });

  it('that brings a class that was never asked for is none either', () => {
    const brought = [
      course('a', [1_000, 1_000], [1_000, 1_000]),
      course('', [0, 0], [200, 200_000]),
    ];
    expect(judgeMix(told('slow'), brought).findings).toHaveLength(1);
  });

  it('does not hide another state, nor one of an application', () => {
    for (const state of ['hang', 'down', 'jitter'] as const)
      expect(judgeMix(told(state), MIX)).toEqual({ health: told(state), findings: [] });
    const client = [stretch('slow', FAULT_US, null, '10.0.0.9')];
    expect(judgeMix(client, MIX)).toEqual({ health: client, findings: [] });
  });
});

describe('a slower class', () => {
  it('is a slow database, and its evidence says what it would be at the usual mix', () => {
    const slower = [
      course('a', [990, 1_000], [990, 40_000]),
      course('b', [10, 100_000], [10, 100_000]),
    ];
    const { health, findings } = judgeMix(told('slow'), slower);
    expect(findings).toEqual([]);
    expect(health.map(({ state }) => state)).toEqual(['healthy', 'slow', 'healthy']);
    expect(health[1]?.evidence).toEqual([
      { name: 'mean', value: 30_000, unit: 'us', threshold: 20_000 },
      {
        name: 'mean response time at the usual mix of classes',
        value: 40_600,
        unit: 'us',
        threshold: null,
      },
    ]);
  });

  it('is one too when the workload changed as well, as long as it makes most of the rise', () => {
    const both = [
      course('a', [990, 1_000], [900, 40_000]),
      course('b', [10, 100_000], [100, 100_000]),
    ];
    expect(judgeMix(told('slow'), both).health.map(({ state }) => state)).toContain('slow');
  });

  it('is one when it is new and takes longer by the minute', () => {
    const growing = course('b', [0, 0], [500, 0]);
    const classes = [
      course('a', [1_000, 1_000], [1_000, 1_000]),
      {
        ...growing,
        durationSumsUs: growing.answered.map((count, minute) => count * 5_000 * (minute + 1)),
      },
    ];
    expect(judgeMix(told('sub_healthy'), classes).findings).toEqual([]);
  });

  it('is one where nothing is known of before', () => {
    const unknown = MIX.map((one) => ({
      ...one,
      ...{ minutesUs: one.minutesUs.slice(60), answered: one.answered.slice(60) },
      durationSumsUs: one.durationSumsUs.slice(60),
    }));
    expect(judgeMix(told('slow'), unknown)).toEqual({ health: told('slow'), findings: [] });
  });
});

it('the mean at the usual mix weighs what classes take now by what they were asked before', () => {
  const sums = (answered: number, durationUs: number) => ({ answered, durationUs });
  expect(
    shiftBetween([
      { before: sums(150, 1_500), first: sums(1, 7), now: sums(10, 300) },
      { before: sums(50, 5_000), first: sums(1, 7), now: sums(0, 0) },
      { before: sums(0, 0), first: sums(2, 140), now: sums(90, 9_700) },
    ]),
  ).toEqual({
    beforeUs: 32.5,
    nowUs: 100,
    atUsualMixUs: (150 * 30 + 5_000) / 200,
    atUsualTimesUs: (10 * 10 + 90 * 70) / 100,
  });
});
