/**
 * The health of nodes: what the store answers about each second of a node, and the states that analysis finds in it.
 * A node is an application host (role client) or a database endpoint (role server); ledger H1 to H6.
 */

export type NodeRole = 'client' | 'server';

/** One second of one node, all its edges together. Seconds without any row are seconds in which nothing happened. */
export interface NodeSecond {
  readonly node: string;
  readonly role: NodeRole;
  readonly startUs: number;
  /** By the time of the request, of the answer; answers with an error are answers. */
  readonly requests: number;
  readonly answers: number;
  readonly durationSumUs: number;
  /** Sum of the squares of the durations, in square microseconds, from the histogram (each 4.5 % exact). */
  readonly durationSquaresSum: number;
  /** Answers that have a duration. */
  readonly timedCount: number;
  /** Gauges at the end of the second. */
  readonly connectionsOpen: number;
  readonly connectionsInTransaction: number;
  readonly outstanding: number;
  readonly outstandingAgeMaxUs: number;
  readonly connectionsOpened: number;
  readonly connectionsClosed: number;
  readonly connectionsRefused: number;
  readonly bytes: number;
  readonly lostBytes: number;
}

/**
 * From the worst to the best: the first that is active is the node's state. `unknown`: the capture lost too much to
 * tell. `idle`: no connection and nothing that speaks of a failure.
 */
export const HEALTH_STATES = [
  'unknown',
  'down',
  'hang',
  'slow',
  'jitter',
  'sub_healthy',
  'idle',
  'healthy',
] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** A number that made a state, and what it was compared with. */
export interface Evidence {
  /** In words, for example 'oldest request without an answer'. */
  readonly name: string;
  readonly value: number;
  readonly unit: 'us' | 'count' | 'share' | 'per_second';
  /** null where the value only explains. */
  readonly threshold: number | null;
}

/** A stretch of time in which a node was in one state. */
export interface HealthInterval {
  readonly node: string;
  readonly role: NodeRole;
  readonly state: HealthState;
  readonly sinceUs: number;
  /** Where the next state begins; null when it lasts beyond what is known. */
  readonly untilUs: number | null;
  /** Of the moment in which it began. */
  readonly evidence: readonly Evidence[];
  /**
   * Too little was known of the node to have a baseline: thresholds were the fixed ones. Of an ill state: when it began; of a good
   * one: at its end, or as long as it is known.
   */
  readonly learning: boolean;
}
