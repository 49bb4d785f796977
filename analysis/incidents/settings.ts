/** What makes findings one incident, with the reason of each default. */

export interface IncidentSettings {
  /** Findings of nodes that belong together are one incident up to this gap: a restart and what follows it take minutes. */
  readonly gapUs: number;
  /** What happened so long before an incident is told as its context: a change is felt within minutes, or is not its cause. */
  readonly contextUs: number;
  /** Lines of context and of a timeline: two screens, the rest is in the report. */
  readonly contextMax: number;
  readonly timelineMax: number;
  /** Incidents of a window: more is one long outage, or a window of weeks. */
  readonly incidentsMax: number;
  /** Connections of a database that close within two seconds, and the share that is left: fewer may be a pool that shrinks. */
  readonly connectionsLostMin: number;
  readonly connectionsLeftShareMax: number;
  /** A transaction open for so long when an incident began may be what it waited for. */
  readonly openTransactionMinUs: number;
}

export const defaultIncidentSettings: IncidentSettings = {
  gapUs: 120_000_000,
  contextUs: 300_000_000,
  contextMax: 12,
  timelineMax: 60,
  incidentsMax: 20,
  connectionsLostMin: 3,
  connectionsLeftShareMax: 0.2,
  openTransactionMinUs: 5_000_000,
};
