/** How storing goes, for Prometheus: what waits, what was stored, how long it took, what failed. */
import { Histogram, type Registry } from 'prom-client';
import type { ObservedStoring } from '../observation/observed.ts';
import { countOf, countsBy, gaugeOf } from './counters.ts';

/** From an embedded store without load to one that is about to be given up. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** The histogram that takes the time of each insert, in seconds. */
export function insertHistogram(registry: Registry): Histogram {
  return new Histogram({
    name: 'mirrorsql_store_insert_duration_seconds',
    help: 'Time that the store took for a segment, tries that failed and their pauses included',
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
}

/** Once for each registry. */
export function addStoringMetrics(registry: Registry, storing: ObservedStoring): void {
  gaugeOf(
    registry,
    'mirrorsql_store_segments_waiting',
    'Segments on the disk that are not stored yet',
    () => storing.state.segmentsWaiting,
  );
  gaugeOf(registry, 'mirrorsql_store_waiting_bytes', 'Size of these segments', () => {
    return storing.state.bytesWaiting;
  });
  gaugeOf(
    registry,
    'mirrorsql_store_waiting_bytes_max',
    'Beyond this the oldest waiting segment is given up',
    () => storing.state.waitingBytesMax,
  );
  gaugeOf(
    registry,
    'mirrorsql_store_oldest_waiting_age_seconds',
    'Age of the oldest of these segments; 0 when none waits',
    () => {
      const { oldestWaitingSinceMs } = storing.state;
      return oldestWaitingSinceMs === undefined
        ? 0
        : Math.max(0, Date.now() - oldestWaitingSinceMs) / 1000;
    },
  );
  gaugeOf(
    registry,
    'mirrorsql_store_last_insert_timestamp_seconds',
    'When a segment was last stored',
    () => {
      const { lastInsertAtMs } = storing.state;
      return lastInsertAtMs === undefined ? undefined : lastInsertAtMs / 1000;
    },
  );
  countOf(registry, 'mirrorsql_store_segments_total', 'Segments stored', () => {
    return storing.counts.segmentsStored;
  });
  countsBy(
    registry,
    'mirrorsql_store_rows_total',
    'Rows stored, by table',
    'table',
    () => storing.counts.stored,
  );
  countsBy(
    registry,
    'mirrorsql_store_given_up_rows_total',
    'Rows that could not be stored and are lost, by table',
    'table',
    () => storing.state.rowsDropped,
  );
  countsBy(
    registry,
    'mirrorsql_store_failures_total',
    'Tries to store that failed, by code; what failed is tried again',
    'code',
    () => storing.state.failures,
  );
}
