import { describe, expect, it } from 'vitest';
import { fullSteps, seriesOf } from '../../../analysis/monitors/series.ts';
import { histogramOf, START_US, stepOf } from '../fixtures.ts';
import { SECOND_US } from '../../../src/core/time.ts';

const at = (seconds: number) => START_US + seconds * SECOND_US;
const window = (from: number, to: number) => ({ fromUs: at(from), toUs: at(to) });

describe('seriesOf', () => {
  it('fills seconds without any row, before, between and after', () => {
    const steps = [stepOf({ startUs: at(4), commits: 3 }), stepOf({ startUs: at(2), commits: 1 })];
    const series = seriesOf(steps, window(0, 6), window(0, 6));
    expect(series.map(({ startUs }) => (startUs - START_US) / SECOND_US)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(series.map(({ tps }) => tps)).toEqual([0, 0, 1, 0, 3, 0]);
  });

  it('leaves out what the store cannot know', () => {
    const series = seriesOf([stepOf({ startUs: at(3) })], window(0, 60), window(2, 5));
    expect(series).toHaveLength(3);
  });

  it('has no response time, yield or rate in an empty second', () => {
    const [point] = seriesOf([stepOf()], window(0, 1), window(0, 1));
    expect(point).toMatchObject({
      tps: 0,
      yield: null,
      responseRate: null,
      responseTimeMeanUs: null,
      responseTimeP99Us: null,
      responseTimeMaxUs: null,
    });
  });

  it('divides the last, cut step by the seconds that it really has', () => {
    const step = stepOf({ stepUs: 60 * SECOND_US, commits: 40 });
    expect(seriesOf([step], window(0, 20), window(0, 20))[0]?.tps).toBe(2);
  });

  it('tells of each step its own figures', () => {
    const step = stepOf({
      requests: 10,
      requestsJudged: 10,
      requestsJudgedAnswered: 9,
      answers: 8,
      normal: 6,
      errors: 2,
      durationSumUs: 16_000,
      durationMaxUs: 9000,
      durations: histogramOf([1000, 7], [9000, 1]),
      connectionsOpenMax: 5,
    });
    expect(seriesOf([step], window(0, 1), window(0, 1))[0]).toMatchObject({
      yield: 0.75,
      responseRate: 0.9,
      responseTimeMeanUs: 2000,
      responseTimeMaxUs: 9000,
      connectionsOpen: 5,
    });
  });
});

describe('fullSteps', () => {
  it('never loses a step that lies off the grid', () => {
    const steps = [stepOf({ startUs: at(0) }), stepOf({ startUs: at(1.5), commits: 1 })];
    expect(fullSteps(steps, window(0, 3))).toEqual(steps);
  });

  it('leaves holes as they are where filling would make a flood of points', () => {
    const steps = [stepOf({ startUs: at(0) }), stepOf({ startUs: at(10_000_000) })];
    expect(fullSteps(steps, window(0, 10_000_001))).toHaveLength(2);
  });

  it('makes nothing out of nothing', () => {
    expect(fullSteps([], window(0, 60))).toEqual([]);
  });
});
