import { describe, expect, it } from 'vitest';
import { StateKeeper } from '../../../analysis/health/keeper.ts';
import { defaultAnalysisSettings } from '../../../analysis/settings.ts';
import type { NodeSecond } from '../../../src/events/health.ts';
import type { StoredState } from '../../../src/events/judgement.ts';
import { nodeSecondsOf } from './node-columns.ts';
import { changed, statesIn, START_US, trafficOf } from './node-traffic.ts';
import { SECOND_US } from '../../../src/core/time.ts';

const HOUR = 3_600;
const atUs = (second: number): number => START_US + second * SECOND_US;
/** Two hours, in the second of which the database hangs twice and is slow once. */
const seconds = [
  [HOUR + 100, HOUR + 160],
  [HOUR + 1_500, HOUR + 1_530],
].reduce(
  (all, [from = 0, to = 0]) =>
    changed(all, from, to, (_second, since) => ({
      ...{ answers: 0, timedCount: 0, durationSumUs: 0, durationSquaresSum: 0 },
      ...{ outstanding: 8, outstandingAgeMaxUs: (since + 1) * SECOND_US },
    })),
  changed(trafficOf({ seconds: 2 * HOUR, seed: 50 }), HOUR + 600, HOUR + 900, (second) => ({
    durationSumUs: second.durationSumUs * 60,
    durationSquaresSum: second.durationSquaresSum * 3_600,
  })),
);

const newest = new Map<string, StoredState>();
const keep = (told: readonly StoredState[]): void => {
  for (const state of told) newest.set(`${state.role} ${state.node} ${state.sinceUs}`, state);
};
const rowsIn = (from: number, to: number): NodeSecond[] =>
  // Seconds without traffic have no row.
  seconds.slice(from, to).filter(({ requests }) => requests > 0);

function advance(keeper: StateKeeper, from: number, to: number, step: number): void {
  for (let at = from; at < to; at += step) {
    const until = Math.min(to, at + step);
    keep(keeper.advance(nodeSecondsOf(rowsIn(at, until)), { fromUs: atUs(at), toUs: atUs(until) }));
  }
}

const expected = statesIn(seconds, defaultAnalysisSettings.health);
const brief = ({
  state,
  sinceUs,
  untilUs,
}: {
  state: string;
  sinceUs: number;
  untilUs: number | null;
}) => [state, sinceUs, untilUs];

describe('states that are kept', () => {
  it.each([7, 10, 900, 7_200])('are those of the whole stretch, %i seconds at a time', (step) => {
    newest.clear();
    const keeper = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs: 0 });
    advance(keeper, 0, 2 * HOUR, step);
    keep(keeper.open());
    expect([...newest.values()].map(brief)).toEqual(
      expected.map((one) => brief({ ...one, untilUs: one.untilUs ?? atUs(2 * HOUR) })),
    );
    expect([...newest.values()].map(({ evidence }) => evidence)).toEqual(
      expected.map(({ evidence }) => evidence),
    );
    expect([...newest.values()].map(({ ended }) => ended)).toEqual(
      expected.map(({ untilUs }) => untilUs !== null),
    );
    expect([...newest.values()].map(({ learning }) => learning)).toEqual(
      expected.map(({ learning }) => learning),
    );
    expect(expected.map(({ state }) => state)).toContain('hang');
  });

  it('go on after a restart where the earlier run stopped, each told under its one key', () => {
    newest.clear();
    const first = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs: 0 });
    const stop = HOUR + 130; // In the middle of a hang.
    advance(first, 0, stop, 10);
    const known = [...newest.values()].filter(({ ended }) => !ended);
    expect(known.map(({ state }) => state)).toEqual(['hang']);
    const tellFromUs = Math.max(...known.map(({ untilUs }) => untilUs));
    const second = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs, known });
    advance(second, 60, 2 * HOUR, 10);
    keep(second.open());
    expect([...newest.values()].map(brief)).toEqual(
      expected.map((one) => brief({ ...one, untilUs: one.untilUs ?? atUs(2 * HOUR) })),
    );
  });

  it('tell nothing of what was only learnt from', () => {
    newest.clear();
    const tellFromUs = atUs(HOUR + 400);
    const keeper = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs });
    advance(keeper, 0, HOUR + 500, 60);
    expect([...newest.values()].map(brief)).toEqual([['healthy', tellFromUs, atUs(HOUR + 480)]]);
  });

  it('tell of a state that lasts once a minute, and of its end at once', () => {
    const keeper = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs: 0 });
    let told = 0;
    for (let at = 0; at < HOUR; at += 10)
      told += keeper.advance(nodeSecondsOf(rowsIn(at, at + 10)), {
        fromUs: atUs(at),
        toUs: atUs(at + 10),
      }).length;
    expect(told).toBe(60);
    const ended: number[] = [];
    for (let at = HOUR; at < HOUR + 170; at++) {
      for (const one of keeper.advance(nodeSecondsOf(rowsIn(at, at + 1)), {
        fromUs: atUs(at),
        toUs: atUs(at + 1),
      }))
        if (one.ended) ended.push(atUs(at + 1) - one.untilUs);
    }
    expect(ended).toEqual([0, 0]);
  });

  it('are of a bounded number of nodes, and those that are gone for a day are forgotten', () => {
    const keeper = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs: 0 });
    const [one] = rowsIn(0, 1);
    const rows = Array.from({ length: 1_003 }, (_, index) => ({
      ...(one as NodeSecond),
      node: `10.0.${index >> 8}.${index & 255}:5432`,
    }));
    keeper.advance(nodeSecondsOf(rows), { fromUs: atUs(0), toUs: atUs(1) });
    expect(keeper.nodesRefused).toBe(3);
    expect(keeper.open()).toHaveLength(1_000);
    const alone = new StateKeeper(defaultAnalysisSettings, { collector: 'a', tellFromUs: 0 });
    alone.advance(nodeSecondsOf(rowsIn(0, 1)), { fromUs: atUs(0), toUs: atUs(1) });
    alone.advance([], { fromUs: atUs(1), toUs: atUs(86_000) });
    expect(alone.open()).toHaveLength(1);
    alone.advance([], { fromUs: atUs(86_000), toUs: atUs(86_500) });
    expect(alone.open()).toEqual([]);
  });
});
