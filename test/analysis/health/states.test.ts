import { describe, expect, it } from 'vitest';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import type { HealthInterval, NodeSecond } from '../../../src/events/health.ts';
import { changed, statesIn, secondOf, START_US, type Traffic, trafficOf } from './node-traffic.ts';
import { SECOND_US } from '../../../src/core/time.ts';

const HOUR = 3_600;

const told = (seconds: readonly NodeSecond[]): HealthInterval[] =>
  statesIn(seconds, defaultHealthSettings);

const names = (intervals: readonly HealthInterval[]): string[] =>
  intervals.map(({ state }) => state);

/** When the state first began, in seconds since the change; undefined when it never did. */
function delayOf(intervals: readonly HealthInterval[], state: string, from: number) {
  const found = intervals.find((one) => one.state === state);
  return found === undefined ? undefined : secondOf(found.sinceUs) - from;
}

const longer = (factor: number) => (second: NodeSecond) => ({
  durationSumUs: second.durationSumUs * factor,
  durationSquaresSum: second.durationSquaresSum * factor ** 2,
});

describe('no state', () => {
  it.each([
    ...[0, 0.3, 0.6, 0.9].flatMap((phi) => [1, 2, 3].map((seed) => ({ phi, seed }))),
    { phi: 0.6, seed: 4, rate: 2 },
    { phi: 0.6, seed: 5, rate: 0.2 },
    { phi: 0.6, seed: 6, rate: 2_000, responseUs: 300 },
  ] satisfies Omit<Traffic, 'seconds'>[])(
    'comes of stationary noise: %j, four hours, as a database and as an application',
    (traffic) => {
      for (const role of ['server', 'client'] as const) {
        const seconds = trafficOf({ seconds: 4 * HOUR, role, ...traffic });
        expect(names(told(seconds)).filter((name) => name !== 'idle')).toEqual(['healthy']);
      }
    },
  );

  it('is said by fixed thresholds any more once half an hour is known', () => {
    const learning = (seconds: number) =>
      told(trafficOf({ seconds, seed: 17 })).map((one) => one.learning);
    expect(learning(HOUR / 3)).toEqual([true]);
    expect(learning(HOUR)).toEqual([false]);
    // What began by them did so, however long it lasts.
    const slow = changed(trafficOf({ seconds: HOUR, seed: 18 }), 600, HOUR, longer(1_000));
    expect(told(slow).find(({ state }) => state === 'slow')?.learning).toBe(true);
  });

  it('comes of single outliers', () => {
    const seconds = trafficOf({ seconds: 2 * HOUR, seed: 7 }).map((second, index) =>
      index % 97 === 5 ? { ...second, ...longer(30)(second) } : second,
    );
    expect(names(told(seconds))).toEqual(['healthy']);
  });

  it('comes of an empty night, or of load that doubles', () => {
    const night = changed(trafficOf({ seconds: 2 * HOUR, seed: 8 }), HOUR, 2 * HOUR, () => ({
      requests: 0,
      answers: 0,
      timedCount: 0,
      durationSumUs: 0,
      durationSquaresSum: 0,
      outstanding: 0,
      outstandingAgeMaxUs: 0,
    }));
    expect(names(told(night))).toEqual(['healthy']);
    const double = [
      ...trafficOf({ seconds: HOUR, seed: 9, rate: 50 }),
      ...trafficOf({ seconds: HOUR, seed: 10, rate: 100 }),
    ].map((second, at) => ({ ...second, startUs: START_US + at * SECOND_US }));
    expect(names(told(double))).toEqual(['healthy']);
  });

  it('comes of a window in which the capture lost too much', () => {
    const seconds = changed(
      trafficOf({ seconds: 2 * HOUR, seed: 11 }),
      HOUR,
      HOUR + 120,
      (second) => ({
        lostBytes: second.bytes,
        answers: 0,
        timedCount: 0,
        outstanding: 9,
        outstandingAgeMaxUs: 9e6,
      }),
    );
    expect(names(told(seconds))).toEqual(['healthy', 'unknown', 'healthy']);
  });
});

describe('a database', () => {
  const normal = trafficOf({ seconds: 2 * HOUR, seed: 20 });
  const at = HOUR;

  it('hangs when requests wait and nothing is answered, and recovers when it answers', () => {
    const seconds = changed(normal, at, at + 60, (_second, since) => ({
      answers: 0,
      timedCount: 0,
      durationSumUs: 0,
      durationSquaresSum: 0,
      outstanding: 8,
      outstandingAgeMaxUs: (since + 1) * SECOND_US,
    }));
    const intervals = told(seconds);
    expect(names(intervals)).toEqual(['healthy', 'hang', 'healthy']);
    expect(delayOf(intervals, 'hang', at)).toBeLessThanOrEqual(7);
    expect(intervals[1]?.evidence.map(({ name }) => name)).toContain(
      'oldest request without an answer',
    );
    expect(secondOf(intervals[1]?.untilUs ?? 0) - (at + 60)).toBeLessThanOrEqual(10);
  });

  it('does not hang for one long statement while others are answered', () => {
    const seconds = changed(normal, at, at + 300, (_second, since) => ({
      outstanding: 1,
      outstandingAgeMaxUs: (since + 1) * SECOND_US,
    }));
    expect(names(told(seconds))).toEqual(['healthy']);
  });

  it('hangs when of 50 answers a second 4 are left, as fast as ever, and eight others wait', () => {
    const seconds = changed(normal, at, at + 120, (second, since) => ({
      answers: 4,
      timedCount: 4,
      durationSumUs: (second.durationSumUs / Math.max(1, second.answers)) * 4,
      outstanding: 8,
      outstandingAgeMaxUs: (since + 1) * SECOND_US,
    }));
    const intervals = told(seconds);
    expect(names(intervals)).toContain('hang');
    expect(delayOf(intervals, 'hang', at)).toBeLessThanOrEqual(7);
  });

  it('is slow and does not hang when the 4 that are left took 2 s each, and so did all that wait', () => {
    const seconds = changed(normal, at, at + 300, () => ({
      requests: 4,
      answers: 4,
      timedCount: 4,
      durationSumUs: 8e6,
      durationSquaresSum: 2 * 4 * 2e6 ** 2,
      outstanding: 8,
      // One of them had bad luck.
      outstandingAgeMaxUs: 6e6,
    }));
    expect(names(told(seconds))).toContain('slow');
    expect(names(told(seconds))).not.toContain('hang');
  });

  it('is slow, and does not hang, where answers come in turn by bursts, as over a way that loses half of them', () => {
    // Ten wait all the time; fifteen seconds of some answers, five of fewer: their time is as much as what was waited.
    const seconds = changed(normal, at, at + 120, (_second, since) => {
      const answers = since % 20 < 15 ? 4 : 1;
      const spentUs = answers * 3e6;
      return {
        requests: answers,
        answers,
        timedCount: answers,
        durationSumUs: spentUs,
        durationSquaresSum: answers * 3e6 ** 2,
        outstanding: 10,
        outstandingAgeMaxUs: Math.min(since + 1, 6) * SECOND_US,
      };
    });
    expect(names(told(seconds))).toContain('slow');
    expect(names(told(seconds))).not.toContain('hang');
  });

  it('hangs although one report of an hour ends while all others wait', () => {
    const seconds = changed(normal, at, at + 60, (_second, since) => ({
      answers: since === 3 ? 1 : 0,
      timedCount: since === 3 ? 1 : 0,
      durationSumUs: since === 3 ? 3_600e6 : 0,
      durationSquaresSum: since === 3 ? 3_600e6 ** 2 : 0,
      outstanding: 8,
      outstandingAgeMaxUs: (since + 1) * SECOND_US,
    }));
    expect(delayOf(told(seconds), 'hang', at)).toBeLessThanOrEqual(7);
  });

  it('is down when it refuses connections and answers nothing', () => {
    const seconds = changed(normal, at, at + 40, () => ({
      requests: 0,
      answers: 0,
      timedCount: 0,
      durationSumUs: 0,
      durationSquaresSum: 0,
      connectionsOpen: 0,
      outstanding: 0,
      connectionsOpened: 2,
      connectionsRefused: 2,
    }));
    const intervals = told(seconds);
    expect(names(intervals)).toEqual(['healthy', 'down', 'healthy']);
    expect(delayOf(intervals, 'down', at)).toBeLessThanOrEqual(5);
  });

  it('is down after ten seconds when connections are left that nobody answers any more', () => {
    const seconds = changed(normal, at, at + 40, () => ({
      requests: 0,
      answers: 0,
      timedCount: 0,
      durationSumUs: 0,
      durationSquaresSum: 0,
      connectionsOpen: 1,
      outstanding: 0,
      connectionsRefused: 2,
    }));
    const intervals = told(seconds);
    expect(names(intervals)).toEqual(['healthy', 'down', 'healthy']);
    expect(delayOf(intervals, 'down', at)).toBe(10);
  });

  it('is not down when it refuses some and answers others', () => {
    const seconds = changed(normal, at, at + 60, () => ({ connectionsRefused: 5 }));
    expect(names(told(seconds))).toEqual(['healthy']);
  });

  it('is slow when its response time stays above what is usual', () => {
    const seconds = changed(normal, at, at + 600, longer(30));
    const intervals = told(seconds);
    expect(intervals.some(({ state }) => state === 'slow')).toBe(true);
    expect(delayOf(intervals, 'slow', at)).toBeLessThanOrEqual(90);
    expect(intervals.at(-1)?.state).toBe('healthy');
  });

  it('is not slow for less than people notice', () => {
    expect(names(told(changed(normal, at, at + 600, longer(4))))).not.toContain('slow');
  });

  it('jitters when its seconds lie far apart, and not when a single one does', () => {
    const seconds = changed(normal, at, at + 300, (second, since) =>
      longer(since % 7 < 2 ? 60 : 1)(second),
    );
    const intervals = told(seconds);
    expect(delayOf(intervals, 'jitter', at)).toBeLessThanOrEqual(90);
    expect(intervals.at(-1)?.state).toBe('healthy');
  });

  it('does not jitter by less than people notice', () => {
    const seconds = changed(normal, at, at + 300, (second, since) =>
      longer(since % 7 < 2 ? 8 : 1)(second),
    );
    expect(names(told(seconds))).not.toContain('jitter');
  });

  it('is sub-healthy when it answers longer and longer', () => {
    const seconds = changed(normal, at, 2 * HOUR, (second, since) =>
      longer(1 + since / 600)(second),
    );
    expect(delayOf(told(seconds), 'sub_healthy', at)).toBeLessThanOrEqual(600);
  });

  it('is sub-healthy long before the ten minutes are over when it gets worse fast', () => {
    // Twelve times as long within four minutes: flat for most of the ten, which is no straight line.
    const seconds = changed(normal, at, at + 240, (second, since) =>
      longer(1 + since / 20)(second),
    );
    expect(delayOf(told(seconds), 'sub_healthy', at)).toBeLessThanOrEqual(240);
  });
});

describe('an application', () => {
  const normal = trafficOf({ seconds: 2 * HOUR, seed: 30, role: 'client' });
  const at = HOUR;
  const silent = {
    requests: 0,
    answers: 0,
    timedCount: 0,
    durationSumUs: 0,
    durationSquaresSum: 0,
    outstanding: 0,
  };

  it('hangs when it asks nothing any more inside a transaction', () => {
    const seconds = changed(normal, at, at + 120, () => ({
      ...silent,
      connectionsInTransaction: 2,
    }));
    expect(names(told(seconds))).toEqual(['healthy', 'hang', 'healthy']);
  });

  it('does not hang in a pause of a few seconds, whatever chance says', () => {
    const paused = changed(normal, at, at + 4, () => ({ ...silent, connectionsInTransaction: 2 }));
    expect(names(told(paused))).toEqual(['healthy']);
  });

  it('does not hang when it has nothing to ask', () => {
    expect(names(told(changed(normal, at, at + 120, () => silent)))).toEqual(['healthy']);
  });

  it('is down when its connections are gone', () => {
    const seconds = changed(normal, at, at + 120, () => ({ ...silent, connectionsOpen: 0 }));
    expect(names(told(seconds)).filter((name) => name !== 'idle')).toEqual([
      'healthy',
      'down',
      'healthy',
    ]);
  });

  it('is down when it is turned away at every login, and not while it has one connection that is let in', () => {
    const tries = { ...silent, connectionsOpen: 1, connectionsOpened: 4 };
    const away = changed(normal, at, at + 120, (_second, since) =>
      since % 3 === 0 ? tries : { ...tries, connectionsOpen: 0 },
    );
    const states = told(away);
    expect(names(states)).toEqual(['healthy', 'down', 'healthy']);
    expect(delayOf(states, 'down', at)).toBe(30);
    // It asks something on each, or one of them stays.
    const asks = changed(normal, at, at + 120, () => ({ ...tries, requests: 1, answers: 1 }));
    expect(names(told(asks))).not.toContain('down');
    const stays = changed(normal, at, at + 120, () => ({ ...tries, connectionsOpened: 0 }));
    expect(names(told(stays))).not.toContain('down');
  });

  it('is sub-healthy when it loses its connections one by one', () => {
    const seconds = changed(normal, at, 2 * HOUR, (_second, since) => ({
      connectionsOpen: Math.max(1, 8 - Math.floor(since / 120)),
    }));
    expect(names(told(seconds))).toContain('sub_healthy');
  });

  it('is sub-healthy when its pool, always the same, lost most connections within two minutes', () => {
    const seconds = changed(normal, at, 2 * HOUR, (_second, since) => ({
      connectionsOpen: Math.max(2, 6 - Math.floor(since / 25)),
    }));
    expect(delayOf(told(seconds), 'sub_healthy', at)).toBeLessThanOrEqual(300);
  });

  it('is down and not sub-healthy when all its connections are gone for minutes and come back, at whatever second', () => {
    for (let lasts = 300; lasts < 320; lasts++) {
      const gone = changed(normal, at, at + lasts, () => ({ ...silent, connectionsOpen: 0 }));
      expect(names(told(gone))).toContain('down');
      expect(names(told(gone))).not.toContain('sub_healthy');
    }
  });

  it('is not sub-healthy for a pool that shrinks and grows all the time', () => {
    const pool = (second: number) => 12 + Math.round(8 * Math.sin(second / 200));
    const seconds = changed(normal, 0, 2 * HOUR, (_second, since) => ({
      connectionsOpen: pool(since),
    }));
    expect(names(told(seconds))).toEqual(['healthy']);
  });
});

it('states are told without holes, each with what made it', () => {
  const seconds = changed(trafficOf({ seconds: HOUR, seed: 40 }), 2_000, 2_400, longer(1_000));
  const intervals = told(seconds);
  for (const [index, { untilUs }] of intervals.entries())
    expect(untilUs).toBe(intervals[index + 1]?.sinceUs ?? null);
  for (const { state, evidence } of intervals)
    expect([state, evidence.length > 0]).toEqual([state, state !== 'healthy']);
});
