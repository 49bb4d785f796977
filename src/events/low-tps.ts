/**
 * D2, low TPS: stretches in which a database ended far fewer transactions than usual, and whose doing it was. What the
 * store answers (Facts), and what the report tells of it.
 */
import type { Evidence } from './health.ts';

/** One minute between an application host and a database node. */
export interface EdgeMinute {
  /** address:port */
  readonly server: string;
  /** '' stands for all hosts that are not among the busiest. */
  readonly client: string;
  readonly startUs: number;
  readonly requests: number;
  /** Of them: answered within 10 s. */
  readonly requestsAnswered: number;
  readonly answers: number;
  readonly normal: number;
  /** Committed and rolled back, empty ones left out. */
  readonly transactions: number;
  readonly durationSumUs: number;
  /** One in twenty answers was at least this fast; null without answers. */
  readonly floorUs: number | null;
  /** Answers to BEGIN, and to COMMIT or ROLLBACK, and how long they took: they wait for no row and no table. */
  readonly begins: number;
  readonly beginSumUs: number;
  readonly ends: number;
  readonly endSumUs: number;
  readonly connectionsRefused: number;
  readonly connectionsOpen: number;
  /** Greatest of its seconds: requests that wait, and the age of the oldest. */
  readonly outstanding: number;
  readonly outstandingAgeMaxUs: number;
  readonly bytes: number;
  readonly lostBytes: number;
}

export interface LowTpsFacts {
  /** From here on minutes are told; those before `judgedFromUs` only say what is usual. */
  readonly historyFromUs: number;
  readonly judgedFromUs: number;
  readonly minutes: readonly EdgeMinute[];
  /** When packets were captured at all: outside, silence says nothing. */
  readonly captured: readonly { readonly fromUs: number; readonly toUs: number }[];
}

/** Whose doing it was. */
export const LOW_TPS_VERDICTS = [
  'DATABASE',
  'APPLICATION',
  'NETWORK',
  'WORKLOAD_CHANGE',
  'CAPTURE',
] as const;
export type LowTpsVerdict = (typeof LOW_TPS_VERDICTS)[number];

/** What one application host did meanwhile. */
export interface LowTpsClient {
  readonly client: string;
  readonly tps: number;
  readonly usualTps: number;
  /** Of what the node lost; negative where this host did more than usual. */
  readonly shareOfDrop: number;
  /** Its requests and its mean response time, as multiples of the usual; null where there is nothing to compare. */
  readonly requestsRatio: number | null;
  readonly responseRatio: number | null;
  readonly sign: 'asks_less' | 'not_answered' | 'slow' | 'delayed' | 'longer_transactions' | 'none';
}

export interface LowTpsEpisode {
  readonly server: string;
  readonly fromUs: number;
  /** null: it had not ended when the window did. */
  readonly toUs: number | null;
  readonly tps: number;
  readonly usualTps: number;
  /** Below it a minute is low. */
  readonly thresholdTps: number;
  readonly verdict: LowTpsVerdict;
  /** Share of the lost transactions that the verdict explains, 0 to 1. */
  readonly confidence: number;
  /** Why, in words. */
  readonly because: string;
  /** Verdicts between which the wire does not show the difference; empty where it does. */
  readonly orElse: readonly LowTpsVerdict[];
  /** The rule of the source document: TPS and yield both low is the database, TPS alone is not. */
  readonly plainRule: { readonly yield: number | null; readonly databaseIsToBlame: boolean };
  readonly evidence: readonly Evidence[];
  readonly sqlstates: readonly string[];
  /** Those that lost most first, at most ten. */
  readonly clients: readonly LowTpsClient[];
}

export interface LowTps {
  /** By time, at most fifty. */
  readonly episodes: readonly LowTpsEpisode[];
  /** Of some node too little is known to say what is usual. */
  readonly learning: boolean;
}
