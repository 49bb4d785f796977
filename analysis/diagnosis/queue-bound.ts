/**
 * Queueing: a class takes longer when more is asked of the databases at once, and as long as ever when little is. Judged by
 * the rate of requests, which the one who asks decides, not by how much is under way: that grows with every slowness.
 * Load and response time both wander, and two that wander go together for an hour by chance: so the correlation is
 * judged by the pairs that are left of it when the likeness of neighbours is taken off (autocorrelation.ts).
 */
import type { ActivityStep, ClassStep } from '../../src/events/facts.ts';
import type { Evidence } from '../../src/events/health.ts';
import { evidence } from '../evidence.ts';
import { medianOf } from '../statistics/median.ts';
import { associationOf } from '../statistics/autocorrelation.ts';
import type { SlowClassesSettings } from './slow-classes-settings.ts';

/** A mean of fewer executions is mostly chance. */
const ANSWERED_MIN = 5;
/** The quietest and the busiest part of the steps. */
const PART = 1 / 3;
/** Quiet steps in each half of the window, by which it is seen that the time alone stayed. */
const QUIET_MIN = 2;

interface Step {
  readonly startUs: number;
  readonly meanUs: number;
  readonly requestsPerSecond: number;
  /** Mean number of executions under way: their response times divided by the time (Little's law). */
  readonly underWay: number;
}

/** @param own steps of the class  @param activity of all statements, in the same steps */
export function queueBound(
  own: readonly ClassStep[],
  activity: readonly ActivityStep[],
  settings: SlowClassesSettings,
): Evidence[] | undefined {
  const steps = stepsOf(own, activity);
  if (steps.length < settings.queueStepsMin) return undefined;
  const byRate = [...steps].sort((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const part = Math.floor(byRate.length * PART);
  const quiet = byRate.slice(0, part);
  const busy = byRate.slice(-part);
  const typical = (of: readonly Step[], value: (step: Step) => number) => medianOf(of.map(value));
  const quietUs = typical(quiet, ({ meanUs }) => meanUs);
  const busyUs = typical(busy, ({ meanUs }) => meanUs);
  const quietRate = typical(quiet, ({ requestsPerSecond }) => requestsPerSecond);
  const busyRate = typical(busy, ({ requestsPerSecond }) => requestsPerSecond);
  const underWay = typical(busy, (step) => step.underWay);
  if (busyRate < settings.queueRateFactor * quietRate) return undefined;
  if (busyUs < settings.queueTimeFactor * quietUs) return undefined;
  if (underWay < settings.queueUnderWayMin) return undefined;
  if (!stayed(quiet, steps, settings)) return undefined;
  const together = associationOf(
    steps.map(({ meanUs }) => meanUs),
    steps.map(({ requestsPerSecond }) => requestsPerSecond),
  );
  if (together === undefined || together.pValue >= settings.queuePValueMax) return undefined;
  if (together.correlation < settings.queueCorrelationMin) return undefined;
  return [
    evidence('response time when little is asked', Math.round(quietUs), 'us'),
    evidence('when much is asked', Math.round(busyUs), 'us', settings.queueTimeFactor * quietUs),
    evidence('requests a second when little is asked', quietRate, 'per_second'),
    evidence('when much is asked', busyRate, 'per_second', settings.queueRateFactor * quietRate),
    evidence('under way at once then', underWay, 'count', settings.queueUnderWayMin),
    evidence('rank correlation', together.correlation, 'share', settings.queueCorrelationMin),
    evidence('probability of it by chance', together.pValue, 'share', settings.queuePValueMax),
  ];
}

function stepsOf(own: readonly ClassStep[], activity: readonly ActivityStep[]): Step[] {
  const stepUs = own[0]?.stepUs ?? 0;
  if (stepUs <= 0) return [];
  // The activity of a long window is told more finely than its classes.
  const all = new Map<number, { requests: number; durationSumUs: number }>();
  for (const { startUs, requests, durationSumUs } of activity) {
    const start = Math.floor(startUs / stepUs) * stepUs;
    const sum = all.get(start);
    if (sum === undefined) all.set(start, { requests, durationSumUs });
    else {
      sum.requests += requests;
      sum.durationSumUs += durationSumUs;
    }
  }
  return own.flatMap(({ startUs, answered, durationSumUs }) => {
    const step = all.get(startUs);
    if (step === undefined || answered < ANSWERED_MIN) return [];
    return [
      {
        startUs,
        meanUs: durationSumUs / answered,
        requestsPerSecond: (step.requests / stepUs) * 1_000_000,
        underWay: step.durationSumUs / stepUs,
      },
    ];
  });
}

/** The time alone is the same in both halves of the window: or tables grow, and so does what is asked. */
function stayed(
  quiet: readonly Step[],
  steps: readonly Step[],
  settings: SlowClassesSettings,
): boolean {
  const middleUs = medianOf(steps.map(({ startUs }) => startUs - (steps[0]?.startUs ?? 0)));
  const isEarly = ({ startUs }: Step) => startUs - (steps[0]?.startUs ?? 0) < middleUs;
  const early = quiet.filter(isEarly).map(({ meanUs }) => meanUs);
  const late = quiet.filter((step) => !isEarly(step)).map(({ meanUs }) => meanUs);
  if (early.length < QUIET_MIN || late.length < QUIET_MIN) return false;
  const [less, more] = [medianOf(early), medianOf(late)].sort((a, b) => a - b);
  return (more ?? 0) <= settings.queueAloneFactor * (less ?? 0);
}
