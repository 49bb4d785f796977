/** One class that takes longer from one moment on, while the others do not: as after another plan, or a dropped index. */
import type { ClassStep } from '../../src/events/facts.ts';
import { sumOf } from '../share.ts';
import { medianOf } from '../statistics/median.ts';
import type { SlowClassesSettings } from './slow-classes-settings.ts';

/** Steps with fewer answers have no mean. */
const ANSWERED_MIN = 3;

/** Steps on each side of the change that must differ themselves. */
const EDGE_STEPS = 3;

export interface SuddenChange {
  readonly atUs: number;
  readonly beforeUs: number;
  readonly afterUs: number;
}

export function suddenChange(
  steps: readonly ClassStep[],
  others: readonly ClassStep[],
  settings: SlowClassesSettings,
): SuddenChange | undefined {
  const points = steps
    .filter(({ answered }) => answered >= ANSWERED_MIN)
    .map(({ startUs, answered, durationSumUs }) => ({ startUs, meanUs: durationSumUs / answered }));
  const split = bestSplit(
    points.map(({ meanUs }) => Math.log(meanUs + 1)),
    settings.changeStepsMin,
  );
  const atUs = split === undefined ? undefined : points[split]?.startUs;
  if (split === undefined || atUs === undefined) return undefined;
  const before = points.slice(0, split).map(({ meanUs }) => meanUs);
  const after = points.slice(split).map(({ meanUs }) => meanUs);
  const beforeUs = medianOf(before);
  const afterUs = medianOf(after);
  const large =
    afterUs >= settings.changeFactor * beforeUs && afterUs - beforeUs >= settings.changeFloorUs;
  // At once, not by and by: what wanders comes to another level too, but in many steps.
  const atOnce =
    medianOf(after.slice(0, EDGE_STEPS)) >=
    settings.changeFactor * medianOf(before.slice(-EDGE_STEPS));
  // A new level, not a wave: nearly all of what comes after lies above nearly all of what was before.
  if (!large || !atOnce || decile(after, 0.1) <= decile(before, 0.9)) return undefined;
  return isAlone(steps, others, atUs, settings) ? { atUs, beforeUs, afterUs } : undefined;
}

/** Where the two sides differ most: the greatest sum of squares between them. */
function bestSplit(values: readonly number[], sideMin: number): number | undefined {
  const total = sumOf(values, (value) => value);
  let left = 0;
  let best: { at: number; between: number } | undefined;
  for (const [index, value] of values.entries()) {
    const rest = values.length - index;
    if (index >= sideMin && rest >= sideMin) {
      const between = ((left / index - (total - left) / rest) ** 2 * index * rest) / values.length;
      if (best === undefined || between > best.between) best = { at: index, between };
    }
    left += value;
  }
  return best?.at;
}

function decile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))] ?? 0;
}

/**
 * The others did not get longer, or by little in sum: a scan in place of an index keeps the processor busy, and a
 * millisecond of somebody else's beside it is its doing. Or they did by far less than it in every sense: a slowdown of all
 * takes a class from t to a t + b; the class with the greater multiple is then never the one with the greater addition.
 */
function isAlone(
  steps: readonly ClassStep[],
  others: readonly ClassStep[],
  atUs: number,
  { othersFactor, aloneShare, aloneFactor }: SlowClassesSettings,
): boolean {
  const own = growthAt(steps, atUs);
  const rest = growthAt(others, atUs);
  return (
    rest.ratio < othersFactor ||
    own.addedUs >= aloneShare * (own.addedUs + Math.max(0, rest.addedUs)) ||
    (own.ratio >= aloneFactor * rest.ratio && own.eachUs >= aloneFactor * rest.eachUs)
  );
}

interface Growth {
  /** Mean response time after, as a multiple of the one before. */
  readonly ratio: number;
  /** What an execution after it took beyond one before, and all of them together. */
  readonly eachUs: number;
  readonly addedUs: number;
}

function growthAt(steps: readonly ClassStep[], atUs: number): Growth {
  const [before, after] = [
    steps.filter(({ startUs }) => startUs < atUs),
    steps.filter(({ startUs }) => startUs >= atUs),
  ];
  const durationUs = (side: readonly ClassStep[]) => sumOf(side, (step) => step.durationSumUs);
  const answered = (side: readonly ClassStep[]) => sumOf(side, (step) => step.answered);
  const beforeUs = durationUs(before) / Math.max(1, answered(before));
  const afterUs = durationUs(after) / Math.max(1, answered(after));
  return {
    ratio: beforeUs > 0 ? afterUs / beforeUs : 0,
    eachUs: afterUs - beforeUs,
    addedUs: (afterUs - beforeUs) * answered(after),
  };
}
