/** The story of the minutes around a moment, for a review after an incident: what `mirrorsql explain` tells. */
import type { Window } from './facts.ts';
import type { Finding, FindingSeverity } from './finding.ts';
import type { Evidence } from './health.ts';
import type { Incident } from './incidents.ts';
import type { HighlightPart } from './sentence.ts';

/** Sums and peaks of a stretch of time, as one row of a question (store/questions/figures.ts). */
export interface Figures {
  readonly transactionsPerSecond: number | null;
  readonly requestsPerSecond: number | null;
  readonly answersPerSecond: number | null;
  /** Microseconds; null without an answer. */
  readonly responseMeanUs: number | null;
  readonly responseMaxUs: number | null;
  /** 0 to 1, of all answers. */
  readonly errorShare: number | null;
  /** Requests without an answer within ten seconds, of those that are old enough to be judged. */
  readonly unanswered: number | null;
  readonly waitMaxUs: number | null;
  readonly connectionsMax: number | null;
  readonly connectionsRefused: number | null;
}

/** A stretch of time with its figures, and the SELECT that gives them: its columns have the names of the fields. */
export interface FiguresOf {
  readonly window: Window;
  readonly figures: Figures;
  readonly sql: string;
}

export const FAULTS = ['nobody', 'database', 'application', 'between', 'unknown'] as const;

/** Whose it is as far as the evidence goes; `between`: the network, a pooler or a proxy. */
export type Fault = (typeof FAULTS)[number];

/** A finding of the incident, then those noticed beside it, and the SELECT that shows what its numbers were made of; null where there is none. */
export interface EvidenceOf {
  readonly finding: Finding;
  readonly sql: string | null;
}

export interface OtherIncident {
  readonly id: string;
  readonly severity: FindingSeverity;
  readonly sinceUs: number;
  readonly untilUs: number | null;
  readonly summary: readonly HighlightPart[];
}

export interface Explanation {
  readonly formatVersion: 1;
  readonly atUs: number;
  /** The minutes around the moment, as far as there is data. */
  readonly window: Window;
  /** The database that the figures are of; null: all of them. */
  readonly server: string | null;
  readonly headline: readonly HighlightPart[];
  /** null: nothing in these minutes would wake somebody; what was noticed stands in `evidence`. */
  readonly incident: Incident | null;
  readonly others: readonly OtherIncident[];
  readonly fault: { readonly who: Fault; readonly parts: readonly HighlightPart[] };
  readonly actions: readonly string[];
  /** What was usual; null where nothing is stored from before. */
  readonly before: FiguresOf | null;
  readonly during: FiguresOf;
  /** One sentence each. */
  readonly notKnown: readonly (readonly HighlightPart[])[];
  readonly evidence: readonly EvidenceOf[];
}

/** The names of the figures, in the order in which they are told. */
export const FIGURE_NAMES: readonly (readonly [keyof Figures, string, Evidence['unit']])[] = [
  ['transactionsPerSecond', 'transactions', 'per_second'],
  ['requestsPerSecond', 'requests', 'per_second'],
  ['answersPerSecond', 'answers', 'per_second'],
  ['responseMeanUs', 'response time, mean', 'us'],
  ['responseMaxUs', 'response time, longest', 'us'],
  ['errorShare', 'errors, of all answers', 'share'],
  ['unanswered', 'requests without an answer in 10 s', 'count'],
  ['waitMaxUs', 'longest wait without an answer', 'us'],
  ['connectionsMax', 'connections, most', 'count'],
  ['connectionsRefused', 'connections refused', 'count'],
];
