/**
 * When what a finding tells began. A finding is dated by the moment in which it could be told: a database that hangs is
 * found out seconds after its last answer, one that is slow after half a minute. To say what was first, the moments have
 * to be made comparable, and what cannot be told more exactly than to ten seconds must not win by one.
 */
import type { Finding } from '../../src/events/finding.ts';
import { SECOND_US } from '../../src/core/time.ts';

export interface Onset {
  /** The best guess. */
  readonly atUs: number;
  /** It was between these. */
  readonly earliestUs: number;
  readonly latestUs: number;
}

/** States that are told after some steps of ten seconds (analysis/health/states.ts): how long after, and at most. */
const STEPS_TO_TELL_US: ReadonlyMap<string, readonly [usual: number, most: number]> = new Map([
  ['state/slow', [30 * SECOND_US, 40 * SECOND_US]],
  ['state/jitter', [20 * SECOND_US, 60 * SECOND_US]],
  // A trend has no beginning: it is dated where it was told, and may be ten minutes old.
  ['state/sub_healthy', [0, 600 * SECOND_US]],
]);

export function onsetOf(finding: Finding): Onset {
  const { kind, role, sinceUs } = finding;
  const steps = STEPS_TO_TELL_US.get(kind);
  if (steps !== undefined) {
    const [usual, most] = steps;
    return { atUs: sinceUs - usual, earliestUs: sinceUs - most, latestUs: sinceUs };
  }
  if (kind === 'state/hang' || (kind === 'state/down' && role === 'client')) {
    // Their first duration is how long it had been so: the oldest request, the silence.
    const lastedUs = finding.evidence.find(({ unit }) => unit === 'us')?.value ?? 0;
    const atUs = sinceUs - lastedUs;
    return { atUs, earliestUs: atUs, latestUs: atUs + SECOND_US };
  }
  // Refused connections are counted over ten seconds.
  if (kind === 'state/down')
    return { atUs: sinceUs, earliestUs: sinceUs - 10 * SECOND_US, latestUs: sinceUs };
  return { atUs: sinceUs, earliestUs: sinceUs, latestUs: sinceUs + stepOf(sinceUs) };
}

/** A whole minute comes from counts by the minute, and so on: it may have begun anywhere in it. */
function stepOf(timeUs: number): number {
  const step = [60, 10, 1].find((seconds) => timeUs % (seconds * SECOND_US) === 0);
  return step === undefined ? 0 : step * SECOND_US;
}
