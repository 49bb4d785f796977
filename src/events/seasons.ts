/** What is usual for a node in one hour: learnt from the same hour of the weeks before, else of the days, else of all hours. */
import type { NodeRole } from './health.ts';

/** From the closest likeness to the loosest. */
export const SEASON_BASES = ['hour of the week', 'hour of the day', 'any hour'] as const;
export type SeasonBasis = (typeof SEASON_BASES)[number];

/** What hours like one are like. */
export interface UsualHour {
  readonly basis: SeasonBasis;
  /** How many hours before it are like it, of those in which enough was answered. */
  readonly hours: number;
  /** Median of the mean response times of these hours. */
  readonly medianUs: number;
}

/** Of a node, minutes left out in which it was not well by states and findings. */
export interface SeasonFacts extends UsualHour {
  readonly node: string;
  readonly role: NodeRole;
  /** The hour that is looked at, by UTC. */
  readonly hourUs: number;
}

/** A client and a server may have one name. */
export function nodeKey({ role, node }: Pick<SeasonFacts, 'role' | 'node'>): string {
  return `${role} ${node}`;
}

/** Of a class, over all nodes of the scope and with all minutes: the median passes over one hour that was not as usual. */
export interface ClassSeasonFacts extends UsualHour {
  readonly fingerprint: string;
  readonly hourUs: number;
}
