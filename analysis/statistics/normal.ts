/** Probabilities of a normal deviate: how often chance goes as far. */
import { errorFunction } from 'simple-statistics';

/** The error function at hand is exact to 1.2e-7, so a smaller probability cannot be told. */
const P_VALUE_MIN = 1.2e-7;

/** Of a deviate above `z`. */
export function chanceAbove(z: number): number {
  return Math.max(P_VALUE_MIN, (1 - errorFunction(z / Math.SQRT2)) / 2);
}

/** Of a deviate further from 0 than `z`, on either side. */
export function chanceBeyond(z: number): number {
  return Math.max(P_VALUE_MIN, 1 - errorFunction(z / Math.SQRT2));
}
