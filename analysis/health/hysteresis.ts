/**
 * A state that does not flap: it begins when `enter` of the last `of` verdicts speak for it, and ends when `exit`
 * verdicts in a row say that it is over, but not before it has lasted `dwellUs` (ledger H6).
 */

/** What one look at the numbers says. `between`: neither bad enough to begin nor good enough to end. */
export type Verdict = 'bad' | 'between' | 'good';

export interface HysteresisRule {
  readonly enter: number;
  readonly of: number;
  readonly exit: number;
  readonly dwellUs: number;
}

export class Hysteresis {
  active = false;
  readonly #rule: HysteresisRule;
  /** One bit for each of the last `of` verdicts, the newest lowest: was it bad? */
  #bad = 0;
  #goodInRow = 0;
  #sinceUs = 0;

  constructor(rule: HysteresisRule) {
    this.#rule = rule;
  }

  /** @returns whether the state holds after this look at `tsUs` */
  look(verdict: Verdict, tsUs: number): boolean {
    const { enter, of, exit, dwellUs } = this.#rule;
    this.#bad = ((this.#bad << 1) | (verdict === 'bad' ? 1 : 0)) & ((1 << of) - 1);
    this.#goodInRow = verdict === 'good' ? this.#goodInRow + 1 : 0;
    if (!this.active) {
      if (verdict === 'bad' && bitsIn(this.#bad) >= enter) {
        this.active = true;
        this.#sinceUs = tsUs;
      }
    } else if (this.#goodInRow >= exit && tsUs - this.#sinceUs >= dwellUs) {
      this.active = false;
      this.#bad = 0;
    }
    return this.active;
  }

  /** Nothing can be known of a stretch of time: it neither begins nor ends there. */
  pass(): void {
    this.#bad = 0;
    this.#goodInRow = 0;
  }
}

/** How many bits are set. */
export function bitsIn(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
