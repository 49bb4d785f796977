import { describe, expect, it } from 'vitest';
import { Lately } from '../../../analysis/health/lately.ts';
import { plainStateOf } from '../../../analysis/health/plain.ts';
import { defaultHealthSettings } from '../../../analysis/health/settings.ts';
import type { NodeRole, NodeSecond } from '../../../src/events/health.ts';
import { changed, statesIn, secondOf, trafficOf } from './node-traffic.ts';

const minute = trafficOf({ seconds: 60, seed: 1, responseUs: 10_000, noise: 0 });
const judged = (
  change: (second: NodeSecond, at: number) => Partial<NodeSecond>,
  role: NodeRole = 'server',
) => {
  const lately = new Lately();
  for (const second of changed(minute, 0, 60, change)) lately.push(second);
  return plainStateOf(lately, role, defaultHealthSettings);
};
const mean = (us: number) => ({ timedCount: 10, durationSumUs: 10 * us });
const silent = { requests: 0, answers: 0, timedCount: 0, durationSumUs: 0 };

describe('by the plain definitions a node', () => {
  it('is down without connections, requests and answers', () => {
    expect(judged(() => ({ ...silent, connectionsOpen: 0 })).state).toBe('down');
    expect(judged(() => silent).state).toBe('healthy');
  });

  it('hangs with connections: a database that is asked and answers nothing, an application that asks nothing', () => {
    const asked = { ...silent, requests: 3 };
    expect(judged(() => asked).state).toBe('hang');
    expect(judged(() => asked, 'client').state).toBe('healthy');
    expect(judged(() => silent, 'client').state).toBe('hang');
  });

  it('is slow by the mean of the line', () => {
    expect(judged(() => mean(1_100_000))).toEqual({
      state: 'slow',
      evidence: [{ name: 'mean of the line', value: 1_100_000, unit: 'us', threshold: 1_000_000 }],
    });
    expect(judged(() => mean(900_000)).state).toBe('healthy');
  });

  it('jitters by the deviation around the line, not by its slope', () => {
    // 601 ms on both sides of 700 ms in turn: the line is all but level.
    const { state, evidence } = judged((_, at) =>
      mean(700_000 + (at % 2 === 0 ? 601_000 : -601_000)),
    );
    expect(state).toBe('jitter');
    expect(evidence[0]?.value).toBeGreaterThan(595_000);
    expect(evidence[0]?.value).toBeLessThanOrEqual(601_000);
    expect(judged((_, at) => mean(300_000 + 10_000 * at)).state).toBe('sub_healthy');
  });

  it('gets worse by the slope: of response times, or of the connections of an application', () => {
    const { state, evidence } = judged((_, at) => mean(100_000 + 4_000 * at));
    expect([state, Math.round(evidence[0]?.value ?? 0)]).toEqual(['sub_healthy', 240_000]);
    expect(judged((_, at) => mean(100_000 + 4_000 * at), 'client').state).toBe('healthy');
    expect(judged((_, at) => ({ connectionsOpen: 60 - at }), 'client').state).toBe('sub_healthy');
  });
});

it('the plain definitions can be chosen in place of the refined ones', () => {
  const seconds = changed(trafficOf({ seconds: 300, seed: 2 }), 120, 240, () => silent);
  const told = (definition: 'plain' | 'refined') =>
    statesIn(
      seconds.map((one) => ({ ...one, role: 'client' as const })),
      {
        ...defaultHealthSettings,
        definition,
      },
    ).map(({ state, sinceUs }) => [state, secondOf(sinceUs)]);
  expect(told('plain')).toEqual([
    ['healthy', 0],
    ['hang', 180],
    ['healthy', 250],
  ]);
  expect(told('refined')).toEqual([['healthy', 0]]);
});
