/** What is usual for a node in one hour: learnt from the same hour of the weeks before, else of the days, else of all hours. */
import type { NodeRole } from './health.ts';

/** From the closest likeness to the loosest. */
export const SEASON_BASES = ['hour of the week', 'hour of the day', 'any hour'] as const;
export type SeasonBasis = (typeof SEASON_BASES)[number];

export interface SeasonFacts {
  readonly node: string;
  readonly role: NodeRole;
  /** The hour that is looked at, by UTC. */
  readonly hourUs: number;
  readonly basis: SeasonBasis;
  /** How many hours before it are like it, of those in which enough was answered outside of states and findings. */
  readonly hours: number;
  /** Median of the mean response times of these hours. */
  readonly medianUs: number;
}
