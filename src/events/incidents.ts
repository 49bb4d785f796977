/**
 * Incidents: findings that belong together in time and topology, told as one story: what was first, what followed, what
 * else happened around it, and which nodes it touched.
 */
import type { Finding, FindingSeverity } from './finding.ts';
import type { NodeRole } from './health.ts';
import type { HighlightPart } from './sentence.ts';

export const TIMELINE_KINDS = [
  'finding_began',
  'finding_ended',
  'ddl',
  'logins_failed',
  'transaction_open',
  'condition',
  'connections_lost',
  'connections_back',
  'shutdown_said',
  'replication_began',
  'replication_ended',
  'capture_loss',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** One line of a timeline. */
export interface TimelineEntry {
  readonly atUs: number;
  readonly kind: TimelineKind;
  /** Of a finding that began; null for everything else. */
  readonly severity: FindingSeverity | null;
  readonly node: string | null;
  readonly parts: readonly HighlightPart[];
}

export interface IncidentNode {
  readonly node: string;
  readonly role: NodeRole;
}

/** What was first, as far as the findings tell. */
export interface FirstCause {
  readonly finding: Finding;
  /** When it began, which may be before it could be told (Finding.sinceUs). */
  readonly onsetUs: number;
  /** One sentence: why this one of all findings. */
  readonly because: readonly HighlightPart[];
}

/** Which of the report's findings: the same thing may be found twice in a window. */
export interface FindingReference {
  readonly key: string;
  readonly sinceUs: number;
}

/** One text for each finding of a report. */
export const referenceText = ({ key, sinceUs }: FindingReference): string =>
  `${key} ${String(sinceUs)}`;

export interface Incident {
  /** 16 hex digits, made of the first cause and its onset: the same facts of the same window give the same id. */
  readonly id: string;
  /** Of its most severe finding. */
  readonly severity: FindingSeverity;
  /** Not before the window. */
  readonly sinceUs: number;
  /** null: it lasts beyond what is known. */
  readonly untilUs: number | null;
  /** What happened, in a sentence or two. */
  readonly summary: readonly HighlightPart[];
  readonly firstCause: FirstCause;
  /** What happened or was so in the minutes before; by time. */
  readonly context: readonly TimelineEntry[];
  /** By time, at most so many as the settings say; `timelineCount` counts all. */
  readonly timeline: readonly TimelineEntry[];
  readonly timelineCount: number;
  /** Databases first, then by name. */
  readonly nodes: readonly IncidentNode[];
  /** By onset. */
  readonly findings: readonly FindingReference[];
}
