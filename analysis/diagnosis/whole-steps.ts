/** The steps of classes in which the capture saw (nearly) all: a lost answer makes the one before look long. */
import type { ActivityStep, ClassStep } from '../../src/events/facts.ts';
import { LOSSY_SHARE } from '../../src/events/quality.ts';

/** Those that overlap no step of all activity that lost more than half a percent of its bytes. */
export function wholeSteps(
  steps: readonly ClassStep[],
  activity: readonly ActivityStep[],
): readonly ClassStep[] {
  const torn = activity.filter(({ lostBytes, requestBytes, responseBytes }) => {
    return lostBytes > LOSSY_SHARE * (lostBytes + requestBytes + responseBytes);
  });
  if (torn.length === 0) return steps;
  const tornAt = new Map<number, boolean>();
  return steps.filter(({ startUs, stepUs }) => {
    let known = tornAt.get(startUs);
    if (known === undefined) {
      known = torn.some(
        (one) => one.startUs < startUs + stepUs && one.startUs + one.stepUs > startUs,
      );
      tornAt.set(startUs, known);
    }
    return !known;
  });
}
