/** What the captures missed, when: steps in a row in which the same thing was missed make one period. */
import type { MissedFacts } from '../../src/events/facts.ts';
import type { MissedKind, MissedPeriod } from '../../src/events/report.ts';

const KINDS: readonly (readonly [MissedKind, (step: MissedFacts) => number])[] = [
  ['kernel_drops', (step) => step.kernelDrops],
  ['kernel_freezes', (step) => step.kernelFreezes],
  ['lost_bytes', (step) => step.lostBytes],
  ['frames_refused', (step) => step.framesRefused],
  ['limits', (step) => step.droppedByLimit],
  ['rows_lost', (step) => step.rowsLost],
  ['reduced', (step) => step.statementsReduced],
];

/** All periods, by time. `steps` by time. */
export function missedPeriods(steps: readonly MissedFacts[]): MissedPeriod[] {
  const periods: MissedPeriod[] = [];
  const open = new Map<string, number>();
  for (const step of steps) {
    for (const [kind, countOf] of KINDS) {
      const count = countOf(step);
      if (count === 0) continue;
      const key = `${kind} ${step.collector}`;
      const index = open.get(key);
      const last = index === undefined ? undefined : periods[index];
      const toUs = step.startUs + step.stepUs;
      if (index !== undefined && last?.toUs === step.startUs) {
        periods[index] = { ...last, toUs, count: last.count + count };
      } else {
        open.set(key, periods.length);
        periods.push({ collector: step.collector, kind, fromUs: step.startUs, toUs, count });
      }
    }
  }
  return periods;
}
