/** Bytes were lost. */
import type { Scene } from './scene.ts';

export function checkLossy(_scene: Scene): string[] {
  return [];
}
