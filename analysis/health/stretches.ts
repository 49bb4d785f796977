/** Stretches of states out of moments at which a state is told: a change ends one and begins the next. */
import type { Evidence, HealthInterval, HealthState, NodeRole } from '../../src/events/health.ts';

/** What is known of the state at one moment. */
export interface Told {
  readonly state: HealthState;
  /** When the state is known: the end of the second that showed it. */
  readonly atUs: number;
  /** Of the first state: it holds from here. */
  readonly fromUs: number;
  readonly evidence: readonly Evidence[];
  readonly learning: boolean;
}

export class Stretches {
  readonly #node: string;
  readonly #role: NodeRole;
  readonly #intervals: HealthInterval[] = [];

  constructor({ node, role }: { readonly node: string; readonly role: NodeRole }) {
    this.#node = node;
    this.#role = role;
  }

  get last(): HealthState | undefined {
    return this.#intervals.at(-1)?.state;
  }

  tell({ state, atUs, fromUs, evidence, learning }: Told): void {
    const last = this.#intervals.at(-1);
    if (last?.state === state) return;
    const sinceUs = last === undefined ? fromUs : atUs;
    if (last !== undefined) this.#intervals.splice(-1, 1, { ...last, untilUs: sinceUs });
    const [node, role] = [this.#node, this.#role];
    this.#intervals.push({ node, role, state, sinceUs, untilUs: null, evidence, learning });
  }

  /** Enough is known of the node by now: that all is well is no longer said by fixed thresholds. An ill state began by them. */
  learnt(): void {
    const last = this.#intervals.at(-1);
    if (last?.learning !== true || (last.state !== 'healthy' && last.state !== 'idle')) return;
    this.#intervals.splice(-1, 1, { ...last, learning: false });
  }

  /** Gives the stretches so far, and keeps only the open one. */
  drain(): HealthInterval[] {
    return this.#intervals.splice(0, this.#intervals.length, ...this.#intervals.slice(-1));
  }
}
