/** How finely a window is cut: steps of a round length, at most about 300 of them. */
import type { Window } from '../../events/facts.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const STEPS_MAX = 300;
const LENGTHS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 3, 6, 12, 24].map((count) => count * HOUR),
];

/** Length of a step in microseconds; whole days for windows beyond the list. */
export function stepUsFor(window: Window): number {
  const lengthUs = Math.max(0, window.toUs - window.fromUs);
  const fitting = LENGTHS.find((stepUs) => lengthUs / stepUs <= STEPS_MAX);
  return fitting ?? 24 * HOUR * Math.ceil(lengthUs / STEPS_MAX / (24 * HOUR));
}

/** A window of this length and longer shows the course of its classes by the minute, as the rollup has it. */
const CLASSES_BY_MINUTE_US = 30 * MINUTE;

/** Of the steps in which the course of classes is told: seconds of short windows are read from the executions. */
export function classStepUsFor(window: Window): number {
  const stepUs = stepUsFor(window);
  return window.toUs - window.fromUs >= CLASSES_BY_MINUTE_US ? Math.max(MINUTE, stepUs) : stepUs;
}

/** The whole minutes of a window; the first lies behind the last where there is none. */
export function wholeMinutesOf(window: Window): {
  readonly firstMinuteUs: number;
  readonly lastMinuteUs: number;
} {
  const [firstMinuteUs, lastMinuteUs] = wholeOf(window, MINUTE);
  return { firstMinuteUs, lastMinuteUs };
}

/** The whole hours, likewise. */
export function wholeHoursOf(window: Window): {
  readonly firstHourUs: number;
  readonly lastHourUs: number;
} {
  const [firstHourUs, lastHourUs] = wholeOf(window, HOUR);
  return { firstHourUs, lastHourUs };
}

function wholeOf({ fromUs, toUs }: Window, unitUs: number): [number, number] {
  return [Math.ceil(fromUs / unitUs) * unitUs, Math.floor(toUs / unitUs) * unitUs];
}
