/** What is usual for each node in each hour, by the hours before it that are like it. */
import type { NodeRole } from '../../src/events/health.ts';
import { nodeKey, type SeasonFacts } from '../../src/events/seasons.ts';
import { HOUR_US } from '../../src/core/time.ts';

export type Season = Pick<SeasonFacts, 'basis' | 'medianUs'>;

/** Of one node, by any moment of an hour. */
export type SeasonOf = (atUs: number) => Season | undefined;

export class Seasons {
  readonly #byNode = new Map<string, Map<number, Season>>();

  constructor(facts: readonly SeasonFacts[]) {
    for (const fact of facts) {
      const key = nodeKey(fact);
      const hours = this.#byNode.get(key) ?? new Map<number, Season>();
      this.#byNode.set(key, hours.set(fact.hourUs, fact));
    }
  }

  ofNode(role: NodeRole, node: string): SeasonOf {
    const hours = this.#byNode.get(nodeKey({ role, node }));
    return (atUs) => hours?.get(Math.floor(atUs / HOUR_US) * HOUR_US);
  }
}

export const NO_SEASONS = new Seasons([]);
