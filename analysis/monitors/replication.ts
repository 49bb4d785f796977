/** Replication streams (K2), the one that fell furthest behind first. */
import type { ReplicationFacts } from '../../src/events/facts.ts';

const LISTED_MAX = 200;

export function replicationRows(streams: readonly ReplicationFacts[]): ReplicationFacts[] {
  return [...streams]
    .sort(
      (a, b) =>
        (b.replayLagMaxUs ?? -1) - (a.replayLagMaxUs ?? -1) ||
        (b.replayBehindMaxBytes ?? -1) - (a.replayBehindMaxBytes ?? -1) ||
        a.firstUs - b.firstUs,
    )
    .slice(0, LISTED_MAX);
}
