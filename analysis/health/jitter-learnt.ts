/** How uneven a node usually is while it is well: the jitter of its minutes (response-line.ts), of the last hour. */
import { medianOf } from '../statistics/median.ts';
import type { Usual } from './usual.ts';
import { QUARTILE_EFFICIENCY, quartileSpread } from './wander.ts';

/** Half an hour of minutes, one every ten seconds, before its usual size is known. */
const LEARNT = 180;
const MAX = 360;
/** What is usual is computed anew after so many of them: three minutes. */
const BETWEEN = 18;
/** Six of them share most of their seconds. */
const IN_A_MINUTE = 6;

export class JitterLearnt {
  readonly #shares: number[] = [];
  /** Those of which the usual is computed, when it is asked for: of most nodes nobody asks. */
  #computedFrom: readonly number[] | undefined = undefined;
  #usual: Usual | undefined = undefined;
  #since = 0;

  /** Takes in the jitter of a minute in which the node was well, as a share of the mean. */
  add(share: number): void {
    this.#shares.push(share);
    if (this.#shares.length > MAX) this.#shares.shift();
    if (this.#shares.length < LEARNT || this.#since++ % BETWEEN !== 0) return;
    this.#computedFrom = this.#shares.slice();
    this.#usual = undefined;
  }

  /** Undefined while it is learnt. */
  get usual(): Usual | undefined {
    const shares = this.#computedFrom;
    if (shares === undefined) return undefined;
    return (this.#usual ??= { median: medianOf(shares), deviation: quartileSpread(shares) });
  }

  /** Degrees of freedom of the deviation. */
  get freedom(): number {
    return (QUARTILE_EFFICIENCY * this.#shares.length) / IN_A_MINUTE;
  }
}
