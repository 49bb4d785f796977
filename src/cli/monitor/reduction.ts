/**
 * Decides what is left out when the machine cannot keep up. Pure: it is shown each second how the pipeline does, and
 * answers with the step that holds from then on. It gives way fast and takes back slowly, so that it does not flap.
 */
import { Reduction } from '../../events/events.ts';

/** What one second was like. */
export interface Strain {
  /** Packets that the kernel dropped, and times that its buffer was full. */
  readonly kernelDrops: number;
  readonly kernelFreezes: number;
  /** How late the pipeline's clock came. */
  readonly delayMs: number;
  /** Of the quota, what waits for the store: 0 to 1. */
  readonly quotaShare: number;
}

/** So late is too late: the ring of 64 MB holds half a second of 1 Gbit/s. */
const DELAY_MS_MAX = 250;
const QUOTA_SHARE_MAX = 0.5;
/** Well below, so that what helped is not taken back at once. */
const DELAY_MS_CALM = 50;
const QUOTA_SHARE_CALM = 0.25;

/** Seconds under strain before the next step, and calm ones before a step is taken back. */
const STRAINED_SECONDS = 2;
const CALM_SECONDS = 30;

const STEPS = [
  Reduction.None,
  Reduction.ResultDetails,
  Reduction.Parameters,
  Reduction.StatementTexts,
] as const;

export class ReductionControl {
  #step = 0;
  #strained = 0;
  #calm = 0;

  get reduction(): Reduction {
    return STEPS[this.#step] ?? Reduction.StatementTexts;
  }

  /** Called once a second. */
  second(strain: Strain): Reduction {
    if (isStrained(strain)) {
      this.#calm = 0;
      if (++this.#strained >= STRAINED_SECONDS) this.#move(1);
    } else if (isCalm(strain)) {
      this.#strained = 0;
      if (++this.#calm >= CALM_SECONDS) this.#move(-1);
    } else {
      this.#strained = 0;
      this.#calm = 0;
    }
    return this.reduction;
  }

  #move(by: 1 | -1): void {
    this.#step = Math.min(STEPS.length - 1, Math.max(0, this.#step + by));
    this.#strained = 0;
    this.#calm = 0;
  }
}

function isStrained({ kernelDrops, kernelFreezes, delayMs, quotaShare }: Strain): boolean {
  return (
    kernelDrops > 0 || kernelFreezes > 0 || delayMs > DELAY_MS_MAX || quotaShare > QUOTA_SHARE_MAX
  );
}

function isCalm({ delayMs, quotaShare }: Strain): boolean {
  return delayMs < DELAY_MS_CALM && quotaShare < QUOTA_SHARE_CALM;
}

const LEFT_OUT = [
  'nothing is left out of events any more: the machine keeps up again',
  'the machine cannot keep up: details of results are left out of events',
  'the machine cannot keep up: details of results and parameters are left out of events',
  'the machine cannot keep up: details of results, parameters and the text of most executions are left out of events',
] as const;

/** What has changed, in one line. */
export function reductionLine(reduction: Reduction): string {
  return LEFT_OUT[reduction];
}
