/** The numbers behind a judgement, as a person can check them. */
import type { Evidence } from '../src/events/health.ts';

/** @param threshold what the value was compared with; null where it only explains */
export function evidence(
  name: string,
  value: number,
  unit: Evidence['unit'],
  threshold: number | null = null,
): Evidence {
  return { name, value, unit, threshold };
}
