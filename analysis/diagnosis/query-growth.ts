/**
 * Whether the response time of a cluster of queries rises within the window, whatever the mixture of its classes: each step
 * is compared with what its executions would have taken at the means of their classes over the whole window.
 */
import type { ClassFacts, ClassStep } from '../../src/events/facts.ts';
import type { QueryGrowth } from '../../src/events/query-clusters.ts';
import { sumOf } from '../share.ts';
import { mannKendallTest } from '../statistics/mann-kendall.ts';
import { theilSenLine } from '../statistics/theil-sen.ts';
import type { QueryClustersSettings } from './query-clusters-settings.ts';

/** A line is carried over less than half of the time: beyond that nobody has seen what it says (the capture lost it, or nobody asked). */
const GAP_SHARE_MAX = 0.5;

interface Step {
  readonly startUs: number;
  readonly answered: number;
  readonly spentUs: number;
  /** At the means of the classes. */
  readonly expectedUs: number;
}

/** Null without a trend that is sure, large and slow enough. */
export function queryGrowth(
  classes: readonly ClassFacts[],
  stepsOf: ReadonlyMap<string, readonly ClassStep[]>,
  settings: QueryClustersSettings,
): QueryGrowth | null {
  const steps = stepsOfCluster(classes, stepsOf).filter(
    ({ answered, expectedUs }) => answered >= settings.stepAnsweredMin && expectedUs > 0,
  );
  const [first] = steps;
  const last = steps.at(-1);
  if (first === undefined || last === undefined || steps.length < settings.growthStepsMin)
    return null;
  const x = steps.map(({ startUs }) => startUs - first.startUs);
  if (widestGap(x) > (last.startUs - first.startUs) * GAP_SHARE_MAX) return null;
  // In logarithms a step that was a hundred times as slow is no hundred times as heavy.
  const y = steps.map(({ spentUs, expectedUs }) => Math.log((spentUs + 1) / (expectedUs + 1)));
  const line = theilSenLine(x, y);
  if (line === undefined) return null;
  const span = last.startUs - first.startUs;
  const factor = Math.exp(line.slope * span);
  const usualUs =
    sumOf(steps, ({ expectedUs }) => expectedUs) / sumOf(steps, (step) => step.answered);
  const meanNowUs = usualUs * Math.exp(line.intercept + line.slope * span);
  if (factor < settings.growthFactor || meanNowUs < settings.floorUs) return null;
  const trend = mannKendallTest(x, y, { line });
  if (trend === undefined || trend.pValue >= settings.growthPValueMax) return null;
  return { sinceUs: first.startUs, factor, meanNowUs, pValue: trend.pValue };
}

/** Between neighbours of what is in order. */
function widestGap(x: readonly number[]): number {
  return x.reduce((widest, at, index) => Math.max(widest, at - (x[index - 1] ?? at)), 0);
}

function stepsOfCluster(
  classes: readonly ClassFacts[],
  stepsOf: ReadonlyMap<string, readonly ClassStep[]>,
): Step[] {
  const sums = new Map<number, Step>();
  for (const { fingerprint } of classes) {
    const steps = stepsOf.get(fingerprint) ?? [];
    // Of the steps themselves: those at the ragged ends of the window are not all known.
    const all = sumOf(steps, ({ answered }) => answered);
    const meanUs = all === 0 ? 0 : sumOf(steps, ({ durationSumUs }) => durationSumUs) / all;
    for (const { startUs, answered, durationSumUs } of steps) {
      const sum = sums.get(startUs) ?? { startUs, answered: 0, spentUs: 0, expectedUs: 0 };
      sums.set(startUs, {
        startUs,
        answered: sum.answered + answered,
        spentUs: sum.spentUs + durationSumUs,
        expectedUs: sum.expectedUs + answered * meanUs,
      });
    }
  }
  return [...sums.values()].sort((a, b) => a.startUs - b.startUs);
}
