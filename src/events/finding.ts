/**
 * A finding: one thing that analysis says about a window, whichever analyzer found it. A state of health, a diagnosis and
 * a forecast tell their details in rows of their own; as findings they are alike, so that they can be stored with their
 * evidence, joined to incidents, sent as alerts and read in one list.
 */
import type { Evidence, NodeRole } from './health.ts';
import type { HighlightPart } from './sentence.ts';

/** From the one that can wait to the one that cannot. */
export const FINDING_SEVERITIES = ['info', 'notice', 'warning', 'critical'] as const;
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

export interface Finding {
  /** Kind and subject, for example `state/slow server 10.0.0.1:5432`: the same thing in another window has the same key. */
  readonly key: string;
  /** What was found, for example `state/hang`: before the slash who found it, behind it what. */
  readonly kind: string;
  /** Its id in the ledger of the product: H1, D3, F1 ... */
  readonly ledger: string;
  readonly severity: FindingSeverity;
  /** The node concerned; both null where it is about none in particular. */
  readonly node: string | null;
  readonly role: NodeRole | null;
  readonly sinceUs: number;
  /** null: it lasts beyond what is known. */
  readonly untilUs: number | null;
  /** One sentence. */
  readonly summary: readonly HighlightPart[];
  /** One sentence: what to do, or where to look first. */
  readonly advice: string;
  readonly evidence: readonly Evidence[];
  /** Statement classes, channels and error codes concerned, the most important first, at most ten of each. */
  readonly fingerprints: readonly string[];
  readonly sessions: readonly string[];
  readonly sqlstates: readonly string[];
}
