/** How a class did, step by step: told by the store as lists, which cost a fraction of what a row for each step costs. */
import { SECOND_US } from '../../core/time.ts';
import type { ClassStep } from '../../events/facts.ts';

export interface Course {
  readonly fingerprint: string;
  /** Its steps, in seconds, with the answers of each and the sum of their response times in microseconds. */
  readonly starts: readonly number[];
  readonly answered: readonly number[];
  readonly sumsUs: readonly number[];
}

/** A row for each step, in their order. */
export function stepsOfCourse(course: Course): Omit<ClassStep, 'stepUs'>[] {
  const { fingerprint, starts, answered, sumsUs } = course;
  return starts.map((start, index) => ({
    fingerprint,
    startUs: start * SECOND_US,
    answered: answered[index] ?? 0,
    durationSumUs: sumsUs[index] ?? 0,
  }));
}
