/** Bytes were lost. */
import type { Scene } from './simulation.ts';

export function checkLossy(_scene: Scene): string[] {
  return [];
}
